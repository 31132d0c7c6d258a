"""One's own past calls over HTTP: listed, looked through, step by step, and taken along as a file."""

import csv
import io
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from offhook.calls.leg import Party
from offhook.store.database import Database
from offhook.store.history import History
from offhook.store.records import Event, Record, Records
from offhook.store.sqlite import SqliteDatabase
from tests.web.house import Served, open_house
from tests.web.office import ANNA, BEN, SITE

NOW = 1_790_000_000.0


@pytest.fixture
async def served(page: Path, database: Database) -> AsyncIterator[Served]:
    async with open_house(page, database, records=History(database, SITE)) as served:
        yield served


@pytest.fixture
async def anna(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    client = await served.signed_in(ANNA)
    yield client
    await client.aclose()


@pytest.fixture
async def kept(database: Database) -> list[Record]:
    """Ben called Anna three times and was forwarded, missed and answered; one call is Ben's own."""
    records = await Records.open(database, SITE)

    def record(**facts: Any) -> Record:
        basic = {"number": BEN.number, "name": BEN.name, "other": "", "device": "", "complete": True}
        given = {"user": ANNA.id, "direction": "in", "call": "hq.11.11", "begun": NOW, "ended": NOW + 9}
        return msgspec.convert({"id": records.new_id(), **given, **basic, **facts}, Record)

    setup = Event("setup-to", NOW, BEN.number, BEN.name, None, "hq.11.11")
    forwarded = record(outcome="forwarded", to=Party("0171", "Mobile"), cause="no-answer", events=(setup,))
    further = record(
        direction="diverted", outcome="forwarded", to=forwarded.to, part_of=forwarded.id, answered=NOW + 10,
        ended=NOW + 60, cause="normal",
    )  # fmt: skip
    missed = record(outcome="missed", begun=NOW + 100, ended=NOW + 130, cause="no-answer", name="=Evil()")
    answered = record(
        outcome="answered", begun=NOW + 200, answered=NOW + 203, ended=NOW + 263.5, cause="normal",
        via_how="diverted", via=Party("104", "Dora"),
    )  # fmt: skip
    foreign = record(user=BEN.id, outcome="missed", begun=NOW + 300, ended=NOW + 301)
    everything = [forwarded, further, missed, answered, foreign]
    await records.keep(everything)
    return everything


async def get(client: httpx.AsyncClient, path: str, **query: str | float) -> Any:
    answer = await client.get(f"/api/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_one_sees_ones_own_calls_newest_first_and_in_one_row_each(
    anna: httpx.AsyncClient, kept: list[Record]
) -> None:
    items = (await get(anna, "records"))["items"]
    assert [item["outcome"] for item in items] == ["answered", "missed", "forwarded"]
    assert items[0]["via"] == {
        "how": "diverted", "by": {"number": "104", "name": "Dora", "user": "", "device": ""},
    }  # fmt: skip
    assert (items[0]["seconds"], items[0]["to"]) == (60.5, None)
    assert items[2]["to"]["number"] == "0171"
    assert items[2]["sentence"] == "Nobody answered."


async def test_the_list_is_filtered_searched_and_paged(anna: httpx.AsyncClient, kept: list[Record]) -> None:
    async def outcomes(**query: str | float) -> list[str]:
        return [item["outcome"] for item in (await get(anna, "records", **query))["items"]]

    assert await outcomes(filter="missed") == ["missed"]
    assert await outcomes(search="evil") == ["missed"]
    assert await outcomes(search=BEN.name, filter="incoming") == ["answered", "forwarded"]
    assert await outcomes(before=kept[2].id) == ["forwarded"]
    assert await outcomes(limit=1) == ["answered"]


async def test_a_call_tells_each_step_and_how_it_went_on(anna: httpx.AsyncClient, kept: list[Record]) -> None:
    detail = await get(anna, f"records/{kept[0].id}")
    assert detail["record"]["id"] == kept[0].id
    assert [(event["msg"], event["conf"]) for event in detail["events"]] == [("setup-to", "hq.11.11")]
    (part,) = detail["parts"]
    assert (part["direction"], part["to"]["name"], part["answered"]) == ("diverted", "Mobile", NOW + 10)


async def test_nobody_sees_the_calls_of_others(anna: httpx.AsyncClient, kept: list[Record]) -> None:
    for id in (kept[-1].id, "hq.1v", "nonsense"):
        answer = await anna.get(f"/api/v1/records/{id}")
        assert (answer.status_code, answer.json()["refused"]) == (404, "unknown-record")


async def test_missed_calls_are_counted(anna: httpx.AsyncClient, kept: list[Record]) -> None:
    assert await get(anna, "records/missed") == {"count": 1}
    assert await get(anna, "records/missed", since=kept[2].id) == {"count": 0}


async def test_the_csv_file_has_a_head_and_nothing_that_a_spreadsheet_would_run(
    anna: httpx.AsyncClient, kept: list[Record]
) -> None:
    answer = await anna.get("/api/v1/records/export")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="calls.csv"'
    assert answer.content.count(b"\r\n") == answer.content.count(b"\n") == 4
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["outcome"] for row in rows] == ["forwarded", "missed", "answered"]
    assert rows[1]["name"] == "'=Evil()"
    assert (rows[2]["begun"], rows[2]["seconds"], rows[2]["user_name"]) == (
        "2026-09-21T14:16:40Z", "60", ANNA.name,
    )  # fmt: skip


