"""Messages: what is read from them, what is demanded of them, and how a response begins."""

import gc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.flow import Flow
from offhook.sip.headers import NameAddr, Via
from offhook.sip.message import (
    MAX_HEAD,
    MAX_HEADERS,
    MAX_MESSAGE,
    Malformed,
    Message,
    Request,
    Response,
    parse,
    record_routes,
    response_head,
    validate,
)
from offhook.sip.names import COMPACT

FLOW = Flow("udp", "198.51.100.7", 40123, "192.0.2.10", 5060)
LINES = [
    b"INVITE sip:102@192.0.2.10 SIP/2.0",
    b"Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKa1;rport",
    b"Max-Forwards: 70",
    b'From: "Anna Berg" <sip:101@192.0.2.10>;tag=a1',
    b"To: <sip:102@192.0.2.10>",
    b"Call-ID: c1@198.51.100.7",
    b"CSeq: 7 INVITE",
    b"Contact: <sip:101@198.51.100.7:5060;transport=udp>",
    b"Content-Length: 4",
]
FROM, TO, CALL_ID, CSEQ = b"from", b"to", b"call-id", b"cseq"


def wire(lines: list[bytes], body: bytes = b"v=0\n", end: bytes = b"\r\n") -> bytes:
    return end.join(lines) + end + end + body


def changed(**changes: bytes | None) -> bytes:
    """The plain INVITE with some lines replaced (by the header's first word) or left out."""
    lines = []
    for line in LINES:
        word = line.partition(b":")[0].decode().replace("-", "_").lower()
        new = changes.get(word, line)
        if new is not None:
            lines.append(new)
    return wire(lines)


def read(data: bytes) -> Request:
    message = parse(data)
    validate(message)
    assert isinstance(message, Request)
    return message


def status_of(data: bytes) -> int:
    with pytest.raises(Malformed) as refused:
        validate(parse(data))
    return refused.value.status


def test_the_fields_every_machine_looks_at() -> None:
    invite = read(wire(LINES))
    assert (invite.method, invite.uri) == ("INVITE", b"sip:102@192.0.2.10")
    assert (invite.branch, invite.call_id) == (b"z9hG4bKa1", b"c1@198.51.100.7")
    assert (invite.from_tag, invite.to_tag) == (b"a1", b"")
    assert (invite.cseq, invite.cseq_method) == (7, "INVITE")
    assert invite.body == b"v=0\n"
    assert invite.get(b"subject") is None


@pytest.mark.parametrize("short", sorted(COMPACT))
def test_compact_names_are_the_long_ones(short: bytes) -> None:
    lines = [line for line in LINES if line.partition(b":")[0].lower() != COMPACT[short]]
    value = b"0" if COMPACT[short] == b"content-length" else b"x"
    for name in (short, short.upper()):
        assert parse(wire([*lines, name + b": " + value])).get(COMPACT[short]) == value


def test_names_are_found_in_any_case_and_with_blanks_before_the_colon() -> None:
    message = parse(wire([*LINES, b"x-OWN-thing \t:  a value ", b"uSeR-aGeNt:Phone"]))
    assert message.get(b"x-own-thing") == b"a value"
    assert message.get(b"user-agent") == b"Phone"


def test_repeated_headers_are_joined_and_still_told_apart() -> None:
    message = parse(wire([*LINES, b"Route: <sip:a;lr>", b"Supported: x", b"Route: <sip:b;lr>"]))
    assert message.get(b"route") == b"<sip:a;lr>, <sip:b;lr>"
    assert message.all(b"route") == [b"<sip:a;lr>", b"<sip:b;lr>"]
    assert message.all(b"supported") == [b"x"]
    assert message.all(b"require") == []


def test_folded_lines_are_one_value() -> None:
    message = parse(
        wire([*LINES, b"Subject: one", b"  two", b"\tthree", b"Route: <sip:a>", b"Route:", b" <sip:b>"])
    )
    assert message.get(b"subject") == b"one two three"
    assert message.get(b"route") == b"<sip:a>, <sip:b>" or message.all(b"route") == [b"<sip:a>", b"<sip:b>"]


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("before", [b"", b"\r\n", b"\r\n\r\n", b"\n"])
def test_lines_end_with_crlf_or_lf_and_empty_ones_may_come_first(end: bytes, before: bytes) -> None:
    invite = read(before + wire(LINES, end=end))
    assert (invite.call_id, invite.body) == (b"c1@198.51.100.7", b"v=0\n")


