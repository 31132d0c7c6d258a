"""What the store costs: a call's records, durable writes, and the last 50 calls out of very many.

    python -m bench.store [URL] [--records N]

Without URL a SQLite file in a temporary directory is used; 2,000,000 records stand there before anything
is measured. Prints one line for each figure.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import get_args

import msgspec

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.moments import Moment, What
from offhook.features.records.journal import Journal
from offhook.store.database import Database, open_database
from offhook.store.history import Filter, History
from offhook.store.keys import Keys
from offhook.store.records import Event, Record, Records

NOW = 1_790_000_000.0
KEYS = Keys("hq")
USERS = 200
CALLS = 20_000
FILL_AT_ONCE = 10_000
OUTCOMES = ("answered", "answered", "missed", "declined")


def main() -> None:
    options = argparse.ArgumentParser(prog="bench store")
    options.add_argument("url", nargs="?", metavar="URL")
    options.add_argument(
        "--records", type=int, default=2_000_000, metavar="N", help="that stand there before"
    )
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(measure(asked.url or f"sqlite://{directory}/bench.db", asked.records))


async def measure(url: str, standing: int) -> None:
    database = await open_database(url)
    records = await Records.open(database, "hq")
    await calls(database, records)
    await fill(records, standing)
    for at_once in (1, 20, 200):
        await durable(records, at_once, max(2000, 100 * at_once))
    history = History(database, "hq")
    for filter in get_args(Filter):
        await last_fifty(history, standing, filter, "")
    await last_fifty(history, standing, "all", "cole")
    await last_fifty(history, standing, "all", "nobody", times=20)
    begun = time.perf_counter()
    for n in range(100):
        await history.missed_since(KEYS.id(n % USERS), "")
    print(f"missed calls of {standing} records counted: {(time.perf_counter() - begun) * 10:.2f} ms each")
    await database.close()


def call(n: int) -> list[Moment]:
    """A call that two phones of the called user ring for: answered, talked, hung up."""
    id, leg, one, two = f"hq.11.{n}", f"a{n}", f"b{n}", f"c{n}"
    anna = Party("101", "Anna Berg", KEYS.id(1), KEYS.id(1))
    ben, desk, browser = [
        Party("102", "Ben Cole", KEYS.id(2), device) for device in ("", KEYS.id(2), KEYS.id(3))
    ]
    return [
        Moment(id, What.CALLED, 0.0, leg, anna, ben),
        Moment(id, What.RUNG, 0.0, one, desk, anna),
        Moment(id, What.RUNG, 0.0, two, browser, anna),
        Moment(id, What.ALERTED, 0.1, one, desk, anna),
        Moment(id, What.LEFT, 4.0, two, browser, cause=Cause.ANSWERED_ELSEWHERE),
        Moment(id, What.CONNECTED, 4.0, one, desk, anna),
        Moment(id, What.LEFT, 64.0, leg, anna, cause=Cause.NORMAL, own=True),
        Moment(id, What.LEFT, 64.0, one, desk, cause=Cause.NORMAL),
        Moment(id, What.ENDED, 64.0, cause=Cause.NORMAL),
    ]


async def calls(database: Database, records: Records) -> None:
    """Journal, rows and the writer's thread; the writes of a hundred calls at a time share a commit."""
    journal = Journal(lambda now: NOW + now, records.new_id)
    batches = [[call(n + i) for i in range(100)] for n in range(0, CALLS, 100)]
    journal_only = used()
    for batch in batches:
        for moments in batch:
            for moment in moments:
                journal.take(moment)
            journal.changed()
    journal_only = used() - journal_only

    async def go() -> None:
        for batch in batches:
            for first, last in ((0, 4), (4, 6), (6, 9)):
                for moments in batch:
                    for moment in moments[first:last]:
                        journal.take(moment)
                done = records.keep(journal.changed())
            await done

    _, cpu = await measured(go)
    print(
        f"a call's records, journal and three writes: {cpu / CALLS * 1e6:6.1f} CPU-us each,"
        f" the journal alone {journal_only / CALLS * 1e6:.1f}"
    )


async def fill(records: Records, count: int) -> None:
    for _ in range(0, count, FILL_AT_ONCE):
        await records.keep([record(records) for _ in range(FILL_AT_ONCE)])


async def durable(records: Records, at_once: int, count: int) -> None:
    """Each of `at_once` callers waits for its record before it writes the next."""
    took: list[float] = []

    async def caller() -> None:
        for _ in range(count // at_once):
            begun = time.perf_counter()
            await records.keep([record(records)])
            took.append(time.perf_counter() - begun)

    wall, cpu = await measured(lambda: asyncio.gather(*(caller() for _ in range(at_once))))
    rate, each = len(took) / wall, cpu / len(took) * 1e6
    print(f"durable records, {at_once:3} at once: {rate:8.0f}/s {each:6.1f} CPU-us each, {spread(took)}")


async def last_fifty(
    history: History, standing: int, filter: Filter, search: str, *, times: int = 1000
) -> None:
    took: list[float] = []

    async def ask() -> None:
        for n in range(times):
            begun = time.perf_counter()
            await history.page(KEYS.id(n % USERS), filter=filter, search=search)
            took.append(time.perf_counter() - begun)

    _, cpu = await measured(ask)
    what = f"last 50 of {standing} records, {filter}" + (f", with {search!r}" if search else "")
    print(f"{what}: {cpu / len(took) * 1e6:6.1f} CPU-us each, {spread(took)}")


def record(records: Records) -> Record:
    id = records.new_id()
    n = KEYS.key(id)
    outcome = OUTCOMES[n // USERS % 4]
    steps = (
        ("setup-to", 0.0, None),
        ("alert-from", 0.1, None),
        ("conn-from", 4.0, None),
        ("rel-to", 64.0, 16),
    )
    events = tuple([Event(msg, NOW + at, "102", "Ben Cole", cause, "hq.11.11") for msg, at, cause in steps])
    direction = "in" if outcome != "answered" or n // USERS % 8 else "out"
    facts = {"id": id, "call": "hq.11.11", "user": KEYS.id(n % USERS), "direction": direction}
    party = {"outcome": outcome, "number": "102", "name": "Ben Cole", "other": "", "device": ""}
    times = {"begun": NOW + n, "answered": NOW + n + 4, "ended": NOW + n + 64, "complete": True}
    made = msgspec.convert({**facts, **party, **times}, Record)
    return msgspec.structs.replace(made, events=events)


async def measured(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), used()
    await work()
    return time.perf_counter() - wall, used() - cpu


def used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def spread(took: list[float]) -> str:
    took.sort()
    return f"p50 {took[len(took) // 2] * 1000:.2f} ms, p99 {took[len(took) * 99 // 100] * 1000:.2f} ms"


if __name__ == "__main__":
    main()
