"""What calls through trunks may not do, and how many there may be."""

import pytest

from offhook.calls.leg import Party
from offhook.config import Limits
from offhook.dialplan.world import Outward, Way
from tests.phones.exchange import eventually, running
from tests.phones.phone import Phone
from tests.trunks.house import House, provided, trunk_to
from tests.trunks.provider import ACCOUNT, PASSWORD, Provider

# ---- what the other end may not do


async def test_somebody_outside_can_put_nobody_through(house: House, provider: Provider) -> None:
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    anna = await house.phone("anna")
    call = await anna.dial("0030123456")
    theirs = await provider.is_called()
    theirs.answer()
    await call.is_answered()
    assert await theirs.refer("0031999") == 403
    assert not call.requests
    assert call.status is None, "the call goes on"
    call.hangup()
    await anna.close()


async def test_with_external_transfer_they_can(house: House, provider: Provider) -> None:
    house.use(trunk_to(provider, external_transfer=True))
    await house.opens("Fibre")
    anna, ben = await house.phone("anna"), await house.phone("ben")
    theirs = await provider.call("+4930555101")
    mine = await anna.is_called()
    mine.answer()
    await theirs.is_answered()
    assert await theirs.refer("+4930555102") == 202
    (await ben.is_called()).answer()
    assert await theirs.is_transferred() == 200
    for phone in (anna, ben):
        await phone.close()


@pytest.mark.parametrize(("allowed", "status"), [(False, 480), (True, None)])
async def test_a_provider_sends_calls_on_only_where_it_is_allowed_to(
    house: House, provider: Provider, allowed: bool, status: int | None
) -> None:
    provider.rings_by_itself = False
    house.use(trunk_to(provider, external_transfer=allowed))
    await house.opens("Fibre")
    anna, ben = await house.phone("anna"), await house.phone("ben")
    call = await anna.dial("0030123456")
    theirs = await provider.is_called()
    theirs.refuse(302, b"Contact: <sip:+4930555102@somewhere>\r\n")
    if allowed:
        await ben.is_called()
    else:
        assert await call.is_over() == status
        assert not ben.is_being_called
    for phone in (anna, ben):
        await phone.close()


async def test_somebody_outside_takes_no_call_over(house: House, provider: Provider) -> None:
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    anna, ben = await house.phone("anna"), await house.phone("ben")
    call = await anna.dial("102")
    (await ben.is_called()).answer()
    await call.is_answered()
    thief = await provider.call("+4930555102", headers=b"Replaces: %b\r\n" % call.replaces)
    assert await thief.is_over() == 403
    assert call.status is None
    for phone in (anna, ben):
        await phone.close()


async def test_whoever_calls_from_elsewhere_must_sign_in(
    house: House, provider: Provider, second: Provider
) -> None:
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    ben = await house.phone("ben")
    call = await second.call("+4930555102")
    assert await call.is_over() == 401
    assert not ben.is_being_called
    await ben.close()


async def test_a_phone_at_the_address_of_a_trunk_is_still_a_phone(house: House, provider: Provider) -> None:
    house.use(trunk_to(provider, hosts=("127.0.0.1",)))  # whatever the port: as it would be with one phone
    await eventually(lambda: bool(house.trunks.states()[0].reachable), "its address is taken over")
    anna, ben = await house.phone("anna"), await house.phone("ben")
    anna.shows_credentials = False
    assert await (await anna.dial("102")).is_over() == 401
    anna.shows_credentials = True
    call = await anna.dial("102")
    theirs = await ben.is_called()
    assert theirs.caller.startswith('"Anna" <sip:101@')
    call.hangup()
    for phone in (anna, ben):
        await phone.close()


async def test_of_two_trunks_at_one_address_the_number_tells_which(house: House, provider: Provider) -> None:
    ours, theirs = trunk_to(provider, "Ours", main="+4930555"), trunk_to(provider, "Other", direct="+4940777")
    house.use(theirs, ours)
    await house.opens("Ours", "Other")
    ben = await house.phone("ben")
    await provider.call("+4930555102")
    await ben.is_called()
    assert [(state.name, state.channels) for state in house.trunks.states()] == [("Other", 0), ("Ours", 1)]
    await ben.close()


async def test_a_connection_from_a_trunk_may_stay() -> None:
    house = House(most=Limits(calls_per_user=100, connections_per_address=1))
    async with running(house):
        provider = await Provider.at(house, "tcp")
        await provider.listens()
        house.use(trunk_to(provider))
        await house.opens("Fibre")
        assert not house.phones.connections.has_room_for(house.host)
        await (await provider.call("+4930555102")).is_over()
        assert house.phones.connections.has_room_for(house.host), "it is a stranger's no more"
        await provider.close()


async def test_a_way_through_a_trunk_that_is_gone_rings_nowhere(house: House) -> None:
    device = house.trunks.device(Outward("+4930", (Way("Gone", "+4930", ""),), Party(""), "external"))
    assert not device.is_reachable
    assert device.open_legs() == []


