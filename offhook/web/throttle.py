"""How often a wrong password may be tried, by address and by name.

A guesser is slowed down without locking out whoever is guessed at: an address from which a
user has signed in before is counted for itself alone. What a request says of its own
origin (X-Forwarded-For) counts for nothing.
"""

from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address

WINDOW = 60.0
OF_ONE_ADDRESS_FOR_ONE_NAME = 10
OF_ONE_ADDRESS = 100
FOR_ONE_NAME = 100
REMEMBERED_AT_MOST = 20_000


class Throttle:
    """Failures of the last minute, by address, by name and by both."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def attempt(self, address: str, name: str, now: float) -> float:
        """Seconds until this address may try this name; 0: it may now, and has failed until it has not."""
        address, name = _network(address), name.casefold()
        limits = {(address, name): OF_ONE_ADDRESS_FOR_ONE_NAME}
        if (address, name) not in self._known:
            limits |= {(address, ""): OF_ONE_ADDRESS, ("", name): FOR_ONE_NAME}
        if (wait := max(self._wait(key, limit, now) for key, limit in limits.items())) > 0:
            return wait
        for key in _keys(address, name):
            self._failures.setdefault(key, deque(maxlen=OF_ONE_ADDRESS)).append(now)
            self._failures.move_to_end(key)
        while len(self._failures) > REMEMBERED_AT_MOST:
            self._failures.popitem(last=False)
        return 0.0

    def withdraw(self, address: str, name: str, at: float) -> None:
        """The attempt made at `at` was never judged: it does not count."""
        for key in _keys(_network(address), name.casefold()):
            if at in (failures := self._failures.get(key, deque())):
                failures.remove(at)

    def succeeded(self, address: str, name: str, at: float) -> None:
        """This address knows the password: what others get wrong shall not disturb it."""
        self.withdraw(address, name, at)
        key = (_network(address), name.casefold())
        self._failures.pop(key, None)
        self._known[key] = None
        self._known.move_to_end(key)
        while len(self._known) > REMEMBERED_AT_MOST:
            self._known.popitem(last=False)

    def _wait(self, key: tuple[str, str], limit: int, now: float) -> float:
        failures = self._failures.get(key)
        if failures is None:
            return 0.0
        while failures and failures[0] <= now - WINDOW:
            failures.popleft()
        return failures[-limit] + WINDOW - now if len(failures) >= limit else 0.0


def _keys(address: str, name: str) -> tuple[tuple[str, str], ...]:
    return (address, name), (address, ""), ("", name)


def _network(address: str) -> str:
    """Who has one IPv6 address has 2^64 of them."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if ip.version == 6 and ip.ipv4_mapped is None:
        return str(IPv6Address(int(ip) >> 64 << 64))
    return address
