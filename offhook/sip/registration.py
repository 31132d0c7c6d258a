"""Our registration with a provider, RFC 3261 §10.2: when to send a REGISTER, where to, and what came of it.

Nothing here sends or waits: every method takes the time as `now` and gives back facts. An `Ask` is to be
carried out and its response brought back; `next_timeout()` says when `tick` is due.

    IDLE ──start──► ASKING ──2xx──► REGISTERED ──85..90 % of the time granted──► ASKING
                      │ ▲                │
        all refuse or │ │ 5 s..10 min    └──stop──► LEAVING ──► IDLE
        are silent    ▼ │
                     WAITING
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from random import Random
from typing import Final, Generic, TypeVar

from offhook.sip.headers import param, seconds_of, split_list, uri_of
from offhook.sip.message import Response

PATIENCE: Final = 8.0  # seconds for a response; the transaction itself would wait for 32
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 600.0
_SOONEST: Final = 5.0  # no refresh comes sooner, however short the time granted
_LONGEST: Final = 7 * 86_400

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """Send a REGISTER for so many seconds, 0 to end it; its response goes to `responded` with `serial`."""

    target: T
    expires: int
    serial: int


@dataclass(frozen=True, slots=True)
class Registered(Generic[T]):
    """Anew or still."""

    target: T
    until: float


@dataclass(frozen=True, slots=True)
class Failed:
    """Nobody has registered us; `status` 408 is silence. An older one may hold: see `is_registered`."""

    status: int
    reason: str
    again_at: float


@dataclass(frozen=True, slots=True)
class Left:
    """After `stop`: there is nothing more to be done."""


Fact = Ask[T] | Registered[T] | Failed | Left


class _State(Enum):
    IDLE = auto()
    ASKING = auto()
    REGISTERED = auto()
    WAITING = auto()
    LEAVING = auto()


class Registration(Generic[T]):
    """With `targets` that stand in for each other, of whatever kind; the one that worked is kept to."""

    def __init__(self, targets: Sequence[T], *, expires: int, random: Random) -> None:
        self._targets = list(targets)
        self._wanted = expires
        self._random = random
        self._state = _State.IDLE
        self._target: T | None = None  # asked last
        self._left: list[T] = []  # still to be tried before we pause
        self._serial = 0
        self._was_brief = False  # a 423 has been obeyed in this round
        self._pause = FIRST_PAUSE
        self._until = 0.0
        self._due: float | None = None

    def is_registered(self, now: float) -> bool:
        return now < self._until

    def next_timeout(self) -> float | None:
        return self._due

    def start(self, now: float) -> list[Fact[T]]:
        return self._begin(now) if self._state is _State.IDLE else []

    def stop(self, now: float) -> list[Fact[T]]:
        """Unregister, if there is anything to undo."""
        target = self._target
        if target is not None and (self._state is _State.ASKING or self.is_registered(now)):
            self._state = _State.LEAVING
            return [self._ask(target, 0, now)]
        if self._state is _State.LEAVING:
            return []
        return self._leave()

    def again(self, now: float) -> list[Fact[T]]:
        """Register at once, whatever was planned: a connection is gone, an address of ours has changed."""
        return self._begin(now) if self._state in (_State.REGISTERED, _State.WAITING) else []

    def use(self, targets: Sequence[T], now: float) -> list[Fact[T]]:
        """Where to from now on; who is registered elsewhere moves."""
        if list(targets) == self._targets:
            return []
        self._targets = list(targets)
        self._left = [one for one in self._left if one in self._targets]
        stays = self._state is _State.REGISTERED and self._target in self._targets
        return [] if stays else self.again(now)

    def tick(self, now: float) -> list[Fact[T]]:
        if self._due is None or now < self._due:
            return []
        match self._state:
            case _State.ASKING:
                return self._failed(408, "no answer", 0, now)
            case _State.LEAVING:
                return self._leave()
            case _:
                return self._begin(now)

    def responded(self, serial: int, response: Response | None, contact: bytes, now: float) -> list[Fact[T]]:
        """What came of an `Ask`; None is silence. `contact` is the URI that was registered."""
        if serial != self._serial or self._state not in (_State.ASKING, _State.LEAVING):
            return []  # we have gone on meanwhile
        if self._state is _State.LEAVING:
            return self._leave()
        if response is None:
            return self._failed(408, "no answer", 0, now)
        status = response.status
        if status < 300:
            return self._granted(_seconds(response, contact, self._wanted), now)
        least = seconds_of(response.get(b"min-expires"), 0)
        if status == 423 and self._wanted < least <= _LONGEST and not self._was_brief:
            self._was_brief, self._wanted = True, least
            assert self._target is not None
            return [self._ask(self._target, least, now)]
        pause = seconds_of(response.get(b"retry-after"), 0)
        return self._failed(status, response.reason.decode("utf-8", "replace"), pause, now)

    def _begin(self, now: float) -> list[Fact[T]]:
        """A round: whoever was asked last, then the others in their order."""
        targets = self._targets
        at = targets.index(self._target) if self._target in targets else 0
        self._left = targets[at:] + targets[:at]
        self._was_brief = False
        return self._next(now)

    def _next(self, now: float) -> list[Fact[T]]:
        if not self._left:
            return self._failed(503, "no address to register with", 0, now)
        self._state = _State.ASKING
        return [self._ask(self._left.pop(0), self._wanted, now)]

    def _ask(self, target: T, expires: int, now: float) -> Ask[T]:
        self._target = target
        self._serial += 1
        self._due = now + PATIENCE
        return Ask(target, expires, self._serial)

    def _granted(self, seconds: int, now: float) -> list[Fact[T]]:
        if seconds <= 0:
            return self._failed(200, "registered for no time at all", 0, now)
        assert self._target is not None
        self._state = _State.REGISTERED
        self._pause = FIRST_PAUSE
        self._until = now + seconds
        self._due = now + max(seconds * self._random.uniform(0.85, 0.9), _SOONEST)
        return [Registered(self._target, self._until)]

    def _failed(self, status: int, reason: str, pause: int, now: float) -> list[Fact[T]]:
        """The next target, unless this answer is about us; then a pause, longer each time."""
        if _is_about_us(status):
            self._left = []
            self._until = 0.0
        if self._left:
            return self._next(now)
        self._state = _State.WAITING
        spread = self._pause * self._random.uniform(1.0, 1.5)
        self._due = now + min(max(spread, pause), LONGEST_PAUSE)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return [Failed(status, reason, self._due)]

    def _leave(self) -> list[Fact[T]]:
        self._state = _State.IDLE
        self._until = 0.0
        self._due = None
        return [Left()]


def _is_about_us(status: int) -> bool:
    """Whether another address of the same provider would say the same: wrong password, unknown account."""
    return (400 <= status < 500 and status != 408) or status >= 600


def _seconds(response: Response, contact: bytes, asked: int) -> int:
    """For how long this 2xx registers us: what stands with our contact, else in general (§10.2.4)."""
    general = seconds_of(response.get(b"expires"), asked)
    for binding in split_list(response.get(b"contact") or b""):
        if _is_same(uri_of(binding), contact):
            return min(seconds_of(param(binding, b"expires"), general), _LONGEST)
    return min(general, _LONGEST)


def _is_same(one: bytes, other: bytes) -> bool:
    """By the user part, where there is one: routers on the way like to write another host."""
    user, at, _ = one.partition(b"@")
    return one == other or (bool(at) and user == other.partition(b"@")[0])
