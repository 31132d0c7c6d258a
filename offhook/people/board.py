"""What colleagues may see of calls that are not theirs: those that ring, and those that wait somewhere.

Groups are what makes colleagues: `groups` are those through which others see it.
"""

import msgspec

from offhook.calls.leg import Party
from offhook.calls.view import Place


class Waiting(msgspec.Struct, frozen=True):
    """A call rings for `called`, and colleagues may pick it up; `id` is the call's. Monotonic seconds."""

    id: str
    caller: Party
    called: Party
    since: float
    groups: tuple[str, ...]

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple([f"group.{group}" for group in self.groups])


class Parked(msgspec.Struct, frozen=True):
    """`party` waits at `place`, where `by` parked it; `id` is the call's. Monotonic seconds."""

    id: str
    party: Party
    place: Place
    by: Party
    since: float
    groups: tuple[str, ...]

    @property
    def topics(self) -> tuple[str, ...]:
        own = [f"own.{user}" for user in dict.fromkeys((self.place.user, self.by.user)) if user]
        return (*own, *[f"group.{group}" for group in self.groups])
