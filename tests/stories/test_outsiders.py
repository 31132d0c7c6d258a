"""Callers outside are held, put through and joined with colleagues, but not left to each other."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from offhook.demo import PEOPLE
from offhook.dialplan.writing import written
from tests.phones.phone import Call, Phone
from tests.stories.cast import BROWSER, PHONE, REFER, Company
from tests.stories.company import NUMBERS, World, world_of
from tests.stories.ledger import Ledger
from tests.stories.office import Office
from tests.stories.outside import SOMEBODY
from tests.stories.provider import Provider, needs_kamailio
from tests.stories.stations import Browser, DeskPhone, Station, talk
from tests.stories.test_operations import talk_to_two
from tests.stories.voices import MUSIC, NOTHING, TONE, they_hear

pytestmark = [
    pytest.mark.story,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("nothing_is_left"),
    needs_kamailio,
]

ANOTHER = "498967890"
NAMES = dict(PEOPLE)
EVERY_KIND = pytest.mark.parametrize("kind", [PHONE, REFER, BROWSER])
BOTH_KINDS = pytest.mark.parametrize("kind", [PHONE, BROWSER])


class Outsider(DeskPhone):
    """Somebody outside, who dials our numbers in full and is dialled with + and a country code."""

    def __init__(self, phone: Phone, voice: str) -> None:
        super().__init__(phone, voice)
        self.number = f"+{phone.name}"

    async def dials(self, number: str) -> None:
        await super().dials(f"{NUMBERS}{number}")

    def line(self, other: Station) -> Call:
        known = (f"{NUMBERS}{other.number}", f"+{NUMBERS}{other.number}")
        return next(self.lines[number] for number in known if number in self.lines)


class Page(Browser):
    """A browser, where whoever is outside goes by the number."""

    async def _presses(self, other: Station, button: str | re.Pattern[str]) -> None:
        name = re.escape(written(other.number)) if isinstance(other, Outsider) else NAMES[other.name]
        card = self.desk.page.get_by_role("article", name=re.compile(f"^Call with .*{name}"))
        await card.get_by_role("button", name=button, exact=isinstance(button, str)).first.click(timeout=5000)


@asynccontextmanager
async def outsider(provider: Provider, number: str, voice: str) -> AsyncIterator[Outsider]:
    async with provider.telephone(number) as phone:
        yield Outsider(phone, voice)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(office: Office, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world_of(office, tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module")
async def ines(world: World) -> AsyncIterator[Outsider]:
    async with outsider(world.north, SOMEBODY, "ines") as ines:
        yield ines


@pytest_asyncio.fixture(loop_scope="module")
async def jonas(world: World) -> AsyncIterator[Outsider]:
    async with outsider(world.north, ANOTHER, "jonas") as jonas:
        yield jonas


@pytest_asyncio.fixture(loop_scope="module")
async def actor(world: World, everybody: Company, kind: str, david: DeskPhone, ledger: Ledger) -> Station:
    """Who is called from outside. The ledger is open: it has what the story adds to it."""
    actor = await everybody.at(kind)
    if isinstance(actor, Browser):
        actor = Page(actor.desk, actor.name, actor.program)
    ledger.opens(actor, david)
    return actor


@BOTH_KINDS
async def test_who_calls_from_outside_waits_with_music_and_so_do_we(actor: Station, ines: Outsider) -> None:
    await talk(ines, actor)
    await actor.holds(ines)
    await they_hear({ines: MUSIC, actor: NOTHING})
    await actor.resumes(ines)
    await they_hear({ines: actor.name, actor: "ines"})
    await ines.holds(actor)
    await they_hear({actor: MUSIC})
    await ines.resumes(actor)
    await they_hear({ines: actor.name, actor: "ines"})
    await actor.hangs_up(ines)
    await ines.is_free()


@EVERY_KIND
async def test_who_calls_from_outside_is_put_through(
    actor: Station, ines: Outsider, david: DeskPhone, ledger: Ledger
) -> None:
    await talk(ines, actor)
    await actor.transfers(ines, david.number)
    await david.is_rung()
    await they_hear({ines: TONE})
    await david.answers()
    await they_hear({ines: "david", david: "ines"})
    await actor.is_free()
    await david.hangs_up()
    await ines.is_free()
    await ledger.says(
        {
            actor: [f"in answered {ines.number} to 104"],
            david: [f"in answered {ines.number} transferred {actor.number}"],
        }
    )


@EVERY_KIND
async def test_who_calls_from_outside_is_put_through_after_a_word(
    actor: Station, ines: Outsider, david: DeskPhone, ledger: Ledger
) -> None:
    await talk(ines, actor)
    await actor.holds(ines)
    await talk(actor, david)
    await they_hear({ines: MUSIC})
    await actor.connects(ines, david)
    await they_hear({ines: "david", david: "ines"})
    await actor.is_free()
    await ines.hangs_up()
    await david.is_free()
    await ledger.says(
        {
            actor: [f"in answered {ines.number} to 104", f"out answered 104 to {ines.number}"],
            david: [f"in answered {actor.number}"],
        }
    )


@BOTH_KINDS
async def test_a_conference_with_somebody_outside(actor: Station, ines: Outsider, david: DeskPhone) -> None:
    await talk_to_two(actor, ines, david)
    await actor.joins(david, ines)
    await they_hear(
        {ines: f"{actor.name} david", david: f"{actor.name} ines", actor: "david ines"},
    )
    await ines.hangs_up()
    await they_hear({actor: "david", david: actor.name})
    await david.hangs_up()
    await actor.is_free()


@EVERY_KIND
async def test_who_calls_from_outside_comes_back_when_nobody_takes_the_call(
    actor: Station, ines: Outsider, david: DeskPhone, ledger: Ledger
) -> None:
    await talk(ines, actor)
    await actor.transfers(ines, david.number)
    await david.refuses(486)
    await actor.is_rung()
    await actor.answers()
    await they_hear({ines: actor.name, actor: "ines"})
    await ines.hangs_up()
    await actor.is_free()
    await ledger.says(
        {
            actor: [f"in answered {ines.number} to 104", f"in answered {ines.number} recalled 104"],
            david: [f"in missed {ines.number} transferred {actor.number}"],
        }
    )


@pytest.mark.parametrize("kind", [PHONE, REFER])
async def test_two_outside_are_not_left_to_each_other(
    kind: str, actor: Station, ines: Outsider, jonas: Outsider
) -> None:
    await talk_to_two(actor, ines, jonas)
    await they_hear({ines: MUSIC})
    if kind == "refer":
        assert isinstance(actor, DeskPhone)
        assert await actor.line(ines).refer(jonas.number, actor.line(jonas)) == 202
        assert await actor.line(ines).is_transferred() == 403
    else:
        one, other = await actor.program.call_with(ines.number), await actor.program.call_with(jonas.number)
        assert await actor.program.refuses("call.connect", call=one, other=other) == "not-joined"
    await they_hear({ines: MUSIC, actor: "jonas", jonas: actor.name})
    await actor.holds(jonas)
    await actor.resumes(ines)
    await they_hear({jonas: MUSIC, actor: "ines", ines: actor.name})
    await actor.hangs_up(ines)
    await actor.hangs_up(jonas)
    await ines.is_free()
    await jonas.is_free()


@pytest.mark.parametrize("kind", [PHONE])
async def test_nobody_outside_is_put_through_to_the_outside(
    office: Office, actor: Station, ines: Outsider, jonas: Outsider
) -> None:
    await talk(ines, actor)
    call = await actor.program.call_with(ines.number)
    assert await actor.program.refuses("call.transfer", call=call, to=jonas.number) == "not-joined"
    await they_hear({ines: actor.name, actor: "ines"})
    assert not jonas.phone.is_being_called
    await actor.hangs_up(ines)
    await ines.is_free()
    log = office.log.read_text().splitlines()
    assert [line for line in log if f"may not send a call to {jonas.number}" in line]


@pytest.mark.parametrize("kind", [PHONE])
async def test_a_conference_of_two_outside_ends_when_we_leave_it(
    actor: Station, ines: Outsider, jonas: Outsider
) -> None:
    await talk_to_two(actor, ines, jonas)
    await actor.joins(jonas, ines)
    await they_hear(
        {ines: f"{actor.name} jonas", jonas: f"{actor.name} ines", actor: "ines jonas"},
    )
    assert isinstance(actor, DeskPhone)
    await actor.puts_down()
    await ines.is_free()
    await jonas.is_free()


@pytest.mark.parametrize("kind", [PHONE])
async def test_two_outside_are_joined_where_their_trunks_allow_it(actor: Station, world: World) -> None:
    assert isinstance(actor, DeskPhone)
    async with (
        outsider(world.south, SOMEBODY, "ines") as ines,
        outsider(world.south, ANOTHER, "jonas") as jonas,
    ):
        for each in (ines, jonas):
            await actor.dials(f"740{each.number.removeprefix('+49')}")
            await each.is_rung()
            await each.answers()
            await they_hear({actor: each.name})
            if each is ines:
                await actor.call.hold()
        await actor.connects(ines, jonas)
        await they_hear({ines: "jonas", jonas: "ines"})
        await actor.is_free()
        await ines.hangs_up()
        await jonas.is_free()
