"""Users: who can sign in and be called."""
# ruff: noqa: S608  # the only words put into statements are this module's own

import unicodedata

from offhook.dialplan.model import ROOT, Line
from offhook.people.directory import User
from offhook.store.database import Conflict, Database, Row, Step, StoreError, Value, in_slices
from offhook.store.keys import Keys
from offhook.store.meta import ANNOUNCE
from offhook.store.search import patterns, searchable
from offhook.store.values import kept, read

_COLUMNS = "id, username, name, number, device, do_not_disturb, call_waiting, node, line"
_MOST_LETTERS = 64


class Users:
    """With `announce`, for a process other than the server: each change tells the server to look."""

    def __init__(self, database: Database, site: str, *, announce: bool = False) -> None:
        self._database = database
        self._keys = Keys(site)
        self._after: list[Step] = [ANNOUNCE] if announce else []

    async def load_all(self) -> list[User]:
        rows = await self._database.read(f"select {_COLUMNS} from users order by id")
        return await in_slices(rows, self._user)

    async def by_id(self, id: str) -> User | None:
        return await self._one("id = $1", self._keys.key(id))

    async def by_username(self, username: str) -> User | None:
        return await self._one("username_key = $1", username_key(username))

    async def search(self, typed: str, *, offset: int = 0, limit: int = 100) -> tuple[int, list[User]]:
        """How many users match every word typed, and one page of them in the order of their names."""
        words = patterns(typed)
        where = " and ".join(f"search like ${n}" for n in range(1, len(words) + 1)) or "1 = 1"
        total = await self._database.read(f"select count(*) from users where {where}", *words)
        rows = await self._database.read(
            f"select {_COLUMNS} from users where {where} order by search, id"
            f" limit ${len(words) + 1} offset ${len(words) + 2}",
            *words,
            limit,
            offset,
        )
        return int(total[0][0]), [self._user(row) for row in rows]

    async def add(self, username: str, name: str, number: str, *, now: float) -> User:
        """A new user with a browser device, chosen for dialling. Raises Conflict, StoreError."""
        username, name, number = checked_username(username), checked_name(name), checked_number(number)
        key = username_key(username)
        steps: list[Step] = [
            (
                "insert into users (username, username_key, name, number, search, created)"
                " values ($1, $2, $3, $4, $5, $6)",
                (username, key, name, number, searchable(name, username, number), now),
            ),
            (
                "insert into devices (user_id, name, kind, ha1_md5, ha1_sha256, created)"
                " select id, 'Browser', 'browser', '', '', created from users where username_key = $1",
                (key,),
            ),
            (
                "update users set device = (select d.id from devices d where d.user_id = users.id)"
                f" where username_key = $1 returning {_COLUMNS}",
                (key,),
            ),
        ]
        try:
            rows = await self._database.transact(steps + self._after)
        except Conflict as error:
            raise await self._taken(username, number) or error from None
        return self._user(rows[2][0])

    async def password_hash(self, id: str) -> str | None:
        """None while nobody has used the one-time link."""
        rows = await self._database.read("select password_hash from users where id = $1", self._keys.key(id))
        return str(rows[0][0]) if rows and rows[0][0] is not None else None

    async def set_password_hash(self, id: str, password_hash: str) -> None:
        """A link still on its way to the user is worth nothing from now on."""
        key = self._keys.key(id)
        await self._database.transact(
            [
                ("update users set password_hash = $1 where id = $2", (password_hash, key)),
                ("delete from one_time_links where user_id = $1", (key,)),
                *self._after,
            ]
        )

    async def set_device(self, id: str, device: str) -> None:
        """Choose the device that dialling starts from; "" for none."""
        update = "update users set device = $1 where id = $2"
        await self._change(update, self._keys.key_or_null(device), self._keys.key(id))

    async def set_preferences(
        self, id: str, *, do_not_disturb: bool, call_waiting: bool, line: Line | None = None
    ) -> None:
        """Without `line` it stays as it is, whoever may be changing it."""
        values = (do_not_disturb, call_waiting, None if line is None else kept(line), self._keys.key(id))
        await self._change(
            "update users set do_not_disturb = $1, call_waiting = $2,"
            " line = coalesce(cast($3 as text), line) where id = $4",
            *values,
        )

    async def remove(self, id: str) -> None:
        """With all that is theirs: devices, links, sessions. Records stay, whoever's they are."""
        await self._change("delete from users where id = $1", self._keys.key(id))

    async def _change(self, sql: str, *values: Value) -> None:
        await self._database.transact([(sql, values), *self._after])

    async def _one(self, where: str, *values: str | int) -> User | None:
        rows = await self._database.read(f"select {_COLUMNS} from users where {where}", *values)
        return self._user(rows[0]) if rows else None

    async def _taken(self, username: str, number: str) -> Conflict | None:
        if await self.by_username(username) is not None:
            return Conflict(f"there is a user {username} already")
        if (user := await self._one("number = $1 and node = $2", number, ROOT)) is not None:
            return Conflict(f"the number {number} belongs to {user.username} already")
        return None

    def _user(self, row: Row) -> User:
        id, username, name, number, device, do_not_disturb, call_waiting, node, line = row
        return User(
            self._keys.id(id),
            username,
            name,
            number,
            self._keys.id(device),
            bool(do_not_disturb),  # SQLite has numbers for it
            bool(call_waiting),
            node,
            read(line, Line, f"the line of {username} in the database"),
        )


def username_key(username: str) -> str:
    """What two user names are compared by: nobody remembers capitals."""
    return unicodedata.normalize("NFC", username).casefold()


def checked_username(username: str) -> str:
    username = unicodedata.normalize("NFC", username)
    if not 1 <= len(username) <= _MOST_LETTERS or not all(c.isalnum() or c in "._-" for c in username):
        raise StoreError(
            f"{username!r} is no user name: write 1 to {_MOST_LETTERS} letters, digits, . _ or -"
        )
    return username


def checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 2 * _MOST_LETTERS or not name.isprintable():
        raise StoreError(f"{name!r} is no name: write 1 to {2 * _MOST_LETTERS} letters")
    return name


def checked_number(number: str) -> str:
    if not 1 <= len(number) <= 32 or not number.isascii() or not number.removeprefix("+").isdecimal():
        raise StoreError(
            f"{number!r} is no number: write 1 to 32 digits, with a + before them where it has one"
        )
    return number
