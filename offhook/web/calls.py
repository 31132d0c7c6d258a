"""The commands of a person on the phone. Nobody touches a leg that is not their own."""

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from offhook.calls.cause import Cause
from offhook.calls.media import NoMedia
from offhook.calls.switch import CannotDial, Switch, UnknownLeg
from offhook.calls.view import CallView, LegView
from offhook.feed import Feed
from offhook.people.devices import Devices
from offhook.web.command import Command, Context
from offhook.web.leg import BrowserLeg
from offhook.web.problem import Refused
from offhook.web.wire import Id, Ids

_STATUS = {
    Cause.UNKNOWN_NUMBER: 404,
    Cause.FORBIDDEN: 403,
    Cause.OVERLOADED: 503,
    Cause.INCOMPATIBLE: 422,
}

Sdp = Annotated[str, msgspec.Meta(max_length=65536)]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one user may have at once."""

    calls: int


class Dialled(msgspec.Struct, frozen=True):
    """The new call, and the leg of the caller's own device in it."""

    call: str
    leg: str


class Attached(msgspec.Struct, frozen=True):
    """The server's answer to the page's offer."""

    sdp: str


class Dial(Command[Dialled], frozen=True):
    """Call a number from one of one's own devices: it rings first, a browser is attached by the page."""

    word = "call.dial"
    to: Annotated[str, msgspec.Meta(max_length=256)]
    device: Id

    async def run(self, ctx: Context) -> Dialled:
        device = next((d for d in ctx.part(Devices).of(ctx.user) if d.id == self.device), None)
        if device is None:
            raise Refused("unknown-device", "You have no such device.", 404)
        if len(_calls(ctx)) >= ctx.part(Limits).calls:
            raise Refused("too-many-calls", "You are in too many calls already.", 409)
        number = _number(self.to)
        if not number:
            raise _because(Cause.UNKNOWN_NUMBER)
        try:
            return Dialled(*ctx.part(Switch).dial(device, number, ctx.now))
        except CannotDial as why:
            raise _because(why.cause) from None
        except NoMedia:
            raise _because(Cause.OVERLOADED) from None


class Attach(Command[Attached], frozen=True):
    """Give a browser's leg its sound, through this tab. A ringing leg is answered by it.

    Also sent after a reload, from another tab that takes over, and after a change of network.
    """

    word = "leg.attach"
    tab_only = True
    leg: Id
    sdp: Sdp

    async def run(self, ctx: Context) -> Attached:
        tab = ctx.own_tab
        leg = ctx.part(Switch).leg(self.leg)
        if not isinstance(leg, BrowserLeg) or leg.party.user != ctx.user:
            raise _over()
        call = next((call for call in _calls(ctx) if any(side.id == leg.id for side in call.legs)), None)
        return Attached(leg.attach(tab.id, tab.host, self.sdp, call.id if call else "", ctx.now))


class Decline(Command[None], frozen=True):
    """Do not take a ringing call, on any device."""

    word = "call.decline"
    call: Id

    async def run(self, ctx: Context) -> None:
        _own_legs(ctx, self.call)
        _do(ctx.part(Switch).decline, self.call, ctx.user, ctx.now)


class Hangup(Command[None], frozen=True):
    """Leave a call."""

    word = "call.hangup"
    call: Id

    async def run(self, ctx: Context) -> None:
        legs = _own_legs(ctx, self.call)
        talking = [leg for leg in legs if leg.state == "talking" or leg.calls_us]
        for leg in talking:
            with suppress(UnknownLeg):  # the call was over with the one before
                ctx.part(Switch).hangup(leg.id, ctx.now)
        if not talking:
            _do(ctx.part(Switch).decline, self.call, ctx.user, ctx.now)


class Hold(Command[None], frozen=True):
    """Hold a call or take it back."""

    word = "call.hold"
    call: Id
    holding: bool

    async def run(self, ctx: Context) -> None:
        for leg in _talking_legs(ctx, self.call):
            _do(ctx.part(Switch).hold, leg.id, self.holding, ctx.now)


class Mute(Command[None], frozen=True):
    """Let the others hear one's own side, or not."""

    word = "call.mute"
    call: Id
    muted: bool

    async def run(self, ctx: Context) -> None:
        for leg in _talking_legs(ctx, self.call):
            _do(ctx.part(Switch).mute, leg.id, self.muted, ctx.now)


class Digits(Command[None], frozen=True):
    """Press keys: 0 to 9, *, # and A to D."""

    word = "call.digits"
    call: Id
    keys: Annotated[str, msgspec.Meta(pattern="^[0-9*#A-D]{1,32}$")]

    async def run(self, ctx: Context) -> None:
        for leg in _talking_legs(ctx, self.call)[:1]:
            _do(ctx.part(Switch).digits, leg.id, self.keys, ctx.now)


class Follow(Command[None], frozen=True):
    """Watch these users, and no longer those watched before."""

    word = "users.follow"
    tab_only = True
    users: Ids

    async def run(self, ctx: Context) -> None:
        ctx.own_tab.show(self.users)


class Sound(Command[None], frozen=True):
    """This tab can carry sound from now on, or no longer can."""

    word = "tab.sound"
    tab_only = True
    sound: bool

    async def run(self, ctx: Context) -> None:
        ctx.own_tab.sounds(self.sound)


COMMANDS: tuple[type[Command[Any]], ...] = (
    Dial,
    Attach,
    Decline,
    Hangup,
    Hold,
    Mute,
    Digits,
    Follow,
    Sound,
)


def _number(typed: str) -> str:
    """What was typed or pasted, without the blanks and strokes people write numbers with."""
    typed = typed.strip()
    if re.fullmatch(r"\+?[0-9*#().\s/–-]+", typed):  # people paste that dash
        return re.sub(r"[^0-9*#+]", "", typed.replace("(0)", "") if typed.startswith("+") else typed)
    return typed


def _calls(ctx: Context) -> list[CallView]:
    """The calls the asking user takes part in."""
    return [thing for thing in ctx.part(Feed).things((f"own.{ctx.user}",)) if isinstance(thing, CallView)]


def _own_legs(ctx: Context, call_id: str) -> list[LegView]:
    call = next((call for call in _calls(ctx) if call.id == call_id), None)
    legs = [leg for leg in call.legs if leg.party.user == ctx.user and leg.state != "gone"] if call else []
    if not legs:
        raise _over()
    return legs


def _talking_legs(ctx: Context, call_id: str) -> list[LegView]:
    legs = [leg for leg in _own_legs(ctx, call_id) if leg.state == "talking"]
    if not legs:
        raise Refused("not-talking", "Nobody has answered yet.", 409)
    return legs


def _do(move: Any, *how: object) -> None:  # the switch's moves differ in what they take
    try:
        move(*how)
    except UnknownLeg:
        raise _over() from None


def _over() -> Refused:
    return Refused("unknown-call", "This call is over.", 404)


def _because(cause: Cause) -> Refused:
    return Refused(cause.value, cause.sentence, _STATUS.get(cause, 409))
