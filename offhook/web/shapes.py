"""What travels: the shapes of everything that a client sees, with wall-clock times."""

from typing import Literal

import msgspec

PresenceState = Literal["offline", "available", "dnd", "ringing", "on-call"]
CallState = Literal["preparing", "ringing", "talking", "parked", "closing", "ended"]
LegState = Literal["ringing", "talking", "gone"]
When = Literal["always", "busy", "no-answer"]
How = Literal["diverted", "transferred", "recalled", "picked-up", "moved", "retrieved", "group"]


class Diversion(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where one's calls go instead. `shown`: whose number `to` is, or how people write it, if it differs.

    Those that are not `by` oneself are the administrator's: perhaps for some `callers` only, or to be
    looked at `first`. A `to` of "-" stands for nobody.
    """

    when: When
    to: str
    on: bool
    by: Literal["user", "admin"] = "user"
    callers: Literal["all", "internal", "external"] = "all"
    first: bool = False
    shown: str = ""


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    """Someone who can be reached here. What follows `username` is shown to the user alone."""

    id: str
    name: str
    number: str
    username: str
    device: str | None = None
    do_not_disturb: bool | None = None
    call_waiting: bool | None = None
    rings: int = 30  # seconds, until a call counts as unanswered
    diversions: tuple[Diversion, ...] = ()


class Presence(msgspec.Struct, frozen=True):
    """What a user is doing; `id` is the user's."""

    id: str
    state: PresenceState
    since: float


class Mobile(msgspec.Struct, frozen=True):
    """How a mobile rings. Seconds: `delay` after the others, `max_alert` at most (0: as long as they do).

    An answer sooner than `min_alert` is not believed: it is a mailbox. `shown`: the number as it is written.
    """

    number: str
    shown: str
    enabled: bool
    delay: int
    min_alert: int
    max_alert: int
    call_waiting: bool


class Device(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of one's own devices; `contacts` is the number of places where it can ring."""

    id: str
    user: str
    name: str
    kind: Literal["phone", "browser", "mobile"]
    reachable: bool
    contacts: int
    mobile: Mobile | None = None  # of that kind alone


class Party(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is at the end of a leg; `user` is empty for strangers, and they are often `outside`.

    `shown` is the number as people write it, where that differs.
    """

    number: str
    name: str
    user: str
    device: str
    outside: bool = False
    shown: str = ""


class Via(msgspec.Struct, frozen=True):
    """Why a leg is in a call, where nobody simply dialled it, and who brought that about."""

    how: How
    by: Party


class Place(msgspec.Struct, frozen=True):
    """A user's position, where a call can wait: slots "0" to "9", or "" for one that is merely on hold."""

    user: str
    number: str
    slot: str


class Leg(msgspec.Struct, frozen=True):
    """One party's line into a call; `caller` marks the side that called.

    `since`: when it began to talk. `takes_orders`: its device can be told to answer. Once it is
    gone, `cause` and `sentence` say why.
    """

    id: str
    party: Party
    caller: bool
    state: LegState
    holding: bool
    muted: bool
    lost: bool
    since: float | None
    takes_orders: bool
    via: Via | None
    cause: str | None
    sentence: str | None


class Call(msgspec.Struct, frozen=True):
    """A call one takes part in. Once it has ended, `cause` and `sentence` say why."""

    id: str
    state: CallState
    begun: float
    answered: float | None
    cause: str | None
    sentence: str | None
    called: Party
    parked: Place | None
    legs: list[Leg]


class Waiting(msgspec.Struct, frozen=True):
    """A call that rings for a colleague and that one may pick up; `id` is the call's."""

    id: str
    caller: Party
    called: Party
    since: float


class Parked(msgspec.Struct, frozen=True):
    """A call that waits where one may retrieve it; `id` is the call's, `party` who waits."""

    id: str
    party: Party
    place: Place
    by: Party
    since: float


class Quality(msgspec.Struct, frozen=True):
    """How one of one's own legs sounds; `id` is the leg's.

    `loss` is the fraction lost of the sound from one's device, `far_loss` of that to it; times are in ms.
    `jitter` and `mos` (1 to 4.5) are those of the worse way; `words` say what is wrong, if anything is.
    """

    id: str
    loss: float
    far_loss: float
    jitter: float
    round_trip: float | None
    mos: float
    words: str


class Attachment(msgspec.Struct, frozen=True):
    """Which tab carries the sound of a browser's leg; `id` is the leg's."""

    id: str
    tab: str


class Renegotiate(msgspec.Struct, frozen=True):
    """The tab that carries this leg must attach it again: the sound's coding has to change."""

    leg: str
    tab: str


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call that is over for its user, as the user keeps it.

    `via` says why it came, where nobody simply dialled; `to` who has it now, sent on to by this user or
    taken instead of them. `ended` is when the user's own part ended; times are Unix seconds. "diverted"
    is a call for this user that never rang here, "transferred" one that went on without them.
    """

    id: str
    call: str
    direction: Literal["in", "out", "diverted", "transferred"]
    outcome: Literal[
        "answered", "missed", "declined", "busy", "cancelled", "failed", "elsewhere", "forwarded"
    ]
    number: str
    name: str
    user: str
    device: str
    begun: float
    answered: float | None
    ended: float
    seconds: float
    cause: str
    sentence: str
    via: Via | None
    to: Party | None
    shown: str = ""  # the number as people write it, where that differs