def test_a_head_with_both_line_ends_ends_at_the_first_empty_line() -> None:
    data = b"\r\n".join(LINES[:-1]) + b"\nContent-Length: 4\n\nv=0\nVia: x\r\n\r\n"
    invite = read(data)
    assert invite.body == b"v=0\n"
    assert (invite.get(b"via") or b"").endswith(b";rport")


def test_a_stray_carriage_return_is_refused_and_not_passed_on() -> None:
    with pytest.raises(Malformed) as refused:
        parse(changed(call_id=b"Call-ID: a\rContact: <sip:evil@x>"))
    assert refused.value.status == 400
    assert refused.value.message is not None
    assert b"\r" not in response_head_of(refused.value.message)


def response_head_of(message: Message) -> bytes:
    assert isinstance(message, Request)
    head, _ = response_head(message, FLOW)
    return head.replace(b"\r\n", b"")


def test_the_body_is_as_long_as_content_length_says() -> None:
    assert read(wire(LINES, b"v=0\nREGISTER")).body == b"v=0\n"
    assert read(changed(content_length=None)).body == b"v=0\n"
    assert read(changed(content_length=b"Content-Length: 0000000000000000000004")).body == b"v=0\n"


@pytest.mark.parametrize(
    "changes",
    [
        {"via": None},
        {"from": None},
        {"to": None},
        {"call_id": None},
        {"cseq": None},
        {"via": b"Via: SIP/2.0/UDP"},
        {"via": b"Via: HTTP/1.1/UDP 192.0.2.1;branch=z9hG4bKx"},
        {"via": b"Via: SIP/2.0/UDP 192.0.2.1:99999;branch=z9hG4bKx"},
        {"via": b"Via: SIP/2.0/UDP 2001:db8::1;branch=z9hG4bKx"},
        {"from": b"From: "},
        {"from": b"From: <>;tag=1"},
        {"from": b"From: <sip:a@b>;tag=1, <sip:c@d>;tag=2"},
        {"to": b"To: <sip:a@b"},
        {"to": b"To: sip:a b@c"},
        {"call_id": b"Call-ID: "},
        {"call_id": b"Call-ID: a b"},
        {"call_id": b"Call-ID: caf\xc3\xa9"},
        {"cseq": b"CSeq: INVITE"},
        {"cseq": b"CSeq: 1"},
        {"cseq": b"CSeq: -1 INVITE"},
        {"cseq": b"CSeq: 2147483648 INVITE"},
        {"cseq": b"CSeq: " + b"9" * 10_000 + b" INVITE"},
        {"cseq": b"CSeq: 1 invite"},
        {"max_forwards": b"Max-Forwards: 256"},
        {"max_forwards": b"Max-Forwards: many"},
        {"max_forwards": b"Max-Forwards: " + b"1" * 5_000},
        {"content_length": b"Content-Length: 5"},
        {"content_length": b"Content-Length: 4 4"},
        {"content_length": b"Content-Length: " + b"9" * 5_000},
        {"contact": b"Contact: sip:a@b?c=d"},
        {"contact": b"Contact: <sip:a@b>, "},
        {"contact": b"Contact: <sip:a@b:0x50>"},
        {"contact": b"Record-Route: sip:a@b"},
        {"contact": b"no colon here"},
        {"contact": b"bad name: x"},
        {"contact": b"CSeq: 7 INVITE"},
    ],
)
def test_what_breaks_the_rules_is_refused(changes: dict[str, bytes | None]) -> None:
    assert status_of(changed(**changes)) == 400


