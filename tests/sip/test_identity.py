"""Who is who in the headers of providers: read as they write them, written as they want them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.headers import split_list
from offhook.sip.identity import (
    ANONYMOUS,
    PRIVATE,
    Diversion,
    Identity,
    address,
    asserted,
    asserted_line,
    connected,
    diversion_lines,
    diversions,
    history_lines,
    preferred_line,
    remote_party,
    sender,
    wants_privacy,
)
from offhook.sip.message import Request, parse
from offhook.sip.session import Session
from tests.sip.peer import CONTACT, calling, talking
from tests.sip.wire import ANSWER, Alone, response


def message(headers: str | bytes) -> Request:
    lines = headers.encode() if isinstance(headers, str) else headers
    parsed = parse(b"INVITE sip:101@pbx SIP/2.0\r\n" + lines + b"\r\n")
    assert isinstance(parsed, Request)
    return parsed


ANNA = Identity("Anna Berg", "+4930555", "provider.example")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"Anna Berg" <sip:+4930555@provider.example;user=phone>', ANNA),
        ("Anna Berg <sip:+4930555@provider.example:5070>", ANNA),
        ("<tel:+4930555>", Identity("", "+4930555")),
        ("tel:+4930555;phone-context=x", Identity("", "+4930555")),
        ("<sip:030555;phone-context=+49@provider.example>", Identity("", "030555", "provider.example")),
        ("<tel:+4930555>, <sip:other@provider.example>", Identity("", "+4930555")),
        ("<http://nobody>, <sip:+4930555@provider.example>", Identity("", "+4930555", "provider.example")),
        ('"Berg, Anna" <sip:1@h>', Identity("Berg, Anna", "1", "h")),
        ("", None),
        ("<>", None),
        ("<sip:>", None),
        ('"unfinished <sip:1@h>', None),
    ],
)
def test_who_is_vouched_for_is_read(value: str, expected: Identity | None) -> None:
    assert asserted(message(f"P-Asserted-Identity: {value}\r\n")) == expected


def test_without_any_header_nobody_is_named() -> None:
    silent = message("Subject: nothing\r\n")
    assert (sender(silent), asserted(silent), remote_party(silent)) == (None,) * 3
    assert diversions(silent) == ()
    assert not wants_privacy(silent)


@pytest.mark.parametrize(
    ("value", "hides"),
    [
        ("id", True),
        ("user;id", True),
        ("Header; critical", True),
        ("critical,ID", True),
        ("none", False),
        ("critical", False),
        ("history", False),
        ("", False),
    ],
)
def test_a_wish_to_be_hidden_is_seen(value: str, hides: bool) -> None:
    told = message(f"P-Asserted-Identity: <sip:+4930555@p>\r\nPrivacy: {value}\r\n")
    assert wants_privacy(told) is hides
    assert asserted(told) == Identity("", "+4930555", "p", is_private=hides)


@pytest.mark.parametrize(
    ("value", "nobody"),
    [
        ('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x', True),
        ("<sip:Anonymous@provider.example>", True),
        ("<sip:4930555@anonymous.invalid>", True),
        ("<sip:provider.example>", True),
        ("<sip:unavailable@192.0.2.1>", True),
        ('"Anonymous" <sip:4930555@provider.example>', False),
    ],
)
def test_who_hides_in_the_from_is_nobody(value: str, nobody: bool) -> None:
    who = sender(message(f"From: {value}\r\n"))
    assert who is not None
    assert who.is_anonymous is nobody


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"Anna Berg" <sip:+4930555@provider.example>;party=calling;screen=yes;privacy=off', ANNA),
        (
            "<sip:+4930555@provider.example>;privacy=full",
            Identity("", "+4930555", "provider.example", is_private=True),
        ),
        ("<sip:x@h>;party=subscriber, <sip:y@h>;party=called", Identity("", "y", "h")),
        ("<sip:x@h>;party=subscriber", None),
    ],
)
def test_the_older_remote_party_is_read_too(value: str, expected: Identity | None) -> None:
    told = message(f"Remote-Party-ID: {value}\r\n")
    assert remote_party(told) == connected(told) == expected


def test_the_asserted_identity_comes_before_the_older_one() -> None:
    told = message("Remote-Party-ID: <sip:older@h>\r\nP-Asserted-Identity: <sip:newer@h>\r\n")
    assert connected(told) == Identity("", "newer", "h")


def test_diversions_are_read_the_last_one_first() -> None:
    told = message(
        'Diversion: "Ben" <sip:102@pbx.example>;reason=user-busy;counter=2;privacy=full\r\n'
        'Diversion: <tel:+4930555>;reason="no-answer", <sip:103@pbx>;reason=Unconditional;counter=many\r\n'
        "Diversion: nonsense\r\n"
    )
    assert diversions(told) == (
        Diversion(Identity("Ben", "102", "pbx.example", is_private=True), "user-busy", 2),
        Diversion(Identity("", "+4930555"), "no-answer"),
        Diversion(Identity("", "103", "pbx"), "unconditional"),
    )


def test_history_is_read_as_diversions() -> None:
    told = message(
        "History-Info: <sip:101@pbx?Privacy=history>;index=1, <sip:102@pbx;cause=302>;index=1.1;mp=1\r\n"
        "History-Info: <sip:102@phone>;index=1.1.1;rc=1.1, <sip:+4930555@p;cause=486>;index=1.1.2\r\n"
    )
    assert diversions(told) == (
        Diversion(Identity("", "102", "phone"), "user-busy"),
        Diversion(Identity("", "101", "pbx", is_private=True), "unconditional"),
    )


def test_a_diversion_tells_more_than_a_history_beside_it() -> None:
    told = message(
        "History-Info: <sip:1@h>;index=1, <sip:2@h;cause=302>;index=1.1\r\nDiversion: <sip:3@h>\r\n"
    )
    assert [one.who.user for one in diversions(told)] == ["3"]


DIVERTED = (
    Diversion(Identity("Ben", "102", "pbx", is_private=True), "user-busy"),
    Diversion(Identity("", "+4930555", "pbx"), "unconditional", 2),
)


def test_diversions_are_written_so_that_they_are_read_the_same() -> None:
    assert diversions(message(diversion_lines(DIVERTED))) == DIVERTED


def test_history_is_written_from_the_first_called_to_the_one_called_now() -> None:
    lines = history_lines(DIVERTED, b"sip:+4940777@provider.example")
    assert lines.decode().split("\r\n")[:-1] == [
        "History-Info: <sip:+4930555@pbx>;index=1",
        "History-Info: <sip:102@pbx;cause=302?Privacy=history>;index=1.1;mp=1",
        "History-Info: <sip:+4940777@provider.example;cause=486>;index=1.1.1;mp=1.1",
    ]
    read = diversions(message(lines))
    assert [(one.who.user, one.reason) for one in read] == [
        ("102", "user-busy"),
        ("+4930555", "unconditional"),
    ]
    assert read[0].who.is_private


def test_a_reason_without_a_number_of_its_own_is_unknown_in_a_history() -> None:
    lines = history_lines([Diversion(Identity("", "102", "pbx"), "follow-me")], b"sip:1@h")
    assert b"cause=404" in lines
    assert diversions(message(lines))[0].reason == "unknown"


def test_what_is_written_is_read_the_same() -> None:
    who = address("Anna Berg", "+4930555", "provider.example")
    assert asserted(message(asserted_line(who))) == ANNA
    assert preferred_line(who) == b"P-Preferred-Identity: %b\r\n" % who
    hidden = message(b"From: " + ANONYMOUS + b"\r\n" + PRIVATE + asserted_line(who))
    assert wants_privacy(hidden)
    nobody = sender(hidden)
    assert nobody is not None
    assert nobody.is_anonymous
    assert address("", "1", "2001:db8::1", 5070) == b"<sip:1@[2001:db8::1]:5070>"


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_name_and_no_number_can_write_a_header_of_its_own(name: str, number: str) -> None:
    who = address(name, number, "h")
    line = asserted_line(who)
    assert line.count(b"\r\n") == 1
    assert b"\n" not in line[:-2]
    assert len(split_list(who)) == 1


@given(st.binary(max_size=80) | st.text('<sip:a@h>;,="?cause index.1\\', max_size=80).map(str.encode))
def test_nothing_that_is_read_raises(value: bytes) -> None:
    value = value.replace(b"\r", b"").replace(b"\n", b"")
    names = ("P-Asserted-Identity", "Remote-Party-ID", "Privacy", "Diversion", "History-Info", "From")
    told = message(b"".join([name.encode() + b": " + value + b"\r\n" for name in names]))
    for read in (sender, asserted, remote_party, connected, wants_privacy, diversions):
        read(told)


def reached(session: Session) -> Identity | None:
    return session.connected


def test_whom_a_call_of_ours_reaches_is_known_as_it_rings_and_as_it_is_answered() -> None:
    alone = Alone()
    session, invite = calling(alone)
    assert reached(session) is None
    asserted = 'P-Asserted-Identity: "Anna Berg" <sip:+4930555@provider.example>\r\n'
    alone.receive(response(invite, 180, tag="one", headers=CONTACT + asserted))
    assert reached(session) == ANNA
    alone.receive(response(invite, 180, tag="one", headers=CONTACT))
    assert reached(session) == ANNA
    other = "P-Asserted-Identity: <tel:+4930777>\r\nPrivacy: id\r\n"
    alone.receive(response(invite, 200, tag="one", headers=CONTACT + other, body=ANSWER))
    assert reached(session) == Identity("", "+4930777", is_private=True)


def test_who_calls_and_who_takes_the_call_over_is_known() -> None:
    alone = Alone()
    session, peer = talking(alone, "P-Asserted-Identity: <sip:+4930555@provider.example>\r\n")
    assert reached(session) == Identity("", "+4930555", "provider.example")
    peer.send("UPDATE", "P-Asserted-Identity: <sip:+4930777@provider.example>\r\n")
    assert reached(session) == Identity("", "+4930777", "provider.example")
