"""What a client may ask for: one class is the word on the WebSocket and the POST beside it.

A command's fields are its arguments, its docstring its documentation, `run` what happens.
Commands are handed over with `Commands.add`: what was not added does not exist.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar, get_args

import msgspec

from offhook.web.problem import Refused, problem

logger = logging.getLogger(__name__)

R = TypeVar("R")
T = TypeVar("T")


class Parts:
    """The parts of the system that commands may reach, found by their class."""

    def __init__(self) -> None:
        self._parts: dict[type[Any], Any] = {}

    def provide(self, part: object) -> None:
        self._parts[type(part)] = part

    def get(self, kind: type[T]) -> T:
        found: T = self._parts[kind]
        return found


class Tab(Protocol):
    """The browser tab a command came from."""

    @property
    def id(self) -> str: ...

    @property
    def host(self) -> str:
        """The address of ours it reached us at."""

    def show(self, users: list[str]) -> None: ...

    def sounds(self, sound: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks: a user's id, the session that proves it, the time, and the tab if it is one."""

    user: str
    session: str
    now: float
    parts: Parts
    tab: Tab | None = None

    def part(self, kind: type[T]) -> T:
        return self.parts.get(kind)

    @property
    def own_tab(self) -> Tab:
        if self.tab is None:
            raise Refused("needs-a-tab", "Only a connected page can do this.", 400)
        return self.tab


class Command(msgspec.Struct, Generic[R], frozen=True, forbid_unknown_fields=True):
    """Its result's type stands in brackets: `class Dial(Command[Dialled])`."""

    word: ClassVar[str]
    tab_only: ClassVar[bool] = False  # makes no sense without a WebSocket

    async def run(self, ctx: Context) -> R:
        raise NotImplementedError


def result_of(command: type[Command[Any]]) -> Any:
    """What `run` gives, as the class says."""
    for base in command.__orig_bases__:  # type: ignore[attr-defined]  # set for subclasses of generics
        if args := get_args(base):
            return args[0]
    raise TypeError(f"{command.__name__} does not say what it gives: Command[…]")


class Commands:
    """The commands there are, by their word."""

    def __init__(self) -> None:
        self._commands: dict[str, type[Command[Any]]] = {}

    def add(self, *commands: type[Command[Any]]) -> None:
        for command in commands:
            if command.word in self._commands:
                raise ValueError(f"two commands are called {command.word!r}")
            result_of(command)
            self._commands[command.word] = command

    def __iter__(self) -> Iterator[type[Command[Any]]]:
        return iter(self._commands.values())

    def read(self, ask: dict[str, Any]) -> Command[Any]:
        """The command an ask means. Raises Refused."""
        fields = dict(ask)
        command = self._commands.get(str(fields.pop("do", "")))
        if command is None:
            raise Refused("unknown-command", "There is no such command.", 404)
        try:
            read: Command[Any] = msgspec.convert(fields, command)
        except msgspec.ValidationError as why:
            raise Refused("malformed", str(why), 400) from None
        return read


async def run(command: Command[R], ctx: Context) -> R:
    """Do it. Raises Refused and nothing else: what we did not foresee is logged here."""
    try:
        return await command.run(ctx)
    except Refused:
        raise
    except Exception:
        logger.exception("command %s of user %s failed", command.word, ctx.user)
        raise Refused("failed", problem(500).detail, 500) from None
