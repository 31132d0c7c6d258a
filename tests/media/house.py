"""A worker without sockets: packets go in and come out as values, time is an argument."""

import sys
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

from offhook.media import wire
from offhook.media.worker.around import Send
from offhook.media.worker.dtls import Identity
from offhook.media.worker.ice import Source
from offhook.media.worker.port import Port
from offhook.media.worker.worker import Worker
from tests.media.peers import PCMA, Kind, Packet

M = TypeVar("M")

IDENTITY = Identity()


class House:
    """The worker's network, and the server that tells it what to do."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.said: list[wire.FromWorker] = []
        self.ports: dict[int, Port] = {}
        self.sent: dict[int, list[tuple[bytes, Source]]] = {}
        self.sent_rtcp: dict[int, list[tuple[bytes, Source]]] = {}
        self.returned: list[int] = []
        self.worker = Worker(self, IDENTITY, self.said.append, unix=1_790_000_000.0, cpu=lambda: 0.0)
        self._next = 0
        self._tick_at = self.now

    # ---- what the worker asks of its network

    @property
    def free(self) -> int:
        return 0

    def take(self, pair: int) -> tuple[Send, Send]:
        self.sent[pair], self.sent_rtcp[pair] = [], []
        return (
            lambda data, to: self.sent[pair].append((data, to)),
            lambda data, to: self.sent_rtcp[pair].append((data, to)),
        )

    def attach(self, pair: int, port: Port) -> None:
        self.ports[pair] = port

    def give_back(self, pair: int) -> None:
        self.returned.append(pair)

    def mishap(self) -> None:
        raise AssertionError("our own mistake") from sys.exception()

    # ---- what tests do

    def tell(self, *messages: wire.ToWorker) -> None:
        for message in messages:
            self.worker.told(message, self.now)
            self.worker.lay()

    def told(self, kind: type[M]) -> list[M]:
        return [message for message in self.said if isinstance(message, kind)]

    def open(self, kind: Kind = "phone", *, bridge: int = 1, **more: Any) -> "Line":
        self._next += 1
        pair = self._next if kind in ("phone", "browser") else None
        self.tell(wire.Open(self._next, bridge, kind, pair, **more))
        return Line(self, self._next)

    def phone(self, *formats: wire.Format, bridge: int = 1, join: bool = True, **more: Any) -> "Line":
        line = self.open(bridge=bridge)
        line.settle(*(formats or (PCMA,)), **more)
        return line.join() if join else line

    def pass_time(self, seconds: float) -> None:
        """Ticks and sweeps, as the loop would have them."""
        until = self.now + seconds
        while self.now + 0.02 <= until + 1e-9:
            self.now += 0.02
            if self.worker.awake:
                self.worker.tick(self.now, 1)
            self.worker.sweep(self.now)

    def stall(self, seconds: float) -> None:
        """The loop did nothing for so long; then one tick."""
        self.now += seconds
        if self.worker.awake:
            self.worker.tick(self.now, round(seconds / 0.02))


class Line:
    """A port and its peer."""

    def __init__(self, house: House, number: int) -> None:
        self.house = house
        self.number = number
        self.address: tuple[str, int] = ("192.0.2.1", 10_000 + 2 * number)
        self.seq = 100 * number
        self.timestamp = 160_000 * number
        self.ssrc = number
        self.kind = 8  # the payload type its sound has
        self.frame = 160  # 20 ms by its clock

    def settle(self, *formats: wire.Format, sends: bool = True, receives: bool = True, **more: Any) -> "Line":
        self.kind = formats[0].receive
        self.frame = formats[0].rate // 50
        more = {"remote": self.address} | more
        self.house.tell(wire.Settle(self.number, formats, sends, receives, **more))
        return self

    def join(self, *, heard: bool = True, hears: bool = True) -> "Line":
        self.house.tell(wire.Join(self.number, heard, hears))
        return self

    def leave(self) -> None:
        self.house.tell(wire.Leave(self.number))

    def close(self) -> None:
        self.house.tell(wire.Close(self.number))

    def arrives(self, data: bytes, source: Source | None = None) -> None:
        self.house.ports[self.number].receive(data, source or self.address, self.house.now)

    def says(
        self,
        payload: bytes = b"s" * 160,
        kind: int | None = None,
        *,
        source: Source | None = None,
        seal: Callable[[bytes], bytes] = bytes,
    ) -> None:
        """One packet of sound to the port, 20 ms after the one before."""
        self.timestamp += self.frame
        self._sends(payload, self.kind if kind is None else kind, source, seal)

    def presses(self, key: int, kind: int, *, rate: int = 8000) -> None:
        """A telephone-event: five packets with one timestamp, the last three of them its end."""
        self.timestamp += self.frame
        for n in (1, 2, 3, 3, 3):
            self._sends(bytes((key, 10 | (n == 3) << 7)) + (rate // 50 * n).to_bytes(2, "big"), kind)
        self.timestamp += 2 * self.frame

    def _sends(
        self, payload: bytes, kind: int, source: Source | None = None, seal: Callable[[bytes], bytes] = bytes
    ) -> None:
        self.seq += 1
        head = bytes((0x80, kind)) + (self.seq & 0xFFFF).to_bytes(2, "big")
        head += (self.timestamp & 0xFFFFFFFF).to_bytes(4, "big") + self.ssrc.to_bytes(4, "big")
        self.arrives(seal(head + payload), source)

    @property
    def sent(self) -> list[tuple[bytes, Source]]:
        """Every datagram the port has sent from its RTP socket, and whither."""
        return self.house.sent[self.number]

    @property
    def heard(self) -> list[Packet]:
        """What the port has sent to its peer in the clear."""
        return [Packet(data) for data, _ in self.sent if data[0] >> 6 == 2 and not 192 <= data[1] <= 223]


def eventually(true: Callable[[], bool]) -> bool:
    """Spins for what only OpenSSL's own clock can bring."""
    end = monotonic() + 5
    while monotonic() < end:
        if true():
            return True
    return False
