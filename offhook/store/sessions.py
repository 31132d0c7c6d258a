"""Sessions of signed-in browsers. A cookie holds the token; only its hash is kept here."""

import asyncio
import secrets
from dataclasses import dataclass

from offhook.store.database import Database
from offhook.store.keys import Keys
from offhook.store.links import token_hash

LIFETIME = 30 * 24 * 3600.0  # seconds since it was last seen


@dataclass(frozen=True, slots=True)
class Session:
    """`token_hash` is its key; the token itself is known to the browser alone. Times are Unix seconds."""

    token_hash: str
    user: str
    created: float
    seen: float
    expires: float


class Sessions:
    def __init__(self, database: Database, site: str) -> None:
        self._database = database
        self._keys = Keys(site)

    async def make(self, user: str, *, now: float) -> str:
        """Sign a user in; the token for the cookie."""
        token = secrets.token_urlsafe(32)
        await self._database.write(
            "insert into sessions (token_hash, user_id, created, seen, expires) values ($1, $2, $3, $4, $5)"
            " on conflict (token_hash) do nothing",
            [(token_hash(token), self._keys.key(user), now, now, now + LIFETIME)],
        )
        return token

    async def find(self, token: str, *, now: float) -> Session | None:
        rows = await self._database.read(
            "select token_hash, user_id, created, seen, expires from sessions"
            " where token_hash = $1 and expires > $2",
            token_hash(token),
            now,
        )
        return self._session(rows[0]) if rows else None

    def touch(self, token: str, *, now: float) -> "asyncio.Future[None]":
        """Seen again: it lasts `LIFETIME` from now. Once an hour is often enough."""
        return self._database.write(
            "update sessions set seen = $1, expires = $2 where token_hash = $3",
            [(now, now + LIFETIME, token_hash(token))],
        )

    async def end(self, token: str) -> None:
        await self._database.write("delete from sessions where token_hash = $1", [(token_hash(token),)])

    async def end_all(self, user: str, *, but: str = "") -> None:
        """Sign a user out everywhere, except where the token is `but`: after a change of password."""
        await self._database.write(
            "delete from sessions where user_id = $1 and token_hash <> $2",
            [(self._keys.key(user), token_hash(but))],
        )

    async def forget_expired(self, *, now: float) -> None:
        await self._database.write("delete from sessions where expires <= $1", [(now,)])

    def _session(self, row: tuple[str, int, float, float, float]) -> Session:
        hashed, user, created, seen, expires = row
        return Session(hashed, self._keys.id(user), created, seen, expires)
