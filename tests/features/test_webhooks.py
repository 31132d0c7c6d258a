"""Webhooks: a real server of the customer's that takes records, fails, hangs, and comes back."""

import asyncio
import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from offhook.calls.leg import Party
from offhook.config import Webhook as Settings
from offhook.features.records.webhooks import GIVE_UP_SECONDS, Webhook, open_webhooks
from offhook.store.database import Database, open_database
from offhook.store.deliveries import Deliveries, Delivery
from offhook.store.history import History
from offhook.store.records import Event, Record, Records
from tests.features.customer import HANG, SECRET, Customer, customers

NOW = 1_790_000_000.0


class Office:
    """Records, two customers with a hook each, and a clock that the test turns."""

    def __init__(self, database: Database, customers: list[Customer]) -> None:
        self.now = NOW
        self.database = database
        self.customer, self.other = customers
        self.deliveries = Deliveries(database, "hq")
        self.hooks: list[Webhook] = []

    async def open(self) -> None:
        urls = [customer.url for customer in (self.customer, self.other)]
        self.records = await Records.open(self.database, "hq", urls)

    async def ends_a_call(self) -> str:
        """The id of its record."""
        id = self.records.new_id()
        event = Event("setup-to", NOW, "0171", "Mallory", None, "hq.1.1")
        record = Record(
            id, "hq.1.1", "hq.11", "in", "missed", "0171", "Mallory", "", "", NOW, None, NOW + 9, "no-answer",
            complete=True, events=(event,),
        )  # fmt: skip
        await self.records.keep([record], now=self.now)
        return id

    async def passes(self, seconds: float) -> None:
        self.now += seconds
        await self.hooks[0].look()

    async def log(self) -> list[Delivery]:
        return [one for one in await self.deliveries.log() if one.hook == self.customer.url]


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    database = await open_database(f"sqlite://{tmp_path}/offhook.db")
    async with customers(2) as found:
        office = Office(database, found)
        await office.open()
        async with open_webhooks(
            [Settings(customer.url, SECRET) for customer in found],
            office.deliveries,
            History(database, "hq"),
            lambda user: Party("101", "Anna Berg", user),
            lambda: office.now,
            patience=0.2,
        ) as office.hooks:
            yield office
    await database.close()


async def test_a_complete_record_is_posted_with_a_signature_that_its_secret_proves(office: Office) -> None:
    id = await office.ends_a_call()
    await office.passes(2)
    ((headers, body),) = office.customer.requests
    assert headers["content-type"] == "application/json"
    at, made = [part.split("=", 1)[1] for part in headers["offhook-signature"].split(",")]
    assert at == f"{NOW + 2:.0f}"
    assert made == hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    (delivery,) = await office.log()
    assert headers["offhook-delivery"] == delivery.id
    told: dict[str, Any] = json.loads(body)
    assert (told["type"], told["record"]["id"], told["record"]["user"]["name"]) == ("record", id, "Anna Berg")
    assert told["record"]["events"][0]["msg"] == "setup-to"
    assert (delivery.status, delivery.attempts, delivery.next_try, delivery.problem) == (200, 1, None, "")


async def test_what_fails_is_sent_again_ever_more_rarely_until_it_is_taken(office: Office) -> None:
    id = await office.ends_a_call()
    office.customer.answers = [500, HANG, 404, 200]
    problems, pauses = [], []
    for _ in range(3):
        await office.passes(0)
        (delivery,) = await office.log()
        assert delivery.next_try is not None
        problems.append(delivery.problem)
        pauses.append(delivery.next_try - office.now)
        await office.passes(delivery.next_try - office.now - 1)
        assert len(office.customer.requests) == len(problems)  # too early
        office.now += 1
    assert problems == ["500 So", "no answer within 0.2 s", "404 So"]
    assert pauses == [10, 20, 40]
    await office.passes(0)
    (delivery,) = await office.log()
    assert (delivery.attempts, delivery.status, delivery.problem) == (4, 200, "")
    assert office.customer.heard_of == [id] * 4
    await office.passes(1000)
    assert len(office.customer.requests) == 4


