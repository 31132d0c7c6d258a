"""Workers as processes: started, spoken with, replaced, stopped."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from offhook.calls.media import Kind, Port, PortDigit, PortEvent, PortLost
from offhook.media import supervisor
from offhook.media.engine import MediaEngine, open_engine

News = list[tuple[Port, PortEvent]]


def engine_of(workers: int, log: Path, news: News | None = None) -> AbstractAsyncContextManager[MediaEngine]:
    heard = [] if news is None else news
    return open_engine(
        workers,
        ["127.0.0.1"],
        (40000, 40199),
        lambda port, event: heard.append((port, event)),
        command=(sys.executable, "-m", "tests.media_engine.child", str(log)),
    )


async def until(fact: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not fact():  # noqa: ASYNC110 - of another process there is no event to wait for
            await asyncio.sleep(0.002)


def soon() -> float:
    """Half a second of a machine that has nothing else to do."""
    return 0.5 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_workers_are_ready_when_the_engine_is_open(tmp_path: Path) -> None:
    async with engine_of(2, tmp_path / "log") as engine:
        assert [worker.is_ready for worker in engine.workers.values()] == [True, True]
        bridges = [engine.bridge(), engine.bridge()]
        ports = [bridge.open(Kind.PHONE, flow_host="127.0.0.1") for bridge in bridges]
        assert "m=audio 40000 " in ports[0].offer()
        assert "m=audio 40100 " in ports[1].offer()


async def test_what_a_worker_is_told_arrives_in_order(tmp_path: Path) -> None:
    news: News = []
    async with engine_of(1, tmp_path / "log", news) as engine:
        bridge = engine.bridge()
        port = bridge.open(Kind.PHONE, flow_host="127.0.0.1")
        bridge.join(port)
        port.dial("1")
        bridge.close()
        other = engine.bridge().open(Kind.PHONE, flow_host="127.0.0.1")
        other.dial("2")
        await until(lambda: (other, PortDigit("2")) in news)
    told = [line.split("(")[0] for line in (tmp_path / "log").read_text().splitlines()]
    assert [word for word in told if word != "Measure"] == [
        "Open", "Join", "Dial", "CloseBridge", "Open", "Dial",
    ]  # fmt: skip
    assert [of for of, _ in news] == [other]  # the first port's digit came when it was closed


async def test_a_killed_worker_is_replaced_within_half_a_second_and_costs_only_its_own(
    tmp_path: Path,
) -> None:
    news: News = []
    async with engine_of(2, tmp_path / "log", news) as engine:
        doomed, safe = (engine.bridge().open(Kind.PHONE, flow_host="127.0.0.1") for _ in range(2))
        dead = doomed.worker.pid
        os.kill(dead, signal.SIGKILL)
        await until(lambda: bool(news), soon())
        assert news == [(doomed, PortLost(worker=True))]
        await until(lambda: len([w for w in engine.workers.values() if w.is_ready]) == 2, soon())
        assert engine.replaced == 1
        assert engine.workers[doomed.worker.number].pid != dead
        doomed.close()
        safe.dial("7")
        await until(lambda: (safe, PortDigit("7")) in news)
        assert engine.bridge().open(Kind.PHONE, flow_host="127.0.0.1").worker.pid != dead


async def test_a_listener_that_fails_costs_nobody_else_their_news(tmp_path: Path) -> None:
    heard: News = []

    def listen(port: Port, event: PortEvent) -> None:
        heard.append((port, event))
        if event == PortDigit("1"):
            raise RuntimeError("no")

    command = (sys.executable, "-m", "tests.media_engine.child", str(tmp_path / "log"))
    async with open_engine(1, ["127.0.0.1"], (40000, 40199), listen, command=command) as engine:
        port = engine.bridge().open(Kind.PHONE, flow_host="127.0.0.1")
        port.dial("1")
        port.dial("2")
        await until(lambda: len(heard) == 2)
        assert engine.replaced == 0


async def test_a_stuck_worker_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "START_SECONDS", 1.0)
    monkeypatch.setattr(supervisor, "LOOK_SECONDS", 0.1)
    news: News = []
    async with engine_of(1, tmp_path / "log", news) as engine:
        port = engine.bridge().open(Kind.PHONE, flow_host="127.0.0.1")
        os.kill(port.worker.pid, signal.SIGSTOP)
        await until(lambda: (port, PortLost(worker=True)) in news)
        await until(lambda: bool(engine.workers) and engine.workers[0].is_ready)


async def test_no_worker_outlives_the_engine(tmp_path: Path) -> None:
    news: News = []
    async with engine_of(2, tmp_path / "log", news) as engine:
        pids = [worker.pid for worker in engine.workers.values()]
        engine.bridge().open(Kind.PHONE, flow_host="127.0.0.1")
    assert not any(map(is_running, pids))
    assert news == []  # nothing was lost, it was stopped


async def test_workers_never_share_a_port(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too few for 3 media workers"):
        async with open_engine(3, ["127.0.0.1"], (40001, 40005), lambda port, event: None):
            pass


def test_who_dies_young_again_and_again_is_replaced_ever_later() -> None:
    pauses = [supervisor.pause_after(deaths) for deaths in range(1, 30)]
    assert pauses[:4] == [0.0, 0.25, 0.5, 1.0]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 30.0
