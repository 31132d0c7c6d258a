"""Puts a document in place: compared with what is there, checked, written in one transaction, noted.

A running server takes it in within two seconds. Nothing here is about a terminal.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from offhook.blueprint import checks
from offhook.blueprint.difference import Difference, differences, touched
from offhook.blueprint.document import Document
from offhook.blueprint.history import noted, remembered, taken_back
from offhook.blueprint.kept import Key, Objects, State, document_of, load
from offhook.blueprint.positions import Path
from offhook.blueprint.reader import parse, read
from offhook.blueprint.source import Problem, Rejected, Source
from offhook.blueprint.steps import Pair, steps, unless_changed
from offhook.blueprint.wanted import wanted
from offhook.store.changes import Change, Changes, appending, undoing
from offhook.store.database import Conflict, Database, Step, StoreError
from offhook.store.meta import ANNOUNCE, Meta
from offhook.store.values import plain

UNDO = "undo of change"  # how the note of an undo begins; a plain `undo` passes over these

_ATTEMPTS = 3

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Draft:
    """A document, the text it was read from, and what was wrong with that."""

    document: Document
    source: Source
    problems: Sequence[Problem] = ()
    is_whole: bool = True

    @classmethod
    def from_text(cls, text: str, name: str) -> "Draft":
        """Raises Rejected when it is no TOML; other mistakes are told with those found later."""
        source = parse(text, name)
        reading = read(source)
        return cls(reading.document, source, reading.problems, reading.is_whole)

    @classmethod
    def of(cls, document: Document, name: str) -> "Draft":
        """One that was never a text."""
        return cls(document, Source(name, "", plain(document)))


@dataclass(frozen=True, slots=True)
class Applied:
    """What was changed; `change` is the number it can be undone by, 0 when there was nothing to do."""

    change: int
    differences: Sequence[Difference]


async def export(database: Database) -> Document:
    """All of it. Applied to an empty database it gives the same again."""
    return document_of(await load(database))


async def compare(database: Database, draft: Draft, *, prune: bool, realm: str) -> list[Difference]:
    """What applying it would change. Raises Rejected."""
    state = await load(database)
    return differences(
        touched(state.objects, await _wanted(database, state, draft, prune=prune, realm=realm))
    )


async def apply(
    database: Database, draft: Draft, *, prune: bool = False, realm: str, who: str, now: float
) -> Applied:
    """All of it or, raising Rejected or StoreError, nothing."""

    async def attempt() -> Applied:
        state = await load(database)
        objects = await _wanted(database, state, draft, prune=prune, realm=realm)
        return await _write(database, state, objects, realm=realm, who=who, what=draft.source.name, now=now)

    return await _tried(attempt)


async def undo(
    database: Database, id: int | None, *, realm: str, who: str, now: float
) -> tuple[Change, Applied]:
    """Put back what a change has touched, the last one that has not been undone if none is named.

    Raises Rejected when somebody has changed the same things since.
    """

    async def attempt() -> tuple[Change, Applied]:
        state = await load(database)
        change = await _change(database, id)
        texts = await Changes(database).touched(change.id)
        assert texts is not None, "it has just been read, and nothing removes them"
        back = taken_back(state.objects, remembered(texts[0]), remembered(texts[1]))
        reasons = back.reasons or [problem.what for problem in _unfit(state, back.objects, {})]
        if reasons:
            raise Rejected(f"change {change.id} cannot be undone; nothing has changed:", reasons)
        what = f"{UNDO} {change.id} ({change.summary.rpartition(': ')[0]})"
        applied = await _write(
            database, state, back.objects, undoing(change.id, now), realm=realm, who=who, what=what, now=now
        )
        return change, applied

    return await _tried(attempt)


async def _wanted(database: Database, state: State, draft: Draft, *, prune: bool, realm: str) -> Objects:
    if not draft.is_whole:
        raise draft.source.rejected(draft.problems)
    if state.realm:
        await Meta(database).realm(realm)  # raises when the configuration has another
    merged = wanted(state, draft.document, prune=prune, realm=realm)
    found = [*draft.problems, *merged.problems]
    known = {problem.path for problem in found}
    found += [one for one in _unfit(state, merged.objects, merged.paths) if one.path not in known]
    if found:
        raise draft.source.rejected(found)
    return merged.objects


def _unfit(state: State, objects: Objects, paths: Mapping[Key, Path]) -> list[Problem]:
    """What does not fit together, but for what did not before and is not in the document."""
    found = checks.problems(objects, paths)
    if any(not problem.path for problem in found):
        before = {problem.what for problem in checks.problems(state.objects, {})}
        found = [problem for problem in found if problem.path or problem.what not in before]
    return found


async def _write(
    database: Database,
    state: State,
    objects: Objects,
    *more: Step,
    realm: str,
    who: str,
    what: str,
    now: float,
) -> Applied:
    pairs = touched(state.objects, objects)
    if not pairs and not more:
        return Applied(0, ())
    before = noted([old for old, _ in pairs if old is not None])
    after = noted([new for _, new in pairs if new is not None])
    rows = await database.transact(
        [
            unless_changed(state.changes),
            *steps(pairs, objects, realm=realm, now=now),
            *more,
            ANNOUNCE,
            appending(now, who, f"{what}: {_counted(pairs)}", before, after),
        ]
    )
    return Applied(int(rows[-1][0][0]), differences(pairs))


async def _change(database: Database, id: int | None) -> Change:
    changes = Changes(database)
    if id is None:
        newest = [
            one for one in await changes.newest() if not one.undone and not one.summary.startswith(UNDO)
        ]
        if not newest:
            raise Rejected("there is nothing to undo:", ["no change has been applied that is still in place"])
        return newest[0]
    change = await changes.by_id(id)
    if change is None:
        raise Rejected(
            "there is nothing to undo:", [f"there is no change {id}; `offhook changes` shows them"]
        )
    if change.undone is not None:
        raise Rejected("there is nothing to undo:", [f"change {id} has been undone already"])
    return change


async def _tried(attempt: Callable[[], Awaitable[T]]) -> T:
    """Again, when another command was quicker."""
    for _ in range(_ATTEMPTS):
        try:
            return await attempt()
        except Conflict:
            continue
    raise StoreError("somebody else is changing the same things at this moment: try again")


def _counted(pairs: Sequence[Pair]) -> str:
    added = sum(old is None for old, _ in pairs)
    removed = sum(new is None for _, new in pairs)
    return f"{added} added, {len(pairs) - added - removed} changed, {removed} removed"
