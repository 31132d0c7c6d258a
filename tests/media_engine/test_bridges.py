"""Bridges: who is let in, which worker carries them, and when codecs are no longer shared."""

import pytest

from offhook.calls.media import G711, G722, OPUS, PCMA, Kind, NoMedia, PortLost, PortRenegotiate
from offhook.media import wire
from offhook.media.bridge import EngineBridge
from offhook.media.ports import EnginePort
from offhook.sdp.description import parse
from tests.media_engine.house import House, phone
from tests.sdp.samples import CHROMIUM, DESK_PHONE

WIDE = DESK_PHONE.replace("AVP 8 9 0 18", "AVP 9 8")


def wide(bridge: EngineBridge) -> EnginePort:
    """A phone that agreed on G.722, with a-law behind it."""
    port = phone(bridge)
    port.answer(WIDE, like=(G722,))
    return port


def narrow(bridge: EngineBridge) -> EnginePort:
    port = phone(bridge)
    port.answer(DESK_PHONE, like=G711)
    return port


def test_members_may_say_and_hear_what_they_were_let_in_for() -> None:
    house = House()
    bridge = house.engine.bridge()
    port = phone(bridge)
    bridge.join(port, heard=False)
    bridge.join(port, heard=False)
    bridge.join(port)
    bridge.leave(port)
    bridge.leave(port)
    assert house.said(wire.Join) == [
        wire.Join(port.number, heard=False, hears=True),
        wire.Join(port.number, heard=True, hears=True),
    ]
    assert house.said(wire.Leave) == [wire.Leave(port.number)]


def test_a_returning_browser_takes_the_place_and_the_rights_of_its_old_port() -> None:
    house = House()
    bridge = house.engine.bridge()
    old, new = (bridge.open(Kind.BROWSER, hosts=["192.0.2.1"]) for _ in range(2))
    bridge.join(old, heard=False)
    bridge.replace(old, new)
    assert house.said(wire.Leave) == [wire.Leave(old.number)]
    assert house.said(wire.Join)[-1] == wire.Join(new.number, heard=False, hears=True)


def test_replacing_somebody_who_was_not_in_lets_nobody_in() -> None:
    house = House()
    bridge = house.engine.bridge()
    bridge.replace(phone(bridge), phone(bridge))
    assert house.said(wire.Join) == []


def test_closing_a_bridge_closes_every_port_on_it() -> None:
    house = House()
    bridge = house.engine.bridge()
    ports = [phone(bridge), phone(bridge), bridge.open(Kind.PLAY, sound="music")]
    bridge.close()
    bridge.close()
    for port in ports:
        port.close()
        bridge.join(port)
    assert house.said(wire.CloseBridge) == [wire.CloseBridge(bridge.number)]
    assert house.said(wire.Close) == []
    assert house.said(wire.Join) == []
    assert house.engine.workers[0].ports == {}
    with pytest.raises(NoMedia):
        phone(bridge)


def test_a_new_bridge_goes_to_the_least_busy_worker_or_near_another() -> None:
    house = House(workers=2)
    first = house.engine.bridge()
    phone(first)
    second = house.engine.bridge()
    assert (first.worker.number, second.worker.number) == (0, 1)
    assert house.engine.bridge(near=first).worker is first.worker
    first.close()
    second.close()


def test_closed_bridges_weigh_nothing() -> None:
    house = House(workers=2)
    for _ in range(4):
        bridge = house.engine.bridge()
        phone(bridge)
        bridge.close()
    assert [len(worker.bridges) + len(worker.ports) for worker in house.engine.workers.values()] == [0, 0]


def test_two_who_share_g722_are_left_alone() -> None:
    house = House()
    bridge = house.engine.bridge()
    one, other = wide(bridge), wide(bridge)
    bridge.join(one)
    bridge.join(other)
    assert house.events(one) == house.events(other) == []


def test_both_laws_of_g711_are_shared_enough() -> None:
    house = House()
    bridge = house.engine.bridge()
    one, other = narrow(bridge), phone(bridge)
    other.answer(DESK_PHONE.replace("8 9 0 18", "0"))
    bridge.join(one)
    bridge.join(other)
    assert house.events(one) == house.events(other) == []


