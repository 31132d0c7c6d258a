"""What the server currently knows, as numbered changes that those concerned may follow.

A *thing* is a small frozen value with an id: a call, a user's presence, a device. It names
its audience as topics; followers are indexed by topic, so a change costs what its audience
costs and nothing for all the others. Publishing is the only way news travels.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

from offhook.turns import Turns

Topics = tuple[str, ...]


class Thing(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def topics(self) -> Topics:
        """Whom it concerns: `user.<id>` for who watches a user, `own.<id>` for the user."""


class Change:
    """One numbered change. `encoded` is for followers: what one has worked out, others may use."""

    __slots__ = ("encoded", "kept", "left", "n", "new", "old", "topics")

    def __init__(self, n: int, old: Any, new: Any, topics: Topics, left: Topics, *, kept: bool) -> None:
        self.n = n
        self.old = old  # None: it is new
        self.new = new  # None: it is gone
        self.topics = topics  # it is under now
        self.left = left  # it was under before, and is no more
        self.kept = kept  # False: said in passing, not part of what is known
        self.encoded: dict[object, Any] = {}


class Follower(Protocol):
    def tell(self, change: Change, level: int | None) -> None:
        """Hear of a change. `level` 0 shows all of it, higher ones less; None: it is out of sight now."""


_NOBODY: dict[Follower, int] = {}

T = TypeVar("T", bound=Thing)
Key = tuple[type[Any], str]


class Feed:
    """Current values, by kind and id, and by topic; and everyone who follows them."""

    def __init__(self, failed: Callable[[object, Exception], None] | None = None) -> None:
        self.n = 0
        self._failed = failed
        self._things: dict[Key, Thing] = {}
        self._topics: dict[Key, Topics] = {}
        self._by_topic: dict[str, dict[Key, Thing]] = {}
        self._latest: dict[str, int] = {}
        self._followers: dict[str, dict[Follower, int]] = {}
        self._watchers: dict[type[Any], list[Callable[[Any, Any], None]]] = {}
        self._turns: Turns[Change] = Turns(self._tell)

    def set(self, thing: Thing) -> None:
        """Publish a new value; publishing an equal one is no news."""
        key = (type(thing), thing.id)
        old = self._things.get(key)
        if old == thing:
            return
        self._things[key] = thing
        topics, before = thing.topics, self._topics.get(key)
        left: Topics = ()
        if topics != before:
            left = tuple([topic for topic in before or () if topic not in topics])
            self._topics[key] = topics
            self._unfile(key, left)
        for topic in topics:
            filed = self._by_topic.get(topic)
            if filed is None:
                filed = self._by_topic[topic] = {}
            filed[key] = thing
        self._publish(old, thing, topics, left, kept=True)

    def drop(self, kind: type[Thing], id: str) -> None:
        """Publish that a thing is gone; dropping what is not there is no news."""
        key = (kind, id)
        if (old := self._things.pop(key, None)) is not None:
            left = self._topics.pop(key)
            self._unfile(key, left)
            self._publish(old, None, (), left, kept=True)

    def post(self, thing: Thing) -> None:
        """Say in passing: a new call record, a message. The store answers for it later."""
        self._publish(None, thing, thing.topics, (), kept=False)

    def get(self, kind: type[T], id: str) -> T | None:
        found: Any = self._things.get((kind, id))
        return found  # type: ignore[no-any-return]  # filed under its own type

    def things(self, topics: Iterable[str]) -> Iterator[Thing]:
        """What is known now under these topics, each thing once."""
        seen: set[Key] = set()
        for topic in topics:
            for key, thing in self._by_topic.get(topic, {}).items():
                if key not in seen:
                    seen.add(key)
                    yield thing

    def latest(self, topics: Iterable[str]) -> int:
        """The number of the last change under these topics; 0 if there was none."""
        return max((self._latest.get(topic, 0) for topic in topics), default=0)

    def mark(self) -> int:
        """Use up a number without a change: who has heard of it is told apart from who has not."""
        self.n += 1
        return self.n

    def follow(self, follower: Follower, topic: str, level: int = 0) -> None:
        """Tell `follower` of each later change under `topic`; again: at another level."""
        self._followers.setdefault(topic, {})[follower] = level

    def unfollow(self, follower: Follower, topic: str) -> None:
        if (followers := self._followers.get(topic)) is not None:
            followers.pop(follower, None)
            if not followers:
                del self._followers[topic]

    def watch(self, kind: type[T], watcher: Callable[[T | None, T | None], None]) -> None:
        """Call `watcher` with the old and the new value of each thing of one kind, before any follower."""
        self._watchers.setdefault(kind, []).append(watcher)

    def _publish(
        self, old: Thing | None, new: Thing | None, topics: Topics, left: Topics, *, kept: bool
    ) -> None:
        self.n += 1
        self._turns.add(Change(self.n, old, new, topics, left, kept=kept))

    def _unfile(self, key: Key, topics: Topics) -> None:
        for topic in topics:
            if (filed := self._by_topic.get(topic)) is not None:
                filed.pop(key, None)
                if not filed:
                    del self._by_topic[topic]

    def _tell(self, change: Change) -> None:
        old, new = change.old, change.new
        for watcher in self._watchers.get(type(old if new is None else new), ()):
            try:
                watcher(old, new)
            except Exception as why:
                self._report(watcher, why)
        audience: dict[Follower, int | None] = {}
        for topic in change.topics:
            self._latest[topic] = change.n
            for follower, level in self._followers.get(topic, _NOBODY).items():
                known = audience.get(follower)
                audience[follower] = level if known is None or level < known else known
        for topic in change.left:
            self._latest[topic] = change.n
            for follower in self._followers.get(topic, _NOBODY):
                audience.setdefault(follower, None)
        for follower, seen in audience.items():
            try:
                follower.tell(change, seen)
            except Exception as why:
                self._abandon(follower)
                self._report(follower, why)

    def _abandon(self, follower: Follower) -> None:
        """A follower that raises hears nothing more: its mirror can no longer be trusted."""
        for topic in [topic for topic, followers in self._followers.items() if follower in followers]:
            self.unfollow(follower, topic)

    def _report(self, who: object, why: Exception) -> None:
        if self._failed is None:
            raise why
        self._failed(who, why)
