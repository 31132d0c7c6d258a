"""Groups: named circles of users, in which each member is active or only looked after.

Members have an order: that in which they joined, until a document gives them another.
A group is called by its name in any capitals, for a person writes it on the command line.
"""

from offhook.dialplan.model import Ringing
from offhook.people.groups import Group
from offhook.store.database import Conflict, Database, Step, StoreError, Value
from offhook.store.keys import Keys
from offhook.store.meta import ANNOUNCE
from offhook.store.users import checked_name, username_key
from offhook.store.values import read

_ALL = (
    "select g.id, g.name, g.ringing, m.user_id, m.active"
    " from groups g left join group_members m on m.group_id = g.id"
)


class Groups:
    """With `announce`, for a process other than the server: each change tells the server to look."""

    def __init__(self, database: Database, site: str, *, announce: bool = False) -> None:
        self._database = database
        self._keys = Keys(site)
        self._after: list[Step] = [ANNOUNCE] if announce else []

    async def load_all(self) -> list[Group]:
        """In the order of their names."""
        return await self._load(f"{_ALL} order by g.name_key, m.position, m.user_id")

    async def by_name(self, name: str) -> Group | None:
        only = f"{_ALL} where g.name_key = $1 order by m.position, m.user_id"
        found = await self._load(only, username_key(name))
        return found[0] if found else None

    async def create(self, name: str) -> Group:
        """A new group without members or a number. Raises Conflict, StoreError."""
        name = checked_name(name)
        insert = "insert into groups (name, name_key) values ($1, $2) returning id"
        try:
            rows = await self._database.transact([(insert, (name, username_key(name))), *self._after])
        except Conflict:
            raise Conflict(f"there is a group {name} already") from None
        return Group(self._keys.id(rows[0][0][0]), name, ())

    async def delete(self, id: str) -> None:
        """Its members stay."""
        await self._change("delete from groups where id = $1", self._keys.key(id))

    async def join(self, id: str, user: str, *, active: bool = True) -> None:
        """Make a user the last member; again: active or not. Raises StoreError when either is gone."""
        try:
            await self._change(
                "insert into group_members (group_id, user_id, active, position) values ($1, $2, $3,"
                " (select coalesce(max(position), 0) + 1 from group_members where group_id = $1))"
                " on conflict (group_id, user_id) do update set active = excluded.active",
                self._keys.key(id),
                self._keys.key(user),
                active,
            )
        except Conflict:
            raise StoreError("the group or the user has been removed meanwhile") from None

    async def leave(self, id: str, user: str) -> None:
        await self._change(
            "delete from group_members where group_id = $1 and user_id = $2",
            self._keys.key(id),
            self._keys.key(user),
        )

    async def _change(self, sql: str, *values: Value) -> None:
        await self._database.transact([(sql, values), *self._after])

    async def _load(self, sql: str, *values: str) -> list[Group]:
        groups: dict[int, tuple[str, Ringing | None]] = {}
        members: dict[int, list[tuple[str, bool]]] = {}
        for id, name, ringing, user, active in await self._database.read(sql, *values):
            if id not in groups:
                whose = f"how the group {name} in the database rings"
                groups[id] = name, None if ringing is None else read(ringing, Ringing, whose)
            of = members.setdefault(id, [])
            if user is not None:
                of.append((self._keys.id(user), bool(active)))
        return [
            Group(self._keys.id(id), name, tuple(members[id]), ringing)
            for id, (name, ringing) in groups.items()
        ]
