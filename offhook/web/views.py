"""What a client sees of each kind of thing: small structures with wall-clock times.

What has no view here, nobody sees. Level 0 is for those it belongs to, level 1 for others.
"""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from offhook.calls.leg import Party as HeartParty
from offhook.calls.view import CallView, LegView
from offhook.people.devices import DeviceView
from offhook.people.directory import User as DirectoryUser
from offhook.people.presence import Presence as HeartPresence
from offhook.store.records import Record as StoredRecord
from offhook.web.attachment import Attachment as LegAttachment
from offhook.web.attachment import Renegotiate as LegRenegotiate

OWN, OTHERS = 0, 1

PresenceState = Literal["offline", "available", "ringing", "on-call"]
CallState = Literal["preparing", "ringing", "talking", "closing", "ended"]
LegState = Literal["ringing", "talking", "gone"]


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    """Someone who can be reached here. `device`, the one chosen for calling, is shown to the user alone."""

    id: str
    name: str
    number: str
    username: str
    device: str | None = None


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


class Leg(msgspec.Struct, frozen=True):
    """One party's line into a call; `caller` marks the side that called."""

    id: str
    party: Party
    caller: bool
    state: LegState
    holding: bool
    muted: bool
    lost: bool


class Call(msgspec.Struct, frozen=True):
    """A call one takes part in. Once it has ended, `cause` and `sentence` say why."""

    id: str
    state: CallState
    begun: float
    answered: float | None
    cause: str | None
    sentence: str | None
    called: Party
    legs: list[Leg]


class Attachment(msgspec.Struct, frozen=True):
    """Which tab carries the sound of a browser's leg; `id` is the leg's."""

    id: str
    call: str
    tab: str


class Renegotiate(msgspec.Struct, frozen=True):
    """The tab that carries this leg must attach it again: the sound's coding has to change."""

    leg: str
    tab: str


class Record(msgspec.Struct, frozen=True):
    """A call that is over, as one of its parties keeps it."""

    id: str
    call: str
    direction: Literal["in", "out"]
    outcome: Literal["answered", "missed", "declined", "busy", "cancelled", "failed", "elsewhere"]
    number: str
    name: str
    user: str
    device: str
    begun: float
    answered: float | None
    ended: float
    seconds: float
    cause: str


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
        self.add(LegAttachment, "attachment", Attachment, lambda a, level: Attachment(a.id, a.call, a.tab))
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
            [_leg(leg) for leg in call.legs],
        )

    def _presence(self, presence: HeartPresence) -> Presence:
        state: Any = presence.state  # the heart's states are these words
        return Presence(presence.id, state, self._wall(presence.since))


def user(user: DirectoryUser, level: int = OTHERS) -> User:
    return User(user.id, user.name, user.number, user.username, user.device if level == OWN else None)


def record(record: StoredRecord) -> Record:
    ended = record.begun if record.ended is None else record.ended
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
        ended,
        0.0 if record.answered is None else max(0.0, ended - record.answered),
        record.cause,
    )


def _party(party: HeartParty) -> Party:
    return Party(party.number, party.name, party.user, party.device)


def _leg(leg: LegView) -> Leg:
    state: Any = leg.state  # the heart's states are these words
    return Leg(leg.id, _party(leg.party), leg.calls_us, state, leg.holding, leg.muted, leg.lost)


def _device(device: DeviceView, level: int) -> Device:
    kind: Any = device.kind  # the directory's kinds are these words
    return Device(device.id, device.user, device.name, kind, device.reachable, device.contacts)
