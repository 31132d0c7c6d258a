"""Values that are kept as JSON: equal ones are equal texts, however each was come by."""

import msgspec
import pytest

from offhook.dialplan.model import Filter, FilterRow, Limits, Line, Location, Node, Part, Ringing, Trunk
from offhook.store.values import kept, read

VALUES: list[Part] = [
    Location(country="49", subscriber=("+4930555",)),
    Node("munich", number="8", location=Location()),
    Filter("house", (FilterRow("0", "ok"),)),
    Line(filter="house", limits=Limits()),
    Ringing("200", seconds=1000),
    Trunk("north", expires=3600, hosts=("a.example",)),
]


def spelt_out(value: object) -> object:
    """With every default, as somebody may have written it."""
    if isinstance(value, msgspec.Struct):
        return {key: spelt_out(getattr(value, key)) for key in value.__struct_fields__}
    return [spelt_out(one) for one in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_what_was_read_with_all_its_defaults_is_written_without_them(value: Part) -> None:
    again = read(msgspec.json.encode(spelt_out(value)).decode(), type(value), "it")
    assert again == value
    assert kept(again) == kept(value)


def test_the_usual_line_is_an_empty_text() -> None:
    assert kept(Line()) == kept(read('{"seconds": 30, "filter": ""}', Line, "it")) == "{}"
