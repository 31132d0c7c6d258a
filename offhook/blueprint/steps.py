"""The statements that make the database what it shall be: all kinds of objects, in one transaction.

The classes of the store change one thing each and commit it; here everything goes together or not at all,
so these statements are in one place, beside `kept` which reads what they write.
"""
# ruff: noqa: S608  # the only words put into statements are this module's own

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar

from offhook.blueprint.document import Device, Group, Mobile, Phone, User, labels
from offhook.blueprint.kept import Kept, Objects, tables_of
from offhook.store.database import Step, Value, Values
from offhook.store.plan import replacing
from offhook.store.search import searchable
from offhook.store.users import username_key
from offhook.store.values import kept as as_json
from offhook.store.values import kept_or_null

Pair = tuple[Kept | None, Kept | None]  # as it is, as it will be
Columns = dict[str, Value]
T = TypeVar("T")

_ROWS = 100  # in one statement
_USER = "(select id from users where username_key = {})"
_GROUP = "(select id from groups where name_key = {})"


def steps(pairs: Sequence[Pair], wanted: Objects, *, realm: str, now: float) -> list[Step]:
    """From what is to what is wanted, for the objects that differ."""
    return [
        *([] if all(_is_person(pair) for pair in pairs) else replacing(tables_of(wanted))),
        *_making_room(pairs),
        *_users(pairs, now),
        *_devices(pairs, now),
        *_chosen(pairs),
        *_groups(pairs),
        *_realm(wanted, realm),
    ]


def unless_changed(changes: str) -> Step:
    """Fails when a command has changed anything since: `value` cannot be null."""
    return (
        "insert into meta (key, value) select 'changes', null"
        " where coalesce((select value from meta where key = 'changes'), '0') <> $1",
        (changes,),
    )


def _is_person(pair: Pair) -> bool:
    return any(one is not None and one.kind in ("user", "group") for one in pair)


# ---- who goes, and whose number somebody else will have


def _making_room(pairs: Iterable[Pair]) -> Iterator[Step]:
    for old, new in pairs:
        if old is None or old.kind not in ("user", "group"):
            continue
        if new is None:
            yield f"delete from {old.kind}s where id = $1", (old.row,)
        elif isinstance(old.value, User) and isinstance(new.value, User):
            for id in set(old.devices) - set(new.devices):
                yield "delete from devices where id = $1", (id,)
            if _moves(old.value, new.value):
                yield "update users set number = $1 where id = $2", (f"~{old.row}", old.row)
            if old.value.password_hash != new.value.password_hash:
                yield "delete from sessions where user_id = $1", (old.row,)
                yield "delete from one_time_links where user_id = $1", (old.row,)


def _moves(old: User, new: User) -> bool:
    return (old.node, old.number) != (new.node, new.number)


# ---- users


def _users(pairs: Iterable[Pair], now: float) -> Iterator[Step]:
    added: list[tuple[int, Columns]] = []
    for old, new in pairs:
        if new is None or not isinstance(new.value, User):
            continue
        columns = _user_columns(new.value)
        if old is not None and isinstance(old.value, User):
            before = _user_columns(old.value)
            if _moves(old.value, new.value):
                before["number"] = None  # it has been taken away, for others to have
            yield from _updated("users", old.row, before, columns)
        else:
            added.append((new.row, {**columns, "created": now}))
    yield from _inserted("users", added)


def _user_columns(user: User) -> Columns:
    return {
        "username": user.username,
        "username_key": username_key(user.username),
        "name": user.name,
        "node": user.node,
        "number": user.number,
        "search": searchable(user.name, user.username, user.number),
        "password_hash": user.password_hash,
        "do_not_disturb": user.do_not_disturb,
        "call_waiting": user.call_waiting,
        "line": as_json(user.line),
    }


def _devices(pairs: Iterable[Pair], now: float) -> Iterator[Step]:
    added: list[tuple[int, Columns]] = []
    for old, new in pairs:
        if new is None or not isinstance(new.value, User):
            continue
        former = (
            dict(zip(old.devices, old.value.devices, strict=True))
            if old and isinstance(old.value, User)
            else {}
        )
        for id, device in zip(new.devices, new.value.devices, strict=True):
            columns = _device_columns(device)
            if id in former:
                yield from _updated("devices", id, _device_columns(former[id]), columns)
            else:
                owner = {"user_id": username_key(new.value.username)}
                added.append((id, {**owner, **columns, "created": now}))
    yield from _inserted("devices", added)


