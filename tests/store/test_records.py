"""Call records on disk: written again and again, listed, looked through, exported and forgotten."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast, get_args

import msgspec
import pytest

from offhook.calls.leg import Party
from offhook.store.database import Database, Row, Value, open_database
from offhook.store.deliveries import Deliveries
from offhook.store.history import Filter, History
from offhook.store.records import Event, Record, Records

NOW = 1_790_000_000.0
HOOKS = ("https://crm.example/calls", "https://billing.example/")


@pytest.fixture
async def records(database: Database) -> Records:
    """Of the users hq.11 to hq.15."""
    await database.write(
        "insert into users (id, username, username_key, name, number, search, created)"
        " values ($1, $2, $2, $2, $2, $2, 0.0)",
        [(n, f"1{n}") for n in range(1, 6)],
    )
    return await Records.open(database, "hq")


@pytest.fixture
def history(database: Database) -> History:
    return History(database, "hq")


def record(id: str, **changes: object) -> Record:
    first = Record(
        id, "hq.11.11", "hq.11", "in", "missed", "102", "Ben Cole", "hq.12", device="hq.13", begun=NOW
    )
    return msgspec.structs.replace(first, **changes)


Keep = Callable[..., Awaitable[Record]]


@pytest.fixture
def ended(records: Records) -> Keep:
    async def keep(**changes: object) -> Record:
        facts = {"ended": NOW + 10, "cause": "no-answer", "complete": True, **changes}
        kept = record(records.new_id(), **facts)
        await records.keep([kept])
        return kept

    return keep


async def test_a_record_is_opened_touched_and_closed_as_one_row(records: Records, history: History) -> None:
    id = records.new_id()
    await records.keep([record(id)])
    assert await history.page("hq.11") == []  # its call lives
    await records.keep([record(id, outcome="answered", answered=NOW + 4)])
    closed = record(id, outcome="answered", answered=NOW + 4, ended=NOW + 64, cause="normal", complete=True)
    await records.keep([closed])
    await records.keep([closed])  # a group commit may be repeated
    assert await history.page("hq.11") == [closed]


async def test_a_record_tells_of_its_way_and_each_step_when_it_is_asked_for_by_itself(
    history: History, ended: Keep
) -> None:
    steps = (
        Event("setup-to", NOW, "102", "Ben Cole", None, "hq.11.11"),
        Event("rel-to", NOW + 9.25, "102", "Mal\0lory \ud800 \U0001f4de", 16, "hq.11.11"),
    )
    kept = await ended(
        via_how="diverted",
        via=Party("104", "Dora", "hq.14"),
        to=Party("105", "Emil", "hq.15"),
        outcome="forwarded",
        events=steps,
    )
    further = await ended(direction="diverted", part_of=kept.id)
    assert await history.page("hq.11") == [msgspec.structs.replace(kept, events=())]
    main, continued = await history.detail("hq.11", kept.id)
    assert (main.via, main.to, main.events[0]) == (kept.via, kept.to, steps[0])
    assert "lory ? \U0001f4de" in main.events[1].name
    assert continued == further
    assert await history.detail("hq.12", kept.id) == []
    assert await history.detail("hq.11", "nonsense") == []


async def test_records_come_newest_first_in_pages_and_to_their_user_only(
    history: History, ended: Keep
) -> None:
    kept = [await ended(outcome=outcome) for outcome in ("missed", "answered") * 3]
    await ended(user="hq.12")
    first = await history.page("hq.11", limit=4)
    assert first == kept[:1:-1]
    assert await history.page("hq.11", limit=4, before=first[-1].id) == [kept[1], kept[0]]
    assert await history.page("hq.11", before="nonsense") == []


@pytest.mark.parametrize(
    ("filter", "expected"),
    [("all", "fdamo"), ("missed", "m"), ("incoming", "fdam"), ("outgoing", "o")],
)
async def test_records_are_filtered(history: History, ended: Keep, filter: Filter, expected: str) -> None:
    letters = {
        (await ended(direction="out", outcome="missed")).id: "o",
        (await ended(outcome="missed")).id: "m",
        (await ended(outcome="answered")).id: "a",
        (await ended(outcome="declined")).id: "d",
        (await ended(outcome="forwarded", direction="diverted")).id: "f",
    }
    page = await history.page("hq.11", filter=filter)
    assert "".join(letters[each.id] for each in page) == expected


async def test_records_are_searched_by_number_and_by_name_in_any_spelling(
    history: History, ended: Keep
) -> None:
    ase = await ended(number="+49301234", name="Åse Løvås", direction="out", outcome="answered")
    ben = await ended()
    for typed in ("lov", "ÅSE løvås", "4930", "ase 4930"):
        assert await history.page("hq.11", search=typed) == [ase]
    assert await history.page("hq.11", search="ase", filter="missed") == []
    assert await history.page("hq.11", search="102", filter="missed") == [ben]
    assert await history.page("hq.11", search="%") == [ben, ase]  # no word, no condition
    assert await history.page("hq.11", search="102", before=ben.id) == []


async def test_a_name_of_any_length_is_kept_and_found_by_its_beginning(history: History, ended: Keep) -> None:
    long = await ended(name="Abracadabra " * 2000)
    assert await history.page("hq.11", search="abra") == [long]


async def test_missed_calls_are_counted_from_where_one_has_looked(history: History, ended: Keep) -> None:
    first = await ended()
    await ended(outcome="answered")
    await ended()
    await ended(user="hq.12")
    assert await history.missed_since("hq.11", "") == 2
    assert await history.missed_since("hq.11", first.id) == 1


async def test_a_stranger_has_no_user_and_a_name_of_any_letters(history: History, ended: Keep) -> None:
    odd = await ended(other="", device="", name="Mal\0lory \ud800 \U0001f4de", number="sip:m@evil\0")
    (kept,) = await history.page("hq.11")
    assert kept == msgspec.structs.replace(odd, name="Mallory ? \U0001f4de", number="sip:m@evil")


class Listening:
    """Notes what would be read."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Value, ...]]] = []

    async def read(self, sql: str, *values: Value) -> list[Row]:
        self.asked.append((sql, values))
        return []


