"""What is written is what is read."""

import tomli_w
from hypothesis import given, settings

from offhook.blueprint.document import Browser, Document, Mobile, Phone, User, as_keys
from offhook.blueprint.reader import parse, read
from offhook.blueprint.writer import write
from offhook.dialplan.model import Line
from offhook.dialplan.model import Mobile as Telephone
from offhook.store.values import plain
from tests.blueprint.documents import worlds


@settings(deadline=None)
@given(worlds())
def test_any_document_is_read_as_it_was_written(document: Document) -> None:
    text = write(document)
    reading = read(parse(text, "office.toml"))
    assert (reading.document, reading.problems) == (document, [])
    assert write(reading.document) == text


@settings(deadline=None)
@given(worlds())
def test_any_document_may_be_written_by_another_hand(document: Document) -> None:
    text = tomli_w.dumps(plain(document))
    assert read(parse(text, "office.toml")).document == document


def test_objects_are_tables_and_rows_are_lines() -> None:
    text = """realm = "offhook"
user = []
[[filter]]
name="house"
rows=[{number="0",next="ok"},{number="00",next="nok"}]
[[group]]
name = "Sales"
ringing = {number="200"}
"""
    assert write(read(parse(text, "")).document) == (
        """# What this telephone system is told: `offhook apply` puts it in place.
realm = "offhook"
user = []

[[filter]]
name = "house"
rows = [
    { number = "0", next = "ok" },
    { number = "00", next = "nok" },
]

[[group]]
name = "Sales"
[group.ringing]
number = "200"
"""
    )


def test_a_document_has_every_key_that_lines_and_mobiles_have() -> None:
    keys = set(User.__struct_fields__)
    assert set(as_keys(Line())) < keys
    assert set(Telephone.__struct_fields__) == set(Mobile.__struct_fields__) - {"name"}
    assert [kind.__struct_config__.tag for kind in (Phone, Browser, Mobile)] == ["phone", "browser", "mobile"]


def test_a_user_with_all_keys_set_has_the_line_that_they_say() -> None:
    line = Line("house", "house", 20, 2, True, True, "+4930555", True)
    user = User("anna", "Anna", "101", **as_keys(line))  # type: ignore[arg-type]  # they are its keys
    assert user.line == line
