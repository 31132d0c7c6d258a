"""One client's share of the feed: a snapshot, then every change it may see.

The law: an early snapshot plus later changes equals a late snapshot, whatever happened
and whomever the client began or ceased to watch in between.
"""

from collections.abc import Callable, Iterable
from typing import Any

from offhook.feed import Change, Feed
from offhook.people.groups import Groups
from offhook.web.views import OTHERS, OWN, Onlooker, Views
from offhook.web.wire import Drop, Greeting, Post, Set, Shown, line

POSTS_AT_MOST = 100  # waiting for one client; more, and it starts again from a snapshot
FRAME_CHARACTERS = 65536


class Outbox:
    """What waits for a client: the latest line about each thing, in order of change, and that it is gone.

    What is said of a thing just before it goes is not lost with it: why a call ended, who has taken it.
    So it holds a snapshot, a hundred posts and what came and went meanwhile, however slow the client is.
    """

    def __init__(self) -> None:
        self.overflowed = False
        self.passing = 0  # lines that nothing will replace
        self._lines: dict[object, str] = {}

    def __bool__(self) -> bool:
        return bool(self._lines)

    def put(self, key: tuple[str, str], line: str) -> None:
        """The newest about one thing; what was waiting about it is old news."""
        self.forget(key)
        self._lines[key] = line

    def drop(self, key: tuple[str, str], line: str) -> None:
        """The thing is gone; the last that was said of it may still be waiting, and goes first."""
        self._lines.pop((*key, "gone"), None)
        self._lines[*key, "gone"] = line

    def forget(self, key: tuple[str, str]) -> None:
        """What is waiting about this thing need not be said any more."""
        self._lines.pop(key, None)
        self._lines.pop((*key, "gone"), None)

    def add(self, line: str) -> None:
        """Something said once: a post, an answer."""
        if self.passing >= POSTS_AT_MOST:
            self.overflowed = True
            return
        self.passing += 1
        self._lines[object()] = line

    def take(self) -> str:
        """The next frame: as many lines as fit."""
        lines, self._lines = self._lines, {}
        self.passing = 0
        if sum(map(len, lines.values())) <= FRAME_CHARACTERS:
            return "\n".join(lines.values())
        frame: list[str] = []
        size = 0
        rest = iter(lines.items())
        for key, text in rest:
            if frame and size + len(text) > FRAME_CHARACTERS:
                self._keep(key, text)
                break
            frame.append(text)
            size += len(text) + 1
        for key, text in rest:
            self._keep(key, text)
        return "\n".join(frame)

    def _keep(self, key: object, text: str) -> None:
        self._lines[key] = text
        if not isinstance(key, tuple):
            self.passing += 1


class Share:
    """Follows the feed for one client of one user and fills its outbox."""

    def __init__(
        self,
        feed: Feed,
        views: Views,
        groups: Groups,
        user: str,
        outbox: Outbox,
        *,
        wake: Callable[[], None],
        broken: Callable[[], None] = lambda: None,
    ) -> None:
        self._feed = feed
        self._views = views
        self._groups = groups
        self._user = user
        self._outbox = outbox
        self._wake = wake
        self._broken = broken  # its mirror can no longer be trusted
        self._users: tuple[str, ...] = ()
        self._topics: dict[str, int] = {}
        self._look_from_here()

    def begin(self, users: Iterable[str], *, fits: Callable[[int], bool], boot: int, time: float) -> None:
        """Follow from now on. `fits(n)`: the client's mirror has all changes up to number n."""
        self.close()
        self._users = tuple(users)
        self._topics = self._wanted()
        self._look_from_here()
        for topic, level in self._topics.items():
            self._feed.follow(self, topic, level)
        snapshot = None if fits(self._feed.latest(self._topics)) else self._snapshot()
        self._outbox.add(line(Greeting(self._feed.n, boot, time, snapshot)))
        self._wake()

    def show(self, users: Iterable[str]) -> None:
        """Watch these users, and no longer those watched before."""
        self._users = tuple(users)
        self._refile()

    def regroup(self) -> None:
        """The user has come into a group, or has left one. Not to be called while the feed is telling."""
        if self._topics:
            self._refile()

    def renumber(self) -> None:
        """Numbers are dialled otherwise from here now, or others' are."""
        if not self._topics:
            return
        self._look_from_here()
        for shown in self._snapshot():
            self._outbox.put((shown.set, shown.id), line(Set(self._feed.n, shown.set, shown.id, shown.value)))
        self._wake()

    def tell(self, change: Change, level: int | None) -> None:
        """Hear from the feed. What one share has encoded, all others who see it alike send too."""
        by = None if level is None else self._sees[level]
        said = change.encoded.get(by)
        if said is None:
            try:
                said = change.encoded[by] = self._encode(change, by)
            except Exception:
                self._broken()
                raise
        key, text = said
        if key is None:
            if not text:
                return
            self._outbox.add(text)
        else:
            hear = self._outbox.drop if level is None or change.new is None else self._outbox.put
            hear(key, text)
        self._wake()

    def close(self) -> None:
        for topic in self._topics:
            self._feed.unfollow(self, topic)
        self._topics = {}

    def _refile(self) -> None:
        before, after = self._topics, self._wanted()
        changed = [topic for topic in {**before, **after} if before.get(topic) != after.get(topic)]
        for topic in changed:
            if topic in after:
                self._feed.follow(self, topic, after[topic])
            else:
                self._feed.unfollow(self, topic)
        self._topics = after
        for thing in self._feed.things(changed):
            if (name := self._views.name(thing)) is None:
                continue
            was, now = _level(before, thing), _level(after, thing)
            if now is None:
                self._outbox.put((name, thing.id), line(Drop(self._feed.n, name, thing.id)))
            elif now != was:
                shown = Set(self._feed.n, name, thing.id, self._views.view(thing, self._sees[now]))
                self._outbox.put((name, thing.id), line(shown))
        self._wake()

    def _wanted(self) -> dict[str, int]:
        topics = {f"user.{id}": OTHERS for id in self._users}
        topics |= {f"group.{group.id}": OTHERS for group in self._groups.of(self._user)}
        return topics | {f"own.{self._user}": OWN, f"user.{self._user}": OWN}

    def _look_from_here(self) -> None:
        onlooker = self._views.onlooker
        self._sees = {level: onlooker(self._user, level) for level in (OWN, OTHERS)}

    def _snapshot(self) -> list[Shown]:
        views, topics = self._views, self._topics
        shown = []
        for thing in self._feed.things(topics):
            if (name := views.name(thing)) is not None:
                level = _level(topics, thing)
                assert level is not None, "it was found under one of these topics"
                shown.append(Shown(name, thing.id, views.view(thing, self._sees[level])))
        return shown

    def _encode(self, change: Change, by: Onlooker | None) -> tuple[tuple[str, str] | None, str]:
        """A line and the key it replaces; no key for posts, no line for what has no view."""
        thing = change.old if change.new is None else change.new
        name = self._views.name(thing)
        if name is None:
            return None, ""
        if by is None or change.new is None:
            return (name, thing.id), line(Drop(change.n, name, thing.id))
        view = self._views.view(thing, by)
        if not change.kept:
            return None, line(Post(change.n, name, view))
        return (name, thing.id), line(Set(change.n, name, thing.id, view))


def _level(topics: dict[str, int], thing: Any) -> int | None:
    """At what level these topics show a thing; None if not at all."""
    return min((topics[topic] for topic in thing.topics if topic in topics), default=None)
