"""Every test of the store runs on SQLite and on PostgreSQL, each in a fresh, migrated database.

PostgreSQL is a cluster of our own in a temporary directory, reached over a Unix socket.
"""

import asyncio
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from offhook.store import migrate
from offhook.store.database import Database, open_database

_counter = itertools.count(1)


class Cluster:
    """A running PostgreSQL that is ours alone."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._user = "postgres" if os.getuid() == 0 else None  # PostgreSQL refuses to run as root
        self.directory = Path(tempfile.mkdtemp(prefix="offhook-pg-", dir="/tmp"))
        if self._user:
            shutil.chown(self.directory, self._user)
        owner = self._user or pwd.getpwuid(os.getuid()).pw_name
        self._owner = owner
        self._run(
            "initdb", "-D", f"{self.directory}/data", "-U", owner, "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        self.start()

    def url(self, name: str) -> str:
        return f"postgresql://{self._owner}@/{name}?host={self.directory}"

    def start(self) -> None:
        options = f"-k {self.directory} -c listen_addresses='' -c fsync=off"
        self._run(
            "pg_ctl",
            "-D",
            f"{self.directory}/data",
            "-l",
            f"{self.directory}/log",
            "-o",
            options,
            "-w",
            "start",
        )

    def stop(self) -> None:
        self._run("pg_ctl", "-D", f"{self.directory}/data", "-m", "immediate", "-w", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    async def connect(self, name: str) -> Any:  # asyncpg comes without types
        return await asyncpg.connect(self.url(name))

    async def command(self, sql: str) -> None:
        connection = await self.connect("postgres")
        await connection.execute(sql)
        await connection.close()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, *arguments],
            check=True,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )


def postgres_binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    path = shutil.which("initdb")
    return Path(path).resolve().parent if path else None


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (apt: postgresql)")
    cluster = Cluster(binaries)
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "offhook.db"
    migrate.upgrade(f"sqlite://{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(cluster: Cluster) -> str:
    asyncio.run(cluster.command("create database template_offhook"))
    migrate.upgrade(cluster.url("template_offhook"))
    return "template_offhook"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh, migrated database."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "offhook.db")
        return f"sqlite://{tmp_path}/offhook.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    template = request.getfixturevalue("postgres_template")
    name = f"test_{next(_counter)}"
    asyncio.run(cluster.command(f"create database {name} template {template}"))
    return cluster.url(name)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = await open_database(url)
    yield database
    await database.close()


async def in_trouble(database: Database) -> None:
    """Wait until its writes wait."""
    async with asyncio.timeout(10):
        while not database.trouble:  # noqa: ASYNC110  # the writer is another thread and tells nobody
            await asyncio.sleep(0.01)
