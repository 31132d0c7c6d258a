"""PostgreSQL: one connection writes, in groups; a small pool reads.

The writer takes every write that waits, runs them in one transaction and commits once; when the
server is gone it connects again and writes the same group once more.
"""

import asyncio
import contextlib
import itertools
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any

import asyncpg

from offhook.config import masked
from offhook.store.database import (
    GATHER_SECONDS,
    LARGEST_GROUP,
    MOST_WAITING,
    Conflict,
    Job,
    Row,
    Step,
    StoreError,
    Unavailable,
    Value,
    Values,
)

logger = logging.getLogger(__name__)

_READERS = 4
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_CONNECT_SECONDS = 5.0
_STATEMENT_SECONDS = 10.0
CLOSE_SECONDS = 5.0

# Not the fault of what was asked: the same rows will be taken later.
_PASSING = (
    OSError,  # TimeoutError among them
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, crashed, starting up
    asyncpg.InsufficientResourcesError,  # disk full, out of memory, too many connections
    asyncpg.TransactionRollbackError,  # deadlock
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby that will be the primary in a moment
)


class PostgresDatabase:
    """Made by `open`. All methods belong to the loop it was opened on."""

    def __init__(self, url: str, pool: Any) -> None:  # asyncpg comes without types
        self._url = url
        self._name = masked(url)
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._jobs: deque[Job] = deque()
        self._asked = asyncio.Event()
        self._waiting = 0
        self._trouble = ""
        self._closing = False
        self._connection: Any = None
        self._writer = self._loop.create_task(self._write_groups(), name="store-write")

    @classmethod
    async def open(cls, url: str) -> "PostgresDatabase":
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=_READERS,
                timeout=_CONNECT_SECONDS,
                command_timeout=_STATEMENT_SECONDS,
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unavailable(f"database {masked(url)}: {error}") from error
        return cls(url, pool)

    async def read(self, sql: str, *values: Value) -> list[Row]:
        for last in (False, True):
            try:
                return [tuple(row) for row in await self._pool.fetch(sql, *values)]
            except Exception as error:
                if last or not _is_passing(error):  # a connection may have died in the pool: one more
                    raise _named(error, self._name) from error
        raise AssertionError("the loop above returns or raises")

    def write(self, sql: str, rows: Sequence[Values]) -> "asyncio.Future[None]":
        return self._put(Job(self._loop.create_future(), sql=sql, rows=rows))

    def transact(self, steps: Sequence[Step]) -> "asyncio.Future[list[list[Row]]]":
        return self._put(Job(self._loop.create_future(), steps=steps))

    @property
    def trouble(self) -> str:
        return self._trouble

    @property
    def waiting(self) -> int:
        return self._waiting

    async def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._asked.set()
        _, late = await asyncio.wait([self._writer], timeout=CLOSE_SECONDS)
        if late:
            logger.error(
                "database %s: closed with %d writes undone: %s", self._name, self._waiting, self._trouble
            )
            self._writer.cancel()
            await asyncio.wait([self._writer])
        self._drop_connection()
        self._pool.terminate()

    # ---- the writer

    def _put(self, job: Job) -> "asyncio.Future[Any]":
        if self._closing or self._waiting >= MOST_WAITING:
            why = "is closed" if self._closing else f"has {self._waiting} writes waiting"
            job.future.set_exception(Unavailable(f"database {self._name} {why}"))
            return job.future
        self._waiting += 1
        self._jobs.append(job)
        self._asked.set()
        return job.future

    async def _write_groups(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            if self._jobs and not self._jobs[0].steps and not self._closing:
                await asyncio.sleep(GATHER_SECONDS)  # each commit costs a round trip and a write to the disk
            while self._jobs:
                await self._write_group(
                    [self._jobs.popleft() for _ in range(min(len(self._jobs), LARGEST_GROUP))]
                )
            if self._closing:
                return

    async def _write_group(self, group: list[Job]) -> None:
        pieces = [group]
        pause = _FIRST_PAUSE
        while pieces:
            piece = pieces[0]
            try:
                if self._connection is None:
                    self._connection = await asyncpg.connect(
                        self._url, timeout=_CONNECT_SECONDS, command_timeout=_STATEMENT_SECONDS
                    )
                await _transaction(self._connection, piece)
            except Exception as error:  # the writer must outlive whatever it is asked to do
                if _is_passing(error):
                    self._drop_connection()
                    await self._wait_out(error, pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                    continue
                if len(piece) > 1:  # one of them is at fault: each in a transaction of its own
                    pieces = [[job] for job in piece]
                    continue
                piece[0].error = _named(error, self._name)
            pause = _FIRST_PAUSE
            pieces.pop(0)
            self._settle(piece)

    async def _wait_out(self, error: Exception, pause: float) -> None:
        if not self._trouble:
            logger.error("database %s: %s; writes wait and are tried again", self._name, error)
        self._trouble = str(error) or type(error).__name__
        await asyncio.sleep(pause)

    def _settle(self, piece: list[Job]) -> None:
        if self._trouble:
            logger.warning("database %s: writing again", self._name)
            self._trouble = ""
        self._waiting -= len(piece)
        for job in piece:
            job.settle()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):  # it is broken already: nothing it says matters
                self._connection.terminate()
            self._connection = None


async def _transaction(connection: Any, group: list[Job]) -> None:
    async with connection.transaction():
        for sql, jobs in itertools.groupby(group, lambda job: job.sql):
            if sql:
                await connection.executemany(sql, [row for job in jobs for row in job.rows])
                continue
            for job in jobs:
                job.result = [
                    [tuple(row) for row in await connection.fetch(sql, *values)] for sql, values in job.steps
                ]


def _is_passing(error: Exception) -> bool:
    if isinstance(error, asyncpg.InterfaceError):  # a closed connection, or our own mistake
        return "clos" in str(error)
    if isinstance(error, asyncpg.InternalClientError):  # the server has said farewell and not closed yet
        return "cannot switch to state" in str(error)
    return isinstance(error, _PASSING)


def _named(error: Exception, name: str) -> StoreError:
    text = f"database {name}: {error}"
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return Conflict(text)
    return Unavailable(text) if _is_passing(error) else StoreError(text)
