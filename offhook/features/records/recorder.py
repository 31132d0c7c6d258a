"""Call records: written as the call goes, durable before anybody is told, never lost.

What happens in calls comes from the feed, what is to be written from the journal: a record is opened
when the call is accepted for routing, written again when it is answered and when its user's part ends,
and announced once that is on disk.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from offhook.calls.leg import Party
from offhook.calls.moments import Moment, What
from offhook.clock import Clock
from offhook.features.records.journal import Journal
from offhook.feed import Feed
from offhook.store.records import Records

GATHER_SECONDS = 0.01  # rows that change within it are written together, each as it is then

logger = logging.getLogger(__name__)


class Recorder:
    """Follows every call from the feed; `kept(call id)` is told when a call's opening rows are on disk.

    `seen(party, by)` is the party with the number as `by` would dial it.
    """

    def __init__(
        self,
        feed: Feed,
        records: Records,
        clock: Clock,
        kept: Callable[[str], None],
        seen: Callable[[Party, Party], Party] = lambda party, by: party,
    ) -> None:
        self._feed = feed
        self._records = records
        self._clock = clock
        self._kept = kept
        self._journal = Journal(clock.wall, records.new_id, seen)
        self._moments: list[Moment] = []  # not yet in the journal
        self._is_due = False
        self._writing = 0  # rows
        feed.watch(Moment, self._happened)

    @property
    def waiting(self) -> int:
        """What has happened in calls and is not yet on disk; 0 when all of it is."""
        return len(self._moments) + self._writing

    def flush(self) -> None:
        """Write what has changed now."""
        self._is_due = False
        moments, self._moments = self._moments, []
        for moment in moments:
            self._journal.take(moment)
        changed = self._journal.changed()
        opened = [moment.call for moment in moments if moment.what is What.CALLED]

        def written(done: "asyncio.Future[Any]") -> None:  # of whatever
            self._writing -= len(changed)
            if done.cancelled():
                return
            if (why := done.exception()) is not None:
                ids = ", ".join(record.id for record in changed)
                logger.error("records %s could not be kept: %s", ids, why)
                return
            for call in opened:
                self._kept(call)
            for record in changed:
                if record.listed is not None:
                    self._feed.post(record)

        if changed:
            self._writing += len(changed)
            now = self._clock.wall(self._clock.now())
            self._records.keep(changed, now=now).add_done_callback(written)
        else:
            for call in opened:  # between strangers: there is nothing to keep
                self._kept(call)

    def _happened(self, _: Moment | None, moment: Moment | None) -> None:
        if moment is None:
            return
        self._moments.append(moment)
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self.flush)
