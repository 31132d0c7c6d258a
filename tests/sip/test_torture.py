"""Each trap of RFC 4475 and RFC 5118 gets the verdict that is written beside it."""

import pytest

from offhook.sip.flow import Flow
from offhook.sip.headers import NameAddr, Via, split_list, uri_of
from offhook.sip.message import Malformed, Request, Response, parse, response_head, validate
from offhook.sip.stream import Stream
from offhook.sip.uri import Uri
from tests.sip.torture import BY_ID, CASES, Case, Verdict

FLOW = Flow("udp", "192.0.2.31", 5062, "192.0.2.10", 5060)

RFC_4475 = (
    [f"4475-3.1.1.{n}" for n in range(1, 14)]
    + [f"4475-3.1.2.{n}" for n in range(1, 20)]
    + ["4475-3.2.1", *[f"4475-3.3.{n}" for n in range(1, 16)], "4475-3.4.1"]
)
RFC_5118 = [f"5118-4.{n}" for n in range(1, 11)]
TAKEN = [case for case in CASES if case.verdict is not Verdict.REFUSED]
REFUSED = [case for case in CASES if case.verdict is Verdict.REFUSED]
# Only datagrams may do without Content-Length: RFC 3261 §18.3.
ON_STREAMS = [case for case in TAKEN if parse(case.data).get(b"content-length")]


