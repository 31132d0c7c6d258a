"""What only a server can do to us: go away and come back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from offhook.store.database import Unavailable, open_database
from tests.store.conftest import Cluster, in_trouble

PUT = "insert into meta (key, value) values ($1, $2) on conflict (key) do nothing"
COUNT = "select count(*) from meta"


@pytest.fixture
def own(cluster: Cluster, postgres_template: str) -> str:
    asyncio.run(cluster.command("drop database if exists own"))
    asyncio.run(cluster.command(f"create database own template {postgres_template}"))
    return cluster.url("own")


async def test_writes_wait_for_a_server_that_is_away_and_arrive(cluster: Cluster, own: str) -> None:
    database = await open_database(own)
    await database.write(PUT, [("before", "")])
    await asyncio.to_thread(cluster.stop)
    writes = [database.write(PUT, [(str(n), "")]) for n in range(100)]
    await in_trouble(database)
    with pytest.raises(Unavailable):
        await database.read(COUNT)
    assert database.waiting == 100
    await asyncio.to_thread(cluster.start)
    await asyncio.gather(*writes)
    assert (database.trouble, database.waiting) == ("", 0)
    assert await database.read(COUNT) == [(101,)]
    await database.close()


async def test_a_connection_that_was_cut_is_made_again(cluster: Cluster, own: str) -> None:
    database = await open_database(own)
    await database.write(PUT, [("a", "")])
    await database.read(COUNT)
    await cluster.command("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'own'")
    await database.write(PUT, [("b", "")])
    assert await database.read(COUNT) == [(2,)]
    await database.close()


FAREWELL = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"


class Halfway:
    """Between us and the server: what both say passes, and a word of the server's can be added."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._clients: list[asyncio.StreamWriter] = []

    def says_farewell(self) -> None:
        """As the server does before it ends a connection; the end itself is still on its way."""
        self._clients[-1].write(b"E" + (len(FAREWELL) + 4).to_bytes(4, "big") + FAREWELL)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.append(writer)
        from_server, to_server = await asyncio.open_unix_connection(self._server)
        await asyncio.gather(_pass_on(reader, to_server), _pass_on(from_server, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def halfway(cluster: Cluster, folder: Path) -> AsyncIterator[Halfway]:
    """Until all connections are closed."""
    name = ".s.PGSQL.5432"
    between = Halfway(cluster.directory / name)
    async with asyncio.TaskGroup() as meetings:

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            meetings.create_task(between.meet(reader, writer))

        listening = await asyncio.start_unix_server(accept, folder / name)
        yield between
        listening.close()


async def test_a_write_between_the_servers_last_word_and_the_end_arrives_too(
    cluster: Cluster, own: str, tmp_path: Path
) -> None:
    async with halfway(cluster, tmp_path) as server:
        database = await open_database(own.replace(str(cluster.directory), str(tmp_path)))
        await database.write(PUT, [("a", "")])
        server.says_farewell()
        await database.read(COUNT)  # by another connection, while the word arrives
        await database.write(PUT, [("b", "")])
        assert await database.read(COUNT) == [(2,)]
        await database.close()


async def test_a_lock_on_a_table_delays_writes_and_loses_none(cluster: Cluster, own: str) -> None:
    database = await open_database(own)
    other = await cluster.connect("own")
    lock = other.transaction()
    await lock.start()
    await other.execute("lock table meta in exclusive mode")
    write = database.write(PUT, [("a", "")])
    await database.read(COUNT)
    assert not write.done()
    await lock.rollback()
    await write
    await other.close()
    await database.close()
