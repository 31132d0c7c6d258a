"""Who rings when a number is dialled: a list of rules, of which the first to answer wins.

Rules are pure: what they need they are given, so that a dial plan is tested as a table
and can be asked why it decides as it does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from offhook.calls.cause import Cause
from offhook.calls.leg import Leg, Party
from offhook.calls.media import Codecs
from offhook.calls.view import Place, Via


class Device(Protocol):
    """Something that can ring: a registered phone, an open browser, a trunk, a mailbox."""

    @property
    def id(self) -> str: ...

    @property
    def party(self) -> Party: ...

    @property
    def is_reachable(self) -> bool: ...

    @property
    def speaks(self) -> Codecs:
        """What its legs can be expected to speak, best first; each says itself when it is there."""

    def open_legs(self) -> Sequence[Leg]:
        """One leg for each place where it is reachable; none if it is not."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a device rings in a round, in seconds: when it begins, from when on an answer is believed
    (a mobile's mailbox answers sooner than a person), and for how long; 0 is as long as the round.

    The latter two count from its first ringing, or from when it was called as long as it does not ring.
    """

    delay: float = 0.0
    min_alert: float = 0.0
    max_alert: float = 0.0


Onward = Callable[[Cause], "Plan | None"]
"""Asked when nobody of a round answers: NO_ANSWER when it rang until the end, UNREACHABLE when nothing could
ring, else the strongest of the refusals. A plan replaces all that was left; None: just go on."""


@dataclass(frozen=True, slots=True)
class Round:
    """Devices that ring together, and for how long. One without devices is a pause."""

    devices: tuple[Device, ...]
    seconds: float = 30.0
    via: Via | None = None  # why these, if they are not simply who was dialled
    called: Party | None = None  # whom this round is for, if another than the plan's
    manners: Mapping[str, Manner] | None = None  # by the id of the device, where it is not the usual one
    onward: Onward | None = None  # asked when nobody of it answers
    passed: tuple[Party, ...] = ()  # the users who had sent it on before `via.by` did, in order

    @property
    def speaks(self) -> Codecs:
        """What all of them can be expected to speak, in the order of the first."""
        others = [device.speaks for device in self.devices[1:]]
        return tuple([c for d in self.devices[:1] for c in d.speaks if all(c in other for other in others)])


@dataclass(frozen=True, slots=True)
class PickUp:
    """Take the oldest call that rings for one of these users."""

    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Take the call that is parked there."""

    place: Place


@dataclass(frozen=True, slots=True)
class ParkAt:
    """Leave there the others of one's call, or of the call one holds."""

    place: Place


@dataclass(frozen=True, slots=True)
class Do:
    """Change something; the caller then hears that it is done."""

    run: Callable[[], None]


Deed = PickUp | Retrieve | ParkAt | Do


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds to ring in turn, what to say when nobody answers, and whom it is for.

    With a `deed` nobody rings: the number is a code, and this is what it stands for.
    """

    rounds: tuple[Round, ...]
    otherwise: Cause = Cause.NO_ANSWER
    called: Party | None = None
    deed: Deed | None = None
    emergency: bool = False  # goes through whatever limits there are
    outside: bool = False  # the number itself is outside, not where somebody here has calls sent to


@dataclass(frozen=True, slots=True)
class Ask:
    """`caller` dials, and whatever goes outside goes at their cost; `talks` is who will talk, if another."""

    caller: Party
    number: str
    talks: Party | None = None  # who is transferred or redirected
    diverts: bool = False  # the caller does not talk, but has a call that rings sent there


Rule = Callable[[Ask], Plan | None]
Router = Callable[[Ask], Plan]


def first_of(rules: Sequence[Rule]) -> Router:
    def route(ask: Ask) -> Plan:
        for rule in rules:
            if (plan := rule(ask)) is not None:
                return plan
        return Plan((), Cause.UNKNOWN_NUMBER, Party(ask.number))

    return route
