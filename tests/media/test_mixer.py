"""The mixer: everybody but oneself."""

from array import array

from offhook.media.worker import g711
from offhook.media.worker.g711 import Law
from offhook.media.worker.mixer import Frame, Mix
from tests import tones


def second_of(*voices: tuple[float, Law]) -> list[Mix]:
    return [Mix([frame(tone, n, law) for tone, law in voices]) for n in range(50)]


def frame(tone: float, n: int, law: Law) -> Frame:
    return law, tones.frame(tone, n, law)


def test_each_hears_the_others_and_not_himself_whatever_his_law() -> None:
    pitches: list[tuple[float, Law]] = [(500, "PCMA"), (700, "PCMU"), (900, "PCMU"), (1100, "PCMA")]
    mixes = second_of(*pitches)
    for me, (own, law) in enumerate(pitches):
        heard = g711.decode(law, b"".join(mix.others(law, [me]) for mix in mixes))
        assert tones.level(heard, own) < -35
        for other, _ in pitches:
            assert other == own or tones.level(heard, other) > -7


def test_several_are_answered_at_once_in_their_order() -> None:
    mix = second_of((500, "PCMA"), (700, "PCMA"), (900, "PCMA"))[0]
    assert mix.others("PCMA", [2, 0]) == mix.others("PCMA", [2]) + mix.others("PCMA", [0])


def test_a_listener_and_a_recorder_hear_all() -> None:
    mixes = second_of((500, "PCMA"), (700, "PCMU"))
    listener = g711.decode("PCMU", b"".join(mix.all("PCMU") for mix in mixes))
    recorder = array("h", b"".join(mix.samples() for mix in mixes))
    for heard in (listener, recorder):
        assert tones.level(heard, 500) > -4
        assert tones.level(heard, 700) > -4


def test_too_many_loud_voices_are_clipped_not_wrapped() -> None:
    loud = g711.encode("PCMA", array("h", [32000] * 160))
    samples = array("h", Mix([("PCMA", loud)] * 20).samples())
    assert set(samples) == {32767}


def test_a_room_of_nobody_is_silent() -> None:
    assert not any(Mix([]).samples())
