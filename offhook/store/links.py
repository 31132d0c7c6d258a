"""One-time sign-in links: a user sets a password that nobody else has ever seen.

Only a hash of the token is kept, so a copy of the database opens no account.
"""

import hashlib
import secrets

from offhook.store.database import Database
from offhook.store.keys import Keys

LIFETIME = 7 * 24 * 3600.0  # seconds


class Links:
    def __init__(self, database: Database, site: str) -> None:
        self._database = database
        self._keys = Keys(site)

    async def make(self, user: str, *, now: float) -> str:
        """A new token for this user; former ones stop working."""
        token = secrets.token_urlsafe(24)
        key = self._keys.key(user)
        await self._database.transact(
            [
                ("delete from one_time_links where user_id = $1 or expires <= $2", (key, now)),
                (
                    "insert into one_time_links (token_hash, user_id, expires) values ($1, $2, $3)",
                    (token_hash(token), key, now + LIFETIME),
                ),
            ]
        )
        return token

    async def owner(self, token: str, *, now: float) -> str | None:
        """The id of the user whose link this is, while it works."""
        rows = await self._database.read(
            "select user_id from one_time_links where token_hash = $1 and expires > $2",
            token_hash(token),
            now,
        )
        return self._keys.id(rows[0][0]) if rows else None

    async def use(self, token: str, password_hash: str, *, now: float) -> str | None:
        """Set the password of the token's user and use the token up, both or neither; the user's id."""
        hashed = token_hash(token)
        rows = await self._database.transact(
            [
                (
                    "update users set password_hash = $1 where id in"
                    " (select user_id from one_time_links where token_hash = $2 and expires > $3)"
                    " returning id",
                    (password_hash, hashed, now),
                ),
                ("delete from one_time_links where token_hash = $1", (hashed,)),
            ]
        )
        return self._keys.id(rows[0][0][0]) if rows[0] else None


def token_hash(token: str) -> str:
    """Tokens are random and long, so a plain hash keeps them as safe as a slow one would."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
