"""Call records on the command line: taken along as files, and what became of deliveries."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from offhook.cli import run
from offhook.store.database import open_database
from offhook.store.deliveries import Deliveries, Delivery
from offhook.store.records import Record, Records
from offhook.store.users import Users

Offhook = Callable[..., tuple[int, str, str]]
HOOK = "https://crm.example/calls?key=hidden"
NOON = datetime(2026, 9, 2, 12).astimezone().timestamp()  # where the test runs
DAY = 86400.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A house with Anna and Ben, and with a call of Anna's on each of three days; Ben has one, sent on."""

    async def furnish() -> None:
        database = await open_database(f"sqlite://{tmp_path}/offhook.db")
        users = Users(database, "hq")
        anna = await users.add("anna", "Anna Berg", "101", now=NOON)
        ben = await users.add("ben", "Ben Cole", "102", now=NOON)
        records = await Records.open(database, "hq", [HOOK])

        def record(user: str, begun: float) -> Record:
            id = records.new_id()
            return Record(
                id, "hq.1.1", user, "in", "answered", "0171", "Mallory", "", "", begun, begun, begun + 60,
                complete=True,
            )  # fmt: skip

        kept = [record(anna.id, NOON - 2 * DAY + n * DAY) for n in range(3)] + [record(ben.id, NOON)]
        went_on = msgspec.structs.replace(record(ben.id, NOON), direction="diverted", part_of=kept[-1].id)
        await records.keep([*kept, went_on], now=NOON)
        deliveries = Deliveries(database, "hq")
        newest, *_, oldest = await deliveries.log()
        failed = Delivery(oldest.id, HOOK, oldest.record, NOON, 3, NOON + 40, None, 500, "500 Oops")
        taken = Delivery(newest.id, HOOK, newest.record, NOON, 1, None, NOON + 1, 204, "")
        await deliveries.attempted(failed)
        await deliveries.attempted(taken)
        await database.close()

    asyncio.run(furnish())
    file = tmp_path / "offhook.toml"
    file.write_text(f'data = "{tmp_path}"\n')
    return file


@pytest.fixture
def offhook(file: Path, capsys: pytest.CaptureFixture[str]) -> Offhook:
    def offhook(*words: str) -> tuple[int, str, str]:
        code = run([*words, "--config", str(file)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return offhook


def test_all_calls_of_all_users_are_exported_with_those_that_went_on(offhook: Offhook) -> None:
    code, out, _ = offhook("records", "export")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [row["user_name"] for row in rows] == ["Anna Berg"] * 3 + ["Ben Cole"] * 2
    assert [row["direction"] for row in rows] == ["in"] * 4 + ["diverted"]
    assert rows[4]["part_of"] == rows[3]["id"]


def test_calls_of_one_user_on_some_days_are_exported_into_a_file_that_is_nobody_elses(
    offhook: Offhook, tmp_path: Path
) -> None:
    path = tmp_path / "calls.json"
    words = ["--user", "anna", "--from", "2026-09-01", "--to", "2026-09-01", "--format", "json"]
    assert offhook("records", "export", *words, "--output", str(path))[:2] == (0, "")
    assert path.stat().st_mode & 0o777 == 0o600
    (call,) = json.loads(path.read_text())
    assert (call["user"]["number"], call["begun"], call["seconds"]) == ("101", NOON - DAY, 60)


def test_a_wrong_day_or_user_is_refused_in_one_line(
    offhook: Offhook, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = offhook("records", "export", "--user", "zoe")
    assert (code, err.count("\n")) == (1, 1)
    with pytest.raises(SystemExit) as exit:
        offhook("records", "export", "--from", "yesterday")
    assert exit.value.code == 2
    assert "'yesterday' is no date: write such as 2026-09-01" in capsys.readouterr().err


def test_deliveries_are_told_newest_first_and_without_the_keys_in_their_addresses(offhook: Offhook) -> None:
    code, out, _ = offhook("records", "deliveries")
    lines = out.splitlines()
    assert (code, len(lines)) == (0, 6)
    assert "taken (204)" in lines[1]
    assert "waits" in lines[2]
    assert "500 Oops" in lines[5]
    assert "crm.example/calls" in out
    assert "hidden" not in out


def test_what_was_not_taken_is_told_by_itself_and_to_programs(offhook: Offhook) -> None:
    (failed,) = json.loads(offhook("records", "deliveries", "--failed", "--json")[1])
    assert (failed["status"], failed["attempts"], failed["next_try"]) == (500, 3, NOON + 40)
    assert "hidden" not in str(failed)
