"""How users want to be called: written, then applied, then published, whoever asks for it.

The page does (`me.set`), and so does a phone that dials a star code.
"""

from collections.abc import Callable, Generator, Hashable
from typing import Any, Protocol

import msgspec

from offhook.feed import Feed
from offhook.people.directory import Directory, User


class Kept(Hashable, Protocol):
    """What is on its way to the disk: an `asyncio.Future`, of which this floor knows no more."""

    def add_done_callback(self, done: Callable[[Any], object], /) -> object: ...

    def exception(self) -> BaseException | None: ...

    def __await__(self) -> Generator[Any, None, None]: ...


class Preferences:
    """`keep` writes a user's preferences, one write after the other."""

    def __init__(self, directory: Directory, feed: Feed, keep: Callable[[User], Kept]) -> None:
        self._directory = directory
        self._feed = feed
        self._keep = keep
        self._writing: dict[Kept, User] = {}

    def set(self, user: str, *, do_not_disturb: bool | None = None, call_waiting: bool | None = None) -> Kept:
        """What is None stays as it is. It counts once it is on disk, before whoever awaits this goes on."""
        wanted = self._newest(user)
        if do_not_disturb is not None:
            wanted = msgspec.structs.replace(wanted, do_not_disturb=do_not_disturb)
        if call_waiting is not None:
            wanted = msgspec.structs.replace(wanted, call_waiting=call_waiting)
        kept = self._keep(wanted)
        self._writing[kept] = wanted
        kept.add_done_callback(self._written)
        return kept

    def _newest(self, id: str) -> User:
        """As it will be when all that is under way is written."""
        found = next((user for user in reversed(self._writing.values()) if user.id == id), None)
        found = found or self._directory.user(id)
        assert found is not None, "only users have preferences"
        return found

    def _written(self, kept: Kept) -> None:
        wanted = self._writing.pop(kept)
        user = self._directory.user(wanted.id)
        if user is not None and kept.exception() is None:
            user = msgspec.structs.replace(
                user, do_not_disturb=wanted.do_not_disturb, call_waiting=wanted.call_waiting
            )
            self._directory.put_user(user)
            self._feed.set(user)
