"""One office for all stories of a file; stories that break it make their own."""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest
import pytest_asyncio

from tests.stories import network
from tests.stories.cast import Company, company
from tests.stories.ledger import Ledger
from tests.stories.office import Office
from tests.stories.stations import DeskPhone


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    yield from _open(Office(tmp_path_factory.mktemp("office") / "data"))


@pytest.fixture(scope="module")
def ipv6_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    yield from _open(Office(tmp_path_factory.mktemp("office6") / "data", sip_host="::1"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everybody(office: Office, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Company]:
    """Who plays in a file's stories of call control; they stay from one story to the next."""
    async with company(office, tmp_path_factory.mktemp("company")) as everybody:
        yield everybody


@pytest_asyncio.fixture(loop_scope="module")
async def nothing_is_left(office: Office, everybody: Company) -> AsyncIterator[None]:
    """Neither calls nor ports, after each story; and the next one begins with nobody on the phone."""
    yield
    try:
        await office.is_quiet()
    finally:
        await everybody.hang_up()


@pytest_asyncio.fixture(loop_scope="module")
async def anna(everybody: Company) -> DeskPhone:
    return await everybody.phone("anna")


@pytest_asyncio.fixture(loop_scope="module")
async def carla(everybody: Company) -> DeskPhone:
    return await everybody.phone("carla")


@pytest_asyncio.fixture(loop_scope="module")
async def david(everybody: Company) -> DeskPhone:
    return await everybody.phone("david")


@pytest_asyncio.fixture(loop_scope="module")
async def henrik(everybody: Company) -> DeskPhone:
    return await everybody.phone("henrik")


@pytest.fixture(scope="module")
def ledger(office: Office) -> Ledger:
    return Ledger(office)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def _open(office: Office) -> Iterator[Office]:
    if network.is_inside:
        network.lay_cable()
    office.start()
    try:
        yield office
    finally:
        status = office.stop()
    assert status == 0
    assert office.errors() == []


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "own_network: runs in a namespace with a network of its own")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first of a file's stories that run elsewhere runs all of them, and takes its time.

    They come before the file's others: those share connections that must not wait for them.
    """
    if network.is_inside:
        return
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("own_network"):
            files.setdefault(item.path, []).append(item)
    for path, elsewhere in files.items():
        stories = [item.nodeid for item in elsewhere]
        outcomes = cache(lambda stories=tuple(stories): network.run_inside(stories))
        for item in elsewhere:
            item.runtest = partial(_report, outcomes, item.name)  # type: ignore[method-assign]
            item.setup = lambda: None  # type: ignore[method-assign]
            item.add_marker(pytest.mark.timeout(300))
            items.remove(item)
        first = next((n for n, item in enumerate(items) if item.path == path), len(items))
        items[first:first] = elsewhere


def _report(outcomes: Callable[[], dict[str, str]], name: str) -> None:
    """Raises what the story elsewhere came to."""
    outcome = outcomes()[name]
    if outcome.startswith("skipped: "):
        pytest.skip(outcome.removeprefix("skipped: "))
    if outcome:
        raise AssertionError(outcome)
