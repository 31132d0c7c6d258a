"""One user with ten phones: what is answered at one was missed at none."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from offhook.store.database import open_database
from offhook.store.devices import Devices
from tests.stories.ledger import Ledger
from tests.stories.office import PASSWORD, Office, eventually
from tests.stories.stations import DeskPhone, desk_phone
from tests.stories.voices import they_hear

pytestmark = [
    pytest.mark.story,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("nothing_is_left"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def phones(office: Office) -> AsyncIterator[list[DeskPhone]]:
    """Jonas's."""
    jonas = office.sign_in("jonas")
    names = [f"jonas-{n}" for n in range(2, 11)]
    await add_phones(office, jonas.get("me")["id"], names)
    await eventually(lambda: len(jonas.get("me")["devices"]) == 11, what="the office has noticed")
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(desk_phone(office, "jonas"))]
        for name in names:
            phone = desk_phone(office, "jonas", sip_user=name)
            found.append(await stack.enter_async_context(phone))
        yield found


async def add_phones(office: Office, user: str, names: list[str]) -> None:
    """As the command line does, but all with one start of Python."""
    database = await open_database(f"sqlite://{office.data}/offhook.db")
    try:
        devices = Devices(database, "hq", announce=True)
        for name in names:
            await devices.add_phone(
                user, name, name, secret=PASSWORD, realm="offhook", srtp="off", now=time.time()
            )
    finally:
        await database.close()


async def test_answered_on_one_of_ten_it_is_missed_on_none(
    carla: DeskPhone, phones: list[DeskPhone], ledger: Ledger
) -> None:
    ledger.opens(phones[0], carla)
    for one in (0, 6):
        await carla.dials("110")
        for phone in phones:
            await phone.is_rung()
        ringing = [phone.call for phone in phones]
        await phones[one].answers()
        for phone, call in zip(phones, ringing, strict=True):
            if phone is not phones[one]:
                assert await call.is_over() == 487
                assert b"200" in call.reason, "it says that the call was answered elsewhere"
        await they_hear({carla: "jonas", phones[one]: "carla"})
        await carla.hangs_up()
        await phones[one].is_free()
    await ledger.says({phones[0]: ["in answered 103"] * 2, carla: ["out answered 110"] * 2})
    assert ledger.missed(phones[0]) == []


async def test_missed_on_ten_it_was_missed_once(
    carla: DeskPhone, phones: list[DeskPhone], ledger: Ledger
) -> None:
    ledger.opens(phones[0], carla)
    await carla.dials("110")
    for phone in phones:
        await phone.is_rung()
    await carla.hangs_up()
    for phone in phones:
        assert await phone.call.is_over() == 487
    await ledger.says({phones[0]: ["in missed 103"], carla: ["out cancelled 110"]})
    assert len(ledger.missed(phones[0])) == 1


async def test_declined_on_one_of_ten_it_stops_ringing_on_all(
    carla: DeskPhone, phones: list[DeskPhone], ledger: Ledger
) -> None:
    ledger.opens(phones[0], carla)
    await carla.dials("110")
    for phone in phones:
        await phone.is_rung()
    ringing = [phone.call for phone in phones]
    await phones[4].refuses(603)
    assert await carla.call.is_over() == 603
    for call in ringing:
        await call.is_over()
    await ledger.says({phones[0]: ["in declined 103"], carla: ["out declined 110"]})
    assert ledger.missed(phones[0]) == []
