"""Header values: cutting them by hand and reading them into classes give the same."""

import pytest
import sipmessage
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.headers import (
    NameAddr,
    Via,
    param,
    params_of,
    quoted,
    seconds_of,
    split_list,
    tag_of,
    uri_of,
)
from offhook.sip.malformed import Malformed


@pytest.mark.parametrize(
    ("value", "elements"),
    [
        (b"", []),
        (b" , ,", []),
        (b"replaces", [b"replaces"]),
        (b"replaces , timer,100rel", [b"replaces", b"timer", b"100rel"]),
        (b"<sip:a,b@c>;x=1, <sip:d@e>", [b"<sip:a,b@c>;x=1", b"<sip:d@e>"]),
        (b'"Berg, Anna" <sip:a@b>,sip:c@d', [b'"Berg, Anna" <sip:a@b>', b"sip:c@d"]),
        (b'"say \\", x" <sip:a@b>, c', [b'"say \\", x" <sip:a@b>', b"c"]),
        (b'"never closed, <sip:a@b>, c', [b'"never closed, <sip:a@b>, c']),
        (b"<never closed, c", [b"<never closed, c"]),
    ],
)
def test_commas_in_quotes_and_brackets_do_not_separate(value: bytes, elements: list[bytes]) -> None:
    assert split_list(value) == elements


@pytest.mark.parametrize(
    ("value", "uri", "tag"),
    [
        (b"<sip:a@b>;tag=1", b"sip:a@b", b"1"),
        (b"sip:a@b;tag=1;x", b"sip:a@b", b"1"),
        (b"<sip:a@b;tag=no>", b"sip:a@b;tag=no", b""),
        (b"<sip:a@b;tag=no> ; TAG = 2 ; x", b"sip:a@b;tag=no", b"2"),
        (b'"x <sip:c@d>;tag=no" <sip:a@b>;tag=3', b"sip:a@b", b"3"),
        (b'<sip:a@b>;x=";tag=no";tag=4', b"sip:a@b", b"4"),
        (b'<sip:a@b>;tag=5;x=">"', b"sip:a@b", b"5"),
        (b'sip:a@b;x="<";tag=6', b"sip:a@b", b"6"),
        (b"Anna < sip:a@b > ;tag=7 ", b"sip:a@b", b"7"),
        (b"", b"", b""),
    ],
)
def test_uri_and_tag_are_cut_where_they_stand(value: bytes, uri: bytes, tag: bytes) -> None:
    assert (uri_of(value), tag_of(value)) == (uri, tag)


@pytest.mark.parametrize(
    ("value", "name", "found"),
    [
        (b"1800;refresher=uac", b"refresher", b"uac"),
        (b'SIP;cause=200;text="Call \\"done\\"; really"', b"text", b'Call "done"; really'),
        (b'SIP;cause=200;text="Call done;cause=5"', b"cause", b"200"),
        (b"<sip:a@b;expires=1>;Expires=60", b"expires", b"60"),
        (b"<sip:a@b>;q=0.5", b"expires", None),
        (b"<sip:a@b>;ob", b"ob", b""),
        (b"<sip:a@b>;;x;=1;y = 2", b"y", b"2"),
    ],
)
def test_parameters_are_found(value: bytes, name: bytes, found: bytes | None) -> None:
    assert param(value, name) == found
    assert params_of(value).get(name) == found


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 3600),
        (b"60", 60),
        (b"0", 0),
        (b"1800;refresher=uas", 1800),
        (b"120 (I'm in a meeting)", 120),
        (b"soon", 3600),
        (b"-5", 3600),
        (b"4294967296", 4294967295),
        (b"9" * 100_000, 4294967295),
        (b"0" * 100_000 + b"7", 7),
    ],
)
def test_intervals_of_any_length_are_harmless(value: bytes | None, seconds: int) -> None:
    assert seconds_of(value, 3600) == seconds


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (b"<sip:a@b>", NameAddr("", b"sip:a@b")),
        (b"sip:a@b;tag=1", NameAddr("", b"sip:a@b", {b"tag": b"1"})),
        (b'"Anna \\"A\\" Berg"<sip:a@b>;x', NameAddr('Anna "A" Berg', b"sip:a@b", {b"x": b""})),
        (b"Anna Berg <sip:a@b;lr>;X=y", NameAddr("Anna Berg", b"sip:a@b;lr", {b"x": b"y"})),
        ("Ännchen <sip:a@b>".encode(), NameAddr("Ännchen", b"sip:a@b")),
        (b'<sip:a@b>;+x.id="<urn:uuid:1>"', NameAddr("", b"sip:a@b", {b"+x.id": b"<urn:uuid:1>"})),
    ],
)
def test_addresses_are_read(value: bytes, address: NameAddr) -> None:
    assert NameAddr.parse(value) == address
    assert NameAddr.parse(bytes(address)) == address


