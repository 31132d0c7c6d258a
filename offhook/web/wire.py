"""The lines of the WebSocket, as they are read and written. docs/protocol.md explains them."""

from typing import Annotated, Any

import msgspec

FOLLOWED_AT_MOST = 500

TabId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
AskId = Annotated[int, msgspec.Meta(ge=0, le=2**53)]  # what JavaScript can count to
Ids = Annotated[list[Id], msgspec.Meta(max_length=FOLLOWED_AT_MOST)]


class Hello(msgspec.Struct, frozen=True):
    """The first line of a tab. `boot` and `n` are where its mirror stands, `users` whom the mirror shows."""

    tab: TabId
    boot: int = -1
    n: int = -1
    users: Ids = []
    sound: bool = False
    visible: bool = True


class Said(msgspec.Struct, frozen=True):
    """One line from a client: a hello, or a numbered ask."""

    hello: Hello | None = None
    id: AskId | None = None
    ask: dict[str, Any] | None = None  # what is in it, the command's own class says


class Shown(msgspec.Struct, frozen=True):
    """One thing of a snapshot."""

    set: str
    id: str
    value: Any  # the wire structure of its kind


class Greeting(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to hello. Without `snapshot` the client's mirror is up to date."""

    n: int
    boot: int
    time: float
    snapshot: list[Shown] | None = None


class Set(msgspec.Struct, frozen=True):
    n: int
    set: str
    id: str
    value: Any  # the wire structure of its kind


class Drop(msgspec.Struct, frozen=True):
    n: int
    drop: str
    id: str


class Post(msgspec.Struct, frozen=True):
    n: int
    post: str
    value: Any  # the wire structure of its kind


class Ok(msgspec.Struct, frozen=True):
    id: int
    ok: Any  # the command's result


class RefusedLine(msgspec.Struct, frozen=True):
    """`id` is null when the line could not be read at all."""

    id: int | None
    refused: str
    text: str


_encoder = msgspec.json.Encoder()


def line(value: msgspec.Struct) -> str:
    """As text: it travels in text frames, and is joined with its neighbours first."""
    return _encoder.encode(value).decode()