@pytest.mark.parametrize(("number", "status"), [("9" * 129, 404), ("alien", 404), ("%00%0D%0A", 404)])
async def test_numbers_that_nobody_can_have_are_refused_politely(
    house: House, provider: Provider, number: str, status: int
) -> None:
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    assert await (await provider.call(number)).is_over() == status
    await eventually(lambda: house.is_idle, "nothing is left of the call")


# ---- proof, limits and money


async def test_a_provider_that_wants_proof_gets_it(house: House, provider: Provider) -> None:
    provider.demands = ("INVITE", "BYE")
    house.use(trunk_to(provider, username=ACCOUNT, password=PASSWORD))
    await house.opens("Fibre")
    anna = await house.phone("anna")
    call = await anna.dial("0030123456")
    (await provider.is_called()).answer()
    await call.is_answered()
    assert provider.asked_for_proof == 1
    call.hangup()
    await eventually(lambda: house.is_idle, "nothing is left of the call")
    await anna.close()


async def test_a_wrong_password_closes_no_other_way(
    house: House, provider: Provider, second: Provider
) -> None:
    provider.demands = ("INVITE",)
    house.use(trunk_to(provider, username=ACCOUNT, password="wrong"), trunk_to(second, "Cable"))
    await house.opens("Fibre", "Cable")
    anna = await house.phone("anna")
    await anna.dial("0030123456")
    await second.is_called()
    await anna.close()


async def test_more_calls_than_channels_are_refused_in_either_direction(
    house: House, provider: Provider
) -> None:
    house.use(trunk_to(provider, max_channels=1))
    await house.opens("Fibre")
    anna, ben = await house.phone("anna"), await house.phone("ben")
    call = await anna.dial("0030123456")
    theirs = await provider.is_called()
    assert not house.trunks.is_open("Fibre")
    assert await (await ben.dial("0030123456")).is_over() == 503
    assert await (await provider.call("+4930555102")).is_over() == 486
    call.hangup()
    await theirs.is_over()
    await house.opens("Fibre")
    for phone in (anna, ben):
        await phone.close()


async def test_a_call_for_help_needs_no_free_channel_and_costs_nothing(
    house: House, provider: Provider
) -> None:
    house.use(trunk_to(provider, max_channels=1))
    await house.opens("Fibre")
    anna, ben = await house.phone("anna"), await house.phone("ben")
    await anna.dial("0030123456")
    await provider.is_called()
    house.tolls.exhaust("ben")
    await ben.dial("0112")
    theirs = await provider.is_called()
    assert theirs.invite is not None
    assert theirs.invite.uri.startswith(b"sip:112@")
    for phone in (anna, ben):
        await phone.close()


async def test_a_call_for_help_goes_out_when_there_are_as_many_calls_as_may_be() -> None:
    house = House(most=Limits(calls=1, calls_per_user=5))
    async with running(house), provided(house) as provider:
        house.use(trunk_to(provider))
        await house.opens("Fibre")
        anna, ben = await house.phone("anna"), await house.phone("ben")
        await anna.dial("0030123456")
        await provider.is_called()
        assert await (await ben.dial("0030123456")).is_over() == 503
        await ben.dial("112")
        theirs = await provider.is_called()
        assert theirs.invite is not None
        assert theirs.invite.uri.startswith(b"sip:112@")
        for phone in (anna, ben):
            await phone.close()


async def test_who_has_spent_too_much_calls_nobody_outside(house: House, provider: Provider) -> None:
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    house.tolls.exhaust("anna")
    anna = await house.phone("anna")
    assert await (await anna.dial("0030123456")).is_over() == 403
    assert not provider.is_being_called
    await eventually(lambda: house.is_idle, "nothing is left of the call")
    await anna.close()


async def test_other_settings_end_no_call_and_other_addresses_neither(
    house: House, provider: Provider, second: Provider
) -> None:
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    anna = await house.phone("anna")
    call = await anna.dial("0030123456")
    theirs = await provider.is_called()
    theirs.answer()
    await call.is_answered()
    house.use(trunk_to(provider, max_channels=7))
    assert house.trunks.is_open("Fibre"), "it was not begun anew"
    house.use(trunk_to(second))
    await theirs.hold()
    await theirs.resume()
    assert call.status is None
    theirs.hangup()
    assert await call.is_over() == 200
    await eventually(lambda: house.is_idle, "nothing is left of the call")
    await anna.close()


async def test_keys_that_come_by_info_arrive(house: House, provider: Provider) -> None:
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    anna: Phone = await house.phone("anna")
    theirs = await provider.call("+4930555101")
    (await anna.is_called()).answer()
    await theirs.is_answered()
    assert await theirs.press("5") == 200
    assert [port.dialled for port in house.engine.ports if port.dialled] == ["5"]
    await anna.close()
