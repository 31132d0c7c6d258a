"""A user's mobile: rung outside at the user's cost, and the user's own device all the same."""

from msgspec.structs import replace

from offhook.calls.leg import Party
from offhook.calls.routing import Device
from offhook.dialplan.model import Limits, Line, Mobile
from offhook.dialplan.world import Outward, Way
from offhook.people.directory import DeviceInfo
from tests.phones.exchange import eventually
from tests.trunks.house import House, trunk_to
from tests.trunks.provider import Provider

MOBILE = DeviceInfo("d-ben-mobile", "ben", "Mobile", "mobile", mobile=Mobile("+4917055"))
SECOND = DeviceInfo("d-ben-second", "ben", "Second", "mobile", mobile=Mobile("+4917066"))


def with_mobile(house: House, info: DeviceInfo = MOBILE) -> Device:
    """Ben's mobile rings with his other devices."""
    house.directory.put_device(info)
    return house.trunks.mobile(info)


async def test_a_mobile_rings_with_the_desk_phone_and_its_call_is_the_users(
    house: House, provider: Provider
) -> None:
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    with_mobile(house)
    anna, ben = await house.phone("anna"), await house.phone("ben")
    call = await anna.dial("102")
    theirs, desk = await provider.is_called(), await ben.is_called()
    assert theirs.invite is not None
    assert theirs.invite.uri.startswith(b"sip:+4917055@")
    theirs.answer()
    await call.is_answered()
    assert await desk.is_over() == 487
    assert house.tolls.open == [("ben", "external")]
    (talking,) = house.switch.calls.values()
    parties = {leg.party for leg in talking.view().legs}
    assert Party("102", "Ben", "ben", "d-ben-mobile") in parties
    call.hangup()
    await eventually(lambda: house.is_idle, "nothing is left of the call")
    assert house.tolls.open == []
    for phone in (anna, ben):
        await phone.close()


async def test_of_two_mobiles_one_rings_where_one_channel_is_left(house: House, provider: Provider) -> None:
    house.use(trunk_to(provider, max_channels=1))
    await house.opens("Fibre")
    with_mobile(house)
    with_mobile(house, SECOND)
    anna = await house.phone("anna")
    call = await anna.dial("102")
    theirs = await provider.is_called()
    theirs.answer()
    await call.is_answered()
    assert not provider.is_being_called
    assert len(house.tolls.limits) == 1
    call.hangup()
    await eventually(lambda: house.is_idle, "nothing is left of the call")
    assert house.tolls.open == []
    await anna.close()


async def test_of_two_mobiles_one_rings_where_their_user_may_pay_for_one(
    house: House, provider: Provider
) -> None:
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    ben = house.directory.user("ben")
    assert ben is not None
    house.directory.put_user(replace(ben, line=Line(limits=Limits(external_at_once=1))))
    with_mobile(house)
    with_mobile(house, SECOND)
    anna = await house.phone("anna")
    call = await anna.dial("102")
    (await provider.is_called()).answer()
    await call.is_answered()
    assert not provider.is_being_called
    assert house.tolls.open == [("ben", "external")]
    await anna.close()


async def test_a_mobile_is_out_of_reach_while_it_is_off_or_no_trunk_is_open(
    house: House, provider: Provider
) -> None:
    mobile = with_mobile(house)
    before = mobile.is_reachable
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    assert (before, mobile.is_reachable) == (False, True)
    switched_off = DeviceInfo("d", "ben", "Off", "mobile", mobile=Mobile("+4917055", enabled=False))
    off = with_mobile(house, switched_off)
    assert not off.is_reachable
    assert off.open_legs() == []


async def test_the_limits_are_those_of_the_users_line_or_of_the_house(
    house: House, provider: Provider
) -> None:
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    ben = house.directory.user("ben")
    assert ben is not None
    own = Limits(external_at_once=1)
    anna = await house.phone("anna")
    await (await anna.dial("0030123456")).is_ringing()
    house.directory.put_user(replace(ben, line=Line(limits=own)))
    with_mobile(house)
    await (await anna.dial("102")).is_ringing()
    assert house.tolls.limits == [Limits(), own]
    await anna.close()


async def test_a_call_that_nobody_here_pays_for_is_nobodys(house: House, provider: Provider) -> None:
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    payer = Party("+43155", device="trunk:Fibre", outside=True)
    device = house.trunks.device(Outward("+4930", (Way("Fibre", "+4930", ""),), payer, "external"))
    assert (device.id, device.party.outside) == ("trunk:Fibre", True)
    assert len(device.open_legs()) == 1
    assert house.tolls.limits == []
