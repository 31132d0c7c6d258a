"""The figure by which calls are refused: late when the server keeps its loop, calm again soon after."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from offhook.lag import LOOKS_PER_SECOND, LagWatch
from tests.phones.exchange import eventually


@pytest.fixture
async def watch() -> AsyncIterator[LagWatch]:
    watch = LagWatch()
    task = asyncio.create_task(watch.run())
    yield watch
    task.cancel()


def compute(seconds: float) -> None:
    """Keep the loop by having much to do."""
    done = time.thread_time() + seconds
    while time.thread_time() < done:
        pass


def starve(seconds: float) -> None:
    """Keep the loop as other programs do that hold the processor."""
    time.sleep(seconds)


async def keep(watch: LagWatch, how: object) -> None:
    assert callable(how)
    for _ in range(LOOKS_PER_SECOND // 5):
        await asyncio.sleep(0)
        how(0.12)
        await asyncio.sleep(0)
    await eventually(lambda: watch.p90() > 0.05, "the delays are noticed")


async def test_a_loop_that_is_kept_is_seen_and_the_worst_remembered(watch: LagWatch) -> None:
    await asyncio.sleep(0)
    compute(0.2)
    await eventually(lambda: watch.worst > 0.1, "the delay is noticed")
    assert watch.p99() == watch.worst


async def test_one_delay_is_not_overload_not_even_in_the_first_second(watch: LagWatch) -> None:
    await asyncio.sleep(0)
    compute(0.2)
    await eventually(lambda: watch.worst > 0.1, "the delay is noticed")
    assert watch.own_p90() < 0.1


async def test_a_server_that_is_late_by_its_own_work_is_overloaded(watch: LagWatch) -> None:
    await keep(watch, compute)
    assert watch.own_p90() > 0.05


async def test_a_server_that_others_keep_waiting_is_late_but_not_overloaded(watch: LagWatch) -> None:
    await keep(watch, starve)
    assert watch.own_p90() < 0.05


async def test_passwords_that_are_checked_beside_the_loop_are_not_its_own_work(watch: LagWatch) -> None:
    """A sign-in keeps a processor for a while; calls must not be refused for it."""
    with ThreadPoolExecutor() as pool:
        checking = pool.submit(hash_for, 1.5)
        await keep(watch, starve)
        assert watch.own_p90() < 0.05
        checking.result()


def hash_for(seconds: float) -> None:
    done = time.monotonic() + seconds
    while time.monotonic() < done:
        hashlib.pbkdf2_hmac("sha256", b"word", b"salt", 50_000)  # lets other threads run meanwhile
