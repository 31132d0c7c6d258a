"""What users set themselves stays when a document is silent about it, and is as it says when it is not."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from offhook.blueprint.apply import Draft, apply, compare, export, undo
from offhook.blueprint.document import Document, User
from offhook.blueprint.writer import write
from offhook.dialplan.model import Diversion, Line
from offhook.store.database import Database, open_database
from offhook.store.users import Users
from tests.blueprint.documents import diversions, worlds
from tests.blueprint.office import NOW, REALM, exported, put

ANNA = '[[user]]\nusername = "anna"\nname = "Anna Berg"\nnumber = "101"\n'
ADMINS = '[[user.diversion]]\nwhen = "no-answer"\nto = "200"\nby = "admin"\n'
BUSY = '[[user.diversion]]\nwhen = "busy"\nto = "300"\n'

OWN = (Diversion("busy", "102"), Diversion("always", "103", on=False))
THEIRS = Diversion("no-answer", "200", by="admin")


async def anna_sets(database: Database, line: Line) -> None:
    (anna,) = await Users(database, "hq").load_all()
    await Users(database, "hq").set_preferences(anna.id, do_not_disturb=True, call_waiting=False, line=line)


async def anna_has(database: Database) -> tuple[bool, bool, Line]:
    (anna,) = await Users(database, "hq").load_all()
    return anna.do_not_disturb, anna.call_waiting, anna.line


async def test_what_somebody_has_set_in_the_page_is_not_reset_by_a_file_about_her_number(
    database: Database,
) -> None:
    await put(database, ANNA)
    await anna_sets(database, Line(seconds=45, diversions=OWN))
    applied = await put(database, ANNA.replace("101", "111") + "busy_on = 2\n")
    assert await anna_has(database) == (True, False, Line(seconds=45, busy_on=2, diversions=OWN))
    assert [str(line) for line in applied.differences] == [
        '~ user anna: number = "101" → "111"',
        "~ user anna: busy_on = 0 → 2",
    ]


async def test_what_the_file_says_is_so_whoever_has_set_it(database: Database) -> None:
    await put(database, ANNA)
    await anna_sets(database, Line(seconds=45))
    await put(database, ANNA + "do_not_disturb = false\ncall_waiting = true\nseconds = 30\n")
    assert await anna_has(database) == (False, True, Line())


@pytest.mark.parametrize(
    ("said", "become"),
    [
        ("", OWN),
        ("diversion = []\n", ()),
        (ADMINS, (OWN[0], OWN[1], THEIRS)),
        (BUSY, (Diversion("busy", "300"), OWN[1])),
        (BUSY + ADMINS, (Diversion("busy", "300"), OWN[1], THEIRS)),
    ],
)
async def test_the_administrators_diversions_follow_the_file_and_her_own_stay_in_other_cases(
    database: Database, said: str, become: tuple[Diversion, ...]
) -> None:
    await put(database, ANNA)
    former = Diversion("busy", "400", by="admin", first=True)
    await anna_sets(database, Line(diversions=(former, *OWN)))
    await put(database, ANNA + said)
    assert set((await anna_has(database))[2].diversions) == set(become)
    applied = await put(database, ANNA + said)
    assert applied.change == 0, "once is enough"


async def test_a_diversion_of_her_own_makes_no_difference_to_the_file_wherever_it_stands(
    database: Database,
) -> None:
    await put(database, ANNA + ADMINS)
    for both in [(THEIRS, *OWN), (OWN[0], THEIRS, OWN[1]), (*OWN, THEIRS)]:
        await anna_sets(database, Line(diversions=both))
        draft = Draft.from_text(ANNA + ADMINS, "office.toml")
        assert await compare(database, draft, prune=False, realm=REALM) == []


async def test_pruning_takes_away_the_diversions_that_are_not_listed_where_some_are(
    database: Database,
) -> None:
    await put(database, ANNA)
    await anna_sets(database, Line(diversions=OWN))
    await put(database, ANNA, prune=True)
    assert (await anna_has(database))[2].diversions == OWN
    await put(database, ANNA + ADMINS, prune=True)
    assert (await anna_has(database))[2].diversions == (THEIRS,)


async def test_an_undo_leaves_what_she_has_set_since(database: Database) -> None:
    await put(database, ANNA)
    await put(database, ANNA.replace("101", "111"))
    await anna_sets(database, Line(seconds=45, diversions=OWN))
    await undo(database, None, realm=REALM, who="root", now=NOW)
    assert await anna_has(database) == (True, False, Line(seconds=45, diversions=OWN))


KEYS: dict[str, st.SearchStrategy[object]] = {
    "do_not_disturb": st.booleans(),
    "call_waiting": st.booleans(),
    "seconds": st.integers(1, 900),
    "diversion": diversions(),
}


@settings(max_examples=40, deadline=None)
@given(worlds(), st.data())
def test_a_file_by_hand_changes_what_it_says_and_is_undone_and_an_export_changes_nothing(
    sqlite_template: Path, world: Document, data: st.DataObject
) -> None:
    async def through() -> None:
        with tempfile.TemporaryDirectory() as folder:
            database = await opened(sqlite_template, folder, "one")
            await put(database, write(world))
            text = await exported(database)
            assert (await put(database, text)).change == 0
            before = await export(database)
            by_hand = Document(user=tuple([silent(user, data) for user in before.user or ()]))
            applied = await apply(database, Draft.of(by_hand, "any"), realm=REALM, who="any", now=NOW)
            after = (await export(database)).user or ()
            for old, said, new in zip(before.user or (), by_hand.user or (), after, strict=True):
                for key in ("do_not_disturb", "call_waiting", "seconds"):
                    expected = getattr(old if getattr(said, key) is None else said, key)
                    assert getattr(new, key) == expected
                assert own(new) == (own(old) | own(said) if said.diversion != () else {})
                assert admins(new) == admins(said)
            if applied.change:
                await undo(database, applied.change, realm=REALM, who="any", now=NOW)
            assert await exported(database) == text
            wiped = await opened(sqlite_template, folder, "two")
            await put(wiped, text)
            assert await exported(wiped) == text
            await wiped.close()
            await database.close()

    asyncio.run(through())


def silent(user: User, data: st.DataObject) -> User:
    """As somebody writes it who thinks of some of the keys."""
    said = {key: data.draw(st.none() | values) for key, values in KEYS.items()}
    return replace(user, password_hash=None, dials_from=None, device=None, **said)


def own(user: User) -> dict[str, Diversion]:
    return {one.when: one for one in user.diversion or () if one.by == "user"}


def admins(user: User) -> list[Diversion]:
    return [one for one in user.diversion or () if one.by == "admin"]


async def opened(template: Path, folder: str, name: str) -> Database:
    shutil.copy(template, f"{folder}/{name}.db")
    return await open_database(f"sqlite://{folder}/{name}.db")
