"""The jitter buffer of the mixer."""

import random

from hypothesis import given
from hypothesis import strategies as st

from offhook.media.worker.g711 import FRAME, SILENCE
from offhook.media.worker.jitter import MIN_DEPTH, Jitter


def piece(n: int) -> bytes:
    return bytes([n % 200 + 1]) * FRAME


def played(buffer: Jitter, arrivals: dict[int, list[int]], ticks: int) -> list[bytes]:
    """What comes out when, before each tick, the pieces of `arrivals` come in."""
    out = []
    for tick in range(ticks):
        for n in arrivals.get(tick, ()):
            buffer.put("PCMA", n * FRAME, piece(n))
        out.append(buffer.take()[1])
    return out


def test_a_steady_line_is_played_whole_and_in_order_two_frames_later() -> None:
    out = played(Jitter(), {n: [n] for n in range(50)}, 52)
    assert out[MIN_DEPTH:] == [piece(n) for n in range(50)]
    assert out[:MIN_DEPTH] == [SILENCE["PCMA"]] * MIN_DEPTH


def test_disorder_within_the_depth_is_put_right() -> None:
    out = played(Jitter(), {0: [0], 2: [2, 1], 3: [3], 5: [5, 4]}, 8)
    assert out[2:8] == [piece(n) for n in range(6)]


def test_a_lost_piece_fades_out_the_one_before_and_costs_no_other() -> None:
    out = played(Jitter(), {n: [n] for n in range(10) if n != 5}, 12)
    assert out[2:7] == [piece(n) for n in range(5)]
    assert out[7] not in (piece(4), SILENCE["PCMA"])
    assert out[8:12] == [piece(n) for n in range(6, 10)]


def test_after_a_longer_gap_there_is_silence() -> None:
    out = played(Jitter(), {0: [0], 1: [1]}, 20)
    assert out[-1] == SILENCE["PCMA"]


def test_late_pieces_make_it_deeper_and_quiet_makes_it_shallow_again() -> None:
    buffer = Jitter()
    arrivals = {n: [n] for n in range(40)} | {n: [] for n in range(40, 45)} | {45: list(range(40, 46))}
    arrivals |= {n: [n] for n in range(46, 3000)}
    played(buffer, {tick: arrivals[tick] for tick in range(60)}, 60)
    deepest = buffer.depth
    assert deepest > MIN_DEPTH
    out = [played(buffer, {0: arrivals[tick]}, 1)[0] for tick in range(60, 3000)]
    assert buffer.depth < deepest
    assert sum(frame == SILENCE["PCMA"] for frame in out) == 0


def test_pieces_of_ten_and_thirty_milliseconds_are_cut_into_frames() -> None:
    for size in (80, 240, 320, 160):
        buffer = Jitter()
        sound = bytes(n % 251 for n in range(9600))
        out = b""
        for tick in range(60):
            for at in range(0, len(sound), size):
                if tick * FRAME <= at + size - 1 < (tick + 1) * FRAME:
                    buffer.put("PCMU", at, sound[at : at + size])
            out += buffer.take()[1]
        assert sound[:6400] in out, size


def test_a_clock_that_jumps_is_followed() -> None:
    buffer = Jitter()
    played(buffer, {n: [n] for n in range(10)}, 10)
    out = []
    for n in range(10):
        buffer.put("PCMA", 3_000_000_000 + n * FRAME, piece(n))
        out.append(buffer.take()[1])
    assert out[2:] == [piece(n) for n in range(8)]


def test_a_line_that_comes_back_after_silence_is_heard() -> None:
    buffer = Jitter()
    played(buffer, {n: [n] for n in range(10)}, 200)
    out = played(buffer, {n: [n + 12] for n in range(10)}, 12)
    assert out[2:] == [piece(n + 12) for n in range(10)]


def test_a_faster_clock_on_their_side_does_not_let_it_grow() -> None:
    buffer = Jitter()
    dice = random.Random(1)
    pieces = 0
    for _ in range(20_000):
        for _ in range(1 + (dice.random() < 0.001)):  # twenty times worse than a bad crystal
            buffer.put("PCMA", pieces * FRAME, piece(pieces))
            pieces += 1
        buffer.take()
    assert buffer.waiting < 12 * FRAME


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=400)),
            st.tuples(st.integers(0, 3000), st.binary(max_size=400)),
        ),
        max_size=60,
    )
)
def test_whatever_is_put_in_whole_frames_come_out(steps: list[tuple[int, bytes] | None]) -> None:
    buffer = Jitter()
    for step in steps:
        if step is None:
            assert len(buffer.take()[1]) == FRAME
        else:
            buffer.put("PCMA", *step)
    for _ in range(60):
        assert len(buffer.take()[1]) == FRAME
