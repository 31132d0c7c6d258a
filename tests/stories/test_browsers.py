"""Browsers call browsers and desk phones: what people click, and who hears whom."""

from pathlib import Path

import pytest

from tests.stories.browser import Seat
from tests.stories.office import Office, eventually
from tests.stories.test_phones import desk

pytestmark = pytest.mark.story


async def test_two_browsers_talk_and_both_hear_each_other(office: Office, folder: Path) -> None:
    async with Seat(office, folder, 500) as here, Seat(office, folder, 700) as there:
        anna, ben = await here.sign_in("anna"), await there.sign_in("ben")
        await anna.dials("102")
        await ben.answers()
        await ben.hears(500)
        await anna.hears(700)
        await anna.hangs_up()
        await ben.has_no_call()
        await anna.has_no_call()
        assert anna.problems == ben.problems == []
    await eventually(
        lambda: office.metrics()['offhook_media_ports{worker="0"}'] == 0, what="ports given back"
    )


async def test_a_browser_calls_a_desk_phone(office: Office, folder: Path) -> None:
    async with Seat(office, folder, 500) as here, desk(office, "carla") as carla:
        anna = await here.sign_in("anna")
        await anna.dials("103")
        call = await carla.is_called()
        call.answer()
        call.sound.say(700)
        await anna.hears(700)
        await call.has_heard(500)
        call.hangup()
        await anna.has_no_call()
