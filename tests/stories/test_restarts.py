"""What survives: the server killed in the middle of calls, a worker killed, a polite stop."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.phones.phone import Phone
from tests.stories.office import PASSWORD, Office, eventually, trusting
from tests.stories.test_phones import desk, talk

pytestmark = pytest.mark.story


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "data")
    office.start()
    yield office
    office.end()


async def test_after_a_crash_phones_over_udp_are_reachable_at_once_and_need_not_register(
    office: Office,
) -> None:
    async with desk(office, "anna") as anna, desk(office, "ben") as ben:
        await eventually(lambda: office.kept_bindings() == 2)
        office.kill()
        office.start()
        assert office.ready_after < 5
        await anna.query()  # nonces do not outlive a restart: a fresh one, without registering
        call, other = await talk(anna, "102", ben)
        call.hangup()
        await other.is_over()
    assert office.stop() == 0


async def test_phones_that_were_talking_in_a_crash_are_told_that_it_is_over(office: Office) -> None:
    tls = ("127.0.0.1", office.sips_port)
    async with desk(office, "anna") as anna:
        ben = await Phone.open("ben-desk", PASSWORD, tls, "tls", context=trusting())
        await ben.register()
        call, other = await talk(anna, "102", ben)
        office.kill()
        office.start()
        assert await call.is_over() == 200
        back = await Phone.open("ben-desk", PASSWORD, tls, "tls", context=trusting())
        back.endpoint = ben.endpoint  # the same phone, over a new connection
        await back.register()
        assert await other.is_over() == 200
        await back.close()
        await ben.close()
    records = office.sign_in("anna").get("records")["items"]
    assert records[0]["outcome"] == "answered"
    assert records[0]["cause"] == "restart"
    assert 0 <= records[0]["seconds"] < 10
    assert office.stop() == 0


async def test_a_killed_media_worker_ends_its_own_calls_and_is_replaced_at_once(office: Office) -> None:
    async with desk(office, "anna") as anna, desk(office, "ben") as ben:
        call, other = await talk(anna, "102", ben)
        os.kill(office.worker_pids()[0], signal.SIGKILL)
        assert await call.is_over() == 200
        assert await other.is_over() == 200
        await eventually(lambda: office.metrics()["offhook_media_workers"] == 1, within=5)
        call, other = await talk(anna, "102", ben)
        call.hangup()
        await other.is_over()
    await office.is_quiet()
    assert office.stop() == 0


async def test_a_server_that_stops_politely_hangs_up_first_and_is_gone_within_ten_seconds(
    office: Office,
) -> None:
    async with desk(office, "anna") as anna, desk(office, "ben") as ben:
        call, other = await talk(anna, "102", ben)
        stopping = asyncio.get_running_loop().run_in_executor(None, office.stop)
        assert await call.is_over() == 200
        assert await other.is_over() == 200
        async with asyncio.timeout(10):
            assert await stopping == 0
        office.start()
        records = office.sign_in("ben").get("records")["items"]
        assert [(record["outcome"], record["cause"]) for record in records] == [("answered", "restart")]
    assert office.stop() == 0
    assert office.errors() == []


async def test_a_crash_in_a_transferred_call_leaves_a_true_record_with_everybody(office: Office) -> None:
    names = ("anna", "ben", "carla")
    async with desk(office, "anna") as anna, desk(office, "ben") as ben, desk(office, "carla") as carla:
        call, other = await talk(anna, "102", ben)
        program = await asyncio.to_thread(office.sign_in, "ben")
        calls = await asyncio.to_thread(program.get, "records")
        assert calls["items"] == []
        assert await other.refer("103") == 202
        assert await other.is_transferred() == 200
        third = await carla.is_called()
        third.answer()
        third.sound.say(900)
        await call.has_heard(900)
        answered = time.time()
        await call.sound.next_packet()
        office.kill()
        killed = time.time()
        office.start()
        assert await call.is_over() == 200
        assert await third.is_over() == 200
    records = {name: office.sign_in(name).get("records")["items"] for name in names}
    (of_anna,), of_ben, (of_carla,) = (records[name] for name in names)
    for record in (of_anna, of_carla, *of_ben):
        assert record["outcome"] == "answered"
        assert record["ended"] <= killed + 1
    for record in (of_anna, of_carla):
        assert record["cause"] == "restart"
        assert killed - 5.5 <= record["ended"]
    assert of_anna["begun"] < of_carla["begun"] <= of_carla["answered"] <= answered
    assert of_carla["number"] == "101"
    assert office.stop() == 0
