"""What users have spent: calls to the outside at once and in a day, counted against their limits.

Who has got hold of somebody's phone or password can spend a fortune in a night; limits bound that, and
the alarm is raised before they are reached. A call abroad counts as one to the outside as well. The counts
of a day are kept on disk, so that a restart does not begin a new day.
"""

from collections.abc import Callable, Iterable

from offhook.calls.cause import Cause
from offhook.dialplan.model import Limits
from offhook.dialplan.world import Toll

ALARM_PERCENT = 80  # of what a user may do in a day

Key = tuple[str, Toll]

_COUNTS_AS: dict[Toll, tuple[Toll, ...]] = {
    "free": (),
    "external": ("external",),
    "international": ("external", "international"),
}


class TollBook:
    """`now_day` names the day; `keep` is told of each new count (user, day, toll, count).

    `alarm` is raised (user, toll, count, limit) once a day, when most of what a user may do is done.
    """

    def __init__(
        self,
        now_day: Callable[[], str],
        alarm: Callable[[str, Toll, int, int], None],
        keep: Callable[[str, str, str, int], None],
    ) -> None:
        self._now_day = now_day
        self._alarm = alarm
        self._keep = keep
        self._day = ""
        self._today: dict[Key, int] = {}
        self._at_once: dict[Key, int] = {}
        self._alarmed: set[Key] = set()

    def load(self, rows: Iterable[tuple[str, str, str, int]]) -> None:
        """What was kept, as `keep` was told; what belongs to another day is ignored."""
        self._turn_the_page()
        for user, day, kind, count in rows:
            for toll in _COUNTS_AS["international"]:
                if day == self._day and kind == toll:
                    self._today[user, toll] = max(count, self._today.get((user, toll), 0))

    def refuses(self, user: str, toll: Toll, limits: Limits) -> Cause | None:
        """LIMITED if this user may not begin another such call now."""
        if not user or toll == "free":
            return None
        self._turn_the_page()
        for kind in _COUNTS_AS[toll]:
            at_once, per_day = _limits(kind, limits)
            if self._at_once.get((user, kind), 0) >= at_once or self._today.get((user, kind), 0) >= per_day:
                return Cause.LIMITED
        return None

    def begin(self, user: str, toll: Toll, limits: Limits) -> Callable[[], None] | None:
        """Another such call begins, until what is returned is called. None: it may not."""
        if self.refuses(user, toll, limits) is not None:
            return None
        kinds = _COUNTS_AS[toll] if user else ()
        for kind in kinds:
            self._at_once[user, kind] = self._at_once.get((user, kind), 0) + 1
            count = self._today[user, kind] = self._today.get((user, kind), 0) + 1
            self._keep(user, self._day, kind, count)
            self._watch(user, kind, count, _limits(kind, limits)[1])
        left = list(kinds)

        def end() -> None:
            while left:  # a second time it is over already
                self._ends((user, left.pop()))

        return end

    def _ends(self, key: Key) -> None:
        self._at_once[key] -= 1
        if not self._at_once[key]:
            del self._at_once[key]

    def _watch(self, user: str, toll: Toll, count: int, limit: int) -> None:
        """Only the call that reaches it raises the alarm: a restart in between does not repeat it."""
        reached = (count - 1) * 100 < limit * ALARM_PERCENT <= count * 100
        if reached and (user, toll) not in self._alarmed:
            self._alarmed.add((user, toll))
            self._alarm(user, toll, count, limit)

    def _turn_the_page(self) -> None:
        if (day := self._now_day()) != self._day:
            self._day = day
            self._today.clear()
            self._alarmed.clear()


def _limits(toll: Toll, limits: Limits) -> tuple[int, int]:
    """How many at once, and how many a day."""
    if toll == "international":
        return limits.international_at_once, limits.international_per_day
    return limits.external_at_once, limits.external_per_day
