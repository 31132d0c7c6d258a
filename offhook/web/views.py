"""What a client sees of each kind of thing, in the shapes of `web.shapes`.

What has no view here, nobody sees. Level 0 is for those it belongs to, level 1 for others. Numbers
are shown as one dials them in the node of whoever looks.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from offhook.calls.cause import Cause
from offhook.calls.leg import Party as HeartParty
from offhook.calls.view import CallView, LegView
from offhook.calls.view import Place as HeartPlace
from offhook.calls.view import Via as HeartVia
from offhook.dialplan.model import ROOT
from offhook.dialplan.model import Diversion as KeptDiversion
from offhook.dialplan.model import Mobile as KeptMobile
from offhook.dialplan.writing import written
from offhook.people.board import Parked as HeartParked
from offhook.people.board import Waiting as HeartWaiting
from offhook.people.devices import DeviceView
from offhook.people.directory import DeviceInfo
from offhook.people.directory import User as DirectoryUser
from offhook.people.presence import Presence as HeartPresence
from offhook.people.quality import LegQuality
from offhook.store.export import talked
from offhook.store.records import Record as StoredRecord
from offhook.web.attachment import Attachment as LegAttachment
from offhook.web.attachment import Renegotiate as LegRenegotiate
from offhook.web.shapes import (
    Attachment,
    Call,
    Device,
    Diversion,
    Leg,
    Mobile,
    Parked,
    Party,
    Place,
    Presence,
    Quality,
    Record,
    Renegotiate,
    User,
    Via,
    Waiting,
)

OWN, OTHERS = 0, 1

_SENTENCES: dict[str, str] = {cause.value: cause.sentence for cause in Cause}


class Onlooker(NamedTuple):
    """Who looks at a thing, as far as it makes a difference to what they see."""

    level: int
    node: str = ROOT


View = Callable[[Any, Onlooker], Any]  # (thing, who looks) -> wire structure; the thing's class decides which


class Views:
    """The view of every kind that clients may see; features add theirs.

    `whose` gives the name behind a number that a user dials, `device` what is laid down for a device,
    `node_of` the node of a user, and `seen_from` a party with the number that is dialled in a node.
    """

    def __init__(
        self,
        wall: Callable[[float], float],
        *,
        whose: Callable[[str, str], str] = lambda number, user: "",
        device: Callable[[str], DeviceInfo | None] = lambda device: None,
        node_of: Callable[[str], str] = lambda user: ROOT,
        seen_from: Callable[[HeartParty, str], HeartParty] = lambda party, node: party,
    ) -> None:
        self._wall = wall
        self._whose = whose
        self._info = device
        self._node_of = node_of
        self._seen_from = seen_from
        self._kinds: dict[type, tuple[str, View]] = {}
        self.wire_types: dict[str, type] = {}
        self.posts: set[str] = set()
        self.add(CallView, "call", Call, self._call)
        self.add(HeartPresence, "presence", Presence, lambda thing, by: self._presence(thing))
        self.add(DirectoryUser, "user", User, self._user)
        self.add(DeviceView, "device", Device, lambda thing, by: self._device(thing))
        self.add(LegAttachment, "attachment", Attachment, lambda a, by: Attachment(a.id, a.tab))
        self.add(HeartWaiting, "waiting", Waiting, self._waiting)
        self.add(HeartParked, "parked", Parked, self._parked)
        self.add(LegQuality, "quality", Quality, lambda thing, by: _quality(thing))
        self.add(
            LegRenegotiate, "renegotiate", Renegotiate, lambda r, by: Renegotiate(r.id, r.tab), post=True
        )
        self.add(StoredRecord, "record", Record, lambda r, by: record(r), post=True)

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

    def onlooker(self, user: str, level: int) -> Onlooker:
        return Onlooker(level, self._node_of(user))

    def view(self, thing: object, by: Onlooker) -> Any:
        return self._kinds[type(thing)][1](thing, by)

    def person(self, user: DirectoryUser, by: Onlooker) -> User:
        """A user as everybody sees them."""
        party = self._seen_from(HeartParty(user.number, user=user.id), by.node)
        return User(user.id, user.name, party.number, user.username)

    def place(self, place: HeartPlace, by: Onlooker) -> Place:
        party = self._seen_from(HeartParty(place.number, user=place.user), by.node)
        return Place(place.user, party.number, place.slot)

    def _call(self, call: CallView, by: Onlooker) -> Call:
        wall = self._wall
        return Call(
            call.id,
            call.state,  # type: ignore[arg-type]  # the heart's states are these words
            wall(call.begun),
            None if call.answered is None else wall(call.answered),
            None if call.cause is None else call.cause.value,
            None if call.cause is None else call.cause.sentence,
            self._party(call.called, by),
            None if call.parked is None else self.place(call.parked, by),
            [self._leg(leg, by) for leg in call.legs],
        )

    def _leg(self, leg: LegView, by: Onlooker) -> Leg:
        state: Any = leg.state  # the heart's states are these words
        return Leg(
            leg.id,
            self._party(leg.party, by),
            leg.calls_us,
            state,
            leg.holding,
            leg.muted,
            leg.lost,
            None if leg.since is None else self._wall(leg.since),
            leg.takes_orders,
            None if leg.via is None else self._via(leg.via, by),
            None if leg.cause is None else leg.cause.value,
            None if leg.cause is None else leg.cause.sentence,
        )

    def _waiting(self, waiting: HeartWaiting, by: Onlooker) -> Waiting:
        caller, called = self._party(waiting.caller, by), self._party(waiting.called, by)
        return Waiting(waiting.id, caller, called, self._wall(waiting.since))

    def _parked(self, parked: HeartParked, by: Onlooker) -> Parked:
        return Parked(
            parked.id,
            self._party(parked.party, by),
            self.place(parked.place, by),
            self._party(parked.by, by),
            self._wall(parked.since),
        )

    def _presence(self, presence: HeartPresence) -> Presence:
        state: Any = presence.state  # the heart's states are these words
        return Presence(presence.id, state, self._wall(presence.since))

    def _user(self, thing: DirectoryUser, by: Onlooker) -> User:
        person = self.person(thing, by)
        if by.level != OWN:
            return person
        return msgspec.structs.replace(
            person,
            device=thing.device,
            do_not_disturb=thing.do_not_disturb,
            call_waiting=thing.call_waiting,
            rings=thing.line.seconds,
            diversions=tuple([self._diversion(each, thing.id) for each in thing.line.diversions]),
        )

    def _diversion(self, diversion: KeptDiversion, user: str) -> Diversion:
        to = diversion.to
        return Diversion(
            diversion.when,
            to,
            diversion.on,
            diversion.by,
            diversion.callers,
            diversion.first,
            self._whose(to, user) or shown(to),
        )

    def _party(self, party: HeartParty, by: Onlooker) -> Party:
        return _party(self._seen_from(party, by.node))

    def _via(self, via: HeartVia, by: Onlooker) -> Via:
        how: Any = via.how  # the heart's ways are these words
        return Via(how, self._party(via.by, by))

    def _device(self, device: DeviceView) -> Device:
        kind: Any = device.kind  # the directory's kinds are these words
        info = self._info(device.id)
        mobile = None if info is None or info.mobile is None else _mobile(info.mobile)
        return Device(device.id, device.user, device.name, kind, device.reachable, device.contacts, mobile)


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
        shown(record.number),
    )


def shown(number: str) -> str:
    """How people write this number; empty where that is no different."""
    if not number.startswith("+") or (found := written(number)) == number:
        return ""
    return found


def _party(party: HeartParty) -> Party:
    number = party.number
    return Party(number, party.name, party.user, party.device, party.outside, shown(number))


def _mobile(kept: KeptMobile) -> Mobile:
    return Mobile(
        kept.number,
        shown(kept.number),
        kept.enabled,
        kept.delay,
        kept.min_alert,
        kept.max_alert,
        kept.call_waiting,
    )


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
