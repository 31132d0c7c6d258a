"""Who may speak to a port: bleed, inject, wrong tags, handshakes of strangers, any bytes."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offhook.media import wire
from offhook.media.worker import rtcp, stun
from offhook.media.worker.rtp import HEADER, Incoming, Outgoing
from tests.media.house import House, Line, eventually
from tests.media.peers import PCMA, PCMU, Client, Credentials, keys

STRANGER = ("203.0.113.66", 6666)
SOUND = b"s" * 160


def call() -> tuple[House, Line, Line]:
    house = House()
    return house, house.phone(), house.phone()


class Page:
    """A browser and the port it talks to."""

    def __init__(self, house: House, *, settled: bool = True) -> None:
        self.line = house.open("browser")
        self.house = house
        self.client = Client()
        self.credentials = Credentials()
        self.address = self.line.address
        if settled:
            self.settle()
        self.line.join()

    def settle(self, fingerprint: str = "") -> None:
        ice = self.credentials.ice(fingerprint or self.client.fingerprint)
        self.line.settle(PCMA, remote=None, ice=ice, mux=True, lost_after=5.0)

    def check(self, source: tuple[str, int] | None = None) -> None:
        self.line.arrives(self.credentials.check(), source or self.address)

    def shake(self, source: tuple[str, int] | None = None) -> None:
        to_port = self.client.start()
        while to_port:
            begun = len(self.line.sent)
            for datagram in to_port:
                self.line.arrives(datagram, source or self.address)
            to_port = [
                answer
                for data, to in self.line.sent[begun:]
                if 19 < data[0] < 64 and to == (source or self.address)
                for answer in self.client.receive(data)
            ]

    def connect(self) -> None:
        self.check()
        self.shake()

    def says(self, source: tuple[str, int] | None = None) -> None:
        shield = self.client.shield
        self.line.says(source=source or self.address, seal=shield.seal if shield else bytes)

    @property
    def heard(self) -> list[bytes]:
        return [data for data, _ in self.line.sent if 127 < data[0] < 192]


# ---- phones


def test_strangers_are_neither_heard_nor_told_anything() -> None:
    house, anna, boris = call()
    anna.says()
    for _ in range(100):
        anna.says(source=STRANGER)
        boris.says()
    assert len(boris.heard) == 1
    assert {to for _, to in anna.sent} == {anna.address}
    assert house.worker.refused == {"source": 100}


def test_the_same_host_on_another_port_is_a_stranger() -> None:
    _, anna, boris = call()
    anna.says(source=(anna.address[0], 9))
    assert boris.heard == []


def test_a_payload_type_nobody_agreed_to_is_dropped() -> None:
    house, anna, boris = call()
    anna.says(kind=18)
    assert boris.heard == []
    assert house.worker.refused == {"payload-type": 1}


def test_behind_nat_the_first_from_the_signalling_ip_is_followed_and_nobody_after() -> None:
    house = House()
    boris = house.phone()
    anna = house.phone(remote=("10.0.0.5", 4000), latch="192.0.2.9")
    anna.says(source=STRANGER)
    assert boris.heard == []
    anna.says(source=("192.0.2.9", 31000), kind=77)
    anna.says(source=("192.0.2.9", 31000))
    assert len(boris.heard) == 1
    anna.says(source=("192.0.2.9", 31002))
    assert len(boris.heard) == 1
    boris.says()
    assert anna.sent[-1][1] == ("192.0.2.9", 31000)


def test_with_keys_only_a_right_tag_is_followed() -> None:
    house = House()
    boris = house.phone()
    theirs, shield = keys()
    anna = house.phone(remote=("10.0.0.5", 4000), latch="192.0.2.9", keys=theirs)
    anna.says(source=("192.0.2.9", 1111))
    boris.says()
    assert anna.sent[-1][1] == ("10.0.0.5", 4000)
    anna.says(source=("192.0.2.9", 2222), seal=shield.seal)
    boris.says()
    assert anna.sent[-1][1] == ("192.0.2.9", 2222)


@pytest.mark.parametrize("suite", ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM"])
def test_a_hundred_wrong_tags_are_counted_and_the_call_goes_on(suite: str) -> None:
    house = House()
    theirs, shield = keys(suite)
    anna, boris = house.phone(keys=theirs), house.phone()
    for _ in range(100):
        anna.says(SOUND + bytes(10))
    anna.says(seal=shield.seal)
    boris.says()
    assert [packet.payload for packet in boris.heard] == [SOUND]
    assert shield.open(anna.sent[-1][0])[12:] == SOUND
    assert house.worker.refused == {"tag": 100}


def test_the_same_keys_settled_again_do_not_start_the_numbers_anew() -> None:
    house = House()
    theirs, shield = keys()
    anna, boris = house.phone(keys=theirs), house.phone()
    for _ in range(3):
        boris.says()
        shield.open(anna.sent[-1][0])
        anna.settle(PCMA, keys=theirs)
    new, fresh = keys()
    anna.settle(PCMA, keys=new)
    boris.says()
    assert fresh.open(anna.sent[-1][0])[12:] == SOUND


def test_bad_keys_leave_the_port_closed() -> None:
    house = House()
    anna = house.open()
    with pytest.raises(ValueError, match="takes 30 bytes"):
        anna.settle(PCMA, keys=wire.Keys("AES_CM_128_HMAC_SHA1_80", b"short", b"short"))
    with pytest.raises(ValueError, match="takes 30 bytes"):
        anna.settle(PCMA, keys=wire.Keys("AES_CM_128_HMAC_SHA1_80", b"short", b"short"))
    boris = house.phone()
    anna.join()
    anna.says()
    assert boris.heard == []


def test_plain_stun_is_answered_and_does_not_make_a_friend() -> None:
    _, anna, boris = call()
    anna.arrives(stun.write(stun.REQUEST, bytes(12), [], None), STRANGER)
    answer = stun.read(anna.sent[-1][0])
    assert answer is not None
    assert answer.attributes[stun.XOR_MAPPED_ADDRESS] == stun.mapped(*STRANGER, bytes(12))
    anna.says(source=STRANGER)
    assert boris.heard == []


# ---- browsers


def test_a_browser_that_checked_and_shook_hands_is_heard_and_hears() -> None:
    house = House()
    desk, page = house.phone(), Page(house)
    page.connect()
    page.says()
    desk.says()
    assert len(desk.heard) == 1
    assert page.client.shield is not None
    assert page.client.shield.open(page.heard[-1])[12:] == SOUND


def test_the_answer_may_come_after_the_handshake() -> None:
    house = House()
    desk, page = house.phone(), Page(house)
    page.settle(fingerprint="sha-256 " + ":".join(["00"] * 32))
    page.check()
    page.client.start()
    page.settle()
    page.shake()
    page.says()
    assert len(desk.heard) == 1


def test_nothing_moves_in_either_direction_before_the_fingerprint_matched() -> None:
    house = House()
    desk, page = house.phone(), Page(house)
    page.settle(fingerprint="sha-256 " + ":".join(["00"] * 32))
    page.connect()
    for _ in range(10):
        page.says()
        desk.says()
        page.line.says(source=page.address)
    house.pass_time(11.0)
    assert desk.heard == []
    assert page.heard == []
    assert house.worker.refused["fingerprint"] == 1
    assert house.told(wire.Found) == [wire.Found(desk.number)]


def test_before_a_check_no_handshake_is_answered() -> None:
    """CVE-2023-49786 and its kin: a ClientHello from anywhere must not take the call."""
    house = House()
    desk, page = house.phone(), Page(house)
    attacker = Client()
    page.line.arrives(attacker.start()[0], STRANGER)
    page.check()
    page.line.arrives(attacker.start()[0], STRANGER)
    assert all(to != STRANGER for _, to in page.line.sent)
    page.shake()
    page.says()
    assert len(desk.heard) == 1
    assert house.worker.refused["source"] == 2


def test_a_check_with_the_wrong_password_opens_nothing() -> None:
    house = House()
    page = Page(house)
    page.line.arrives(page.credentials.check(pwd="guess"), STRANGER)
    page.line.arrives(Client().start()[0], STRANGER)
    assert page.line.sent == []


def test_sealed_sound_from_an_unproved_address_is_dropped() -> None:
    house = House()
    desk, page = house.phone(), Page(house)
    page.connect()
    page.says(STRANGER)
    assert desk.heard == []


def test_a_change_of_network_is_followed_with_one_check() -> None:
    house = House()
    desk, page = house.phone(), Page(house)
    page.connect()
    mobile = ("198.51.100.7", 7777)
    page.check(mobile)
    page.says(mobile)
    desk.says()
    assert len(desk.heard) == 1
    assert page.line.sent[-1][1] == mobile


def test_after_an_ice_restart_the_same_keys_go_on() -> None:
    house = House()
    desk, page = house.phone(), Page(house)
    page.connect()
    page.credentials = Credentials()
    page.settle()
    mobile = ("198.51.100.7", 7777)
    page.says()
    page.check(mobile)
    page.says(mobile)
    desk.says()
    assert len(desk.heard) == 2
    assert page.line.sent[-1][1] == mobile


def test_the_same_certificate_under_another_digest_changes_nothing() -> None:
    house = House()
    desk, page = house.phone(), Page(house)
    page.connect()
    house.pass_time(30.0)  # the handshake is long forgotten
    page.settle(page.client.fingerprint.lower())
    page.says()
    desk.says()
    assert len(desk.heard) == 1
    assert page.client.shield is not None
    assert page.client.shield.open(page.heard[-1])[12:] == SOUND


def test_another_fingerprint_needs_another_handshake() -> None:
    house = House()
    desk, page = house.phone(), Page(house)
    page.connect()
    old = page.client
    page.client = Client()
    page.settle()
    desk.says()
    assert page.heard == []
    page.shake()
    desk.says()
    assert page.client.shield is not None
    assert old.fingerprint != page.client.fingerprint
    assert page.client.shield.open(page.heard[-1])[12:] == SOUND


def test_a_lost_flight_of_ours_comes_again() -> None:
    """OpenSSL repeats it after a second of its own clock; `sweep` is what lets it."""
    house = House()
    page = Page(house)
    page.check()
    page.line.arrives(page.client.start()[0], page.address)
    first = len(page.line.sent)

    def again() -> bool:
        house.pass_time(0.1)
        return len(page.line.sent) > first

    assert eventually(again)
    assert page.line.sent[-1][0][0] == 22


def test_bad_records_in_a_running_call_do_not_end_it() -> None:
    house = House()
    desk, page = house.phone(), Page(house)
    page.connect()
    dice = random.Random(9)
    for _ in range(300):
        page.line.arrives(bytes((dice.choice((20, 21, 22, 23)),)) + dice.randbytes(80), page.address)
    page.says()
    desk.says()
    assert len(desk.heard) == 1
    assert len(page.heard) == 1


# ---- lost and found, reports


def test_found_at_the_first_sound_and_lost_after_silence() -> None:
    house = House()
    anna = house.phone(lost_after=60.0)
    house.pass_time(5.0)
    assert house.said == []
    anna.says()
    anna.says()
    assert house.told(wire.Found) == [wire.Found(anna.number)]
    house.pass_time(58.0)
    assert house.told(wire.Lost) == []
    house.pass_time(3.0)
    assert house.told(wire.Lost) == [wire.Lost(anna.number)]
    house.pass_time(100.0)
    anna.says()
    assert len(house.told(wire.Lost)) == 1
    assert len(house.told(wire.Found)) == 2


def test_checks_alone_keep_a_browser_from_being_lost() -> None:
    house = House()
    page = Page(house)
    page.connect()
    for _ in range(10):
        house.pass_time(2.5)
        page.check()
    assert house.told(wire.Lost) == []
    house.pass_time(6.0)
    assert house.told(wire.Lost) == [wire.Lost(page.line.number)]
    page.check()
    assert house.told(wire.Found) == [wire.Found(page.line.number)]


def test_never_means_never() -> None:
    house = House()
    house.phone(lost_after=0.0)
    house.pass_time(200.0)
    assert house.told(wire.Lost) == []


def test_reports_go_to_the_neighbour_port_or_along_with_the_sound() -> None:
    house = House()
    anna, boris = house.phone(), house.phone(mux=True)
    for _ in range(300):
        anna.says()
        boris.says()
        house.pass_time(0.02)
    aside = house.sent_rtcp[anna.number]
    assert aside
    assert {to for _, to in aside} == {(anna.address[0], anna.address[1] + 1)}
    assert aside[-1][0][1] == rtcp.SENDER
    assert house.sent_rtcp[boris.number] == []
    assert [data for data, _ in boris.sent if 192 <= data[1] <= 223]


def test_what_the_peer_reports_is_told() -> None:
    house = House()
    anna, boris = house.phone(), house.phone()
    for n in range(600):
        anna.says()
        if n % 10:
            boris.says()
        else:
            boris.seq += 1
            boris.timestamp += 160
        house.pass_time(0.02)
        if n == 300:
            sent, _ = rtcp.read(house.sent_rtcp[boris.number][-1][0])
            report = rtcp.report(
                Outgoing(8000), incoming_of(boris.heard[-1].ssrc), fraction_lost=0.25,
                since=(sent[0].middle, 0.0), name=b"b", unix=0, now=0, sending=False,
            )  # fmt: skip
            source = (boris.address[0], boris.address[1] + 1)
            house.ports[boris.number].receive_rtcp(report, STRANGER, house.now)
            house.ports[boris.number].receive_rtcp(report, source, house.now)
    last = [report for report in house.told(wire.Report) if report.port == boris.number][-1]
    assert last.loss == pytest.approx(0.1, abs=0.02)
    assert last.far_loss == pytest.approx(0.25, abs=0.01)
    assert last.jitter < 1.0
    assert last.round_trip is not None
    assert 0 <= last.round_trip < 6000
    assert house.worker.refused == {"source": 1}


def incoming_of(ssrc: int) -> Incoming:
    incoming = Incoming(ssrc, 1, 8000)
    incoming.arrived(1, 0, 0)
    return incoming


# ---- any bytes


def harmless(line: Line, data: bytes, source: tuple[str, int]) -> None:
    """As the loop's guard does it."""
    for receive in (line.house.ports[line.number].receive, line.house.ports[line.number].receive_rtcp):
        try:
            receive(data, source, line.house.now)
        except Exception:
            line.house.worker.refused["malformed"] += 1


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=20))
def test_any_bytes_from_anybody_leave_a_call_as_it_was(packets: list[tuple[bool, bytes]]) -> None:
    house = House()
    theirs, shield = keys()
    anna, boris, page = house.phone(keys=theirs, mux=True), house.phone(), Page(house)
    page.check()
    for stranger, data in packets:
        for line in (anna, boris, page.line):
            harmless(line, data, STRANGER if stranger else line.address)
    page.shake()
    anna.says(seal=shield.seal)
    page.says()
    house.pass_time(0.1)
    assert len(boris.heard) >= 3