def _device_columns(device: Device) -> Columns:
    phone = device if isinstance(device, Phone) else None
    return {
        "name": device.name,
        "kind": type(device).__name__.lower(),
        "sip_user": phone.sip_user if phone else None,
        "ha1_md5": phone.ha1_md5 if phone else "",
        "ha1_sha256": phone.ha1_sha256 if phone else "",
        "srtp": phone.srtp if phone else "auto",
        "no_mobility": False if isinstance(device, Mobile) else device.no_mobility,
        "mobile": as_json(device.telephone) if isinstance(device, Mobile) else None,
    }


def _chosen(pairs: Iterable[Pair]) -> Iterator[Step]:
    """The device that calls begin at, by its place among the user's: new ones have no id as yet."""
    by_place: dict[int, list[str]] = {}
    for old, new in pairs:
        if new is None or not isinstance(new.value, User):
            continue
        user = new.value
        named = labels([device.name for device in user.devices])
        place = named.index(user.dials_from) if user.dials_from in named else -1
        former = old.value.dials_from if old and isinstance(old.value, User) else ""
        if (former, old.devices if old else ()) != (user.dials_from, new.devices):
            by_place.setdefault(place, []).append(username_key(user.username))
    for place, names in by_place.items():
        for some in _in_chunks(names):
            listed = ", ".join(f"${n}" for n in range(2, len(some) + 2))
            yield (
                # By id + 0, or PostgreSQL goes through everybody's devices by their ids to find these few.
                "update users set device = (select d.id from devices d where d.user_id = users.id"
                f" and $1 >= 0 order by d.id + 0 limit 1 offset abs($1)) where username_key in ({listed})",
                (place, *some),
            )


# ---- groups


def _groups(pairs: Iterable[Pair]) -> Iterator[Step]:
    added: list[tuple[int, Columns]] = []
    members: list[tuple[int, Columns]] = []
    for old, new in pairs:
        if new is None or not isinstance(new.value, Group):
            continue
        group = new.value
        if old is not None and isinstance(old.value, Group):
            yield from _updated("groups", old.row, _group_columns(old.value), _group_columns(group))
            yield "delete from group_members where group_id = $1", (old.row,)
        else:
            added.append((new.row, _group_columns(group)))
        active = [(name, True) for name in group.members] + [(name, False) for name in group.passive]
        for position, (name, is_active) in enumerate(active):
            whose = {"group_id": username_key(group.name), "user_id": username_key(name)}
            members.append((0, {**whose, "active": is_active, "position": position}))
    yield from _inserted("groups", added)
    yield from _inserted("group_members", members)


def _group_columns(group: Group) -> Columns:
    return {"name": group.name, "name_key": username_key(group.name), "ringing": kept_or_null(group.ringing)}


# ---- rows


def _realm(wanted: Objects, realm: str) -> Iterator[Step]:
    """The first phone decides for which realm secrets are kept."""
    users = [kept.value for kept in wanted.values() if isinstance(kept.value, User)]
    if any(isinstance(device, Phone) for user in users for device in user.devices):
        yield "insert into meta (key, value) values ('realm', $1) on conflict (key) do nothing", (realm,)


def _updated(table: str, id: int, before: Columns, after: Columns) -> Iterator[Step]:
    """What has changed and nothing else: a user may be setting another thing at this moment."""
    changed = {column: value for column, value in after.items() if before[column] != value}
    if changed:
        settings = ", ".join(f"{column} = ${n}" for n, column in enumerate(changed, 2))
        yield f"update {table} set {settings} where id = $1", (id, *changed.values())


def _inserted(table: str, rows: Iterable[tuple[int, Columns]]) -> Iterator[Step]:
    """Rows that come back get the ids they had, so that what refers to them is right again."""
    back: list[Columns] = []
    new: list[Columns] = []
    for id, columns in rows:
        if id:
            back.append({"id": id, **columns})
        else:
            new.append(columns)
    for some in (back, new):
        for chunk in _in_chunks(some):
            values: Values = [value for columns in chunk for value in columns.values()]
            yield _insert(table, tuple(chunk[0]), len(chunk)), values


@lru_cache
def _insert(table: str, columns: tuple[str, ...], rows: int) -> str:
    cells = {"user_id": _USER, "group_id": _GROUP}
    row = "(" + ", ".join([cells.get(column, "{}") for column in columns]) + ")"
    text = ", ".join([row] * rows).format(*[f"${n}" for n in range(1, rows * len(columns) + 1)])
    return f"insert into {table} ({', '.join(columns)}) values {text}"


def _in_chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), _ROWS):
        yield rows[start : start + _ROWS]
