"""Who hears whom: bridges, relays, files and rooms, with time as an argument."""

import wave
from array import array
from itertools import pairwise
from pathlib import Path

import pytest

from offhook.media import wire
from offhook.media.worker import g711
from tests import tones
from tests.media.house import House, Line
from tests.media.peers import EVENTS, PCMA, PCMU, Packet

G722 = wire.Format(9, 9, "G722", 8000)
OPUS = wire.Format(111, 96, "opus", 48000)


def is_steady(packets: list[Packet]) -> bool:
    """One SSRC, numbers without a gap, a clock that only goes forward."""
    pairs = list(pairwise(packets))
    return len({packet.ssrc for packet in packets}) == 1 and all(
        (b.seq - a.seq) & 0xFFFF == 1 and 0 < (b.timestamp - a.timestamp) & 0xFFFFFFFF < 0x8000_0000
        for a, b in pairs
    )


def conversation(lines: list[Line], frames: int, pitches: dict[int, float]) -> None:
    """Everybody says his tone for so many frames."""
    for n in range(frames):
        for line in lines:
            law: g711.Law = "PCMA" if line.kind else "PCMU"
            line.says(tones.frame(pitches[line.number], n, law))
        lines[0].house.pass_time(0.02)


def sound_of(line: Line) -> "array[int]":
    heard = array("h")
    for packet in line.heard:
        heard += g711.decode("PCMU" if packet.kind == 0 else "PCMA", packet.payload)
    return heard


def test_what_one_says_the_other_hears_under_our_own_header() -> None:
    house = House()
    anna, boris = house.phone(), house.phone()
    for _ in range(5):
        anna.says()
        house.pass_time(0.02)
    assert [packet.payload for packet in boris.heard] == [b"s" * 160] * 5
    assert is_steady(boris.heard)
    assert boris.heard[0].ssrc != anna.ssrc
    assert [packet.marked for packet in boris.heard] == [True] + [False] * 4
    assert anna.heard == []


def test_loss_and_disorder_are_passed_on_as_they_are() -> None:
    house = House()
    anna, boris = house.phone(), house.phone()
    for step in (1, 1, 3, -1, 2):
        anna.seq += step - 1
        anna.timestamp += 160 * (step - 1)
        anna.says()
    first = boris.heard[0].seq
    assert [(packet.seq - first) & 0xFFFF for packet in boris.heard] == [0, 1, 4, 3, 5]


def test_payload_types_are_those_each_side_has_agreed() -> None:
    house = House()
    anna = house.phone(wire.Format(8, 8, "PCMA", 8000), wire.Format(101, 96, "telephone-event", 8000))
    boris = house.phone(wire.Format(118, 119, "pcma", 8000))
    anna.says(kind=8)
    boris.says(kind=118)
    assert boris.heard[0].kind == 119
    assert anna.heard[0].kind == 8


def test_the_two_laws_are_translated() -> None:
    house = House()
    anna, boris = house.phone(PCMA), house.phone(PCMU)
    anna.says(bytes(range(160)))
    assert boris.heard[0].kind == 0
    assert boris.heard[0].payload == bytes(range(160)).translate(g711.TRANSLATE["PCMA", "PCMU"])


def test_what_both_speak_passes_untouched_even_when_it_is_not_their_first() -> None:
    house = House()
    anna, boris = house.phone(OPUS, PCMA), house.phone(PCMA, OPUS)
    anna.says(b"opus", kind=111)
    assert (boris.heard[0].kind, boris.heard[0].payload) == (96, b"opus")


def test_towards_a_phone_each_clock_rate_has_its_own_stream() -> None:
    house = House()
    anna, boris = house.phone(OPUS, PCMA), house.phone(OPUS, PCMA)
    anna.says(b"opus", kind=111)
    anna.says(b"s" * 160, kind=8)
    anna.says(b"opus", kind=111)
    assert boris.heard[0].ssrc == boris.heard[2].ssrc != boris.heard[1].ssrc


def test_music_and_voice_change_places_without_a_seam() -> None:
    house = House()
    anna, boris = house.phone(), house.phone()
    music = house.open("play", file="music", loop=True)
    for _ in range(3):
        for _ in range(10):
            anna.says()
            house.pass_time(0.02)
        anna.leave()
        music.join()
        house.pass_time(0.2)
        music.leave()
        anna.join()
    assert is_steady(boris.heard)
    assert len(boris.heard) == 60
    marks = [n for n, packet in enumerate(boris.heard) if packet.marked]
    assert marks == [0, 10, 20, 30, 40, 50]
    between = [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in pairwise(boris.heard)]
    assert max(between) <= 480