def test_mutations_of_what_a_call_is_made_of_do_not_end_it() -> None:
    house = House()
    desk, page = house.phone(PCMA, mux=True), Page(house)
    page.connect()
    assert page.client.shield is not None
    seeds = [
        HEADER.pack(0x80, 8, 1, 2, 3) + SOUND,
        HEADER.pack(0xB1, 8, 1, 2, 3) + SOUND,
        page.client.shield.seal(HEADER.pack(0x80, 8, 9, 2, 3) + SOUND),
        page.credentials.check(),
        page.client.start()[0],
        house.sent_rtcp[desk.number][0][0]
        if house.sent_rtcp[desk.number]
        else b"\x81\xc9\x00\x07" + bytes(28),
    ]
    dice = random.Random(5)
    for _ in range(20_000):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randint(1, 5)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        cut = bytes(data[: dice.choice((len(data), dice.randint(0, len(data))))])
        message = stun.read(cut)
        if message and message.is_signed_with(page.credentials.port_pwd.encode()):
            continue  # only its fingerprint was hit: a good check
        line = dice.choice((desk, page.line))
        harmless(line, cut, dice.choice((line.address, STRANGER)))
    house.pass_time(6.0)
    before = len(desk.heard)
    page.line.seq += 20
    page.says()
    assert len(desk.heard) == before + 1
    assert not any(to == STRANGER and 127 < data[0] < 192 for data, to in page.line.sent + desk.sent)


def test_laws_meet_across_a_browser() -> None:
    house = House()
    desk, page = house.phone(PCMU), Page(house)
    page.connect()
    page.says()
    assert desk.heard[0].kind == 0
