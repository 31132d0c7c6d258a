"""What the store asks of a database: statements go in, rows come out, writes are durable when they return.

No function of ours runs inside the database's thread or connection: a condition belongs into the
SQL (`where …`, `returning …`), so that SQLite and PostgreSQL are two halves of one page.
Placeholders are `$1`, `$2`, … on both.

A write that the database cannot take at the moment (locked, full, gone) waits and is tried again;
it is never dropped. When a connection is lost in the middle of a commit the group may be written a
second time, so rows that must not double carry their own key and are upserted.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from offhook.config import masked

SCHEMA = "0003"  # the revision this server works with; the newest file in migrations/versions

Row = tuple[Any, ...]  # what a statement selects; the module that owns the statement knows the types
Value = str | int | float | bool | bytes | None
Values = Sequence[Value]
Step = tuple[str, Values]

T = TypeVar("T")

logger = logging.getLogger(__name__)


class StoreError(Exception):
    """The database could not do what it was asked; the text is fit for an administrator."""


class Conflict(StoreError):
    """A value that must be unique is taken, or what the row refers to is gone."""


class Unavailable(StoreError):
    """The database cannot be reached now."""


class Database(Protocol):
    async def read(self, sql: str, *values: Value) -> list[Row]:
        """The rows of one `select`, as of the last commit. Raises Unavailable."""

    def write(self, sql: str, rows: Sequence[Values]) -> "asyncio.Future[None]":
        """Run `sql` once for each row, in the next group commit; done when durable.

        Rows enter the queue during the call, so writes keep the order in which they were asked
        for, whether or not anybody awaits them.
        """

    def transact(self, steps: Sequence[Step]) -> "asyncio.Future[list[list[Row]]]":
        """All steps or none, in the next group commit; the rows each step returned. Raises Conflict.

        They enter the queue during the call, as those of `write` do.
        """

    @property
    def trouble(self) -> str:
        """Why writes are waiting at the moment; empty when all is well."""

    @property
    def waiting(self) -> int:
        """Writes accepted and not yet durable."""

    async def close(self) -> None:
        """Write what waits, then let go of the database."""


@dataclass(slots=True, eq=False)
class Job:
    """One `write` or `transact` on its way through the writer."""

    future: "asyncio.Future[Any]"
    sql: str = ""
    rows: Sequence[Values] = ()
    steps: Sequence[Step] = ()
    result: list[list[Row]] = field(default_factory=list)
    error: Exception | None = None

    def settle(self) -> None:
        if self.future.done():  # whoever waited was cancelled; the rows are written all the same
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result if self.steps else None)


MOST_WAITING = 100_000  # jobs; beyond it the disk has been away for so long that memory is in danger
_SLICE = 200  # rows: well under a millisecond of Python
GATHER_SECONDS = 0.015  # a write nobody asked an answer of waits so long for others to share its commit
LARGEST_GROUP = 500  # jobs a commit: keeps one transaction in the milliseconds


async def open_database(url: str) -> Database:
    """Open `sqlite:///path` or `postgresql://…`, brought to this server's schema first."""
    database = await _open(url)
    try:
        stamp = await _stamp(database)
        if stamp > SCHEMA:
            raise StoreError(
                f"{masked(url)} was written by a newer Offhook (schema {stamp}, this one knows {SCHEMA}): "
                "install that version, or restore the backup made before the upgrade"
            )
    except BaseException:
        await database.close()
        raise
    if stamp == SCHEMA:
        return database
    await database.close()
    await _migrate(url)
    return await _open(url)


async def _open(url: str) -> Database:
    if url.startswith("sqlite:"):
        from offhook.store.sqlite import SqliteDatabase, sqlite_path

        path = sqlite_path(url)
        await asyncio.to_thread(_make_room, path)
        return await SqliteDatabase.open(path)
    if url.startswith(("postgresql:", "postgres:")):
        from offhook.store.postgres import PostgresDatabase

        return await PostgresDatabase.open(url)
    raise StoreError(f"{masked(url)!r} is no database we know: write sqlite:///path or postgresql://…")


def _make_room(path: str) -> None:
    """The directory and an empty file, for the server's own user alone: hashes of secrets will be in it."""
    directory = os.path.dirname(os.path.abspath(path))
    os.makedirs(directory, mode=0o750, exist_ok=True)
    if os.path.exists(path):
        return
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    if os.getuid() == 0:  # an administrator, before the server's first start
        owner = os.stat(directory)
        os.chown(path, owner.st_uid, owner.st_gid)


async def in_slices(rows: Sequence[Row], build: Callable[[Row], T]) -> list[T]:
    """Build values from very many rows without keeping the loop from its calls."""
    built: list[T] = []
    for start in range(0, len(rows), _SLICE):
        built += map(build, rows[start : start + _SLICE])
        await asyncio.sleep(0)
    return built


async def _stamp(database: Database) -> str:
    try:
        rows = await database.read("select version_num from alembic_version")
    except Unavailable:
        raise
    except StoreError:
        return ""  # an empty database has no such table
    return str(rows[0][0]) if rows else ""


async def _migrate(url: str) -> None:
    """In a process of its own: SQLAlchemy and Alembic cost the server 21 MB and 0.2 s."""
    logger.info("database %s: bringing the schema to %s", masked(url), SCHEMA)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "offhook.store.migrate",
        env={**os.environ, "OFFHOOK_DATABASE": url},  # not on the command line: it may hold a password
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise StoreError(f"the schema of {masked(url)} could not be brought up to date: {last}")