@pytest.mark.parametrize(
    "line",
    [
        b"INVITE",
        b"INVITE sip:a@b",
        b"INVITE sip:a@b SIP/2.0 ",
        b" INVITE sip:a@b SIP/2.0",
        b"INVITE sip:a@b\tSIP/2.0",
        b"INVITE sip:a@b HTTP/1.1",
        b"GET / HTTP/1.1",
        b"INVITE a@b SIP/2.0",
        b"INVITE sip: SIP/2.0",
        b"INVITE sip:@b SIP/2.0",
        b"INVITE sip:a@b:0 70 SIP/2.0",
        b"INVITE sip:a\x00@b SIP/2.0",
        b"INVITE sip:a@b;lr\x7f SIP/2.0",
        b"IN(VITE sip:a@b SIP/2.0",
        b"SIP/2.0 20 OK",
        b"SIP/2.0 099 OK",
        b"SIP/2.0 700 OK",
        b"SIP/2.0 2000 OK",
        b"SIP/3.0 200 OK",
        b"SIP/2.0",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
def test_start_lines_of_another_kind_are_refused(line: bytes) -> None:
    cseq = b"CSeq: 7 " + line.partition(b" ")[0]
    assert status_of(wire([line, *LINES[1:6], cseq, *LINES[7:]])) == 400


def test_another_version_is_505() -> None:
    with pytest.raises(Malformed) as refused:
        parse(wire([b"INVITE sip:102@192.0.2.10 SIP/3.0", *LINES[1:]]))
    assert refused.value.status == 505
    assert "SIP/3.0" in str(refused.value)
    assert isinstance(refused.value.message, Request)
    assert refused.value.message.call_id == b"c1@198.51.100.7"


def test_a_request_uri_of_a_telephone_is_taken() -> None:
    assert read(wire([b"INVITE tel:+49-89-1234 SIP/2.0", *LINES[1:]])).uri == b"tel:+49-89-1234"


def test_a_response_is_read() -> None:
    response = parse(wire([b"SIP/2.0 486 Busy Here", *LINES[1:]]))
    validate(response)
    assert isinstance(response, Response)
    assert (response.status, response.reason, response.cseq_method) == (486, b"Busy Here", "INVITE")
    assert repr(response) == "<486 b'Busy Here'>"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"\r\n\r\n", 400),
        (b"INVITE sip:a@b SIP/2.0\r\nVia: x", 400),
        (wire(LINES, b"x" * MAX_MESSAGE), 413),
        (wire([*LINES, b"X: " + b"x" * MAX_HEAD]), 413),
        (b"INVITE sip:a@b SIP/2.0\r\n" + b"x" * MAX_HEAD, 413),
        (wire(LINES + [b"Odd: y"] * MAX_HEADERS), 413),
        (wire(LINES + [b":"] * 8_000), 413),
    ],
)
def test_too_much_and_too_little_is_refused(data: bytes, status: int) -> None:
    assert status_of(data) == status


def test_as_many_headers_as_the_limit_says_are_taken() -> None:
    assert read(wire(LINES + [b"Odd: y"] * (MAX_HEADERS - len(LINES) + 1))).get(b"odd") is not None


def test_an_oversized_request_can_still_be_answered() -> None:
    with pytest.raises(Malformed) as refused:
        parse(wire(LINES + [b"Odd: y"] * MAX_HEADERS))
    assert isinstance(refused.value.message, Request)
    assert refused.value.message.branch == b"z9hG4bKa1"


def test_numbers_out_of_range_are_zero_for_who_asks_without_validating() -> None:
    assert parse(changed(cseq=b"CSeq: " + b"9" * 4_000 + b" INVITE")).cseq == 0
    assert parse(changed(cseq=b"CSeq: ")).cseq_method == ""
    assert parse(changed(cseq=None)).cseq == 0


@pytest.mark.parametrize(
    ("via", "branch"),
    [
        (b"SIP/2.0/UDP a;branch=z9hG4bK1;rport", b"z9hG4bK1"),
        (b"SIP/2.0/UDP a ; Branch = z9hG4bK2 ", b"z9hG4bK2"),
        (b'SIP/2.0/UDP a;x=";branch=z9hG4bKno";branch=z9hG4bK3', b"z9hG4bK3"),
        (b"SIP/2.0/UDP a;branch=z9hG4bK4, SIP/2.0/UDP b;branch=z9hG4bKno", b"z9hG4bK4"),
    ],
)
def test_the_branch_is_the_topmost_via_s(via: bytes, branch: bytes) -> None:
    assert parse(changed(via=b"Via: " + via)).branch == branch


