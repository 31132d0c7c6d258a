"""What a client sees of each kind of thing, in the shapes of `web.shapes`.

What has no view here, nobody sees. Level 0 is for those it belongs to, level 1 for others.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from offhook.calls.cause import Cause
from offhook.calls.leg import Party as HeartParty
from offhook.calls.view import CallView, LegView
from offhook.calls.view import Place as HeartPlace
from offhook.calls.view import Via as HeartVia
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

View = Callable[[Any, int], Any]  # (thing, level) -> wire structure; the thing's class decides which


class Views:
    """The view of every kind that clients may see; features add theirs.

    `whose` gives the name behind a node's number, `device` what is laid down for a device.
    """

    def __init__(
        self,
        wall: Callable[[float], float],
        *,
        whose: Callable[[str, str], str] = lambda node, number: "",
        device: Callable[[str], DeviceInfo | None] = lambda device: None,
    ) -> None:
        self._wall = wall
        self._whose = whose
        self._info = device
        self._kinds: dict[type, tuple[str, View]] = {}
        self.wire_types: dict[str, type] = {}
        self.posts: set[str] = set()
        self.add(CallView, "call", Call, lambda thing, level: self._call(thing))
        self.add(HeartPresence, "presence", Presence, lambda thing, level: self._presence(thing))
        self.add(DirectoryUser, "user", User, self._user)
        self.add(DeviceView, "device", Device, lambda thing, level: self._device(thing))
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

    def _user(self, thing: DirectoryUser, level: int) -> User:
        if level != OWN:
            return user(thing)
        return msgspec.structs.replace(
            user(thing),
            device=thing.device,
            do_not_disturb=thing.do_not_disturb,
            call_waiting=thing.call_waiting,
            rings=thing.line.seconds,
            diversions=tuple([self._diversion(each, thing.node) for each in thing.line.diversions]),
        )

    def _diversion(self, diversion: KeptDiversion, node: str) -> Diversion:
        to = diversion.to
        return Diversion(
            diversion.when,
            to,
            diversion.on,
            diversion.by,
            diversion.callers,
            diversion.first,
            self._whose(node, to) or shown(to),
        )

    def _device(self, device: DeviceView) -> Device:
        kind: Any = device.kind  # the directory's kinds are these words
        info = self._info(device.id)
        mobile = None if info is None or info.mobile is None else _mobile(info.mobile)
        return Device(device.id, device.user, device.name, kind, device.reachable, device.contacts, mobile)


def user(user: DirectoryUser) -> User:
    """A user as everybody sees them."""
    return User(user.id, user.name, user.number, user.username)


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
