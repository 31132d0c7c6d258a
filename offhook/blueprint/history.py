"""What a change has touched, as it is noted beside it, and how that is taken back."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from offhook.blueprint.document import KINDS, Group, Kind, Object, User, settled
from offhook.blueprint.kept import Kept, Key, Objects
from offhook.blueprint.source import Rejected
from offhook.blueprint.steps import Pair
from offhook.dialplan.model import Filter, Limits, Location, Node, Trunk

_TYPES: dict[Kind, type[Object]] = {
    "location": Location,
    "limits": Limits,
    "node": Node,
    "filter": Filter,
    "trunk": Trunk,
    "user": User,
    "group": Group,
}


class _Noted(msgspec.Struct, omit_defaults=True):
    kind: Kind
    value: msgspec.Raw
    row: int = 0
    devices: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Undone:
    """The objects as they will be, and why some cannot be: each reason begins with a name."""

    objects: dict[Key, Kept]
    reasons: list[str]


def noted(objects: Sequence[Kept]) -> str:
    values = [
        _Noted(one.kind, msgspec.Raw(msgspec.json.encode(one.value)), one.row, one.devices) for one in objects
    ]
    return msgspec.json.encode(values).decode()


def remembered(text: str) -> list[Kept]:
    """Raises Rejected for what another version has written."""
    try:
        found = msgspec.json.decode(text, type=list[_Noted])
        return [Kept(one.kind, _value(one), one.row, one.devices) for one in found]
    except msgspec.DecodeError as error:
        raise Rejected("this change cannot be undone:", [f"another version wrote it: {error}"]) from None


def _value(one: _Noted) -> Object:
    value: Object = msgspec.json.decode(one.value, type=_TYPES[one.kind])
    return settled(value) if isinstance(value, User) else value


def taken_back(now: Objects, before: Sequence[Kept], after: Sequence[Kept]) -> Undone:
    """What the change has set is as before, wherever it is still as the change has set it."""
    old, new = {one.key: one for one in before}, {one.key: one for one in after}
    undone = Undone(dict(now), [])
    for key in {**new, **old}:
        _take_back(undone, key, (old.get(key), new.get(key)))
    places = {one.key: one.row for one in before if one.key not in now}
    _reorder(undone.objects, places)
    return undone


def _take_back(undone: Undone, key: Key, pair: Pair) -> None:
    old, new = pair
    now = undone.objects.get(key)
    if old is None:
        assert new is not None, "a change has touched it"
        if now is not None and now.value != new.value:
            undone.reasons.append(f"{_named(new)} has been changed since")
        undone.objects.pop(key, None)
    elif new is None:
        if now is not None:
            undone.reasons.append(f"{_named(old)} has been added again since")
        undone.objects[key] = old
    elif now is None:
        undone.reasons.append(f"{_named(old)} has been removed since")
    else:
        _keys_back(undone, old, new, now)


def _keys_back(undone: Undone, old: Kept, new: Kept, now: Kept) -> None:
    keys = [key for key in old.value.__struct_fields__ if _of(old, key) != _of(new, key)]
    since = [key for key in keys if _of(now, key) != _of(new, key)]
    if since:
        undone.reasons.append(f"{_named(old)}: {', '.join(since)} has been changed since")
    value = replace(now.value, **{key: _of(old, key) for key in keys})
    undone.objects[now.key] = Kept(now.kind, value, now.row, old.devices if "device" in keys else now.devices)


def _reorder(objects: dict[Key, Kept], places: dict[Key, int]) -> None:
    """Nodes, filters and trunks that come back stand where they stood."""
    for kind in KINDS:
        keys = [key for key in objects if key[0] == kind and key not in places]
        for key in sorted([key for key in places if key[0] == kind], key=places.__getitem__):
            keys.insert(places[key], key)
        for key in keys:
            objects[key] = objects.pop(key)


def _of(kept: Kept, key: str) -> object:
    return getattr(kept.value, key)


def _named(kept: Kept) -> str:
    return f"{kept.kind} {kept.name}".rstrip()
