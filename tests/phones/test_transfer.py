"""Desk phones hand calls on, take them over and are told what to do: REFER, Replaces, orders, on the wire."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from offhook.calls.cause import Cannot, Cause
from offhook.calls.member import LegState
from offhook.sip.flow import Transport
from tests.phones.exchange import PASSWORD, Exchange, eventually, running
from tests.phones.phone import Call, Phone

NOBODY = b"nobody@nowhere;to-tag=1;from-tag=2"


@asynccontextmanager
async def phones(*names: str, transport: Transport = "udp") -> AsyncIterator[tuple[Exchange, list[Phone]]]:
    """These phones, registered; in the end nothing is left of any call."""
    async with running(Exchange("127.0.0.1")) as exchange:
        them = [await exchange.phone(name, transport) for name in names]
        try:
            yield exchange, them
            for phone in them:
                for call in list(phone.calls):
                    call.hangup()
            await eventually(lambda: exchange.is_idle, "nothing is left of any call")
        finally:
            for phone in them:
                await phone.close()


async def talk(caller: Phone, number: str, called: Phone) -> tuple[Call, Call]:
    call = await caller.dial(number)
    theirs = await called.is_called()
    theirs.answer()
    await call.is_answered()
    return call, theirs


def who_talks(exchange: Exchange) -> list[set[str]]:
    """The names of those who talk, call by call."""
    return [
        {member.leg.party.name for member in call.members if member.state is LegState.TALKING}
        for call in exchange.switch.calls.values()
    ]


async def talk_now(exchange: Exchange, *names: str) -> None:
    await eventually(lambda: who_talks(exchange) == [set(names)], f"{names} talk; {who_talks(exchange)}")


# ---- blind


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_the_called_sends_the_caller_on_and_is_out_at_once(transport: Transport) -> None:
    async with phones("anna", "ben", "carla", transport=transport) as (exchange, (anna, ben, carla)):
        annas, bens = await talk(anna, "102", ben)
        assert await bens.refer("103") == 202
        assert await bens.is_transferred() == 200
        assert [notice.status for notice in bens.notifies] == [100, 200]
        assert await bens.is_over() == 200, "and it is we who hang up"
        carlas = await carla.is_called()
        assert carlas.caller.startswith('"Anna"')
        carlas.answer()
        await talk_now(exchange, "Anna", "Carla")
        await annas.has_shown("Carla")
        assert annas.status is None


async def test_the_caller_sends_the_called_on() -> None:
    async with phones("anna", "ben", "carla") as (exchange, (anna, ben, carla)):
        annas, bens = await talk(anna, "102", ben)
        assert await annas.refer("sip:103@somewhere.else;user=phone") == 202
        assert await annas.is_over() == 200
        (await carla.is_called()).answer()
        await talk_now(exchange, "Ben", "Carla")
        await bens.has_shown("Carla")


async def test_a_phone_that_hangs_up_right_after_its_202_has_transferred_all_the_same() -> None:
    async with phones("anna", "ben", "carla") as (exchange, (anna, ben, carla)):
        _, bens = await talk(anna, "102", ben)
        assert await bens.refer("103") == 202
        bens.hangup()
        (await carla.is_called()).answer()
        await talk_now(exchange, "Anna", "Carla")


async def test_a_transfer_nobody_takes_comes_back() -> None:
    async with phones("anna", "ben", "carla") as (exchange, (anna, ben, carla)):
        _, bens = await talk(anna, "102", ben)
        await bens.refer("103")
        (await carla.is_called()).refuse(486)
        again = await ben.is_called()
        assert again.caller.startswith('"Anna"')
        again.answer()
        await talk_now(exchange, "Anna", "Ben")


@pytest.mark.parametrize(
    ("to", "status"),
    [("999", 404), ("104", 480)],
    ids=["unknown", "not there"],
)
async def test_where_it_cannot_go_it_does_not_and_the_call_goes_on(to: str, status: int) -> None:
    async with phones("anna", "ben") as (exchange, (anna, ben)):
        annas, bens = await talk(anna, "102", ben)
        assert await bens.refer(to) == 202
        assert await bens.is_transferred() == status
        assert who_talks(exchange) == [{"Anna", "Ben"}]
        assert (annas.status, bens.status) == (None, None)
        bens.notifies.clear()
        assert await bens.refer(to) == 202, "it may try again"


async def test_a_call_referred_to_oneself_or_back_to_the_other_disturbs_nobody() -> None:
    async with phones("anna", "ben") as (exchange, (anna, ben)):
        for to in ("102", "101"):
            annas, bens = await talk(anna, "102", ben)
            assert await bens.refer(to) == 202
            assert await bens.is_transferred() in (200, 480, 482)
            for call in (annas, bens):
                if call.status is None:
                    call.hangup()
            await eventually(lambda: exchange.is_idle, "nothing is left of the call")


async def test_phones_that_send_a_call_to_each_other_for_ever_are_stopped() -> None:
    async with phones("anna", "ben", "carla") as (exchange, (anna, ben, carla)):
        _, holder = await talk(anna, "102", ben)
        last = 0
        for turn in range(40):
            to, phone = ("103", carla) if turn % 2 == 0 else ("102", ben)
            assert await holder.refer(to) == 202
            last = await holder.is_transferred()
            if last != 200:
                break
            former, holder = holder, await phone.is_called()
            holder.answer()
            assert await former.is_over() == 200
            await talk_now(exchange, "Anna", "Carla" if turn % 2 == 0 else "Ben")
        assert last == 482


@pytest.mark.parametrize(
    "to",
    ["sip:", "sip:@pbx", "mailto:carla@pbx", "sip:103@pbx?Replaces=x", f"sip:{'9' * 9000}@pbx", "tel:"],
)
async def test_a_bad_refer_is_refused_and_the_call_goes_on(to: str) -> None:
    async with phones("anna", "ben") as (exchange, (anna, ben)):
        _, bens = await talk(anna, "102", ben)
        assert await bens.refer(to) == 400
        twice = b"Refer-To: <sip:103@pbx>\r\nRefer-To: <sip:104@pbx>\r\n"
        assert await bens.request("REFER", headers=twice) == 400
        assert await bens.request("REFER") == 400
        assert bens.notifies == []
        assert who_talks(exchange) == [{"Anna", "Ben"}]


async def test_a_refer_longer_than_a_message_may_be_is_refused_too() -> None:
    async with phones("anna", "ben") as (exchange, (anna, ben)):
        _, bens = await talk(anna, "102", ben)
        assert await bens.refer(f"sip:103@pbx?Subject={'x' * 20_000}") == 413
        assert who_talks(exchange) == [{"Anna", "Ben"}]


async def test_while_it_rings_a_call_is_not_transferred() -> None:
    async with phones("anna", "ben") as (exchange, (anna, ben)):
        call = await anna.dial("102")
        await ben.is_called()
        await call.is_ringing()
        assert await call.refer("103") == 202
        assert await call.is_transferred() == 480
        assert len(exchange.switch.calls) == 1


# ---- attended


async def test_a_consultation_becomes_a_call_of_the_two_others() -> None:
    async with phones("anna", "ben", "carla") as (exchange, (anna, ben, carla)):
        annas, bens = await talk(anna, "102", ben)
        await bens.hold()
        second, carlas = await talk(ben, "103", carla)
        assert await bens.refer("103", second) == 202
        assert await bens.is_transferred() == 200
        assert (await bens.is_over(), await second.is_over()) == (200, 200)
        await talk_now(exchange, "Anna", "Carla")
        await annas.has_shown("Carla")
        await carlas.has_shown("Anna")


async def test_it_may_be_asked_for_on_the_second_call_as_well() -> None:
    async with phones("anna", "ben", "carla") as (exchange, (anna, ben, carla)):
        _, bens = await talk(anna, "102", ben)
        second, _ = await talk(ben, "103", carla)
        assert await second.refer("101", bens) == 202
        assert await second.is_transferred() == 200
        assert (await bens.is_over(), await second.is_over()) == (200, 200)
        await talk_now(exchange, "Anna", "Carla")


async def test_the_one_who_is_consulted_may_still_ring() -> None:
    async with phones("anna", "ben", "carla") as (exchange, (anna, ben, carla)):
        annas, bens = await talk(anna, "102", ben)
        await bens.hold()
        second = await ben.dial("103")
        carlas = await carla.is_called()
        await second.is_ringing()
        assert await bens.refer("103", second) == 202
        assert await bens.is_transferred() == 200
        await bens.is_over()
        await second.is_over()
        carlas.answer()
        await talk_now(exchange, "Anna", "Carla")
        await annas.has_shown("Carla")


async def test_who_answers_in_the_end_sees_whom_he_really_talks_to() -> None:
    async with phones("anna", "ben", "carla") as (_, (anna, ben, carla)):
        _, bens = await talk(anna, "102", ben)
        second = await ben.dial("103")
        carlas = await carla.is_called()
        await second.is_ringing()
        await bens.refer("103", second)
        await second.is_over()
        carlas.answer()
        await carlas.has_shown("Anna", within=0.5)


async def test_a_call_that_is_no_more_cannot_be_connected_with() -> None:
    async with phones("anna", "ben", "carla") as (exchange, (anna, ben, carla)):
        _, bens = await talk(anna, "102", ben)
        second, carlas = await talk(ben, "103", carla)
        gone = second.replaces.decode()
        carlas.hangup()
        await second.is_over()
        assert await bens.refer(f"sip:103@pbx?Replaces={gone.replace(';', '%3B').replace('=', '%3D')}") == 202
        assert await bens.is_transferred() == 481
        assert who_talks(exchange) == [{"Anna", "Ben"}]


async def test_a_call_of_others_cannot_be_connected_with() -> None:
    async with phones("anna", "ben", "carla", "dora") as (exchange, (anna, ben, carla, dora)):
        _, bens = await talk(anna, "102", ben)
        theirs, _ = await talk(carla, "104", dora)
        assert await bens.refer("103", theirs) == 202
        assert await bens.is_transferred() == 403
        assert sorted(map(sorted, who_talks(exchange))) == [["Anna", "Ben"], ["Carla", "Dora"]]


# ---- INVITE with Replaces


async def another(exchange: Exchange, name: str) -> Phone:
    """A second telephone of a user, at the same account."""
    phone = await Phone.open(f"{name}-desk", PASSWORD, exchange.address("udp"), "udp")
    await phone.register()
    return phone


async def test_another_phone_of_ones_own_takes_a_call_over() -> None:
    async with phones("anna", "ben") as (exchange, (anna, ben)):
        annas, bens = await talk(anna, "102", ben)
        upstairs = await another(exchange, "ben")
        call = await upstairs.dial("102", replaces=bens, headers=b"Require: replaces\r\n")
        await call.is_answered()
        assert await bens.is_over() == 200
        await talk_now(exchange, "Anna", "Ben")
        assert annas.status is None
        call.hangup()
        assert await annas.is_over() == 200
        await upstairs.close()


async def test_what_rings_at_one_phone_is_picked_up_at_another_of_the_same_user() -> None:
    async with phones("anna", "ben") as (exchange, (anna, ben)):
        annas = await anna.dial("102")
        bens = await ben.is_called()
        await annas.is_ringing()
        upstairs = await another(exchange, "ben")
        call = await upstairs.dial("102", replaces=bens)
        await call.is_answered()
        await annas.is_answered()
        assert await bens.is_over() == 487
        await talk_now(exchange, "Anna", "Ben")
        await upstairs.close()


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (NOBODY, 481),
        (b"x", 400),
        (b"", 400),
        (b"a;to-tag=1", 400),
        (NOBODY + b";to-tag=3", 400),
        (NOBODY + b", " + NOBODY, 400),
        (NOBODY + b"\r\nReplaces: " + NOBODY, 400),
        (b"a" * 9000 + b";to-tag=1;from-tag=2", 481),
    ],
)
async def test_what_replaces_nothing_is_refused(value: bytes, status: int) -> None:
    async with phones("anna", "ben") as (exchange, (anna, ben)):
        assert await (await anna.dial("102", replaces=value)).is_over() == status
        assert not ben.is_being_called
        assert not exchange.switch.calls


async def test_an_answered_call_is_not_replaced_by_who_wants_it_early_only() -> None:
    async with phones("anna", "ben") as (exchange, (anna, ben)):
        _, bens = await talk(anna, "102", ben)
        upstairs = await another(exchange, "ben")
        call = await upstairs.dial("102", replaces=bens.replaces + b";early-only")
        assert await call.is_over() == 486
        assert who_talks(exchange) == [{"Anna", "Ben"}]
        await upstairs.close()


@pytest.mark.parametrize("answered", [True, False])
async def test_a_dialog_of_somebody_else_is_not_replaced(*, answered: bool) -> None:
    async with phones("anna", "ben", "carla") as (exchange, (anna, ben, carla)):
        annas = await anna.dial("102")
        bens = await ben.is_called()
        if answered:
            bens.answer()
            await annas.is_answered()
        assert await (await carla.dial("102", replaces=bens)).is_over() == 403
        assert (annas.status, bens.status, len(exchange.switch.calls)) == (None, None, 1)


# ---- displays


async def test_a_caller_sees_the_name_of_who_rings_and_of_who_answers() -> None:
    async with phones("anna", "ben") as (_, (anna, ben)):
        call = await anna.dial("102")
        bens = await ben.is_called()
        await call.is_ringing()
        assert "Ben" in call.shows
        bens.answer()
        await call.is_answered()
        assert (call.reinvites, "Ben" in call.shows) == (0, True)


# ---- orders


async def test_a_phone_that_takes_orders_answers_and_holds_from_the_page() -> None:
    async with phones("anna", "ben") as (exchange, (anna, ben)):
        ben.obeys_orders = True
        await ben.register()
        annas = await anna.dial("102")
        await ben.is_called()
        await annas.is_ringing()
        (call_id,) = exchange.switch.calls
        exchange.switch.answer(call_id, "ben", "d-ben", anna.now)
        await annas.is_answered()
        await talk_now(exchange, "Anna", "Ben")
        (bens,) = ben.calls
        leg = next(m.leg for m in exchange.switch.calls[call_id].members if m.leg.party.name == "Ben")
        exchange.switch.hold(leg.id, True, anna.now)
        await bens.is_told_to("hold")
        exchange.switch.hold(leg.id, False, anna.now)
        await eventually(
            lambda: [notice.event for notice in bens.notifies] == ["talk", "hold", "talk"], "the orders"
        )


async def test_a_phone_that_takes_none_is_not_answered_from_the_page() -> None:
    async with phones("anna", "ben") as (exchange, (anna, ben)):
        annas = await anna.dial("102")
        bens = await ben.is_called()
        await annas.is_ringing()
        (call_id,) = exchange.switch.calls
        with pytest.raises(Cannot) as why:
            exchange.switch.answer(call_id, "ben", "d-ben", anna.now)
        assert why.value.cause is Cause.NO_REMOTE
        assert bens.notifies == []


async def test_click_to_dial_with_two_phones_of_one_account_takes_the_first_that_picks_up() -> None:
    async with phones("anna", "ben") as (exchange, (anna, ben)):
        upstairs = await another(exchange, "anna")
        exchange.switch.dial(exchange.device("anna"), "102", anna.now)
        desk, other = await anna.is_called(), await upstairs.is_called()
        for call in (desk, other):
            assert call.invite is not None
            assert b"answer-after=0" in (call.invite.get(b"call-info") or b"")
            call.answer()
        (await ben.is_called()).answer()
        await talk_now(exchange, "Anna", "Ben")
        await eventually(lambda: [desk.status, other.status].count(None) == 1, "the other is hung up")
        await upstairs.close()
