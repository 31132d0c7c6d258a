"""The commands of a person who wants to be reached: where their calls go, and what rings outside."""

from typing import Annotated, Any

import msgspec

from offhook.dialplan.model import NOWHERE, Mobile
from offhook.web import own
from offhook.web.command import Command, Context
from offhook.web.forwarding import Added, Effect, Explained, Forwarding
from offhook.web.own import Number
from offhook.web.shapes import When
from offhook.web.wire import Id

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=900)]
Span = Annotated[int, msgspec.Meta(ge=0, le=900)]


class Divert(Command[None], frozen=True):
    """Send one's calls on: always, when one is busy or declines, or when one does not answer.

    An empty `to` takes the diversion away; "-" sends them nowhere, whatever the administrator has
    laid down for that case. What the administrator has set stays beside it.
    """

    word = "me.divert"
    when: When
    to: Number
    on: bool

    async def run(self, ctx: Context) -> None:
        await ctx.part(Forwarding).divert(ctx.user, self.when, _target(self.to), on=self.on)


class RingFor(Command[None], frozen=True):
    """Say for how long one's devices ring until a call counts as unanswered."""

    word = "me.ring"
    seconds: Seconds

    async def run(self, ctx: Context) -> None:
        await ctx.part(Forwarding).ring_for(ctx.user, self.seconds)


class AskEffect(Command[Effect], frozen=True):
    """Ask what happens to one's calls as things are now."""

    word = "me.effect"

    async def run(self, ctx: Context) -> Effect:
        return ctx.part(Forwarding).effect(ctx.user)


class Explain(Command[Explained], frozen=True):
    """Ask where a number leads that one might dial, and why. Nothing rings."""

    word = "route.explain"
    number: Number

    async def run(self, ctx: Context) -> Explained:
        return ctx.part(Forwarding).explain(ctx.user, own.number(self.number))


class AddMobile(Command[Added], frozen=True):
    """Have a telephone outside ring with one's devices. Seconds are those of `Mobile`."""

    word = "mobile.add"
    name: Name
    number: Number
    enabled: bool = True
    delay: Span = 0
    min_alert: Span = 0
    max_alert: Span = 0
    call_waiting: bool = True

    async def run(self, ctx: Context) -> Added:
        mobile = Mobile(
            own.number(self.number),
            self.enabled,
            self.delay,
            self.min_alert,
            self.max_alert,
            self.call_waiting,
        )
        return await ctx.part(Forwarding).add_mobile(ctx.user, self.name, mobile)


class ChangeMobile(Command[None], frozen=True):
    """Change one of one's mobiles. What is left out stays as it is."""

    word = "mobile.change"
    device: Id
    name: Name | None = None
    number: Number | None = None
    enabled: bool | None = None
    delay: Span | None = None
    min_alert: Span | None = None
    max_alert: Span | None = None
    call_waiting: bool | None = None

    async def run(self, ctx: Context) -> None:
        changes = msgspec.structs.asdict(self)
        device, name = changes.pop("device"), changes.pop("name")
        if self.number is not None:
            changes["number"] = own.number(self.number)
        await ctx.part(Forwarding).change_mobile(ctx.user, device, name, changes)


class RemoveMobile(Command[None], frozen=True):
    """Have one of one's mobiles ring no more."""

    word = "mobile.remove"
    device: Id

    async def run(self, ctx: Context) -> None:
        await ctx.part(Forwarding).remove_mobile(ctx.user, self.device)


COMMANDS: tuple[type[Command[Any]], ...] = (
    Divert,
    RingFor,
    AskEffect,
    Explain,
    AddMobile,
    ChangeMobile,
    RemoveMobile,
)


def _target(typed: str) -> str:
    typed = typed.strip()
    return typed if typed in ("", NOWHERE) else own.number(typed)
