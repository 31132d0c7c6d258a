"""One office for all stories of a file; stories that break it make their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.office import Office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    yield from _open(Office(tmp_path_factory.mktemp("office") / "data"))


@pytest.fixture(scope="module")
def ipv6_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    yield from _open(Office(tmp_path_factory.mktemp("office6") / "data", sip_host="::1"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def _open(office: Office) -> Iterator[Office]:
    office.start()
    try:
        yield office
    finally:
        status = office.stop()
    assert status == 0
    assert office.errors() == []