async def test_a_redirect_is_not_followed(office: Office) -> None:
    await office.ends_a_call()
    office.customer.answers = [302]
    await office.passes(0)
    assert [one.problem for one in await office.log()] == ["302: redirects are not followed"]


async def test_who_was_away_hears_of_all_calls_in_their_order_afterwards(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.customer.answers = [503, 503, 503]
    ids = [await office.ends_a_call() for _ in range(4)]
    for _ in range(3):
        await office.passes(10)
    office.customer.requests.clear()
    await office.passes(10)
    assert office.customer.heard_of[0] in ids  # whichever was its turn
    assert office.customer.heard_of[1:] == [id for id in ids if id != office.customer.heard_of[0]]
    assert [line for line in caplog.messages if "webhook" in line] == [
        "webhook 127.0.0.1: 503 So; records wait and are sent again",
        "webhook 127.0.0.1: takes records again",
    ]


async def test_one_record_that_a_customer_cannot_take_does_not_keep_the_others_from_them(
    office: Office,
) -> None:
    poison = await office.ends_a_call()
    office.customer.answers = [500]
    await office.passes(0)
    after = await office.ends_a_call()
    office.customer.answers = [500, 200]
    await office.passes(10)
    await office.passes(10)
    assert office.customer.heard_of == [poison, poison, after, poison]


async def test_a_customer_that_hangs_keeps_no_other_waiting(office: Office) -> None:
    id = await office.ends_a_call()
    office.customer.answers = [HANG]
    hanging = asyncio.ensure_future(office.hooks[0].look())
    await office.hooks[1].look()
    assert office.other.heard_of == [id]
    assert not hanging.done()
    await hanging


async def test_nobody_listens(office: Office) -> None:
    office.customer.port, gone = 1, office.customer.url
    async with open_webhooks(
        [Settings("http://127.0.0.1:1/", SECRET)],
        office.deliveries,
        History(office.database, "hq"),
        lambda user: Party(""),
        lambda: office.now,
    ) as (hook,):
        records = await Records.open(office.database, "hq", ["http://127.0.0.1:1/"])
        await records.keep(
            [
                Record(
                    records.new_id(),
                    "c",
                    "hq.11",
                    "in",
                    "missed",
                    "1",
                    "",
                    "",
                    "",
                    NOW,
                    ended=NOW,
                    complete=True,
                )
            ],
            now=NOW,
        )
        await hook.look()
    (delivery,) = await office.deliveries.log(failed=True)
    assert delivery.status is None
    assert delivery.problem.startswith("ConnectError")
    assert gone != delivery.hook


async def test_after_three_days_it_is_given_up_and_stays_in_the_log(office: Office) -> None:
    await office.ends_a_call()
    office.customer.answers = [500, 500]
    await office.passes(0)
    await office.passes(GIVE_UP_SECONDS)
    (delivery,) = await office.log()
    assert (delivery.next_try, delivery.finished, delivery.problem) == (None, office.now, "500 So")
    await office.passes(GIVE_UP_SECONDS)
    assert len(office.customer.requests) == 2


async def test_pauses_grow_to_six_hours_and_no_longer(office: Office) -> None:
    await office.ends_a_call()
    office.customer.answers = [500] * 40
    longest = 0.0
    while (delivery := (await office.log())[0]).next_try is not None:
        longest = max(longest, delivery.next_try - office.now)
        office.now = max(office.now, delivery.next_try)
        await office.passes(0)
    assert longest == 6 * 3600
    assert 15 < delivery.attempts < 30


async def test_a_record_deleted_meanwhile_is_owed_no_more(office: Office) -> None:
    await office.ends_a_call()
    await office.database.write("delete from records where id > $1", [(0,)])
    await office.passes(0)
    assert [(one.problem, one.next_try) for one in await office.log()] == [
        ("the record has been deleted", None)
    ]
    assert office.customer.requests == []


def test_a_server_without_webhooks_does_without_the_http_client() -> None:
    program = "import sys, offhook.features.records.webhooks; print('httpx' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
