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
from offhook.store.database import Conflict, Database, Step, StoreError
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


async def lay_down(database: Database, tables: Tables) -> None:
    await database.transact(replacing(tables))


async def test_a_new_house_has_an_empty_plan(plan: Plan) -> None:
    assert await plan.load() == Tables()


async def test_what_was_laid_down_comes_back_as_it_was_and_in_its_order(
    database: Database, plan: Plan
) -> None:
    await lay_down(database, HOUSE)
    assert await plan.load() == HOUSE


async def test_what_is_laid_down_anew_takes_the_place_of_what_was(database: Database, plan: Plan) -> None:
    await lay_down(database, HOUSE)
    smaller = Tables(filters=(HOUSE.filters[1], HOUSE.filters[0]))
    await lay_down(database, smaller)
    assert await plan.load() == smaller


async def test_of_two_trunks_with_one_name_neither_comes_in_and_nothing_goes(
    database: Database, plan: Plan
) -> None:
    await lay_down(database, HOUSE)
    with pytest.raises(Conflict):
        await lay_down(database, Tables(trunks=(Trunk("amt", "0"), Trunk("amt", "1"))))
    assert await plan.load() == HOUSE


async def test_a_node_and_a_trunk_may_share_a_name(database: Database, plan: Plan) -> None:
    both = Tables(nodes=(Node("works", number="7"),), trunks=(Trunk("works", "0"),))
    await lay_down(database, both)
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


# ---- changes


async def note(database: Database, change: Step) -> int:
    """Its number."""
    ((row,),) = await database.transact([change])
    return int(row[0])


async def test_a_change_is_noted_with_what_it_touched(database: Database) -> None:
    changes = Changes(database)
    number = await note(database, appending(NOW, "root", "1 trunk", '["before"]', '["after"]'))
    assert await changes.by_id(number) == Change(number, NOW, "root", "1 trunk")
    assert await changes.touched(number) == ('["before"]', '["after"]')


async def test_changes_are_listed_from_the_newest(database: Database) -> None:
    changes = Changes(database)
    first, second, third = [await note(database, appending(NOW, "root", n, "[]", "[]")) for n in "abc"]
    assert [change.id for change in await changes.newest()] == [third, second, first]
    assert [change.summary for change in await changes.newest(limit=2)] == ["c", "b"]


async def test_a_change_is_undone_once_and_stays_in_the_list(database: Database) -> None:
    _, second = [await note(database, appending(NOW, "root", n, "[]", "[]")) for n in "ab"]
    assert await database.transact([undoing(second, NOW + 1)]) == [[(second,)]]
    assert await database.transact([undoing(second, NOW + 2)]) == [[]]
    assert [change.undone for change in await Changes(database).newest()] == [NOW + 1, None]


@pytest.mark.parametrize("number", [0, -1, 7, 10**30])
async def test_a_change_there_never_was_is_not_found(database: Database, number: int) -> None:
    assert await Changes(database).by_id(number) is None
    assert await Changes(database).touched(number) is None


async def test_a_plan_and_the_note_of_it_are_written_together_or_not_at_all(
    database: Database, plan: Plan
) -> None:
    noting = appending(NOW, "root", "two of one name", "[]", "[]")
    twice = Tables(nodes=(Node("a", number="1"), Node("a", number="2")))
    with pytest.raises(Conflict):
        await database.transact([noting, *replacing(twice)])
    assert await Changes(database).newest() == []
    await database.transact([noting, *replacing(HOUSE)])
    assert len(await Changes(database).newest()) == 1
    assert await plan.load() == HOUSE
