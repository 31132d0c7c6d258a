"""What webhooks are owed: one row for each record and hook, waiting, delivered or given up.

Rows come into being with the last write of their record (records.py) and are kept for a while after
they are over, as the log of what was delivered. Times are Unix seconds.
"""
# ruff: noqa: S608  # the only words put into statements are this module's own

from collections.abc import Sequence

import msgspec

from offhook.store.database import Database, Row
from offhook.store.keys import Keys

_COLUMNS = "id, hook, record, created, attempts, next_try, finished, status, problem"
_LONGEST_PROBLEM = 200  # letters


class Delivery(msgspec.Struct, frozen=True):
    """`next_try` is None once it is over: then `problem` is empty when the hook has taken it.

    `status` is the last answer's, None if there was none.
    """

    id: str
    hook: str
    record: str
    created: float
    attempts: int = 0
    next_try: float | None = None
    finished: float | None = None
    status: int | None = None
    problem: str = ""


class Deliveries:
    def __init__(self, database: Database, site: str) -> None:
        self._database = database
        self._keys = Keys(site)

    async def due(self, hook: str, now: float) -> Delivery | None:
        """The oldest that may be tried at `now`."""
        rows = await self._database.read(
            f"select {_COLUMNS} from deliveries where hook = $1 and next_try is not null and next_try <= $2"
            " order by id limit 1",
            hook,
            now,
        )
        return self._delivery(rows[0]) if rows else None

    async def attempted(self, delivery: Delivery) -> None:
        """Keep what became of an attempt."""
        await self._database.write(
            "update deliveries set attempts = $1, next_try = $2, finished = $3, status = $4, problem = $5"
            " where id = $6",
            [
                (
                    delivery.attempts,
                    delivery.next_try,
                    delivery.finished,
                    delivery.status,
                    delivery.problem[:_LONGEST_PROBLEM],
                    self._keys.key(delivery.id),
                )
            ],
        )

    async def wake(self, hook: str, now: float) -> None:
        """It answers again: whatever it is owed may be tried now, in the order of the calls."""
        await self._database.write(
            "update deliveries set next_try = $1 where hook = $2 and next_try is not null", [(now, hook)]
        )

    async def give_up_unknown(self, hooks: Sequence[str], now: float) -> None:
        """What is owed to hooks that are no longer configured will never be delivered."""
        others = " and ".join(f"hook <> ${n}" for n in range(2, len(hooks) + 2)) or "1 = 1"
        await self._database.write(
            "update deliveries set next_try = null, finished = $1, problem = 'no longer configured'"
            f" where next_try is not null and {others}",
            [(now, *hooks)],
        )

    async def forget_before(self, finished: float, *, slice: int = 200) -> int:
        """Delete those of the oldest `slice` that were over earlier; how many these were."""
        (gone,) = await self._database.transact(
            [
                (
                    "delete from deliveries where id in (select id from deliveries order by id limit $1)"
                    " and finished < $2 returning id",
                    (slice, finished),
                )
            ]
        )
        return len(gone)

    async def log(self, *, failed: bool = False, limit: int = 100) -> list[Delivery]:
        """The newest first; with `failed` those that the hook has not taken, yet or for good."""
        where = " where problem <> ''" if failed else ""
        rows = await self._database.read(
            f"select {_COLUMNS} from deliveries{where} order by id desc limit $1", limit
        )
        return [self._delivery(row) for row in rows]

    def _delivery(self, row: Row) -> Delivery:
        id, hook, record, *rest = row
        return Delivery(self._keys.id(id), hook, self._keys.id(record), *rest)
