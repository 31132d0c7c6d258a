"""Reports of a port, turned into a grade and into words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.media import G722, OPUS, PCMA, PCMU, Codec, PortReport
from offhook.calls.quality import complaint, mos, worse_way

G729 = Codec("G729")

# What is measured, and the grade that follows: worked out by hand from the formulas of the E-model.
GRADES = [
    (0.0, 0.0, 0.0, PCMA, 4.39),
    (0.0, 0.0, None, PCMA, 4.39),
    (0.0, 5.0, 40.0, PCMU, 4.37),
    (0.0, 20.0, 100.0, PCMA, 4.34),
    (0.0, 0.0, 300.0, PCMA, 4.27),
    (0.0, 0.0, 600.0, PCMA, 3.46),
    (0.0, 0.0, 1000.0, PCMA, 2.08),
    (0.01, 0.0, 0.0, PCMA, 4.30),
    (0.03, 0.0, 0.0, PCMA, 4.10),
    (0.05, 0.0, 0.0, G722, 3.88),
    (0.10, 0.0, 0.0, OPUS, 3.36),
    (0.20, 0.0, 0.0, OPUS, 2.58),
    (0.05, 20.0, 300.0, PCMA, 3.41),
    (0.03, 0.0, 0.0, G729, 2.74),
    (1.0, 0.0, 0.0, PCMA, 1.15),
    (1.0, 200.0, 4000.0, PCMA, 1.0),
]


@pytest.mark.parametrize(("loss", "jitter", "round_trip", "codec", "grade"), GRADES)
def test_the_grade_follows_the_e_model(
    loss: float, jitter: float, round_trip: float | None, codec: Codec, grade: float
) -> None:
    assert mos(loss, jitter, round_trip, codec) == pytest.approx(grade, abs=0.01)


WORDS = [
    (PortReport(0.0, 0.0, 2.0, 30.0), ""),
    (PortReport(0.0, 0.0, 2.0, None), ""),
    (PortReport(0.02, 0.02, 39.0, 299.0), ""),
    (PortReport(0.03, 0.0, 2.0, 30.0), "Sound from you is being lost on the way"),
    (PortReport(0.0, 0.08, 2.0, 30.0), "Sound to you is being lost on the way"),
    (PortReport(0.2, 0.1, 2.0, 30.0), "Sound is being lost on the way, both from you and to you"),
    (PortReport(0.0, 0.0, 80.0, 30.0), "Sound from you arrives unevenly"),
    (PortReport(0.0, 0.0, 2.0, 700.0), "The connection is slow"),
    (PortReport(0.1, 0.0, 80.0, 700.0), "Sound from you is being lost on the way"),
]


@pytest.mark.parametrize(("report", "words"), WORDS)
def test_a_bad_line_is_called_by_what_is_worst_about_it(report: PortReport, words: str) -> None:
    assert complaint(report) == words


def test_a_line_is_as_good_as_its_worse_way() -> None:
    assert worse_way(PortReport(0.1, 0.0, 0.0, 0.0), PCMA) == mos(0.1, 0.0, 0.0, PCMA)
    assert worse_way(PortReport(0.0, 0.1, 0.0, 0.0), PCMA) == mos(0.1, 0.0, 0.0, PCMA)
    assert worse_way(PortReport(0.0, 0.0, 0.0, 0.0, far_jitter=90.0), PCMA) == mos(0.0, 90.0, 0.0, PCMA)


@given(st.floats(0, 1), st.floats(0, 1000), st.none() | st.floats(0, 10_000), st.floats(0, 1))
def test_more_loss_never_sounds_better(
    loss: float, jitter: float, round_trip: float | None, more: float
) -> None:
    grade = mos(loss, jitter, round_trip, OPUS)
    assert 1.0 <= grade <= 4.5
    assert mos(min(1.0, loss + more), jitter, round_trip, OPUS) <= grade + 1e-9
