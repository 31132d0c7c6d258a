"""What the store costs: durable writes, and the last 50 calls out of very many.

    python -m bench.store [URL]

Without URL a SQLite file in a temporary directory is used. Prints one line for each figure.
"""

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable

from offhook.store.database import Database, open_database
from offhook.store.keys import Keys
from offhook.store.records import Record, Records

NOW = 1_790_000_000.0
KEYS = Keys("hq")
USERS = 200


async def main(url: str, standing: int) -> None:
    database = await open_database(url)
    records = await Records.open(database, "hq")
    await fill(database, records, standing)
    for at_once in (1, 20, 200):
        await durable(records, at_once, max(2000, 100 * at_once))
    await last_fifty(records, standing)
    await database.close()


async def fill(database: Database, records: Records, count: int) -> None:
    for _ in range(0, count, 10_000):
        for _ in range(10_000):
            last = records.keep([record(records)])
        await last


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


async def last_fifty(records: Records, standing: int) -> None:
    took: list[float] = []

    async def ask() -> None:
        for n in range(1000):
            begun = time.perf_counter()
            page = await records.page(KEYS.id(n % USERS))
            took.append(time.perf_counter() - begun)
            assert len(page) == min(50, standing // USERS) or len(page) == 50

    _, cpu = await measured(ask)
    print(f"last 50 of {standing} records: {cpu / len(took) * 1e6:6.1f} CPU-us each, {spread(took)}")


def record(records: Records) -> Record:
    id = records.new_id()
    user = KEYS.id(KEYS.key(id) % USERS)
    return Record(
        id, "hq.11.11", user, "in", "answered", "102", "Ben Cole", "", "", NOW, NOW + 4, NOW + 64, "normal"
    )


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
    with tempfile.TemporaryDirectory() as directory:
        where = sys.argv[1] if len(sys.argv) > 1 else f"sqlite://{directory}/bench.db"
        asyncio.run(main(where, 200_000))
