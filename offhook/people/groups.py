"""Groups of users who may take each other's calls; some have a number of their own.

Who is passive in a group is only listed: calls are picked up from, and by, those who are active.
"""

from collections.abc import Callable

import msgspec

from offhook.dialplan.model import Ringing
from offhook.feed import Feed
from offhook.people.numbers import Beginnings


class Group(msgspec.Struct, frozen=True):
    """`members` are ids of users, each with whether they are active."""

    id: str
    name: str
    members: tuple[tuple[str, bool], ...]
    ringing: Ringing | None = None  # where the group itself can be called

    @property
    def active(self) -> tuple[str, ...]:
        return tuple([user for user, is_active in self.members if is_active])


class Membership(msgspec.Struct, frozen=True):
    """The groups in which a user is active; `id` is the user's.

    It has no view. It is on the feed so that a client that was away while it changed
    is not told that it missed nothing.
    """

    id: str
    groups: tuple[str, ...]

    @property
    def topics(self) -> tuple[str, ...]:
        return (f"own.{self.id}",)


class Groups:
    """All groups, in memory. `watch`ers are told of the users whose memberships have changed."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._groups: dict[str, Group] = {}
        self._of: dict[str, dict[str, Group]] = {}
        self._at: dict[tuple[str, str], Group] = {}  # by node and number
        self._beginnings = Beginnings()
        self._watchers: list[Callable[[frozenset[str]], None]] = []

    def watch(self, watcher: Callable[[frozenset[str]], None]) -> None:
        """Call `watcher` after each change, once all of it can be looked up."""
        self._watchers.append(watcher)

    def put(self, group: Group) -> None:
        """A group is new, or another than it was."""
        former = self._groups.get(group.id)
        if former != group:
            self._renumber(former, group)
            self._groups[group.id] = group
            self._changed(group.id, former.active if former else (), group)

    def remove(self, id: str) -> None:
        if (former := self._groups.pop(id, None)) is not None:
            self._renumber(former, None)
            self._changed(id, former.active, None)

    def at(self, node: str, number: str) -> Group | None:
        """The group that is called by this number in this node."""
        return self._at.get((node, number))

    def has_longer(self, node: str, digits: str) -> bool:
        """Whether a group's number in this node begins with these digits and goes on."""
        return self._beginnings.has_longer(node, digits)

    def of(self, user: str) -> list[Group]:
        """The groups in which this user is active."""
        return list(self._of.get(user, _NONE).values())

    def share(self, one: str, other: str) -> bool:
        """Whether both are active in one group."""
        return not self._of.get(one, _NONE).keys().isdisjoint(self._of.get(other, _NONE))

    def colleagues(self, user: str) -> tuple[str, ...]:
        """Everybody else who is active where this user is."""
        found = {other: None for group in self.of(user) for other in group.active}
        found.pop(user, None)
        return tuple(found)

    def all(self) -> list[Group]:
        return list(self._groups.values())

    def _renumber(self, former: Group | None, group: Group | None) -> None:
        if former is not None and (old := former.ringing) is not None:
            self._beginnings.remove(old.node, old.number)
            if self._at.get((old.node, old.number)) is former:  # unless another has taken it over
                del self._at[old.node, old.number]
        if group is not None and (new := group.ringing) is not None:
            self._beginnings.add(new.node, new.number)
            self._at[new.node, new.number] = group

    def _changed(self, id: str, before: tuple[str, ...], group: Group | None) -> None:
        for user in before:
            self._of[user].pop(id)
            if not self._of[user]:
                del self._of[user]
        after = group.active if group is not None else ()
        for user in after:
            assert group is not None, "somebody is in it"
            self._of.setdefault(user, {})[id] = group
        changed = frozenset(before) ^ frozenset(after)
        if not changed:
            return
        for watcher in self._watchers:
            watcher(changed)
        for user in sorted(changed):
            if groups := tuple(sorted(self._of.get(user, _NONE))):
                self._feed.set(Membership(user, groups))
            else:
                self._feed.drop(Membership, user)


_NONE: dict[str, Group] = {}
