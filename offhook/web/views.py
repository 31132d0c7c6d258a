"""What a client sees of each kind of thing: small structures with wall-clock times.

What has no view here, nobody sees. Level 0 is for those it belongs to, level 1 for others.
"""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from offhook.calls.cause import Cause
from offhook.calls.leg import Party as HeartParty
from offhook.calls.view import CallView, LegView
from offhook.calls.view import Place as HeartPlace
from offhook.calls.view import Via as HeartVia
from offhook.people.board import Parked as HeartParked
from offhook.people.board import Waiting as HeartWaiting
from offhook.people.devices import DeviceView
from offhook.people.directory import User as DirectoryUser
from offhook.people.presence import Presence as HeartPresence
from offhook.people.quality import LegQuality
from offhook.store.export import talked
from offhook.store.records import Record as StoredRecord
from offhook.web.attachment import Attachment as LegAttachment
from offhook.web.attachment import Renegotiate as LegRenegotiate

OWN, OTHERS = 0, 1

PresenceState = Literal["offline", "available", "dnd", "ringing", "on-call"]
CallState = Literal["preparing", "ringing", "talking", "parked", "closing", "ended"]
LegState = Literal["ringing", "talking", "gone"]
How = Literal["diverted", "transferred", "recalled", "picked-up", "moved", "retrieved"]


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    """Someone who can be reached here. What follows `username` is shown to the user alone."""

    id: str
    name: str
    number: str
    username: str
    device: str | None = None
    do_not_disturb: bool | None = None
    call_waiting: bool | None = None


class Presence(msgspec.Struct, frozen=True):
    """What a user is doing; `id` is the user's."""

    id: str
    state: PresenceState
    since: float


class Device(msgspec.Struct, frozen=True):
    """One of one's own devices; `contacts` is the number of places where it can ring."""

    id: str
    user: str
    name: str
    kind: Literal["phone", "browser"]
    reachable: bool
    contacts: int


class Party(msgspec.Struct, frozen=True):
    """Who is at the end of a leg; `user` and `device` are empty for strangers."""

    number: str
    name: str
    user: str
    device: str


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


class Record(msgspec.Struct, frozen=True):
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


_SENTENCES: dict[str, str] = {cause.value: cause.sentence for cause in Cause}

View = Callable[[Any, int], Any]  # (thing, level) -> wire structure; the thing's class decides which


class Views:
    """The view of every kind that clients may see; features add theirs."""

    def __init__(self, wall: Callable[[float], float]) -> None:
        self._wall = wall
        self._kinds: dict[type, tuple[str, View]] = {}
        self.wire_types: dict[str, type] = {}
        self.posts: set[str] = set()
        self.add(CallView, "call", Call, lambda thing, level: self._call(thing))
        self.add(HeartPresence, "presence", Presence, lambda thing, level: self._presence(thing))
        self.add(DirectoryUser, "user", User, user)
        self.add(DeviceView, "device", Device, _device)
        self.add(LegAttachment, "attachment", Attachment, lambda a, level: Attachment(a.id, a.tab))
        self.add(HeartWaiting, "waiting", Waiting, lambda thing, level: self._waiting(thing))
        self.add(HeartParked, "parked", Parked, lambda thing, level: self._parked(thing))
        self.add(LegQuality, "quality", Quality, lambda thing, level: _quality(thing))
        self.add(
            LegRenegotiate, "renegotiate", Renegotiate, lambda r, level: Renegotiate(r.id, r.tab), post=True
        )
        self.add(StoredRecord, "record", Record, lambda r, level: record(r), post=True)

    def add(self, kind: type, name: str, wire: type, view: View, *, post: bool = False) -> None:
        """Show things of class `kind` as `name` on the wire, in the shape `wire`; or only post them."""
        self._kinds[kind] = name, view
        self.wire_types[name] = wire
        if post:
            self.posts.add(name)

    def name(self, thing: object) -> str | None:
        """What this kind of thing is called on the wire; None if no client may see it."""
        found = self._kinds.get(type(thing))
        return None if found is None else found[0]

    def view(self, thing: object, level: int) -> Any:
        return self._kinds[type(thing)][1](thing, level)

    def _call(self, call: CallView) -> Call:
        wall = self._wall
        return Call(
            call.id,
            call.state,  # type: ignore[arg-type]  # the heart's states are these words
            wall(call.begun),
            None if call.answered is None else wall(call.answered),
            None if call.cause is None else call.cause.value,
            None if call.cause is None else call.cause.sentence,
            _party(call.called),
            None if call.parked is None else _place(call.parked),
            [self._leg(leg) for leg in call.legs],
        )

    def _leg(self, leg: LegView) -> Leg:
        state: Any = leg.state  # the heart's states are these words
        return Leg(
            leg.id,
            _party(leg.party),
            leg.calls_us,
            state,
            leg.holding,
            leg.muted,
            leg.lost,
            None if leg.since is None else self._wall(leg.since),
            leg.takes_orders,
            None if leg.via is None else _via(leg.via),
            None if leg.cause is None else leg.cause.value,
            None if leg.cause is None else leg.cause.sentence,
        )

    def _waiting(self, waiting: HeartWaiting) -> Waiting:
        return Waiting(waiting.id, _party(waiting.caller), _party(waiting.called), self._wall(waiting.since))

    def _parked(self, parked: HeartParked) -> Parked:
        return Parked(
            parked.id,
            _party(parked.party),
            _place(parked.place),
            _party(parked.by),
            self._wall(parked.since),
        )

    def _presence(self, presence: HeartPresence) -> Presence:
        state: Any = presence.state  # the heart's states are these words
        return Presence(presence.id, state, self._wall(presence.since))


def user(user: DirectoryUser, level: int = OTHERS) -> User:
    shown = User(user.id, user.name, user.number, user.username)
    if level != OWN:
        return shown
    return msgspec.structs.replace(
        shown, device=user.device, do_not_disturb=user.do_not_disturb, call_waiting=user.call_waiting
    )


def record(record: StoredRecord) -> Record:
    how: Any = record.via_how  # the heart's ways are these words
    return Record(
        record.id,
        record.call,
        record.direction,
        record.outcome,
        record.number,
        record.name,
        record.other,
        record.device,
        record.begun,
        record.answered,
        record.begun if record.ended is None else record.ended,
        talked(record),
        record.cause,
        _SENTENCES.get(record.cause, ""),
        Via(how, _party(record.via)) if how else None,
        _party(record.to) if record.to.number or record.to.user else None,
    )


def _party(party: HeartParty) -> Party:
    return Party(party.number, party.name, party.user, party.device)


def _place(place: HeartPlace) -> Place:
    return Place(place.user, place.number, place.slot)


def _via(via: HeartVia) -> Via:
    how: Any = via.how  # the heart's ways are these words
    return Via(how, _party(via.by))


def _quality(quality: LegQuality) -> Quality:
    return Quality(
        quality.id,
        quality.loss,
        quality.far_loss,
        quality.jitter,
        quality.round_trip,
        quality.mos,
        quality.words,
    )


def _device(device: DeviceView, level: int) -> Device:
    kind: Any = device.kind  # the directory's kinds are these words
    return Device(device.id, device.user, device.name, kind, device.reachable, device.contacts)
