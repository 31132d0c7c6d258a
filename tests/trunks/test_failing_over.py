"""When a trunk fails: which calls go another way, and when it counts as there again."""

import logging

import pytest

from offhook.calls.leg import Party
from offhook.dialplan.world import Outward, Way
from offhook.trunks.names import Service
from tests.phones.exchange import eventually, running
from tests.trunks.house import House, provided, trunk_to
from tests.trunks.provider import Provider


async def test_a_silent_provider_costs_a_moment_and_no_call(
    house: House, provider: Provider, second: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.is_silent = True
    house.use(trunk_to(provider, options_seconds=0, no_reply_seconds=0.3), trunk_to(second, "Cable"))
    await house.opens("Fibre", "Cable")
    anna = await house.phone("anna")
    call = await anna.dial("0030123456")
    theirs = await second.is_called()
    theirs.answer()
    await call.is_answered()
    assert [state.channels for state in house.trunks.states()] == [0, 1]
    assert not house.trunks.is_open("Fibre"), "it gets no more calls"
    await eventually(lambda: "does not answer" in caplog.text, "that is said", within=10.0)
    call.hangup()
    await theirs.is_over()
    await eventually(lambda: house.is_idle, "nothing is left of the call")
    await anna.close()


@pytest.mark.parametrize("status", [403, 408, 500, 503])
async def test_a_trunk_that_cannot_is_passed_over(
    house: House, provider: Provider, second: Provider, status: int
) -> None:
    provider.refuses_with = status
    house.use(trunk_to(provider), trunk_to(second, "Cable"))
    await house.opens("Fibre", "Cable")
    anna = await house.phone("anna")
    await anna.dial("0030123456")
    await second.is_called()
    await anna.close()


@pytest.mark.parametrize(("status", "heard"), [(404, 404), (480, 480), (486, 486), (600, 486), (603, 603)])
async def test_what_speaks_of_the_called_is_the_last_word(
    house: House, provider: Provider, second: Provider, status: int, heard: int
) -> None:
    provider.refuses_with = status
    house.use(trunk_to(provider), trunk_to(second, "Cable"))
    await house.opens("Fibre", "Cable")
    anna = await house.phone("anna")
    assert await (await anna.dial("0030123456")).is_over() == heard
    assert not second.is_being_called
    await anna.close()


async def test_in_an_emergency_only_an_answer_is_the_last_word(
    house: House, provider: Provider, second: Provider
) -> None:
    provider.refuses_with = 404
    house.use(trunk_to(provider), trunk_to(second, "Cable"))
    await house.opens("Fibre", "Cable")
    anna = await house.phone("anna")
    await anna.dial("0112")
    await second.is_called()
    await anna.close()


async def test_who_rang_and_then_failed_is_not_called_again(
    house: House, provider: Provider, second: Provider
) -> None:
    house.use(trunk_to(provider), trunk_to(second, "Cable"))
    await house.opens("Fibre", "Cable")
    anna = await house.phone("anna")
    call = await anna.dial("0030123456")
    theirs = await provider.is_called()
    await call.is_ringing()
    theirs.refuse(503)
    await call.is_over()
    assert not second.is_being_called
    await anna.close()


async def test_without_another_way_the_caller_hears_that_no_line_is_free(
    house: House, provider: Provider
) -> None:
    provider.refuses_with = 503
    house.use(trunk_to(provider))
    await house.opens("Fibre")
    anna = await house.phone("anna")
    call = await anna.dial("0030123456")
    assert await call.is_over() == 503
    assert len(house.tolls.limits) == 1
    assert house.tolls.open == []
    await anna.close()


async def test_a_provider_found_silent_is_closed_until_it_answers(
    house: House, provider: Provider, second: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """The one call after it fell silent goes another way at once."""
    caplog.set_level(logging.INFO)
    house.use(trunk_to(provider, options_seconds=1), trunk_to(second, "Cable"))
    await house.opens("Fibre", "Cable")
    await provider.has_seen("OPTIONS")
    provider.is_silent = True
    await eventually(lambda: not house.trunks.is_open("Fibre"), "it counts as silent")
    await eventually(lambda: bool(house.trunks.states()[0].problem), "that is said")
    assert house.trunks.states()[0].silent == (f"udp {provider.hostport}",)
    device = house.trunks.device(
        Outward("+4930", (Way("Fibre", "+4930", ""), Way("Cable", "+4930", "")), Party(""), "free")
    )
    assert device.is_reachable
    provider.is_silent = False
    await house.opens("Fibre")
    await eventually(lambda: not house.trunks.states()[0].problem, "that is said too")
    assert house.changes[-2:] == [["Cable"], ["Fibre", "Cable"]], "and each change was told"
    assert caplog.text.count("does not answer") == 1
    assert caplog.text.count("answers again") == 1


async def test_in_an_emergency_a_silent_provider_is_tried_too(house: House, provider: Provider) -> None:
    house.use(trunk_to(provider, options_seconds=1))
    await house.opens("Fibre")
    provider.is_silent = True
    await eventually(lambda: not house.trunks.is_open("Fibre"), "it counts as silent")
    assert house.trunks.is_open("Fibre", emergency=True)
    provider.is_silent = False
    anna = await house.phone("anna")
    await anna.dial("0112")
    await provider.is_called()
    await anna.close()


async def test_a_trunk_that_is_not_for_emergencies_is_never_open_for_one(
    house: House, provider: Provider
) -> None:
    house.use(trunk_to(provider, emergency=False))
    await house.opens("Fibre")
    assert not house.trunks.is_open("Fibre", emergency=True)


class TwoMachines:
    """A name with two machines behind it, the first of which is the better."""

    def __init__(self, seconds: float = 60.0) -> None:
        self.ports: list[int] = []
        self._seconds = seconds

    async def services(self, name: str) -> tuple[list[Service], float]:
        assert name == "_sip._udp.provider.example"
        return [Service(n, 1, port, "127.0.0.1") for n, port in enumerate(self.ports)], self._seconds

    async def addresses(self, name: str) -> tuple[list[str], float]:
        return [], 60.0


async def test_two_machines_of_one_name_stand_in_for_each_other() -> None:
    names = TwoMachines()
    async with running(House(names=names)) as house:
        assert isinstance(house, House)
        async with provided(house) as provider, provided(house) as second:
            names.ports = [each.flow.local_port for each in (provider, second)]
            house.use(trunk_to(provider, hosts=("provider.example",), no_reply_seconds=0.3))
            await house.opens("Fibre")
            anna = await house.phone("anna")
            call = await anna.dial("0030123456")
            theirs = await provider.is_called()
            assert theirs.invite is not None
            assert theirs.invite.uri == b"sip:+4930123456@provider.example"
            call.hangup()
            await theirs.is_over()
            provider.is_silent = True
            await anna.dial("0030123456")
            await second.is_called()
            coming = await second.call("+4930555101")
            await anna.is_called()
            coming.hangup()
            await anna.close()


async def test_a_name_is_asked_for_again_when_its_answer_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("offhook.trunks.names.SHORTEST", 0.1)
    names = TwoMachines(seconds=0.1)
    async with running(House(names=names)) as house:
        assert isinstance(house, House)
        async with provided(house) as provider, provided(house) as second:
            names.ports = [provider.flow.local_port]
            house.use(trunk_to(provider, hosts=("provider.example",)))
            await house.opens("Fibre")
            names.ports = [second.flow.local_port]
            there = (f"udp {second.hostport}",)
            await eventually(lambda: house.trunks.states()[0].reachable == there, "the other is taken over")
            anna = await house.phone("anna")
            await anna.dial("0030123456")
            await second.is_called()
            await anna.close()


async def test_a_trunk_of_a_name_nobody_knows_is_closed_and_says_why() -> None:
    async with running(House(names=TwoMachines())) as house:
        assert isinstance(house, House)
        async with provided(house) as provider:
            house.use(trunk_to(provider, hosts=("provider.example:5070",)))
            await eventually(lambda: bool(house.trunks.states()[0].problem), "it says why")
            assert house.trunks.states()[0].problem == "provider.example has no address"
            assert not house.trunks.is_open("Fibre")