def request(case_id: str) -> Request:
    message = parse(BY_ID[case_id].data)
    validate(message)
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize("section", RFC_4475 + RFC_5118)
def test_no_section_is_left_out(section: str) -> None:
    assert any(case.id == section or case.id.startswith(section + "-") for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_verdict_is_the_one_written_down(case: Case) -> None:
    if case.verdict is Verdict.REFUSED:
        with pytest.raises(Malformed) as refused:
            validate(parse(case.data))
        assert refused.value.status == case.status
    else:
        validate(parse(case.data))
        assert case.verdict is Verdict.UNDERSTOOD or case.reason


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_refused_request_can_still_be_answered(case: Case) -> None:
    with pytest.raises(Malformed) as refused:
        validate(parse(case.data))
    message = refused.value.message
    if case.data.startswith(b"SIP/"):
        assert not isinstance(message, Request)
    else:
        assert isinstance(message, Request)
        head, _ = response_head(message, FLOW)
        assert head.startswith(b"Via: SIP/2.0/UDP ")


@pytest.mark.parametrize("case", TAKEN, ids=str)
def test_whatever_is_understood_can_be_cut_into_its_parts(case: Case) -> None:
    message = parse(case.data)
    validate(message)
    for via in split_list(message.get(b"via") or b""):
        assert bytes(Via.parse(bytes(Via.parse(via)))) == bytes(Via.parse(via))
    for name in (b"from", b"to"):
        value = message.get(name) or b""
        assert NameAddr.parse(value).uri == uri_of(value)
    if isinstance(message, Request) and message.uri.startswith(b"sip"):
        assert Uri.parse(bytes(Uri.parse(message.uri))) == Uri.parse(message.uri)


@pytest.mark.parametrize("case", ON_STREAMS, ids=str)
def test_over_a_stream_the_same_message_arrives_byte_by_byte(case: Case) -> None:
    stream, arrived = Stream(), []
    for byte in case.data:
        arrived += stream.feed(bytes((byte,)))
    assert arrived
    assert isinstance(arrived[0], bytes)
    message, sent = parse(arrived[0]), parse(case.data)
    validate(message)
    assert (message.call_id, message.body) == (sent.call_id, sent.body)


def test_a_tortuous_invite_is_read_to_the_letter() -> None:
    invite = request("4475-3.1.1.1")
    assert (invite.cseq, invite.cseq_method) == (11, "INVITE")
    assert (invite.from_tag, invite.to_tag) == (b"9.1", b"40aQ")
    assert invite.branch == b"z9hG4bK31a"
    assert invite.call_id == b"wsp.77ab@192.0.2.31"
    assert NameAddr.parse(invite.get(b"from") or b"").display == 'T. \\"Bird" Vogel'
    assert invite.get(b"subject") == b""
    assert invite.get(b"max-forwards") == b"0069"
    contact = NameAddr.parse(invite.get(b"contact") or b"")
    assert contact == NameAddr(
        '"No\\Where"', b"sip:vogel@192.0.2.31:5062", {b"fresh": b"value", b"q": b"0.25"}
    )
    vias = [Via.parse(via) for via in split_list(invite.get(b"via") or b"")]
    assert [(via.transport, via.params[b"branch"]) for via in vias] == [
        ("UDP", b"z9hG4bK31a"),
        ("TCP", b"z9hG4bK31b"),
        ("TLS", b"z9hG4bK31c"),
    ]
    assert (invite.get(b"shape-unknown") or b"").endswith(b"= here and a second line a third,")
    assert invite.body.startswith(b"v=0\r\n")


def test_a_method_of_all_token_characters_is_kept() -> None:
    assert request("4475-3.1.1.2").method == "own-Method!7.%*_+`'~"
    assert Uri.parse(request("4475-3.1.1.2").uri).password == "&j+k=1,l!*m$n~o_p.(q'r)"


def test_escapes_are_undone_in_the_user_part_only_once() -> None:
    assert Uri.parse(request("4475-3.1.1.3").uri).user == "sips:tom@rosen.example"
    assert Uri.parse(uri_of(request("4475-3.1.1.4").get(b"to") or b"")).user == "zero-\0-zero"


def test_escapes_that_are_none_stay_as_they_are() -> None:
    request_ = request("4475-3.1.1.5")
    assert request_.method == "OP%54IONS"
    assert NameAddr.parse(request_.get(b"to") or b"").display == "%Q%49"
    assert request_.get(b"contact") == b"<sip:mira@192.0.2.31:5062>"


def test_octets_behind_the_body_are_not_part_of_it() -> None:
    register = request("4475-3.1.1.8")
    assert (register.method, register.call_id, register.body) == ("REGISTER", b"plain31@192.0.2.31", b"")


def test_a_semicolon_in_the_user_part_begins_no_parameter() -> None:
    uri = Uri.parse(request("4475-3.1.1.9").uri)
    assert (uri.user, uri.host, uri.params) == ("tom;door=b@home", "rosen.example", {})


def test_binary_bodies_are_kept_whole() -> None:
    body = request("4475-3.1.1.11").body
    assert body.endswith(b"\xff\xfe\x80\r\n--cut-31--\r\n")


@pytest.mark.parametrize(
    ("case_id", "status", "reason"),
    [
        ("4475-3.1.1.12", 200, "= 3**2 & \"fine\" \\o/ 'jó napot' — всё хорошо"),
        ("4475-3.1.1.13", 180, ""),
    ],
)
def test_any_reason_phrase_will_do(case_id: str, status: int, reason: str) -> None:
    response = parse(BY_ID[case_id].data)
    validate(response)
    assert isinstance(response, Response)
    assert (response.status, response.reason.decode()) == (status, reason)


def test_the_unknown_scheme_of_a_request_uri_is_the_reader_s_416() -> None:
    for section in ("4475-3.3.2", "4475-3.3.3"):
        with pytest.raises(Malformed) as refused:
            Uri.parse(request(section).uri)
        assert refused.value.status == BY_ID[section].answer


def test_a_contact_parameter_and_a_uri_parameter_are_told_apart() -> None:
    outside, inside = (NameAddr.parse(request(f"4475-3.3.{n}").get(b"contact") or b"") for n in (12, 13))
    assert outside.params == {b"unheard": b""}
    assert inside.params == {}
    assert Uri.parse(inside.uri).params == {b"unheard": b""}


@pytest.mark.parametrize("section", ["4475-3.2.1", "4475-3.4.1"])
def test_a_request_without_a_branch_gets_one_that_its_copy_and_its_ack_share(section: str) -> None:
    data = BY_ID[section].data
    ack = data.replace(b"INVITE sip", b"ACK sip").replace(b"56 INVITE", b"56 ACK")
    ack = ack.replace(b"user=phone\r\nCall-ID", b"user=phone;tag=ours\r\nCall-ID")
    branch = request(section).branch
    assert branch == parse(data).branch == parse(ack).branch != b""
    assert branch != parse(data.replace(b"Call-ID: ", b"Call-ID: other")).branch


@pytest.mark.parametrize(
    ("section", "host", "port"),
    [
        ("5118-4.1", "2001:db8::10", None),
        ("5118-4.3", "2001:db8::10:5070", None),
        ("5118-4.4", "2001:db8::10", 5070),
        ("5118-4.10-a", "2001:db8::192.0.2.1", None),
        ("5118-4.10-b", "2001:db8::192.0.2.1", None),
    ],
)
def test_brackets_decide_what_is_address_and_what_is_port(section: str, host: str, port: int | None) -> None:
    uri = Uri.parse(request(section).uri)
    assert (uri.host, uri.port) == (host, port)
