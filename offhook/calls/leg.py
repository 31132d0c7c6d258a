"""A leg is one party's line into a call: a SIP dialog, a browser, a trunk, a robot.

Commands return at once. What comes of them arrives later, as events, through
`Switch.tell`. A call never sees SDP: each leg settles media with our engine.
"""

from dataclasses import dataclass
from typing import Protocol

import msgspec

from offhook.calls.cause import Cause
from offhook.calls.media import Bridge, Codecs, Port


class Party(msgspec.Struct, frozen=True):
    """Who is at the end of a leg. `user` and `device` are ids here, empty for strangers.

    Who is `outside` is reached through the trunk that `device` names: "trunk:Fibre"; the number is
    +E.164 wherever it can be, and empty for who hides it.
    """

    number: str
    name: str = ""
    user: str = ""
    device: str = ""
    outside: bool = False


NOBODY = Party("")


class Leg(Protocol):
    """One party's line. Every command is legal at any time and returns at once."""

    id: str
    party: Party
    port: Port | None  # None until there is something to hear
    codecs: Codecs  # what its side can speak: from its offer, or as agreed
    hops: int  # how many more a call it makes may take, so that none goes in circles; 70 for our own
    takes_orders: bool  # whether its device can be told to answer and to hold; may change while it rings

    def ring(
        self, who: Party, bridge: Bridge, *, like: Codecs | None, auto_answer: bool = False, hops: int = 70
    ) -> None:
        """We call it: ring for `who`, in `bridge`, offering codecs in the order of `like`.

        `hops` are those left of the leg for which it rings.
        """

    def proceed(self, bridge: Bridge, *, early: Codecs | None = None) -> None:
        """It called us: say that it rings (180); with `early`, open its port and say 183."""

    def answer(self, bridge: Bridge, *, like: Codecs) -> None:
        """It called us: accept; its port is opened now if it was not, speaking `like`."""

    def connected_to(self, party: Party) -> None:
        """Who the other party is: shown where there is a display, unless that is what it shows already."""

    def pick_up(self) -> None:
        """It rings and its user answers from elsewhere: have its device answer, if it `takes_orders`."""

    def hold(self, holding: bool) -> None:
        """Its user holds or resumes from elsewhere: let its device show it, if it `takes_orders`."""

    def enter(self, bridge: Bridge) -> None:
        """It takes part in another call now: ports it opens later belong to that call's bridge."""

    def told(self, outcome: "Outcome") -> None:
        """What became of something it asked for."""

    def hangup(self, cause: Cause) -> None:
        """End it, whatever its state. The leg reports nothing more but `Gone`, if that."""


@dataclass(frozen=True, slots=True)
class TransferTo:
    """Let the others in its call talk to this number instead (REFER)."""

    number: str


@dataclass(frozen=True, slots=True)
class Connect:
    """Join the others in its call with those in the call of `leg`, also its own (REFER with Replaces)."""

    leg: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """It rings, and sends the call on to this number (302)."""

    number: str


Wish = TransferTo | Connect | Redirect


@dataclass(frozen=True, slots=True)
class Outcome:
    """`cause` is NORMAL when the wish came true."""

    wish: Wish
    cause: Cause


@dataclass(frozen=True, slots=True)
class Ringing:
    early: bool = False  # it sends sound of its own before it answers


@dataclass(frozen=True, slots=True)
class Answered:
    pass


@dataclass(frozen=True, slots=True)
class Held:
    holding: bool


@dataclass(frozen=True, slots=True)
class Digit:
    key: str  # one of 0-9 * # A-D
    carried: bool = False  # True: it already travels with the sound (RFC 4733 through a relay)


@dataclass(frozen=True, slots=True)
class Asked:
    wish: Wish


@dataclass(frozen=True, slots=True)
class Lost:
    """No media any more; not ended."""


@dataclass(frozen=True, slots=True)
class Back:
    """Media again after `Lost`."""


@dataclass(frozen=True, slots=True)
class Gone:
    cause: Cause


LegEvent = Ringing | Answered | Held | Digit | Asked | Lost | Back | Gone