async def test_the_json_file_is_one_array_with_the_steps_of_each_call(
    anna: httpx.AsyncClient, kept: list[Record]
) -> None:
    array = await get(anna, "records/export", format="json")
    assert [one["outcome"] for one in array] == ["forwarded", "missed", "answered"]
    assert array[0]["user"] == {"number": ANNA.number, "name": ANNA.name, "user": ANNA.id}
    assert array[0]["events"][0]["msg"] == "setup-to"
    some: dict[str, str | float] = {"format": "json", "from": NOW + 100, "to": NOW + 200}
    assert [one["outcome"] for one in await get(anna, "records/export", **some)] == ["missed"]
    assert await get(anna, "records/export", format="json", to=NOW) == []


async def test_very_many_calls_are_exported_in_pieces(anna: httpx.AsyncClient, database: Database) -> None:
    records = await Records.open(database, SITE)
    await records.keep(
        Record(
            records.new_id(), "hq.1.1", ANNA.id, "out", "answered", f"{n}", "", "", "",
            NOW + n, NOW + n, NOW + n, complete=True,
        )
        for n in range(250)
    )  # fmt: skip
    array = await get(anna, "records/export", format="json")
    assert [one["other"]["number"] for one in array] == [str(n) for n in range(250)]


@pytest.mark.parametrize("query", ["format=xml", "from=yesterday", "filter=other"])
async def test_what_cannot_be_asked_for_is_refused(anna: httpx.AsyncClient, query: str) -> None:
    path = "records" if query.startswith("filter") else "records/export"
    assert (await anna.get(f"/api/v1/{path}?{query}")).status_code == 400


async def test_a_list_that_is_switched_off_says_so(page: Path, database: Database) -> None:
    async with open_house(page, database) as served:
        anna = await served.signed_in(ANNA)
        for path in ("records", "records/missed", "records/export", "records/hq.11"):
            answer = await anna.get(f"/api/v1/{path}")
            assert (answer.status_code, answer.json()["refused"]) == (404, "call-list-off")
            assert answer.json()["detail"] == "The call list is switched off here."
        await anna.aclose()


async def test_a_list_that_cannot_be_reached_says_so(
    page: Path, database: Database, furnished: Path, tmp_path: Path
) -> None:
    file = Path(shutil.copy(furnished, tmp_path / "records.db"))
    records = await SqliteDatabase.open(str(file))  # which has read nothing so far
    file.unlink()
    file.mkdir()
    async with open_house(page, database, records=History(records, SITE)) as served:
        anna = await served.signed_in(ANNA)
        answer = await anna.get("/api/v1/records")
        assert (answer.status_code, answer.json()["refused"]) == (503, "call-list-unreachable")
        await anna.aclose()
    await records.close()
