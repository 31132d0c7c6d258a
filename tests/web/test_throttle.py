"""Guessers are slowed down; whoever knows the password is not disturbed."""

from offhook.web.throttle import Throttle


def guesses(throttle: Throttle, address: str, name: str, now: float, count: int) -> int:
    """How many of `count` wrong guesses were looked at."""
    return sum(throttle.attempt(address, name, now) == 0 for _ in range(count))


def test_ten_guesses_are_free_and_the_eleventh_waits_a_minute() -> None:
    throttle = Throttle()
    assert guesses(throttle, "a", "anna", 0, 30) == 10
    assert throttle.attempt("a", "anna", 20) == 40
    assert guesses(throttle, "a", "anna", 61, 30) == 10


def test_capitals_are_no_other_name() -> None:
    throttle = Throttle()
    assert guesses(throttle, "a", "anna", 0, 10) == 10
    assert throttle.attempt("a", "ANNA", 0) > 0


def test_others_at_the_same_address_are_not_disturbed() -> None:
    throttle = Throttle()
    guesses(throttle, "a", "anna", 0, 30)
    assert throttle.attempt("a", "ben", 0) == 0


def test_one_address_cannot_try_many_names() -> None:
    throttle = Throttle()
    assert sum(guesses(throttle, "a", f"user{n}", 0, 1) for n in range(300)) == 100


def test_many_addresses_cannot_try_one_name() -> None:
    throttle = Throttle()
    assert sum(guesses(throttle, f"a{n}", "anna", 0, 1) for n in range(300)) == 100


def test_where_the_password_was_once_known_only_its_own_failures_count() -> None:
    throttle = Throttle()
    assert throttle.attempt("home", "anna", 0) == 0
    throttle.succeeded("home", "anna", 0)
    for n in range(300):
        throttle.attempt(f"a{n}", "anna", 1)
    assert throttle.attempt("b", "anna", 2) > 0
    assert guesses(throttle, "home", "anna", 2, 30) == 10


def test_a_right_password_takes_the_failures_before_it_back() -> None:
    throttle = Throttle()
    guesses(throttle, "a", "anna", 0, 9)
    assert throttle.attempt("a", "anna", 1) == 0
    throttle.succeeded("a", "anna", 1)
    assert guesses(throttle, "a", "anna", 2, 30) == 10


def test_a_guess_that_was_never_judged_does_not_count() -> None:
    throttle = Throttle()
    for n in range(30):
        assert throttle.attempt("a", "anna", n / 10) == 0
        throttle.withdraw("a", "anna", n / 10)


def test_a_whole_ipv6_network_is_one_address() -> None:
    throttle = Throttle()
    assert sum(guesses(throttle, f"2001:db8::{n:x}", "anna", 0, 1) for n in range(30)) == 10
    assert throttle.attempt("2001:db8:0:1::1", "anna", 0) == 0
