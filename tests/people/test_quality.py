"""How a leg sounds is published for its user, seldom enough, and goes with the leg."""

from offhook.calls.cause import Cause
from offhook.calls.leg import Gone, Party
from offhook.calls.media import PortReport
from offhook.people.quality import LegQuality, QualityBoard
from tests.calls.house import FakeLeg, House

GOOD = PortReport(0.0, 0.0, 2.0, 20.0)
BAD = PortReport(0.0, 0.12, 3.0, 20.0, far_jitter=8.0)


class Line(House):
    """Anna talks to Ben."""

    def __init__(self) -> None:
        super().__init__()
        self.board = QualityBoard(self.feed)
        self.switch.incoming(self.anna, "102", 0)
        self.answers(self.ben_desk.leg, 1)

    def of(self, leg: FakeLeg) -> LegQuality | None:
        return self.feed.get(LegQuality, leg.id)


def test_a_report_becomes_figures_and_words_for_the_legs_user() -> None:
    line = Line()
    line.board.heard(line.anna, BAD, 2)
    quality = line.of(line.anna)
    assert quality is not None
    assert quality.topics == ("own.anna",)
    assert (quality.loss, quality.far_loss, quality.jitter, quality.round_trip) == (0.0, 0.12, 8.0, 20.0)
    assert quality.mos < 4
    assert quality.words == "Sound to you is being lost on the way"


def test_reports_that_come_too_often_are_not_all_published() -> None:
    line = Line()
    line.board.heard(line.anna, GOOD, 2.0)
    line.board.heard(line.anna, BAD, 4.4)
    assert line.of(line.anna).words == ""  # type: ignore[union-attr]  # it is there
    line.board.heard(line.anna, BAD, 4.5)
    assert line.of(line.anna).words != ""  # type: ignore[union-attr]  # it is there


def test_it_goes_when_the_leg_or_the_call_does() -> None:
    line = Line()
    line.board.heard(line.anna, GOOD, 2)
    line.board.heard(line.ben_desk.leg, GOOD, 2)
    line.switch.tell(line.anna, Gone(Cause.NORMAL), 3)
    assert line.of(line.anna) is None
    assert line.of(line.ben_desk.leg) is None


def test_it_stays_when_another_leg_goes() -> None:
    line = Line()
    line.board.heard(line.anna, GOOD, 2)
    line.switch.tell(line.ben_browser.leg, Gone(Cause.ANSWERED_ELSEWHERE), 3)
    assert line.of(line.anna) is not None


def test_what_a_stranger_hears_is_nobodys_to_see() -> None:
    line = Line()
    stranger = FakeLeg(Party("0711"))
    line.board.heard(stranger, BAD, 2)
    assert line.of(stranger) is None
