"""What users have spent outside today, kept so that a restart does not begin a new day.

The running server's memory is the truth; this is its copy on disk.
"""

import asyncio

from offhook.store.database import Database
from offhook.store.keys import NO_ROW, Keys


class Tolls:
    """Days are written so that a later one sorts behind an earlier one: 2026-11-23."""

    def __init__(self, database: Database, site: str) -> None:
        self._database = database
        self._keys = Keys(site)

    async def load(self, day: str) -> list[tuple[str, str, str, int]]:
        """User, day, toll and count of this day; what is older is forgotten."""
        await self._database.write("delete from tolls where day < $1", [(day,)])
        rows = await self._database.read("select user_id, day, toll, count from tolls where day = $1", day)
        return [(self._keys.id(user), day, toll, count) for user, day, toll, count in rows]

    def keep(self, user: str, day: str, toll: str, count: int) -> "asyncio.Future[None]":
        """The count of this user is this now."""
        key = self._keys.key(user)
        return self._database.write(
            "insert into tolls (user_id, day, toll, count) values ($1, $2, $3, $4)"
            " on conflict (user_id, day, toll) do update set count = excluded.count",
            [] if key == NO_ROW else [(key, day, toll, count)],
        )
