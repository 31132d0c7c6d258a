"""Sounds from files: a port that plays one, 20 ms at a time, in either law.

A file is encoded as it is played, once for all who hear it, so that nobody waits
for the whole of it.
"""

import sys
import wave
from array import array
from functools import lru_cache
from pathlib import Path

from offhook.media.worker import g711

SOUNDS = Path(__file__).parents[1] / "sounds"


class Sound:
    """8 kHz mono 16-bit samples, cut into frames of G.711 on demand."""

    def __init__(self, samples: "array[int]") -> None:
        if short := -len(samples) % g711.FRAME:
            samples = samples + array("h", bytes(2 * short))
        self._samples = samples
        self.frames = len(samples) // g711.FRAME
        self._made: dict[g711.Law, list[bytes | None]] = {
            "PCMA": [None] * self.frames,
            "PCMU": [None] * self.frames,
        }

    def frame(self, law: g711.Law, n: int) -> bytes:
        made = self._made[law][n]
        if made is None:
            samples = self._samples[n * g711.FRAME : (n + 1) * g711.FRAME]
            made = self._made[law][n] = g711.encode(law, samples)
        return made


class Player:
    """A port that is only heard. It stands still while nobody can hear it."""

    def __init__(self, number: int, bridge: int, sound: Sound, *, loop: bool) -> None:
        self.number = number
        self.bridge = bridge
        self._sound = sound
        self._loop = loop
        self._next = 0
        self._frame = 0
        self.ended = not sound.frames

    def advance(self) -> bool:
        """Go on by one frame; True when that was the last one."""
        if self._next >= self._sound.frames:
            if not self._loop:
                self.ended = True
                return True
            self._next = 0
        self._frame = self._next
        self._next += 1
        return False

    def frame(self, law: g711.Law) -> bytes:
        return self._sound.frame(law, self._frame)


def load(file: str) -> Sound:
    """A sound by its path, or by its name among those that come with us."""
    path = Path(file)
    if not path.suffix and path.name == file:
        path = SOUNDS / f"{file}.wav"
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _read(path: Path, _changed: int) -> Sound:
    with wave.open(str(path), "rb") as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, 8000):
            raise ValueError(f"{path}: only 8 kHz mono 16-bit can be played")
        samples = array("h", file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return Sound(samples)
