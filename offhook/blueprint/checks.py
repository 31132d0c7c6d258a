"""Whether the objects fit together: nothing refers to what is not there, no number leads to two."""

from collections.abc import Iterable, Iterator, Mapping

from offhook.blueprint.document import KINDS, Group, Phone, User
from offhook.blueprint.kept import Kept, Key, tables_of
from offhook.blueprint.positions import Path
from offhook.blueprint.source import Problem
from offhook.dialplan import check
from offhook.dialplan.model import ROOT, Line, Node, Trunk
from offhook.store.users import username_key

_LEADING = ("node", "trunk")  # where numbers lead out of a node
Claim = tuple[str, str]  # a node and a number in it


def problems(objects: Mapping[Key, Kept], paths: Mapping[Key, Path]) -> list[Problem]:
    """`paths` tells what comes from the document; what is wrong with the rest is told without a line."""
    tables = tables_of(objects)
    found = [_of(_key(problem), problem, paths) for problem in check.problems(tables)]
    found += [*_numbers(objects, paths), *_phones(objects, paths)]
    nodes = {ROOT, *(node.name for node in tables.nodes)}
    lines: dict[Line, list[check.Problem]] = {}  # most users have the same
    for key, kept in objects.items():
        match kept.value:
            case User() as user:
                if user.line not in lines:
                    lines[user.line] = check.line_problems(user.line, tables)
                found += [_of(key, problem, paths) for problem in lines[user.line]]
                found += _user(user, nodes, key, paths)
            case Group() as group:
                wrong = check.ringing_problems(group.ringing, tables) if group.ringing else []
                found += [_of(key, problem, paths, "ringing") for problem in wrong]
                found += _members(group, objects, key, paths)
    return found


def _key(problem: check.Problem) -> Key:
    return next(kind for kind in KINDS if kind == problem.kind), problem.name


def _user(user: User, nodes: set[str], key: Key, paths: Mapping[Key, Path]) -> Iterator[Problem]:
    if user.node not in nodes:
        there = ", ".join(sorted(nodes))
        yield _at(key, ("node",), f"there is no node {user.node!r}; there are {there}", paths)


def _members(
    group: Group, objects: Mapping[Key, Kept], key: Key, paths: Mapping[Key, Path]
) -> Iterator[Problem]:
    for name in [*group.members, *group.passive]:
        if ("user", username_key(name)) not in objects:
            yield _at(key, ("members",), f"there is no user {name}", paths)


def _numbers(objects: Mapping[Key, Kept], paths: Mapping[Key, Path]) -> Iterator[Problem]:
    """In a node a number is one user's, or one group's, or leads to another node or outside."""
    taken: dict[Claim, Key] = {}
    for key, claim in sorted(_claims(objects.items()), key=lambda claimed: claimed[0][0] not in _LEADING):
        other = taken.setdefault(claim, key)
        if other == key or (other[0] in _LEADING and key[0] != "user"):  # the dial plan's check knows them
            continue
        mine, its = (key, other) if key in paths else (other, key)
        number = ("ringing", "number") if mine[0] == "group" else ("number",)
        where = "" if claim[0] == ROOT else f" in {claim[0]}"
        owner = f"{its[0]} {objects[its].name}"
        what = f"the number {claim[1]}{where} belongs to {owner} already: give one of them another"
        yield _at(mine, number, what, paths)


def _claims(objects: Iterable[tuple[Key, Kept]]) -> Iterator[tuple[Key, Claim]]:
    for key, kept in objects:
        match kept.value:
            case Node(name=name, parent=parent, number=number) if number and name != parent:
                yield key, (parent, number)
            case Trunk(node=node, number=number) if number:
                yield key, (node, number)
            case User() as user:
                yield key, (user.node, user.number)
            case Group(ringing=ringing) if ringing is not None:
                yield key, (ringing.node, ringing.number)


def _phones(objects: Mapping[Key, Kept], paths: Mapping[Key, Path]) -> Iterator[Problem]:
    """A phone is known by whom it signs in as, whosever it is."""
    taken: dict[str, Key] = {}
    for key, kept in objects.items():
        for device in kept.value.devices if isinstance(kept.value, User) else ():
            if not isinstance(device, Phone):
                continue
            other = taken.setdefault(device.sip_user, key)
            if other != key:
                mine, its = (key, other) if key in paths else (other, key)
                owner = objects[its].name
                what = f"the phone {device.sip_user} belongs to {owner} already: give it another sip_user"
                yield _at(mine, ("device",), what, paths)


def _of(key: Key, problem: check.Problem, paths: Mapping[Key, Path], *within: str) -> Problem:
    """What the dial plan's own check says, in our words for keys."""
    steps = ["diversion" if step == "diversions" else step for step in problem.key.split(".") if step]
    return _at(key, (*within, *steps), in_our_words(problem.sentence), paths)


def in_our_words(sentence: str) -> str:
    """A sentence as the end of one."""
    return sentence[:1].lower() + sentence[1:].removesuffix(".")


def _at(key: Key, within: Path, what: str, paths: Mapping[Key, Path]) -> Problem:
    if key in paths:
        return Problem((*paths[key], *within), what)
    place = ", ".join([" ".join(key).strip(), *map(str, within)])
    return Problem((), f"{place}: {what}")
