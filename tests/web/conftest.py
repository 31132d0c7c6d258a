"""The house, open for one test."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from offhook.store.database import Database, open_database
from tests.web.house import Served, open_house
from tests.web.office import furnish


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A built page of three files."""
    directory = tmp_path / "page"
    (directory / "assets").mkdir(parents=True)
    (directory / "index.html").write_text("<!doctype html><title>Offhook</title>" + "<p>hello</p>" * 50)
    (directory / "assets" / "desk-1a2b.js").write_text("export {};" * 100)
    (directory / "sw.js").write_text("// worker")
    return directory


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the office in it, for each test to have a copy of."""
    file = tmp_path_factory.mktemp("office") / "offhook.db"
    furnish(file)
    return file


@pytest.fixture
def file(tmp_path: Path, furnished: Path) -> Path:
    return Path(shutil.copy(furnished, tmp_path / "offhook.db"))


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    database = await open_database(f"sqlite://{file}")
    yield database
    await database.close()


@pytest.fixture
async def served(page: Path, database: Database) -> AsyncIterator[Served]:
    async with open_house(page, database) as served:
        yield served
