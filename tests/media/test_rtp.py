"""RTP streams as they come and go."""

from hypothesis import given
from hypothesis import strategies as st

from offhook.media.worker.rtp import HEADER, MARKER, Incoming, Outgoing, payload_of


@given(st.binary(max_size=64))
def test_any_bytes_give_a_payload_or_a_named_error(data: bytes) -> None:
    try:
        payload = payload_of(data)
    except (ValueError, IndexError):
        return
    assert payload in data


def test_extension_csrcs_and_padding_are_cut_off() -> None:
    head = HEADER.pack(0x80 | 0x20 | 0x10 | 2, 8, 1, 2, 3)
    packet = head + bytes(8) + b"\xbe\xde\x00\x01" + bytes(4) + b"sound" + b"\x00\x00\x03"
    assert payload_of(packet) == b"sound"


def test_loss_is_counted_across_the_end_of_the_numbers() -> None:
    stream = Incoming(1, 65530, 8000)
    for n in range(20):
        if n % 5:
            stream.arrived((65530 + n) & 0xFFFF, n * 160, n * 0.02)
    assert stream.fraction_lost() == 4 / 20
    assert stream.extended_highest == 65536 + 13


def test_a_stream_that_begins_with_number_zero_has_lost_nothing() -> None:
    stream = Incoming(1, 0, 8000)
    stream.arrived(0, 0, 0)
    stream.arrived(1, 160, 0.02)
    assert (stream.lost, stream.fraction_lost()) == (0, 0.0)


def test_disorder_is_no_loss() -> None:
    stream = Incoming(1, 10, 8000)
    for seq in (10, 12, 11, 13):
        stream.arrived(seq, seq * 160, seq * 0.02)
    assert stream.lost == 0


def test_jitter_of_a_steady_stream_is_nothing_and_grows_with_unrest() -> None:
    steady, uneasy = Incoming(1, 0, 8000), Incoming(1, 0, 8000)
    for n in range(100):
        steady.arrived(n, n * 160, n * 0.02)
        uneasy.arrived(n, n * 160, n * 0.02 + (0.01 if n % 2 else 0))
    assert steady.jitter < 0.01
    assert 60 < uneasy.jitter <= 80


def test_a_jump_of_clock_or_numbers_is_told() -> None:
    stream = Incoming(1, 5, 8000)
    assert not stream.arrived(5, 0, 0)
    assert not stream.arrived(6, 160, 0.02)
    assert stream.arrived(7, 900_000, 0.04)
    assert not stream.arrived(8, 900_160, 0.06)
    assert stream.arrived(30_000, 900_320, 0.08)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 30)), min_size=1, max_size=40))
def test_whoever_feeds_it_the_stream_goes_on_without_a_seam(turns: list[tuple[str, int]]) -> None:
    stream = Outgoing(8000)
    now = 100.0
    before = None
    for feeder, frames in turns:
        now += frames * 0.02
        change = stream.feeder != feeder
        packet = stream.next(feeder, 8, b"x" * 160, now, steps=frames)
        _, second, seq, timestamp, ssrc = HEADER.unpack_from(packet)
        assert bool(second & MARKER) == change
        if before is not None:
            assert seq == (before[0] + 1) & 0xFFFF
            assert (timestamp - before[1]) & 0xFFFFFFFF == frames * 160
            assert ssrc == before[2]
        before = seq, timestamp, ssrc


def test_a_new_source_never_speaks_within_the_frame_before() -> None:
    stream = Outgoing(8000)
    first = HEADER.unpack_from(stream.next("music", 8, b"x" * 160, 1.0))
    second = HEADER.unpack_from(stream.next("voice", 8, b"x" * 160, 1.005))
    assert second[3] - first[3] & 0xFFFFFFFF == 160
