"""Changes: every configuration that was applied, with what it touched as it was before and after."""
# ruff: noqa: S608  # the only words put into statements are this module's own

from dataclasses import dataclass

from offhook.store.database import Database, Row, Step

_COLUMNS = "id, at, who, summary, undone"
_HIGHEST = 2**63 - 1  # a person may type a number that no database could look up


@dataclass(frozen=True, slots=True)
class Change:
    """Who applied what and when, in Unix seconds; `undone` is when it was taken back."""

    id: int
    at: float
    who: str
    summary: str
    undone: float | None = None


class Changes:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, limit: int = 100) -> list[Change]:
        """The newest first."""
        rows = await self._database.read(f"select {_COLUMNS} from changes order by id desc limit $1", limit)
        return [_change(row) for row in rows]

    async def by_id(self, id: int) -> Change | None:
        if not 0 < id <= _HIGHEST:
            return None
        rows = await self._database.read(f"select {_COLUMNS} from changes where id = $1", id)
        return _change(rows[0]) if rows else None

    async def touched(self, id: int) -> tuple[str, str] | None:
        """The objects of a change before and after it, in the JSON they were given in."""
        if not 0 < id <= _HIGHEST:
            return None
        rows = await self._database.read("select before, after from changes where id = $1", id)
        return (str(rows[0][0]), str(rows[0][1])) if rows else None


def appending(at: float, who: str, summary: str, before: str, after: str) -> Step:
    """The step that notes a change, in the transaction that makes it; its row has the change's number."""
    insert = "insert into changes (at, who, summary, before, after) values ($1, $2, $3, $4, $5) returning id"
    return insert, (at, who, summary, before, after)


def undoing(id: int, at: float) -> Step:
    """The step that notes that a change was taken back; it returns a row unless that was so already."""
    return "update changes set undone = $1 where id = $2 and undone is null returning id", (at, id)


def _change(row: Row) -> Change:
    id, at, who, summary, undone = row
    return Change(id, at, who, summary, undone)
