"""URIs: what is read, what is refused, which are the same."""

import pytest
import sipmessage
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.malformed import Malformed
from offhook.sip.uri import Uri


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        (b"sip:101@192.0.2.10", Uri("sip", "101", "192.0.2.10")),
        (b"sip:192.0.2.10", Uri("sip", "", "192.0.2.10")),
        (b"SIPS:Anna@Rosen.Example:5061", Uri("sips", "Anna", "rosen.example", 5061)),
        (b"sip:a@b:0000065535", Uri("sip", "a", "b", 65535)),
        (b"sip:a@[2001:DB8::1]:5070", Uri("sip", "a", "2001:db8::1", 5070)),
        (b"sip:a@b;Transport=TCP;lr", Uri("sip", "a", "b", None, {b"transport": b"TCP", b"lr": b""})),
        (b"sip:a@b;x=1?Y=z&v=w", Uri("sip", "a", "b", None, {b"x": b"1"}, {b"y": b"z", b"v": b"w"})),
        (b"sip:a:secret@b", Uri("sip", "a", "b", password="secret")),
        (b"sip:%61nn%C3%A9@b", Uri("sip", "ann\u00e9", "b")),
        (b"sip:*21#@b", Uri("sip", "*21#", "b")),
        (b"sip:+49-89(1)2;x=b@c;user=phone", Uri("sip", "+49-89(1)2;x=b", "c", None, {b"user": b"phone"})),
        (b"tel:+49-89-1234;phone-context=x", Uri("tel", "+49-89-1234", "", None, {b"phone-context": b"x"})),
    ],
)  # fmt: skip
def test_uris_are_read(text: bytes, uri: Uri) -> None:
    assert Uri.parse(text) == uri


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"sip:",
        b"sip:@b",
        b"sip:a@",
        b"sip:a@b:",
        b"sip:a@b:65536",
        b"sip:a@b:-1",
        b"sip:a@b:" + b"9" * 100_000,
        b"sip:a@2001:db8::1",
        b"sip:a@[2001:db8::1",
        b"sip:a@[g::1]",
        b"sip:a@b c",
        b"sip:a@b@c",
        b"sip:a@b;",
        b"sip:a@b;=1",
        b'sip:"a"@b',
        b"sip:a\n@b",
        b"sip:\xc3\xa9@b",
        b"<sip:a@b>",
        b"a@b",
        b"101",
        b"tel:anna",
    ],
)
def test_what_is_no_uri_is_400(text: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        Uri.parse(text)
    assert refused.value.status == 400


@pytest.mark.parametrize("text", [b"mailto:a@b", b"http://b/", b"urn:service:sos", b"x-y.z+1:?"])
def test_other_schemes_are_416(text: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        Uri.parse(text)
    assert refused.value.status == 416


def test_hosts_are_written_as_references() -> None:
    assert Uri("sip", "a", "2001:db8::1", 5070).hostport == "[2001:db8::1]:5070"
    assert Uri("sip", "a", "rosen.example").hostport == "rosen.example"
    assert bytes(Uri("sip", "a b@c", "2001:db8::1", None, {b"lr": b""})) == b"sip:a%20b%40c@[2001:db8::1];lr"


def test_a_missing_port_is_the_scheme_s() -> None:
    assert [Uri.parse(text).effective_port for text in (b"sip:a@b", b"sips:a@b", b"sip:a@b:7")] == [
        5060,
        5061,
        7,
    ]


# The pairs of RFC 3261 §19.1.4, with other names.
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"sip:%61nna@rosen.example;transport=TCP", b"sip:anna@ROSEN.example;Transport=tcp"),
        (b"sip:ben@rosen.example", b"sip:ben@rosen.example;newparam=5"),
        (b"sip:ben@rosen.example;security=on", b"sip:ben@rosen.example;newparam=5"),
        (b"sip:r;transport=tcp;method=X?to=sip:b%40b", b"sip:r;method=X;transport=tcp?to=sip:b%40b"),
        (b"sip:anna@r.example?subject=x&priority=urgent", b"sip:anna@r.example?priority=urgent&subject=x"),
    ],
)  # fmt: skip
def test_these_are_the_same(one: bytes, other: bytes) -> None:
    assert Uri.parse(one).same_as(Uri.parse(other))
    assert Uri.parse(other).same_as(Uri.parse(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"SIP:ANNA@rosen.example", b"sip:anna@rosen.example"),
        (b"sip:ben@rosen.example", b"sip:ben@rosen.example:5060"),
        (b"sip:ben@rosen.example", b"sip:ben@rosen.example;transport=udp"),
        (b"sip:ben@rosen.example;x=1", b"sip:ben@rosen.example;x=2"),
        (b"sip:carla@rosen.example", b"sip:carla@rosen.example?Subject=next"),
        (b"sip:ben@rosen.example", b"sips:ben@rosen.example"),
        (b"sip:ben@rosen.example;user=phone", b"sip:ben@rosen.example"),
    ],
)
def test_these_are_not(one: bytes, other: bytes) -> None:
    assert not Uri.parse(one).same_as(Uri.parse(other))
    assert not Uri.parse(other).same_as(Uri.parse(one))


