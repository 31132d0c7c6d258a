"""The engine that only remembers keeps to the same interface and speaks real SDP."""

import pytest

from offhook.calls.media import G711, PCMU, Engine, Kind, NoMedia
from offhook.media.fake import FakeEngine
from tests.media_engine.house import House
from tests.sdp.samples import CHROMIUM, DESK_PHONE


def engines() -> list[Engine]:
    return [FakeEngine(), House().engine]


@pytest.mark.parametrize("engine", engines(), ids=["fake", "real"])
def test_phones_and_browsers_can_settle_with_either_engine(engine: Engine) -> None:
    bridge = engine.bridge()
    called = bridge.open(
        Kind.PHONE, flow_host="192.0.2.1", peer="192.0.2.10", nat=False, srtp="auto", secure=True
    )
    assert "RTP/SAVP" in called.offer(like=(PCMU,))
    assert called.codecs == (PCMU, *[law for law in G711 if law != PCMU])
    caller = bridge.open(Kind.PHONE, flow_host="192.0.2.1")
    assert caller.answer(DESK_PHONE, like=called.codecs).startswith("v=0\r\n")
    page = bridge.open(Kind.BROWSER, hosts=["192.0.2.1"])
    assert "a=setup:passive" in page.answer(CHROMIUM)
    music = bridge.open(Kind.PLAY, sound="music", loop=True)
    bridge.join(caller)
    bridge.join(music, hears=False)
    bridge.replace(caller, page)
    bridge.leave(page)
    bridge.close()
    with pytest.raises(NoMedia):
        bridge.open(Kind.PLAY, sound="busy")


@pytest.mark.parametrize("engine", engines(), ids=["fake", "real"])
def test_a_port_is_taken_by_either_engine(engine: Engine) -> None:
    old, new = engine.bridge(), engine.bridge()
    port = old.open(Kind.PHONE, flow_host="192.0.2.1")
    old.join(port)
    new.take(port)
    old.close()
    assert port.offer(), "it is still open"
    new.join(port)
    gone = engine.bridge()
    gone.close()
    with pytest.raises(NoMedia):
        gone.take(port)


def test_in_the_fake_a_taken_port_is_in_no_bridge_until_it_joins() -> None:
    engine = FakeEngine()
    old, new = engine.bridge(), engine.bridge()
    port = old.open(Kind.PHONE, flow_host="192.0.2.1")
    old.join(port)
    new.take(port)
    assert (old.members, old.ports, new.members, new.ports) == ({}, [], {}, [port])
    new.join(port)
    new.close()
    assert port.is_closed


def test_the_fake_remembers_who_is_in_and_what_plays() -> None:
    engine = FakeEngine()
    bridge = engine.bridge()
    port = bridge.open(Kind.PHONE, flow_host="192.0.2.1")
    bridge.join(port, heard=False)
    bridge.join(bridge.open(Kind.PLAY, sound="ringback", loop=True), hears=False)
    port.dial("1")
    port.dial("#")
    assert bridge.members[port] == (False, True)
    assert bridge.sounds == ["ringback"]
    assert port.dialled == "1#"
    bridge.close()
    assert engine.open_ports == []


def test_the_fake_runs_out_when_it_is_told_to() -> None:
    engine = FakeEngine()
    bridge = engine.bridge()
    engine.is_empty = True
    with pytest.raises(NoMedia):
        bridge.open(Kind.PHONE, flow_host="192.0.2.1")
