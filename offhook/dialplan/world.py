"""What the rules must know of the world, and what they hand to it: people, lines outside, what was spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.routing import Device
from offhook.dialplan.model import Limits, Line, Mobile, Ringing

Toll = Literal["free", "external", "international"]  # gateways and emergency calls are free


class Known(Protocol):
    """A user."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def number(self) -> str: ...

    @property
    def node(self) -> str: ...

    @property
    def do_not_disturb(self) -> bool: ...

    @property
    def call_waiting(self) -> bool: ...

    @property
    def line(self) -> Line: ...


@dataclass(frozen=True, slots=True)
class Own:
    """A mobile of a user: the id and name of it as a device, and how it rings."""

    id: str
    name: str
    mobile: Mobile


@dataclass(frozen=True, slots=True)
class Group:
    """A group that can be called; members are ids of users, in the group's order."""

    name: str
    ringing: Ringing
    active: tuple[str, ...]
    all: tuple[str, ...]


class People(Protocol):
    """Who is here, and what they are doing."""

    def user(self, id: str) -> Known | None: ...

    def at(self, node: str, number: str) -> Known | None:
        """Whose number this is in this node."""

    def named(self, username: str) -> Known | None: ...

    def begins(self, node: str, digits: str) -> bool:
        """Whether a number of a user or a group in this node begins with these digits and is longer."""

    def group(self, node: str, number: str) -> Group | None: ...

    def devices_of(self, user: str) -> Sequence[Device]:
        """Phones and browsers, reachable or not; no mobiles."""

    def mobiles_of(self, user: str) -> Sequence[Own]: ...

    def is_at_hand(self, user: str) -> bool:
        """Whether a device is registered that makes the user's mobiles needless (no mobility)."""

    def calls_of(self, user: str) -> int:
        """How many calls the user is talking in, or making."""

    def idle_since(self, user: str) -> float:
        """When the user last left a call, in monotonic seconds; 0 if never."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way outside, with the numbers as this trunk wants them."""

    trunk: str
    number: str  # who is called
    calling: str  # who calls; empty: hidden
    name: str = ""  # of who calls
    asserted: str = ""  # the number of ours that stands for this call, hidden or not
    diverting: str = ""  # who has sent the call on
    diverting_why: Literal["", "unconditional", "user-busy", "no-answer", "follow-me"] = ""


@dataclass(frozen=True, slots=True)
class Outward:
    """A call to the outside: the ways to try, best first, and who pays for it."""

    number: str  # +E.164 wherever it can be
    ways: tuple[Way, ...]
    payer: Party
    toll: Toll
    emergency: bool = False


class Outside(Protocol):
    """The lines to the outside."""

    def is_open(self, trunk: str, *, emergency: bool = False) -> bool:
        """Whether it can be reached and has a line free; for emergencies lines are not counted."""

    def device(self, outward: Outward, whose: Party | None = None) -> Device:
        """What rings there, once. With `whose` it is a mobile: its leg is that party's."""


class Tolls(Protocol):
    """What users have spent."""

    def refuses(self, user: str, toll: Toll, limits: Limits) -> Cause | None:
        """LIMITED if this user may not begin another such call now."""
