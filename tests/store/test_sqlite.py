"""What only a file can do to us: a lock, a full disk, a killed process."""

import asyncio
import logging
import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from offhook.store.database import StoreError, Unavailable, open_database
from tests.store.conftest import in_trouble

PUT = "insert into meta (key, value) values ($1, $2)"
COUNT = "select count(*) from meta"


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "offhook.db"))


async def test_writes_wait_for_a_locked_database_and_arrive(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = await open_database(f"sqlite://{file}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("begin exclusive")
    writes = [database.write(PUT, [(str(n), "")]) for n in range(100)]
    await in_trouble(database)
    assert "locked" in database.trouble
    assert database.waiting == 100
    assert await database.read(COUNT) == [(0,)]  # readers are not disturbed
    other.execute("rollback")
    await asyncio.gather(*writes)
    assert (database.trouble, database.waiting) == ("", 0)
    assert await database.read(COUNT) == [(100,)]
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
    other.close()
    await database.close()


@pytest.fixture
def full_disk() -> Iterator[Callable[[], None]]:
    """From now on no file may grow beyond 300 KB; the function given ends that."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, former[1]))

    def mend() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)

    yield mend
    mend()


async def test_writes_wait_for_a_disk_that_takes_no_more_and_arrive(
    file: Path, full_disk: Callable[[], None]
) -> None:
    database = await open_database(f"sqlite://{file}")
    writes = [database.write(PUT, [(str(n), "x" * 100_000)]) for n in range(10)]
    await in_trouble(database)
    assert await database.read(COUNT) == [(0,)]
    full_disk()
    await asyncio.gather(*writes)
    assert (database.trouble, database.waiting) == ("", 0)
    assert await database.read(COUNT) == [(10,)]
    assert await database.read("pragma integrity_check") == [("ok",)]
    await database.close()


async def test_nobody_else_may_read_a_new_database(tmp_path: Path) -> None:
    database = await open_database(f"sqlite://{tmp_path}/new/offhook.db")
    await database.write(PUT, [("a", "1")])
    for path in (tmp_path / "new").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await database.close()


async def test_what_cannot_be_a_file_of_ours_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        await open_database(f"sqlite://{tmp_path}")


async def test_a_commit_reaches_the_disk_before_it_is_called_done(file: Path) -> None:
    database = await open_database(f"sqlite://{file}")
    writer = await database.transact([("pragma journal_mode", ()), ("pragma synchronous", ())])
    assert writer == [[("wal",)], [(2,)]]  # 2: full
    await database.close()


async def test_close_gives_up_on_a_database_that_stays_locked(
    file: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offhook.store.sqlite.CLOSE_SECONDS", 0.5)
    database = await open_database(f"sqlite://{file}")
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("begin exclusive")
    write = database.write(PUT, [("a", "1")])
    await database.close()
    assert "closed with 1 writes undone" in caplog.text
    other.execute("rollback")
    other.close()
    await write  # the rows were not forgotten as long as the process lives


async def test_writes_beyond_all_measure_are_refused_not_hoarded(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offhook.store.sqlite.MOST_WAITING", 10)
    database = await open_database(f"sqlite://{file}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("begin exclusive")
    writes = [database.write(PUT, [(str(n), "")]) for n in range(11)]
    with pytest.raises(Unavailable, match="10 writes waiting"):
        await writes[10]
    other.execute("rollback")
    other.close()
    await asyncio.gather(*writes[:10])
    await database.close()


async def test_many_writers_share_a_commit(file: Path) -> None:
    database = await open_database(f"sqlite://{file}")
    await database.write(PUT, [("first", "")])
    before = file.with_name("offhook.db-wal").stat().st_size
    await asyncio.gather(*(database.write(PUT, [(str(n), "")]) for n in range(400)))
    grown = file.with_name("offhook.db-wal").stat().st_size - before
    assert grown < 400 * 4096 / 4  # each commit of its own would add its page
    await database.close()


async def test_nothing_of_the_store_outlives_close(file: Path) -> None:
    before = set(threading.enumerate())
    database = await open_database(f"sqlite://{file}")
    await database.write(PUT, [("a", "1")])
    await asyncio.gather(*(database.read(COUNT) for _ in range(10)))
    await database.close()
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not {name for name in left if name.startswith("store")}
    assert [path.name for path in file.parent.iterdir()] == ["offhook.db"]


WRITER = """
import asyncio, sys
from offhook.store.database import open_database

async def main():
    database = await open_database(sys.argv[1])
    async def write(worker):
        for n in range(1_000_000):
            key = f"{worker}/{n}"
            await database.write("insert into meta (key, value) values ($1, $2)", [(key, "")])
            sys.stdout.write(key + "\\n")
            sys.stdout.flush()
    await asyncio.gather(*(write(worker) for worker in range(20)))

asyncio.run(main())
"""


async def test_every_acknowledged_row_survives_kill_9(url: str) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    acknowledged = [writer.stdout.readline() for _ in range(2000)]
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged += writer.stdout.readlines()
    writer.wait()
    writer.stdout.close()
    database = await open_database(url)
    kept = {key for (key,) in await database.read("select key from meta")}
    assert {line.strip() for line in acknowledged if line.endswith("\n")} <= kept
    if url.startswith("sqlite"):
        assert await database.read("pragma integrity_check") == [("ok",)]
    await database.close()
