"""Star codes: what a desk phone can do that has no keys of its own for it.

    *0, *0<number>                     pick up what rings for colleagues, or for this one
    *16<slot>, *16<slot>*<number>      park at one's own position, or at somebody's
    #16<slot>, #16<slot>*<number>      take back what is parked there
    *42, #42                           do not disturb, and do again

A `#` at the end, with which many phones send what was dialled, does no harm. What begins like a
code and is none is an unknown number; so is every code that no user of ours has dialled.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial

from offhook.calls.cause import Cannot, Cause
from offhook.calls.routing import Ask, Deed, Do, ParkAt, PickUp, Plan, Retrieve, Rule
from offhook.calls.view import Place
from offhook.dialplan.world import Known

_PICK_UP = re.compile(r"\*0([0-9]*)")
_PLACE = re.compile(r"([*#])16([0-9])(?:\*([0-9]+))?")


def codes(
    find: Callable[[str, str], Known | None],
    user: Callable[[str], Known | None],
    colleagues: Callable[[str], Sequence[str]],
    quiet: Callable[[str, bool], None],
) -> Rule:
    """`find` looks a number up as it is dialled by the user with this id, `user` an id; `colleagues` tells
    with whom a user shares a group.

    `quiet(user, True)` is called for a user who does not want to be disturbed from now on.
    """

    def rule(ask: Ask) -> Plan | None:
        if not ask.number.startswith(("*", "#")):
            return None
        try:
            return Plan((), deed=deed(ask.caller.user, ask.number.removesuffix("#")))
        except Cannot as why:
            return Plan((), why.cause)

    def deed(caller: str, code: str) -> Deed:
        me = user(caller) if caller else None
        if me is None:
            raise Cannot(Cause.UNKNOWN_NUMBER)
        if (dialled := _PICK_UP.fullmatch(code)) is not None:
            (number,) = dialled.groups()
            return PickUp((colleague(me, number).id,) if number else (me.id, *colleagues(me.id)))
        if (dialled := _PLACE.fullmatch(code)) is not None:
            key, slot, number = dialled.groups()
            if key == "*":
                return ParkAt(_place(known(me, number) if number else me, slot))
            return Retrieve(_place(colleague(me, number) if number else me, slot))
        if code in ("*42", "#42"):
            return Do(partial(quiet, me.id, code == "*42"))
        raise Cannot(Cause.UNKNOWN_NUMBER)

    def known(me: Known, number: str) -> Known:
        if (found := find(number, me.id)) is None:
            raise Cannot(Cause.UNKNOWN_NUMBER)
        return found

    def colleague(me: Known, number: str) -> Known:
        """Whose calls one may take: one's own, and those of who shares a group."""
        found = known(me, number)
        if found.id != me.id and found.id not in colleagues(me.id):
            raise Cannot(Cause.FORBIDDEN)
        return found

    return rule


def _place(owner: Known, slot: str) -> Place:
    return Place(owner.id, owner.number, slot)
