"""The tables in a database are those of schema.py, on both databases, and the server need not know how."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from offhook.dialplan.model import ROOT, Line, Mobile
from offhook.store import migrate
from offhook.store.database import SCHEMA, Database, StoreError, open_database
from offhook.store.devices import Devices
from offhook.store.groups import Groups
from offhook.store.postgres import PostgresDatabase
from offhook.store.sqlite import SqliteDatabase, sqlite_path
from offhook.store.users import Users


def back_to(revision: str, url: str) -> None:
    migrate.do(url, lambda config: command.downgrade(config, revision))


def test_the_tables_are_those_that_schema_describes(url: str) -> None:
    migrate.do(url, command.check)


def test_down_and_up_again_gives_the_same_tables(url: str) -> None:
    back_to("base", url)
    migrate.upgrade(url)
    migrate.do(url, command.check)


# What an office of three had in schema 0002; the third user has gone, and nobody gets that id again.
OFFICE = (
    "insert into users (id, username, username_key, name, number, search, device, created, do_not_disturb)"
    " values (1, 'Anna', 'anna', 'Anna Berg', '101', ' anna berg 101', 11, 1.5, true)",
    "insert into users (id, username, username_key, name, number, search, created)"
    " values (2, 'ben', 'ben', 'Ben Cole', '102', ' ben cole 102', 2.5)",
    "insert into users (id, username, username_key, name, number, search, created)"
    " values (3, 'carla', 'carla', 'Carla Diaz', '103', ' carla diaz 103', 3.5)",
    "delete from users where id = 3",
    "insert into devices (id, user_id, name, kind, sip_user, ha1_md5, ha1_sha256, created)"
    " values (11, 1, 'Desk', 'phone', 'anna-desk', 'm', 's', 1.5)",
    "insert into groups (id, name, name_key) values (5, 'Sales', 'sales')",
    "insert into group_members (group_id, user_id, active) values (5, 2, true), (5, 1, false)",
    "insert into sessions (token_hash, user_id, created, seen, expires) values ('t', 1, 1.5, 2.5, 9.5)",
    "insert into bindings (device, contact, transport, host, port, local_host, local_port, instance,"
    " call_id, cseq, expires_at, nat, user_agent)"
    " values (11, 'c', 'udp', '10.0.0.1', 5060, '10.0.0.2', 5060, '', 'x', 7, 9.5, false, '')",
)
COUNT_ON = "select setval(pg_get_serial_sequence('users', 'id'), 3)"  # as if it had given the ids above


async def fill(url: str) -> None:
    """With the tables of 0002, as the server before this one left them."""
    await asyncio.to_thread(back_to, "0002", url)
    database = await _open(url)
    statements = (*OFFICE, COUNT_ON) if url.startswith("postgresql") else OFFICE
    await database.transact([(sql, ()) for sql in statements])
    await database.close()


async def test_an_office_keeps_everything_on_the_way_to_numbering_areas(url: str) -> None:
    await fill(url)
    database = await open_database(url)
    anna, ben = await Users(database, "hq").load_all()
    assert (anna.username, anna.name, anna.number, anna.do_not_disturb) == ("Anna", "Anna Berg", "101", True)
    assert (anna.node, anna.line, ben.node, ben.line) == (ROOT, Line(), ROOT, Line())
    (desk,) = await Devices(database, "hq").load_all()
    assert (desk.id, desk.user, desk.sip_user) == (anna.device, anna.id, "anna-desk")
    assert (desk.no_mobility, desk.mobile) == (False, None)
    (sales,) = await Groups(database, "hq").load_all()
    assert (sales.members, sales.ringing) == (((anna.id, False), (ben.id, True)), None)
    assert await database.read("select count(*) from sessions") == [(1,)]
    assert await database.read("select count(*) from bindings") == [(1,)]
    await database.close()


async def test_an_id_given_before_the_change_is_never_given_again(url: str) -> None:
    await fill(url)
    database = await open_database(url)
    await Users(database, "hq").add("dora", "Dora Engel", "103", now=4.5)
    assert await database.read("select id from users order by id") == [(1,), (2,), (4,)]
    await database.close()


async def test_what_belongs_to_a_user_still_goes_with_the_user_after_the_change(url: str) -> None:
    await fill(url)
    database = await open_database(url)
    users = Users(database, "hq")
    anna, _ = await users.load_all()
    await users.remove(anna.id)
    for table in ("devices", "sessions", "bindings"):
        assert await database.read(f"select * from {table}") == []
    await database.close()


async def test_the_way_back_leaves_an_office_as_it_was_and_without_its_mobiles(url: str) -> None:
    await fill(url)
    database = await open_database(url)
    users = Users(database, "hq")
    anna, _ = await users.load_all()
    mobile = await Devices(database, "hq").add_mobile(anna.id, "Mobile", Mobile("+49170555"), now=4.5)
    await users.set_device(anna.id, mobile.id)
    await database.close()

    await asyncio.to_thread(back_to, "0002", url)
    database = await _open(url)
    assert await database.read("select username, number, device from users order by id") == [
        ("Anna", "101", 11),
        ("ben", "102", None),
    ]
    assert await database.read("select id from devices") == [(11,)]
    await database.close()


async def test_a_change_that_cannot_be_finished_leaves_the_tables_as_they_were(url: str) -> None:
    await fill(url)
    database = await _open(url)
    await database.transact([("create table tolls (mine text)", ())])  # in the way of the last steps
    before = await database.read("select * from users order by id")
    await database.close()
    with pytest.raises(StoreError, match="could not be brought up to date"):
        await open_database(url)
    database = await _open(url)
    assert await database.read("select version_num from alembic_version") == [("0002",)]
    assert await database.read("select * from users order by id") == before
    await database.close()


async def _open(url: str) -> Database:
    """As it is, without bringing the tables up to date."""
    return await (
        SqliteDatabase.open(sqlite_path(url)) if url.startswith("sqlite") else PostgresDatabase.open(url)
    )


def test_the_server_knows_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(migrate.settings()).get_current_head() == SCHEMA


async def test_a_new_file_gets_its_tables_when_it_is_opened(tmp_path: Path) -> None:
    database = await open_database(f"sqlite://{tmp_path}/deep/down/offhook.db")
    assert await database.read("select * from users") == []
    await database.close()


async def test_an_empty_database_gets_its_tables_when_it_is_opened(url: str) -> None:
    await asyncio.to_thread(back_to, "base", url)
    database = await open_database(url)
    assert await database.read("select version_num from alembic_version") == [(SCHEMA,)]
    await database.close()


async def test_a_database_of_a_newer_version_is_left_alone(url: str) -> None:
    database = await open_database(url)
    await database.write("update alembic_version set version_num = $1", [("9999",)])
    await database.close()
    with pytest.raises(StoreError, match="newer Offhook"):
        await open_database(url)


@pytest.mark.parametrize("wrong", ["mysql://root:word@host/db", "offhook.db", "sqlite://"])
async def test_an_address_we_do_not_understand_is_said_to_be_so(wrong: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///path") as error:
        await open_database(wrong)
    assert "word" not in str(error.value)


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "offhook.db").write_text("Dear diary, " * 100)
    with pytest.raises(StoreError, match=r"offhook\.db"):
        await open_database(f"sqlite://{tmp_path}/offhook.db")


async def test_a_postgresql_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"me:\*\*\*@") as error:
        await open_database(f"postgresql://me:word@/offhook?host={tmp_path}")
    assert "word" not in str(error.value)


def test_the_server_never_loads_sqlalchemy_or_alembic(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
import offhook.cli
from offhook.store import bindings, devices, dialogs, links, meta, postgres, records, sessions, sqlite, users
from offhook.store.database import open_database

async def main():
    database = await open_database("sqlite://{tmp_path}/offhook.db")
    await database.close()

asyncio.run(main())
print([name for name in sys.modules if name.split(".")[0] in ("sqlalchemy", "alembic")])
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
