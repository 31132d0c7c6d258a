import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.dialplan.filters import Filters
from offhook.dialplan.model import Filter, FilterRow


def rows(**next_of: str) -> tuple[FilterRow, ...]:
    return tuple(FilterRow(number.removeprefix("_"), next) for number, next in next_of.items())


INTERNAL = Filter("internal", rows(_0="nok"))
FREEPHONE = Filter("freephone", rows(_0="nok", _00800="ok"))
LOBBY = Filter("lobby", rows(_="nok", _1="internal", _0="freephone"))
EVERYBODY = Filter("everybody", rows(_00900="nok"))
FILTERS = Filters((INTERNAL, FREEPHONE, LOBBY, EVERYBODY))


@pytest.mark.parametrize(
    ("name", "digits", "allowed"),
    [
        ("", "0030555", True),
        ("internal", "101", True),
        ("internal", "0030555", False),
        ("internal", "0", False),
        ("internal", "", True),
        ("freephone", "008001234567", True),
        ("freephone", "0080", False),  # shorter than the exception
        ("freephone", "0030555", False),
        ("everybody", "0030555", True),
        ("everybody", "009001234567", False),
        ("lobby", "101", True),
        ("lobby", "201", False),
        ("lobby", "008001234567", True),
        ("lobby", "0030555", False),
        ("gone", "101", False),
    ],
)
def test_the_longest_row_that_fits_decides(name: str, digits: str, allowed: bool) -> None:
    assert FILTERS.verdict(name, digits).allowed is allowed


def test_any_digit_fits_a_question_mark_and_nothing_else_does() -> None:
    filters = Filters((Filter("f", (FilterRow("1??", "nok"),)),))
    assert not filters.verdict("f", "123").allowed
    assert not filters.verdict("f", "1234").allowed
    assert filters.verdict("f", "12").allowed
    assert filters.verdict("f", "1*3").allowed


def test_of_two_rows_as_long_the_one_that_says_more_decides() -> None:
    filters = Filters(
        (Filter("f", (FilterRow("0??", "nok"), FilterRow("01?", "ok"), FilterRow("019", "nok"))),)
    )
    assert not filters.verdict("f", "055").allowed
    assert filters.verdict("f", "011").allowed
    assert not filters.verdict("f", "019").allowed


def test_of_two_rows_that_say_as_much_the_first_decides() -> None:
    filters = Filters(
        (Filter("f", (FilterRow("0?1", "nok"), FilterRow("01?", "ok"), FilterRow("0?1", "ok"))),)
    )
    assert not filters.verdict("f", "011").allowed


def test_the_rows_that_decided_are_told_in_their_order() -> None:
    assert FILTERS.verdict("lobby", "008001").rows == (
        "Filter lobby: 0 → filter freephone decides.",
        "Filter freephone: 00800 → may be dialled.",
    )
    assert FILTERS.verdict("lobby", "201").rows == ("Filter lobby: anything → may not be dialled.",)
    assert FILTERS.verdict("internal", "101").rows == (
        "Filter internal has no row for 101: it may be dialled.",
    )
    assert FILTERS.verdict("gone", "101").rows == ("There is no filter gone: nothing may be dialled.",)
    assert FILTERS.verdict("", "101").rows == ()


def test_filters_in_a_circle_bar() -> None:
    filters = Filters((Filter("a", rows(_0="b")), Filter("b", rows(_0="a"))))
    verdict = filters.verdict("a", "00")
    assert not verdict.allowed
    assert verdict.rows[-1] == "Filter a leads back to itself: nothing may be dialled."


def test_a_row_that_leads_to_no_filter_bars() -> None:
    filters = Filters((Filter("a", rows(_0="gone")),))
    assert not filters.verdict("a", "00").allowed
    assert filters.verdict("a", "1").allowed


NAMES = st.sampled_from(["a", "b", "c", "ok", "nok", "gone"])
ROWS = st.lists(st.builds(FilterRow, st.text("01?", max_size=4), NAMES), max_size=6).map(tuple)


@given(st.lists(st.builds(Filter, st.sampled_from("abc"), ROWS)), NAMES, st.text("01*", max_size=5))
def test_every_question_has_an_answer(filters: list[Filter], name: str, digits: str) -> None:
    verdict = Filters(filters).verdict(name, digits)
    assert len(verdict.rows) <= 4


@given(ROWS, st.text("01", max_size=6))
def test_no_row_decides_while_a_longer_one_fits(rows: tuple[FilterRow, ...], digits: str) -> None:
    def fits(row: FilterRow) -> bool:
        return len(row.number) <= len(digits) and all(
            wanted in ("?", digit) for wanted, digit in zip(row.number, digits, strict=False)
        )

    fitting = [row for row in rows if fits(row)]
    longest = max((len(row.number) for row in fitting), default=0)
    best = [row for row in fitting if len(row.number) == longest]
    allowed = Filters((Filter("f", rows),)).verdict("f", digits).allowed
    assert allowed in ({row.next == "ok" for row in best} or {True})
