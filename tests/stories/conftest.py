"""One office for all stories of a file; stories that break it make their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.office import Office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = Office(tmp_path_factory.mktemp("office") / "data")
    office.start()
    yield office
    office.stop()
    assert office.errors() == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