@pytest.mark.parametrize("filter", get_args(Filter))
@pytest.mark.parametrize("search", ["", "be 102"])
async def test_no_list_reads_more_than_its_own_index_and_the_rows_it_shows(
    tmp_path: Path, filter: Filter, search: str
) -> None:
    listening = Listening()
    history = History(cast("Database", listening), "hq")
    await history.page("hq.11", before="hq.1v", filter=filter, search=search)
    database = await open_database(f"sqlite://{tmp_path}/offhook.db")
    for sql, values in listening.asked:
        plan = str(await database.read(f"explain query plan {sql}", *values))
        assert plan.count("COVERING INDEX ix_records_listed (user_id=? AND list=? AND id<?)") == len(
            {"all": "mio", "missed": "m", "incoming": "mi", "outgoing": "o"}[filter]
        )
        assert "SEARCH records USING INTEGER PRIMARY KEY (rowid=?)" in plan
        assert "SCAN records" not in plan
    await database.close()


async def test_who_has_been_removed_is_named_by_records_but_is_nobodys_id(
    database: Database, history: History, ended: Keep
) -> None:
    kept = await ended(
        via_how="diverted", via=Party("103", "Carla", "hq.13"), to=Party("104", "Dora", "hq.14")
    )
    await database.write("delete from users where id > $1", [(1,)])
    (shown,) = await history.page("hq.11")
    assert (shown.other, shown.via, shown.to) == ("", Party("103", "Carla"), Party("104", "Dora"))
    assert shown.name == kept.name


async def test_ids_go_on_after_a_restart(database: Database, records: Records, ended: Keep) -> None:
    last = (await ended()).id
    again = await Records.open(database, "hq")
    assert again.new_id() > last


# ---- a crash


async def test_what_a_crash_left_open_ends_when_the_server_was_last_seen(
    records: Records, history: History
) -> None:
    talking, ringing, late = [records.new_id() for _ in range(3)]
    await records.keep([record(talking, outcome="answered", answered=NOW + 4)])
    await records.keep([record(ringing)])
    await records.keep([record(late, begun=NOW + 61)])  # after the last stamp
    await records.close_open(NOW + 60)
    assert [(r.id, r.outcome, r.ended, r.cause) for r in await history.page("hq.11")] == [
        (late, "failed", NOW + 61, "restart"),
        (ringing, "failed", NOW + 60, "restart"),
        (talking, "answered", NOW + 60, "restart"),
    ]


async def test_a_crash_takes_nothing_from_who_had_left_already(records: Records, history: History) -> None:
    handed, sent_on = records.new_id(), records.new_id()
    left = record(handed, outcome="answered", answered=NOW + 1, ended=NOW + 5, cause="transferred")
    further = record(sent_on, direction="transferred", outcome="forwarded", part_of=handed)
    await records.keep([left, further])
    await records.close_open(NOW + 60)
    main, continued = await history.detail("hq.11", handed)
    assert (main.outcome, main.ended, main.cause, main.complete) == (
        "answered", NOW + 5, "transferred", True,
    )  # fmt: skip
    assert (continued.outcome, continued.ended, continued.cause) == ("forwarded", NOW + 60, "restart")
    assert await history.page("hq.11") == [main]


# ---- export


