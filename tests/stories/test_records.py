"""What leaves the house of a call: signed to whoever is owed it, and as a file."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from offhook.config import Records
from offhook.config import Webhook as Settings
from tests.features.customer import SECRET, customers, is_signed
from tests.stories.office import Office, eventually
from tests.stories.program import program_of
from tests.stories.stations import DeskPhone, desk_phone
from tests.stories.voices import they_hear

pytestmark = [pytest.mark.story, pytest.mark.asyncio]


async def test_each_record_of_a_call_is_sent_out_signed_and_can_be_had_as_a_file(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        (owed,) = await stack.enter_async_context(customers(1))
        records = Records(webhook=(Settings(owed.url, SECRET),))
        office = Office(tmp_path / "data", records=records, environment={"NO_PROXY": "127.0.0.1"})
        stack.callback(office.end)
        await asyncio.to_thread(office.start)
        phones: list[DeskPhone] = []
        for name in ("anna", "carla"):
            program = await stack.enter_async_context(program_of(office, name))
            phones.append(await stack.enter_async_context(desk_phone(office, name, program)))
        anna, carla = phones
        await anna.dials("103")
        await carla.is_rung()
        await carla.answers()
        await they_hear({anna: "carla", carla: "anna"})
        await anna.hangs_up()
        await eventually(lambda: len(owed.requests) == 2, what="both records are sent out")
        assert all(is_signed(headers, body) for headers, body in owed.requests)
        sent = [json.loads(body)["record"] for _, body in owed.requests]
        ways = sorted((one["direction"], one["outcome"], one["other"]["number"]) for one in sent)
        assert ways == [("in", "answered", "101"), ("out", "answered", "103")]
        assert [entry["status"] for entry in office.manage("records", "deliveries")] == [200, 200]
        (mine,) = office.sign_in("anna").get("records/export?format=json")
        assert mine == next(record for record in sent if record["direction"] == "out")
        assert not office.errors()
