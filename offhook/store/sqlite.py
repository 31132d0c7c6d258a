"""SQLite: one thread writes, in groups; a few threads read.

The writer takes every write that waits, runs them in one transaction and commits once
(WAL, synchronous=FULL), so a durable write costs its share of one fsync.
"""

import asyncio
import contextlib
import functools
import itertools
import logging
import queue
import re
import sqlite3
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote

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

_READERS = 2
_OPEN_SECONDS = 5.0  # how long a lock may last when we start
_BUSY_SECONDS = 0.2  # how long SQLite itself waits for a lock before the writer looks up
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
CLOSE_SECONDS = 5.0

_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOMEM,
}


def sqlite_path(url: str) -> str:
    """`sqlite:///var/x.db` is /var/x.db, `sqlite:x.db` is relative to where the server runs."""
    path = unquote(url.removeprefix("sqlite:"))
    if path.startswith("//"):
        path = "/" + path.lstrip("/")
    if not path.strip("/"):
        raise StoreError(f"{url!r} names no file: write sqlite:///path/to/offhook.db")
    return path


@functools.cache
def dialect(sql: str) -> str:
    """Our `$1` as SQLite's `?1`."""
    return re.sub(r"\$(\d+)", r"?\1", sql)


class SqliteDatabase:
    """Made by `open`. All methods belong to the loop it was opened on."""

    def __init__(self, path: str, loop: asyncio.AbstractEventLoop) -> None:
        self._path = path
        self._loop = loop
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting = 0
        self._trouble = ""
        self._closing = threading.Event()
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._readers = ThreadPoolExecutor(_READERS, "store-read")
        self._connection: sqlite3.Connection | None = None  # the writer's own
        self._writer = threading.Thread(target=self._write_groups, name="store-write", daemon=True)

    @classmethod
    async def open(cls, path: str) -> "SqliteDatabase":
        """Raises StoreError when the file is no database or cannot be written to."""
        database = cls(path, asyncio.get_running_loop())
        await asyncio.to_thread(database._start)
        return database

    async def read(self, sql: str, *values: Value) -> list[Row]:
        return await self._loop.run_in_executor(self._readers, self._read, dialect(sql), values)

    def write(self, sql: str, rows: Sequence[Values]) -> "asyncio.Future[None]":
        return self._put(Job(self._loop.create_future(), sql=dialect(sql), rows=rows))

    def transact(self, steps: Sequence[Step]) -> "asyncio.Future[list[list[Row]]]":
        translated = [(dialect(sql), values) for sql, values in steps]
        return self._put(Job(self._loop.create_future(), steps=translated))

    @property
    def trouble(self) -> str:
        return self._trouble

    @property
    def waiting(self) -> int:
        return self._waiting

    async def close(self) -> None:
        if self._closing.is_set():
            return
        self._closing.set()
        self._jobs.put(None)
        await asyncio.to_thread(self._writer.join, CLOSE_SECONDS)
        if self._writer.is_alive():
            logger.error(
                "database %s: closed with %d writes undone: %s", self._path, self._waiting, self._trouble
            )
        self._readers.shutdown()
        for connection in self._connections:
            connection.close()

    def _start(self) -> None:
        try:
            self._connect_writer(busy=_OPEN_SECONDS)
        except sqlite3.Error as error:
            raise _named(error, self._path) from error
        self._writer.start()

    # ---- readers

    def _connect(self, *, busy: float) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=busy, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute("pragma foreign_keys=on")
        return connection

    def _read(self, sql: str, values: Values) -> list[Row]:
        try:
            connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._connect(busy=5.0)
                connection.execute("pragma query_only=on")
                self._connections.append(connection)
            return connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise _named(error, self._path) from error

    # ---- the writer

    def _put(self, job: Job) -> "asyncio.Future[Any]":
        if self._closing.is_set() or self._waiting >= MOST_WAITING:
            why = "is closed" if self._closing.is_set() else f"has {self._waiting} writes waiting"
            job.future.set_exception(Unavailable(f"database {self._path} {why}"))
            return job.future
        self._waiting += 1
        self._jobs.put(job)
        return job.future

    def _write_groups(self) -> None:
        last = False
        while not last:
            group, last = self._take_group()
            pieces = [group] if group else []
            pause = _FIRST_PAUSE
            while pieces:
                piece = pieces[0]
                try:
                    connection = self._connection or self._connect_writer(busy=_BUSY_SECONDS)
                    _transaction(connection, piece)
                except Exception as error:  # this thread must outlive whatever it is asked to do
                    if _is_passing(error):
                        self._wait_out(error, pause)
                        pause = min(pause * 2, _LONGEST_PAUSE)
                        continue
                    if len(piece) > 1:  # one of them is at fault: each in a transaction of its own
                        pieces = [[job] for job in piece]
                        continue
                    piece[0].error = _named(error, self._path)
                pause = _FIRST_PAUSE
                pieces.pop(0)
                self._tell(piece)
        if self._connection is not None:
            self._connection.close()

    def _connect_writer(self, *, busy: float) -> sqlite3.Connection:
        connection = self._connect(busy=busy)
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=full")
        connection.execute("begin immediate")  # a file we may only read is found now
        connection.execute("rollback")
        connection.execute(f"pragma busy_timeout={_BUSY_SECONDS * 1000:.0f}")
        self._connection = connection
        return connection

    def _take_group(self) -> tuple[list[Job], bool]:
        """All that waits now, at least one; True when it is the last of all."""
        group: list[Job] = []
        job = self._jobs.get()
        if job is not None and not job.steps:
            time.sleep(GATHER_SECONDS)  # each commit costs a write to the disk; what follows joins this one
        while job is not None:
            group.append(job)
            if len(group) == LARGEST_GROUP:
                return group, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _wait_out(self, error: Exception, pause: float) -> None:
        if not self._trouble:
            logger.error("database %s: %s; writes wait and are tried again", self._path, error)
        self._trouble = str(error)
        time.sleep(pause)

    def _tell(self, group: list[Job]) -> None:
        if self._trouble:
            logger.warning("database %s: writing again", self._path)
            self._trouble = ""
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody is left to tell
            self._loop.call_soon_threadsafe(self._settle, group)

    def _settle(self, group: list[Job]) -> None:
        self._waiting -= len(group)
        for job in group:
            job.settle()


def _transaction(connection: sqlite3.Connection, group: list[Job]) -> None:
    try:
        connection.execute("begin immediate")
        for sql, jobs in itertools.groupby(group, lambda job: job.sql):
            if sql:
                connection.executemany(sql, itertools.chain.from_iterable(job.rows for job in jobs))
                continue
            for job in jobs:
                job.result = [connection.execute(*step).fetchall() for step in job.steps]
        connection.execute("commit")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back by itself
            connection.execute("rollback")
        raise


def _is_passing(error: Exception) -> bool:
    """True when it is not the fault of what was asked: the same rows will be taken later."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _PASSING


def _named(error: Exception, path: str) -> StoreError:
    text = f"database {path}: {error}"
    if isinstance(error, sqlite3.IntegrityError):
        return Conflict(text)
    return Unavailable(text) if _is_passing(error) else StoreError(text)
