"""Which dialog a Replaces names, and that only its own session is found by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.malformed import Malformed
from offhook.sip.replaces import Replaces
from offhook.sip.session import Session
from tests.sip.peer import CONTACT, called, calling, talking
from tests.sip.wire import ANSWER, OFFER, Alone, request, response


@pytest.mark.parametrize(
    ("value", "dialog"),
    [
        (b"a@b;to-tag=1;from-tag=2", Replaces(b"a@b", b"1", b"2")),
        (b" a ; From-Tag = 2 ;TO-TAG=1 ; x=y", Replaces(b"a", b"1", b"2")),
        (b"a;to-tag=1;from-tag=2;early-only", Replaces(b"a", b"1", b"2", early_only=True)),
        (b"a<b>:[c]/?{d}@e;to-tag=1;from-tag=2", Replaces(b"a<b>:[c]/?{d}@e", b"1", b"2")),
    ],
)
def test_a_dialog_is_named_by_its_call_id_and_both_tags(value: bytes, dialog: Replaces) -> None:
    assert Replaces.parse(value) == dialog


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b";",
        b"a",
        b"a;to-tag=1",
        b"a;from-tag=2",
        b"a;to-tag;from-tag=2",
        b"a;to-tag=1;from-tag=",
        b"a;to-tag=1;to-tag=1;from-tag=2",
        b"a;to-tag=1;from-tag=2;early-only;early-only",
        b"a;to-tag=1;from-tag=2, b;to-tag=1;from-tag=2",
        b"a b;to-tag=1;from-tag=2",
        b"a;to-tag=1 2;from-tag=2",
        b"a;=;to-tag=1;from-tag=2",
        b"a\r\nb;to-tag=1;from-tag=2",
    ],
)
def test_what_names_none_is_malformed(value: bytes) -> None:
    with pytest.raises(Malformed):
        Replaces.parse(value)


@given(
    st.binary(max_size=60)
    | st.from_regex(rb"[a;=, ]*(to-tag=|from-tag=|early-only|[a;=, ])*", fullmatch=True)
)
def test_whatever_comes_it_is_read_or_malformed(value: bytes) -> None:
    try:
        Replaces.parse(value)
    except Malformed:
        return


# -- found


def named(session: Session, theirs: bytes) -> Replaces:
    return Replaces(session.call_id, session.local_tag, theirs)


def test_a_call_to_us_is_found_as_soon_as_it_rings_until_it_is_over() -> None:
    alone = Alone()
    session = called(alone)
    dialog = named(session, b"anna")
    assert alone.endpoint.find(dialog) is session
    session.answer(ANSWER, alone.now)
    assert alone.endpoint.find(dialog) is session
    session.end(200, b"", alone.now)
    assert alone.endpoint.find(dialog) is None


def test_a_call_of_ours_is_found_at_each_place_where_it_rings_and_then_where_it_was_answered() -> None:
    alone = Alone()
    session, invite = calling(alone)
    assert alone.endpoint.find(named(session, b"one")) is None
    alone.receive(response(invite, 180, tag="one", headers=CONTACT))
    alone.receive(response(invite, 180, tag="two", headers=CONTACT))
    found = [alone.endpoint.find(named(session, tag)) for tag in (b"one", b"two", b"three", b"")]
    assert found == [session, session, None, None]
    alone.receive(response(invite, 200, tag="two", headers=CONTACT, body=ANSWER))
    found = [alone.endpoint.find(named(session, tag)) for tag in (b"one", b"two")]
    assert found == [None, session]


def test_the_two_tags_may_be_mixed_up_but_nothing_may_be_wrong() -> None:
    alone = Alone()
    session, _ = talking(alone)
    ours = session.local_tag
    assert alone.endpoint.find(Replaces(b"call-1", b"anna", ours)) is session
    for wrong in (
        Replaces(b"call-2", ours, b"anna"),
        Replaces(b"call-1", ours, b"ben"),
        Replaces(b"call-1", b"ours", b"anna"),
        Replaces(b"call-1", b"anna", b"anna"),
        Replaces(b"call-1", ours, ours),
    ):
        assert alone.endpoint.find(wrong) is None


@pytest.mark.parametrize("extension", ["replaces", "Replaces, timer", "norefersub", "100rel,replaces"])
def test_what_we_support_may_be_required(extension: str) -> None:
    alone = Alone()
    alone.receive(request("INVITE", headers=f"Require: {extension}\r\n", body=OFFER))
    assert alone.session is not None
