"""What was applied is taken back, as long as nobody has changed it since."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.blueprint.apply import Applied, Draft, apply, undo
from offhook.blueprint.document import Document
from offhook.blueprint.source import Rejected
from offhook.store.changes import Change, Changes
from offhook.store.database import Database, open_database
from offhook.store.devices import Devices
from offhook.store.users import Users
from tests.blueprint.documents import worlds
from tests.blueprint.office import NOW, OFFICE, REALM, exported, put

ANNA = '[[user]]\nusername = "anna"\nname = "Anna Berg"\nnumber = "101"\n'


async def take_back(database: Database, id: int | None = None) -> tuple[Change, Applied]:
    return await undo(database, id, realm=REALM, who="root", now=NOW + 60)


async def test_the_last_change_is_undone_and_then_the_one_before(database: Database) -> None:
    empty = await exported(database)
    await put(database, OFFICE)
    before = await exported(database)
    await put(
        database, OFFICE.replace('area = "30"', 'area = "40"').replace('"102"\nlimits', '"112"\nlimits')
    )
    change, applied = await take_back(database)
    assert change.summary == "office.toml: 0 added, 2 changed, 0 removed"
    assert [str(line) for line in applied.differences] == [
        '~ location: area = "40" → "30"',
        '~ user ben: number = "112" → "102"',
    ]
    assert await exported(database) == before
    await take_back(database)
    assert await exported(database) == empty
    with pytest.raises(Rejected, match="no change has been applied that is still in place"):
        await take_back(database)


async def test_who_was_removed_comes_back_with_the_same_ids_so_that_records_are_theirs_again(
    database: Database,
) -> None:
    await put(database, OFFICE)
    users, devices = Users(database, "hq"), Devices(database, "hq")
    before = await exported(database), await users.load_all(), await devices.load_all()
    await put(database, "user = []\ngroup = []\ntrunk = []", prune=True)
    assert await users.load_all() == []
    await take_back(database)
    assert (await exported(database), await users.load_all(), await devices.load_all()) == before
    new = await users.add("zoe", "Zoe", "300", now=NOW)
    assert new.id not in {user.id for user in before[1]}


async def test_an_undo_is_noted_and_can_be_undone_by_its_number(database: Database) -> None:
    await put(database, OFFICE)
    before = await exported(database)
    await take_back(database)
    newest, first = await Changes(database).newest()
    assert (newest.summary, newest.who, newest.undone) == (
        "undo of change 1 (office.toml): 0 added, 2 changed, 8 removed",
        "root",
        None,
    )
    assert first.undone == NOW + 60
    await take_back(database, newest.id)
    assert await exported(database) == before


async def test_an_older_change_is_undone_and_what_came_later_stays(database: Database) -> None:
    await put(database, OFFICE)
    moved = await put(database, OFFICE.replace('area = "30"', 'area = "40"'))
    await put(
        database, OFFICE.replace('area = "30"', 'area = "40"').replace('country = "49"', 'country = "43"', 1)
    )
    await take_back(database, moved.change)
    assert await exported(database) == (await exported(database)).replace('"40"', '"30"')
    assert 'country = "43"\narea = "30"' in await exported(database)


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        (OFFICE.replace('area = "30"', 'area = "41"'), "location: area has been changed since"),
        (OFFICE.replace('number = "102"', 'number = "103"'), "user ben: number has been changed since"),
        (OFFICE.replace('"192.0.2.1:5070"', '"192.0.2.2"'), "trunk north: hosts has been changed since"),
    ],
)
async def test_what_has_been_changed_since_is_not_undone_and_is_named(
    database: Database, later: str, reason: str
) -> None:
    await put(database, OFFICE)
    changed = OFFICE.replace('area = "30"', 'area = "40"').replace('number = "102"', 'number = "112"')
    change = await put(database, changed.replace('"192.0.2.1:5070"', '"192.0.2.9"'))
    await put(database, later)
    before = await exported(database)
    with pytest.raises(Rejected, match="cannot be undone; nothing has changed") as error:
        await take_back(database, change.change)
    assert reason in error.value.reasons
    assert await exported(database) == before
    assert (await Changes(database).newest())[1].undone is None


async def test_who_was_added_is_not_taken_away_after_they_have_set_something(database: Database) -> None:
    await put(database, ANNA)
    (anna,) = await Users(database, "hq").load_all()
    await Users(database, "hq").set_preferences(anna.id, do_not_disturb=True, call_waiting=True)
    with pytest.raises(Rejected, match="user anna has been changed since"):
        await take_back(database)


async def test_what_others_have_come_to_need_is_not_taken_away(database: Database) -> None:
    await put(database, '[[filter]]\nname = "house"\n')
    await put(database, f'{ANNA}filter = "house"\n')
    with pytest.raises(Rejected, match="user anna, filter: there is no filter 'house'"):
        await take_back(database, 1)


async def test_a_group_is_not_put_back_with_members_who_are_gone(database: Database) -> None:
    await put(database, OFFICE)
    change = await put(database, "group = []", prune=True)
    anna = await Users(database, "hq").by_username("anna")
    assert anna is not None
    await Users(database, "hq").remove(anna.id)
    with pytest.raises(Rejected, match="group sales, members: there is no user anna"):
        await take_back(database, change.change)


async def test_who_comes_back_does_not_take_the_number_of_who_came_since(database: Database) -> None:
    await put(database, OFFICE)
    change = await put(database, "user = []\ngroup = []", prune=True)
    await Users(database, "hq").add("zoe", "Zoe", "102", now=NOW)
    with pytest.raises(Rejected, match="user zoe, number: the number 102 belongs to user ben already"):
        await take_back(database, change.change)


async def test_a_number_that_is_none_is_said_to_be_so(database: Database) -> None:
    with pytest.raises(Rejected, match="there is no change 7"):
        await take_back(database, 7)
    await put(database, ANNA)
    await take_back(database, 1)
    with pytest.raises(Rejected, match="change 1 has been undone already"):
        await take_back(database, 1)


@settings(max_examples=40, deadline=None)
@given(st.lists(worlds(), min_size=2, max_size=3))
def test_any_document_after_any_other_is_put_in_place_and_taken_back(
    sqlite_template: Path, steps: list[Document]
) -> None:
    async def through() -> None:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(sqlite_template, f"{folder}/offhook.db")
            database = await open_database(f"sqlite://{folder}/offhook.db")
            states = [await exported(database)]
            for document in steps:
                await apply(database, Draft.of(document, "any"), prune=True, realm=REALM, who="any", now=NOW)
                states.append(await exported(database))
                assert await differs(database, document) == []
            for before, after in zip(reversed(states[:-1]), reversed(states[1:]), strict=True):
                if before != after:
                    await take_back(database)
                assert await exported(database) == before
            await database.close()

    asyncio.run(through())


async def differs(database: Database, document: Document) -> list[str]:
    applied = await apply(database, Draft.of(document, "any"), prune=True, realm=REALM, who="any", now=NOW)
    return [str(line) for line in applied.differences]
