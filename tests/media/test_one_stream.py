"""What goes out to browsers, who follow one SSRC through all codecs but no second; digits by two clocks."""

import struct
from itertools import pairwise

from offhook.media import wire
from offhook.media.worker.rtcp import SENDER
from tests.media.house import House, Line
from tests.media.peers import EVENTS, PCMA, PCMU, Packet

OPUS = wire.Format(111, 96, "opus", 48000)
EVENTS_48 = wire.Format(110, 97, "telephone-event", 48000)


def browser(house: House, *formats: wire.Format) -> Line:
    return house.open("browser").settle(*formats).join()


def steps(packets: list[Packet]) -> list[int]:
    return [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in pairwise(packets)]


def is_one_stream(packets: list[Packet]) -> bool:
    numbers = [(b.seq - a.seq) & 0xFFFF for a, b in pairwise(packets)]
    return len({packet.ssrc for packet in packets}) == 1 and set(numbers) == {1}


def talk(line: Line, frames: int) -> None:
    for _ in range(frames):
        line.says(b"opus")
        line.house.pass_time(0.02)


def test_music_and_opus_are_one_stream_each_by_its_own_clock() -> None:
    house = House()
    anna, page = browser(house, OPUS, PCMA), browser(house, OPUS, PCMA)
    music = house.open("play", file="music", loop=True)
    for _ in range(2):
        talk(anna, 5)
        anna.leave()
        music.join()
        house.pass_time(0.1)
        music.leave()
        anna.join()
    talk(anna, 5)
    assert [packet.kind for packet in page.heard] == ([96] * 5 + [8] * 5) * 2 + [96] * 5
    assert is_one_stream(page.heard)
    assert [n for n, packet in enumerate(page.heard) if packet.marked] == [0, 5, 10, 15, 20]
    took = steps(page.heard)
    for turn in range(5):
        frame = 160 if turn % 2 else 960
        assert took[5 * turn : 5 * turn + 4] == [frame] * 4
        if turn:
            assert frame <= took[5 * turn - 1] <= 2 * frame


def test_who_changes_his_codec_stays_one_stream() -> None:
    house = House()
    anna, page = browser(house, OPUS, PCMA), browser(house, OPUS, PCMA)
    for kind, frame in ((111, 960), (8, 160), (111, 960)):
        anna.frame = frame
        for _ in range(3):
            anna.says(kind=kind)
            house.pass_time(0.02)
    assert [packet.kind for packet in page.heard] == [96] * 3 + [8] * 3 + [96] * 3
    assert is_one_stream(page.heard)
    assert [n for n, packet in enumerate(page.heard) if packet.marked] == [0, 3, 6]


def test_a_digit_of_another_clock_goes_out_in_the_sounds_stream_and_lasts_as_long() -> None:
    house = House()
    anna, page = browser(house, OPUS, PCMA, EVENTS), browser(house, OPUS, PCMA, EVENTS_48)
    talk(anna, 5)
    anna.presses(5, 101)
    house.pass_time(0.06)
    anna.presses(5, 101)
    house.pass_time(0.06)
    talk(anna, 5)
    keys = page.heard[5:15]
    assert is_one_stream(page.heard)
    assert {packet.kind for packet in keys} == {97}
    assert [packet.marked for packet in keys] == [True, False, False, False, False] * 2
    assert [struct.unpack("!BBH", packet.payload) for packet in keys] == [
        (5, 10, 960), (5, 10, 1920), (5, 138, 2880), (5, 138, 2880), (5, 138, 2880)
    ] * 2  # fmt: skip
    assert steps(page.heard[4:6]) == [960]
    assert steps(keys) == [0, 0, 0, 0, 2880, 0, 0, 0, 0]
    assert not any(packet.marked for packet in page.heard[15:])
    assert steps(page.heard[15:]) == [960] * 4
    assert house.told(wire.Digit) == [wire.Digit(anna.number, "5")] * 2


def test_a_phone_is_given_the_digits_of_an_opus_call_by_the_clock_it_knows() -> None:
    house = House()
    page, phone = browser(house, OPUS, PCMA, EVENTS_48), house.phone(PCMA, EVENTS)
    page.says(b"s" * 160, kind=8)
    house.pass_time(0.02)
    page.presses(7, 110, rate=48000)
    house.pass_time(0.5)
    assert is_one_stream(phone.heard)
    assert [packet.payload[0] for packet in phone.heard[1:]] == [7] * 5
    assert [int.from_bytes(packet.payload[2:]) for packet in phone.heard[1:]] == [160, 320, 480, 480, 480]
    assert steps(phone.heard) == [160, 0, 0, 0, 0]


