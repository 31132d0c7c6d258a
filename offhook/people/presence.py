"""What a user is doing, worked out from devices and calls; nobody has to say it.

Only that they do not want to be disturbed they say themselves; it shows while they do nothing else.
"""

from collections.abc import Callable

import msgspec

from offhook.calls.view import CallView
from offhook.feed import Feed
from offhook.people.devices import DeviceView
from offhook.people.directory import User


class Presence(msgspec.Struct, frozen=True):
    """A user's state; `id` is the user's. `since` is in monotonic seconds."""

    id: str
    state: str  # offline, available, dnd, ringing, on-call
    since: float

    @property
    def topics(self) -> tuple[str, ...]:
        return (f"user.{self.id}",)


class Doing:
    """How many devices of a user are reachable, and how many calls ring and run there."""

    __slots__ = ("idle_since", "is_forgotten", "published", "quiet", "reachable", "ringing", "running")

    def __init__(self) -> None:
        self.reachable: set[str] = set()
        self.quiet = False  # does not want to be disturbed
        self.ringing = 0
        self.running = 0
        self.idle_since = 0.0  # when they last left a call they talked in or made
        self.is_forgotten = False  # what is left of somebody whose calls are still to end
        self.published = ""  # what the world knows

    @property
    def state(self) -> str:
        if self.running:
            return "on-call"
        if self.ringing:
            return "ringing"
        if not self.reachable:
            return "offline"
        return "dnd" if self.quiet else "available"


class PresenceKeeper:
    """Watches calls, devices and users, and publishes each user's `Presence` when it changes."""

    def __init__(self, feed: Feed, now: Callable[[], float]) -> None:
        self._feed = feed
        self._now = now
        self._doing: dict[str, Doing] = {}
        self._parts: dict[str, dict[str, bool]] = {}  # by call: who takes part in it
        feed.watch(DeviceView, self._device_changed)
        feed.watch(CallView, self._call_changed)
        feed.watch(User, self._user_changed)

    def introduce(self, user: str) -> None:
        """A user nothing is known of yet is offline."""
        doing = self._of(user)
        doing.is_forgotten = False
        self._publish(user, doing)

    def forget(self, user: str) -> None:
        doing = self._of(user)
        doing.is_forgotten = True
        self._publish(user, doing)
        self._feed.drop(Presence, user)

    def calls_of(self, user: str) -> int:
        """How many calls the user is talking in, or making."""
        doing = self._doing.get(user)
        return 0 if doing is None else doing.running

    def idle_since(self, user: str) -> float:
        """When the user last left such a call, in monotonic seconds; 0 if never."""
        doing = self._doing.get(user)
        return 0.0 if doing is None else doing.idle_since

    def _of(self, user: str) -> Doing:
        if (doing := self._doing.get(user)) is None:
            doing = self._doing[user] = Doing()
        return doing

    def _device_changed(self, old: DeviceView | None, new: DeviceView | None) -> None:
        if old is not None:
            self._of(old.user).reachable.discard(old.id)
        if new is not None and new.reachable and new.kind != "mobile":  # that tells nothing of its user
            self._of(new.user).reachable.add(new.id)
        for user in {view.user for view in (old, new) if view is not None}:
            self._publish(user, self._of(user))

    def _user_changed(self, old: User | None, new: User | None) -> None:
        if new is not None:
            doing = self._of(new.id)
            doing.quiet = new.do_not_disturb
            self._publish(new.id, doing)

    def _call_changed(self, old: CallView | None, new: CallView | None) -> None:
        call = old if new is None else new
        assert call is not None, "a change is of something"
        before, after = self._parts.pop(call.id, _NOBODY), _NOBODY
        if new is not None and (after := _taking_part(new)):
            self._parts[call.id] = after
        if before == after:
            return
        for user in before.keys() | after.keys():
            was, does = before.get(user), after.get(user)
            if was is not does:
                self._changes(user, was, does)

    def _changes(self, user: str, was: bool | None, does: bool | None) -> None:
        """In one of their calls a user was on the phone, or it rang for them; None: neither. So it is now."""
        doing = self._of(user)
        if was:
            doing.running -= 1
            doing.idle_since = self._now()
        elif was is not None:
            doing.ringing -= 1
        if does:
            doing.running += 1
        elif does is not None:
            doing.ringing += 1
        self._publish(user, doing)

    def _publish(self, user: str, doing: Doing) -> None:
        if doing.is_forgotten:
            if not doing.running and not doing.ringing:
                self._doing.pop(user, None)
            return
        state = doing.state
        if state != doing.published:
            doing.published = state
            self._feed.set(Presence(user, state, self._now()))


_NOBODY: dict[str, bool] = {}


def _taking_part(call: CallView) -> dict[str, bool]:
    """The users in a call; True for who is on the phone, False for whom it only rings."""
    users: dict[str, bool] = {}
    if call.state != "ended":
        for leg in call.legs:
            if leg.party.user and leg.state != "gone":
                on_the_phone = leg.state == "talking" or leg.calls_us
                users[leg.party.user] = on_the_phone or users.get(leg.party.user, False)
    return users
