"""Call records: for each call one row per user who took part.

A record is kept when its call is accepted for routing, again when it is answered and again when it
ends: the same whole row each time, so that writing it twice does no harm. While the disk does not
answer the rows wait in memory and the calls go on.
"""
# ruff: noqa: S608  # the only words put into statements are this module's own

import asyncio
from collections.abc import Iterable
from typing import Literal

import msgspec

from offhook.store.database import Database, Row, Value
from offhook.store.keys import Keys

Direction = Literal["in", "out"]
Outcome = Literal["answered", "missed", "declined", "busy", "cancelled", "failed", "elsewhere"]
Filter = Literal["all", "missed", "incoming", "outgoing"]

_COLUMNS = (
    "id, call, user_id, direction, outcome, other_number, other_name, other_user,"
    " device, begun, answered, ended, cause"
)
_KEEP = (
    f"insert into records ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    " on conflict (id) do update set outcome = excluded.outcome,"
    " other_number = excluded.other_number, other_name = excluded.other_name,"
    " other_user = excluded.other_user, device = excluded.device, answered = excluded.answered,"
    " ended = excluded.ended, cause = excluded.cause"
)
_FILTERS: dict[Filter, str] = {
    "all": "",
    "missed": " and direction = 'in' and outcome = 'missed'",
    "incoming": " and direction = 'in'",
    "outgoing": " and direction = 'out'",
}


class Record(msgspec.Struct, frozen=True):
    """One user's part in one call. `ended` is None while it lives; its `outcome` is then a guess.

    `number`, `name` and `other` (a user id, or "") are the other party's. Times are Unix seconds.
    """

    id: str
    call: str
    user: str
    direction: Direction
    outcome: Outcome
    number: str
    name: str
    other: str
    device: str
    begun: float
    answered: float | None = None
    ended: float | None = None
    cause: str = ""

    @property
    def topics(self) -> tuple[str, ...]:
        return (f"own.{self.user}",)


class Records:
    """Made by `open`, by the one server that writes to this database."""

    def __init__(self, database: Database, site: str, last: int) -> None:
        self._database = database
        self._keys = Keys(site)
        self._last = last

    @classmethod
    async def open(cls, database: Database, site: str) -> "Records":
        rows = await database.read("select max(id) from records")
        return cls(database, site, rows[0][0] or 0)

    def new_id(self) -> str:
        """The next id; known at once, so that a record can be named before the disk has answered."""
        self._last += 1
        return self._keys.id(self._last)

    def keep(self, records: Iterable[Record]) -> "asyncio.Future[None]":
        """Write these as they are now, in the next group commit; done when they are on disk."""
        return self._database.write(_KEEP, [self._row(record) for record in records])

    async def page(
        self, user: str, *, before: str = "", limit: int = 50, filter: Filter = "all"
    ) -> list[Record]:
        """A user's ended calls, newest first, older than the record `before`."""
        older = " and id < $3" if before else ""
        values = (self._keys.key(before),) if before else ()
        rows = await self._database.read(
            f"select {_COLUMNS} from records where user_id = $1 and ended is not null"
            f"{_FILTERS[filter]}{older} order by id desc limit $2",
            self._keys.key(user),
            limit,
            *values,
        )
        return [self._record(row) for row in rows]

    async def close_open(self, end: float) -> None:
        """End what a crash left open at `end`, the last time the server was seen alive."""
        await self._database.write(
            "update records set cause = 'restart',"
            " outcome = case when answered is null then 'failed' else 'answered' end,"
            " ended = case when $1 > coalesce(answered, begun) then $1 else coalesce(answered, begun) end"
            " where ended is null",
            [(end,)],
        )

    def _row(self, record: Record) -> tuple[Value, ...]:
        keys = self._keys
        return (
            keys.key(record.id),
            record.call,
            keys.key(record.user),
            record.direction,
            record.outcome,
            _storable(record.number),
            _storable(record.name),
            keys.key_or_null(record.other),
            keys.key_or_null(record.device),
            record.begun,
            record.answered,
            record.ended,
            record.cause,
        )

    def _record(self, row: Row) -> Record:
        id, call, user, direction, outcome, number, name, other, device, begun, answered, ended, cause = row
        return Record(
            self._keys.id(id),
            call,
            self._keys.id(user),
            direction,
            outcome,
            number,
            name,
            self._keys.id(other),
            self._keys.id(device),
            begun,
            answered,
            ended,
            cause,
        )


def _storable(text: str) -> str:
    """Text from a stranger's phone: PostgreSQL refuses NUL, both refuse half a surrogate pair."""
    if text.isprintable():  # which neither of them is
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode()
