from collections.abc import AsyncIterator

import pytest

from tests.trunks.house import House, provided
from tests.trunks.provider import Provider


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    await house.start()
    yield house
    await house.stop()


@pytest.fixture
async def provider(house: House) -> AsyncIterator[Provider]:
    async with provided(house) as provider:
        yield provider


@pytest.fixture
async def second(house: House) -> AsyncIterator[Provider]:
    async with provided(house) as provider:
        yield provider
