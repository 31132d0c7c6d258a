import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from offhook.dialplan.writing import written


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+4930555", "+49 30 555"),
        ("+497031730090", "+49 7031 730090"),
        ("+491711234567", "+49 171 1234567"),
        ("+12025550123", "+1 202-555-0123"),
        ("+390612345678", "+39 06 1234 5678"),
        ("101", "101"),
        ("0030555", "0030555"),
        ("*21#", "*21#"),
        ("", ""),
        ("+", "+"),
        ("+49030555", "+49030555"),  # the zero is wrong, and must be seen to be
        ("+99912345", "+99912345"),
        ("anna", "anna"),
        ("+49 30 555", "+49 30 555"),
    ],
)
def test_numbers_of_the_world_are_shown_as_people_write_them(number: str, shown: str) -> None:
    assert written(number) == shown


@given(st.text() | st.from_regex(r"\+[0-9]{1,18}", fullmatch=True))
@example("+80012345678")
@example("+²")
def test_what_is_shown_is_what_would_be_dialled(number: str) -> None:
    assert written(number) == number or re.sub("[^0-9+]", "", written(number)) == number
