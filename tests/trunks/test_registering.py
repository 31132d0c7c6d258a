"""Accounts: registered, refused, lost and back; and the calls that come to them."""

import logging

import pytest

from tests.phones.exchange import eventually
from tests.trunks.house import House, trunk_to
from tests.trunks.provider import ACCOUNT, PASSWORD, Provider

ACCOUNT_SETTINGS = {"register": True, "username": ACCOUNT, "password": PASSWORD}


async def test_a_trunk_is_open_once_it_is_registered(house: House, provider: Provider) -> None:
    provider.demands = ("REGISTER",)
    house.use(trunk_to(provider, **ACCOUNT_SETTINGS))
    assert not house.trunks.is_open("Fibre")
    await house.opens("Fibre")
    assert provider.asked_for_proof == 1
    register = await provider.has_seen("REGISTER")
    assert register.get(b"to") == f"<sip:{ACCOUNT}@{provider.hostport}>".encode()
    assert house.trunks.states()[0].registered


async def test_calls_come_to_its_contact_and_to_says_for_whom(house: House, provider: Provider) -> None:
    house.use(trunk_to(provider, **ACCOUNT_SETTINGS))
    await house.opens("Fibre")
    ben = await house.phone("ben")
    contact = provider.registered[-1].contact.decode()
    token = contact.removeprefix("sip:").partition("@")[0]
    await provider.call(token, to="+4930555102")
    theirs = await ben.is_called()
    assert theirs.caller.startswith('"Zoe" <sip:+4315550001@')
    await ben.close()


async def test_calls_come_over_the_connection_that_we_opened(house: House) -> None:
    provider = await Provider.at(house, "tcp")
    await provider.listens()
    house.use(trunk_to(provider, **ACCOUNT_SETTINGS))
    await house.opens("Fibre")
    provider.turns_to_our_connection()
    ben = await house.phone("ben")
    call = await provider.call("+4930555102", caller="<sip:ben-desk@provider.example>")
    theirs = await ben.is_called()
    theirs.answer()
    await call.is_answered()
    theirs.hangup()
    assert await call.is_over() == 200
    await ben.close()
    await provider.close()


async def test_of_two_accounts_with_one_provider_the_contact_tells_which(
    house: House, provider: Provider
) -> None:
    fibre, cable = (trunk_to(provider, name, **ACCOUNT_SETTINGS) for name in ("Fibre", "Cable"))
    house.use(fibre, cable)
    await house.opens("Fibre", "Cable")
    tokens = [each.contact.decode()[4:].partition("@")[0] for each in provider.registered[:2]]
    ben = await house.phone("ben")
    for token in tokens:
        await provider.call(token, to="+4930555102")
        await ben.is_called()
    calls = {call.caller.leg.party.device for call in house.switch.calls.values() if call.caller is not None}
    assert calls == {"trunk:Fibre", "trunk:Cable"}
    await ben.close()


async def test_a_wrong_password_is_said_once_and_leaves_the_trunk_closed(
    house: House, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.demands = ("REGISTER",)
    house.use(trunk_to(provider, register=True, username=ACCOUNT, password="wrong"))
    await eventually(lambda: bool(house.trunks.states()[0].problem), "it is refused")
    assert house.trunks.states()[0].problem == "could not register: Unauthorized"
    assert house.trunks.states()[0].registered is False
    assert not house.trunks.is_open("Fibre")
    assert "account's secret" not in caplog.text
    assert caplog.text.count("could not register") == 1


async def test_a_provider_may_want_longer_registrations(house: House, provider: Provider) -> None:
    provider.shortest = 1800
    house.use(trunk_to(provider, expires=600, **ACCOUNT_SETTINGS))
    await house.opens("Fibre")
    assert provider.registered[-1].seconds == 1800


async def test_a_lost_registration_is_fetched_back_before_it_ends(house: House, provider: Provider) -> None:
    provider.greatest = 6
    house.use(trunk_to(provider, **ACCOUNT_SETTINGS))
    await house.opens("Fibre")
    await provider.has_seen("REGISTER", more_than=1)
    assert house.trunks.is_open("Fibre")


async def test_a_provider_that_comes_back_is_registered_with_at_once(
    house: House, provider: Provider
) -> None:
    house.use(trunk_to(provider, options_seconds=1, **ACCOUNT_SETTINGS))
    await house.opens("Fibre")
    provider.is_silent = True
    await eventually(lambda: bool(house.trunks.states()[0].problem), "it is known to be silent")
    before = len(provider.registered)
    provider.is_silent = False
    await provider.has_seen("REGISTER", more_than=before)
    await house.opens("Fibre")


async def test_who_stops_signs_off(house: House, provider: Provider) -> None:
    provider.demands = ("REGISTER",)
    house.use(trunk_to(provider, **ACCOUNT_SETTINGS))
    await house.opens("Fibre")
    await house.trunks.stop()
    assert provider.registered[-1].seconds == 0
    assert not house.trunks.is_open("Fibre")


async def test_another_password_registers_anew(
    house: House, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    provider.demands = ("REGISTER",)
    house.use(trunk_to(provider, register=True, username=ACCOUNT, password="wrong"))
    await eventually(lambda: bool(house.trunks.states()[0].problem), "it is refused")
    house.use(trunk_to(provider, **ACCOUNT_SETTINGS))
    await house.opens("Fibre")
    assert "trunk Fibre: registered with udp" in caplog.text


async def test_over_a_connection_that_is_lost_it_registers_again(house: House) -> None:
    provider = await Provider.at(house, "tcp")
    await provider.listens()
    house.use(trunk_to(provider, **ACCOUNT_SETTINGS))
    await house.opens("Fibre")
    before = len(provider.registered)
    provider.hangs_up()
    await provider.has_seen("REGISTER", more_than=before)
    await house.opens("Fibre")
    await provider.close()
