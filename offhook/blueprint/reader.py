"""Reads a document: text to values, and each mistake to a sentence with its line and its remedy.

All mistakes are told at once, so a value that will not do stands as its default while the rest is read.
"""

import difflib
import json
import math
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from offhook.blueprint.document import Document
from offhook.blueprint.positions import Path
from offhook.blueprint.source import Problem, Rejected, Source
from offhook.blueprint.syntax import told

LONGEST = 500  # letters of a text
_MOST = 1_000_000  # no number in a document is larger, and none is negative
_SECRETS = {"secret", "password", "password_hash", "ha1_md5", "ha1_sha256"}
_BAD: Any = object()  # what stands for a value that will not do

T = TypeVar("T", bound=msgspec.Struct)


def parse(text: str, name: str) -> Source:
    """A text as TOML understands it. Raises Rejected."""
    text = text.removeprefix("\ufeff")
    try:
        return Source(name, text, tomllib.loads(text))
    except RecursionError:
        raise Rejected(
            f"{name} is no TOML; nothing has changed:", [f"{name}: too many brackets within each other"]
        ) from None
    except ValueError as error:  # TOMLDecodeError is one, and so is a number of too many digits
        what = told(str(error), name, len(text.splitlines()))
        raise Rejected(f"{name} is no TOML; nothing has changed:", [what]) from None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document says. It is not whole when things that would not do at all have been left out."""

    document: Document
    problems: list[Problem]
    is_whole: bool


def read(source: Source) -> Reading:
    reader = _Reader()
    document = reader.struct(Document, source.raw, ())
    assert isinstance(document, Document), "no key of it is required"
    return Reading(document, reader.problems, reader.is_whole)


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.is_whole = True

    def struct(self, kind: type[T], raw: object, path: Path) -> T | Any:
        """A table. What is wrong in it is left out; _BAD when it cannot do without."""
        if not isinstance(raw, dict):
            return self._wrong(path, f"write a table: {_example(kind)}")
        fields = _fields(kind)
        taken = {}
        for key, value in raw.items():
            if key not in fields:
                self._unknown(kind, key, path)
            elif (found := self._take(fields[key].type, value, (*path, key))) is not _BAD:
                taken[key] = found
        missing = [key for key, field in fields.items() if field.required and key not in taken]
        for key in missing:
            if key not in raw:
                self._wrong(path, f'{key} is missing: add {key} = "…"')
        return _BAD if missing else kind(**taken)

    def _take(self, hint: Any, raw: object, path: Path) -> Any:
        origin = get_origin(hint)
        if origin in (Union, UnionType):
            kinds = [kind for kind in get_args(hint) if kind is not NoneType]
            return self._take(kinds[0], raw, path) if len(kinds) == 1 else self._tagged(kinds, raw, path)
        if origin is tuple:
            return self._list(get_args(hint)[0], raw, path)
        if origin is Literal:
            return self._choice(get_args(hint), raw, path)
        if issubclass(hint, msgspec.Struct):
            return self.struct(hint, raw, path)
        return self._scalar(hint, raw, path)

    def _list(self, hint: Any, raw: object, path: Path) -> Any:
        if isinstance(raw, dict) and isinstance(path[-1], str):
            header = f"[[{_header(path)}]]"
            return self._wrong(
                path, f"there may be several: write {header} with two brackets, above all that belongs to it"
            )
        if not isinstance(raw, list):
            return self._wrong(path, f"write a list in square brackets: [{_shown(path, raw)}]")
        taken = [self._take(hint, value, (*path, n)) for n, value in enumerate(raw)]
        self.is_whole &= _BAD not in taken
        return tuple([value for value in taken if value is not _BAD])

    def _tagged(self, kinds: list[Any], raw: object, path: Path) -> Any:
        by_tag = {kind.__struct_config__.tag: kind for kind in kinds}
        key = kinds[0].__struct_config__.tag_field
        if not isinstance(raw, dict):
            return self._wrong(path, f'write a table with {key} = "{next(iter(by_tag))}"')
        if key not in raw:
            return self._wrong(path, f"{key} is missing: write one of {_quoted(by_tag)}")
        tag = self._choice(tuple(by_tag), raw[key], (*path, key))
        if tag is _BAD:
            return _BAD
        return self.struct(by_tag[tag], {k: v for k, v in raw.items() if k != key}, path)

    def _choice(self, choices: tuple[str, ...], raw: object, path: Path) -> Any:
        if isinstance(raw, str) and raw in choices:
            return raw
        meant = _meant(raw, choices) if isinstance(raw, str) else ""
        return self._wrong(path, f"{_shown(path, raw)} will not do: write one of {_quoted(choices)}{meant}")

    def _scalar(self, kind: type, raw: object, path: Path) -> Any:
        if kind is float and isinstance(raw, int) and not isinstance(raw, bool):
            raw = float(raw) if abs(raw) <= _MOST else math.inf
        if type(raw) is not kind:
            shown = _shown(path, raw)
            remedy = f'"{shown}" in quotes' if kind is str and type(raw) is int else _REMEDIES[kind]
            return self._wrong(path, f"{shown} will not do: write {remedy}")
        if isinstance(raw, str) and (len(raw) > LONGEST or not raw.isprintable()):
            return self._wrong(
                path,
                f"{_shown(path, raw)} will not do: write at most {LONGEST} letters in one line, and nothing"
                " that cannot be seen",
            )
        if isinstance(raw, int | float) and not 0 <= raw <= _MOST:  # not a number is in no range
            return self._wrong(path, f"{_shown(path, raw)} will not do: write a number from 0 to {_MOST}")
        return raw

    def _unknown(self, kind: type[T], key: str, path: Path) -> None:
        known = list(_fields(kind))
        if kind.__struct_config__.tag_field:
            known.insert(0, str(kind.__struct_config__.tag_field))
        meant = _meant(key, known) or f"; known are {', '.join(known)}"
        self._wrong((*path, key), f"there is no such key{meant}")

    def _wrong(self, path: Path, what: str) -> Any:
        self.problems.append(Problem(path, what))
        return _BAD


@lru_cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.name: field for field in msgspec.structs.fields(kind)}


def _meant(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _quoted(words: Any) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _header(path: Path) -> str:
    return ".".join(step for step in path if isinstance(step, str))


def _example(kind: type[msgspec.Struct]) -> str:
    required = [key for key, field in _fields(kind).items() if field.required]
    return "{ " + ", ".join(f'{key} = "…"' for key in required or list(_fields(kind))[:1]) + " }"


def _shown(path: Path, raw: object) -> str:
    """A wrong value as its writer knows it, without secrets and not at length."""
    if _SECRETS.intersection(map(str, path)):
        return "***"
    if isinstance(raw, dict | list):
        return "a table" if isinstance(raw, dict) else "a list"
    text = json.dumps(raw, ensure_ascii=False, default=str) if isinstance(raw, str | bool) else str(raw)
    return text if len(text) <= 60 else text[:59] + "…"


_REMEDIES: dict[type, str] = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}