def test_a_phone_of_one_clock_and_an_opus_page_exchange_digits_both_ways() -> None:
    house = House()
    phone, page = house.phone(PCMU, EVENTS), browser(house, OPUS, PCMU, EVENTS_48)
    phone.says()
    phone.presses(3, 101)
    page.presses(4, 110, rate=48000)
    assert [packet.kind for packet in page.heard] == [0] + [97] * 5
    assert [packet.kind for packet in phone.heard] == [101] * 5
    assert is_one_stream(page.heard)
    assert is_one_stream(phone.heard)


def test_sound_between_the_packets_of_a_digit_takes_nothing_from_either() -> None:
    house = House()
    anna, page = browser(house, OPUS, EVENTS), browser(house, OPUS, EVENTS_48)
    talk(anna, 2)
    began = anna.timestamp
    for n in range(1, 4):
        voice, anna.timestamp = anna.timestamp, began
        anna.says(bytes((5, 10)) + (160 * n).to_bytes(2, "big"), kind=101)
        anna.timestamp = voice
        talk(anna, 1)
    assert is_one_stream(page.heard)
    assert steps([packet for packet in page.heard if packet.kind == 96]) == [960] * 4
    assert len({packet.timestamp for packet in page.heard if packet.kind == 97}) == 1
    assert [packet.kind for packet in page.heard if packet.marked] == [96, 97]


def test_a_straggler_of_an_earlier_digit_is_not_passed_on_as_another() -> None:
    house = House()
    anna, page = browser(house, OPUS, EVENTS), browser(house, OPUS, EVENTS_48)
    anna.presses(1, 101)
    old = anna.timestamp - 3 * 960
    anna.presses(2, 101)
    anna.timestamp = old
    anna.says(bytes((1, 138, 1, 224)), kind=101)
    assert [packet.payload[0] for packet in page.heard] == [1] * 5 + [2] * 5


def test_a_key_held_longer_than_the_faster_clock_can_say_stays_one_digit() -> None:
    house = House()
    anna, page = browser(house, OPUS, EVENTS), browser(house, OPUS, EVENTS_48)
    for duration in (160, 16000, 32000):
        anna.timestamp = 0
        anna.frame = 0
        anna.says(bytes((5, 10)) + duration.to_bytes(2, "big"), kind=101)
        house.pass_time(1.0)
    assert [int.from_bytes(packet.payload[2:]) for packet in page.heard] == [960, 0xFFFF, 0xFFFF]
    assert len({packet.timestamp for packet in page.heard}) == 1


def test_what_we_dial_goes_out_in_the_sounds_stream() -> None:
    house = House()
    anna, page = browser(house, OPUS, PCMA), browser(house, OPUS, PCMA, EVENTS_48)
    talk(anna, 3)
    house.tell(wire.Dial(page.number, "7"))
    talk(anna, 20)
    assert [packet.kind for packet in page.heard][4:14] == [97] * 10
    assert page.heard[-1].kind == 96
    assert is_one_stream(page.heard)
    assert [int.from_bytes(packet.payload[2:]) for packet in page.heard[4:7]] == [960, 1920, 2880]


def test_our_reports_to_a_browser_speak_of_the_one_stream_by_the_clock_of_now() -> None:
    house = House()
    anna = browser(house, OPUS, PCMA)
    page = house.open("browser").settle(OPUS, PCMA, mux=True).join()
    for frames, kind, frame in ((300, 111, 960), (300, 8, 160)):
        anna.frame, anna.kind = frame, kind
        talk(anna, frames)
        reports = [data for data, _ in page.sent if data[1] == SENDER]
        timestamp = int.from_bytes(reports[-1][16:20])
        assert reports[-1][4:8] == page.heard[-1].ssrc.to_bytes(4)
        assert 0 <= (page.heard[-1].timestamp - timestamp) & 0xFFFFFFFF <= 6 * frame * 50


def test_a_page_that_goes_on_in_g711_is_not_thought_to_jitter() -> None:
    house = House()
    page = browser(house, OPUS, PCMA)
    talk(page, 300)
    page.settle(PCMA)
    talk(page, 600)
    assert house.told(wire.Report)[-1].jitter < 1
