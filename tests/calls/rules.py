"""The simplest rule there can be, for houses without a dial plan: all of a user's devices ring together.

Unless the user does not want it now. Who calls their own number always reaches their other devices.
"""

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

    @property
    def do_not_disturb(self) -> bool: ...

    @property
    def call_waiting(self) -> bool: ...


def everyone(
    find: Callable[[str], Known | None],
    devices_of: Callable[[str], Sequence[Device]],
    *,
    busy: Callable[[str], object] = lambda user: False,
    seconds: float = 30.0,
) -> Rule:
    """`find` looks up whom a number means, `devices_of` what rings for an id, `busy` who is on the phone."""

    def rule(ask: Ask) -> Plan | None:
        user = find(ask.number)
        if user is None:
            return None
        called = Party(user.number, user.name, user.id)
        if ask.caller.user != user.id:
            if user.do_not_disturb:
                return Plan((), Cause.DO_NOT_DISTURB, called)
            if not user.call_waiting and busy(user.id):
                return Plan((), Cause.BUSY, called)
        ringing = tuple([d for d in devices_of(user.id) if d.is_reachable and d.id != ask.caller.device])
        if not ringing:
            return Plan((), Cause.UNREACHABLE, called)
        return Plan((Round(ringing, seconds),), Cause.NO_ANSWER, called)

    return rule
