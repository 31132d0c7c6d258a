"""What only the file that joins everything has: the one timer of all calls, and what is said at the start."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from offhook.app import Server
from offhook.config import Config, Sip, Web
from offhook.process import Alarm
from tests.phones.exchange import Exchange, running

FAR = 3600.0
LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop, uvloop.new_event_loop]


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def on_loop(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Runs a test's coroutine on each kind of loop."""

    def run(story: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(story, 10))

    return run


class Bell:
    """Counts how often the alarm rang."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.alarm = Alarm(self.loop)
        self.alarm.ring = self._ring
        self.rang = 0
        self._heard = asyncio.Event()

    def sets(self, *seconds: float) -> None:
        now = self.loop.time()
        for each in seconds:
            self.alarm.set(now + each)

    async def rings(self) -> None:
        await self._heard.wait()
        self._heard.clear()

    async def passes(self, seconds: float) -> None:
        """Until a timer set now has gone off, and with it every earlier one."""
        gone = self.loop.create_future()
        self.loop.call_later(seconds, gone.set_result, None)
        await gone

    def _ring(self) -> None:
        self.rang += 1
        self._heard.set()


def test_an_earlier_time_takes_the_place_of_a_later_one(on_loop: Callable[..., None]) -> None:
    async def story() -> None:
        bell = Bell()
        bell.sets(FAR, 0.01)
        await bell.rings()

    on_loop(story())


def test_a_later_time_does_not_put_the_alarm_off(on_loop: Callable[..., None]) -> None:
    async def story() -> None:
        bell = Bell()
        bell.sets(0.01, FAR)
        await bell.rings()

    on_loop(story())


def test_the_time_that_was_replaced_does_not_ring_too(on_loop: Callable[..., None]) -> None:
    async def story() -> None:
        bell = Bell()
        bell.sets(0.02, 0.01)
        await bell.passes(0.03)
        assert bell.rang == 1

    on_loop(story())


def test_who_is_rung_may_set_it_again_at_once(on_loop: Callable[..., None]) -> None:
    async def story() -> None:
        bell = Bell()
        ring = bell.alarm.ring

        def again() -> None:
            ring()
            bell.sets(0.001)

        bell.alarm.ring = again
        bell.sets(0.001)
        await bell.rings()
        await bell.rings()

    on_loop(story())


def test_a_time_that_is_past_rings_at_once(on_loop: Callable[..., None]) -> None:
    async def story() -> None:
        bell = Bell()
        bell.sets(-5.0)
        await bell.rings()

    on_loop(story())


# ---- what is said at the start


async def test_an_administrator_reads_what_to_open_and_in_one_line_how_a_phone_is_registered() -> None:
    config = Config(web=Web(url="https://phone.example.com"), sip=Sip(domain="pbx.example.com")).completed()
    async with running(Exchange("127.0.0.1")) as exchange:
        (_, _, udp), (_, _, tcp) = exchange.phones.listening
        assert Server(config, exchange.phones).how_to_reach() == [
            "Offhook is ready, open https://phone.example.com",
            f"To register a phone, enter server pbx.example.com (UDP {udp}; TCP {tcp})"
            " and what `offhook device add USER` prints",
        ]


async def test_whoever_tries_the_demo_reads_how_to_sign_in_and_how_to_register() -> None:
    config = Config(sip=Sip(domain="127.0.0.1")).completed()
    async with running(Exchange("127.0.0.1")) as exchange:
        _, sign_in, register = Server(config, exchange.phones).how_to_reach(demo_password="four words")
        assert sign_in.endswith("the password is four words")
        assert "server 127.0.0.1 (UDP " in register
        assert "user name anna-desk" in register
