"""What is wrong with a configuration, in sentences that say what to do about it."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from offhook.dialplan import wellformed
from offhook.dialplan.filters import NOT_OK, OK
from offhook.dialplan.model import (
    ROOT,
    Filter,
    Limits,
    Line,
    Location,
    Mobile,
    Node,
    Ringing,
    Tables,
    Trunk,
)

Kind = Literal["location", "limits", "node", "filter", "trunk", "line", "mobile", "ringing"]
_LONGEST = 900  # seconds anything rings


@dataclass(frozen=True, slots=True)
class Problem:
    """`kind` and `name` tell which object, `key` which of its keys."""

    kind: Kind
    name: str
    key: str
    sentence: str


def problems(tables: Tables) -> list[Problem]:
    notes = _Notes("location", "")
    _location(notes, "", tables.location)
    found = notes.found
    notes = _Notes("limits", "")
    _limits(notes, "", tables.limits)
    found += notes.found
    found += _names("node", tables.nodes, {ROOT: "there is always one of that name"})
    for node in tables.nodes:
        found += _node(node, tables)
    reserved = "in a row it stands for the end of the search"
    found += _names("filter", tables.filters, {OK: reserved, NOT_OK: reserved})
    for filter in tables.filters:
        found += _filter(filter, tables)
    found += _names("trunk", tables.trunks, {})
    for trunk in tables.trunks:
        found += _trunk(trunk, tables)
    return found


def line_problems(line: Line, tables: Tables) -> list[Problem]:
    notes = _Notes("line", "")
    for key in ("filter", "diversion_filter"):
        notes.known(key, getattr(line, key), tables.filters, "filter")
    notes.add("seconds", wellformed.between(line.seconds, 1, _LONGEST, "seconds"))
    notes.add("busy_on", wellformed.between(line.busy_on, 0, 1000, "calls"))
    notes.optional("caller_id", line.caller_id, wellformed.own)
    if line.limits is not None:
        _limits(notes, "limits.", line.limits)
    for each in line.diversions:
        if each.to or each.on:
            notes.add("diversions", wellformed.target(each.to))
    for when, count in Counter(each.when for each in line.diversions if each.by == "user").items():
        if count > 1:
            notes.add(
                "diversions", f"There are {count} diversions of the user for {when!r}: keep one of them."
            )
    return notes.found


def mobile_problems(mobile: Mobile) -> list[Problem]:
    notes = _Notes("mobile", "")
    notes.add("number", wellformed.telephone(mobile.number))
    for key in ("delay", "min_alert", "max_alert"):
        notes.add(key, wellformed.between(getattr(mobile, key), 0, _LONGEST, "seconds"))
    if 0 < mobile.max_alert <= mobile.min_alert:
        notes.add(
            "max_alert", f"{mobile.max_alert} must be more than min_alert, or nobody could ever answer."
        )
    return notes.found


def ringing_problems(ringing: Ringing, tables: Tables) -> list[Problem]:
    notes = _Notes("ringing", "")
    notes.add("number", wellformed.dialled(ringing.number))
    notes.known("node", ringing.node, tables.nodes, "node", ROOT)
    for other in _dialled_in(ringing.node, tables):
        if other.number == ringing.number:
            notes.add("number", f"{ringing.number} is the number of {_called(other)}: choose another one.")
    notes.add("seconds", wellformed.between(ringing.seconds, 1, _LONGEST, "seconds"))
    notes.add("each", wellformed.between(ringing.each, 1, _LONGEST, "seconds"))
    notes.optional("otherwise", ringing.otherwise, wellformed.target)
    return notes.found


class _Notes:
    """What is found wrong with one object."""

    def __init__(self, kind: Kind, name: str) -> None:
        self.found: list[Problem] = []
        self._of = (kind, name)

    def add(self, key: str, sentence: str) -> None:
        """Nothing is wrong where there is nothing to say."""
        if sentence:
            self.found.append(Problem(*self._of, key, sentence))

    def optional(self, key: str, text: str, check: Callable[[str], str]) -> None:
        if text:
            self.add(key, check(text))

    def known(self, key: str, name: str, among: Iterable["Node | Filter"], what: str, *also: str) -> None:
        """A reference that may be empty."""
        names = sorted({*(each.name for each in among), *also})
        if name and name not in names:
            there = f"there are {', '.join(names)}" if names else "there is none at all"
            self.add(key, f"There is no {what} {name!r}; {there}.")


def _names(
    kind: Literal["node", "filter", "trunk"],
    objects: Sequence[Node | Filter | Trunk],
    reserved: dict[str, str],
) -> list[Problem]:
    found = []
    for name, count in Counter(each.name for each in objects).items():
        notes = _Notes(kind, name)
        notes.add("name", wellformed.name(name))
        if count > 1:
            notes.add("name", f"There are {count} of the name {name!r}: give each its own.")
        if name in reserved:
            notes.add("name", f"{name!r} cannot be chosen, {reserved[name]}: take another name.")
        found += notes.found
    return found


def _location(notes: _Notes, prefix: str, here: Location) -> None:
    for key in ("country", "area", "national", "international", "external"):
        notes.optional(prefix + key, getattr(here, key), wellformed.digits)
    if here.country.isdecimal() and int(here.country) not in COUNTRY_CODE_TO_REGION_CODE:
        notes.add(f"{prefix}country", f"{here.country} is no country code; Germany's would be 49.")
    if here.national and here.area.startswith(here.national):
        bare = here.area.removeprefix(here.national)
        notes.add(f"{prefix}area", f"{here.area} must do without the national prefix: {bare}.")
    if here.national and here.national == here.international:
        notes.add(f"{prefix}international", f"{here.international} must not be the national prefix too.")
    for number in here.subscriber:
        notes.add(f"{prefix}subscriber", wellformed.own(number))
    for number in here.emergency:
        notes.add(f"{prefix}emergency", wellformed.digits(number))


def _limits(notes: _Notes, prefix: str, limits: Limits) -> None:
    for key in limits.__struct_fields__:
        notes.add(prefix + key, wellformed.between(getattr(limits, key), 0, 1_000_000, "calls"))


def _node(node: Node, tables: Tables) -> list[Problem]:
    notes = _Notes("node", node.name)
    if node.name == ROOT:
        return []  # its name is wrong, and nothing else matters
    notes.known("parent", node.parent, tables.nodes, "node", ROOT)
    if not node.parent:
        notes.add("parent", f"It must be in another node; {ROOT} is above all.")
    elif _is_in_circle(node.name, {each.name: (each.parent,) for each in tables.nodes}):
        notes.add("parent", f"{node.name!r} would be above itself: choose another parent.")
    notes.add("number", wellformed.dialled(node.number))
    notes.optional("escape", node.escape, wellformed.dialled)
    for other in _dialled_in(node.parent, tables):
        if other is node:
            break  # whoever comes later is told
        if other.number == node.number:
            notes.add("number", f"{node.number} is also the number of {_called(other)}: choose another one.")
    for key in ("invalid", "busy", "no_answer"):
        notes.optional(key, getattr(node, key), wellformed.target)
    if node.location is not None:
        _location(notes, "location.", node.location)
    return notes.found


def _filter(filter: Filter, tables: Tables) -> list[Problem]:
    notes = _Notes("filter", filter.name)
    for row in filter.rows:
        notes.add("rows", wellformed.pattern(row.number))
        if not row.next:
            notes.add("rows", f"{row.number!r} must say what is next: {OK}, {NOT_OK} or a filter.")
        notes.known("rows", row.next, tables.filters, "filter", OK, NOT_OK)
    for number, count in Counter(row.number for row in filter.rows).items():
        if count > 1:
            notes.add("rows", f"{number!r} is there {count} times: keep one of them.")
    if _is_in_circle(filter.name, {each.name: [row.next for row in each.rows] for each in tables.filters}):
        notes.add(
            "rows", f"{filter.name!r} leads back to itself: let one of the rows end with {OK} or {NOT_OK}."
        )
    return notes.found


def _trunk(trunk: Trunk, tables: Tables) -> list[Problem]:
    notes = _Notes("trunk", trunk.name)
    _place(notes, trunk, tables)
    _reach(notes, trunk)
    for key in ("main", "direct"):
        notes.optional(key, getattr(trunk, key), wellformed.own)
    if trunk.caller_id == "main" and not trunk.main:
        notes.add("main", "It is to be shown to everybody called, so it must be set.")
    for number in trunk.for_numbers:
        notes.add("for_numbers", wellformed.beginning(number))
    for key in ("outgoing", "incoming", "incoming_caller"):
        for rewrite in getattr(trunk, key):
            notes.add(key, wellformed.part(rewrite.begins) or wellformed.part(rewrite.instead))
    for key in ("loopback", "incomplete", "invalid", "busy", "no_answer"):
        notes.optional(key, getattr(trunk, key), wellformed.target)
    return notes.found


def _place(notes: _Notes, trunk: Trunk, tables: Tables) -> None:
    notes.optional("number", trunk.number, wellformed.dialled)
    if trunk.gateway and not trunk.number:
        notes.add("number", "A gateway must have one, by which it is called.")
    notes.known("node", trunk.node, tables.nodes, "node", ROOT)
    for other in _dialled_in(trunk.node, tables):
        if other is trunk or not trunk.number:
            break
        if other.number != trunk.number:
            continue
        if isinstance(other, Node):
            notes.add("number", f"{trunk.number} is also the number of {_called(other)}: choose another one.")
        elif other.gateway != trunk.gateway:
            notes.add("gateway", f"{trunk.number} is also {_called(other)}: both must be gateways, or none.")
    notes.add("priority", wellformed.between(trunk.priority, 1, 1000))


def _reach(notes: _Notes, trunk: Trunk) -> None:
    if not trunk.hosts:
        notes.add("hosts", "There must be at least one, as in sip.example.com.")
    for host in trunk.hosts:
        notes.add("hosts", wellformed.host(host))
    if trunk.domain:
        notes.add("domain", wellformed.host(trunk.domain, port=False))
    if trunk.register and not trunk.username:
        notes.add("username", "To register, the name of the account must be set.")
    if trunk.password and not (trunk.username or trunk.login):
        notes.add("username", "With a password, the name it belongs to must be set.")
    notes.add("expires", wellformed.between(trunk.expires, 60, 86400, "seconds"))
    if trunk.options_seconds:
        notes.add(
            "options_seconds", wellformed.between(trunk.options_seconds, 1, 3600, "seconds, or 0 for none")
        )
    notes.add("no_reply_seconds", wellformed.between(trunk.no_reply_seconds, 0.1, 32, "seconds"))
    notes.add("max_channels", wellformed.between(trunk.max_channels, 0, 100_000, "calls"))


def _dialled_in(node: str, tables: Tables) -> list[Node | Trunk]:
    """Nodes and trunks whose numbers stand beside each other."""
    nodes = [each for each in tables.nodes if each.parent == node and each.name != ROOT]
    return [*nodes, *(each for each in tables.trunks if each.node == node)]


def _called(other: Node | Trunk) -> str:
    return f"the {'node' if isinstance(other, Node) else 'trunk'} {other.name!r}"


def _is_in_circle(start: str, onward: dict[str, "Sequence[str]"]) -> bool:
    seen: set[str] = set()
    ahead = list(onward.get(start, ()))
    while ahead:
        name = ahead.pop()
        if name == start:
            return True
        if name not in seen:
            seen.add(name)
            ahead += onward.get(name, ())
    return False
