"""The rule for numbers that belong to someone here: all of the user's devices ring together."""

from collections.abc import Callable, Sequence
from typing import Protocol

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.routing import Ask, Device, Plan, Round, Rule


class Known(Protocol):
    """What the rule must know of a user."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def number(self) -> str: ...


def everyone(
    find: Callable[[str], Known | None],
    devices_of: Callable[[str], Sequence[Device]],
    *,
    seconds: float = 30.0,
) -> Rule:
    """`find` looks a number or name up, `devices_of` tells what rings for a user's id."""

    def rule(ask: Ask) -> Plan | None:
        user = find(ask.number)
        if user is None:
            return None
        called = Party(user.number, user.name, user.id)
        ringing = tuple([d for d in devices_of(user.id) if d.is_reachable and d.id != ask.caller.device])
        if not ringing:
            return Plan((), Cause.UNREACHABLE, called)
        return Plan((Round(ringing, seconds),), Cause.NO_ANSWER, called)

    return rule
