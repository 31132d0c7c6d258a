"""Both databases do what the page of the Protocol says."""

import asyncio

import pytest

from offhook.store.database import Conflict, Database, StoreError, open_database

PUT = "insert into meta (key, value) values ($1, $2)"
PUT_AGAIN = PUT + " on conflict (key) do update set value = excluded.value"
ALL = "select key, value from meta order by key"


async def test_what_was_written_is_there_when_write_returns(database: Database) -> None:
    await database.write(PUT, [("a", "1"), ("b", "2")])
    assert await database.read(ALL) == [("a", "1"), ("b", "2")]


async def test_what_was_written_is_there_after_opening_again(url: str) -> None:
    database = await open_database(url)
    await database.write(PUT, [("a", "1")])
    await database.close()
    database = await open_database(url)
    assert await database.read(ALL) == [("a", "1")]
    await database.close()


async def test_close_writes_what_nobody_waited_for(url: str) -> None:
    database = await open_database(url)
    for n in range(2000):
        database.write(PUT, [(f"{n:04}", "")])
    await database.close()
    database = await open_database(url)
    assert await database.read("select count(*) from meta") == [(2000,)]
    await database.close()


async def test_writes_keep_the_order_in_which_they_were_asked_for(database: Database) -> None:
    writes = [database.write(PUT_AGAIN, [("a", str(n))]) for n in range(1000)]
    await asyncio.gather(*writes)
    assert await database.read(ALL) == [("a", "999")]
    assert database.waiting == 0


async def test_one_wrong_write_does_not_spoil_its_neighbours(database: Database) -> None:
    await database.write(PUT, [("taken", "1")])
    good = database.write(PUT, [("a", "1")])
    wrong = database.write(PUT, [("taken", "2")])
    other = database.write(PUT, [("b", "2")])
    await asyncio.gather(good, other)
    with pytest.raises(Conflict):
        await wrong
    assert await database.read(ALL) == [("a", "1"), ("b", "2"), ("taken", "1")]


async def test_a_transaction_is_kept_whole_or_not_at_all(database: Database) -> None:
    with pytest.raises(Conflict):
        await database.transact([(PUT, ("a", "1")), (PUT, ("a", "2"))])
    assert await database.read(ALL) == []


async def test_a_transaction_returns_the_rows_of_each_step(database: Database) -> None:
    rows = await database.transact([(PUT + " returning key", ("a", "1")), (PUT, ("b", "2")), (ALL, ())])
    assert rows == [[("a",)], [], [("a", "1"), ("b", "2")]]


@pytest.mark.parametrize(
    "values", [("a",), ("a", "1", "more"), ("a", object()), ("a", "half a pair: \ud800")]
)
async def test_values_that_cannot_be_written_are_refused_and_the_writer_lives(
    database: Database, values: tuple[str, ...]
) -> None:
    with pytest.raises(StoreError):
        await database.write(PUT, [values])
    await database.write(PUT, [("b", "2")])
    assert await database.read(ALL) == [("b", "2")]


async def test_a_statement_that_makes_no_sense_is_our_error(database: Database) -> None:
    with pytest.raises(StoreError):
        await database.read("select nonsense from nowhere")
    with pytest.raises(StoreError):
        await database.transact([("insert into nowhere values (1)", ())])


async def test_a_write_after_close_is_refused(url: str) -> None:
    database = await open_database(url)
    await database.close()
    with pytest.raises(StoreError):
        await database.write(PUT, [("a", "1")])


async def test_whoever_waits_may_be_cancelled_and_the_row_is_written(database: Database) -> None:
    waiting = asyncio.ensure_future(database.write(PUT, [("a", "1")]))
    waiting.cancel()
    await database.write(PUT, [("b", "2")])
    assert await database.read(ALL) == [("a", "1"), ("b", "2")]