HOSTS = st.sampled_from(["rosen.example", "192.0.2.1", "2001:db8::1", "pc_7", "::ffff:192.0.2.1"])
USERS = st.text(st.characters(codec="utf-8"), max_size=20)
NAMES = st.text("abcxyz019-_.!~*'()", min_size=1, max_size=8).map(str.encode)
PLAIN = st.text("abcXYZ019-_.!~*'()[]/:&+$%", max_size=8).map(str.encode)


@given(
    st.sampled_from(["sip", "sips"]),
    USERS,
    HOSTS,
    st.none() | st.integers(0, 65535),
    st.dictionaries(NAMES, PLAIN, max_size=4),
    st.dictionaries(NAMES, PLAIN.map(lambda value: value.replace(b"&", b"")), max_size=3),
)
def test_what_is_written_is_read_back(
    scheme: str,
    user: str,
    host: str,
    port: int | None,
    params: dict[bytes, bytes],
    headers: dict[bytes, bytes],
) -> None:
    uri = Uri(scheme, user, host, port, params, headers)
    assert Uri.parse(bytes(uri)) == uri
    assert uri.same_as(Uri.parse(bytes(uri)))


@given(st.binary(max_size=60) | st.text("sip:@[]1a;=?&.%#", max_size=40).map(str.encode))
def test_any_bytes_are_a_uri_or_malformed(text: bytes) -> None:
    for candidate in (text, b"sip:" + text, b"tel:" + text):
        try:
            uri = Uri.parse(candidate)
        except Malformed:
            continue
        assert Uri.parse(bytes(uri)) == uri


@given(
    st.text("abcXYZ019-_.!~*'()&=+$,", min_size=1, max_size=12),
    st.sampled_from(["rosen.example", "192.0.2.1", "[2001:db8::1]"]),
    st.none() | st.integers(1, 65535),
    st.dictionaries(
        st.text("abc", min_size=1, max_size=4), st.text("xyz019", min_size=1, max_size=5), max_size=3
    ),
)
def test_another_reader_agrees(user: str, host: str, port: int | None, params: dict[str, str]) -> None:
    text = f"sip:{user}@{host}" + (f":{port}" if port else "")
    text += "".join(f";{name}={value}" for name, value in params.items())
    theirs, ours = sipmessage.URI.parse(text), Uri.parse(text.encode())
    assert (ours.scheme, ours.user, ours.port) == (theirs.scheme, theirs.user, theirs.port)
    assert ours.host == theirs.host.strip("[]")
    assert ours.params == {name.encode(): (value or "").encode() for name, value in theirs.parameters.items()}