async def test_one_exports_ones_own_calls_of_some_days_oldest_first(history: History, ended: Keep) -> None:
    kept = [await ended(begun=NOW + day * 86400, ended=NOW + day * 86400 + 5) for day in range(6)]
    await ended(part_of=kept[-1].id, direction="diverted")
    await ended(user="hq.12")
    assert await history.own("hq.11") == kept
    assert await history.own("hq.11", since=NOW + 86400, until=NOW + 3 * 86400) == kept[1:3]
    first = await history.own("hq.11", limit=4)
    assert await history.own("hq.11", limit=4, after=first[-1].id) == kept[4:]


async def test_the_administrator_exports_everything_that_is_over(
    records: Records, history: History, ended: Keep
) -> None:
    kept = [await ended(begun=NOW + day * 86400, user=f"hq.1{1 + day % 2}") for day in range(6)]
    further = await ended(part_of=kept[-1].id, direction="diverted", begun=NOW + 6 * 86400)
    await records.keep([record(records.new_id(), begun=NOW + 6 * 86400)])
    assert await history.everybodys(since=NOW + 4 * 86400) == [*kept[4:], further]
    assert await history.everybodys(after=kept[1].id, limit=2) == kept[2:4]
    assert await history.everybodys(until=NOW) == []


# ---- forgetting


async def test_old_records_are_forgotten_in_slices_and_live_ones_are_not(
    records: Records, history: History, ended: Keep
) -> None:
    live = records.new_id()
    await records.keep([record(live, begun=NOW - 100)])
    old = [await ended(begun=NOW - 50 + n) for n in range(5)]
    young = await ended(begun=NOW + 1)
    gone = [await history.forget_before(NOW, slice=3) for _ in range(4)]
    assert gone == [2, 2, 1, 0]
    assert await history.page("hq.11") == [young]
    assert await history.by_id(live) is not None
    assert await history.by_id(old[0].id) is None


# ---- what hooks are owed


async def test_each_hook_is_owed_each_record_once_it_is_complete(database: Database) -> None:
    records, deliveries = await Records.open(database, "hq", HOOKS), Deliveries(database, "hq")
    id = records.new_id()
    await records.keep([record(id)], now=NOW)
    assert await deliveries.log() == []
    done = record(id, ended=NOW + 5, complete=True)
    await records.keep([done], now=NOW + 5)
    await records.keep([done], now=NOW + 6)  # a group commit may be repeated
    log = await deliveries.log()
    assert sorted((d.hook, d.record, d.created, d.next_try) for d in log) == sorted(
        (hook, id, NOW + 5, NOW + 5) for hook in HOOKS
    )


async def test_hooks_are_owed_what_a_crash_has_ended_too(database: Database) -> None:
    records, deliveries = await Records.open(database, "hq", HOOKS), Deliveries(database, "hq")
    id = records.new_id()
    await records.keep([record(id)])
    await records.close_open(NOW + 60)
    assert [(d.record, d.created) for d in await deliveries.log()] == [(id, NOW + 60)] * 2


async def test_a_hook_is_asked_in_order_and_only_when_it_is_time(database: Database) -> None:
    records, deliveries = await Records.open(database, "hq", HOOKS), Deliveries(database, "hq")
    ids = [records.new_id() for _ in range(3)]
    for n, id in enumerate(ids):
        await records.keep([record(id, ended=NOW, complete=True)], now=NOW + n)
    hook = HOOKS[0]
    first = await deliveries.due(hook, NOW + 9)
    assert first is not None
    assert first.record == ids[0]
    failed = msgspec.structs.replace(first, attempts=1, next_try=NOW + 100, status=500, problem="500 " * 99)
    await deliveries.attempted(failed)
    second = await deliveries.due(hook, NOW + 9)
    assert second is not None
    assert second.record == ids[1]
    await deliveries.attempted(
        msgspec.structs.replace(second, attempts=1, next_try=None, finished=NOW + 9, status=200)
    )
    await deliveries.wake(hook, NOW + 9)
    again = await deliveries.due(hook, NOW + 9)
    assert again is not None
    assert (again.record, again.attempts, len(again.problem)) == (ids[0], 1, 200)
    assert [d.record for d in await deliveries.log(failed=True)] == [ids[0]]


async def test_what_is_owed_to_a_hook_that_is_gone_is_given_up_and_forgotten_later(
    database: Database,
) -> None:
    records, deliveries = await Records.open(database, "hq", HOOKS), Deliveries(database, "hq")
    await records.keep([record(records.new_id(), ended=NOW, complete=True)], now=NOW)
    await deliveries.give_up_unknown(HOOKS[:1], NOW + 1)
    assert {d.hook: d.next_try is None for d in await deliveries.log()} == {HOOKS[0]: False, HOOKS[1]: True}
    assert await deliveries.due(HOOKS[1], NOW + 9) is None
    assert await deliveries.forget_before(NOW + 1) == 0
    assert await deliveries.forget_before(NOW + 2) == 1
    await deliveries.give_up_unknown((), NOW + 3)
    assert [(d.next_try, d.problem) for d in await deliveries.log()] == [(None, "no longer configured")]
