"""Who hears whom: everybody in the office speaks with a steady tone of their own.

await they_hear({anna: "ben", ben: "anna", carla: MUSIC})
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from tests.stories.office import eventually

# None of them is a note of the hold music, and none a neighbour of the 425 Hz of ringing and busy tone.
TONES = {
    "anna": 555.0,
    "ben": 625.0,
    "carla": 825.0,
    "david": 915.0,
    "elif": 1115.0,
    "finn": 1250.0,
    "greta": 1430.0,
    "henrik": 1525.0,
    "ines": 1690.0,
    "jonas": 1890.0,
    "kofi": 2150.0,
    "lena": 2500.0,
}
MUSIC = "music"
TONE = "tone"  # ringing or busy
NOTHING = ""

WINDOW = 1.0  # seconds that are listened to
_UNCLEAR = "unclear"
_CALL_TONE = 425.0
_QUIET = 100.0  # of 32768
_SHARE = (
    0.005  # of the power: a browser that takes a steady tone for noise makes its voice faint beside others
)


class Listener(Protocol):
    """Somebody with ears."""

    @property
    def name(self) -> str: ...

    async def heard(self) -> str:
        """Who was to be heard in the last second: names in order, or what there was instead of voices."""


def voices(samples: Sequence[float], rate: int, *, window: float = WINDOW) -> str:
    """The names of those who speak in these samples, or MUSIC, TONE, NOTHING."""
    wanted = rate * window
    if len(samples) < wanted / 10:
        return NOTHING
    if len(samples) < wanted * 0.9:
        return _UNCLEAR
    heard = np.asarray(samples, dtype=float)
    if np.sqrt(np.mean(heard**2)) < _QUIET:
        return NOTHING
    power = np.abs(np.fft.rfft(heard * np.hanning(len(heard)))) ** 2
    found = [name for name, hertz in TONES.items() if _share(power, hertz, rate, len(heard)) > _SHARE]
    if found:
        return " ".join(found)
    return TONE if _share(power, _CALL_TONE, rate, len(heard)) > _SHARE else MUSIC


def together(heard: Sequence[str]) -> str:
    """What somebody hears who has several lines at their ears."""
    names = dict.fromkeys(name for each in heard for name in each.split())
    return " ".join(sorted(names))


async def they_hear(wanted: Mapping[Listener, str], *, within: float = 30.0) -> None:
    """Each of them comes to hear exactly this: names parted by blanks, MUSIC, TONE or NOTHING."""
    await asyncio.gather(*[_hears(listener, what, within) for listener, what in wanted.items()])


async def _hears(listener: Listener, wanted: str, within: float) -> None:
    heard: list[str] = []

    async def right() -> bool:
        heard.append(await listener.heard())
        return sorted(heard[-1].split()) == sorted(wanted.split())

    try:
        await eventually(right, within=within)
    except AssertionError:
        last = list(dict.fromkeys(heard[-10:]))
        raise AssertionError(f"{listener.name} should hear {wanted!r}, heard {last}") from None


def _share(
    power: "np.ndarray[tuple[int], np.dtype[np.float64]]", hertz: float, rate: int, count: int
) -> float:
    """How much of all power lies within 4 Hz of this tone."""
    middle = hertz * count / rate
    width = 4.0 * count / rate
    return float(power[round(middle - width) : round(middle + width) + 1].sum() / power[1:].sum())
