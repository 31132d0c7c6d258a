"""The commands of a person on the phone: calling, answering, and what one does while talking."""

from contextlib import suppress
from typing import Annotated, Any

import msgspec

from offhook.calls.cause import Cannot, Cause
from offhook.calls.switch import Switch
from offhook.web import own
from offhook.web.command import Command, Context
from offhook.web.forwarding import Forwarding
from offhook.web.leg import BrowserLeg
from offhook.web.own import Number, attempt, because
from offhook.web.problem import Refused
from offhook.web.wire import Id, Ids

Sdp = Annotated[str, msgspec.Meta(max_length=65536)]
Keys = Annotated[str, msgspec.Meta(pattern=r"^[0-9*#A-D]{1,32}$(?!\n)")]  # Python's $ lets a line end by


class Dialled(msgspec.Struct, frozen=True):
    """The call, and the leg of the asking user's own device in it."""

    call: str
    leg: str


class Attached(msgspec.Struct, frozen=True):
    """The server's answer to the page's offer."""

    sdp: str


class Dial(Command[Dialled], frozen=True):
    """Call a number from one of one's own devices: it rings first, a browser is attached by the page."""

    word = "call.dial"
    to: Number
    device: Id

    async def run(self, ctx: Context) -> Dialled:
        device, number = own.device(ctx, self.device), own.number(self.to)
        if not ctx.part(Forwarding).is_emergency(number):
            own.check_room(ctx)
        try:
            return Dialled(*attempt(ctx.part(Switch).dial, device, number, ctx.now))
        except Refused as why:
            if not device.is_reachable and (reason := ctx.part(Forwarding).why_no_ring(ctx.user, device.id)):
                raise Refused(why.word, f"Your mobile does not ring. {reason}", why.status) from None
            raise


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
            raise because(Cause.OVER)
        return Attached(leg.attach(tab.id, tab.host, self.sdp, ctx.now))


class Answer(Command[None], frozen=True):
    """Have one's own phone, which rings, pick up by itself."""

    word = "call.answer"
    call: Id
    device: Id

    async def run(self, ctx: Context) -> None:
        device = own.device(ctx, self.device)
        own.legs(ctx, self.call)
        attempt(ctx.part(Switch).answer, self.call, ctx.user, device.id, ctx.now)


class Decline(Command[None], frozen=True):
    """Do not take a ringing call, on any device."""

    word = "call.decline"
    call: Id

    async def run(self, ctx: Context) -> None:
        own.legs(ctx, self.call)
        attempt(ctx.part(Switch).decline, self.call, ctx.user, ctx.now)


class Hangup(Command[None], frozen=True):
    """Leave a call."""

    word = "call.hangup"
    call: Id

    async def run(self, ctx: Context) -> None:
        legs = own.legs(ctx, self.call)
        taking_part = [leg for leg in legs if leg.state == "talking" or leg.calls_us]
        for leg in taking_part:
            with suppress(Cannot):  # the call was over with the one before
                ctx.part(Switch).hangup(leg.id, ctx.now)
        if not taking_part:
            attempt(ctx.part(Switch).decline, self.call, ctx.user, ctx.now)


class Hold(Command[None], frozen=True):
    """Hold a call or take it back."""

    word = "call.hold"
    call: Id
    holding: bool

    async def run(self, ctx: Context) -> None:
        leg = own.talking_leg(ctx, self.call)
        attempt(ctx.part(Switch).hold, leg.id, self.holding, ctx.now)


class Mute(Command[None], frozen=True):
    """Let the others hear one's own side, or not."""

    word = "call.mute"
    call: Id
    muted: bool

    async def run(self, ctx: Context) -> None:
        leg = own.talking_leg(ctx, self.call)
        attempt(ctx.part(Switch).mute, leg.id, self.muted, ctx.now)


class Digits(Command[None], frozen=True):
    """Press keys: 0 to 9, *, # and A to D."""

    word = "call.digits"
    call: Id
    keys: Keys

    async def run(self, ctx: Context) -> None:
        leg = own.talking_leg(ctx, self.call)
        attempt(ctx.part(Switch).digits, leg.id, self.keys, ctx.now)


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
    Answer,
    Decline,
    Hangup,
    Hold,
    Mute,
    Digits,
    Follow,
    Sound,
)
