"""Mistakes in a document: each is told with its line, its key and its remedy."""
# ruff: noqa: E501  # a table is read in rows

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.blueprint.apply import Draft
from offhook.blueprint.reader import parse, read
from offhook.blueprint.source import MOST_PROBLEMS, Rejected
from tests.blueprint.documents import documents


def told(text: str) -> list[str]:
    draft = Draft.from_text(text, "office.toml")
    return list(draft.source.rejected(draft.problems).reasons)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[usr]]", "line 1: usr: there is no such key; did you mean user?"),
        ("colour = 1", "line 1: colour: there is no such key; known are realm, location, limits, node, filter,"),
        ("[user]\nname = 'x'", 'line 1: user: there may be several: write [[user]] with two brackets'),
        ("\n[[user.diversion]]\nwhen = 'busy'", "line 2: user: there may be several: write [[user]] with two brackets, above all that"),
        ("[[user]]\nusername = 'a'\n[user.device]\nname = 'x'", "line 3: user a, device: there may be several: write [[user.device]] with"),
        ("[location]\n\ncountry = 49", 'line 3: location, country: 49 will not do: write "49" in quotes'),
        ("[[user]]\nusername = 'anna'\nnumber = '1'", 'line 1: user anna: name is missing: add name = "…"'),
        ("[[node]]\nname = 'x'\nnumbr = '8'", "line 3: node x, numbr: there is no such key; did you mean number?"),
        ("[limits]\nexternal_per_day = '5'", 'line 2: limits, external_per_day: "5" will not do: write a whole number'),
        ("[limits]\nexternal_per_day = 2.5", "line 2: limits, external_per_day: 2.5 will not do: write a whole number"),
        ("[limits]\nexternal_per_day = -1", "line 2: limits, external_per_day: -1 will not do: write a number from 0"),
        (
            "[limits]\nexternal_per_day = 99999999999999999999",
            "line 2: limits, external_per_day: 99999999999999999999 will not do: write a number from 0 to 1000000",
        ),
        ("[[trunk]]\nname = 'n'\nregister = 1", "line 3: trunk n, register: 1 will not do: write true or false"),
        ("[[trunk]]\nname = 'n'\nhosts = 'a'", 'line 3: trunk n, hosts: write a list in square brackets: ["a"]'),
        ("[[trunk]]\nname = 'n'\nno_reply_seconds = nan", "line 3: trunk n, no_reply_seconds: nan will not do"),
        ("[[trunk]]\nname = 'n'\nhosts = [\n'a',\n5]", 'line 5: trunk n, hosts no. 2: 5 will not do: write "5" in'),
        (
            "[[trunk]]\nname = 'n'\ntransport = 'tpc'",
            'line 3: trunk n, transport: "tpc" will not do: write one of "udp", "tcp", "tls"; did you mean tcp?',
        ),
        (
            "[[filter]]\nname = 'f'\nrows = [\n  { number = '0' },\n]",
            'line 4: filter f, rows no. 1: next is missing: add next = "…"',
        ),
        ("[[filter]]\nname = 'f'\nrows = ['0']", "line 3: filter f, rows no. 1: write a table: { number ="),
        ("[[user]]\nusername = 'anna'\n[[user.device]]\nname = 'x'", "line 3: user anna, device x: kind is missing"),
        (
            "[[user]]\nusername = 'anna'\n[[user.device]]\nname = 'x'\nkind = 'fax'",
            'line 5: user anna, device x, kind: "fax" will not do: write one of "phone", "browser", "mobile"',
        ),
        ("[[node]]\nname = \"a\\u0000b\"", "line 2: node a\0b, name"),
        ("[[node]]\nname = 1979-05-27", "line 2: node no. 1, name: 1979-05-27 will not do: write a text in quotes"),
        (f"[[node]]\nname = '{'x' * 501}'", "line 2: node xxx"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_its_remedy(text: str, sentence: str) -> None:
    assert any(reason.startswith(f"office.toml, {sentence}") for reason in told(text)), told(text)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_lines() -> None:
    text = "[location]\ncountry = 49\narea = 30\n[[nde]]\n[limits]\nexternal_per_day = ''\n"
    assert [reason.split(":")[0] for reason in told(text)] == [
        "office.toml, line 2",
        "office.toml, line 3",
        "office.toml, line 4",
        "office.toml, line 6",
    ]


def test_of_very_many_mistakes_the_first_are_told_and_the_others_counted() -> None:
    draft = Draft.from_text("".join(f"key{n} = 1\n" for n in range(100)), "office.toml")
    text = str(draft.source.rejected(draft.problems))
    assert text.count("there is no such key") == MOST_PROBLEMS
    assert text.endswith("… and 80 more")


@pytest.mark.parametrize("key", ["password = 51966", "password = [51966]", "login = 1\npassword = 51966"])
def test_a_secret_is_not_repeated(key: str) -> None:
    assert "51966" not in str(told(f"[[trunk]]\nname = 'n'\n{key}"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[user]\nname = 1", "line 1, column 7: expected ']]' at the end of an array declaration: a table of"),
        ("[[user]]\nname = anna", 'line 2, column 8: invalid value: write texts in quotes, "…"'),
        ("[[user]]\nname = “anna”", 'line 2, column 8: invalid value: write texts in quotes, "…"'),
        ("[[trunk]]\nregister = True", "and true or false in small letters"),
        ('[[user]]\nname = "anna\nnumber = "1"', "line 2, column 13: illegal character '\\n': a text ends in the line"),
        ("[[user]]\nnumber = 0101", "line 2, column 11: expected newline or end of document after a statement: one"),
        ('[[user]]\nname = "a", number = "1"', "one key a line"),
        ("[[user]]\nname = 'it's'", "a quote within 'single' ones ends them"),
        ("a = 1\na = 2\n", "line 2, column 6: cannot overwrite a value: it is there already"),
        ('[user]\nname = "a"\n[[user]]\nname = "b"', "line 3, column 7: cannot overwrite a value: it is there already"),
        ("[location]\n[location]", "cannot declare ('location',) twice: it is there already: write the keys of both"),
        ('rows = [\n{ number = "0" }\n{ number = "1" }\n]', "line 3, column 1: unclosed array: close the list with ]"),
        ("rows = [ { number = '0',\n next = 'ok' } ]", "what is in { } stands in one line"),
        ("user = [{ name = 'a' }]\n[[user]]", "there is a list [ ] or a table { } of this name already"),
        ("username: anna", "line 1, column 9: expected '=' after a key in a key/value pair: write key = value"),
        ('{"user": []}', "line 1, column 1: invalid statement: write key = value, [table] or [[table]]"),
        ('name = "C:\\Users"', "invalid hex value: write \\\\ for each \\ in a text"),
        ('name = "a\\.b"', "unescaped '\\' in a string: write \\\\ for each \\ in a text"),
        ('a = [\n"b",\n', "line 2, the last one: "),
        ("a = 1" + "0" * 5000, "digits"),
        ("a = " + "[" * 3000 + "]" * 3000, "too many brackets"),
        ("a = '\x01'", "line 1"),
    ],
)  # fmt: skip
def test_what_is_no_toml_is_said_to_be_so(text: str, sentence: str) -> None:
    with pytest.raises(Rejected, match="is no TOML") as error:
        parse(text, "office.toml")
    assert sentence in str(error.value)


def test_what_windows_makes_of_a_text_is_read_like_any_other() -> None:
    text = '\ufeff[location]\r\narea = "30"\r\n'
    location = read(parse(text, "office.toml")).document.location
    assert location is not None
    assert location.area == "30"


@settings(deadline=None)
@given(documents(), st.data())
def test_whatever_a_document_is_turned_into_it_is_read_or_its_mistakes_are_told(
    text: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(text)))
    upto = data.draw(st.integers(at, min(len(text), at + 40)))
    instead = data.draw(
        st.sampled_from(["", "1", '"', "x", "[", "]", "\n", "= 5", "true", "{}", "[[user]]\n"])
    )
    broken = text[:at] + instead + text[upto:]
    try:
        draft = Draft.from_text(broken, "office.toml")
    except Rejected:
        pass
    else:
        reasons = draft.source.rejected(draft.problems).reasons
        assert all("office.toml, line " in reason for reason in reasons)