def test_wideband_that_the_other_lacks_is_renegotiated() -> None:
    house = House()
    bridge = house.engine.bridge()
    one, other = wide(bridge), narrow(bridge)
    bridge.join(one)
    bridge.join(other)
    assert house.events(one) == [PortRenegotiate()]
    assert house.events(other) == []


def test_news_of_renegotiation_waits_until_the_verb_has_returned() -> None:
    house = House()
    bridge = house.engine.bridge()
    for port in (wide(bridge), narrow(bridge)):
        bridge.join(port)
    assert house.news == []


def test_only_what_is_left_when_all_moves_are_made_is_compared() -> None:
    """As one party of a call is exchanged for another, whoever comes first."""
    house = House()
    bridge = house.engine.bridge()
    ports = [wide(bridge), wide(bridge), wide(bridge)]
    for port in ports:
        bridge.join(port)
    bridge.leave(ports[0])
    assert [house.events(port) for port in ports] == [[], [], []]


def test_a_third_member_brings_everybody_down_to_g711() -> None:
    house = House()
    bridge = house.engine.bridge()
    ports = [wide(bridge), wide(bridge), narrow(bridge)]
    for port in ports:
        bridge.join(port)
    assert [house.events(port) for port in ports] == [[PortRenegotiate()], [PortRenegotiate()], []]


def test_a_recorder_must_understand_what_it_hears() -> None:
    house = House()
    bridge = house.engine.bridge()
    port = wide(bridge)
    bridge.join(port)
    bridge.join(bridge.open(Kind.RECORD, file="/tmp/call.wav"), heard=False)
    bridge.join(port, heard=False)
    assert house.events(port)[0] == PortRenegotiate()


def test_music_for_one_needs_no_renegotiation() -> None:
    house = House()
    bridge = house.engine.bridge()
    port = wide(bridge)
    bridge.join(port)
    bridge.join(bridge.open(Kind.PLAY, sound="music", loop=True), hears=False)
    assert house.events(port) == []


def test_who_must_renegotiate_offers_and_answers_g711_alone() -> None:
    house = House()
    bridge = house.engine.bridge()
    one, other = wide(bridge), narrow(bridge)
    bridge.join(one)
    bridge.join(other)
    assert house.events(one) == [PortRenegotiate()]
    assert parse(one.offer(like=(G722, PCMA))).media[0].formats == ("8", "0", "101")
    assert parse(one.answer(WIDE, like=(G722, PCMA))).media[0].formats == ("8", "101")
    assert one.codecs == (PCMA,)


def test_codecs_are_compared_again_when_a_member_settles_anew() -> None:
    house = House()
    bridge = house.engine.bridge()
    one, other = wide(bridge), wide(bridge)
    bridge.join(one)
    bridge.join(other)
    other.answer(DESK_PHONE.replace("8 9 0 18", "8"))
    assert house.events(one) == [PortRenegotiate()]


def test_a_worker_that_asks_for_renegotiation_is_heard_once() -> None:
    house = House()
    bridge = house.engine.bridge()
    port = bridge.open(Kind.BROWSER, hosts=["192.0.2.1"])
    port.answer(CHROMIUM, like=(OPUS,))
    bridge.join(port)
    port.worker.hear(wire.Renegotiate(port.number))
    port.worker.hear(wire.Renegotiate(port.number))
    assert house.events(port) == [PortRenegotiate()]


def test_a_dead_worker_costs_its_own_ports_and_nothing_more() -> None:
    house = House(workers=2)
    here, there = house.engine.bridge(), house.engine.bridge()
    lost, kept = narrow(here), narrow(there)
    here.join(lost)
    there.join(kept)
    here.worker.die()
    assert house.events(lost) == [PortLost(worker=True)]
    assert house.events(kept) == []
    told = len(house.told[0])
    lost.answer(DESK_PHONE.replace("49170", "49180"))
    here.leave(lost)
    lost.close()
    here.close()
    assert len(house.told[0]) == told
    with pytest.raises(NoMedia):
        phone(here)
    assert house.engine.bridge(near=here).worker is there.worker


def test_without_a_ready_worker_there_is_no_media() -> None:
    house = House(workers=1)
    house.engine.workers[0].die()
    with pytest.raises(NoMedia):
        house.engine.bridge()