def test_a_via_below_does_not_lend_its_branch() -> None:
    request = parse(changed(via=b"Via: SIP/2.0/UDP a, SIP/2.0/UDP b;branch=z9hG4bKbelow"))
    assert request.branch not in (b"", b"z9hG4bKbelow")


@pytest.mark.parametrize("port", [9, 5060, 59999, 60482, 65000, 65500, 65530, 65535])
def test_every_port_may_stand_in_a_via_below(port: int) -> None:
    below = b"SIP/2.0/UDP 127.0.0.1:%d" % port
    vias = b"SIP/2.0/UDP a;branch=z9hG4bK1, %b;rport, %b" % (below, below)
    assert read(changed(via=b"Via: " + vias)).get(b"via") == vias


def test_a_response_without_a_branch_belongs_to_nobody() -> None:
    assert parse(wire([b"SIP/2.0 200 OK", b"Via: SIP/2.0/UDP a", *LINES[2:]])).branch == b""


@pytest.mark.parametrize(
    ("via", "seen"),
    [
        (b"198.51.100.7:5060;branch=z9hG4bK1", b"198.51.100.7:5060;branch=z9hG4bK1"),
        (
            b"198.51.100.7:5060;rport;branch=z9hG4bK1",
            b"198.51.100.7:5060;received=198.51.100.7;rport=40123;branch=z9hG4bK1",
        ),
        (b"10.0.0.9;branch=z9hG4bK1", b"10.0.0.9;branch=z9hG4bK1;received=198.51.100.7"),
        (b"pc.rosen.example;branch=z9hG4bK1", b"pc.rosen.example;branch=z9hG4bK1;received=198.51.100.7"),
        (
            b"10.0.0.9;received=10.6.6.6;branch=z9hG4bK1;rport=6",
            b"10.0.0.9;branch=z9hG4bK1;received=198.51.100.7;rport=40123",
        ),
        (b"10.0.0.9;RPORT;branch=z9hG4bK1", b"10.0.0.9;branch=z9hG4bK1;received=198.51.100.7;rport=40123"),
        (b"10.0.0.9;rportal=1;branch=z9hG4bK1", b"10.0.0.9;rportal=1;branch=z9hG4bK1;received=198.51.100.7"),
    ],
)
def test_the_topmost_via_tells_where_the_request_came_from(via: bytes, seen: bytes) -> None:
    head, to = response_head(read(changed(via=b"Via: SIP/2.0/UDP " + via)), FLOW)
    assert head == (
        b"Via: SIP/2.0/UDP " + seen + b'\r\nFrom: "Anna Berg" <sip:101@192.0.2.10>;tag=a1\r\n'
        b"Call-ID: c1@198.51.100.7\r\nCSeq: 7 INVITE\r\n"
    )
    assert to == b"<sip:102@192.0.2.10>"


def test_ipv6_peers_are_compared_as_addresses_and_written_without_brackets() -> None:
    flow = Flow("udp", "2001:db8::7", 40123, "2001:db8::1", 5060)
    same, _ = response_head(read(changed(via=b"Via: SIP/2.0/UDP [2001:DB8:0::7]:5062;branch=z9hG4bK1")), flow)
    assert same.startswith(b"Via: SIP/2.0/UDP [2001:DB8:0::7]:5062;branch=z9hG4bK1\r\n")
    other, _ = response_head(read(changed(via=b"Via: SIP/2.0/UDP [2001:db8::8];rport;branch=z9hG4bK1")), flow)
    assert other.startswith(b"Via: SIP/2.0/UDP [2001:db8::8];received=2001:db8::7;rport=40123;branch=")


def test_only_the_topmost_via_is_touched_and_each_keeps_its_line() -> None:
    lines = [LINES[0], LINES[1], b'Via: SIP/2.0/TCP b;branch=z9hG4bK2;rport, SIP/2.0/TCP c;x=","', *LINES[2:]]
    head, _ = response_head(read(wire([*lines, b"Timestamp: 54.1"])), FLOW)
    assert head.split(b"\r\n")[:3] == [
        b"Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKa1;received=198.51.100.7;rport=40123",
        b"Via: SIP/2.0/TCP b;branch=z9hG4bK2;rport",
        b'Via: SIP/2.0/TCP c;x=","',
    ]
    assert head.endswith(b"CSeq: 7 INVITE\r\nTimestamp: 54.1\r\n")


