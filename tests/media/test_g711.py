"""The two laws of G.711."""

import pytest

from offhook.media.worker import g711
from offhook.media.worker.g711 import LAWS, Law
from tests import tones


@pytest.mark.parametrize(
    ("law", "code", "value"),
    [
        ("PCMA", 0xD5, 8),
        ("PCMA", 0xAA, 32256),
        ("PCMA", 0x2A, -32256),
        ("PCMU", 0xFF, 0),
        ("PCMU", 0x80, 32124),
    ],
)
def test_known_codes_mean_what_the_standard_says(law: Law, code: int, value: int) -> None:
    assert g711.DECODE[law][code] == value


@pytest.mark.parametrize("law", LAWS)
def test_every_sample_is_written_as_its_nearest_code(law: Law) -> None:
    for sample in range(-32768, 32768, 7):
        got = g711.DECODE[law][g711.ENCODE[law][sample]]
        assert abs(got - sample) == min(abs(value - sample) for value in g711.DECODE[law])


@pytest.mark.parametrize("law", LAWS)
def test_a_code_survives_the_way_through_samples(law: Law) -> None:
    back = g711.encode(law, g711.decode(law, bytes(range(256))))
    assert all(g711.DECODE[law][a] == g711.DECODE[law][b] for a, b in enumerate(back))


@pytest.mark.parametrize(("a", "b"), [("PCMA", "PCMU"), ("PCMU", "PCMA")])
def test_a_tone_is_the_same_tone_in_the_other_law(a: Law, b: Law) -> None:
    sound = g711.encode(a, tones.tone(500)).translate(g711.TRANSLATE[a, b])
    assert tones.level(g711.decode(b, sound), 500) > -0.5


def test_silence_stays_silence() -> None:
    assert g711.SILENCE["PCMA"].translate(g711.TRANSLATE["PCMA", "PCMU"]) in (
        g711.SILENCE["PCMU"],
        b"\xfe" * 160,  # a-law knows no zero
    )
    assert set(g711.decode("PCMU", g711.SILENCE["PCMU"])) == {0}
