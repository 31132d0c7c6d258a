"""Orders that make no sense, or are not one's to give: refused with a sentence, and nothing has changed."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.phones.phone import Call
from tests.stories.cast import Company
from tests.stories.office import Office, eventually
from tests.stories.program import Program, Refused, program_of
from tests.stories.stations import DeskPhone, desk_phone, talk
from tests.stories.test_operations import talk_to_two
from tests.stories.voices import MUSIC, they_hear

pytestmark = [
    pytest.mark.story,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("nothing_is_left"),
]


def orders(call: str, other: str, leg: str, device: str) -> list[tuple[str, dict[str, object]]]:
    """Every order there is about a call."""
    return [
        ("call.answer", {"call": call, "device": device}),
        ("call.decline", {"call": call}),
        ("call.hangup", {"call": call}),
        ("call.hold", {"call": call, "holding": True}),
        ("call.mute", {"call": call, "muted": True}),
        ("call.digits", {"call": call, "keys": "1"}),
        ("call.redirect", {"call": call, "to": "104"}),
        ("call.transfer", {"call": call, "to": "104"}),
        ("call.connect", {"call": call, "other": other}),
        ("call.join", {"call": call, "other": other}),
        ("call.part", {"call": call, "leg": leg}),
        ("call.park", {"call": call}),
        ("call.retrieve", {"call": call, "device": device}),
        ("call.pickup", {"call": call, "device": device}),
        ("call.move", {"call": call, "device": device}),
    ]


NOT_YOURS = {"unknown-call", "nothing-parked", "nothing-rings"}


@pytest_asyncio.fixture(loop_scope="module")
async def greta(everybody: Company) -> DeskPhone:
    """In no group of Anna's and Carla's."""
    return await everybody.phone("greta")


# ---- what is not one's own


async def test_nobody_touches_the_calls_of_others(
    anna: DeskPhone, carla: DeskPhone, david: DeskPhone, greta: DeskPhone
) -> None:
    await talk_to_two(anna, carla, david)
    first, second = [anna.program.calls_with(each.number)[0] for each in (carla, david)]
    device = greta.program.device("phone")
    for one, other in ((first, second), (second, first)):
        for command, fields in orders(one["id"], other["id"], one["legs"][0]["id"], device):
            assert await greta.program.refuses(command, **fields) in NOT_YOURS, command
    await they_hear({anna: "david", david: "anna", carla: MUSIC})
    await carla.hangs_up()
    await david.hangs_up()
    await anna.is_free()


async def test_what_is_not_told_to_one_cannot_be_picked_up_or_retrieved(
    anna: DeskPhone, carla: DeskPhone, henrik: DeskPhone, greta: DeskPhone
) -> None:
    await henrik.dials(carla.number)
    await carla.is_rung()
    ringing = await henrik.program.call_with("103")
    await anna.program.sees("waiting")
    assert greta.program.all("waiting") == []
    device = greta.program.device("phone")
    assert await greta.program.refuses("call.pickup", call=ringing, device=device) == "nothing-rings"
    await carla.answers()
    await they_hear({carla: "henrik", henrik: "carla"})
    assert (
        await anna.program.refuses("call.pickup", call=ringing, device=anna.program.device("phone"))
        in NOT_YOURS
    )
    await carla.parks(henrik)
    await anna.program.sees("parked")
    assert greta.program.all("parked") == []
    assert await greta.program.refuses("call.retrieve", call=ringing, device=device) == "nothing-parked"
    assert await anna.program.refuses("call.retrieve", call=ringing, device=device) == "unknown-device", (
        "somebody else's phone"
    )
    await they_hear({henrik: MUSIC})
    await henrik.hangs_up()


# ---- what is over


async def test_orders_about_a_call_that_is_gone_are_refused(anna: DeskPhone, carla: DeskPhone) -> None:
    await talk(anna, carla)
    call = anna.program.calls_with("103")[0]
    await carla.hangs_up()
    await anna.is_free()
    await eventually(lambda: anna.program.all("call") == [], what="the page has seen it end")
    device = anna.program.device("phone")
    for command, fields in orders(call["id"], "hq.1.1", call["legs"][0]["id"], device):
        assert await anna.program.refuses(command, **fields) in NOT_YOURS, command


async def test_orders_that_do_not_fit_are_refused_and_nothing_changes(
    anna: DeskPhone, carla: DeskPhone, david: DeskPhone, henrik: DeskPhone
) -> None:
    program = anna.program
    await anna.dials("103")
    await carla.is_rung()
    call = await program.call_with("103")
    assert await program.refuses("call.transfer", call=call, to="104") == "not-talking"
    assert await program.refuses("call.park", call=call) == "not-talking"
    assert await program.refuses("call.move", call=call, device=program.device("phone")) == "not-talking"
    assert await program.refuses("call.hold", call=call, holding=True) == "not-talking"
    await carla.answers()
    await they_hear({anna: "carla", carla: "anna"})
    legs = program.things["call"][call]["legs"]
    assert await program.refuses("call.part", call=call, leg=legs[1]["id"]) == "not-a-pair"
    assert await program.refuses("call.redirect", call=call, to="104") == "not-ringing"
    assert await program.refuses("call.move", call=call, device=program.device("phone")) == "same-device"
    assert await program.refuses("call.move", call=call, device=program.device("browser")) == "unreachable"
    assert await program.refuses("call.transfer", call=call, to="*42") == "forbidden"
    assert await program.refuses("call.park", call=call, number="999") == "unknown-number"
    await anna.holds(carla)
    await talk(anna, david)
    await anna.joins(david, carla)
    conference = await program.call_with("104")
    await they_hear({carla: "anna david"})
    assert await program.refuses("call.transfer", call=conference, to="108") == "not-a-pair"
    assert await program.refuses("call.park", call=conference) == "not-a-pair"
    await henrik.dials("101")  # her phone has two lines up at once
    await anna.answers()
    await they_hear({henrik: "anna", anna: "carla david henrik"})
    assert await program.refuses("call.join", call=await program.call_with("108"), other=conference) == "full"
    await they_hear({carla: "anna david", david: "anna carla"})
    for each in (henrik, carla, david):
        await each.hangs_up()
    await anna.is_free()


# ---- at once


@pytest_asyncio.fixture(loop_scope="module")
async def other_tab(office: Office) -> AsyncIterator[Program]:
    """Another tab of Anna's."""
    async with program_of(office, "anna") as other:
        yield other


