"""Writes a document: the same values are always the same bytes.

tomli_w spells keys and values; what becomes a table of its own and what stays in a line is said here.
"""

from collections.abc import Iterator, Mapping

import tomli_w

from offhook.blueprint.document import KINDS, SINGLE, Document
from offhook.store.values import plain

_HEAD = "# What this telephone system is told: `offhook apply` puts it in place.\n"
_TABLES = ("location", "limits", "ringing", "diversion", "device")  # within others


def write(document: Document) -> str:
    """The text of it. It holds hashes of passwords and passwords of trunks."""
    found = plain(document)
    parts = [_HEAD]
    parts += [tomli_w.dumps({"realm": found["realm"]})] if "realm" in found else []
    parts += [f"{kind} = []\n" for kind in KINDS if found.get(kind) == []]
    for kind in KINDS:
        value = found.get(kind)
        if isinstance(value, dict):
            assert kind in SINGLE, "the others are lists"
            parts.append(f"\n[{kind}]\n" + "".join(_lines(value)))
        elif isinstance(value, list):
            parts += ["\n" + "".join(_table(f"[[{kind}]]", kind, member)) for member in value]
    return "".join(parts)


def _table(header: str, path: str, values: Mapping[str, object]) -> Iterator[str]:
    yield header + "\n"
    below = {key: value for key, value in values.items() if key in _TABLES and value != []}
    yield from _lines({key: value for key, value in values.items() if key not in below})
    for key, value in below.items():
        if isinstance(value, list):
            for member in value:
                yield from _table(f"[[{path}.{key}]]", f"{path}.{key}", member)
        else:
            assert isinstance(value, dict), "only tables are among them"
            yield from _table(f"[{path}.{key}]", f"{path}.{key}", value)


def _lines(values: Mapping[str, object]) -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = "".join(f"    {{ {_inline(row)} }},\n" for row in value)
            yield f"{key} = [\n{rows}]\n"
        elif isinstance(value, list):
            yield f"{key} = [{', '.join(_spelt(one) for one in value)}]\n"
        else:
            yield f"{key} = {_spelt(value)}\n"


def _inline(row: Mapping[str, object]) -> str:
    return ", ".join(f"{key} = {_spelt(value)}" for key, value in row.items())


def _spelt(value: object) -> str:
    return tomli_w.dumps({"k": value}).removeprefix("k = ").removesuffix("\n")
