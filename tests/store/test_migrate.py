"""The tables in a database are those of schema.py, on both databases, and the server need not know how."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from offhook.store import migrate
from offhook.store.database import SCHEMA, StoreError, open_database


def test_the_tables_are_those_that_schema_describes(url: str) -> None:
    migrate.check(url)


def test_down_and_up_again_gives_the_same_tables(url: str) -> None:
    migrate.downgrade(url, "base")
    migrate.upgrade(url)
    migrate.check(url)


def test_the_server_knows_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(migrate.settings()).get_current_head() == SCHEMA


async def test_a_new_file_gets_its_tables_when_it_is_opened(tmp_path: Path) -> None:
    database = await open_database(f"sqlite://{tmp_path}/deep/down/offhook.db")
    assert await database.read("select * from users") == []
    await database.close()


async def test_an_empty_database_gets_its_tables_when_it_is_opened(url: str) -> None:
    await asyncio.to_thread(migrate.downgrade, url, "base")
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