@pytest.mark.parametrize(
    "value", [b"", b"<>", b"Anna", b'"Anna <sip:a@b>', b"a, <sip:a@b>", b"<sip:a@b>;", b"*"]
)
def test_what_is_no_address_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed):
        NameAddr.parse(value)


def test_line_ends_never_leave_in_a_display_name() -> None:
    assert bytes(NameAddr("a\r\nVia: evil", b"sip:a@b")) == b'"a  Via: evil" <sip:a@b>'
    assert quoted(b'"\\') == b'"\\"\\\\"'


@pytest.mark.parametrize(
    ("value", "via"),
    [
        (b"SIP/2.0/UDP a.b:5060;branch=x;rport", Via("UDP", "a.b", 5060, {b"branch": b"x", b"rport": b""})),
        (b"sip / 2.0/tcp  [2001:DB8::1] : 5060 ;b=c", Via("TCP", "2001:db8::1", 5060, {b"b": b"c"})),
        (b"SIP/2.0/TLS a", Via("TLS", "a")),
        (b"SIP/2.0/UDP a;received=2001:db8::1", Via("UDP", "a", None, {b"received": b"2001:db8::1"})),
    ],
)
def test_vias_are_read(value: bytes, via: Via) -> None:
    assert Via.parse(value) == via
    assert Via.parse(bytes(via)) == via


@pytest.mark.parametrize(
    "value", [b"", b"SIP/2.0/UDP", b"SIP/1.0/UDP a", b"UDP a", b"SIP/2.0/UDP a, SIP/2.0/UDP b"]
)
def test_what_is_no_via_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed):
        Via.parse(value)


ANYTHING = st.binary(max_size=80) | st.text('ab<>"\\,;=: \t@tag', max_size=60).map(str.encode)


@given(ANYTHING, ANYTHING)
def test_any_bytes_can_be_cut_and_read(value: bytes, more: bytes) -> None:
    for text in (
        value,
        b"<sip:a@b>;" + value,
        b'"' + value,
        value + b";tag=" + more,
        b"SIP/2.0/UDP a;" + value,
    ):
        assert isinstance(uri_of(text) + tag_of(text) + (param(text, b"a") or b""), bytes)
        assert all(split_list(text))
        seconds_of(text, 1)
        for reader in (NameAddr, Via):
            try:
                read = reader.parse(text)
            except Malformed:
                continue
            assert reader.parse(bytes(read)) == read


NAME = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters='"\\'), max_size=12
)
TOKEN = st.text("abcXYZ019.!*_+-", min_size=1, max_size=8)


@given(NAME, TOKEN, st.dictionaries(st.text("abc", min_size=1, max_size=4), TOKEN, max_size=3))
def test_another_reader_agrees_on_addresses(name: str, user: str, params: dict[str, str]) -> None:
    text = f'"{name}" <sip:{user}@rosen.example;lr>' + "".join(f";{n}={v}" for n, v in params.items())
    theirs, ours = sipmessage.Address.parse(text), NameAddr.parse(text.encode())
    assert (ours.display, ours.uri.decode()) == (theirs.name or "", str(theirs.uri))
    assert ours.params == {n.encode(): (v or "").encode() for n, v in theirs.parameters.items()}


@given(
    st.sampled_from(["UDP", "TCP", "TLS", "WSS"]),
    st.sampled_from(["rosen.example", "192.0.2.1", "[2001:db8::1]"]),
    st.none() | st.integers(1, 65535),
    TOKEN,
)
def test_another_reader_agrees_on_vias(transport: str, host: str, port: int | None, branch: str) -> None:
    text = f"SIP/2.0/{transport} {host}" + (f":{port}" if port else "") + f";branch=z9hG4bK{branch};rport"
    theirs, ours = sipmessage.Via.parse(text), Via.parse(text.encode())
    assert (ours.transport, ours.host, ours.port) == (theirs.transport, theirs.host.strip("[]"), theirs.port)
    assert ours.params[b"branch"].decode() == theirs.parameters["branch"]
    assert ours.params[b"rport"] == (theirs.parameters["rport"] or "").encode()
