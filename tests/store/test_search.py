"""One spelling for what is kept and what is typed."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.store.search import normalise, patterns, searchable


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Åse Løvås-Ünal", "ase lovas unal"),
        ("Łukasz Æbelø", "lukasz aebelo"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("İstanbul ISPARTA ısparta", "istanbul isparta isparta"),
        ("Ａｎｎａ ①", "anna 1"),
        ("+49 (0)7031 730", "49 0 7031 730"),
        ("  ", ""),
        ("Юлия Ёлкина", "юлия елкина"),
    ],
)
def test_marks_case_and_signs_do_not_matter(written: str, plain: str) -> None:
    assert normalise(written) == plain


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text())
def test_what_is_normal_holds_letters_digits_and_single_spaces(text: str) -> None:
    plain = normalise(text)
    assert all(word.isalnum() for word in plain.split(" ")) or plain == ""


@given(st.text())
def test_capitals_do_not_matter(text: str) -> None:
    assert normalise(text.upper().lower()) == normalise(text.upper())


@given(st.text(), st.text(), st.data())
def test_every_beginning_of_a_word_finds_its_row(name: str, other: str, data: st.DataObject) -> None:
    row = searchable(name, other)
    if not (words := normalise(name).split()):
        return
    word = data.draw(st.sampled_from(words))
    typed = word[: data.draw(st.integers(1, len(word)))]
    for pattern in patterns(typed):
        assert fnmatch.fnmatchcase(row, pattern.replace("%", "*"))


@given(st.text(max_size=100_000 // 100))
def test_a_pattern_never_carries_a_sign_of_like_from_what_was_typed(typed: str) -> None:
    found = patterns(typed)
    assert len(found) <= 5
    assert all(not {"%", "_", "\\"} & set(pattern[2:-1]) for pattern in found)
