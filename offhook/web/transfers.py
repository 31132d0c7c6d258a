"""The commands that move calls: to another number, to each other, to a place, to another device.

Pick-up and retrieval reach beyond one's own calls: to those that the feed shows the user because a
colleague in a group of theirs is called, or has the place.
"""

from typing import Any, Literal

import msgspec

from offhook.calls.cause import Cause
from offhook.calls.switch import Switch
from offhook.calls.view import LegView
from offhook.calls.view import Place as HeartPlace
from offhook.feed import Feed
from offhook.people.board import Parked, Waiting
from offhook.people.directory import Directory
from offhook.people.groups import Groups
from offhook.web import own
from offhook.web.calls import Dialled
from offhook.web.command import Command, Context
from offhook.web.forwarding import Forwarding
from offhook.web.own import Number, attempt, because
from offhook.web.problem import Refused
from offhook.web.views import OWN, Views
from offhook.web.wire import Id

Slot = Literal["", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]


class ParkedAt(msgspec.Struct, frozen=True):
    """Where a call waits now: at the position of the user with this number."""

    number: str
    slot: str


class Moved(msgspec.Struct, frozen=True):
    """The new leg, which rings and takes the former one's place when it answers."""

    leg: str


class Redirect(Command[None], frozen=True):
    """Send a call that rings here on to another number."""

    word = "call.redirect"
    call: Id
    to: Number

    async def run(self, ctx: Context) -> None:
        own.legs(ctx, self.call)
        attempt(ctx.part(Switch).redirect, self.call, ctx.user, own.number(self.to), ctx.now)


class Transfer(Command[None], frozen=True):
    """Let the other party talk to this number instead. Unanswered, the call comes back."""

    word = "call.transfer"
    call: Id
    to: Number

    async def run(self, ctx: Context) -> None:
        leg = own.talking_leg(ctx, self.call)
        attempt(ctx.part(Switch).transfer, leg.id, own.number(self.to), ctx.now)


class Connect(Command[None], frozen=True):
    """Let the other parties of two of one's calls talk to each other, and leave both.

    One of the calls may still be ringing out.
    """

    word = "call.connect"
    call: Id
    other: Id

    async def run(self, ctx: Context) -> None:
        if self.call == self.other:
            raise because(Cause.SAME_CALL)
        leg, other = (own.talking_leg(ctx, call, or_calling=True) for call in (self.call, self.other))
        attempt(ctx.part(Switch).connect, leg.id, other.id, ctx.now)


class Join(Command[None], frozen=True):
    """Make two of one's calls one, of three."""

    word = "call.join"
    call: Id
    other: Id

    async def run(self, ctx: Context) -> None:
        if self.call == self.other:
            raise because(Cause.SAME_CALL)
        leg, other = own.talking_leg(ctx, self.call), own.talking_leg(ctx, self.other)
        attempt(ctx.part(Switch).join, leg.id, other.id, ctx.now)


class Part(Command[None], frozen=True):
    """Take a call of three apart: the party of this leg waits, one goes on with the third."""

    word = "call.part"
    call: Id
    leg: Id

    async def run(self, ctx: Context) -> None:
        mine = own.talking_leg(ctx, self.call)
        if not any(leg.id == self.leg for leg in own.call(ctx, self.call).legs):
            raise because(Cause.OVER)
        attempt(ctx.part(Switch).part, mine.id, self.leg, ctx.now)


class Park(Command[ParkedAt], frozen=True):
    """Leave the other party at somebody's position, one's own if no number is given."""

    word = "call.park"
    call: Id
    slot: Slot = ""
    number: Number = ""

    async def run(self, ctx: Context) -> ParkedAt:
        leg = own.talking_leg(ctx, self.call)
        owner = ctx.part(Directory).user(ctx.user)
        if self.number:
            owner = ctx.part(Forwarding).whose(own.number(self.number), ctx.user)
        if owner is None:
            raise because(Cause.UNKNOWN_NUMBER)
        place = HeartPlace(owner.id, owner.number, self.slot)
        place = attempt(ctx.part(Switch).park, leg.id, place, ctx.now)
        views = ctx.part(Views)
        seen = views.place(place, views.onlooker(ctx.user, OWN))
        return ParkedAt(seen.number, seen.slot)


class Retrieve(Command[Dialled], frozen=True):
    """Take a parked call with one of one's own devices: it rings, and picks up by itself if it can."""

    word = "call.retrieve"
    call: Id
    device: Id

    async def run(self, ctx: Context) -> Dialled:
        device = own.device(ctx, self.device)
        parked = ctx.part(Feed).get(Parked, self.call)
        if parked is None or not _may_retrieve(ctx, parked):
            raise because(Cause.NOTHING_PARKED)
        _check_outside(ctx, self.call)
        return Dialled(*attempt(ctx.part(Switch).retrieve, self.call, device, ctx.now))


class PickUp(Command[Dialled], frozen=True):
    """Take a call that rings for a colleague, or on another device of one's own."""

    word = "call.pickup"
    call: Id
    device: Id

    async def run(self, ctx: Context) -> Dialled:
        device = own.device(ctx, self.device)
        if not _may_pick_up(ctx, self.call):
            raise because(Cause.NOTHING_RINGS)
        _check_outside(ctx, self.call)
        return Dialled(*attempt(ctx.part(Switch).pick_up, self.call, device, ctx.now))


class Move(Command[Moved], frozen=True):
    """Go on talking at another device of one's own; the other party does not notice."""

    word = "call.move"
    call: Id
    device: Id

    async def run(self, ctx: Context) -> Moved:
        device = own.device(ctx, self.device)
        leg = own.talking_leg(ctx, self.call)
        if leg.party.device == device.id:
            raise Refused("same-device", "The call is on this device already.", 409)
        return Moved(attempt(ctx.part(Switch).move, leg.id, device, ctx.now))


COMMANDS: tuple[type[Command[Any]], ...] = (
    Redirect,
    Transfer,
    Connect,
    Join,
    Part,
    Park,
    Retrieve,
    PickUp,
    Move,
)


def _check_outside(ctx: Context, call_id: str) -> None:
    """One more call, and none in which the user is at the other end. Raises Refused."""
    own.check_room(ctx)
    for call in own.calls(ctx):
        if call.id == call_id and any(_is_other_end(leg) for leg in call.legs if leg.party.user == ctx.user):
            raise because(Cause.SAME_CALL)


def _is_other_end(leg: LegView) -> bool:
    return leg.state != "gone" and (leg.calls_us or leg.state == "talking")


def _may_retrieve(ctx: Context, parked: Parked) -> bool:
    if ctx.user in (parked.place.user, parked.by.user):
        return True
    return ctx.part(Groups).share(ctx.user, parked.place.user)


def _may_pick_up(ctx: Context, call_id: str) -> bool:
    legs = [leg for call in own.calls(ctx) if call.id == call_id for leg in call.legs]
    if any(leg.party.user == ctx.user and leg.state == "ringing" and not leg.calls_us for leg in legs):
        return True
    waiting = ctx.part(Feed).get(Waiting, call_id)
    own_groups = {group.id for group in ctx.part(Groups).of(ctx.user)}
    return waiting is not None and not own_groups.isdisjoint(waiting.groups)
