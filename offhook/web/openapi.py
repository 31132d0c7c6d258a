"""The description of everything we say and understand, HTTP and WebSocket in one document.

`python -m offhook.web.openapi` prints it; the client's types are generated from that, so
nothing about the wire is written by hand on both sides.
"""

import sys
from typing import Any

import msgspec
from litestar import Litestar

from offhook.web.account import COMMANDS as ACCOUNT_COMMANDS
from offhook.web.calls import COMMANDS as CALL_COMMANDS
from offhook.web.command import Command, Commands, Parts, result_of
from offhook.web.health import Health, health_routes
from offhook.web.history import history_routes
from offhook.web.problem import Problem
from offhook.web.reach import COMMANDS as REACH_COMMANDS
from offhook.web.routes import http_app
from offhook.web.transfers import COMMANDS as TRANSFER_COMMANDS
from offhook.web.views import Views
from offhook.web.wire import Hello

Schema = dict[str, Any]  # JSON


def document(app: Litestar, views: Views, commands: Commands) -> bytes:
    """OpenAPI 3.1. `ClientLine` and `ServerLine` are the WebSocket's lines, `Results` what commands give."""
    described: Schema = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
    for path in described["paths"].values():
        for operation in path.values():
            operation["responses"].pop("400", None)  # the framework's own, which we never send
            operation["responses"]["default"] = _refusal()
    schemas: Schema = described["components"]["schemas"]
    schemas |= _lines(views) | _asks(commands)
    _check_references(described)
    return msgspec.json.format(msgspec.json.encode(described, order="sorted"), indent=1)


def _lines(views: Views) -> Schema:
    """What the server says, a schema for each line there is."""
    changes, shown = [], []
    for kind, wire in views.wire_types.items():
        name, value = kind.capitalize(), ("value", wire)
        if kind in views.posts:
            doc = f"Said in passing: a {kind}."
            changes.append(_line(f"{name}Post", doc, [("n", int), value], "post", kind))
            continue
        doc = f"A {kind} is new or has changed; `value` is the whole of it."
        changes.append(_line(f"{name}Set", doc, [("n", int), ("id", str), value], "set", kind))
        doc = f"A {kind} is gone, or out of sight."
        changes.append(_line(f"{name}Drop", doc, [("n", int), ("id", str)], "drop", kind))
        doc = f"A {kind} in a snapshot."
        shown.append(_line(f"{name}Shown", doc, [("id", str), value], "set", kind))
    refused = [("id", int | None), ("refused", str), ("text", str)]
    others = [
        _line("OkLine", "A request was granted; `ok` is its result.", [("id", int), ("ok", Any)]),
        _line("RefusedLine", "A request was refused: a word, and a sentence.", refused),
    ]
    _, found = msgspec.json.schema_components(
        [*changes, *shown, *others, Problem], ref_template=_ref("{name}")
    )
    schemas: Schema = {name: _plain(schema) for name, schema in found.items()}
    schemas["Shown"] = _one_of(shown)
    schemas["Change"] = _one_of(changes)
    schemas["GreetingLine"] = {
        "title": "GreetingLine",
        "description": "The answer to hello. Without `snapshot` there is nothing new.",
        "type": "object",
        "properties": {
            "n": {"type": "integer"},
            "boot": {"type": "integer"},
            "time": {"type": "number"},
            "snapshot": {"type": "array", "items": {"$ref": _ref("Shown")}},
        },
        "required": ["n", "boot", "time"],
    }
    schemas["ServerLine"] = {
        "oneOf": [{"$ref": _ref(name)} for name in ("GreetingLine", "Change", "OkLine", "RefusedLine")]
    }
    return schemas


def _asks(commands: Commands) -> Schema:
    """What a client says, and what each command gives back."""
    hello = _line("HelloLine", "The first line of a tab.", [("hello", Hello)])
    asks = [_ask(command) for command in commands]
    results = [result_of(command) for command in commands]
    given, found = msgspec.json.schema_components([*results, hello, *asks], ref_template=_ref("{name}"))
    schemas: Schema = {name: _plain(schema) for name, schema in found.items()}
    words = [command.word for command in commands]
    schemas["Results"] = {
        "description": "What each command gives, by its word.",
        "type": "object",
        "properties": dict(zip(words, map(_plain, given), strict=False)),
        "required": words,
    }
    schemas["Ask"] = _one_of(asks)
    schemas["AskLine"] = {
        "title": "AskLine",
        "description": "A request; the answer bears its number.",
        "type": "object",
        "properties": {"id": {"type": "integer"}, "ask": {"$ref": _ref("Ask")}},
        "required": ["id", "ask"],
    }
    schemas["ClientLine"] = {"oneOf": [{"$ref": _ref("HelloLine")}, {"$ref": _ref("AskLine")}]}
    return schemas


def _ask(command: type[Command[Any]]) -> type[msgspec.Struct]:
    fields: list[Any] = [
        (field.name, field.type) if field.required else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(command)
    ]
    return _line(f"{command.__name__}Ask", command.__doc__ or "", fields, "do", command.word)


def _line(
    name: str, doc: str, fields: list[Any], tag_field: str | None = None, tag: str | None = None
) -> type[msgspec.Struct]:
    return msgspec.defstruct(name, fields, tag_field=tag_field, tag=tag, namespace={"__doc__": doc})


def _ref(name: str) -> str:
    return f"#/components/schemas/{name}"


def _one_of(kinds: list[type[msgspec.Struct]]) -> Schema:
    return {"oneOf": [{"$ref": _ref(kind.__name__)} for kind in kinds]}


def _plain(schema: Any) -> Any:  # JSON
    """Without what only makes generated types longer."""
    if isinstance(schema, dict):
        return {key: _plain(value) for key, value in schema.items() if key != "discriminator"}
    if isinstance(schema, list):
        return [_plain(value) for value in schema]
    return schema


def _refusal() -> Schema:
    content = {"application/problem+json": {"schema": {"$ref": _ref("Problem")}}}
    return {"description": "Refused, with a word and a sentence.", "content": content}


def _check_references(described: Schema) -> None:
    """A reference that leads nowhere would only be noticed by whoever generates types."""
    known = {_ref(name) for name in described["components"]["schemas"]}

    def check(value: Any) -> None:  # JSON
        if isinstance(value, dict):
            if "$ref" in value and value["$ref"] not in known:
                raise ValueError(f"nothing is called {value['$ref']}")
            for part in value.values():
                check(part)
        elif isinstance(value, list):
            for part in value:
                check(part)

    check(described)


def main() -> None:
    """Describe what every server has, without one: nothing is asked of the parts left out."""
    nothing: Any = None
    commands = Commands()
    commands.add(*CALL_COMMANDS, *TRANSFER_COMMANDS, *ACCOUNT_COMMANDS, *REACH_COMMANDS)
    views = Views(wall=float)
    app = http_app(
        nothing,
        commands,
        Parts(),
        history_routes(nothing, nothing, nothing, views, Parts()),
        health_routes(Health()),
        now=nothing,
        document=nothing,
    )
    sys.stdout.write(document(app, views, commands).decode() + "\n")


if __name__ == "__main__":
    main()
