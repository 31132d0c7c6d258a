"""How users want to be called: written, then applied, then published, whoever asks for it.

The page does (`me.set`), and so does a phone that dials a star code.
"""

from collections.abc import Callable, Generator, Hashable
from typing import Any, Protocol

import msgspec

from offhook.dialplan.model import Line
from offhook.feed import Feed
from offhook.people.directory import Directory, User


class Kept(Hashable, Protocol):
    """What is on its way to the disk: an `asyncio.Future`, of which this floor knows no more."""

    def add_done_callback(self, done: Callable[[Any], object], /) -> object: ...

    def exception(self) -> BaseException | None: ...

    def __await__(self) -> Generator[Any, None, None]: ...


Keep = Callable[[User, Line | None], Kept]


class Preferences:
    """`keep` writes a user's two flags, one write after the other, and the line where one is given.

    A line is the administrator's too: where the user has not touched it, it is left alone.
    """

    def __init__(self, directory: Directory, feed: Feed, keep: Keep) -> None:
        self._directory = directory
        self._feed = feed
        self._keep = keep
        self._writing: dict[Kept, tuple[User, Line | None]] = {}

    def set(
        self,
        user: str,
        *,
        do_not_disturb: bool | None = None,
        call_waiting: bool | None = None,
        line: Line | None = None,
    ) -> Kept:
        """What is None stays as it is. It counts once it is on disk, before whoever awaits this goes on."""
        newest, underway = self._newest(user)
        wishes = {"do_not_disturb": do_not_disturb, "call_waiting": call_waiting}
        wished = {name: wish for name, wish in wishes.items() if wish is not None}
        wanted = msgspec.structs.replace(newest, **wished)
        line = line if line is not None else underway
        kept = self._keep(wanted, line)
        self._writing[kept] = wanted, line
        kept.add_done_callback(self._written)
        return kept

    def _newest(self, id: str) -> tuple[User, Line | None]:
        """As it will be when all that is under way is written, and the line if one is among it."""
        for user, line in reversed(self._writing.values()):
            if user.id == id:
                return user, line
        found = self._directory.user(id)
        assert found is not None, "only users have preferences"
        return found, None

    def _written(self, kept: Kept) -> None:
        wanted, line = self._writing.pop(kept)
        user = self._directory.user(wanted.id)
        if user is not None and kept.exception() is None:
            user = msgspec.structs.replace(
                user,
                do_not_disturb=wanted.do_not_disturb,
                call_waiting=wanted.call_waiting,
                line=user.line if line is None else line,
            )
            self._directory.put_user(user)
            self._feed.set(user)
