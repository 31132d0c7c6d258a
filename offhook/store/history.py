"""Call records, read: lists of past calls in pages, one call with all its steps, and what is too old.

A list costs the same however many records there are: `ix_records_listed` holds each user's missed,
incoming and outgoing calls in the order of their ids, and a page is the newest of these three.
"""
# ruff: noqa: S608  # the only words put into statements are this module's own

from typing import Literal

import msgspec

from offhook.store.database import Database, Row, Value, in_slices
from offhook.store.keys import Keys
from offhook.store.records import COLUMNS, Event, Listed, Record, record_of
from offhook.store.search import patterns

Filter = Literal["all", "missed", "incoming", "outgoing"]

NEVER = 1e18  # seconds: as late as no call begins

_LISTS: dict[Filter, tuple[Listed, ...]] = {
    "all": ("missed", "incoming", "outgoing"),
    "missed": ("missed",),
    "incoming": ("missed", "incoming"),
    "outgoing": ("outgoing",),
}
# Whoever has been removed is nobody's id any more; records are not gone through for that.
_COLUMNS = COLUMNS
for _user in ("other_user", "via_user", "to_user"):
    _COLUMNS = _COLUMNS.replace(_user, f"(select users.id from users where users.id = {_user}) as {_user}")
_MOST_COUNTED = 1000
_CLOCK_SLACK = 86400.0  # seconds by which the machine's clock may have been wrong
_events = msgspec.json.Decoder(tuple[Event, ...])


class History:
    def __init__(self, database: Database, site: str) -> None:
        self._database = database
        self._keys = Keys(site)

    async def page(
        self, user: str, *, before: str = "", limit: int = 50, filter: Filter = "all", search: str = ""
    ) -> list[Record]:
        """A user's calls that are over, newest first, older than the record `before`; without events.

        With `search` those whose other party has every word of it in number or name.
        """
        values: list[Value] = [self._keys.key(user), limit]
        where = ""
        if before:
            values.append(self._keys.key(before))
            where = f" and id < ${len(values)}"
        for pattern in patterns(search):
            values.append(pattern)
            where += f" and search like ${len(values)}"
        newest = " union all ".join(
            f"select * from (select id from records where user_id = $1 and list = '{listed}'{where}"
            f" order by id desc limit $2) as {listed}"
            for listed in _LISTS[filter]
        )
        rows = await self._database.read(
            f"select {_COLUMNS} from records where id in ({newest}) order by id desc limit $2", *values
        )
        return [record_of(self._keys, row) for row in rows]

    async def missed_since(self, user: str, id: str) -> int:
        """How many calls a user has missed after the record `id`; 1000 stands for more."""
        rows = await self._database.read(
            "select count(*) from (select 1 from records where user_id = $1 and list = 'missed' and id > $2"
            f" limit {_MOST_COUNTED}) as missed",
            self._keys.key(user),
            self._keys.key(id) if id else 0,
        )
        return int(rows[0][0])

    async def detail(self, user: str, id: str) -> list[Record]:
        """One of a user's records, and those that continue it, with their events; empty if there is none."""
        rows = await self._database.read(
            f"select {_COLUMNS}, events from records where user_id = $1 and (id = $2 or part_of = $2)"
            " order by id",
            self._keys.key(user),
            self._keys.key(id),
        )
        return [self._with_events(row) for row in rows]

    async def by_id(self, id: str) -> Record | None:
        """With its events."""
        rows = await self._database.read(
            f"select {_COLUMNS}, events from records where id = $1", self._keys.key(id)
        )
        return self._with_events(rows[0]) if rows else None

    async def own(
        self, user: str, *, after: str = "", since: float = 0.0, until: float = NEVER, limit: int = 500
    ) -> list[Record]:
        """A user's listed calls begun in [since, until), oldest first, from after the record `after`."""
        start = self._keys.key(after) if after else await self._last_before(since)
        oldest = " union all ".join(
            f"select * from (select id from records where user_id = $1 and list = '{listed}' and id > $3"
            f" and begun >= $4 and begun < $5 order by id limit $2) as {listed}"
            for listed in _LISTS["all"]
        )
        rows = await self._database.read(
            f"select {_COLUMNS}, events from records where id in ({oldest}) order by id limit $2",
            self._keys.key(user),
            limit,
            start,
            since,
            until,
        )
        return await in_slices(rows, self._with_events)

    async def everybodys(
        self,
        *,
        user: str = "",
        after: str = "",
        since: float = 0.0,
        until: float = NEVER,
        limit: int = 500,
    ) -> list[Record]:
        """As `own`, but of all users or of `user`, and with those records that continue others."""
        start = self._keys.key(after) if after else await self._last_before(since)
        values: list[Value] = [limit, start, since, until]
        if user:
            values.append(self._keys.key(user))
        rows = await self._database.read(
            f"select {_COLUMNS}, events from records where ended is not null and id > $2"
            f" and begun >= $3 and begun < $4{' and user_id = $5' if user else ''} order by id limit $1",
            *values,
        )
        return await in_slices(rows, self._with_events)

    async def forget_before(self, begun: float, *, slice: int = 200) -> int:
        """Delete those of the oldest `slice` records that began earlier; how many these were.

        Ids are given in the order in which calls begin, so that the oldest need not be looked for.
        """
        (gone,) = await self._database.transact(
            [
                (
                    "delete from records where id in (select id from records order by id limit $1)"
                    " and begun < $2 and complete returning id",
                    (slice, begun),
                )
            ]
        )
        return len(gone)

    async def _last_before(self, begun: float) -> int:
        """A row before all that began from then on; not the last such, as clocks are set now and then."""
        if begun <= 0.0:
            return 0
        low, high = 0, (await self._database.read("select coalesce(max(id), 0) from records"))[0][0]
        while low < high:
            middle = (low + high + 1) // 2
            rows = await self._database.read(
                "select begun from records where id <= $1 order by id desc limit 1", middle
            )
            if not rows or rows[0][0] < begun - _CLOCK_SLACK:
                low = middle
            else:
                high = middle - 1
        return int(low)

    def _with_events(self, row: Row) -> Record:
        return msgspec.structs.replace(record_of(self._keys, row[:-1]), events=_events.decode(row[-1]))
