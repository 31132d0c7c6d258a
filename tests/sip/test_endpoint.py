"""The endpoint's door: what belongs together, what is refused without a trace, and that nothing raises."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.sip.endpoint import Refusal
from offhook.sip.message import Request, Response
from tests.sip.wire import ANSWER, OFFER, Alone, Owner, request, response

ALLOWED = b"INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, UPDATE, PRACK, INFO, NOTIFY, REFER"


def only(sent: list[Request | Response]) -> Response:
    assert len(sent) == 1
    assert isinstance(sent[0], Response)
    return sent[0]


def test_an_admitted_request_is_handed_on_and_its_copies_get_the_same_answer() -> None:
    alone = Alone()
    alone.admits = "anna"
    register = request("REGISTER", to="<sip:101@pbx>")
    alone.receive(register)
    tx, seen, identity = alone.requests[0]
    assert (seen.method, identity) == ("REGISTER", "anna")
    alone.endpoint.respond(tx, 200, alone.now, headers=b"Expires: 300\r\n")
    answer = alone.raw[0]
    assert b"Expires: 300\r\n" in answer
    assert only(alone.sent).to_tag
    alone.receive(register)
    assert alone.raw == [answer]
    assert len(alone.requests) == 1
    alone.wait(33)
    assert alone.endpoint.counters["transactions"] == 0


def test_the_way_back_is_where_the_request_came_from() -> None:
    alone = Alone(host="198.51.100.7")
    sent = only(alone.receive(request("OPTIONS", headers="Require: nonsense\r\n")))
    via = sent.get(b"via") or b""
    assert b"received=198.51.100.7" in via
    assert b"rport=5060" in via


def test_a_refusal_keeps_nothing_and_copies_get_the_same_bytes() -> None:
    alone = Alone()
    alone.admits = Refusal(401, b"WWW-Authenticate: Digest realm=x\r\n")
    register = request("REGISTER")
    first = only(alone.receive(register))
    once = list(alone.raw)
    assert (first.status, first.get(b"www-authenticate")) == (401, b"Digest realm=x")
    assert first.to_tag
    alone.receive(register)
    assert alone.raw == once
    assert alone.endpoint.counters["transactions"] == 0
    assert only(alone.receive(request("REGISTER", branch="z9hG4bK-2"))).to_tag != first.to_tag


def test_the_ack_to_a_refusal_without_state_is_dropped() -> None:
    alone = Alone()
    alone.admits = Refusal(503, b"Retry-After: 7\r\n")
    refused = only(alone.receive(request("INVITE", body=OFFER)))
    assert refused.status == 503
    to = (refused.get(b"to") or b"").decode()
    assert alone.receive(request("ACK", to=to)) == []
    assert alone.endpoint.counters["stray"] == 1


def test_what_the_gate_does_not_want_gets_no_answer() -> None:
    alone = Alone()
    alone.admits = None
    assert alone.receive(request("INVITE", body=OFFER)) == []
    assert alone.endpoint.counters["transactions"] == 0


@pytest.mark.parametrize(
    ("data", "status", "header", "value"),
    [
        (request("FLY"), 405, b"allow", ALLOWED),
        (request("SUBSCRIBE"), 405, b"allow", b"INVITE"),
        (request("REFER"), 403, b"cseq", b"1 REFER"),
        (request("INFO"), 481, b"cseq", b"1 INFO"),
        (request("NOTIFY"), 481, b"cseq", b"1 NOTIFY"),
        (request("INVITE", headers="Require: 100rel, warp, fold\r\n"), 420, b"unsupported", b"warp, fold"),
        (request("OPTIONS").replace(b"Forwards: 70", b"Forwards: 0"), 483, b"to", b"<sip:102@pbx>;tag="),
        (request("INVITE").replace(b"Forwards: 70", b"Forwards: 00"), 483, b"to", b"<sip:102@pbx>;tag="),
        (request("BYE", to="<sip:102@pbx>;tag=gone"), 481, b"to", b"<sip:102@pbx>;tag=gone"),
        (request("BYE"), 481, b"to", b"<sip:102@pbx>;tag="),
        (request("CANCEL"), 481, b"cseq", b"1 CANCEL"),
        (request("INFO", to="<sip:102@pbx>;tag=gone"), 481, b"cseq", b"1 INFO"),
        (request("INVITE").replace(b"SIP/2.0\r\nVia", b"SIP/7.0\r\nVia", 1), 505, b"cseq", b"1 INVITE"),
        (request("INVITE").replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE"), 400, b"call-id", b"call-1"),
        (request("OPTIONS").replace(b"Content-Length: 0", b"Content-Length: 9"), 400, b"call-id", b"call-1"),
        (
            request("INVITE", headers="Supported: timer\r\nSession-Expires: 30\r\n", body=OFFER),
            422,
            b"min-se",
            b"90",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_refused_before_anybody_is_asked(
    data: bytes, status: int, header: bytes, value: bytes
) -> None:
    alone = Alone()
    refused = only(alone.receive(data))
    assert refused.status == status
    assert (refused.get(header) or b"").startswith(value)
    assert alone.asked == []
    assert alone.endpoint.counters["transactions"] == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"hello",
        b"INVITE\r\n\r\n",
        b"INVITE sip:102@pbx SIP/2.0\r\n\r\n",
        request("ACK").replace(b"Call-ID: call-1", b"Call-ID:"),
        b"SIP/2.0 200 OK\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKnone\r\nCSeq: 1 INVITE\r\n\r\n",
    ],
)
def test_what_cannot_even_be_answered_is_dropped(data: bytes) -> None:
    alone = Alone()
    assert alone.receive(data) == []
    assert alone.endpoint.counters["malformed"] + alone.endpoint.counters["stray"] == 1


def test_a_request_seen_by_another_way_is_482() -> None:
    alone = Alone()
    alone.receive(request("INVITE", body=OFFER))
    assert only(alone.receive(request("INVITE", branch="z9hG4bK-other", body=OFFER))).status == 482
    assert len(alone.requests) == 1
    alone.receive(request("INVITE", branch="z9hG4bK-new", cseq=2, body=OFFER))
    assert len(alone.requests) == 2


def test_branches_count_only_together_with_who_sent_them() -> None:
    alone = Alone()
    alone.receive(request("OPTIONS", call_id="one"))
    alone.receive(request("OPTIONS", call_id="two", via="SIP/2.0/UDP 192.0.2.77:5060"))
    alone.receive(request("REGISTER", call_id="three"))
    assert len(alone.requests) == 3


def test_phones_of_rfc_2543_are_matched_without_a_branch() -> None:
    alone = Alone()
    invite = request("INVITE", branch="old", body=OFFER)
    assert only(alone.receive(invite)).status == 100
    assert only(alone.receive(invite)).status == 100
    assert len(alone.requests) == 1
    assert alone.session is not None
    alone.session.refuse(486, alone.now)
    to = (alone.sent[-1].get(b"to") or b"").decode()
    assert alone.receive(request("ACK", branch="old", to=to)) == []
    assert alone.wait(40) == []
    alone.receive(request("INVITE", branch="old", call_id="call-2", body=OFFER))
    assert len(alone.requests) == 2


def test_cancel_is_answered_and_ends_the_invite() -> None:
    alone = Alone()
    alone.receive(request("INVITE", body=OFFER))
    sent = alone.receive(request("CANCEL", headers='Reason: SIP;cause=200;text="elsewhere"\r\n'))
    assert [(one.get(b"cseq"), one.status) for one in sent if isinstance(one, Response)] == [
        (b"1 CANCEL", 200),
        (b"1 INVITE", 487),
    ]
    assert sent[0].to_tag == sent[1].to_tag
    assert alone.owner.told == [("ended", 487, b'SIP;cause=200;text="elsewhere"')]


def test_cancel_after_the_answer_changes_nothing() -> None:
    alone = Alone()
    alone.receive(request("INVITE", body=OFFER))
    assert alone.session is not None
    alone.session.answer(ANSWER, alone.now)
    assert only(alone.receive(request("CANCEL"))).status == 200
    assert alone.owner.told == []


def test_an_invite_cancelled_before_it_is_taken_on_ends_at_once() -> None:
    alone = Alone()
    alone.takes = False
    alone.receive(request("INVITE", body=OFFER))
    alone.receive(request("CANCEL"))
    assert alone.statuses == [200, 487]
    tx, invite, _ = alone.requests[0]
    alone.endpoint.accept(tx, invite, alone.owner, alone.now)
    alone.wait(0.1)
    assert alone.owner.told == [("ended", 487, b"")]
    assert alone.endpoint.counters["sessions"] == 0


def test_requests_of_a_dialog_need_its_tags_and_its_call_id() -> None:
    alone = Alone()
    alone.receive(request("INVITE", body=OFFER))
    assert alone.session is not None
    to = f"<sip:102@pbx>;tag={alone.session.local_tag.decode()}"
    wrong = request("BYE", branch="z9hG4bK-2", cseq=2, to=to, sender="<sip:101@pbx>;tag=eve")
    assert only(alone.receive(wrong)).status == 481
    wrong = request("BYE", branch="z9hG4bK-3", cseq=2, to=to, call_id="call-2")
    assert only(alone.receive(wrong)).status == 481
    assert alone.owner.told == []
    alone.receive(request("BYE", branch="z9hG4bK-4", cseq=2, to=to))
    assert alone.statuses == [200, 487]
    assert alone.owner.told == [("ended", 200, b"")]


def test_record_routes_and_contact_are_in_what_makes_a_dialog() -> None:
    alone = Alone()
    routes = "Record-Route: <sip:p2;lr>\r\nRecord-Route: <sip:p1;lr>\r\n"
    alone.receive(request("INVITE", headers=routes, body=OFFER))
    assert alone.session is not None
    alone.session.progress(180, None, alone.now)
    alone.session.answer(ANSWER, alone.now)
    for sent in alone.sent[1:]:
        assert sent.get(b"record-route") == b"<sip:p2;lr>, <sip:p1;lr>"
        assert sent.get(b"contact") == b"<sip:192.0.2.1:5060>"


def test_requests_outside_a_dialog_are_answered_or_time_out() -> None:
    alone = Alone()
    heard: list[int | None] = []

    def done(answer: Response | None, now: float) -> None:
        heard.append(None if answer is None else answer.status)

    for _ in range(2):
        alone.endpoint.request(
            "OPTIONS", b"sip:101@192.0.2.9", alone.flow, local=b"<sip:pbx>", remote=b"<sip:101@pbx>",
            now=alone.now, done=done,
        )  # fmt: skip
    first = alone.sent[0]
    alone.receive(response(first, 100))
    alone.receive(response(first, 404, tag="x"))
    alone.receive(response(first, 404, tag="x"))
    assert heard == [404]
    alone.wait(33)
    assert heard == [404, None]
    assert alone.endpoint.counters["transactions"] == 0


def test_a_response_with_another_hop_or_method_is_not_for_us() -> None:
    alone = Alone()
    alone.endpoint.request(
        "OPTIONS",
        b"sip:101@192.0.2.9",
        alone.flow,
        local=b"<sip:pbx>",
        remote=b"<sip:101@pbx>",
        now=alone.now,
        done=lambda answer, now: pytest.fail("believed"),
    )
    sent = alone.sent[0]
    answer = response(sent, 200, tag="x")
    alone.receive(answer.replace(b"1 OPTIONS", b"1 INVITE"))
    alone.receive(answer.replace(b"From:", b"Via: SIP/2.0/UDP 192.0.2.200;branch=z9hG4bKx\r\nFrom:"))
    assert alone.endpoint.counters["stray"] == 2


def test_facts_wait_until_the_listener_has_returned() -> None:
    alone = Alone()
    alone.receive(request("INVITE", body=OFFER))
    assert alone.session is not None
    seen: list[int] = []
    alone.owner.on_told = lambda name: seen.append(alone.endpoint.counters["sessions"])
    alone.receive(request("CANCEL"))
    assert seen == [0]


def test_an_owner_that_raises_is_our_mistake_and_holds_up_nobody() -> None:
    alone = Alone()
    alone.receive(request("INVITE", body=OFFER))

    def fail(name: str) -> None:
        raise RuntimeError(name)

    alone.owner.on_told = fail
    with pytest.raises(RuntimeError):
        alone.receive(request("CANCEL"))
    alone.owner = Owner()
    assert only(alone.receive(request("INVITE", call_id="2", branch="z9hG4bK-2", body=OFFER))).status == 100


def test_a_listener_that_raises_leaves_nobody_waiting() -> None:
    class Broken(Alone):
        def requested(self, tx: object, request: Request, identity: object, now: float) -> None:
            raise RuntimeError("bug")

    alone = Broken()
    with pytest.raises(RuntimeError):
        alone.receive(request("INVITE", body=OFFER))
    assert alone.statuses == [100, 500]


def test_counters_name_what_came_and_went() -> None:
    alone = Alone()
    alone.receive(request("INVITE", body=OFFER))
    alone.receive(request("FLY", branch="z9hG4bK-2"))
    counters = alone.endpoint.counters
    assert counters["received INVITE"] == counters["received other"] == 1
    assert (counters["sent 1xx"], counters["sent 4xx"], counters["refused 405"]) == (1, 1, 1)


ALPHABET = st.sampled_from(
    [
        request("INVITE", body=OFFER),
        request("ACK"),
        request("BYE", to="<sip:102@pbx>;tag=x"),
        request("CANCEL"),
        request("REGISTER"),
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nCSeq: 1 INVITE\r\n\r\n",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    ALPHABET, st.lists(st.tuples(st.integers(0, 600), st.integers(0, 6), st.binary(max_size=6)), max_size=6)
)
def test_no_bytes_make_it_raise(data: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    alone = Alone()
    for at, length, new in edits:
        data = data[:at] + new + data[at + length :]
    alone.receive(data)
    alone.wait(100)
    if alone.session is not None:
        alone.session.hangup(alone.now)
    alone.wait(100)
    assert alone.endpoint.counters["sessions"] == 0
    assert alone.endpoint.counters["transactions"] == 0
