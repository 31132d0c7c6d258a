"""A call to the outside as each trunk wants it: who is called, who calls, who sent it on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from offhook.calls.leg import Party
from offhook.dialplan.model import Rewrite, Trunk
from offhook.dialplan.tree import Tree
from offhook.dialplan.world import Known, Way

Why = Literal["", "unconditional", "user-busy", "no-answer", "follow-me"]


def fitting(trunks: Sequence[Trunk], number: str) -> tuple[Trunk, ...]:
    """Those of the trunks that are for this number, by priority."""
    fits = [t for t in trunks if not t.for_numbers or number.startswith(t.for_numbers)]
    return tuple(sorted(fits, key=lambda trunk: trunk.priority))


def ways(
    trunks: Sequence[Trunk],
    number: str,
    *,
    tree: Tree,
    caller: Party,
    caller_line: Known | None,
    payer: Known | None = None,
    diverting: Known | None = None,
    why: Why = "",
    emergency: bool = False,
    dialled: str = "",
) -> tuple[Way, ...]:
    """One way for each trunk, in their order. `number` is +E.164, or digits that have none.

    `caller_line` is the user who calls, if it is one of us; `dialled` what was dialled behind the
    trunk's number, for those that want it so.
    """
    found = []
    for trunk in trunks:
        shown = _calling(trunk, tree, caller, caller_line, diverting, emergency)
        ours = caller_line or diverting or payer
        found.append(
            Way(
                trunk.name,
                rewritten(_called(trunk, tree, number, dialled), trunk.outgoing),
                shown.number,
                shown.name,
                asserted=_own(trunk, tree, ours),
                diverting="" if diverting is None else _diverting(trunk, tree, diverting),
                diverting_why="" if diverting is None else why,
            )
        )
    return tuple(found)


def rewritten(number: str, rewrites: Sequence[Rewrite]) -> str:
    """With another beginning, by the rewrite that fits best."""
    fits = [each for each in rewrites if number.startswith(each.begins)]
    if not fits:
        return number
    best = max(fits, key=lambda each: len(each.begins))
    return best.instead + number.removeprefix(best.begins)


@dataclass(frozen=True, slots=True)
class _Shown:
    number: str
    name: str


_HIDDEN = _Shown("", "")


def _called(trunk: Trunk, tree: Tree, number: str, dialled: str) -> str:
    if not number.startswith("+"):
        return number  # 110 and 11880 are written in one way only
    if trunk.format == "dialled" and dialled and not dialled.startswith("+"):
        return dialled
    here = tree.location(trunk.node)
    match trunk.format:
        case "+e164":
            return number
        case "e164":
            return number[1:]
        case "international":
            return here.international + number[1:]
        case "national" | "dialled":
            if here.country and number.startswith(home := f"+{here.country}"):
                return here.national + number.removeprefix(home)
            return here.international + number[1:]


def _calling(
    trunk: Trunk, tree: Tree, caller: Party, line: Known | None, diverting: Known | None, emergency: bool
) -> _Shown:
    """Who is shown as calling; in an emergency nobody is hidden."""
    if trunk.caller_id == "anonymous" and not emergency:
        return _HIDDEN
    if diverting is not None and trunk.calling == "diverting":
        line, name = diverting, diverting.name
    else:
        name = caller.name
    if line is None:
        if caller.outside and trunk.caller_id != "main":
            return _Shown(caller.number, name) if caller.number else _HIDDEN
        return _Shown(trunk.main, name if caller.number else "")
    if line.line.hide_number and not emergency:
        return _HIDDEN
    if line.line.caller_id and trunk.caller_id == "own" and not trunk.gateway:
        return _Shown(line.line.caller_id, name)
    return _Shown(_own(trunk, tree, line), name)


def _own(trunk: Trunk, tree: Tree, user: Known | None) -> str:
    """Our number that the other side knows for this user: nobody but us can call from it."""
    if user is None or trunk.caller_id == "main":
        return trunk.main
    if trunk.gateway:
        return tree.as_dialled(user.number, user.node, trunk.node) if user.number else trunk.main
    return tree.number_at(trunk, user.number, user.node) or trunk.main


def _diverting(trunk: Trunk, tree: Tree, user: Known) -> str:
    """Providers want to know whose call it is; who hides the own number lends the main one."""
    return trunk.main if user.line.hide_number and trunk.main else _own(trunk, tree, user)
