"""What users may spend outside, by day and at once."""

import pytest

from offhook.calls.cause import Cause
from offhook.dialplan.model import Limits
from offhook.dialplan.world import Toll
from offhook.people.tolls import TollBook

MANY = Limits(100, 100, 100, 100)


class Books:
    """A book, what it has kept, and the alarms it has raised."""

    def __init__(self) -> None:
        self.day = "2026-11-23"
        self.kept: dict[tuple[str, str, str], int] = {}
        self.alarms: list[tuple[str, Toll, int, int]] = []
        self.open()

    def open(self) -> None:
        """As after a start of the server."""
        self.book = TollBook(lambda: self.day, lambda *alarm: self.alarms.append(alarm), self.keep)
        self.book.load([(*key, count) for key, count in self.kept.items()])

    def keep(self, user: str, day: str, toll: str, count: int) -> None:
        self.kept[user, day, toll] = count

    def calls(self, times: int, toll: Toll = "external", limits: Limits = MANY, user: str = "anna") -> int:
        """So many calls, one after the other; how many were made."""
        made = 0
        for _ in range(times):
            if (end := self.book.begin(user, toll, limits)) is not None:
                made += 1
                end()
        return made


@pytest.fixture
def books() -> Books:
    return Books()


def test_only_so_many_calls_run_at_once_and_when_one_ends_there_is_room_again(books: Books) -> None:
    limits = Limits(external_at_once=2)
    first = books.book.begin("anna", "external", limits)
    assert first is not None
    assert books.book.begin("anna", "external", limits) is not None
    assert books.book.refuses("anna", "external", limits) is Cause.LIMITED
    assert books.book.begin("anna", "external", limits) is None
    first()
    assert books.book.refuses("anna", "external", limits) is None


def test_a_call_that_ends_twice_makes_room_once(books: Books) -> None:
    limits = Limits(external_at_once=2)
    first = books.book.begin("anna", "external", limits)
    assert first is not None
    assert books.book.begin("anna", "external", limits) is not None
    first()
    first()
    assert books.book.begin("anna", "external", limits) is not None
    assert books.book.begin("anna", "external", limits) is None


def test_only_so_many_calls_are_made_in_a_day_and_the_next_day_begins_anew(books: Books) -> None:
    limits = Limits(external_per_day=3)
    assert books.calls(5, limits=limits) == 3
    books.day = "2026-11-24"
    assert books.calls(5, limits=limits) == 3


def test_calls_that_last_over_midnight_still_count_as_running(books: Books) -> None:
    limits = Limits(external_at_once=1)
    end = books.book.begin("anna", "external", limits)
    books.day = "2026-11-24"
    assert books.book.refuses("anna", "external", limits) is Cause.LIMITED
    assert end is not None
    end()
    assert books.book.refuses("anna", "external", limits) is None


def test_a_call_abroad_counts_as_one_to_the_outside_too(books: Books) -> None:
    limits = Limits(external_per_day=2, international_per_day=9)
    assert books.calls(1, "external", limits) == 1
    assert books.calls(9, "international", limits) == 1
    assert books.book.refuses("anna", "external", limits) is Cause.LIMITED


def test_calls_abroad_have_limits_of_their_own(books: Books) -> None:
    limits = Limits(international_at_once=1, international_per_day=2)
    end = books.book.begin("anna", "international", limits)
    assert books.book.refuses("anna", "international", limits) is Cause.LIMITED
    assert books.book.refuses("anna", "external", limits) is None
    assert end is not None
    end()
    assert books.calls(9, "international", limits) == 1
    assert books.calls(9, "external", limits) == 9


def test_one_users_calls_are_not_anothers(books: Books) -> None:
    limits = Limits(external_per_day=2)
    assert books.calls(9, limits=limits) == 2
    assert books.calls(9, limits=limits, user="ben") == 2


def test_what_costs_nothing_and_what_nobody_pays_for_is_not_counted(books: Books) -> None:
    none = Limits(0, 0, 0, 0)
    assert books.calls(9, "free", none) == 9
    assert books.calls(9, "external", none, user="") == 9
    assert books.kept == {}


def test_a_limit_of_nothing_allows_nothing(books: Books) -> None:
    assert books.calls(1, "international", Limits(international_per_day=0)) == 0
    assert books.calls(1, "external", Limits(external_at_once=0)) == 0


def test_a_restart_does_not_begin_a_new_day(books: Books) -> None:
    limits = Limits(external_per_day=3)
    assert books.calls(2, limits=limits) == 2
    books.open()
    assert books.calls(5, limits=limits) == 1


def test_what_was_spent_on_other_days_is_not_counted(books: Books) -> None:
    limits = Limits(external_per_day=3)
    books.calls(3, limits=limits)
    books.day = "2026-11-24"
    books.open()
    assert books.calls(5, limits=limits) == 3


def test_one_is_warned_once_a_day_when_most_is_spent(books: Books) -> None:
    limits = Limits(external_per_day=10)
    books.calls(7, limits=limits)
    assert books.alarms == []
    books.calls(5, limits=limits)
    assert books.alarms == [("anna", "external", 8, 10)]
    books.day = "2026-11-24"
    books.calls(8, limits=limits)
    assert len(books.alarms) == 2


def test_a_restart_does_not_warn_again(books: Books) -> None:
    limits = Limits(external_per_day=10)
    books.calls(8, limits=limits)
    books.open()
    books.calls(2, limits=limits)
    assert len(books.alarms) == 1


def test_each_limit_has_a_warning_of_its_own(books: Books) -> None:
    books.calls(4, "international", Limits(external_per_day=5, international_per_day=4))
    assert books.alarms == [("anna", "external", 4, 5), ("anna", "international", 4, 4)]


def test_a_limit_that_is_raised_during_the_day_warns_no_second_time(books: Books) -> None:
    books.calls(8, limits=Limits(external_per_day=10))
    books.calls(80, limits=Limits(external_per_day=100))
    assert len(books.alarms) == 1
