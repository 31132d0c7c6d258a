"""Ports: what SDP settles is told to the worker, once."""

import pytest

from offhook.calls.media import (
    G711,
    OPUS,
    PCMA,
    PCMU,
    Kind,
    NoCommonCodec,
    NoMedia,
    PortDigit,
    PortEnded,
    PortFound,
    PortLost,
    PortReport,
    PortSpeaking,
)
from offhook.media import wire
from offhook.media.ports import BROWSER_LOST_SECONDS, PHONE_LOST_SECONDS
from offhook.sdp.description import parse
from tests.media_engine.house import House, phone
from tests.sdp.samples import CHROMIUM, DESK_PHONE, IPV6_PHONE, PRINT, SECURE_PHONE


def test_an_answered_offer_settles_the_port() -> None:
    house = House()
    port = phone(house.engine.bridge())
    answer = parse(port.answer(DESK_PHONE, like=(PCMU,)))
    (opened,) = house.said(wire.Open)
    (settled,) = house.said(wire.Settle)
    assert (opened.kind, opened.pair, opened.port) == ("phone", 0, settled.port)
    assert answer.media[0].port == 30000
    assert settled.formats == (
        wire.Format(0, 0, "PCMU", 8000),
        wire.Format(8, 8, "PCMA", 8000),
        wire.Format(101, 101, "telephone-event", 8000),
    )
    assert settled.remote == ("192.0.2.10", 49170)
    assert (settled.latch, settled.keys, settled.ice, settled.mux) == ("", None, None, False)
    assert settled.lost_after == PHONE_LOST_SECONDS
    assert port.codecs == (PCMU, PCMA)


def test_an_accepted_answer_settles_the_port_once() -> None:
    house = House()
    port = phone(house.engine.bridge())
    port.offer(like=(OPUS,))
    assert OPUS in port.codecs
    port.accept(DESK_PHONE)
    port.accept(DESK_PHONE)
    assert port.codecs == (PCMA, PCMU)
    assert len(house.said(wire.Settle)) == 1


def test_a_session_refresh_touches_no_port() -> None:
    house = House()
    port = phone(house.engine.bridge())
    first = port.answer(DESK_PHONE, like=G711)
    assert port.answer(DESK_PHONE.replace(" 2890844527 ", " 2890844528 ")) == first
    assert len(house.said(wire.Settle)) == 1


def test_a_phone_on_hold_may_be_silent() -> None:
    house = House()
    port = phone(house.engine.bridge())
    port.answer(DESK_PHONE)
    port.answer(DESK_PHONE.replace("sendrecv", "sendonly"))
    held = house.said(wire.Settle)[-1]
    assert (held.sends, held.receives, held.lost_after) == (False, True, 0.0)


def test_only_a_phone_behind_nat_is_latched_and_only_to_where_it_signals_from() -> None:
    house = House()
    port = house.engine.bridge().open(Kind.PHONE, flow_host="203.0.113.1", peer="198.51.100.9", nat=True)
    answer = port.answer(DESK_PHONE)
    assert "c=IN IP4 203.0.113.1" in answer
    assert house.said(wire.Settle)[0].latch == "198.51.100.9"


def test_keys_of_srtp_reach_the_worker_and_survive_a_refresh() -> None:
    house = House()
    port = phone(house.engine.bridge())
    port.answer(SECURE_PHONE)
    port.answer(SECURE_PHONE.replace("sendrecv", "sendonly"))
    first, second = (settled.keys for settled in house.said(wire.Settle))
    assert first is not None
    assert first == second
    assert (len(first.ours), len(first.theirs), first.suite) == (30, 30, "AES_CM_128_HMAC_SHA1_80")


def test_no_two_ports_share_keys_or_credentials() -> None:
    house = House()
    bridge = house.engine.bridge()
    for _ in range(2):
        phone(bridge).answer(SECURE_PHONE)
        bridge.open(Kind.BROWSER, hosts=["192.0.2.1"]).answer(CHROMIUM)
    settled = house.said(wire.Settle)
    assert len({message.keys.ours for message in settled if message.keys}) == 2
    assert len({(message.ice.ufrag, message.ice.pwd) for message in settled if message.ice}) == 2


def test_the_family_of_the_flow_decides_which_sockets_are_used() -> None:
    house = House()
    bridge = house.engine.bridge()
    phone(bridge, "2001:db8::1").answer(IPV6_PHONE)
    phone(bridge, "192.0.2.1").answer(DESK_PHONE)
    assert [message.pair for message in house.said(wire.Open)] == [100, 0]


def test_a_bound_address_is_preferred_to_any_other() -> None:
    house = House(hosts=("127.0.0.1", "192.0.2.1"))
    bridge = house.engine.bridge()
    phone(bridge, "192.0.2.1")
    phone(bridge, "203.0.113.1")  # a router's address: whatever is of its family
    assert [message.pair for message in house.said(wire.Open)] == [100, 0]


