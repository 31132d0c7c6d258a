"""Ids outside, numbers inside."""

from hypothesis import given
from hypothesis import strategies as st

from offhook.store.keys import NO_ROW, Keys

KEYS = Keys("hq")


@given(st.integers(0, 2**60 - 1))
def test_a_key_comes_back_from_its_id(number: int) -> None:
    assert KEYS.key(KEYS.id(number)) == number


@given(st.integers(0, 2**60 - 1), st.integers(0, 2**60 - 1))
def test_ids_sort_as_their_numbers_do(one: int, other: int) -> None:
    assert (KEYS.id(one) < KEYS.id(other)) == (one < other)


@given(st.text() | st.text("0123456789abcv").map("hq.".__add__))
def test_an_id_is_ours_only_when_we_would_write_it_so(text: str) -> None:
    number = KEYS.key(text)
    assert number == NO_ROW or KEYS.id(number) == text


def test_nothing_has_the_empty_id() -> None:
    assert KEYS.id(None) == ""
    assert KEYS.key_or_null("") is None
    assert KEYS.key_or_null("berlin.11") == NO_ROW
