"""Every operation on every kind of device, with tones that prove who hears whom before, during and after.

The one who acts has a phone that knows no REFER, a browser, or baresip; the others have desk phones.
What a device has no way of its own for is done at the page beside it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from tests.stories import network
from tests.stories.cast import BARESIP, BROWSER, PHONE, Company
from tests.stories.ledger import Ledger
from tests.stories.office import Office
from tests.stories.stations import DeskPhone, Station, desk_phone, talk
from tests.stories.voices import MUSIC, NOTHING, TONE, they_hear

pytestmark = [
    pytest.mark.story,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("nothing_is_left"),
]

EVERY_KIND = pytest.mark.parametrize("kind", [PHONE, BROWSER, BARESIP])
SECOND_PHONE = "Second phone"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    if network.is_inside:
        network.lay_cable()
    host = network.HOST if network.is_inside else "127.0.0.1"
    office = Office(tmp_path_factory.mktemp("office") / "data", sip_host=host)
    office.start()
    yield office
    assert office.stop() == 0
    assert office.errors() == []


@pytest_asyncio.fixture(loop_scope="module")
async def actor(
    everybody: Company, kind: str, carla: DeskPhone, david: DeskPhone, henrik: DeskPhone, ledger: Ledger
) -> Station:
    """The one who acts. The ledger is open: it has what the story adds to it."""
    actor = await everybody.at(kind)
    ledger.opens(actor, carla, david, henrik)
    return actor


# ---- hold


@EVERY_KIND
async def test_who_is_held_hears_music_until_taken_back(
    actor: Station, carla: DeskPhone, ledger: Ledger
) -> None:
    await talk(actor, carla)
    await actor.holds(carla)
    await they_hear({carla: MUSIC, actor: NOTHING})
    await actor.resumes(carla)
    await they_hear({carla: actor.name, actor: carla.name})
    await actor.hangs_up(carla)
    await carla.is_free()
    await ledger.says({actor: ["out answered 103"], carla: [f"in answered {actor.number}"]})


@EVERY_KIND
async def test_one_changes_between_two_calls_and_who_waits_hears_music(
    actor: Station, carla: DeskPhone, david: DeskPhone, ledger: Ledger
) -> None:
    await talk_to_two(actor, carla, david)
    await they_hear({carla: MUSIC})
    await actor.holds(david)
    await actor.resumes(carla)
    await they_hear({david: MUSIC, carla: actor.name, actor: "carla"})
    await actor.hangs_up(carla)
    await actor.resumes(david)
    await they_hear({david: actor.name, actor: "david"})
    await david.hangs_up()
    await actor.is_free()
    await ledger.says(
        {actor: ["out answered 103", "out answered 104"], david: [f"in answered {actor.number}"]}
    )


# ---- transfer


async def transfer_blind(actor: Station, carla: DeskPhone, david: DeskPhone) -> None:
    await talk(actor, carla)
    await actor.transfers(carla, david.number)
    await david.is_rung()
    await they_hear({carla: TONE})
    await david.answers()
    await they_hear({carla: "david", david: "carla"})
    await actor.is_free()
    await carla.call.has_shown("David")


async def transfer_to_one_who_rings(actor: Station, carla: DeskPhone, david: DeskPhone) -> None:
    await talk(actor, carla)
    await actor.holds(carla)
    await actor.dials(david.number)
    await david.is_rung()
    await they_hear({carla: MUSIC})
    await actor.connects(carla, david)
    await they_hear({carla: TONE})
    await actor.is_free()
    await david.answers()
    await they_hear({carla: "david", david: "carla"})


async def transfer_attended(actor: Station, carla: DeskPhone, david: DeskPhone) -> None:
    await talk_to_two(actor, carla, david)
    await they_hear({carla: MUSIC})
    await actor.connects(carla, david)
    await they_hear({carla: "david", david: "carla"})
    await actor.is_free()
    await carla.call.has_shown("David")
    await david.call.has_shown("Carla")


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
async def test_a_call_is_transferred_to_one_who_still_rings(
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
async def test_a_call_is_transferred_after_a_word_with_the_other(
    actor: Station, carla: DeskPhone, david: DeskPhone, ledger: Ledger
) -> None:
    await transfer_attended(actor, carla, david)
    await carla.hangs_up()
    await david.is_free()
    await ledger.says(
        {
            actor: ["out answered 103 to 104", "out answered 104 to 103"],
            carla: [f"in answered {actor.number}"],
            david: [f"in answered {actor.number}"],
        }
    )


# ---- conference


@EVERY_KIND
async def test_three_talk_together_and_are_parted_again(
    actor: Station, carla: DeskPhone, david: DeskPhone, ledger: Ledger
) -> None:
    await talk_to_two(actor, carla, david)
    await they_hear({carla: MUSIC})
    await actor.joins(david, carla)
    await they_hear({actor: "carla david", carla: f"{actor.name} david", david: f"{actor.name} carla"})
    await actor.parts(carla)
    await they_hear({actor: "david", david: actor.name, carla: MUSIC})
    await carla.hangs_up()
    await david.hangs_up()
    await actor.is_free()


@EVERY_KIND
async def test_a_conference_stays_while_two_are_left(
    actor: Station, carla: DeskPhone, david: DeskPhone, ledger: Ledger
) -> None:
    await talk_to_two(actor, carla, david)
    await actor.joins(david, carla)
    await they_hear({carla: f"{actor.name} david", david: f"{actor.name} carla"})
    await actor.hangs_up(david)
    await they_hear({carla: "david", david: "carla"})
    await actor.is_free()
    await david.hangs_up()
    await carla.is_free()
    await ledger.says(
        {
            actor: ["out answered 103", "out answered 104"],
            carla: [f"in answered {actor.number}"],
            david: [f"in answered {actor.number}"],
        }
    )


# ---- park and pick up


@EVERY_KIND
async def test_a_call_is_parked_and_taken_again(actor: Station, carla: DeskPhone, ledger: Ledger) -> None:
    await talk(actor, carla)
    place = await actor.parks(carla)
    assert place == {"number": actor.number, "slot": "0"}
    await actor.is_free()
    await they_hear({carla: MUSIC})
    await actor.retrieves(carla)
    await they_hear({carla: actor.name, actor: "carla"})
    await carla.hangs_up()
    await actor.is_free()
    await ledger.says(
        {
            actor: ["out answered 103", f"in answered 103 retrieved {actor.number}"],
            carla: [f"in answered {actor.number}"],
        }
    )


@EVERY_KIND
async def test_what_rings_at_a_colleagues_is_picked_up(
    actor: Station, carla: DeskPhone, henrik: DeskPhone, ledger: Ledger
) -> None:
    await henrik.dials(carla.number)
    await carla.is_rung()
    await actor.picks_up(henrik)
    await they_hear({henrik: actor.name, actor: "henrik"})
    await carla.is_free()
    await henrik.call.has_shown(actor.name.capitalize())
    await henrik.hangs_up()
    await actor.is_free()
    await ledger.says(
        {
            actor: ["in answered 108 picked-up 103"],
            carla: [f"in elsewhere 108 to {actor.number}"],
            henrik: [f"out answered {actor.number}"],
        }
    )


# ---- elsewhere


@EVERY_KIND
async def test_a_call_moves_to_another_device_and_the_other_side_does_not_notice(
    office: Office, actor: Station, carla: DeskPhone, ledger: Ledger
) -> None:
    async with second_phone(office, actor) as second:
        await talk(actor, carla)
        await actor.moves(carla, SECOND_PHONE)
        await second.is_rung()
        await they_hear({carla: actor.name, actor: "carla"})
        await second.answers()
        await they_hear({carla: "lena", second: "carla"})
        await actor.is_free()
        assert carla.call.reinvites == 0
        await carla.hangs_up()
        await second.is_free()
    await ledger.says({actor: ["out answered 103"], carla: [f"in answered {actor.number}"]})


@EVERY_KIND
async def test_what_rings_is_sent_on_to_another(
    actor: Station, carla: DeskPhone, david: DeskPhone, ledger: Ledger
) -> None:
    await carla.dials(actor.number)
    await actor.is_rung()
    await actor.redirects(carla, david.number)
    await david.is_rung()
    await david.answers()
    await they_hear({carla: "david", david: "carla"})
    await actor.is_free()
    await carla.hangs_up()
    await david.is_free()
    await ledger.says(
        {
            actor: ["in forwarded 103 to 104"],
            carla: [f"out answered 104 diverted {actor.number}"],
            david: [f"in answered 103 diverted {actor.number}"],
        }
    )


# ---- not now


@EVERY_KIND
async def test_who_does_not_want_to_be_disturbed_is_not(
    actor: Station, carla: DeskPhone, ledger: Ledger
) -> None:
    await actor.wants(do_not_disturb=True)
    await carla.dials(actor.number)
    assert await carla.call.is_over() == 486
    await actor.is_free()
    await actor.wants(do_not_disturb=False)
    await carla.dials(actor.number)
    await actor.is_rung()
    await actor.answers()
    await they_hear({carla: actor.name, actor: "carla"})
    await carla.hangs_up()
    await actor.is_free()
    await ledger.says(
        {
            actor: ["in missed 103", "in answered 103"],
            carla: [f"out busy {actor.number}", f"out answered {actor.number}"],
        }
    )


@EVERY_KIND
async def test_a_second_call_is_let_in_only_with_call_waiting(
    actor: Station, carla: DeskPhone, david: DeskPhone, ledger: Ledger
) -> None:
    await talk(actor, carla)
    await actor.wants(call_waiting=False)
    await david.dials(actor.number)
    assert await david.call.is_over() == 486
    await they_hear({actor: "carla", carla: actor.name})
    await actor.wants(call_waiting=True)
    await david.dials(actor.number)
    await actor.is_rung()
    await they_hear({actor: "carla", carla: actor.name})
    await david.hangs_up()
    await carla.hangs_up()
    await actor.is_free()
    await ledger.says(
        {
            actor: ["out answered 103", "in missed 104", "in missed 104"],
            carla: [f"in answered {actor.number}"],
            david: [f"out busy {actor.number}", f"out cancelled {actor.number}"],
        }
    )


# ----


async def talk_to_two(actor: Station, first: DeskPhone, second: DeskPhone) -> None:
    """The first is on hold, the second talks."""
    await talk(actor, first)
    await actor.holds(first)
    await talk(actor, second)


@asynccontextmanager
async def second_phone(office: Office, owner: Station) -> AsyncIterator[DeskPhone]:
    """A further phone of theirs, with another voice."""
    sip_user = f"{owner.name}-second"
    words = ("device", "add", owner.name, "--name", SECOND_PHONE, "--sip-user", sip_user)
    device = await asyncio.to_thread(office.manage, *words)
    await owner.program.sees("device", lambda device: device["name"] == SECOND_PHONE)
    async with desk_phone(
        office, owner.name, sip_user=sip_user, secret=device["secret"], voice="lena"
    ) as second:
        yield second
    await asyncio.to_thread(office.manage, "device", "remove", device["id"])
