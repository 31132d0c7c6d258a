"""Call records, put together: what is written, what is shown of it, whom it is sent to, and when it goes."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from offhook import process
from offhook.calls.leg import Party
from offhook.clock import Clock
from offhook.config import Config
from offhook.features.records import Recorder
from offhook.features.records.retention import DAY, Retention
from offhook.features.records.webhooks import LOOK_SECONDS, Webhook, open_webhooks
from offhook.feed import Feed
from offhook.store.database import Database
from offhook.store.deliveries import Deliveries
from offhook.store.export import Who
from offhook.store.history import History
from offhook.store.records import Records


class Books:
    """All that is done with call records in a running server."""

    def __init__(
        self, recorder: Recorder, history: History, webhooks: list[Webhook], retention: Retention
    ) -> None:
        self.recorder = recorder
        self.history = history
        self.webhooks = webhooks
        self._retention = retention

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """What is to be run beside the calls."""
        jobs = [process.every(LOOK_SECONDS, hook.look) for hook in self.webhooks]
        return [*jobs, process.every(DAY, self._retention.tidy)]


@asynccontextmanager
async def open_books(
    config: Config,
    database: Database,
    feed: Feed,
    clock: Clock,
    who: Who,
    kept: Callable[[str], None],
    seen: Callable[[Party, Party], Party],
    *,
    alive: float | None,
) -> AsyncIterator[Books]:
    """Follow the calls until the end. What a crash left open is closed at `alive`, its last living second."""
    hooks = [hook.url for hook in config.records.webhook]
    records = await Records.open(database, config.site, hooks)
    if alive is not None:
        await records.close_open(alive)
    history, deliveries = History(database, config.site), Deliveries(database, config.site)

    def wall() -> float:
        return clock.wall(clock.now())

    await deliveries.give_up_unknown(hooks, wall())
    retention = Retention(history, deliveries, wall, keep_days=config.records.keep_days)
    async with open_webhooks(config.records.webhook, deliveries, history, who, wall) as webhooks:
        recorder = Recorder(feed, records, clock, kept, seen)
        try:
            yield Books(recorder, history, webhooks, retention)
        finally:
            recorder.flush()
