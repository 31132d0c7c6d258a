"""Lines to the outside, of every kind: what they carry, what they tell the provider, and when it fails."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.phones.sound import Sound
from tests.stories.company import NUMBERS, World, is_open, settle, world_of
from tests.stories.office import Office, eventually
from tests.stories.outside import SOMEBODY, header, member, talk
from tests.stories.provider import PASSWORD, needs_kamailio

pytestmark = [pytest.mark.story, pytest.mark.asyncio(loop_scope="module"), needs_kamailio]

ANOTHER = "498967890"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(office: Office, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world_of(office, tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nothing_stays(office: Office, world: World) -> AsyncIterator[None]:
    """Each story begins with nobody on the phone."""
    yield
    await office.is_quiet()


async def test_a_trunk_by_tcp_carries_calls_both_ways(office: Office, world: World) -> None:
    async with world.west.telephone(SOMEBODY) as somebody, member(office, "house306") as one:
        here, there = await talk(one, "7508912345", somebody)
        assert f"+{NUMBERS}306" in header(there, b"from")
        there.hangup()
        assert await here.is_over() == 200
        here, there = await talk(somebody, f"{NUMBERS}306", one)
        await there.hold()
        await there.resume()
        there.hangup()
        assert await here.is_over() == 200


async def test_a_trunk_with_sealed_sound_carries_no_other(office: Office, world: World) -> None:
    async with member(office, "house306") as one:
        here, there = await talk(one, "7608912345", world.sealed)
        here.hangup()
        assert await there.is_over() == 200
        here = await world.sealed.call(f"+{NUMBERS}306", is_sealed=True)
        there = await one.is_called()
        there.answer()
        await here.is_answered()
        here.sound.say(500)
        there.sound.say(700)
        await there.has_heard(500)
        await here.has_heard(700)
        there.hangup()
        assert await here.is_over() == 200
        assert await (await world.sealed.call(f"+{NUMBERS}306", is_sealed=False)).is_over() == 488
        assert not one.is_being_called


async def test_what_is_said_outside_before_the_answer_is_heard(office: Office, world: World) -> None:
    async with world.north.telephone(SOMEBODY) as somebody, member(office, "house306") as one:
        somebody.rings_by_itself = False
        here = await one.dial("008912345")
        there = await somebody.is_called()
        there.sound.believe(there.their_sdp)
        there.ring(183, early=True)
        there.sound.say(700)
        await here.has_heard(700)
        assert not here.was_answered
        there.refuse(404)
        assert await here.is_over() == 404


async def test_keys_are_heard_at_the_other_end_of_the_line(office: Office, world: World) -> None:
    async with world.north.telephone(SOMEBODY) as somebody, member(office, "house306") as one:
        here, there = await talk(one, "008912345", somebody)
        for one_end, other_end in ((here, there), (there, here)):
            one_end.sound.press(7)
            await has_heard_key(other_end.sound, 7)
            assert await one_end.press("5") == 200
            await has_heard_key(other_end.sound, 5)
        here.hangup()
        await there.is_over()


async def has_heard_key(sound: Sound, key: int) -> None:
    async with asyncio.timeout(5):
        while key not in sound.events:
            await sound.next_packet()


@pytest.mark.parametrize(
    ("caller", "line", "shown", "asserted", "is_private"),
    [
        ("306", "0", f"+{NUMBERS}306", f"+{NUMBERS}306", False),
        ("302", "90", f"+{NUMBERS}8302", f"+{NUMBERS}8302", False),
        ("314", "0", "+493090555", f"+{NUMBERS}314", False),
        ("313", "0", "anonymous", f"+{NUMBERS}313", True),
        ("306", "71", "+49301", "+49301", False),
        ("313", "71", "anonymous", "+49301", True),
        ("306", "72", "anonymous", "+49302306", True),
    ],
)
async def test_whom_the_provider_is_told_to_show(
    office: Office, world: World, caller: str, line: str, shown: str, asserted: str, is_private: bool
) -> None:
    provider = world.south if line.startswith("7") else world.north
    async with provider.telephone(SOMEBODY) as somebody, member(office, f"house{caller}") as one:
        here = await one.dial(f"{line}08912345")
        there = await somebody.is_called()
        assert f"<sip:{shown}@" in header(there, b"from")
        assert f"<sip:{asserted}@" in header(there, b"p-asserted-identity")
        assert header(there, b"privacy") == ("id" if is_private else "")
        assert is_private is not (f"House {caller}" in header(there, b"from"))
        here.hangup()
        assert await there.is_over() == 487


async def test_a_diverted_call_names_who_calls_or_who_diverts(office: Office, world: World) -> None:
    """312 sends all calls to 301 by a trunk that names who diverts; 301 sends busy ones by the usual one."""
    async with (
        world.north.telephone(ANOTHER) as caller,
        world.south.telephone("49895501") as in_our_name,
        world.north.telephone("49895501") as in_theirs,
        member(office, "house301") as busy,
    ):
        here = await caller.dial(f"{NUMBERS}312")
        there = await in_our_name.is_called()
        assert "House 312" in header(there, b"from")
        assert "+49303312" in header(there, b"from")
        assert ANOTHER not in header(there, b"from")
        here.hangup()
        await there.is_over()
        here = await caller.dial(f"{NUMBERS}301")
        (await busy.is_called()).refuse(486)
        there = await in_theirs.is_called()
        assert f"<sip:+{ANOTHER}@" in header(there, b"from")
        assert f"<sip:+{NUMBERS}301@" in header(there, b"p-asserted-identity")
        assert f"+{NUMBERS}301" in header(there, b"diversion")
        here.hangup()
        await there.is_over()


async def test_a_call_goes_on_while_its_trunk_is_changed(office: Office, world: World, folder: Path) -> None:
    async with (
        world.south.telephone(SOMEBODY) as somebody,
        member(office, "house306") as one,
        member(office, "house305") as other,
    ):
        here, there = await talk(one, "7108912345", somebody)
        await asyncio.to_thread(settle, office, folder, world.house(main="+49309", seconds=2))

        async def shows_another() -> bool:
            later = await other.dial("7108912345")
            ringing = await somebody.is_called()
            later.hangup()
            await ringing.is_over()
            return "<sip:+49309@" in header(ringing, b"from")

        await eventually(shows_another, what="the trunk shows its other number")
        await here.hold()
        await here.resume()
        await there.hold()
        await there.resume()
        here.sound.say(900)
        there.sound.say(1100)
        await there.has_heard(900)
        await here.has_heard(1100)
        there.hangup()
        assert await here.is_over() == 200
        await asyncio.to_thread(office.manage, "undo")


async def test_a_provider_that_no_longer_knows_our_password_is_named_once(
    office: Office, world: World
) -> None:
    def complaints() -> list[str]:
        return [line for line in office.log.read_text().splitlines() if "trunk North: could not" in line]

    async with member(office, "house306") as one:
        for _ in range(2):
            world.north.stop()
            await is_open(office, "North", False)
            world.north.password = "another"
            await world.north.start()
            await eventually(lambda: len(complaints()) > 0, what="a complaint")
            refused = await one.dial("008912345")
            assert await refused.is_over() == 503
        world.north.stop()
        world.north.password = PASSWORD
        await world.north.start()
        await is_open(office, "North")
        assert len(complaints()) == 1
        async with world.north.telephone(SOMEBODY) as somebody:
            here, there = await talk(somebody, f"{NUMBERS}306", one)
            here.hangup()
            await there.is_over()
