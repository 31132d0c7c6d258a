"""What is said of numbers outside while no trunk leads there: that, and not that nobody has them."""

from offhook.calls.cause import Cause
from offhook.dialplan.location import clean, inherited
from offhook.dialplan.model import Tables
from offhook.people.directory import User

NO_LINES = "There is no line to the outside yet; your administrator can set one up."
NOBODY = Cause.UNKNOWN_NUMBER.sentence


def is_cut_off(tables: Tables) -> bool:
    """Gateways lead to some telephones, not to the world."""
    return all(trunk.gateway for trunk in tables.trunks)


def why_not(why: str, user: User, to: str, tables: Tables) -> str:
    """`why` this user's calls cannot be sent there, as it is."""
    if why == NOBODY and is_cut_off(tables) and _is_outside(user, to, tables):
        return NO_LINES
    return why


def warnings(said: tuple[str, ...], user: User, tables: Tables) -> tuple[str, ...]:
    """What is `said` of this user's diversions and mobiles, as it is. All mobiles are outside."""
    if not is_cut_off(tables):
        return said
    targets = [diversion.to for diversion in user.line.diversions]
    inside = tuple([f" {to}. {NOBODY}" for to in targets if not _is_outside(user, to, tables)])
    return tuple([each if each.endswith(inside) else each.replace(NOBODY, NO_LINES) for each in said])


def explained(lines: tuple[str, ...], user: User, to: str, tables: Tables) -> tuple[str, ...]:
    """`lines` explain where a number leads that this user might dial."""
    return tuple([each.replace(NOBODY, why_not(NOBODY, user, to, tables)) for each in lines])


def _is_outside(user: User, to: str, tables: Tables) -> bool:
    """Whether it begins as numbers outside do here."""
    location, digits = inherited(user.node, tables), clean(to)
    if digits.startswith("+"):
        return not digits.startswith(location.subscriber)
    return location.external != "" and digits.startswith(location.external)