def test_a_browser_settles_with_ice_and_the_workers_fingerprint() -> None:
    house = House()
    port = house.engine.bridge().open(Kind.BROWSER, hosts=["203.0.113.1", "10.0.0.1", "2001:db8::1"])
    audio = parse(port.answer(CHROMIUM, like=(OPUS,))).media[0]
    (settled,) = house.said(wire.Settle)
    assert [(candidate.host, candidate.port) for candidate in audio.candidates] == [
        ("203.0.113.1", 30000),
        ("10.0.0.1", 30000),
    ]
    assert audio.fingerprint == PRINT
    assert settled.ice is not None
    assert (settled.ice.ufrag, settled.ice.pwd) == (audio.ufrag, audio.pwd)
    assert (settled.ice.far_ufrag, settled.ice.fingerprint) == ("EsAw", PRINT)
    assert len(audio.pwd) >= 22
    assert (settled.mux, settled.remote, settled.lost_after) == (True, None, BROWSER_LOST_SECONDS)
    assert settled.formats[0] == wire.Format(111, 111, "opus", 48000)


def test_a_browser_is_given_addresses_of_a_family_there_are_sockets_of() -> None:
    house = House(hosts=("0.0.0.0",))
    port = house.engine.bridge().open(Kind.BROWSER, hosts=["2001:db8::1", "203.0.113.1"])
    audio = parse(port.answer(CHROMIUM)).media[0]
    assert [candidate.host for candidate in audio.candidates] == ["203.0.113.1"]


def test_an_ice_restart_keeps_the_port_and_changes_the_credentials() -> None:
    house = House()
    port = house.engine.bridge().open(Kind.BROWSER, hosts=["203.0.113.1"])
    first = parse(port.answer(CHROMIUM)).media[0]
    second = parse(port.answer(CHROMIUM.replace("EsAw", "Qm2x"))).media[0]
    assert first.port == second.port
    assert first.ufrag != second.ufrag
    assert [message.ice.far_ufrag for message in house.said(wire.Settle) if message.ice] == ["EsAw", "Qm2x"]
    assert len(house.said(wire.Open)) == 1


def test_a_refused_offer_leaves_the_port_as_it_was() -> None:
    house = House()
    port = phone(house.engine.bridge())
    port.answer(DESK_PHONE)
    with pytest.raises(NoCommonCodec):
        port.answer(CHROMIUM)
    assert port.codecs == (PCMA, PCMU)
    assert len(house.said(wire.Settle)) == 1


def test_files_need_no_sockets_and_have_no_sdp() -> None:
    house = House()
    bridge = house.engine.bridge()
    music = bridge.open(Kind.PLAY, sound="music", loop=True)
    bridge.open(Kind.RECORD, file="/tmp/call.wav")
    assert [(m.kind, m.pair, m.file, m.loop) for m in house.said(wire.Open)] == [
        ("play", None, "music", True),
        ("record", None, "/tmp/call.wav", False),
    ]
    with pytest.raises(TypeError):
        music.offer()


def test_digits_are_dialled_by_the_worker() -> None:
    house = House()
    port = phone(house.engine.bridge())
    port.dial("#")
    assert house.said(wire.Dial) == [wire.Dial(port.number, "#")]


def test_news_reaches_whoever_listens_with_its_port() -> None:
    house = House()
    port = phone(house.engine.bridge())
    hear = port.worker.hear
    hear(wire.Digit(port.number, "5"))
    hear(wire.Found(port.number))
    hear(wire.Lost(port.number))
    hear(wire.Speaking(port.number, True))
    hear(wire.Report(port.number, 0.1, 0.2, 3.0, None))
    hear(wire.Ended(port.number))
    assert house.events(port) == [
        PortDigit("5"),
        PortFound(),
        PortLost(),
        PortSpeaking(speaking=True),
        PortReport(0.1, 0.2, 3.0, None),
        PortEnded(),
    ]


def test_late_news_of_a_closed_port_is_none() -> None:
    house = House()
    port = phone(house.engine.bridge())
    port.close()
    port.close()
    port.worker.hear(wire.Lost(port.number))
    assert house.events(port) == []
    assert house.said(wire.Close) == [wire.Close(port.number)]


def test_the_longest_rested_sockets_are_used_next() -> None:
    house = House(pairs=2)
    bridge = house.engine.bridge()
    first, second = phone(bridge), phone(bridge)
    with pytest.raises(NoMedia):
        phone(bridge)
    second.close()
    first.close()
    first.worker.hear(wire.Stock((wire.Pair(7, "0.0.0.0", 30002), wire.Pair(8, "0.0.0.0", 30000))))
    phone(bridge)
    assert [message.pair for message in house.said(wire.Open)] == [0, 1, 7]
