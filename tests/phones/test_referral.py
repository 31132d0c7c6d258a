"""REFER on a phone's leg: what is understood, what is refused, and what the phone is told of it."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.cause import Cause
from offhook.calls.leg import Asked, Connect, Gone, Outcome, TransferTo
from offhook.phones.leg import PhoneLeg
from offhook.phones.lines import Place
from offhook.sip.replaces import Replaces
from tests.phones.requests import flow, request
from tests.phones.workbench import BEN, CONTACT, DEVICE, Bench, FakeSession

TO_CARLA = "Refer-To: <sip:103@pbx>"
TRYING = "notify refer;id=2 active;expires=60 SIP/2.0 100 Trying"


def last_word(status: str, cseq: int = 2) -> str:
    return f"notify refer;id={cseq} terminated;reason=noresource SIP/2.0 {status}"


def with_replaces(value: str) -> str:
    return f"Refer-To: <sip:102@pbx?Replaces={quote(value, safe='')}>"


def test_a_phone_that_sends_its_call_on_hears_at_once_that_it_is_tried_and_then_that_it_came_true() -> None:
    bench = Bench().talking()
    assert bench.asks("REFER", TO_CARLA) == 202
    assert bench.session.verbs == ["answered 202", TRYING]
    assert bench.events == [Asked(TransferTo("103"))]
    bench.leg.told(Outcome(TransferTo("103"), Cause.NORMAL))
    assert bench.session.verbs[2:] == [last_word("200 OK")]


@pytest.mark.parametrize(
    ("refer_to", "number"),
    [
        ("<sip:103@pbx>", "103"),
        ("sip:103@pbx", "103"),
        ('"Carla, in the yard" <sip:103@pbx;user=phone>;x=y', "103"),
        ("<sips:103@pbx:5061;transport=tls;method=INVITE>", "103"),
        ("<sip:103@elsewhere.example>", "103"),
        ("<tel:+49301234567;phone-context=x>", "+49301234567"),
        ("<sip:*16%23@pbx>", "*16#"),
        ("<sip:*161*103@pbx>", "*161*103"),
        ("<sip:%31%30%33:secret@pbx>", "103"),
        ("<sip:103@pbx?Subject=lunch>", "103"),
    ],
)
def test_where_to_is_read_as_a_number_that_is_dialled(refer_to: str, number: str) -> None:
    bench = Bench().talking()
    assert bench.asks("REFER", f"Refer-To: {refer_to}") == 202
    assert bench.events == [Asked(TransferTo(number))]


@pytest.mark.parametrize(
    "header",
    [
        "Subject: to nobody",
        "Refer-To:",
        "Refer-To: <sip:103@pbx>, <sip:104@pbx>",
        "Refer-To: <sip:103@pbx",
        "Refer-To: <103>",
        "Refer-To: <sip:pbx>",
        "Refer-To: <sip:@pbx>",
        "Refer-To: <tel:>",
        "Refer-To: <mailto:carla@pbx>",
        "Refer-To: <https://pbx/103>",
        "Refer-To: <sip:103@pbx;method=BYE>",
        f"Refer-To: <sip:{'1' * 129}@pbx>",
        f"Refer-To: <sip:{'1' * 15_000}@pbx>",
        "Refer-To: <sip:102@pbx?Replaces=>",
        with_replaces("one"),
        with_replaces("one;to-tag=2"),
        with_replaces("one;from-tag=2"),
        with_replaces("one;to-tag=1;to-tag=2;from-tag=3"),
        with_replaces("one;to-tag=1;from-tag=2, two;to-tag=1;from-tag=2"),
        with_replaces("o\r\nne;to-tag=1;from-tag=2"),
        with_replaces(";to-tag=1;from-tag=2"),
        with_replaces("one;to-tag=1;from-tag=" + "\0"),
    ],
)
def test_what_makes_no_sense_is_refused_and_disturbs_nothing(header: str) -> None:
    bench = Bench().talking()
    assert bench.asks("REFER", header) == 400
    assert bench.session.verbs == ["answered 400"]
    assert bench.events == []
    assert bench.asks("REFER", TO_CARLA) == 202, "and the next one is taken"


@given(st.binary(max_size=200))
def test_no_refer_to_breaks_anything(value: bytes) -> None:
    bench = Bench().talking()
    text = value.replace(b"\r", b"").replace(b"\n", b"").decode("latin-1")
    assert bench.asks("REFER", f"Refer-To: {text}") in (202, 400)


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (Cause.UNKNOWN_NUMBER, "404 Not Found"),
        (Cause.FORBIDDEN, "403 Forbidden"),
        (Cause.LOOP, "482 Loop Detected"),
        (Cause.NOT_TALKING, "480 Temporarily Unavailable"),
        (Cause.SAME_CALL, "482 Loop Detected"),
        (Cause.MOVED, "487 Request Terminated"),
    ],
)
def test_why_it_could_not_be_is_told_and_the_call_goes_on(cause: Cause, status: str) -> None:
    bench = Bench().talking()
    bench.asks("REFER", TO_CARLA)
    bench.leg.told(Outcome(TransferTo("103"), cause))
    assert bench.session.verbs[2:] == [last_word(status)]
    assert bench.asks("REFER", "Refer-To: <sip:104@pbx>", cseq=3) == 202
    assert bench.events == [Asked(TransferTo("103")), Asked(TransferTo("104"))]


def test_one_at_a_time() -> None:
    bench = Bench().talking()
    bench.asks("REFER", TO_CARLA)
    assert bench.asks("REFER", "Refer-To: <sip:104@pbx>", cseq=3) == 491
    bench.leg.told(Outcome(TransferTo("104"), Cause.NORMAL))
    assert bench.session.verbs[2:] == ["answered 491"], "of what was not taken nothing is told"


def test_a_phone_that_wants_no_notifies_gets_none() -> None:
    bench = Bench().talking()
    assert bench.asks("REFER", TO_CARLA, "Refer-Sub: false") == 202
    bench.leg.told(Outcome(TransferTo("103"), Cause.NORMAL))
    assert bench.session.verbs == ["answered 202"]


def test_a_phone_that_refuses_the_first_notify_is_left_alone() -> None:
    bench = Bench().talking()
    bench.asks("REFER", TO_CARLA)
    bench.answers_notify(481)
    bench.leg.told(Outcome(TransferTo("103"), Cause.NORMAL))
    assert bench.session.verbs == ["answered 202", TRYING]


def test_a_phone_that_hangs_up_right_after_the_202_is_told_nothing_more() -> None:
    bench = Bench().talking()
    bench.asks("REFER", TO_CARLA)
    bench.leg.ended(200, b"", 4.0)
    bench.leg.told(Outcome(TransferTo("103"), Cause.NORMAL))
    assert bench.session.verbs == ["answered 202", TRYING]
    assert bench.events == [Asked(TransferTo("103")), Gone(Cause.NORMAL)]
    assert bench.is_clean


def test_a_phone_that_hangs_up_before_its_202_is_out_asks_for_nothing() -> None:
    bench = Bench().talking()
    bench.leg.requested(request("REFER", TO_CARLA), 3.0)
    bench.leg.ended(200, b"", 3.0)
    bench.session.go_on()
    assert bench.session.told == []
    assert bench.events == [Gone(Cause.NORMAL)]


@pytest.mark.parametrize(
    ("cause", "status"),
    [(Cause.TRANSFERRED, "200 OK"), (Cause.LOST, "480 Temporarily Unavailable")],
)
def test_who_is_hung_up_hears_first_what_became_of_its_wish(cause: Cause, status: str) -> None:
    bench = Bench().talking()
    bench.asks("REFER", TO_CARLA)
    bench.leg.hangup(cause)
    bench.leg.told(Outcome(TransferTo("103"), Cause.NORMAL))
    assert bench.session.verbs[2:] == [last_word(status), "hangup"]


# ---- with Replaces


def other(bench: Bench, *, is_talking: bool = True) -> None:
    """Another call of the same phone, as `two;to-tag=2;from-tag=3`."""
    leg = PhoneLeg("other leg", BEN, DEVICE, Place(flow(), CONTACT, nat=False), bench.lines)
    session = FakeSession(owner=leg, is_talking=is_talking)
    bench.endpoint.dialogs[Replaces(b"two@host", b"2", b"3")] = session
    bench.endpoint.dialogs[Replaces(b"two@host", b"2", b"3", early_only=True)] = session


@pytest.mark.parametrize(
    "refer_to",
    [
        "<sip:102@pbx?Replaces=two%40host%3Bto-tag%3D2%3Bfrom-tag%3D3>",
        "<sip:102@pbx?replaces=two%40host%3bfrom-tag%3d3%3bto-tag%3d2&Subject=x>",
        "<sip:192.0.2.1:5060?Replaces=two%40host%3Bto-tag%3D2%3Bfrom-tag%3D3>",
        "<sip:102@pbx?Replaces=two@host;to-tag=2;from-tag=3>",
    ],
)
def test_another_call_of_its_own_is_named_by_its_dialog(refer_to: str) -> None:
    bench = Bench().talking()
    other(bench)
    assert bench.asks("REFER", f"Refer-To: {refer_to}") == 202
    assert bench.events == [Asked(Connect("other leg"))]
    bench.leg.told(Outcome(Connect("other leg"), Cause.NORMAL))
    assert bench.session.verbs[1:] == [TRYING, last_word("200 OK")]


def test_a_dialog_that_nobody_knows_is_said_to_be_none() -> None:
    bench = Bench().talking()
    assert bench.asks("REFER", with_replaces("three;to-tag=2;from-tag=3")) == 202
    assert bench.session.verbs[1:] == [TRYING, last_word("481 Call/Transaction Does Not Exist")]
    assert bench.events == []


def test_a_dialog_whose_owner_is_gone_is_none_any_more() -> None:
    bench = Bench().talking()
    bench.endpoint.dialogs[Replaces(b"two", b"2", b"3")] = FakeSession(owner="nobody")
    bench.asks("REFER", with_replaces("two;to-tag=2;from-tag=3"))
    assert bench.session.verbs[-1] == last_word("481 Call/Transaction Does Not Exist")


@pytest.mark.parametrize("is_talking", [True, False])
def test_a_dialog_that_must_not_have_been_answered(*, is_talking: bool) -> None:
    bench = Bench().talking()
    other(bench, is_talking=is_talking)
    bench.asks("REFER", with_replaces("two@host;to-tag=2;from-tag=3;early-only"))
    if is_talking:
        assert bench.session.verbs[-1] == last_word("486 Busy Here")
    else:
        assert bench.events == [Asked(Connect("other leg"))]
