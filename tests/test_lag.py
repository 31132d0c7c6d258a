"""The figure by which calls are refused: late when the loop is kept, calm again soon after."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from offhook.lag import LOOKS_PER_SECOND, LagWatch
from tests.phones.exchange import eventually


@pytest.fixture
async def watch() -> AsyncIterator[LagWatch]:
    watch = LagWatch()
    task = asyncio.create_task(watch.run())
    yield watch
    task.cancel()


def keep_the_loop(seconds: float) -> None:
    time.sleep(seconds)  # this is what a watch is for


async def test_a_loop_that_is_kept_is_seen_and_the_worst_remembered(watch: LagWatch) -> None:
    await asyncio.sleep(0)
    keep_the_loop(0.2)
    await eventually(lambda: watch.worst > 0.1, "the delay is noticed")
    assert watch.p99() == watch.worst


async def test_one_delay_is_not_overload_not_even_in_the_first_second(watch: LagWatch) -> None:
    await asyncio.sleep(0)
    keep_the_loop(0.2)
    await eventually(lambda: watch.worst > 0.1, "the delay is noticed")
    assert watch.p90() < 0.1


async def test_a_loop_that_is_late_all_the_time_is_overloaded(watch: LagWatch) -> None:
    for _ in range(LOOKS_PER_SECOND // 5):
        await asyncio.sleep(0)
        keep_the_loop(0.12)
        await asyncio.sleep(0)
    await eventually(lambda: watch.p90() > 0.05, "overload is seen")
