"""A phone's leg: commands in, SIP out; SIP in, events out; whatever comes when."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.cause import Cause
from offhook.calls.leg import (
    Answered,
    Asked,
    Back,
    Digit,
    Gone,
    Held,
    Lost,
    Outcome,
    Redirect,
    Ringing,
    TransferTo,
)
from offhook.calls.media import (
    G711,
    PCMA,
    PCMU,
    PortDigit,
    PortFound,
    PortLost,
    PortRenegotiate,
    PortReport,
)
from offhook.sip.transaction import ServerTransaction
from tests.phones.requests import flow, request
from tests.phones.workbench import ANNA, CONTACT, DEVICE, Bench, sdp

# ---- we call it


def test_ringing_invites_the_contact_in_the_name_of_who_calls() -> None:
    bench = Bench()
    bench.ring(like=(PCMU, PCMA))
    (invite,) = bench.endpoint.invites
    assert invite["uri"] == CONTACT
    assert invite["flow"] == flow()
    assert invite["local"] == b'"Anna" <sip:101@192.0.2.1:5060>'
    assert invite["headers"] == b""
    assert bench.port.likes == [(PCMU, PCMA)]
    assert bench.port.how["peer"] == "192.0.2.10"
    assert bench.owners == {bench.port: bench.leg}


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ('Anna "Ann" Berg', b'"Anna \\"Ann\\" Berg" <'),
        ("back\\slash", b'"back\\\\slash" <'),
        ("Evil\r\nVia: x", b'"Evil  Via: x" <'),
        ("Ångström", '"Ångström" <'.encode()),
        ("", b"<"),
    ],
)
def test_a_name_can_say_nothing_but_a_name(name: str, written: bytes) -> None:
    bench = Bench()
    bench.leg.ring(msgspec.structs.replace(ANNA, name=name), bench.bridge, like=None)
    assert bench.endpoint.invites[0]["local"] == written + b"sip:101@192.0.2.1:5060>"


@pytest.mark.parametrize(("said", "left"), [("Max-Forwards: 3", 2), ("Max-Forwards: 0069", 68), ("", 69)])
def test_a_call_has_one_hop_less_once_it_has_come_through_us(said: str, left: int) -> None:
    bench = Bench()
    headers = [said] if said else []
    message = request("INVITE", "Content-Type: application/sdp", *headers, body=sdp().decode())
    bench.leg.invited(cast("ServerTransaction", object()), message, G711, 1.0)
    assert bench.leg.hops == left


def test_the_hops_that_are_left_are_said_to_the_phone() -> None:
    bench, own = Bench(), Bench()
    bench.leg.ring(ANNA, bench.bridge, like=None, hops=2)
    own.ring()
    assert bench.endpoint.invites[0]["max_forwards"] == 2
    assert own.endpoint.invites[0]["max_forwards"] == own.leg.hops == 70


def test_a_phone_called_for_its_own_user_is_asked_to_pick_up_by_itself() -> None:
    bench = Bench()
    bench.ring(auto_answer=True)
    headers = bench.endpoint.invites[0]["headers"]
    assert b"Call-Info: <sip:192.0.2.1:5060>;answer-after=0\r\n" in headers
    assert b"info=alert-autoanswer" in headers


def test_what_the_phone_says_while_ringing_is_told() -> None:
    bench = Bench()
    bench.ring()
    bench.leg.progressed(183, b"", 1.0)
    bench.leg.progressed(180, b"", 1.0)
    bench.leg.progressed(183, sdp(codecs="0"), 1.0)
    assert bench.events == [Ringing(), Ringing(early=True)]
    assert bench.leg.codecs == (PCMU,)


def test_an_answer_settles_the_sound() -> None:
    bench = Bench()
    bench.ring()
    bench.leg.answered(sdp(codecs="8"), 2.0)
    assert bench.events == [Answered()]
    assert bench.leg.codecs == (PCMA,)
    assert bench.dialogs.rows == {"leg": bench.session.snapshot()}


def test_an_answer_that_cannot_be_spoken_ends_the_line() -> None:
    for answer, cause in [(b"", Cause.FAILED), (sdp(codecs="18"), Cause.INCOMPATIBLE)]:
        bench = Bench()
        bench.ring()
        bench.leg.answered(answer, 2.0)
        assert bench.events == [Gone(cause)]
        assert bench.session.verbs == ["hangup"]
        assert bench.is_clean


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (486, Cause.BUSY),
        (600, Cause.BUSY),
        (603, Cause.DECLINED),
        (480, Cause.NO_ANSWER),
        (408, Cause.UNREACHABLE),
        (503, Cause.UNREACHABLE),
        (404, Cause.UNKNOWN_NUMBER),
        (488, Cause.INCOMPATIBLE),
        (500, Cause.FAILED),
    ],
)
def test_a_refusal_becomes_a_cause(status: int, cause: Cause) -> None:
    bench = Bench()
    bench.ring()
    bench.leg.ended(status, b"", 2.0)
    assert bench.events == [Gone(cause)]
    assert bench.is_clean


def test_a_phone_that_sends_its_call_on_says_where() -> None:
    bench = Bench()
    bench.ring()
    bench.leg.redirected([b"<sip:103@pbx>;q=1", b"<sip:104@pbx>"], 2.0)
    bench.leg.ended(302, b"", 2.0)
    assert bench.events == [Asked(Redirect("103")), Gone(Cause.NO_ANSWER)]
    bench.leg.told(Outcome(Redirect("103"), Cause.NORMAL))


def test_no_port_no_ringing() -> None:
    bench = Bench()
    bench.engine.is_empty = True
    bench.ring()
    assert bench.events == [Gone(Cause.OVERLOADED)]
    assert bench.endpoint.invites == []
    assert bench.is_clean


def test_srtp_is_offered_over_tls_and_once_more_without_if_it_is_refused() -> None:
    bench = Bench(device=replace(DEVICE, srtp="auto"), by=flow(transport="tls", connection=1))
    bench.ring()
    assert b"RTP/SAVP " in bench.endpoint.invites[0]["sdp"]
    bench.leg.ended(488, b"", 2.0)
    assert bench.events == []
    assert b"RTP/AVP " in bench.endpoint.invites[1]["sdp"]
    assert len(bench.engine.open_ports) == 1
    bench.leg.ended(488, b"", 3.0)
    assert bench.events == [Gone(Cause.INCOMPATIBLE)]
    assert bench.is_clean


@pytest.mark.parametrize(("srtp", "transport"), [("required", "tls"), ("auto", "udp"), ("off", "tls")])
def test_a_refused_offer_is_not_repeated_where_it_would_not_change(srtp: Any, transport: Any) -> None:
    bench = Bench(device=replace(DEVICE, srtp=srtp), by=flow(transport=transport, connection=1))
    bench.ring()
    bench.leg.ended(488, b"", 2.0)
    assert bench.events == [Gone(Cause.INCOMPATIBLE)]


# ---- it calls us


def test_a_caller_costs_no_port_before_there_is_something_to_hear() -> None:
    bench = Bench()
    bench.invited()
    assert bench.leg.codecs == (PCMA, PCMU)
    bench.leg.proceed(bench.bridge)
    bench.leg.proceed(bench.bridge)
    assert bench.session.told == [("progress", 180, None)]
    bench.leg.hangup(Cause.BUSY)
    assert bench.session.verbs == ["progress 180", "refuse 486"]
    assert bench.engine.ports == []
    assert bench.is_clean


def test_early_media_opens_the_port_and_the_answer_repeats_what_it_said() -> None:
    bench = Bench()
    bench.invited()
    bench.leg.proceed(bench.bridge, early=(PCMU,))
    bench.leg.answer(bench.bridge, like=(PCMA,))
    (_, status, early), (_, final) = bench.session.told
    assert status == 183
    assert early == final
    assert bench.port.likes == [(PCMU,)]
    assert bench.leg.port is bench.port


def test_a_late_offer_is_ours_to_make() -> None:
    bench = Bench()
    bench.invited(b"")
    bench.leg.proceed(bench.bridge, early=G711)
    bench.leg.answer(bench.bridge, like=(PCMU,))
    assert bench.session.verbs == ["progress 180", "answer"]
    bench.leg.agreed(sdp(codecs="0"), 2.0)
    assert bench.leg.codecs == (PCMU,)
    bench.leg.agreed(b"", 2.0)
    assert bench.events == [Gone(Cause.FAILED)]


@pytest.mark.parametrize(
    ("cause", "status", "reason"),
    [
        (Cause.BUSY, 486, b"Q.850;cause=17"),
        (Cause.UNKNOWN_NUMBER, 404, b"Q.850;cause=1;"),
        (Cause.NORMAL, 480, b"Q.850;cause=16"),
        (Cause.OVERLOADED, 503, b"Retry-After:"),
    ],
)
def test_a_caller_is_told_why(cause: Cause, status: int, reason: bytes) -> None:
    bench = Bench()
    bench.invited()
    bench.leg.hangup(cause)
    assert bench.session.told[0][:2] == ("refuse", status)
    assert reason in bench.session.told[0][2]


def test_a_caller_without_a_port_to_give_is_asked_to_come_later() -> None:
    bench = Bench()
    bench.engine.is_empty = True
    bench.invited()
    bench.leg.answer(bench.bridge, like=G711)
    assert bench.session.verbs == ["refuse 503"]
    assert bench.events == [Gone(Cause.OVERLOADED)]
    assert bench.is_clean


def test_a_caller_who_gives_up_is_gone() -> None:
    bench = Bench()
    bench.invited()
    bench.leg.ended(487, b"", 2.0)
    assert bench.events == [Gone(Cause.CANCELLED)]
    assert bench.lines.unanswered == 0
    assert bench.is_clean


def test_only_callers_who_have_heard_nothing_count_as_unanswered() -> None:
    bench = Bench()
    bench.invited()
    assert bench.lines.unanswered == 1
    bench.leg.proceed(bench.bridge)
    assert bench.lines.unanswered == 0
    bench.leg.answer(bench.bridge, like=G711)
    bench.leg.hangup(Cause.NORMAL)
    assert bench.lines.unanswered == 0


# ---- it talks


@pytest.mark.parametrize(
    "held", [sdp("sendonly"), sdp("inactive"), sdp(host="0.0.0.0")], ids=["sendonly", "inactive", "nowhere"]
)
def test_hold_is_a_change_of_direction_and_nothing_else(held: bytes) -> None:
    bench = Bench().talking()
    assert isinstance(bench.leg.offered(held, 3.0), bytes)
    assert bench.events == [Held(True)]
    bench.leg.offered(sdp(version=2, codecs="0"), 4.0)
    bench.leg.offered(sdp(version=3, codecs="8 0"), 5.0)
    assert bench.events == [Held(True), Held(False)]


def test_a_refresh_that_changes_nothing_touches_no_port() -> None:
    bench = Bench().talking()
    first = bench.leg.offered(sdp(version=2), 3.0)
    assert bench.leg.offered(sdp(version=2), 4.0) == first
    assert len(bench.port.answers) == 1


def test_a_reoffer_that_cannot_be_spoken_changes_nothing() -> None:
    bench = Bench().talking()
    assert bench.leg.offered(sdp("sendonly", codecs="18"), 3.0) == 488
    assert bench.events == []


def test_a_late_reoffer_gets_our_offer() -> None:
    bench = Bench().talking()
    assert bench.leg.offered(b"", 3.0) == bench.port.offers[-1].encode()
    bench.leg.agreed(sdp("sendonly"), 3.1)
    assert bench.events == [Held(True)]


def test_an_offer_before_the_first_one_is_answered_has_to_wait() -> None:
    bench = Bench()
    bench.invited()
    assert bench.leg.offered(sdp(), 2.0) == 491


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160", "5"),
        ("application/dtmf-relay", "Duration=160\nsignal = *", "*"),
        ("application/dtmf-relay", "Signal=11", "#"),
        ("application/dtmf", "d", "D"),
        ("application/dtmf;x=y", "0", "0"),
        ("application/dtmf", "flash", None),
        ("application/dtmf-relay", "", None),
    ],
)
def test_keys_come_by_info(kind: str, body: str, key: str | None) -> None:
    bench = Bench().talking()
    assert bench.leg.requested(request("INFO", f"Content-Type: {kind}", body=body), 3.0)[0] == 200
    assert bench.events == ([] if key is None else [Digit(key)])


def test_what_is_not_about_keys_is_declined_politely() -> None:
    leg = Bench().talking().leg
    info = request("INFO", "Content-Type: text/plain", body="hi")
    assert leg.requested(info, 3.0)[0] == 415
    assert leg.requested(request("INFO"), 3.0)[0] == 200
    assert leg.requested(request("NOTIFY"), 3.0)[0] == 481, "we have subscribed to nothing"


def test_bye_is_the_normal_end_and_silence_a_loss() -> None:
    for status, cause in [(200, Cause.NORMAL), (408, Cause.LOST), (488, Cause.LOST)]:
        bench = Bench().talking()
        bench.leg.ended(status, b"", 3.0)
        assert bench.events == [Gone(cause)]
        assert bench.is_clean


def test_answered_elsewhere_is_no_missed_call() -> None:
    bench = Bench()
    bench.ring()
    bench.leg.hangup(Cause.ANSWERED_ELSEWHERE)
    assert bench.session.told == [
        ("hangup", b'Reason: SIP;cause=200;text="Call completed elsewhere"\r\nReason: Q.850;cause=26\r\n')
    ]
    assert bench.events == []
    assert bench.is_clean


def test_the_port_tells_of_keys_and_of_silence() -> None:
    bench = Bench().talking()
    for news in (PortFound(), PortDigit("7"), PortLost(), PortFound(), PortFound()):
        bench.leg.heard_from_port(news, 3.0)
    assert bench.events == [Digit("7", carried=True), Lost(), Back()]


def test_a_dead_worker_ends_its_lines() -> None:
    bench = Bench().talking()
    bench.leg.heard_from_port(PortLost(worker=True), 3.0)
    assert bench.events == [Gone(Cause.FAILED)]
    assert bench.session.verbs == ["hangup"]
    assert bench.is_clean


def test_when_the_codec_is_no_longer_shared_g711_is_offered_and_must_be_taken() -> None:
    bench = Bench().talking()
    bench.leg.heard_from_port(PortRenegotiate(), 3.0)
    assert bench.session.told == [("offer", bench.port.offers[-1].encode())]
    assert bench.port.likes[-1] == G711
    bench.leg.agreed(sdp(codecs="8"), 3.1)
    assert bench.events == []
    bench.leg.heard_from_port(PortRenegotiate(), 4.0)
    bench.leg.disagreed(488, 4.1)
    assert bench.events == [Gone(Cause.INCOMPATIBLE)]


# ---- anything at any time

STEPS: dict[str, Callable[[Bench], object]] = {
    "ring": lambda b: b.ring(),
    "invited": lambda b: b.invited() if not (b.endpoint.sessions or b.engine.ports or b.events) else None,
    "proceed": lambda b: b.leg.proceed(b.bridge),
    "early": lambda b: b.leg.proceed(b.bridge, early=G711),
    "answer": lambda b: b.leg.answer(b.bridge, like=G711),
    "connected": lambda b: b.leg.connected_to(ANNA),
    "pick up": lambda b: b.leg.pick_up(),
    "order to hold": lambda b: b.leg.hold(True),
    "order to talk": lambda b: b.leg.hold(False),
    "enter": lambda b: b.leg.enter(b.engine.bridge()),
    "refer": lambda b: b.asks("REFER", "Refer-To: <sip:103@pbx>") if b.endpoint.sessions else None,
    "told": lambda b: b.leg.told(Outcome(TransferTo("103"), Cause.NORMAL)),
    "180": lambda b: b.leg.progressed(180, b"", 1.0),
    "183": lambda b: b.leg.progressed(183, sdp(), 1.0),
    "answered": lambda b: b.leg.answered(sdp(), 1.0),
    "mute answer": lambda b: b.leg.answered(b"", 1.0),
    "hold": lambda b: b.leg.offered(sdp("sendonly"), 1.0),
    "late": lambda b: b.leg.offered(b"", 1.0),
    "agreed": lambda b: b.leg.agreed(sdp(), 1.0),
    "disagreed": lambda b: b.leg.disagreed(488, 1.0),
    "redirected": lambda b: b.leg.redirected([b"<sip:103@pbx>"], 1.0),
    "info": lambda b: b.leg.requested(request("INFO"), 1.0),
    "lost": lambda b: b.leg.heard_from_port(PortLost(), 1.0),
    "worker": lambda b: b.leg.heard_from_port(PortLost(worker=True), 1.0),
    "renegotiate": lambda b: b.leg.heard_from_port(PortRenegotiate(), 1.0),
    "empty": lambda b: setattr(b.engine, "is_empty", True),
    "ended": lambda b: b.leg.ended(487, b"", 1.0),
    "hangup": lambda b: b.leg.hangup(Cause.NORMAL),
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=14))
def test_whatever_happens_in_whatever_order_nothing_is_left(steps: list[str]) -> None:
    bench = Bench()
    for step in steps:
        STEPS[step](bench)
    assert sum(isinstance(event, Gone) for event in bench.events) <= 1
    gone = next((n for n, event in enumerate(bench.events) if isinstance(event, Gone)), len(bench.events))
    assert len(bench.events) <= gone + 1, "nothing is told after Gone"
    bench.leg.hangup(Cause.NORMAL)
    assert bench.is_clean
    assert bench.lines.unanswered == 0


def test_how_a_line_sounds_is_told_whoever_asks() -> None:
    bench = Bench().talking()
    heard: list[tuple[str, float]] = []
    bench.lines.reported = lambda leg, report, now: heard.append((leg.id, report.loss))
    bench.leg.heard_from_port(PortReport(0.02, 0.0, 1.0, None), 7.0)
    assert heard == [("leg", 0.02)]
