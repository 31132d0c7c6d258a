"""A call from the outside: which of our numbers is meant, and who calls.

Providers write numbers in every way there is, not always in the one in which they want them.
"""

from collections.abc import Iterator

from phonenumbers import NumberParseException, is_valid_number, parse

from offhook.dialplan.location import canonical, clean
from offhook.dialplan.model import Trunk
from offhook.dialplan.outgoing import rewritten
from offhook.dialplan.tree import Tree


def called(trunk: Trunk, raw: str, tree: Tree) -> str | None:
    """The extension as dialled in the trunk's node; empty for our number itself, None if it is not ours."""
    for number in _readings(trunk, rewritten(clean(raw), trunk.incoming), tree):
        if number == trunk.main:
            return ""
        if trunk.direct and number.startswith(trunk.direct):
            return number.removeprefix(trunk.direct)
        if (ours := tree.ours(number)) is not None:
            return ours.extension and tree.as_dialled(ours.extension, ours.node, trunk.node)
    return None


def caller(trunk: Trunk, raw: str, tree: Tree) -> str:
    """Who calls, +E.164 wherever it can be; empty for who hides it."""
    number = rewritten(clean(raw), trunk.incoming_caller)
    if trunk.gateway or number.startswith("+"):
        return number
    if not _is_bare(number):
        return canonical(number, tree.location(trunk.node)) or number
    return next((each for each in _readings(trunk, number, tree) if _is_somebody(each)), number)


def _readings(trunk: Trunk, number: str, tree: Tree) -> Iterator[str]:
    """What a number may mean, as +E.164, best first."""
    if number.startswith("+"):
        yield number
        return
    here = tree.location(trunk.node)
    bare = _is_bare(number)
    if bare and trunk.format in ("e164", "+e164"):  # the plus was lost on the way
        yield f"+{number}"
    if found := canonical(number, here):
        yield found
    if bare and trunk.format not in ("e164", "+e164"):
        yield f"+{number}"


def _is_bare(number: str) -> bool:
    """Without a prefix: a number of the area, or one of the world that has lost its plus."""
    return number.isdigit() and not number.startswith("0")


def _is_somebody(number: str) -> bool:
    try:
        return is_valid_number(parse(number))
    except NumberParseException:
        return False
