"""Rooms of three and more, and ports that go from one bridge to another: what each hears."""

import gc
import weakref
from array import array
from itertools import pairwise
from pathlib import Path

from offhook.media import wire
from tests import tones
from tests.media.house import House, Line
from tests.media.peers import EVENTS, PCMA, PCMU
from tests.media.test_access import Page
from tests.media.test_routing import G722, OPUS, conversation, is_steady, sound_of

SECOND = 8000


def take(line: Line, bridge: int) -> Line:
    line.house.tell(wire.Take(line.number, bridge))
    return line


def rough(sound: "array[int]") -> int:
    """The sharpest edge in a sound, as its second difference: a click stands out."""
    return max(abs(a - 2 * b + c) for a, b, c in zip(sound, sound[1:], sound[2:], strict=False))


def talked(lines: list[Line], frames: int, pitches: dict[int, float]) -> dict[int, "array[int]"]:
    """What each hears in the meantime."""
    before = {line.number: len(sound_of(line)) for line in lines}
    conversation(lines, frames, pitches)
    return {line.number: sound_of(line)[before[line.number] :] for line in lines}


def four() -> tuple[House, list[Line], dict[int, float]]:
    """Their tones fit where a twentieth frame meets a first one, and are cut in mid-air elsewhere."""
    house = House()
    lines = [house.phone(PCMA if n % 2 else PCMU) for n in range(4)]
    return house, lines, {line.number: 217.5 + 50 * n for n, line in enumerate(lines)}


def test_who_leaves_a_room_is_no_longer_heard_and_the_others_hear_no_click() -> None:
    _, lines, pitches = four()
    conversation(lines, 60, pitches)
    *rest, gone = lines
    steady = {number: rough(sound) for number, sound in talked(lines, 40, pitches).items()}
    gone.leave()
    heard = talked(lines, 60, pitches)
    for line in rest:
        assert is_steady(line.heard)
        assert len(heard[line.number]) == 60 * 160
        assert rough(sound_of(line)[-61 * 160 :]) <= steady[line.number] * 1.2
        assert tones.level(heard[line.number][-SECOND:], pitches[gone.number]) < -30
        for other in rest:
            if other is not line:
                assert tones.level(heard[line.number][-SECOND:], pitches[other.number]) > -6
    assert heard[gone.number] == array("h")


def test_who_leaves_in_the_middle_of_a_word_fades_within_20_ms() -> None:
    _, lines, pitches = four()
    quiet = dict.fromkeys(pitches, 0.0)
    conversation(lines, 40, quiet | {lines[0].number: 217.5})
    before = len(sound_of(lines[1]))
    lines[0].close()
    conversation(lines[1:], 2, quiet)
    faded = sound_of(lines[1])[before:]
    thirds = [max(map(abs, faded[at : at + 40])) for at in (0, 60, 120, 180)]
    assert thirds == sorted(thirds, reverse=True)
    assert thirds[0] > 4000
    assert thirds[-1] < 30


def test_who_comes_back_to_a_room_is_heard_again() -> None:
    _, lines, pitches = four()
    lines[0].leave()
    conversation(lines, 30, pitches)
    lines[0].join()
    heard = talked(lines, 80, pitches)
    for line in lines[1:]:
        assert tones.level(heard[line.number][-SECOND:], pitches[lines[0].number]) > -6
    assert tones.level(heard[lines[0].number][-SECOND:], pitches[lines[1].number]) > -6


def test_of_three_two_are_left_who_hear_each_other_straight() -> None:
    house = House()
    lines = [house.phone() for _ in range(3)]
    pitches = {line.number: 400.0 + 200 * n for n, line in enumerate(lines)}
    conversation(lines, 40, pitches)
    lines[2].leave()
    house.pass_time(0.1)
    assert not house.worker.awake  # nothing is mixed any more
    heard = len(lines[1].heard)
    lines[0].says(b"x" * 160)
    assert [packet.payload for packet in lines[1].heard[heard:]] == [b"x" * 160]
    conversation(lines, 10, pitches)
    assert is_steady(lines[0].heard)
    assert is_steady(lines[1].heard)


