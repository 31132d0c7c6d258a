"""Telephone-events: told once each, and sent so that anybody can read them."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from offhook.media.worker import g711
from offhook.media.worker.digits import FRAMES, KEYS, Dialler, Listener
from offhook.media.worker.rtp import HEADER, Outgoing
from tests import tones


def event(key: int, *, ended: bool = False, duration: int = 160) -> bytes:
    return struct.pack("!BBH", key, 10 | ended << 7, duration)


def dialler(stream: Outgoing, event: int | None = 101) -> Dialler:
    return Dialler(stream, event=event, rate=8000, law="PCMA", audio=8)


def sent(ours: Dialler, keys: str) -> list[bytes]:
    for key in keys:
        ours.dial(key)
    packets: list[bytes] = []
    now = 10.0
    while ours.busy:
        packets += ours.tick(now)
        now += 0.02
    return packets


def test_a_digit_is_told_once_at_its_end_however_often_that_is_repeated() -> None:
    ear = Listener()
    told = [ear.hear(1, 8000, event(5), 0.0), ear.hear(1, 8000, event(5), 0.02)]
    told += [ear.hear(1, 8000, event(5, ended=True), 0.04) for _ in range(3)]
    assert [key for keys in told for key in keys] == ["5"]


def test_a_digit_whose_end_was_lost_is_told_by_the_next_or_in_time() -> None:
    ear = Listener()
    assert ear.hear(1, 8000, event(1), 0.0) == []
    assert ear.hear(1, 9000, event(2), 0.1) == ["1"]
    assert ear.sweep(0.2) == []
    assert ear.sweep(0.4) == ["2"]
    assert ear.sweep(0.5) == []


def test_the_same_key_pressed_twice_is_two_digits() -> None:
    ear = Listener()
    assert ear.hear(1, 8000, event(11, ended=True), 0.0) == ["#"]
    assert ear.hear(1, 9600, event(11, ended=True), 0.2) == ["#"]


def test_a_straggler_of_an_earlier_event_is_no_digit() -> None:
    ear = Listener()
    ear.hear(1, 8000, event(1, ended=True), 0.0)
    ear.hear(1, 9600, event(2, ended=True), 0.2)
    assert ear.hear(1, 8000, event(1, ended=True), 0.21) == []


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=8))))
def test_any_events_give_keys_or_nothing(events: list[tuple[int, bytes]]) -> None:
    ear = Listener()
    for timestamp, payload in events:
        assert set(ear.hear(1, timestamp, payload, 0.0)) <= set(KEYS)


def test_what_is_dialled_is_heard() -> None:
    ear = Listener()
    heard: list[str] = []
    for packet in sent(dialler(Outgoing(8000)), "1*0#D"):
        _, _, _, timestamp, ssrc = HEADER.unpack_from(packet)
        heard += ear.hear(ssrc, timestamp, packet[12:], 0.0)
    assert heard == list("1*0#D")


def test_an_event_is_written_as_rfc_4733_wants_it() -> None:
    stream = Outgoing(8000)
    before = stream.seq
    packets = sent(dialler(stream), "7")
    heads = [HEADER.unpack_from(packet) for packet in packets]
    assert [head[1] for head in heads] == [0x80 | 101] + [101] * 9
    assert [head[2] for head in heads] == [before + n for n in range(1, 11)]
    assert len({head[3] for head in heads}) == 1
    assert [int.from_bytes(packet[14:16], "big") for packet in packets] == [
        160 * min(n, FRAMES) for n in range(1, 11)
    ]
    assert [packet[13] >> 7 for packet in packets] == [0] * 7 + [1] * 3


def test_sound_goes_on_after_a_digit_where_the_clock_is_then() -> None:
    stream = Outgoing(8000)
    first = HEADER.unpack_from(stream.next("voice", 8, b"s" * 160, 9.98))
    digit = HEADER.unpack_from(sent(dialler(stream), "7")[0])
    after = HEADER.unpack_from(stream.next("voice", 8, b"s" * 160, 10.24))
    assert digit[3] - first[3] & 0xFFFFFFFF == 160
    assert after[3] - first[3] & 0xFFFFFFFF == round(0.26 * 8000)


def test_nobody_else_feeds_the_stream_while_a_digit_is_sent() -> None:
    stream = Outgoing(8000)
    ours = dialler(stream)
    ours.dial("1")
    ours.tick(0.0)
    assert stream.held
    while ours.busy:
        ours.tick(0.0)
    assert not stream.held


def test_who_takes_no_events_hears_two_tones() -> None:
    packets = sent(dialler(Outgoing(8000), event=None), "5")
    assert len(packets) == FRAMES
    sound = g711.decode("PCMA", b"".join(packet[12:] for packet in packets))
    assert tones.level(sound, 770) > -4
    assert tones.level(sound, 1336) > -4


def test_what_is_no_key_is_not_dialled() -> None:
    assert sent(dialler(Outgoing(8000)), "x") == []
