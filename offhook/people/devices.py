"""What can ring right now: the live side of every device, and its state on the feed.

Reachability is told by the edges, which know phones and browsers; here it is only kept and published.
"""

from typing import Generic, Protocol, TypeVar

import msgspec

from offhook.feed import Feed
from offhook.people.directory import DeviceInfo


class DeviceView(msgspec.Struct, frozen=True):
    """A device as its owner sees it; `contacts` is the number of places where it can ring."""

    id: str
    user: str
    name: str
    kind: str
    reachable: bool
    contacts: int

    @property
    def topics(self) -> tuple[str, ...]:
        return (f"own.{self.user}",)


class Live(Protocol):
    """The live side of a device, whatever it is made of."""

    @property
    def id(self) -> str: ...

    @property
    def is_reachable(self) -> bool: ...


D = TypeVar("D", bound=Live)


class Devices(Generic[D]):
    """Every device's live side, by id and by user."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._live: dict[str, D] = {}
        self._info: dict[str, DeviceInfo] = {}
        self._of: dict[str, dict[str, D]] = {}

    def add(self, info: DeviceInfo, live: D) -> None:
        """Take a device in, not yet reachable unless it says so; again: with new facts."""
        self.remove(info.id)
        self._live[info.id], self._info[info.id] = live, info
        self._of.setdefault(info.user, {})[info.id] = live
        self.reached(info.id, 1 if live.is_reachable else 0)

    def remove(self, id: str) -> None:
        if self._live.pop(id, None) is not None:
            info = self._info.pop(id)
            del self._of[info.user][id]
            self._feed.drop(DeviceView, id)

    def reached(self, id: str, contacts: int) -> None:
        """The number of places where a device can ring has changed."""
        if (info := self._info.get(id)) is not None:
            self._feed.set(DeviceView(id, info.user, info.name, info.kind, contacts > 0, contacts))

    def get(self, id: str) -> D | None:
        return self._live.get(id)

    def of(self, user: str) -> list[D]:
        return list(self._of.get(user, {}).values())
