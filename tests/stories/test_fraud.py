"""Who tries to telephone at the company's cost, from inside and outside, and reaches no provider."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.phones.phone import Phone
from tests.stories.office import PASSWORD, Office, eventually
from tests.stories.outside import is_open, member, talk
from tests.stories.provider import ACCOUNT, Provider, needs_kamailio
from tests.stories.provider import PASSWORD as PROVIDED

pytestmark = [pytest.mark.story, pytest.mark.asyncio(loop_scope="module"), needs_kamailio]

NUMBERS = "493090"
VIENNA, SOMEBODY = "43123456", "498912345"

COMPANY = """
[location]
country = "49"
area = "30"
external = "0"
subscriber = ["+{numbers}"]

[[filter]]
name = "Germany only"
rows = [{{ number = "000", next = "nok" }}]

[[trunk]]
name = "North"
number = "0"
hosts = ["{host}"]
register = true
username = "{account}"
password = "{password}"
options_seconds = 1
no_reply_seconds = 1.0
max_channels = 8
main = "+{numbers}0"
direct = "+{numbers}"
"""
USER = """
[[user]]
username = "{name}"
name = "{name}"
number = "{number}"
{more}
[[user.device]]
kind = "phone"
name = "Desk phone"
sip_user = "{name}"
secret = "{secret}"
"""
USERS = {
    "free": ("301", ""),
    "other": ("302", ""),
    "barred": ("303", 'filter = "Germany only"'),
    "once": ("304", "limits = { international_at_once = 1 }"),
    "daily": ("305", "limits = { international_per_day = 5 }"),
    "spent": ("306", 'filter = "Germany only"\nlimits = { external_at_once = 0, external_per_day = 0 }'),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def north(office: Office, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Provider]:
    folder = tmp_path_factory.mktemp("north")
    north = Provider(folder, NUMBERS)
    await north.start()
    try:
        apply(office, folder, north)
        await is_open(office, "North")
        yield north
    finally:
        north.stop()


def apply(office: Office, folder: Path, north: Provider) -> None:
    file = folder / "company.toml"
    head = COMPANY.format(numbers=NUMBERS, host=north.host, account=ACCOUNT, password=PROVIDED)
    people = [
        USER.format(name=name, number=number, more=more, secret=PASSWORD)
        for name, (number, more) in USERS.items()
    ]
    file.write_text(head + "".join(people))
    office.manage("apply", str(file))


def warnings(office: Office, what: str) -> int:
    """How many lines of the log say so."""
    return sum("WARNING" in line and what in line for line in office.log.read_text().splitlines())


@pytest.mark.parametrize(
    "number",
    [
        *("00043123456", "+43123456", "0%300%34%33123456", "%2B43%2D1%2D23456", "%D9%A0%D9%A0%D9%A043123456"),
        *("00043123456;phone-context=+49", "00043123456:secret", "+4900043123456", "0004900043123456"),
        *(f"0030900{'0'}43123456", "00043123456%00", "11243123456", "00043" + "1" * 100),
    ],
)
async def test_no_spelling_gets_a_barred_phone_abroad(office: Office, north: Provider, number: str) -> None:
    async with north.telephone(VIENNA) as vienna, member(office, "barred") as barred:
        call = await barred.dial(number)
        assert await call.is_over() in (403, 404, 484)
        assert not vienna.is_being_called
    await office.is_quiet()


async def test_a_phone_is_known_outside_as_whom_it_has_signed_in(office: Office, north: Provider) -> None:
    ours, forged = f"+{NUMBERS}301".encode(), b"<sip:+4930999@bank.example>"
    names = (
        b"P-Asserted-Identity",
        b"P-Preferred-Identity",
        b"Remote-Party-ID",
        b"Diversion",
        b"History-Info",
    )
    headers = b"".join([name + b": " + forged + b"\r\n" for name in names])
    async with north.telephone(SOMEBODY) as somebody, member(office, "free") as free:
        call = await free.dial("008912345", headers=headers)
        there = await somebody.is_called()
        assert there.invite is not None
        for name in (b"From", b"Contact", b"Referred-By", *names):
            assert b"4930999" not in (there.invite.get(name.lower()) or b""), name
        for name in (b"from", b"p-asserted-identity"):
            assert ours in (there.invite.get(name) or b""), name
        call.hangup()
        free.name = "other"  # in From
        assert await (await free.dial("008912345")).is_over() == 403
        free.name = "free"
    await office.is_quiet()


async def test_a_stranger_who_claims_to_be_the_provider_or_a_phone_is_asked_for_proof(
    office: Office, north: Provider
) -> None:
    stranger = await Phone.open("free", PASSWORD, ("127.0.0.1", office.sip_port))
    await stranger.query()
    stranger.shows_credentials = False  # from now on
    claims = b"P-Asserted-Identity: <sip:301@127.0.0.1>\r\nRemote-Party-ID: <sip:301@127.0.0.1>\r\n"
    async with north.telephone(VIENNA) as vienna, member(office, "other") as other:
        for name in ("free", "301", f"+{NUMBERS}301", SOMEBODY, "North", ACCOUNT, "anonymous"):
            stranger.name = name
            for number in ("00043123456", f"+{NUMBERS}302"):
                call = await stranger.dial(number, headers=claims)
                assert await call.is_over() == 401
        assert not vienna.is_being_called
        assert not other.is_being_called
    await stranger.close()
    await office.is_quiet()


async def test_a_caller_from_outside_gets_no_line_behind_our_number(office: Office, north: Provider) -> None:
    async with north.telephone(SOMEBODY) as somebody, north.telephone(VIENNA) as vienna:
        for behind in ("00043123456", "0", "00", "0112", "112", "*42", "+43123456", "0%300%34%33123456"):
            call = await somebody.dial(NUMBERS + behind)
            assert await call.is_over() >= 400, behind
        assert not vienna.is_being_called
    await office.is_quiet()


async def test_a_caller_from_outside_sends_nobody_anywhere(office: Office, north: Provider) -> None:
    async with (
        north.telephone(SOMEBODY) as somebody,
        north.telephone(VIENNA) as vienna,
        member(office, "free") as free,
        member(office, "other") as other,
    ):
        here, there = await talk(somebody, f"{NUMBERS}301", free)
        for to in ("00043123456", "302", f"+{NUMBERS}302"):
            assert await here.refer(to) == 403
        inside, _ = await talk(other, "301", free)
        assert await here.refer("302", inside) == 403
        thief = await somebody.dial(f"{NUMBERS}301", replaces=inside)
        assert await thief.is_over() == 403
        await here.press("0")
        here.hangup()
        await there.is_over()
        inside.hangup()
        out = await free.dial("008912345")
        answer = await somebody.is_called()
        answer.refuse(302, b"Contact: <sip:00043123456@127.0.0.1>\r\n")
        assert await out.is_over() >= 400
        assert not vienna.is_being_called
    await office.is_quiet()


async def test_what_a_phone_may_not_send_on_is_refused_and_said_once(office: Office, north: Provider) -> None:
    said = "barred may not send a call to"
    async with (
        north.telephone(VIENNA) as vienna,
        member(office, "barred") as barred,
        member(office, "other") as other,
    ):
        before = warnings(office, said)
        here = await other.dial("303")
        (await barred.is_called()).refuse(302, b"Contact: <sip:00043123456@127.0.0.1>\r\n")
        assert await here.is_over() >= 400
        await eventually(lambda: warnings(office, said) == before + 1, what="one line for the 302")
        here, there = await talk(other, "303", barred)
        assert await there.refer("sip:0004%33123456@127.0.0.1") == 202
        assert await there.is_transferred() == 403
        await eventually(lambda: warnings(office, said) == before + 2, what="one line for the REFER")
        here.hangup()
        await there.is_over()
        assert not vienna.is_being_called
    await office.is_quiet()
    assert warnings(office, said) == before + 2


async def test_many_calls_at_the_same_moment_do_not_pass_the_limit(office: Office, north: Provider) -> None:
    async with north.telephone(VIENNA) as vienna, member(office, "free") as free:
        calls = await asyncio.gather(*[free.dial("00043123456") for _ in range(8)])
        await asyncio.gather(vienna.is_called(), vienna.is_called())
        await eventually(lambda: sum(call.status == 403 for call in calls) == 6, what="six refusals")
        assert not vienna.is_being_called
        for call in calls:
            call.hangup()
        await office.is_quiet()


async def test_who_dialled_pays_until_the_outside_has_hung_up_whoever_talks(
    office: Office, north: Provider
) -> None:
    async with (
        north.telephone(VIENNA) as vienna,
        member(office, "once") as once,
        member(office, "other") as other,
    ):
        first, vienna_1 = await talk(once, "00043123456", vienna)
        second, theirs = await talk(once, "302", other)
        assert await second.refer("43123456", first) == 202
        assert await second.is_transferred() == 200
        await second.is_over()
        assert await (await once.dial("00043123456")).is_over() == 403, (
            "the call abroad goes on at their cost"
        )
        by_other, vienna_2 = await talk(other, "00043123456", vienna)
        by_other.hangup()
        await vienna_2.is_over()
        vienna_1.hangup()
        await theirs.is_over()
        again, vienna_3 = await talk(once, "00043123456", vienna)
        again.hangup()
        await vienna_3.is_over()
    await office.is_quiet()


async def test_help_comes_whatever_is_spent_and_is_called_by_no_machine(
    office: Office, north: Provider
) -> None:
    async with (
        north.telephone("112") as rescue,
        member(office, "spent") as spent,
        member(office, "other") as other,
    ):
        assert await (await spent.dial("008912345")).is_over() == 403
        for number in ("112", "0112"):
            here, there = await talk(spent, number, rescue)
            here.hangup()
            await there.is_over()
        for to in (b"112", b"0112", b"+49112"):
            here = await other.dial("306")
            (await spent.is_called()).refuse(302, b"Contact: <sip:%b@127.0.0.1>\r\n" % to)
            assert await here.is_over() >= 400
        assert not rescue.is_being_called
    await office.is_quiet()


async def test_what_was_spent_today_outlives_a_restart_and_the_alarm_is_raised_once(
    office: Office, north: Provider
) -> None:
    alarm = "daily has made 4 of 5 international calls"
    async with north.telephone(VIENNA) as vienna:
        async with member(office, "daily") as daily:
            for _ in range(4):
                call = await daily.dial("00043123456")
                await vienna.is_called()
                call.hangup()
                await call.is_over()
        await eventually(lambda: warnings(office, alarm) == 1, what="an alarm")
        assert office.stop() == 0
        office.start()
        await is_open(office, "North")
        async with member(office, "daily") as daily, member(office, "free") as free:
            call = await daily.dial("00043123456")
            await vienna.is_called()
            call.hangup()
            assert await (await daily.dial("00043123456")).is_over() == 403
            call = await free.dial("00043123456")
            await vienna.is_called()
            call.hangup()
        assert warnings(office, alarm) == 1
    await office.is_quiet()