async def test_of_two_tabs_that_act_at_once_one_wins_and_the_other_is_told(
    anna: DeskPhone, carla: DeskPhone, david: DeskPhone, henrik: DeskPhone, other_tab: Program
) -> None:
    await talk(anna, carla)
    call = await anna.program.call_with("103")
    done = await asyncio.gather(
        anna.program.do("call.transfer", call=call, to="104"),
        other_tab.do("call.transfer", call=call, to="108"),
        anna.program.do("call.park", call=call),
        return_exceptions=True,
    )
    assert [type(each) for each in done].count(Refused) == 2
    await anna.is_free()
    assert david.phone.is_being_called + henrik.phone.is_being_called <= 1
    taker = henrik if isinstance(done[0], Refused) else david
    if isinstance(done[2], Refused):
        await taker.answers()
        await they_hear({carla: taker.name, taker: "carla"})
    else:
        await they_hear({carla: MUSIC})
    await carla.hangs_up()
    await taker.is_free()


async def test_a_call_connected_by_two_tabs_at_once_is_connected_once(
    anna: DeskPhone, carla: DeskPhone, david: DeskPhone, other_tab: Program
) -> None:
    await talk_to_two(anna, carla, david)
    one, other = [await anna.program.call_with(each.number) for each in (carla, david)]
    done = await asyncio.gather(
        anna.program.do("call.connect", call=one, other=other),
        other_tab.do("call.connect", call=other, other=one),
        other_tab.do("call.join", call=other, other=one),
        return_exceptions=True,
    )
    assert [type(each) for each in done].count(Refused) == 2
    if not isinstance(done[2], Refused):
        await they_hear({carla: "anna david", david: "anna carla"})
        await anna.hangs_up()
    await they_hear({carla: "david", david: "carla"})
    await anna.is_free()
    await carla.hangs_up()
    await david.is_free()


# ---- in circles


async def test_phones_that_send_a_call_to_each_other_for_ever_are_stopped(
    office: Office, carla: DeskPhone
) -> None:
    async with (
        desk_phone(office, "finn", refers=True) as finn,
        desk_phone(office, "jonas", refers=True) as jonas,
    ):
        await carla.dials(finn.number)
        holder, other = jonas, finn
        for _ in range(30):
            holder, other = other, holder
            await holder.answers()
            call = holder.call
            await they_are_connected(call)
            assert await call.refer(other.number) == 202
            if (status := await call.is_transferred()) != 200:
                break
        assert status == 482
        await they_hear({carla: holder.name, holder: "carla"})
        await carla.hangs_up()
        await holder.is_free()


async def they_are_connected(call: Call) -> None:
    """The server has acknowledged the answer."""
    await eventually(lambda: call.sound.received > 0, what="sound")
