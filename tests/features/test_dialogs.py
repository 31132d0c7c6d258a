"""What a BYE needs is on disk while a phone talks, and is used at the next start."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from offhook.features.dialogs import DialogsOnDisk
from offhook.sip.dialog import TalkingDialog
from offhook.store.database import Database, open_database
from offhook.store.dialogs import Dialogs
from tests.phones.exchange import Exchange, eventually, running
from tests.phones.requests import flow


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(f"sqlite://{tmp_path}/offhook.db")
    yield database
    await database.close()


@pytest.fixture
def dialogs(database: Database) -> Dialogs:
    return Dialogs(database)


def talking(cseq: int = 1) -> TalkingDialog:
    local, remote = b"<sip:pbx>;tag=a", b"<sip:anna@pbx>;tag=b"
    return TalkingDialog(b"call", local, remote, cseq, b"sip:anna@192.0.2.10", (), flow())


async def are_on_disk(dialogs: Dialogs, **cseqs: int) -> None:
    """Waits until exactly these legs are there; whoever reads does not wait for what is being written."""
    async with asyncio.timeout(10):
        while {k.leg: k.dialog.cseq for k in await dialogs.load()} != cseqs:  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.005)


async def test_who_talks_is_on_disk_as_it_was_last_until_it_ends(dialogs: Dialogs) -> None:
    keeper = DialogsOnDisk(dialogs)
    keeper.talks("one", talking())
    keeper.talks("two", talking())
    keeper.flush()
    keeper.talks("one", talking(cseq=7))
    keeper.flush()
    await are_on_disk(dialogs, one=7, two=1)
    keeper.ended("one")
    keeper.flush()
    await are_on_disk(dialogs, two=1)


async def test_a_call_too_short_to_be_written_is_never_written(dialogs: Dialogs) -> None:
    keeper = DialogsOnDisk(dialogs)
    keeper.talks("one", talking())
    keeper.ended("one")
    keeper.talks("two", talking())
    keeper.flush()
    await are_on_disk(dialogs, two=1)


async def test_a_change_and_an_end_within_one_moment_leave_nothing(dialogs: Dialogs) -> None:
    keeper = DialogsOnDisk(dialogs)
    keeper.talks("one", talking())
    keeper.flush()
    await are_on_disk(dialogs, one=1)
    keeper.talks("one", talking(cseq=2))
    keeper.ended("one")
    keeper.flush()
    await are_on_disk(dialogs)


async def test_it_is_written_by_itself_a_moment_later(dialogs: Dialogs) -> None:
    DialogsOnDisk(dialogs).talks("one", talking())
    await are_on_disk(dialogs, one=1)


async def test_phones_left_talking_get_their_bye_once(dialogs: Dialogs) -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna, ben = await exchange.phone("anna"), await exchange.phone("ben")
        call = await anna.dial("102")
        called = await ben.is_called()
        called.answer()
        await call.is_answered()
        await eventually(lambda: len(exchange.dialogs.rows) == 2, "both talk")
        before = DialogsOnDisk(dialogs)
        for leg, dialog in exchange.dialogs.rows.items():
            before.talks(leg, dialog)
        before.flush()
        await are_on_disk(dialogs, **{leg: dialog.cseq for leg, dialog in exchange.dialogs.rows.items()})

        after = DialogsOnDisk(dialogs)
        await after.say_farewell(exchange.phones)
        assert await call.is_over() == 200
        assert await called.is_over() == 200
        await are_on_disk(dialogs)
        for phone in (anna, ben):
            await phone.close()


async def test_rows_that_cannot_be_written_are_said_and_nothing_waits_for_them(
    database: Database, dialogs: Dialogs, caplog: pytest.LogCaptureFixture
) -> None:
    await database.close()
    keeper = DialogsOnDisk(dialogs)
    keeper.talks("one", talking())
    keeper.flush()
    await eventually(lambda: "dialogs could not be kept" in caplog.text, "it is said in the log")
