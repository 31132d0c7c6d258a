"""The house, open for one test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.house import Served, open_house


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A built page of three files."""
    directory = tmp_path / "page"
    (directory / "assets").mkdir(parents=True)
    (directory / "index.html").write_text("<!doctype html><title>Offhook</title>" + "<p>hello</p>" * 50)
    (directory / "assets" / "desk-1a2b.js").write_text("export {};" * 100)
    (directory / "sw.js").write_text("// worker")
    return directory


@pytest.fixture
async def served(page: Path) -> AsyncIterator[Served]:
    async with open_house(page) as served:
        yield served
