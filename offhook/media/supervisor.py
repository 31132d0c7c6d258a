"""Starting a media worker, watching it, and putting a new one in its place when it died.

A worker ends by itself when its socket closes; one that does not, or that says nothing for
long, is killed. Its calls are lost, those on other workers never notice.
"""

import asyncio
import logging
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from offhook.media import wire
from offhook.media.worker_link import WorkerLink
from offhook.media.workers import News, Worker

if TYPE_CHECKING:
    from offhook.media.engine import MediaEngine

START_SECONDS = 10.0
LOOK_SECONDS = 5.0  # between two questions how it is; no word for two of them: stuck
STEADY_SECONDS = 10.0  # who lived so long may die and be replaced at once
END_SECONDS = 2.0

logger = logging.getLogger(__name__)


class Place:
    """Where one worker after another lives."""

    def __init__(
        self, engine: "MediaEngine", number: int, command: Sequence[str], settings: str, news: News
    ) -> None:
        self.number = number
        self.ready = asyncio.Event()
        self._engine = engine
        self._command = command
        self._settings = settings
        self._news = news

    async def keep(self) -> None:
        loop = asyncio.get_running_loop()
        early = 0
        while True:
            born = loop.time()
            try:
                await self._live()
            except Exception:
                logger.exception("media worker %d could not be kept", self.number)
            early = early + 1 if loop.time() - born < STEADY_SECONDS else 0
            pause = pause_after(early)
            logger.warning("media worker %d has ended, the next starts in %.2f s", self.number, pause)
            self._engine.replaced += 1
            await asyncio.sleep(pause)

    async def _live(self) -> None:
        """From a worker's start until it is gone or unfit."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                str(theirs.fileno()),
                self._settings,
                pass_fds=(theirs.fileno(),),
                stdin=DEVNULL,
                start_new_session=True,  # Ctrl-C is for the server, which then says goodbye to its calls
            )
            theirs.close()
            gone = asyncio.Event()
            link = WorkerLink(ours, lambda message: self._hear(worker, message), gone.set)
            worker = Worker(self.number, link.send, self._news)
            self._engine.workers[self.number] = worker
            try:
                await self._watch(worker, gone)
                _kill(process)
                worker.die()
            finally:
                del self._engine.workers[self.number]
                link.close()
                await _end(process)

    def _hear(self, worker: Worker, message: wire.FromWorker) -> None:
        worker.hear(message)
        if worker.is_ready:
            self.ready.set()

    async def _watch(self, worker: Worker, gone: asyncio.Event) -> None:
        """Returns when the worker is gone or stuck."""
        patience, heard = START_SECONDS, -1
        while worker.heard > heard:
            heard = worker.heard
            worker.send(wire.Measure())
            with suppress(TimeoutError):
                await asyncio.wait_for(gone.wait(), patience)
                return
            patience = LOOK_SECONDS
        logger.error("media worker %d is stuck", worker.number)


def pause_after(early: int) -> float:
    """How long to wait when so many workers in a row have died young; the first one may be mere bad luck."""
    return 0.0 if early <= 1 else min(0.25 * 2 ** min(early - 2, 10), 30.0)


async def _end(process: Process) -> None:
    """It has been told, by the end of its socket; if it does not listen, make it."""
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        _kill(process)
        await process.wait()


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
