"""Transfers between two media workers, by the page and by REFER; and those that come to nothing."""

from collections.abc import Iterator

import pytest
import pytest_asyncio

from tests.stories.cast import BROWSER, PHONE, REFER, Company
from tests.stories.ledger import Ledger
from tests.stories.office import Office
from tests.stories.stations import DeskPhone, Station, talk
from tests.stories.test_operations import (
    talk_to_two,
    transfer_blind,
    transfer_to_one_who_rings,
)
from tests.stories.voices import MUSIC, TONE, they_hear

pytestmark = [
    pytest.mark.story,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("nothing_is_left"),
]

EVERY_KIND = pytest.mark.parametrize("kind", [PHONE, REFER, BROWSER])
BOTH_WAYS = pytest.mark.parametrize("kind", [PHONE, REFER])


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Two workers: the least busy one gets the next call, so that two calls are on both."""
    office = Office(tmp_path_factory.mktemp("office") / "data", workers=2)
    office.start()
    yield office
    assert office.stop() == 0
    assert office.errors() == []


@pytest_asyncio.fixture(loop_scope="module")
async def actor(everybody: Company, kind: str, carla: DeskPhone, david: DeskPhone, ledger: Ledger) -> Station:
    """The one who transfers. The ledger is open: it has what the story adds to it."""
    actor = await everybody.at(kind)
    ledger.opens(actor, carla, david)
    return actor


# ---- as it should be


@EVERY_KIND
async def test_a_call_is_transferred_to_a_number(
    actor: Station, carla: DeskPhone, david: DeskPhone, ledger: Ledger
) -> None:
    await transfer_blind(actor, carla, david)
    await carla.hangs_up()
    await david.is_free()
    await ledger.says(
        {
            actor: ["out answered 103 to 104"],
            carla: [f"in answered {actor.number}"],
            david: [f"in answered 103 transferred {actor.number}"],
        }
    )


@EVERY_KIND
async def test_a_call_is_transferred_to_one_who_rings_at_another_worker(
    actor: Station, carla: DeskPhone, david: DeskPhone, ledger: Ledger
) -> None:
    await transfer_to_one_who_rings(actor, carla, david)
    await david.hangs_up()
    await carla.is_free()
    await ledger.says(
        {
            actor: ["out answered 103 to 104", "out forwarded 104 to 103"],
            carla: [f"in answered {actor.number}"],
            david: [f"in answered 103 transferred {actor.number}"],
        }
    )


@EVERY_KIND
async def test_two_calls_at_two_workers_become_one(
    office: Office, actor: Station, carla: DeskPhone, david: DeskPhone, ledger: Ledger
) -> None:
    await talk_to_two(actor, carla, david)
    assert all(office.ports_of_workers), "both workers have a call"
    await they_hear({carla: MUSIC})
    await actor.connects(carla, david)
    await they_hear({carla: "david", david: "carla"})
    await actor.is_free()
    await carla.hangs_up()
    await david.is_free()
    await ledger.says(
        {
            actor: ["out answered 103 to 104", "out answered 104 to 103"],
            carla: [f"in answered {actor.number}"],
            david: [f"in answered {actor.number}"],
        }
    )


async def test_three_calls_at_two_workers_become_a_conference(
    office: Office, anna: DeskPhone, carla: DeskPhone, david: DeskPhone
) -> None:
    await talk_to_two(anna, carla, david)
    assert all(office.ports_of_workers), "both workers have a call"
    await anna.joins(david, carla)
    await they_hear({anna: "carla david", carla: "anna david", david: "anna carla"})
    await anna.hangs_up(david)
    await they_hear({carla: "david", david: "carla"})
    await carla.hangs_up()
    await david.is_free()


# ---- as it should not


@BOTH_WAYS
async def test_a_transfer_to_nobody_leaves_the_call_as_it_was(
    kind: str, actor: Station, carla: DeskPhone, ledger: Ledger
) -> None:
    await talk(actor, carla)
    for number, word, status in (("999", "unknown-number", 404), ("112", "unreachable", 480)):
        if kind == "refer":
            assert isinstance(actor, DeskPhone)
            actor.line(carla).notifies.clear()
            assert await actor.line(carla).refer(number) == 202
            assert await actor.line(carla).is_transferred() == status
        else:
            call = await actor.program.call_with(carla.number)
            assert await actor.program.refuses("call.transfer", call=call, to=number) == word
        await they_hear({actor: "carla", carla: actor.name})
    await actor.hangs_up(carla)
    await carla.is_free()
    await ledger.says({actor: ["out answered 103"], carla: [f"in answered {actor.number}"]})


@BOTH_WAYS
async def test_a_transfer_that_nobody_takes_comes_back(
    actor: Station, carla: DeskPhone, david: DeskPhone, ledger: Ledger
) -> None:
    await talk(actor, carla)
    await actor.transfers(carla, david.number)
    await actor.is_free()
    await david.refuses(486)
    await actor.is_rung()
    await they_hear({carla: TONE})
    await actor.answers()
    await they_hear({actor: "carla", carla: actor.name})
    await carla.hangs_up()
    await actor.is_free()
    await ledger.says(
        {
            actor: ["out answered 103 to 104", "in answered 103 recalled 104"],
            carla: [f"in answered {actor.number}"],
            david: [f"in missed 103 transferred {actor.number}"],
        }
    )


async def test_who_is_busy_when_a_transfer_comes_back_finds_it_waiting(
    anna: DeskPhone, carla: DeskPhone, david: DeskPhone, henrik: DeskPhone
) -> None:
    await talk(anna, carla)
    await anna.transfers(carla, david.number)
    await david.is_rung()
    await talk(henrik, anna)
    await anna.program.do("me.set", call_waiting=False)  # for strangers, not for what is one's own
    await david.refuses(486)
    await anna.is_rung()
    await they_hear({henrik: "anna", anna: "henrik", carla: TONE})
    await henrik.hangs_up()
    await anna.answers()
    await they_hear({anna: "carla", carla: "anna"})
    await anna.program.do("me.set", call_waiting=True)
    await carla.hangs_up()
    await anna.is_free()


async def test_two_calls_that_cannot_be_connected_stay_two(
    anna: DeskPhone, carla: DeskPhone, david: DeskPhone, henrik: DeskPhone, everybody: Company
) -> None:
    elif_ = await everybody.at("refer")
    assert isinstance(elif_, DeskPhone)
    await talk_to_two(elif_, carla, david)
    call = await elif_.program.call_with(carla.number)
    assert await elif_.program.refuses("call.connect", call=call, other=call) == "same-call"
    await talk(anna, henrik)
    assert await elif_.line(carla).refer("104", anna.line(henrik)) == 202
    assert await elif_.line(carla).is_transferred() in (403, 481)
    await they_hear({carla: MUSIC, david: "elif", anna: "henrik"})
    assert await elif_.program.refuses("call.join", call=call, other="hq.1.1") == "unknown-call"
    await elif_.hangs_up(carla)
    await elif_.hangs_up(david)
    await anna.hangs_up()
    for each in (carla, david, anna):
        await each.is_free()
