"""What is old enough is deleted: call records as configured, and the log of deliveries to webhooks.

In slices that the database has done with within milliseconds, and with pauses in which it has time for
the calls.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

DAY = 86400.0
LOG_DAYS = 14
PAUSE_SECONDS = 0.05  # between two slices

logger = logging.getLogger(__name__)


class Forgetful(Protocol):
    async def forget_before(self, at: float, /) -> int:
        """Delete a slice of what is older; how many these were, 0 when there are no more."""


class Retention:
    """`keep_days`: of records; 0 for ever. `wall` gives the Unix time."""

    def __init__(
        self,
        records: Forgetful,
        deliveries: Forgetful,
        wall: Callable[[], float],
        *,
        keep_days: int,
        pause: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(PAUSE_SECONDS),
    ) -> None:
        self._records = records
        self._deliveries = deliveries
        self._wall = wall
        self._keep_days = keep_days
        self._pause = pause

    async def tidy(self) -> None:
        """To be done once a day."""
        now = self._wall()
        await self._forget(self._deliveries, now - LOG_DAYS * DAY)
        if self._keep_days:
            gone = await self._forget(self._records, now - self._keep_days * DAY)
            if gone:
                logger.info("%d call records were older than %d days: deleted", gone, self._keep_days)

    async def _forget(self, what: Forgetful, before: float) -> int:
        gone = 0
        while slice := await what.forget_before(before):
            gone += slice
            await self._pause()
        return gone
