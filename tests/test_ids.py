"""Ids are unique over restarts and sort in the order they were made."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from offhook.ids import LiveIds, base32, kept_id


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_numbers_sort_as_text_as_they_do_as_numbers(a: int, b: int) -> None:
    assert (base32(a) < base32(b)) == (a < b)


def test_live_ids_carry_site_and_boot_and_grow() -> None:
    first, second = LiveIds("hq", 3), LiveIds("hq", 4)
    made = [first() for _ in range(100)] + [second() for _ in range(100)]
    assert all(a < b for a, b in pairwise(made))
    assert made[0] == "hq.13.11"


def test_kept_ids_fit_a_url() -> None:
    assert kept_id("berlin", 2000) == "berlin.31ug"
