"""A house with a rule for everything: who rings when somebody calls, in which order, and what is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from tests.phones.phone import Call, Phone
from tests.stories.company import NUMBERS, World, world_of
from tests.stories.office import Office, eventually
from tests.stories.outside import MOBILE, SOMEBODY, header, member, talk
from tests.stories.program import program_of
from tests.stories.provider import needs_kamailio
from tests.stories.test_phones import desk

pytestmark = [pytest.mark.story, pytest.mark.asyncio(loop_scope="module"), needs_kamailio]

WHEN_BUSY, WHEN_NOBODY_ANSWERS, INSTEAD = "49895501", "49895502", "49895503"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(office: Office, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world_of(office, tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nothing_stays(office: Office, world: World) -> AsyncIterator[None]:
    """Each story begins with nobody on the phone."""
    yield
    await office.is_quiet()


def extension(number: str) -> str:
    return f"{NUMBERS}{number}"


async def is_answered_elsewhere(call: Call) -> None:
    assert await call.is_over() == 487
    assert b"200" in call.reason, "its display says that somebody else has answered"


async def goes_through(here: Call, there: Call) -> None:
    """What rings is answered, and both hear each other; then it is over."""
    there.answer()
    await here.is_answered()
    here.sound.say(500)
    there.sound.say(700)
    await there.has_heard(500)
    await here.has_heard(700)
    here.hangup()
    assert await there.is_over() == 200


# ---- groups


async def test_a_group_rings_in_turn_and_then_outside(office: Office, world: World) -> None:
    async with (
        world.north.telephone(SOMEBODY) as somebody,
        world.north.telephone(INSTEAD) as instead,
        member(office, "house321") as first,
        member(office, "house322") as second,
        member(office, "house323") as passive,
    ):
        here = await somebody.dial(extension("401"))
        for phone in (first, second, first):
            ringing = await phone.is_called()
            assert not first.is_being_called, "one after the other"
            assert not second.is_being_called, "one after the other"
            assert await ringing.is_over() == 487
        await goes_through(here, await instead.is_called())
        assert not passive.is_being_called


async def test_a_group_of_whom_nobody_is_there_is_rung_outside_at_once(office: Office, world: World) -> None:
    async with world.north.telephone(INSTEAD) as instead, member(office, "house306") as caller:
        here = await caller.dial("401")
        await goes_through(here, await instead.is_called(within=2.0))


async def test_a_group_rings_all_at_once_and_the_others_fall_silent(office: Office, world: World) -> None:
    async with (
        world.north.telephone(SOMEBODY) as somebody,
        member(office, "house321") as first,
        member(office, "house322") as second,
        member(office, "house323") as passive,
    ):
        here = await somebody.dial(extension("402"))
        one, other = await first.is_called(), await second.is_called()
        await here.is_ringing()
        other.answer()
        await here.is_answered()
        await is_answered_elsewhere(one)
        here.hangup()
        await other.is_over()
        assert not passive.is_being_called


async def test_who_has_not_talked_for_longest_rings_first(office: Office, world: World) -> None:
    async with (
        world.north.telephone(SOMEBODY) as somebody,
        member(office, "house321") as first,
        member(office, "house322") as second,
    ):
        for talkative, rested in ((first, second), (second, first)):
            here, there = await talk(somebody, extension(talkative.name.removeprefix("house")), talkative)
            here.hangup()
            await there.is_over()
            await office.is_quiet()
            here = await somebody.dial(extension("403"))
            there = await rested.is_called()
            assert not talkative.is_being_called
            here.hangup()
            assert await there.is_over() == 487


async def test_everybody_is_called_by_a_broadcast_whatever_they_do(office: Office, world: World) -> None:
    async with (
        world.north.telephone(SOMEBODY) as somebody,
        member(office, "house306") as other,
        member(office, "house321") as talking,
        member(office, "house322") as free,
        member(office, "house323") as passive,
    ):
        await talk(other, "321", talking)
        here = await somebody.dial(extension("404"))
        rung = [await phone.is_called() for phone in (talking, free, passive)]
        here.hangup()
        for call in rung:
            assert await call.is_over() == 487
        other.calls[0].hangup()


# ---- diversions


async def test_busy_and_unanswered_calls_go_outside_each_to_its_place(office: Office, world: World) -> None:
    async with (
        world.north.telephone(SOMEBODY) as somebody,
        world.north.telephone(WHEN_BUSY) as when_busy,
        world.north.telephone(WHEN_NOBODY_ANSWERS) as unanswered,
        member(office, "house301") as called,
        member(office, "house306") as colleague,
    ):
        here = await somebody.dial(extension("301"))
        (await called.is_called()).refuse(486)
        there = await when_busy.is_called()
        assert "reason=user-busy" in header(there, b"diversion")
        await goes_through(here, there)
        here = await colleague.dial("301")
        ringing = await called.is_called()
        there = await unanswered.is_called()
        assert await ringing.is_over() == 487
        assert f"+{extension('301')}" in header(there, b"diversion")
        assert "reason=no-answer" in header(there, b"diversion")
        await goes_through(here, there)


async def test_a_diversion_is_dialled_from_where_its_user_is(office: Office, world: World) -> None:
    async with (
        world.north.telephone(WHEN_NOBODY_ANSWERS) as outside,
        member(office, "house302") as annex,
        member(office, "house306") as caller,
        desk(office, "carla") as carla,
    ):
        here = await caller.dial("8302")
        (await annex.is_called()).refuse(486)
        await goes_through(here, await carla.is_called())
        here = await caller.dial("8302")
        await annex.is_called()
        there = await outside.is_called()
        assert f"+{extension('8302')}" in header(there, b"diversion")
        await goes_through(here, there)


async def test_a_trunk_sends_on_what_nobody_takes_unless_the_called_wants_none_of_it(
    office: Office, world: World
) -> None:
    async with (
        world.south.telephone(SOMEBODY) as somebody,
        member(office, "house303") as wants_none,
        member(office, "house304") as takes_it,
        desk(office, "kofi") as kofi,
    ):
        for how in ("busy", "no answer"):
            here = await somebody.dial(extension("304"))
            ringing = await takes_it.is_called()
            if how == "busy":
                ringing.refuse(486)
            there = await kofi.is_called()
            here.hangup()
            assert await there.is_over() == 487
            here = await somebody.dial(extension("303"))
            ringing = await wants_none.is_called()
            if how == "busy":
                ringing.refuse(486)
            assert await here.is_over() == (486 if how == "busy" else 480)
            assert not kofi.is_being_called


async def test_a_call_does_not_come_back_to_who_makes_it(office: Office, world: World) -> None:
    """305 diverts to 306, and 307 to 305: when 306 calls 307, it rings at 305."""
    async with (
        member(office, "house305") as first,
        member(office, "house306") as caller,
        member(office, "house307") as last,
    ):
        here = await caller.dial("307")
        there = await first.is_called()
        assert not last.is_being_called
        await goes_through(here, there)
        assert not caller.is_being_called


async def test_who_is_not_there_has_not_answered_at_once(office: Office, world: World) -> None:
    async with world.north.telephone(SOMEBODY) as somebody, desk(office, "carla") as carla:
        here = await somebody.dial(extension("308"))
        await goes_through(here, await carla.is_called(within=2.0))


async def test_a_line_is_busy_from_its_second_call_on(office: Office, world: World) -> None:
    async with (
        world.north.telephone(SOMEBODY) as somebody,
        member(office, "house306") as one,
        member(office, "house305") as other,
        member(office, "house309") as called,
    ):
        here, _ = await talk(one, "309", called)
        await talk(other, "309", called)
        third = await somebody.dial(extension("309"))
        assert await third.is_over() == 486
        assert not called.is_being_called
        here.hangup()
        await eventually(lambda: len(called.calls) == 1, what="one call is left")
        third = await somebody.dial(extension("309"))
        ringing = await called.is_called()
        third.hangup()
        await ringing.is_over()
        other.calls[0].hangup()


async def test_some_take_no_calls_from_outside_and_some_none_without_a_number(
    office: Office, world: World
) -> None:
    async with (
        world.north.telephone(SOMEBODY) as somebody,
        world.north.telephone("anonymous") as hidden,
        member(office, "house306") as colleague,
        member(office, "house310") as for_colleagues,
        member(office, "house311") as for_those_with_names,
    ):
        assert await (await somebody.dial(extension("310"))).is_over() == 403
        assert await (await hidden.dial(extension("311"))).is_over() == 433
        assert not for_colleagues.is_being_called
        assert not for_those_with_names.is_being_called
        for caller, number, phone in (
            (colleague, "310", for_colleagues),
            (colleague, "311", for_those_with_names),
            (somebody, extension("311"), for_those_with_names),
        ):
            here = await caller.dial(number)
            ringing = await phone.is_called()
            here.hangup()
            await ringing.is_over()


# ---- mobiles


async def test_whoever_truly_answers_first_has_the_call_and_the_other_falls_silent(
    office: Office, world: World
) -> None:
    loop = asyncio.get_running_loop()
    async with (
        world.north.telephone(SOMEBODY) as somebody,
        world.north.telephone(MOBILE) as mobile,
        member(office, "house315") as phone,
    ):
        here = await somebody.dial(extension("315"))
        at_desk = await phone.is_called()
        since = loop.time()
        on_the_way = await mobile.is_called()
        assert loop.time() - since > 0.9, "it rings a second after the desk phone"
        assert f"+{extension('315')}" in header(on_the_way, b"diversion")
        rung = loop.time()
        await eventually(lambda: loop.time() > rung + 1.1, what="as long as no mailbox waits")
        await goes_through(here, on_the_way)
        await is_answered_elsewhere(at_desk)
        here = await somebody.dial(extension("315"))
        at_desk, on_the_way = await phone.is_called(), await mobile.is_called()
        at_desk.answer()
        await is_answered_elsewhere(on_the_way)
        here.hangup()
        await at_desk.is_over()


async def test_a_mobile_is_silent_while_the_app_on_it_is_registered(office: Office, world: World) -> None:
    async with world.north.telephone(MOBILE) as mobile, member(office, "house306") as caller:
        async with member(office, "house315-app") as app:
            here = await caller.dial("315")
            there = await app.is_called()
            await here.is_ringing()
            await goes_through(here, there)
            assert not mobile.is_being_called
        here = await caller.dial("315")
        ringing = await mobile.is_called(within=2.0)  # alone, it does not wait for its turn
        here.hangup()
        await ringing.is_over()


async def test_a_call_is_made_from_the_mobile(office: Office, world: World) -> None:
    async with (
        world.north.telephone(MOBILE) as mobile,
        world.north.telephone(SOMEBODY) as somebody,
        desk(office, "carla") as carla,
        program_of(office, "ben") as page,
    ):
        added = await page.do("mobile.add", name="Mobile", number="+49 1511 2345678")
        try:
            for number, called in (("103", carla), ("008912345", somebody)):
                await page.do("call.dial", to=number, device=added["device"])
                here = await mobile.is_called()
                assert not called.is_being_called
                here.answer()
                there = await called.is_called()
                there.answer()
                here.sound.say(500)
                there.sound.say(700)
                await there.has_heard(500)
                await here.has_heard(700)
                assert ("102" if called is carla else extension("102")) in header(there, b"from")
                there.hangup()
                assert await here.is_over() == 200
        finally:
            await page.do("mobile.remove", device=added["device"])


# ---- what is written down, and what is explained


async def test_records_say_who_called_from_outside_and_who_diverted(office: Office, world: World) -> None:
    async with (
        world.north.telephone(SOMEBODY) as somebody,
        desk(office, "anna") as anna,
        desk(office, "ben") as ben,
        program_of(office, "anna") as page,
    ):
        here, there = await talk(anna, "008912345", somebody)
        here.hangup()
        await there.is_over()
        await page.do("me.divert", when="busy", to="102", on=True)
        here = await somebody.dial(extension("101"))
        (await anna.is_called()).refuse(486)
        await goes_through(here, await ben.is_called())
        await page.do("me.divert", when="busy", to="00895501", on=True)
        async with world.north.telephone(WHEN_BUSY) as outside:
            here = await somebody.dial(extension("101"))
            (await anna.is_called()).refuse(486)
            await goes_through(here, await outside.is_called())
        await page.do("me.divert", when="busy", to="", on=False)
        await office.is_quiet()
    of_anna, of_ben = office.sign_in("anna"), office.sign_in("ben")
    await eventually(lambda: len(of_anna.get("records")["items"]) >= 3, what="three calls in Anna's list")
    out_again, diverted, dialled = of_anna.get("records")["items"][:3]
    assert (out_again["direction"], out_again["outcome"]) == ("in", "forwarded")
    assert (out_again["to"]["number"], out_again["to"]["shown"]) == (f"+{WHEN_BUSY}", "+49 89 5501")
    assert (dialled["direction"], dialled["outcome"]) == ("out", "answered")
    assert (dialled["number"], dialled["shown"]) == (f"+{SOMEBODY}", "+49 89 12345")
    assert (diverted["direction"], diverted["outcome"]) == ("in", "forwarded")
    assert (diverted["number"], diverted["to"]["number"]) == (f"+{SOMEBODY}", "102")
    (taken, *_) = of_ben.get("records")["items"]
    assert (taken["direction"], taken["outcome"], taken["number"]) == ("in", "answered", f"+{SOMEBODY}")
    assert (taken["via"]["how"], taken["via"]["by"]["number"]) == ("diverted", "101")


async def test_what_is_explained_is_what_then_rings(office: Office, world: World) -> None:
    async with AsyncExitStack() as stack:
        phones: dict[str, Phone] = {}
        for number in ("301", "305", "306", "307", "315", "321", "322"):
            phones[number] = await stack.enter_async_context(member(office, f"house{number}"))
        phones["103"] = await stack.enter_async_context(desk(office, "carla"))
        for number in (MOBILE, SOMEBODY, INSTEAD):
            phones[f"+{number}"] = await stack.enter_async_context(world.north.telephone(number))
        await eventually(lambda: office.kept_bindings() >= 8, what="who is registered is on disk")
        outside = phones[f"+{SOMEBODY}"]
        for caller, of, number in (
            (phones["306"], "306", "307"),
            (phones["306"], "306", "308"),
            (phones["301"], "301", "402"),
            (phones["301"], "301", "00895503"),
            (outside, "trunk:North", extension("401")),
            (outside, "trunk:North", extension("308")),
            (outside, "trunk:North", extension("315")),
        ):
            words = ("route", "explain", of, number, "--calling", f"+{SOMEBODY}")
            explained = await asyncio.to_thread(office.manage, *words)
            wanted = {_place(device) for device in explained["rounds"][0]["devices"]}
            here = await caller.dial(number)
            rung = [(place, await phones[place].is_called()) for place in sorted(wanted)]
            assert not [name for name, phone in phones.items() if phone.is_being_called], explained["lines"]
            here.hangup()
            for _, call in rung:
                assert await call.is_over() == 487


def _place(device: dict[str, str]) -> str:
    """Where it rings, by the number of whoever is there."""
    return (
        f"+{MOBILE}" if device["name"] == "House 315" and "mobile" in device["device"] else device["number"]
    )