def test_a_phone_that_starts_a_new_stream_is_followed_without_a_seam() -> None:
    house = House()
    anna, boris = house.phone(), house.phone()
    for n in range(30):
        if n == 10:
            anna.ssrc, anna.seq, anna.timestamp = 4711, 40_000, 9_999_999
        if n == 20:
            anna.seq, anna.timestamp = 7, 3
        anna.says()
        house.pass_time(0.02)
    assert is_steady(boris.heard)
    assert [n for n, packet in enumerate(boris.heard) if packet.marked] == [0, 10, 20]


def test_who_may_not_be_heard_or_hear_is_left_out() -> None:
    house = House()
    anna, boris = house.phone(), house.phone()
    anna.join(heard=False)
    anna.says()
    boris.says()
    assert (len(anna.heard), len(boris.heard)) == (1, 0)
    anna.join(hears=False)
    anna.says()
    boris.says()
    assert (len(anna.heard), len(boris.heard)) == (1, 1)


def test_directions_agreed_are_kept() -> None:
    house = House()
    anna, boris = house.phone(), house.phone()
    anna.settle(PCMA, sends=False)
    boris.says()
    assert anna.heard == []
    anna.settle(PCMA, receives=False)
    anna.says()
    boris.says()
    assert (len(anna.heard), len(boris.heard)) == (1, 0)


def test_a_caller_hears_ringback_until_the_callee_is_there() -> None:
    house = House()
    caller = house.phone(PCMU)
    tone = house.open("play", file="ringback", loop=True).join()
    house.pass_time(1.0)
    assert tones.level(sound_of(caller), 425) > -1
    assert len(caller.heard) == 50
    tone.close()
    house.pass_time(1.0)
    assert len(caller.heard) == 50


