"""What changes, for people: one line for each object that comes or goes, one for each key that changes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from offhook.blueprint.document import KINDS, USUAL, User, labels
from offhook.blueprint.kept import Kept, Key, Objects
from offhook.store.values import given

What = Literal["added", "removed", "changed"]
Line = tuple[What, str, str, str]  # what, which key, before, after
Members = tuple[msgspec.Struct, ...]

_SECRETS = {"password", "password_hash", "ha1_md5", "ha1_sha256"}
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One line. Without a key it is about the whole object. Secrets are hidden in it."""

    kind: str
    name: str
    what: What
    key: str = ""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        line = " ".join([word for word in (_SIGNS[self.what], self.kind, self.name) if word])
        values = " → ".join([value for value in (self.before, self.after) if value])
        if self.key:
            line = f"{line}: {self.key}"
        return f"{line}{' = ' if self.key and self.what == 'changed' else ': '}{values}" if values else line


def touched(before: Objects, after: Objects) -> list[tuple[Kept | None, Kept | None]]:
    """The objects that are not the same, as they are and as they will be, kind by kind."""
    keys: list[Key] = [*before, *[key for key in after if key not in before]]
    pairs = [(before.get(key), after.get(key)) for key in keys]
    found = [(old, new) for old, new in pairs if old is None or new is None or old.value != new.value]
    return sorted(found, key=lambda pair: KINDS.index(_either(pair).kind))


def differences(pairs: list[tuple[Kept | None, Kept | None]]) -> list[Difference]:
    return [line for old, new in pairs for line in _lines(old, new)]


def _lines(old: Kept | None, new: Kept | None) -> Iterator[Difference]:
    one = _either((old, new))
    if new is None:
        yield Difference(one.kind, one.name, "removed")
    elif old is None:
        yield Difference(one.kind, one.name, "added", after=_facts(new.value, but=one.name))
    else:
        for what, key, before, after in _keys(old.value, new.value, ""):
            yield Difference(one.kind, one.name, what, key, before, after)


def _keys(old: msgspec.Struct, new: msgspec.Struct, above: str) -> Iterator[Line]:
    for key in old.__struct_fields__:
        before, after = getattr(old, key), getattr(new, key)
        if before == after:
            continue
        path = f"{above}{key}"
        if _has_keys(before) and _has_keys(after):
            yield from _keys(before, after, f"{path} ")
        elif _has_members(before) or _has_members(after):
            yield from _members(before or (), after or (), path)
        elif before is None or after is None:
            yield "added" if before is None else "removed", path, _spelt(key, before), _spelt(key, after)
        else:
            yield "changed", path, _spelt(key, before), _spelt(key, after)


def _members(old: Members, new: Members, path: str) -> Iterator[Line]:
    before, after = _labelled(old), _labelled(new)
    for label in [*before, *[label for label in after if label not in before]]:
        was, will = before.get(label), after.get(label)
        if was is not None and will is not None and type(was) is type(will):
            yield from _keys(was, will, f"{path} {label} ")
            continue
        if was is not None:
            yield "removed", f"{path} {label}", "", ""
        if will is not None:
            yield "added", f"{path} {label}", "", _facts(will, but=_label(will))
    if list(before) != list(after) and sorted(before) == sorted(after):
        yield "changed", path, "", "in another order"


def _labelled(members: Members) -> dict[str, msgspec.Struct]:
    return dict(zip(labels([_label(member) for member in members]), members, strict=True))


def _label(member: msgspec.Struct) -> str:
    """What members of a list are told apart by: a device's name, a diversion's case, a row's number."""
    return str(getattr(member, member.__struct_fields__[0]))


def _has_keys(value: object) -> bool:
    return isinstance(value, msgspec.Struct)


def _has_members(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and _has_keys(value[0])


def _facts(value: msgspec.Struct, *, but: str = "") -> str:
    """What is not as by default, in one line; without secrets, and without the name it is told by."""
    usual = USUAL if isinstance(value, User) else {}
    facts = [
        (key, inner)
        for key, inner in given(value).items()
        if inner not in ("", (), but) and (key not in usual or inner != usual[key])
    ]
    return ", ".join([_fact(key, inner) for key, inner in facts if key not in _SECRETS])


def _fact(key: str, value: object) -> str:
    is_short = not _has_keys(value) and not _has_members(value)
    return f"{key} = {_spelt(key, value)}" if is_short else f"{key} {_spelt(key, value)}"


def _spelt(key: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, msgspec.Struct):
        return f"{{{_facts(value)}}}"
    if isinstance(value, tuple) and _has_members(value):
        return ", ".join([_member(label, one) for label, one in _labelled(value).items()])
    return "***" if key in _SECRETS else json.dumps(value, ensure_ascii=False)


def _member(label: str, member: msgspec.Struct) -> str:
    facts = _facts(member, but=_label(member))
    return f"{label} {{{facts}}}" if facts else label


def _either(pair: tuple[Kept | None, Kept | None]) -> Kept:
    one = pair[0] or pair[1]
    assert one is not None, "there is one of them at least"
    return one
