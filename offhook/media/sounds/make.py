"""Makes the sounds that come with us: ringback, busy, half a minute of hold music, and "done".

All are 8 kHz mono 16-bit WAV and our own; those that are looped run round without a seam.
    python -m offhook.media.sounds.make
"""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
HERE = Path(__file__).parent

Samples = NDArray[np.float64]

BAR = 3.75  # seconds: eight bars are half a minute
CHORDS = (  # MIDI notes: the bass, then what is plucked above it
    (36, (60, 64, 67, 71, 74)),  # Cmaj9
    (33, (57, 60, 64, 67, 71)),  # Am9
    (29, (57, 60, 65, 67, 72)),  # Fadd9
    (31, (59, 62, 67, 69, 74)),  # G6
    (36, (60, 64, 67, 71, 76)),
    (40, (59, 64, 67, 71, 74)),  # Em7
    (38, (57, 62, 65, 69, 72)),  # Dm7
    (31, (59, 62, 65, 69, 74)),  # G9
)
PATTERN = (0, 2, 1, 3, 4, 3, 2, 1)  # which note of the chord, eight a bar


def tone(seconds: float, silence: float) -> Samples:
    """The European 425 Hz (ITU-T E.180), its edges rounded so that they do not click."""
    count = int(seconds * RATE)
    time = np.arange(count) / RATE
    edge = np.clip(np.minimum(time, seconds - time) / 0.005, 0, 1)
    sound = 0.2 * edge * np.sin(2 * np.pi * 425 * time)
    return np.concatenate([sound, np.zeros(int(silence * RATE))])


def done() -> Samples:
    """Two rising notes, soft as a spoon on a glass: what was asked for has been done."""
    sound = np.zeros(int(0.42 * RATE))
    for begun, note in ((0.0, 72), (0.12, 79)):  # C5, G5
        time = np.arange(len(sound) - int(begun * RATE)) / RATE
        ends = np.clip((0.41 - begun - time) / 0.08, 0, 1)
        ring = np.exp(-time * 9) * np.clip(time / 0.008, 0, 1) * ends
        frequency = _frequency(note)
        both = np.sin(2 * np.pi * frequency * time) + 0.15 * np.sin(4 * np.pi * frequency * time)
        sound[int(begun * RATE) :] += both * ring
    return np.asarray(sound * (0.2 / np.abs(sound).max()))


def music() -> Samples:
    """Slow broken chords over a soft pad."""
    sound = np.zeros(int(len(CHORDS) * BAR * RATE))
    for bar, (bass, notes) in enumerate(CHORDS):
        begun = bar * BAR
        _add(sound, begun, _pad(bass + 24, BAR * 1.3), 0.06)
        for note in notes[:4]:
            _add(sound, begun, _pad(note + 12, BAR * 1.3), 0.03)
        for n, which in enumerate(PATTERN):
            loud = 0.16 if n % 4 == 0 else 0.115
            _add(sound, begun + n * BAR / 8 + 0.012 * (n % 2), _pluck(notes[which] + 12 * (n == 4)), loud)
    echo = np.roll(sound, int(0.36 * RATE)) * 0.25 + np.roll(sound, int(0.72 * RATE)) * 0.1
    sound = sound + echo
    return np.asarray(sound * (0.32 / np.abs(sound).max()))


def _frequency(note: int) -> float:
    return float(440 * 2 ** ((note - 69) / 12))


def _pluck(note: int) -> Samples:
    time = np.arange(int(2.4 * RATE)) / RATE
    frequency = _frequency(note)
    sound = sum(
        np.sin(2 * np.pi * frequency * n * time) * np.exp(-time * (1.6 + 1.5 * n)) / n**1.7
        for n in range(1, 5)
        if frequency * n < 3400
    )
    return np.asarray(sound * np.clip(time / 0.006, 0, 1) * np.clip((2.4 - time) / 0.2, 0, 1))


def _pad(note: int, seconds: float) -> Samples:
    time = np.arange(int(seconds * RATE)) / RATE
    frequency = _frequency(note)
    wide = np.sin(2 * np.pi * frequency * time) + np.sin(2 * np.pi * frequency * 1.003 * time + 1)
    warm = wide + 0.3 * np.sin(4 * np.pi * frequency * time)
    swell = np.sin(np.pi * np.clip(time / seconds, 0, 1)) ** 0.8
    return np.asarray(warm * swell / 2)


def _add(sound: Samples, at: float, what: Samples, loud: float) -> None:
    """Put a note in its place; what does not fit before the end rings on at the beginning."""
    where = (int(at * RATE) + np.arange(len(what))) % len(sound)
    np.add.at(sound, where, loud * what)


def write(name: str, sound: Samples) -> None:
    with wave.open(str(HERE / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(sound * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    write("ringback", tone(1, 4))
    write("busy", tone(0.5, 0.5))
    write("music", music())
    write("done", done())
