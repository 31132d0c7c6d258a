"""Players, recorders and the sounds that come with us."""

import wave
from array import array
from itertools import pairwise
from pathlib import Path

import pytest

from offhook.media.worker import g711, player
from offhook.media.worker.player import Player, Sound
from offhook.media.worker.recorder import Recorder
from tests import tones


def read(path: Path) -> "array[int]":
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        return array("h", file.readframes(file.getnframes()))


def test_a_player_says_when_it_has_ended() -> None:
    ours = Player(1, 1, Sound(tones.tone(500, 0.05)), loop=False)
    assert [ours.advance() for _ in range(4)] == [False, False, False, True]
    assert ours.ended


def test_a_loop_runs_round_without_a_seam() -> None:
    ours = Player(1, 1, Sound(tones.tone(500, 0.06)), loop=True)
    frames = []
    for _ in range(7):
        assert not ours.advance()
        frames.append(ours.frame("PCMU"))
    assert frames[0] == frames[3] == frames[6]


def test_an_empty_sound_has_ended_before_it_began() -> None:
    assert Player(1, 1, Sound(array("h")), loop=True).ended


@pytest.mark.parametrize(("name", "on", "off"), [("ringback", 1.0, 4.0), ("busy", 0.5, 0.5)])
def test_tones_have_the_european_pitch_and_cadence(name: str, on: float, off: float) -> None:
    samples = read(player.SOUNDS / f"{name}.wav")
    assert len(samples) == round((on + off) * 8000)
    assert tones.level(samples[: round(on * 8000)], 425) > -1
    assert not any(samples[round(on * 8000) :])


def test_hold_music_is_half_a_minute_of_something_soft() -> None:
    samples = read(player.SOUNDS / "music.wav")
    assert 25 <= len(samples) / 8000 <= 35
    assert 5000 < max(map(abs, samples)) < 16000
    loudest = [max(map(abs, samples[at : at + 8000])) for at in range(0, len(samples) - 8000, 8000)]
    assert min(loudest) > 1000


def test_done_is_two_short_rising_notes_that_do_not_click() -> None:
    samples = read(player.SOUNDS / "done.wav")
    assert 0.35 <= len(samples) / 8000 <= 0.45
    low, high = samples[:900], samples[1100:]
    assert tones.level(low, 523.25) > -3
    assert tones.level(high, 783.99) > -3
    assert 4000 < max(map(abs, samples)) < 8000
    assert abs(samples[0]) < 50
    assert abs(samples[-1]) < 50
    assert max(abs(b - a) for a, b in pairwise(samples)) < 6000


def test_a_sound_is_found_by_name_or_by_path(tmp_path: Path) -> None:
    assert player.load("ringback") is player.load("ringback")
    recorder = Recorder(1, 1, str(tmp_path / "a.wav"))
    recorder.write(tones.tone(500, 0.1).tobytes())
    recorder.close()
    assert player.load(str(tmp_path / "a.wav")).frames == 5


def test_a_recording_cut_off_by_a_crash_can_be_played(tmp_path: Path) -> None:
    recorder = Recorder(1, 1, str(tmp_path / "crash.wav"))
    sound = tones.tone(500, 2.5)
    for at in range(0, len(sound), g711.FRAME):
        recorder.write(sound[at : at + g711.FRAME].tobytes())
    kept = read(tmp_path / "crash.wav")  # nobody has closed it
    assert len(kept) == 16000
    recorder.close()
    recorder.close()
    assert read(tmp_path / "crash.wav") == sound
