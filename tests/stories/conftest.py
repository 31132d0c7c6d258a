"""One office for all stories of a file; stories that break it make their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories import network
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


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "own_network: runs in a namespace with a network of its own")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Nothing of a story that runs elsewhere is made ready here."""
    if item.get_closest_marker("own_network") and not network.is_inside:
        story = item.nodeid
        item.runtest = lambda: network.run_inside(story)  # type: ignore[method-assign]
        item.setup = lambda: None  # type: ignore[method-assign]