def test_a_file_ends_and_says_so_once(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "beep.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(tones.tone(500, 0.1).tobytes())
    house = House()
    caller = house.phone()
    prompt = house.open("play", file=str(tmp_path / "beep.wav")).join()
    house.pass_time(1.0)
    assert house.told(wire.Ended) == [wire.Ended(prompt.number)]
    assert len(caller.heard) == 5
    assert not house.worker.awake


def test_a_prompt_waits_for_somebody_who_can_hear_it(tmp_path: Path) -> None:
    house = House()
    caller = house.open()
    caller.join()
    house.open("play", file="busy").join()
    house.pass_time(5.0)
    caller.settle(PCMA)
    house.pass_time(0.5)
    assert tones.level(sound_of(caller)[:4000], 425) > -1


def test_after_a_stall_the_tick_skips_and_never_catches_up() -> None:
    house = House()
    caller = house.phone()
    house.open("play", file="music", loop=True).join()
    house.pass_time(0.2)
    house.stall(0.5)
    house.pass_time(0.2)
    assert len(caller.heard) == 21
    assert is_steady(caller.heard)
    assert (caller.heard[-1].timestamp - caller.heard[0].timestamp) & 0xFFFFFFFF == 44 * 160


def test_three_hear_each_other_and_nobody_himself() -> None:
    house = House()
    lines = [house.phone(), house.phone(PCMU), house.phone()]
    pitches = {line.number: 400.0 + 200 * n for n, line in enumerate(lines)}
    conversation(lines, 60, pitches)
    for line in lines:
        heard = sound_of(line)[-8000:]
        for number, pitch in pitches.items():
            if number == line.number:
                assert tones.level(heard, pitch) < -30
            else:
                assert tones.level(heard, pitch) > -6
        assert is_steady(line.heard)


def test_from_two_to_three_and_back_the_stream_has_no_seam() -> None:
    house = House()
    anna, boris = house.phone(), house.phone()
    carla = house.phone(join=False)
    pitches = {anna.number: 500.0, boris.number: 700.0, carla.number: 900.0}
    lines = [anna, boris, carla]
    conversation(lines, 20, pitches)
    carla.join()
    conversation(lines, 60, pitches)
    assert tones.level(sound_of(anna)[-8000:], 900) > -6
    carla.close()
    conversation([anna, boris], 60, pitches)
    assert is_steady(anna.heard)
    assert tones.level(sound_of(anna)[-8000:], 700) > -1
    assert tones.level(sound_of(anna)[-8000:], 900) < -30


def test_a_silent_listener_hears_all_and_is_not_heard() -> None:
    house = House()
    lines = [house.phone(), house.phone(), house.phone()]
    lines[2].join(heard=False)
    pitches = {line.number: 400.0 + 200 * n for n, line in enumerate(lines)}
    conversation(lines, 60, pitches)
    assert tones.level(sound_of(lines[2])[-8000:], 400) > -5
    assert tones.level(sound_of(lines[2])[-8000:], 600) > -5
    assert tones.level(sound_of(lines[0])[-8000:], 600) > -1
    assert tones.level(sound_of(lines[0])[-8000:], 800) < -30


def test_a_recorder_takes_down_both_and_leaves_the_relay_alone(tmp_path: Path) -> None:
    house = House()
    anna, boris = house.phone(), house.phone()
    recorder = house.open("record", file=str(tmp_path / "call.wav")).join()
    conversation([anna, boris], 100, {anna.number: 500, boris.number: 700})
    recorder.close()
    with wave.open(str(tmp_path / "call.wav")) as file:
        kept = array("h", file.readframes(file.getnframes()))
    assert abs(len(kept) - 16000) <= 320
    assert tones.level(kept[-8000:], 500) > -4
    assert tones.level(kept[-8000:], 700) > -4
    assert len(boris.heard) == 100


def test_digits_pass_with_the_sound_and_are_told_once() -> None:
    house = House()
    anna, boris = house.phone(PCMA, EVENTS), house.phone(PCMA, wire.Format(96, 97, "telephone-event", 8000))
    anna.says()
    anna.presses(5, 101)
    anna.presses(5, 101)
    assert house.told(wire.Digit) == [wire.Digit(anna.number, "5")] * 2
    assert [packet.kind for packet in boris.heard] == [8] + [97] * 10
    assert len({packet.timestamp for packet in boris.heard}) == 3


def test_who_takes_no_events_hears_the_digit_as_tones() -> None:
    house = House()
    anna, boris = house.phone(PCMA, EVENTS), house.phone(PCMA)
    anna.presses(5, 101)
    house.pass_time(0.5)
    assert house.told(wire.Digit) == [wire.Digit(anna.number, "5")]
    assert len(boris.heard) == 8
    assert tones.level(sound_of(boris), 770) > -4
    assert tones.level(sound_of(boris), 1336) > -4


def test_while_we_dial_the_voice_waits_and_the_stream_has_no_seam() -> None:
    house = House()
    anna, boris = house.phone(PCMA, EVENTS), house.phone(PCMA)
    for n in range(60):
        if n == 10:
            house.tell(wire.Dial(anna.number, "1"), wire.Dial(anna.number, "2"))
        boris.says()
        house.pass_time(0.02)
    keys = [packet.payload[0] for packet in anna.heard if packet.kind == 101]
    assert keys == [1] * 10 + [2] * 10
    assert [(b.seq - a.seq) & 0xFFFF for a, b in pairwise(anna.heard)] == [1] * (len(anna.heard) - 1)
    assert anna.heard[-1].kind == 8


def test_when_the_others_lack_the_codec_the_server_is_asked_once() -> None:
    house = House()
    anna = house.phone(G722, PCMA)
    house.phone(PCMA)
    house.phone(PCMA)
    assert house.told(wire.Renegotiate) == [wire.Renegotiate(anna.number)]
    anna.settle(PCMA)
    assert len(house.told(wire.Renegotiate)) == 1


def test_who_shares_the_codec_is_left_in_peace() -> None:
    house = House()
    house.phone(G722, PCMA)
    house.phone(PCMA, G722)
    assert house.told(wire.Renegotiate) == []


def test_closing_a_bridge_gives_every_pair_back() -> None:
    house = House()
    lines = [house.phone() for _ in range(3)]
    house.open("play", file="music", loop=True).join()
    house.tell(wire.CloseBridge(1))
    assert house.returned == [line.number for line in lines]
    house.tell(wire.Measure(), wire.CloseBridge(1))
    assert house.told(wire.Counters)[0].ports == 0
    house.pass_time(0.1)
    assert not house.worker.awake


def test_bridges_do_not_hear_each_other() -> None:
    house = House()
    anna = house.phone(bridge=1)
    others = [house.phone(bridge=2), house.phone(bridge=2)]
    anna.says()
    assert [line.heard for line in others] == [[], []]


@pytest.mark.parametrize("members", [20])
def test_a_room_of_many_costs_each_one_packet_a_tick(members: int) -> None:
    house = House()
    lines = [house.phone() for _ in range(members)]
    for _ in range(10):
        for line in lines:
            line.says()
        house.pass_time(0.02)
    assert {len(line.heard) for line in lines} == {10}