def test_until_they_speak_g711_members_of_a_room_make_no_noise() -> None:
    house = House()
    wide, page = house.phone(G722, PCMA), house.phone(OPUS, PCMU)
    plain = house.phone(PCMA)
    assert {message.port for message in house.told(wire.Renegotiate)} == {wide.number, page.number}
    for n in range(60):
        wide.says(bytes(range(160)))
        page.says(bytes(range(90)))
        plain.says(tones.frame(500, n, "PCMA"))
        house.pass_time(0.02)
    assert max(map(abs, sound_of(plain)[-SECOND:])) < 30  # that is silence, for each a step of a-law
    for line in (wide, page):  # G.711 they always take
        assert {packet.kind for packet in line.heard[-40:]} <= {0, 8}
        assert tones.level(sound_of(line)[-SECOND:], 500) > -1
    wide.settle(PCMA)
    page.settle(PCMU)
    pitches = {wide.number: 700.0, page.number: 900.0, plain.number: 500.0}
    lines = [wide, page, plain]
    conversation(lines, 60, pitches)
    for line in lines:
        for other in lines:
            level = tones.level(sound_of(line)[-SECOND:], pitches[other.number])
            assert level < -30 if other is line else level > -6


def test_digits_of_a_room_are_told_but_not_heard() -> None:
    house = House()
    lines = [house.phone(PCMA, EVENTS) for _ in range(3)]
    lines[0].presses(5, 101)
    house.pass_time(0.3)
    assert house.told(wire.Digit) == [wire.Digit(lines[0].number, "5")]
    assert {packet.kind for line in lines[1:] for packet in line.heard} == {8}


# ---- from one bridge to another


def test_a_taken_port_is_heard_by_nobody_until_it_joins() -> None:
    house = House()
    anna, boris = house.phone(bridge=1), house.phone(bridge=1)
    carla = house.phone(bridge=2)
    take(anna, 2)
    for line in (anna, boris, carla):
        line.says()
    assert [line.heard for line in (anna, boris, carla)] == [[], [], []]
    anna.join()
    anna.says()
    boris.says()
    carla.says()
    assert [len(line.heard) for line in (anna, boris, carla)] == [1, 0, 1]


def test_the_stream_goes_on_without_a_seam_when_its_port_is_taken() -> None:
    house = House()
    anna, boris = house.phone(G722, bridge=1), house.phone(G722, bridge=1)
    carla = house.phone(G722, bridge=2)
    for speaker in (boris, carla, boris, carla):
        take(anna, 1 if speaker is boris else 2).join()
        for _ in range(5):
            anna.says()
            speaker.says(b"g" * 160)
            house.pass_time(0.02)
    assert is_steady(anna.heard)
    assert [n for n, packet in enumerate(anna.heard) if packet.marked] == [0, 5, 10, 15]
    assert {packet.kind for packet in anna.heard} == {9}
    assert is_steady(carla.heard)
    assert len(boris.heard) == len(carla.heard) == 10


def test_who_is_taken_out_of_a_room_hears_it_no_more_and_is_not_heard_in_it() -> None:
    house, lines, pitches = four()
    conversation(lines, 40, pitches)
    gone, *rest = lines
    take(gone, 2)
    other = house.phone(bridge=2)
    gone.join()
    pitches[other.number] = 1300.0
    heard = talked([*lines, other], 60, pitches)
    assert tones.level(heard[gone.number][-SECOND:], 1300) > -1
    assert tones.level(heard[other.number][-SECOND:], pitches[gone.number]) > -1
    for line in rest:
        assert tones.level(heard[line.number][-SECOND:], pitches[gone.number]) < -30
        assert tones.level(heard[line.number][-SECOND:], 1300) < -30


def test_music_goes_on_where_it_was_taken_to() -> None:
    house = House()
    anna, boris = house.phone(bridge=1), house.phone(bridge=2)
    music = house.open("play", file="music", loop=True).join()
    house.pass_time(0.2)
    take(music, 2).join()
    house.pass_time(0.2)
    assert [len(line.heard) for line in (anna, boris)] == [10, 10]


