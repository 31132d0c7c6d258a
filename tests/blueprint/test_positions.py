"""Where in a text things stand."""

import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.blueprint.positions import lines_of
from tests.blueprint.documents import documents

TEXT = '''# a comment with [brackets] and "quotes
realm = "offhook"  # [[user]]

[location]
"country" = """
49 [user]
"""
emergency = [
  "112",  # ]
  "911",
]

[[user]]
username = 'an"na'
limits.external_per_day = 3
[[user.device]]
name = "Desk ] phone"
[[user.device]]
name = "Mobile"

[[user]]
device = [ { kind = "browser", name = "a }" },
  { kind = "phone", name = "b" } ]
'''


def test_tables_keys_and_members_of_lists_have_their_lines() -> None:
    lines = lines_of(TEXT)
    assert lines == {
        ("realm",): 2,
        ("location",): 4,
        ("location", "country"): 5,
        ("location", "emergency"): 8,
        ("location", "emergency", 0): 9,
        ("location", "emergency", 1): 10,
        ("user", 0): 13,
        ("user", 0, "username"): 14,
        ("user", 0, "limits", "external_per_day"): 15,
        ("user", 0, "device", 0): 16,
        ("user", 0, "device", 0, "name"): 17,
        ("user", 0, "device", 1): 18,
        ("user", 0, "device", 1, "name"): 19,
        ("user", 1): 21,
        ("user", 1, "device"): 22,
        ("user", 1, "device", 0): 22,
        ("user", 1, "device", 0, "kind"): 22,
        ("user", 1, "device", 0, "name"): 22,
        ("user", 1, "device", 1): 23,
        ("user", 1, "device", 1, "kind"): 23,
        ("user", 1, "device", 1, "name"): 23,
    }


@settings(deadline=None)
@given(documents())
def test_every_value_of_any_document_has_the_line_that_its_key_is_in(text: str) -> None:
    lines, rows = lines_of(text), text.splitlines()
    for path, value in _values(tomllib.loads(text), ()):
        assert path in lines, path
        key = next(step for step in reversed(path) if isinstance(step, str))
        if isinstance(path[-1], str) and not isinstance(value, dict | list):
            assert f"{key} = " in rows[lines[path] - 1]


def _values(value: Any, path: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], Any]]:
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    below = [found for key, inner in members for found in _values(inner, (*path, key))]
    is_list_of_tables = isinstance(value, list) and value and isinstance(value[0], dict)
    return below if not path or is_list_of_tables else [(path, value), *below]


@settings(deadline=None)
@given(st.text(alphabet="[]{}\"'\\=.,# \nab0", max_size=60))
def test_a_text_that_is_no_toml_does_no_harm(text: str) -> None:
    assert all(line >= 1 for line in lines_of(text).values())
