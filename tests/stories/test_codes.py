"""Star codes: what desk phones do that have no keys of their own for it."""

from functools import partial

import pytest
import pytest_asyncio

from tests.stories.cast import Company
from tests.stories.program import Thing
from tests.stories.stations import DeskPhone, talk
from tests.stories.voices import MUSIC, NOTHING, they_hear

pytestmark = [
    pytest.mark.story,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("nothing_is_left"),
]


@pytest_asyncio.fixture(loop_scope="module")
async def elif_(everybody: Company) -> DeskPhone:
    """Has a phone that knows REFER."""
    elif_ = await everybody.at("refer")
    assert isinstance(elif_, DeskPhone)
    return elif_


@pytest.mark.parametrize("code", ["*0", "*0103", "*0#", "*0103#"])
async def test_what_rings_for_a_colleague_is_picked_up(
    code: str, anna: DeskPhone, carla: DeskPhone, henrik: DeskPhone
) -> None:
    await henrik.dials("103")
    await carla.is_rung()
    await anna.dials(code)
    await they_hear({anna: "henrik", henrik: "anna"})
    assert await carla.call.is_over() == 487
    await henrik.hangs_up()
    await anna.is_free()


async def test_a_call_is_parked_with_refer_and_taken_by_a_colleague(
    elif_: DeskPhone, carla: DeskPhone, henrik: DeskPhone
) -> None:
    await talk(elif_, carla)
    await elif_.transfers(carla, "*160")
    await elif_.is_free()
    await they_hear({carla: MUSIC})
    parked = await henrik.program.sees("parked")
    assert (parked["place"]["number"], parked["place"]["slot"]) == ("105", "0")
    await henrik.dials("#160*105")
    await they_hear({carla: "henrik", henrik: "carla"})
    await carla.hangs_up()
    await henrik.is_free()


async def test_the_call_one_holds_is_parked_by_dialling_and_taken_again(
    anna: DeskPhone, carla: DeskPhone, david: DeskPhone
) -> None:
    await talk(anna, carla)
    await anna.holds(carla)
    await anna.dials("*161*104")
    await anna.is_free()
    await they_hear({carla: MUSIC})
    parked = await david.program.sees("parked")
    assert (parked["place"]["number"], parked["place"]["slot"]) == ("104", "1")
    await david.dials("#161")
    await they_hear({carla: "david", david: "carla"})
    await carla.hangs_up()
    await david.is_free()


async def test_a_place_that_is_taken_is_refused_and_the_call_stays(
    anna: DeskPhone, carla: DeskPhone, david: DeskPhone, henrik: DeskPhone
) -> None:
    await talk(anna, carla)
    assert await anna.parks(carla, slot="3") == {"number": "101", "slot": "3"}
    await talk(anna, henrik)
    call = await anna.program.call_with("108")
    assert await anna.program.refuses("call.park", call=call, slot="3") == "occupied"
    await anna.holds(henrik)
    await anna.dials("*163")
    assert await anna.call.is_over() == 486
    await anna.resumes(henrik)
    await they_hear({anna: "henrik", henrik: "anna", carla: MUSIC})
    await henrik.hangs_up()
    await carla.hangs_up()
    await anna.is_free()


async def test_do_not_disturb_is_turned_on_and_off(anna: DeskPhone, carla: DeskPhone) -> None:
    for code, wanted in (("*42", True), ("#42", False)):
        await anna.dials(code)
        await they_hear({anna: MUSIC})  # a tone that says that it is done
        await anna.is_free()
        await anna.program.sees("user", partial(does_not_want_to_be_disturbed, wanted))
        await carla.dials("101")
        if wanted:
            assert await carla.call.is_over() == 486
        else:
            await anna.is_rung()
            await carla.hangs_up()
            await anna.is_free()


def does_not_want_to_be_disturbed(wanted: bool, user: Thing) -> bool:
    return user.get("do_not_disturb") is wanted


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("*0", 404),  # nothing rings
        ("*0108", 403),  # no group of hers
        ("#165", 404),  # nothing is parked
        ("#160*108", 403),  # no group of hers
        ("*160", 404),  # she holds nobody
        ("*160*999", 404),
        ("*43", 404),
        ("*1610", 404),
        ("#", 404),
    ],
)
async def test_a_code_that_means_nothing_now_is_refused(anna: DeskPhone, code: str, status: int) -> None:
    await anna.dials(code)
    assert await anna.call.is_over() == status


async def test_codes_are_not_for_those_who_are_transferred_to_them(
    anna: DeskPhone, carla: DeskPhone, elif_: DeskPhone
) -> None:
    await talk(elif_, carla)
    for code in ("*42", "*0", "#160"):
        elif_.line(carla).notifies.clear()
        assert await elif_.line(carla).refer(code) == 202
        assert await elif_.line(carla).is_transferred() == 403
    await they_hear({carla: "elif", elif_: "carla", anna: NOTHING})
    await carla.hangs_up()
    await elif_.is_free()
