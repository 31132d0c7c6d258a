"""Call records: written as the call goes, durable before anybody is told, never lost.

Each user who takes part has a row of their own: opened when the call is accepted for routing,
written again when it is answered and when it ends, and announced once its end is on disk.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.view import CallView, LegView
from offhook.clock import Clock
from offhook.feed import Feed
from offhook.store.records import Outcome, Record, Records

logger = logging.getLogger(__name__)


class Recorder:
    """Follows every call from the feed; `kept(call id)` is told when a call's opening rows are on disk."""

    def __init__(self, feed: Feed, records: Records, clock: Clock, kept: Callable[[str], None]) -> None:
        self._feed = feed
        self._records = records
        self._clock = clock
        self._kept = kept
        self._open: dict[str, dict[str, Record]] = {}
        feed.watch(CallView, self._changed)

    def _changed(self, _: CallView | None, call: CallView | None) -> None:
        if call is None:
            return
        before = self._open.get(call.id)
        now = before if before is not None else self._open.setdefault(call.id, {})
        writes = []
        for user in {leg.party.user: None for leg in call.legs if leg.party.user}:
            old = now.get(user)
            record = self._record(call, user, old)
            if record != old:
                now[user] = record
                writes.append((record, self._records.keep(record)))
        if call.state == "ended":
            del self._open[call.id]
        for record, written in writes:
            written.add_done_callback(partial(self._written, record))
        if before is None:
            self._wait(call.id, [written for _, written in writes])

    def _wait(self, call: str, writes: list["asyncio.Future[None]"]) -> None:
        """Tell the call once all of these are on disk."""
        left = len(writes)
        if not left:
            self._kept(call)

        def one_done(_: "asyncio.Future[None]") -> None:
            nonlocal left
            left -= 1
            if not left:
                self._kept(call)

        for written in writes:
            written.add_done_callback(one_done)

    def _written(self, record: Record, done: "asyncio.Future[None]") -> None:
        if done.cancelled():
            return
        if (why := done.exception()) is not None:
            logger.error("record %s of call %s could not be kept: %s", record.id, record.call, why)
        elif record.ended is not None:
            self._feed.post(record)

    def _record(self, call: CallView, user: str, old: Record | None) -> Record:
        legs = [leg for leg in call.legs if leg.party.user == user]
        mine = next((leg for leg in legs if leg.state == "talking"), legs[0])
        calls_us = any(leg.calls_us for leg in legs)
        talking = call.answered is not None and mine.state == "talking"
        other = _called(call) if calls_us else _caller(call)
        if old is not None and not talking:
            answered = old.answered
        else:
            answered = self._clock.wall(call.answered) if talking and call.answered is not None else None
        ended = None if call.ended is None else self._clock.wall(call.ended)
        if old is not None and old.answered is not None and answered is not None:
            other, device = Party(old.number, old.name, old.other), old.device
        else:
            device = mine.party.device
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
            ended=ended,
            cause=str(call.cause or ""),
        )


def _caller(call: CallView) -> Party:
    return next((leg.party for leg in call.legs if leg.calls_us), Party(""))


def _called(call: CallView) -> Party:
    """Who answered, else who was called."""
    return next((leg.party for leg in call.legs if not leg.calls_us and leg.state == "talking"), call.called)


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
