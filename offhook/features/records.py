"""Call records: written as the call goes, durable before anybody is told, never lost.

Each user who takes part has a row of their own: opened when the call is accepted for routing,
written again when it is answered and when it ends, and announced once its end is on disk.
"""

import asyncio
import logging
from collections.abc import Callable

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.view import CallView, LegView
from offhook.clock import Clock
from offhook.feed import Feed
from offhook.store.records import Outcome, Record, Records

GATHER_SECONDS = 0.01  # rows that change within it are written together, each as it is then

logger = logging.getLogger(__name__)


class Recorder:
    """Follows every call from the feed; `kept(call id)` is told when a call's opening rows are on disk."""

    def __init__(self, feed: Feed, records: Records, clock: Clock, kept: Callable[[str], None]) -> None:
        self._feed = feed
        self._records = records
        self._clock = clock
        self._kept = kept
        self._open: dict[str, dict[str, Record]] = {}
        self._changed: dict[str, Record] = {}
        self._opened: list[str] = []
        self._is_due = False
        feed.watch(CallView, self._call_changed)

    def flush(self) -> None:
        """Write what has changed now."""
        self._is_due = False
        changed, self._changed = self._changed, {}
        opened, self._opened = self._opened, []

        def written(done: "asyncio.Future[None]") -> None:
            if done.cancelled():
                return
            if (why := done.exception()) is not None:
                logger.error("records %s could not be kept: %s", ", ".join(changed), why)
                return
            for call in opened:
                self._kept(call)
            for record in changed.values():
                if record.ended is not None:
                    self._feed.post(record)

        self._records.keep(changed.values()).add_done_callback(written)

    def _call_changed(self, _: CallView | None, call: CallView | None) -> None:
        if call is None:
            return
        records = self._open.get(call.id)
        if records is None:
            records = self._open[call.id] = {}
            self._opened.append(call.id)
        legs_of: dict[str, list[LegView]] = {}
        for leg in call.legs:
            if user := leg.party.user:
                legs_of.setdefault(user, []).append(leg)
        for user, legs in legs_of.items():
            old = records.get(user)
            record = self._record(call, user, legs, old)
            if record != old:
                records[user] = self._changed[record.id] = record
        if call.state == "ended":
            del self._open[call.id]
        if not self._is_due and (self._changed or self._opened):
            self._is_due = True
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self.flush)

    def _record(self, call: CallView, user: str, legs: list[LegView], old: Record | None) -> Record:
        """This user's part in the call as it stands."""
        mine, calls_us = legs[0], False
        for leg in reversed(legs):
            calls_us = calls_us or leg.calls_us
            if leg.state == "talking":
                mine = leg
        answered = old.answered if old is not None else None
        if call.answered is not None and mine.state == "talking" and answered is None:
            answered = self._clock.wall(call.answered)
        if old is not None and old.answered is not None:
            other, device = Party(old.number, old.name, old.other), old.device
        else:
            other, device = _called(call) if calls_us else _caller(call), mine.party.device
        return Record(
            id=old.id if old is not None else self._records.new_id(),
            call=call.id,
            user=user,
            direction="out" if calls_us else "in",
            outcome=_outcome(call, legs, calls_us=calls_us, answered=answered is not None),
            number=other.number,
            name=other.name,
            other=other.user,
            device=device,
            begun=old.begun if old is not None else self._clock.wall(call.begun),
            answered=answered,
            ended=None if call.ended is None else self._clock.wall(call.ended),
            cause=str(call.cause or ""),
        )


def _caller(call: CallView) -> Party:
    for leg in call.legs:
        if leg.calls_us:
            return leg.party
    return Party("")


def _called(call: CallView) -> Party:
    """Who answered, else who was called."""
    for leg in call.legs:
        if not leg.calls_us and leg.state == "talking":
            return leg.party
    return call.called


_OUTCOMES: dict[Cause, Outcome] = {
    Cause.BUSY: "busy",
    Cause.DECLINED: "declined",
    Cause.CANCELLED: "cancelled",
    Cause.NO_ANSWER: "missed",
    Cause.UNREACHABLE: "missed",
}


def _outcome(call: CallView, legs: list[LegView], *, calls_us: bool, answered: bool) -> Outcome:
    """How it went for this user; while the call lives, how it would have gone had it ended now."""
    if answered:
        return "answered"
    if calls_us:
        return _OUTCOMES.get(call.cause or Cause.CANCELLED, "failed")
    causes = {leg.cause for leg in legs}
    if Cause.DECLINED in causes:
        return "declined"
    if Cause.ANSWERED_ELSEWHERE in causes:
        return "elsewhere"
    return "missed"
