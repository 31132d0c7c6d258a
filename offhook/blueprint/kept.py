"""What the database has, object by object, in the words of a document."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from offhook.blueprint.document import (
    Browser,
    Device,
    Document,
    Group,
    Kind,
    Mobile,
    Object,
    Phone,
    User,
    as_keys,
    labels,
)
from offhook.dialplan.model import Filter, Limits, Line, Location, Node, Ringing, Tables, Trunk
from offhook.dialplan.model import Mobile as Telephone
from offhook.store.database import Database, Row, in_slices
from offhook.store.plan import Plan
from offhook.store.users import username_key
from offhook.store.values import read

Key = tuple[Kind, str]
T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Kept:
    """One object. A user's or group's `row` is its id, a node's, filter's or trunk's its place among its
    kind; 0 while it is new. `devices` are the ids of a user's devices, 0 for new ones."""

    kind: Kind
    value: Object
    row: int = 0
    devices: tuple[int, ...] = ()

    @property
    def key(self) -> Key:
        return self.kind, name_key(self.value)

    @property
    def name(self) -> str:
        return name_of(self.value)


Objects = Mapping[Key, Kept]


@dataclass(frozen=True, slots=True)
class State:
    """All of it, as of one moment. `changes` is how often it had been changed by commands until then."""

    objects: Objects
    realm: str  # empty while no phone has been added
    changes: str


def name_of(value: Object) -> str:
    match value:
        case User():
            return value.username
        case Location() | Limits():
            return ""
        case _:
            return value.name


def name_key(value: Object) -> str:
    """What objects of a kind are told apart by."""
    name = name_of(value)
    return username_key(name) if isinstance(value, User | Group) else name


def of_kind(objects: Objects, kind: type[T]) -> list[T]:
    return [one.value for one in objects.values() if isinstance(one.value, kind)]


def tables_of(objects: Objects) -> Tables:
    return Tables(
        location=next(iter(of_kind(objects, Location)), Location()),
        limits=next(iter(of_kind(objects, Limits)), Limits()),
        nodes=tuple(of_kind(objects, Node)),
        filters=tuple(of_kind(objects, Filter)),
        trunks=tuple(of_kind(objects, Trunk)),
    )


def document_of(state: State) -> Document:
    """The document that would make it anew."""
    objects = state.objects
    tables = tables_of(objects)
    users = of_kind(objects, User)
    has_phones = any(isinstance(device, Phone) for user in users for device in user.devices)
    return Document(
        realm=state.realm if has_phones else "",
        location=tables.location,
        limits=tables.limits,
        node=tables.nodes,
        filter=tables.filters,
        trunk=tables.trunks,
        user=tuple(users),
        group=tuple(of_kind(objects, Group)),
    )


async def load(database: Database) -> State:
    rows = await database.read("select key, value from meta where key in ('realm', 'changes')")
    notes: dict[str, str] = dict(rows)
    tables = await Plan(database).load()
    found: list[Kept] = [Kept("location", tables.location), Kept("limits", tables.limits)]
    found += [Kept("node", node, place) for place, node in enumerate(tables.nodes)]
    found += [Kept("filter", filter, place) for place, filter in enumerate(tables.filters)]
    found += [Kept("trunk", trunk, place) for place, trunk in enumerate(tables.trunks)]
    users = await _users(database)
    names = {user.row: user.name for user in users}
    found += users
    found += await _groups(database, names)
    return State({one.key: one for one in found}, notes.get("realm", ""), notes.get("changes", "0"))


async def _users(database: Database) -> list[Kept]:
    devices: dict[int, list[Row]] = {}
    for row in await database.read(
        "select user_id, id, name, kind, sip_user, ha1_md5, ha1_sha256, srtp, no_mobility, mobile"
        " from devices order by id"
    ):
        devices.setdefault(row[0], []).append(row)
    rows = await database.read(
        "select id, username, name, number, node, password_hash, do_not_disturb, call_waiting, device, line"
        " from users order by id"
    )
    return await in_slices(rows, lambda row: _user(row, devices.get(row[0], [])))


def _user(row: Row, device_rows: Sequence[Row]) -> Kept:
    id, username, name, number, node, password_hash, do_not_disturb, call_waiting, chosen, line = row
    devices = tuple([_device(device) for device in device_rows])
    ids = tuple([device[1] for device in device_rows])
    value = User(
        username,
        name,
        number,
        node,
        password_hash,
        bool(do_not_disturb),  # SQLite has numbers for it
        bool(call_waiting),
        labels([device.name for device in devices])[ids.index(chosen)] if chosen in ids else "",
        device=devices,
    )
    keys = as_keys(read(line, Line, f"the line of {username}"))
    return Kept("user", msgspec.structs.replace(value, **keys), id, ids)


def _device(row: Row) -> Device:
    _, _, name, kind, sip_user, ha1_md5, ha1_sha256, srtp, no_mobility, mobile = row
    if kind == "phone":
        return Phone(name, sip_user, ha1_md5, ha1_sha256, srtp=srtp, no_mobility=bool(no_mobility))
    if kind == "mobile":
        telephone = read(mobile, Telephone, f"the mobile {name!r}")
        return Mobile(name, *[getattr(telephone, key) for key in Telephone.__struct_fields__])
    return Browser(name, bool(no_mobility))


async def _groups(database: Database, names: Mapping[int, str]) -> list[Kept]:
    members: dict[int, dict[bool, list[str]]] = {}
    for group, user, active in await database.read(
        "select group_id, user_id, active from group_members order by group_id, position, user_id"
    ):
        if user in names:  # who is not came after the users were read
            members.setdefault(group, {True: [], False: []})[bool(active)].append(names[user])
    rows = await database.read("select id, name, ringing from groups order by name_key")
    return [_group(row, members.get(row[0], {True: [], False: []})) for row in rows]


def _group(row: Row, members: Mapping[bool, Iterable[str]]) -> Kept:
    id, name, ringing = row
    rings = None if ringing is None else read(ringing, Ringing, f"the ringing of the group {name}")
    return Kept("group", Group(name, tuple(members[True]), tuple(members[False]), rings), id)