def test_a_recorder_goes_on_where_it_was_taken_to(tmp_path: Path) -> None:
    house = House()
    anna, boris = house.phone(bridge=1), house.phone(bridge=2)
    recorder = house.open("record", file=str(tmp_path / "call.wav")).join()
    pitches = {anna.number: 500.0, boris.number: 700.0}
    conversation([anna, boris], 60, pitches)
    take(recorder, 2).join()
    conversation([anna, boris], 60, pitches)
    recorder.close()
    kept = array("h", (tmp_path / "call.wav").read_bytes()[44:])
    assert tones.level(kept[:SECOND], 500) > -1
    assert tones.level(kept[-SECOND:], 700) > -1


def test_a_digit_being_dialled_goes_on_after_a_move() -> None:
    house = House()
    anna = house.phone(PCMA, EVENTS)
    house.phone(bridge=2)
    house.tell(wire.Dial(anna.number, "5"))
    house.pass_time(0.06)
    take(anna, 2)
    house.pass_time(0.4)
    assert [packet.kind for packet in anna.heard] == [101] * 10
    assert [(b.seq - a.seq) & 0xFFFF for a, b in pairwise(anna.heard)] == [1] * 9


def test_a_bridge_that_was_left_by_all_is_gone_and_can_be_made_again() -> None:
    house = House()
    anna, boris = house.phone(bridge=1), house.phone(bridge=1)
    for line in (anna, boris):
        take(line, 2).join()
    house.tell(wire.CloseBridge(1))
    anna.says()
    assert len(boris.heard) == 1
    take(take(anna, 1), 1)
    house.tell(wire.CloseBridge(2))
    assert house.returned == [boris.number]
    house.tell(wire.CloseBridge(1))
    assert house.returned == [boris.number, anna.number]


def test_what_a_port_sends_goes_to_the_new_bridge_when_its_address_is_learnt_there() -> None:
    house = House()
    boris = house.phone(bridge=2)
    anna = house.phone(remote=("10.0.0.5", 4000), latch="192.0.2.9")
    take(anna, 2).join()
    anna.says(source=("192.0.2.9", 31000))
    boris.says()
    assert anna.sent[-1][1] == ("192.0.2.9", 31000)


# ---- a browser that comes back


def test_after_a_reload_the_first_packet_goes_out_with_the_next_of_the_other_party() -> None:
    """That is 20 ms at most in a call, and the next tick in a room or from music."""
    house = House()
    boris, old, new = house.phone(), house.phone(), house.phone(join=False)
    for _ in range(3):
        boris.says()
        house.pass_time(0.02)
    old.leave()
    new.join()
    boris.says()
    assert len(new.heard) == 1
    assert len(old.heard) == 3
    house.phone()
    again = house.phone(join=False)
    new.close()
    again.join()
    house.pass_time(0.02)
    assert len(again.heard) == 1


# ---- the end


def test_what_is_closed_is_gone_at_once_and_waits_for_no_collector() -> None:
    """Thousands of closed calls would wait otherwise, and be swept up in the middle of somebody's word."""
    house = House()
    lines = [house.phone(PCMA, EVENTS) for _ in range(3)]
    page = Page(house)
    page.connect()
    everybody = [*lines, page.line]
    for _ in range(5):
        for line in lines:
            line.says()
        house.pass_time(0.02)
    take(lines[2], 2)
    take(lines[0], 2)
    lines[2].join()
    house.tell(wire.Dial(lines[0].join().number, "5"))
    for _ in range(5):
        for line in lines:
            line.says()
        house.pass_time(0.02)
    ports = [weakref.ref(house.ports.pop(line.number)) for line in everybody]
    house.sent.clear()
    gc.collect()
    gc.disable()
    try:
        house.tell(wire.CloseBridge(2), *(wire.Close(line.number) for line in (lines[1], page.line)))
        assert [port() for port in ports] == [None] * 4
    finally:
        gc.enable()
