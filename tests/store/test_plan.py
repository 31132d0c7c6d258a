"""The plan and its changes: what was laid down comes back as it was, in its order."""

import pytest

from offhook.dialplan.model import (
    Filter,
    FilterRow,
    Limits,
    Location,
    Node,
    Rewrite,
    Tables,
    Trunk,
)
from offhook.store.changes import Change, Changes, appending, undoing
from offhook.store.database import Conflict, Database, StoreError
from offhook.store.meta import Meta
from offhook.store.plan import Plan, replacing

NOW = 1_790_000_000.0
HOUSE = Tables(
    location=Location(country="49", area="30", external="0", subscriber=("+493055",)),
    limits=Limits(external_per_day=50),
    nodes=(
        Node("works", number="7", location=Location(country="43", area="1"), invalid="100"),
        Node("annex", parent="works", number="8", escape="9"),
    ),
    filters=(
        Filter("no-abroad", (FilterRow("000", "nok"), FilterRow("0", "ok"))),
        Filter("open"),
    ),
    trunks=(
        Trunk("zentrale", "0", hosts=("sip.example.org",), register=True, password="ß\"'{}\\ ☎"),
        Trunk("amt", "0", priority=2, incoming=(Rewrite("0049", "+49"),), overlap=True),
    ),
)


@pytest.fixture
def plan(database: Database) -> Plan:
    return Plan(database)


async def test_a_new_house_has_an_empty_plan(plan: Plan) -> None:
    assert await plan.load() == Tables()


async def test_what_was_laid_down_comes_back_as_it_was_and_in_its_order(plan: Plan) -> None:
    await plan.replace(HOUSE)
    assert await plan.load() == HOUSE


async def test_what_is_laid_down_anew_takes_the_place_of_what_was(plan: Plan) -> None:
    await plan.replace(HOUSE)
    smaller = Tables(filters=(HOUSE.filters[1], HOUSE.filters[0]))
    await plan.replace(smaller)
    assert await plan.load() == smaller


async def test_of_two_trunks_with_one_name_neither_comes_in_and_nothing_goes(plan: Plan) -> None:
    await plan.replace(HOUSE)
    with pytest.raises(Conflict):
        await plan.replace(Tables(trunks=(Trunk("amt", "0"), Trunk("amt", "1"))))
    assert await plan.load() == HOUSE


async def test_a_node_and_a_trunk_may_share_a_name(plan: Plan) -> None:
    both = Tables(nodes=(Node("works", number="7"),), trunks=(Trunk("works", "0"),))
    await plan.replace(both)
    assert await plan.load() == both


@pytest.mark.parametrize("body", ["", "[]", '{"name": 5}', '{"name": "amt", "speed": 9}', "\ufffd"])
async def test_what_cannot_be_read_is_named(database: Database, plan: Plan, body: str) -> None:
    await database.write(
        "insert into plan (kind, name, position, body) values ('trunk', 'amt', 0, $1)", [(body,)]
    )
    with pytest.raises(StoreError, match="the trunk amt in the database cannot be read"):
        await plan.load()


async def test_a_kind_of_a_newer_version_is_named(database: Database, plan: Plan) -> None:
    await database.write(
        "insert into plan (kind, name, position, body) values ($1, $2, 0, '{}')", [("queue", "sales")]
    )
    with pytest.raises(StoreError, match="queue sales, which this version does not know"):
        await plan.load()


async def test_a_plan_laid_down_by_another_process_tells_the_server_to_look(database: Database) -> None:
    await Plan(database, announce=True).replace(HOUSE)
    assert await Meta(database).changes() == 1


# ---- changes


async def test_a_change_is_noted_with_what_it_touched(database: Database) -> None:
    changes = Changes(database)
    number = await changes.append(appending(NOW, "root", "1 trunk", '["before"]', '["after"]'))
    assert await changes.by_id(number) == Change(number, NOW, "root", "1 trunk")
    assert await changes.touched(number) == ('["before"]', '["after"]')


async def test_changes_are_listed_from_the_newest(database: Database) -> None:
    changes = Changes(database)
    first, second, third = [await changes.append(appending(NOW, "root", f"{n}", "[]", "[]")) for n in "abc"]
    assert [change.id for change in await changes.newest()] == [third, second, first]
    assert [change.summary for change in await changes.newest(limit=2)] == ["c", "b"]


async def test_what_is_undone_is_no_longer_the_last_change_and_stays_in_the_list(database: Database) -> None:
    changes = Changes(database)
    assert await changes.last() is None
    first, second = [await changes.append(appending(NOW, "root", n, "[]", "[]")) for n in "ab"]
    await changes.mark_undone(second, NOW + 5)
    last = await changes.last()
    assert last is not None
    assert last.id == first
    assert [change.undone for change in await changes.newest()] == [NOW + 5, None]


async def test_a_change_is_undone_once(database: Database) -> None:
    changes = Changes(database)
    number = await changes.append(appending(NOW, "root", "a", "[]", "[]"))
    assert await database.transact([undoing(number, NOW + 1)]) == [[(number,)]]
    assert await database.transact([undoing(number, NOW + 2)]) == [[]]
    assert (await changes.newest())[0].undone == NOW + 1


@pytest.mark.parametrize("number", [0, -1, 7, 10**30])
async def test_a_change_there_never_was_is_not_found(database: Database, number: int) -> None:
    assert await Changes(database).by_id(number) is None
    assert await Changes(database).touched(number) is None


async def test_a_plan_and_the_note_of_it_are_written_together_or_not_at_all(
    database: Database, plan: Plan
) -> None:
    note = appending(NOW, "root", "two of one name", "[]", "[]")
    twice = Tables(nodes=(Node("a", number="1"), Node("a", number="2")))
    with pytest.raises(Conflict):
        await database.transact([note, *replacing(twice)])
    assert await Changes(database).newest() == []
    await database.transact([note, *replacing(HOUSE)])
    assert len(await Changes(database).newest()) == 1
    assert await plan.load() == HOUSE
