"""What is the asking user's: calls, legs, devices. Nobody touches what is not their own.

What is not theirs is answered like what does not exist, so that ids cannot be found by trying.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ParamSpec, TypeVar

import msgspec

from offhook.calls.cause import Cannot, Cause
from offhook.calls.view import CallView, LegView
from offhook.feed import Feed
from offhook.people.devices import Devices
from offhook.web.attachment import Attachment
from offhook.web.command import Context
from offhook.web.problem import Refused

P = ParamSpec("P")
R = TypeVar("R")

Number = Annotated[str, msgspec.Meta(max_length=256)]  # as typed or pasted

_STATUS = {
    Cause.UNKNOWN_NUMBER: 404,
    Cause.NOTHING_PARKED: 404,
    Cause.NOTHING_RINGS: 404,
    Cause.OVER: 404,
    Cause.INCOMPLETE: 404,
    Cause.FORBIDDEN: 403,
    Cause.BARRED: 403,
    Cause.LIMITED: 403,
    Cause.NOT_FROM_OUTSIDE: 403,
    Cause.NOT_JOINED: 403,
    Cause.INCOMPATIBLE: 422,
    Cause.OVERLOADED: 503,
    Cause.NO_LINE: 503,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one user may have at once."""

    calls: int


def attempt(move: Callable[P, R], *how: P.args, **more: P.kwargs) -> R:
    """Do it, or say why it cannot be done. Raises Refused."""
    try:
        return move(*how, **more)
    except Cannot as why:
        raise because(why.cause) from None


def because(cause: Cause) -> Refused:
    word = "unknown-call" if cause is Cause.OVER else cause.value
    return Refused(word, cause.sentence, _STATUS.get(cause, 409))


def calls(ctx: Context) -> list[CallView]:
    """Those the user takes part in."""
    return [thing for thing in ctx.part(Feed).things((f"own.{ctx.user}",)) if isinstance(thing, CallView)]


def call(ctx: Context, call_id: str) -> CallView:
    found = ctx.part(Feed).get(CallView, call_id)
    if found is None or ctx.user not in found.audience:
        raise because(Cause.OVER)
    return found


def legs(ctx: Context, call_id: str) -> list[LegView]:
    """The user's legs in this call, at least one."""
    found = [leg for leg in call(ctx, call_id).legs if leg.party.user == ctx.user and leg.state != "gone"]
    if not found:
        raise because(Cause.OVER)
    return found


def talking_leg(ctx: Context, call_id: str, *, or_calling: bool = False) -> LegView:
    """The leg the user talks through; of several the one whose sound the asking tab carries.

    With `or_calling` also one that waits for somebody to answer.
    """
    found = legs(ctx, call_id)
    talking = [leg for leg in found if leg.state == "talking"]
    talking = talking or [leg for leg in found if or_calling and leg.calls_us]
    if not talking:
        raise because(Cause.NOT_TALKING)
    return next((leg for leg in talking if _is_here(ctx, leg)), talking[0])


def device(ctx: Context, device_id: str) -> Any:  # a phone or a browser: what edges know of them differs
    found = ctx.part(Devices).get(device_id)
    if found is None or found.party.user != ctx.user:
        raise Refused("unknown-device", "You have no such device.", 404)
    return found


def check_room(ctx: Context) -> None:
    """Whether the user may have one more call."""
    if len(calls(ctx)) >= ctx.part(Limits).calls:
        raise Refused("too-many-calls", "You are in too many calls already.", 409)


def number(typed: str) -> str:
    """What was typed, without the blanks and strokes people write numbers with. Raises Refused."""
    typed = typed.strip()
    if re.fullmatch(r"\+?[0-9*#().\s/–-]+", typed):  # people paste that dash
        typed = re.sub(r"[^0-9*#+]", "", typed.replace("(0)", "") if typed.startswith("+") else typed)
    if not typed:
        raise because(Cause.UNKNOWN_NUMBER)
    return typed


def _is_here(ctx: Context, leg: LegView) -> bool:
    attachment = ctx.part(Feed).get(Attachment, leg.id)
    return attachment is not None and ctx.tab is not None and attachment.tab == ctx.tab.id
