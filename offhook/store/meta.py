"""What the server notes about itself: how often it started, when it last lived, its realm."""

import asyncio

from offhook.store.database import Database, Step, StoreError

# For processes beside the server (the command line): the server looks for this every two seconds.
ANNOUNCE: Step = (
    "insert into meta (key, value) values ('changes', '1') on conflict (key)"
    " do update set value = cast(cast(meta.value as integer) + 1 as text)",
    (),
)


class Meta:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def next_boot(self) -> int:
        """One more than at the last start; the first is 1."""
        rows = await self._database.transact(
            [
                (
                    "insert into meta (key, value) values ('boot', '1') on conflict (key)"
                    " do update set value = cast(cast(meta.value as integer) + 1 as text) returning value",
                    (),
                )
            ]
        )
        return int(rows[0][0][0])

    def stamp_alive(self, wall: float) -> "asyncio.Future[None]":
        """Say that the server lived at this time; after a crash, open records end there."""
        return self._database.write(
            "insert into meta (key, value) values ('alive', $1)"
            " on conflict (key) do update set value = excluded.value",
            [(repr(wall),)],
        )

    async def last_alive(self) -> float | None:
        value = await self._get("alive")
        return float(value) if value else None

    async def realm(self, wanted: str) -> str:
        """The realm the phones' secrets were made for: `wanted` if there is none yet.

        Raises StoreError when it is another, for no phone could sign in any more.
        """
        rows = await self._database.transact(
            [
                (
                    "insert into meta (key, value) values ('realm', $1) on conflict (key) do nothing",
                    (wanted,),
                ),
                ("select value from meta where key = 'realm'", ()),
            ]
        )
        kept = str(rows[1][0][0])
        if kept != wanted:
            raise StoreError(
                f"the phones in this database have secrets for the realm {kept!r}, not {wanted!r}:"
                f" write realm = {kept!r} under [sip]"
            )
        return kept

    async def changes(self) -> int:
        """Grows whenever another process changed users or devices: time to load them again."""
        return int(await self._get("changes") or 0)

    async def _get(self, key: str) -> str | None:
        rows = await self._database.read("select value from meta where key = $1", key)
        return str(rows[0][0]) if rows else None