def test_record_routes_are_told_apart() -> None:
    assert record_routes(parse(wire(LINES))) == []
    lines = [*LINES, b'Record-Route: "a, b" <sip:a;lr>;x=1, <sip:b;lr>', b"Record-Route: <sip:c;lr>"]
    assert record_routes(parse(wire(lines))) == [b'"a, b" <sip:a;lr>;x=1', b"<sip:b;lr>", b"<sip:c;lr>"]


def test_hostile_messages_leave_no_garbage_for_the_collector() -> None:
    spoilt = [changed(contact=b"To: <sip:twice@b>"), changed(cseq=b"CSeq: x"), b"INVITE a SIP/9.0\r\n\r\n"]
    spoilt += [
        wire(LINES + [b"Odd: y"] * MAX_HEADERS),
        changed(via=b"Via: a\rb"),
        b"INVITE sip:a@b SIP/2.0\r\n",
    ]
    gc.collect()
    gc.disable()
    try:
        for data in spoilt:
            with suppress(Malformed):
                validate(parse(data))
        assert gc.collect() == 0
    finally:
        gc.enable()


TOKENS = st.text("abcXYZ019.!%*_+`'~-", min_size=1, max_size=12).map(str.encode)
NAMES = st.text("abcdefghijXYZ-", min_size=3, max_size=10).filter(str.isalpha).map(str.encode)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30)


@given(
    method=TOKENS.filter(lambda word: not word.upper().startswith(b"SIP/")),
    host=st.sampled_from(["rosen.example", "192.0.2.1", "2001:db8::1"]),
    port=st.none() | st.integers(0, 65535),
    display=VALUES,
    tag=TOKENS,
    cseq=st.integers(0, 2**31 - 1),
    extra=st.dictionaries(NAMES.map(lambda name: b"X" + name), VALUES, max_size=5),
    body=st.binary(max_size=200),
)
def test_what_is_built_is_read_back(
    method: bytes,
    host: str,
    port: int | None,
    display: str,
    tag: bytes,
    cseq: int,
    extra: dict[bytes, str],
    body: bytes,
) -> None:
    via = Via("UDP", host, port, {b"branch": b"z9hG4bK" + tag})
    sender = NameAddr(display, b"sip:101@rosen.example", {b"tag": tag})
    lines = [
        method + b" sip:102@rosen.example SIP/2.0",
        b"Via: " + bytes(via),
        b"From: " + bytes(sender),
        b"To: <sip:102@rosen.example>",
        b"Call-ID: " + tag,
        b"CSeq: %d %s" % (cseq, method),
        *(name + b": " + value.encode() for name, value in extra.items()),
        b"Content-Length: %d" % len(body),
    ]
    request = read(wire(lines, body))
    assert (request.method.encode(), request.cseq, request.body) == (method, cseq, body)
    assert (request.branch, request.from_tag) == (b"z9hG4bK" + tag, tag)
    assert Via.parse(request.get(b"via") or b"") == via
    assert NameAddr.parse(request.get(b"from") or b"") == sender
    folded = {name.lower() for name in extra}
    if len(folded) == len(extra):
        for name, value in extra.items():
            assert request.get(name.lower()) == value.encode().strip()


@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from([*LINES, b"", b" x", b":", b"\r", b"\n"])).map(b"\r\n".join)
)
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    try:
        message = parse(data)
    except Malformed as fault:
        found: Message | None = fault.message
    else:
        found = message
    if found is not None:
        look_at(found)


def look_at(message: Message) -> None:
    """Everything a machine may ask before it has validated."""
    assert isinstance(message.branch + message.call_id + message.from_tag + message.to_tag, bytes)
    assert 0 <= message.cseq < 10**10
    assert isinstance(message.cseq_method, str)
    assert isinstance(message.body, bytes)
    assert isinstance(record_routes(message), list)
    if isinstance(message, Request):
        response_head_of(message)
