"""What only a server can do to us: go away and come back."""

import asyncio

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
