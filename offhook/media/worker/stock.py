"""The stock of bound pairs: which the server knows, which are in use, when to bind more.

A pair given back goes behind those the server already knows, so the one that has
rested longest is used next. What a pair really is, only the loop knows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from offhook.media.wire import Pair

P = TypeVar("P")

SLICE = 16  # pairs bound at a time, so that no packet waits


@dataclass(slots=True)
class _Host:
    free: int
    used: int
    next_port: int
    exhausted: bool = False


class Stock(Generic[P]):
    """`bind(host, port)` gives a bound pair, None when a port is taken, OSError when nothing goes."""

    def __init__(
        self,
        hosts: tuple[str, ...],
        ports: tuple[int, int],
        size: int,
        bind: Callable[[str, int], P | None],
        start: int,
    ) -> None:
        self._first = ports[0] + ports[0] % 2
        self._count = max(0, (ports[1] + 1 - self._first) // 2)  # pairs there can be
        self._size = size
        self._bind = bind
        self._hosts = {host: _Host(0, 0, start % max(1, self._count)) for host in hosts}
        self._pairs: dict[int, tuple[Pair, P]] = {}
        self._bound: set[tuple[str, int]] = set()
        self._in_use: set[int] = set()
        self._last = 0

    @property
    def free(self) -> int:
        return sum(host.free for host in self._hosts.values())

    def take(self, number: int) -> P:
        """Raises KeyError for a pair that is unknown or in use."""
        if number in self._in_use:
            raise KeyError(f"pair {number} is in use")
        pair, bound = self._pairs[number]
        self._in_use.add(number)
        host = self._hosts[pair.host]
        host.free -= 1
        host.used += 1
        return bound

    def give_back(self, number: int, fresh: P | None) -> list[Pair]:
        """What to announce: the pair again, bound `fresh`; nothing if it could not be."""
        pair, _ = self._pairs.pop(number)
        self._in_use.remove(number)
        host = self._hosts[pair.host]
        host.used -= 1
        host.exhausted = False
        if fresh is None:
            self._bound.discard((pair.host, pair.port))
            return []
        return [self._keep(pair.host, pair.port, fresh)]

    @property
    def is_short(self) -> bool:
        return any(self._wanted(host) > host.free for host in self._hosts.values() if not host.exhausted)

    def top_up(self, most: int = SLICE) -> list[Pair]:
        """Bind some more where they are short."""
        made: list[Pair] = []
        for name, host in self._hosts.items():
            tries = self._count
            while host.free < self._wanted(host) and len(made) < most and tries:
                tries -= 1
                port = self._first + 2 * host.next_port
                host.next_port = (host.next_port + 1) % self._count
                if (name, port) in self._bound:
                    continue
                try:
                    bound = self._bind(name, port)
                except OSError:  # no such address, or no descriptors left: until something is given back
                    tries = 0
                    break
                if bound is not None:
                    self._bound.add((name, port))
                    made.append(self._keep(name, port, bound))
            host.exhausted = not tries
        return made

    def _wanted(self, host: _Host) -> int:
        return self._size + host.used // 4  # a busy worker gets more calls at a time

    def _keep(self, host: str, port: int, bound: P) -> Pair:
        self._last += 1
        pair = Pair(self._last, host, port)
        self._pairs[pair.number] = pair, bound
        self._hosts[host].free += 1
        return pair
