"""Tones for ears that count: made, written as G.711, and found again.

A window of one second tells the right tone from a wrong one by 40 dB.
"""

import math
from array import array
from collections.abc import Iterable

from offhook.media.worker import g711
from offhook.media.worker.g711 import Law

RATE = 8000


def tone(frequency: float, seconds: float = 1.0, *, at: int = 0, amplitude: float = 8000.0) -> "array[int]":
    """Samples of a sine; `at` is the first one's number, so that pieces fit together."""
    step = 2 * math.pi * frequency / RATE
    return array("h", (round(amplitude * math.sin(step * n)) for n in range(at, at + round(seconds * RATE))))


def frame(frequency: float, n: int, law: Law) -> bytes:
    """The nth 20 ms of a tone in G.711."""
    return g711.encode(law, tone(frequency, 0.02, at=n * g711.FRAME))


def level(samples: Iterable[int], frequency: float) -> float:
    """How much of the sound is this tone, in dB of its whole power; below -40 it is not there.

    Goertzel over a Hann window; silence is -99.
    """
    heard = list(samples)
    count = len(heard)
    if count < 2 or not any(heard):
        return -99.0
    window = [0.5 - 0.5 * math.cos(2 * math.pi * n / (count - 1)) for n in range(count)]
    shaped = [sample * weight for sample, weight in zip(heard, window, strict=True)]
    coefficient = 2 * math.cos(2 * math.pi * frequency / RATE)
    before, last = 0.0, 0.0
    for value in shaped:
        before, last = last, value + coefficient * last - before
    power = 2 * (last * last + before * before - coefficient * last * before) / sum(window) ** 2
    whole = sum(value * value for value in shaped) / sum(weight * weight for weight in window)
    return 10 * math.log10(power / whole + 1e-10)


def has(samples: "array[int]", frequency: float) -> bool:
    """Whether the last second of a sound is mainly this tone."""
    return len(samples) >= RATE * 0.8 and level(samples[-RATE:], frequency) > -6


def lacks(samples: "array[int]", frequency: float) -> bool:
    return level(samples[-RATE:], frequency) < -30
