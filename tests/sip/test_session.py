"""Sessions between two endpoints: what each owner hears, what goes over the wire, and that all ends."""

import gc
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offhook.sip.message import Response
from tests.sip.wire import ANSWER, DELAY, OFFER, Owner, Wire

LIFE = 32.0
RELIABLE = b"Require: 100rel\r\n"


def lose(wire: Wire, *words: str | int, times: int = 1) -> None:
    """Lose the next `times` of these methods or statuses of either end."""
    left = dict.fromkeys(words, times)

    def fate(data: bytes) -> Sequence[float]:
        first = data.split(b" ")
        word: str | int = int(first[1]) if data.startswith(b"SIP/2.0") else first[0].decode()
        if left.get(word, 0) > 0:
            left[word] -= 1
            return ()
        return (DELAY,)

    wire.fate = fate


def test_a_call_is_offered_answered_and_acknowledged() -> None:
    wire = Wire()
    caller = Owner()
    session = wire.call(caller)
    wire.run(0.1)
    called = wire.b.session
    assert called is not None
    called.progress(180, None, wire.now)
    wire.run(0.1)
    called.answer(ANSWER, wire.now)
    wire.run(0.1)
    assert wire.story == ["a INVITE", "b 100", "b 180", "b 200", "a ACK"]
    assert caller.told == [("progressed", 180, b""), ("answered", ANSWER)]
    assert wire.b.owner.told == [("confirmed",)]
    assert (session.call_id, session.local_tag) == (called.call_id, called.remote_tag)
    assert session.remote_tag == called.local_tag


@pytest.mark.parametrize("leaver", ["caller", "called"])
def test_either_end_hangs_up_and_both_hear_once_that_it_ended(leaver: str) -> None:
    wire = Wire()
    session, caller, called, callee = wire.talk()
    (session if leaver == "caller" else called).hangup(wire.now, headers=b"Reason: Q.850;cause=16\r\n")
    wire.run(1)
    stayed, left = (callee, caller) if leaver == "caller" else (caller, callee)
    assert stayed.told[-1] == ("ended", 200, b"Q.850;cause=16")
    assert left.told[-1] == ("ended", 200, b"")
    wire.run(2 * LIFE)
    assert (caller.times("ended"), callee.times("ended"), wire.left) == (1, 1, 0)


def test_byes_that_cross_end_both_sides_once() -> None:
    wire = Wire()
    session, caller, called, callee = wire.talk()
    session.hangup(wire.now)
    called.hangup(wire.now)
    wire.run(2 * LIFE)
    assert (caller.times("ended"), callee.times("ended"), wire.left) == (1, 1, 0)
    assert wire.story[-4:] == ["a BYE", "b BYE", "b 200", "a 200"]


def test_a_refusal_ends_the_call_with_its_status_and_reason() -> None:
    wire = Wire()
    caller = Owner()
    wire.call(caller)
    wire.run(0.1)
    assert wire.b.session is not None
    wire.b.session.refuse(486, wire.now, headers=b"Reason: Q.850;cause=17\r\n")
    wire.run(0.1)
    assert caller.told == [("ended", 486, b"Q.850;cause=17")]
    assert wire.b.owner.told == [("ended", 486, b"")]
    wire.run(2 * LIFE)
    assert wire.left == 0


def test_nothing_is_said_from_within_a_call_of_the_owner() -> None:
    wire = Wire()
    wire.call(Owner())
    wire.run(0.1)
    assert wire.b.session is not None
    wire.b.session.refuse(486, wire.now)
    assert wire.b.owner.told == []
    assert wire.b.endpoint.next_timeout() == 0.0
    wire.b.endpoint.tick(wire.now)
    assert wire.b.owner.told == [("ended", 486, b"")]


def test_a_silent_phone_is_given_up_after_64_t1() -> None:
    wire = Wire(fate=lambda data: ())
    caller = Owner()
    wire.call(caller)
    wire.run(LIFE - 0.1)
    assert caller.told == []
    wire.run(0.2)
    assert caller.told == [("ended", 408, b"")]
    assert [round(when - 1000, 3) for when, _ in wire.sent("a", "INVITE")] == [
        0,
        0.5,
        1.5,
        3.5,
        7.5,
        15.5,
        31.5,
    ]


def test_a_phone_may_ring_for_an_hour_and_says_so_every_minute() -> None:
    wire = Wire()
    caller = Owner()
    wire.call(caller)
    wire.run(0.1)
    assert wire.b.session is not None
    wire.b.session.progress(180, None, wire.now)
    wire.run(3600)
    assert caller.times("ended") == 0
    assert 60 <= len(wire.sent("b", 180)) <= 61
    wire.b.session.answer(ANSWER, wire.now)
    wire.run(0.1)
    assert caller.told[-1] == ("answered", ANSWER)


def test_cancel_waits_for_a_provisional_response() -> None:
    wire = Wire()
    lose(wire, 100)
    caller = Owner()
    session = wire.call(caller)
    session.hangup(wire.now, headers=b'Reason: SIP;cause=200;text="Call completed elsewhere"\r\n')
    wire.run(0.4)
    assert "a CANCEL" not in wire.story
    wire.run(1)
    assert [word for word in wire.story if word in ("a CANCEL", "b 487")] == ["a CANCEL", "b 487"]
    assert caller.told == [("ended", 487, b"")]
    assert wire.b.owner.told == [("ended", 487, b'SIP;cause=200;text="Call completed elsewhere"')]
    wire.run(2 * LIFE)
    assert wire.left == 0


def test_an_answer_that_crosses_our_cancel_is_acknowledged_and_hung_up() -> None:
    wire = Wire()
    caller = Owner()
    session = wire.call(caller)
    wire.run(0.1)
    called = wire.b.session
    assert called is not None
    called.answer(ANSWER, wire.now)
    session.hangup(wire.now)
    wire.run(1)
    assert caller.told == [("ended", 487, b"")]
    assert wire.b.owner.names == ["confirmed", "ended"]
    assert "a ACK" in wire.story
    assert "a BYE" in wire.story
    wire.run(2 * LIFE)
    assert wire.left == 0


def test_a_cancel_that_nobody_heeds_ends_after_64_t1() -> None:
    wire = Wire()
    caller = Owner()
    session = wire.call(caller)
    wire.run(0.1)
    wire.fate = lambda data: ()
    session.hangup(wire.now)
    wire.run(LIFE + 0.1)
    assert caller.told == [("ended", 487, b"")]
    assert wire.a.endpoint.counters["sessions"] == 0


def test_our_200_is_resent_until_its_ack() -> None:
    wire = Wire()
    lose(wire, "ACK", times=4)
    _, caller, _, callee = wire.talk()
    begun = wire.sent("b", 200)[0][0]
    wire.run(20)
    assert [round(when - begun, 2) for when, _ in wire.sent("b", 200)] == [0, 0.5, 1.5, 3.5, 7.5]
    assert caller.times("answered") == callee.times("confirmed") == 1


def test_without_any_ack_the_call_ends_with_408_and_a_bye() -> None:
    wire = Wire()
    lose(wire, "ACK", times=99)
    _, caller, _, callee = wire.talk()
    wire.run(LIFE + 1)
    assert callee.told == [("ended", 408, b"")]
    assert caller.told[-1] == ("ended", 200, b"")
    wire.run(2 * LIFE)
    assert wire.left == 0


def test_hanging_up_before_the_ack_waits_for_it() -> None:
    wire = Wire()
    lose(wire, "ACK", times=1)
    _, _, called, callee = wire.talk()
    called.hangup(wire.now)
    wire.run(0.1)
    assert "b BYE" not in wire.story
    wire.run(1)
    assert "b BYE" in wire.story
    assert callee.told == [("ended", 200, b"")]


def test_hanging_up_a_call_that_rings_here_refuses_it() -> None:
    wire = Wire()
    caller = Owner()
    wire.call(caller)
    wire.run(0.1)
    assert wire.b.session is not None
    wire.b.session.hangup(wire.now)
    wire.run(0.1)
    assert caller.told == [("ended", 480, b"")]


def test_a_late_offer_of_ours_is_answered_in_the_ack() -> None:
    wire = Wire()
    _, caller, _, callee = wire.talk(sdp=None)
    assert caller.told == [("offered", OFFER), ("answered", OFFER)]
    assert callee.told == [("agreed", ANSWER), ("confirmed",)]


def test_a_late_offer_that_is_refused_is_hung_up() -> None:
    wire = Wire()
    caller = Owner(reply=488)
    wire.call(caller, None)
    wire.run(0.1)
    assert wire.b.session is not None
    wire.b.session.answer(OFFER, wire.now)
    wire.run(1)
    assert caller.told == [("offered", OFFER), ("ended", 488, b"")]
    assert wire.b.owner.times("ended") == 1
    wire.run(2 * LIFE)
    assert wire.left == 0


def test_the_session_is_changed_by_either_end() -> None:
    wire = Wire()
    session, caller, called, callee = wire.talk()
    session.offer(OFFER + b"a=sendonly\r\n", wire.now)
    wire.run(0.1)
    assert callee.told[-1] == ("offered", OFFER + b"a=sendonly\r\n")
    assert caller.told[-1] == ("agreed", ANSWER)
    caller.reply = OFFER
    called.offer(ANSWER + b"a=sendonly\r\n", wire.now)
    wire.run(0.1)
    assert caller.told[-1] == ("offered", ANSWER + b"a=sendonly\r\n")
    assert callee.told[-1] == ("agreed", OFFER)


def test_a_change_that_is_refused_leaves_the_call_as_it_was() -> None:
    wire = Wire()
    session, caller, _, callee = wire.talk()
    callee.reply = 488
    session.offer(OFFER, wire.now)
    wire.run(0.1)
    assert caller.told[-1] == ("disagreed", 488)
    session.hangup(wire.now)
    wire.run(2 * LIFE)
    assert wire.left == 0


def test_offers_that_meet_are_made_again_the_callers_last() -> None:
    wire = Wire()
    session, caller, called, callee = wire.talk()
    caller.reply = OFFER
    session.offer(OFFER + b"a=from-caller\r\n", wire.now)
    called.offer(ANSWER + b"a=from-called\r\n", wire.now)
    wire.run(10)
    assert (len(wire.sent("a", 491)), len(wire.sent("b", 491))) == (1, 1)
    assert ("offered", ANSWER + b"a=from-called\r\n") in caller.told
    assert callee.told[-2:] == [("agreed", OFFER), ("offered", OFFER + b"a=from-caller\r\n")] or callee.told[
        -1
    ] == ("agreed", OFFER)
    assert "ended" not in caller.names + callee.names


def test_an_offer_waits_for_the_ack_of_the_last_change() -> None:
    wire = Wire()
    session, _, called, callee = wire.talk()
    lose(wire, "ACK", times=1)
    session.offer(OFFER, wire.now)
    wire.run(0.1)
    called.offer(ANSWER + b"a=1\r\n", wire.now)
    called.offer(ANSWER + b"a=2\r\n", wire.now)
    assert len(wire.sent("b", "INVITE")) == 0
    wire.run(1)
    assert [message.body for _, message in wire.sent("b", "INVITE")] == [ANSWER + b"a=2\r\n"]
    assert callee.times("agreed") == 1


def test_an_answer_in_a_18x_counts_when_the_200_has_none() -> None:
    wire = Wire()
    caller = Owner()
    wire.call(caller)
    wire.run(0.1)
    assert wire.b.session is not None
    wire.b.session.progress(183, ANSWER, wire.now)
    wire.run(0.1)
    wire.b.session.answer(b"", wire.now)
    wire.run(0.1)
    assert caller.told == [("progressed", 183, ANSWER), ("answered", ANSWER)]


def test_requests_within_the_dialog_are_handed_to_the_owner() -> None:
    wire = Wire()
    session, _, called, callee = wire.talk()
    heard: list[int | None] = []

    def done(response: Response | None, now: float) -> None:
        heard.append(None if response is None else response.status)

    session.request("INFO", wire.now, body=b"Signal=5\r\n", content_type=b"application/dtmf-relay", done=done)
    wire.run(0.1)
    callee.status = 405
    session.request("NOTIFY", wire.now, body=b"hello", content_type=b"text/plain", done=done)
    wire.run(0.1)
    called.request("OPTIONS", wire.now)
    wire.run(0.1)
    assert callee.told[-2:] == [("requested", "INFO", b"Signal=5\r\n"), ("requested", "NOTIFY", b"hello")]
    assert heard == [200, 405]
    assert (wire.sent("b", 405)[0][1].get(b"allow") or b"").startswith(b"INVITE")
    assert wire.story[-2:] == ["b OPTIONS", "a 200"]


def test_sessions_are_refreshed_by_update_at_half_time() -> None:
    wire = Wire()
    wire.talk()
    wire.run(4000)
    updates = [message for _, message in wire.sent("a", "UPDATE")]
    assert len(updates) == 4
    assert (updates[0].get(b"session-expires"), updates[0].body) == (b"1800;refresher=uac", b"")
    assert wire.left == 2


def test_a_refresh_without_update_repeats_the_last_description() -> None:
    wire = Wire()
    session, caller, _, callee = wire.talk()
    assert session.dialog is not None
    session.dialog.can_update = False
    wire.run(1000)
    assert [message.body for _, message in wire.sent("a", "INVITE")] == [OFFER, OFFER]
    assert callee.times("offered") == 1
    wire.run(3000)
    assert "ended" not in caller.names + callee.names


def test_a_session_nobody_refreshes_expires_on_both_sides() -> None:
    wire = Wire()
    _, caller, _, callee = wire.talk()
    wire.fate = lambda data: ()
    wire.run(1900)
    assert caller.told[-1] == callee.told[-1] == ("ended", 408, b"")
    wire.run(LIFE)
    assert wire.left == 0


def test_a_lost_connection_ends_what_was_being_set_up_over_it_and_spares_what_talks() -> None:
    wire = Wire("tcp")
    _, talker, _, other = wire.talk()
    caller = Owner()
    wire.call(caller)
    wire.b.owner = Owner()
    wire.run(0.1)
    wire.a.endpoint.flow_closed(wire.to_b, wire.now)
    wire.b.endpoint.flow_closed(wire.to_a, wire.now)
    assert caller.told == [("ended", 503, b"")]
    assert wire.b.owner.told == [("ended", 503, b"")]
    assert "ended" not in talker.names + other.names


def test_a_row_from_before_a_restart_is_enough_for_a_bye() -> None:
    wire = Wire()
    session, _, _, callee = wire.talk()
    row = session.snapshot()
    wire.a.endpoint.farewell(row, wire.now)
    wire.run(0.1)
    assert callee.told[-1] == ("ended", 200, b"")


def test_over_tcp_nothing_is_resent_and_contacts_say_so() -> None:
    wire = Wire("tcp")
    session, _, _, _ = wire.talk()
    session.hangup(wire.now)
    wire.run(3 * LIFE)
    assert wire.story == ["a INVITE", "b 100", "b 200", "a ACK", "a BYE", "b 200"]
    invite = wire.log[0][2]
    assert invite.get(b"contact") == b"<sip:192.0.2.1:5060;transport=tcp>"
    assert (invite.get(b"via") or b"").startswith(b"SIP/2.0/TCP 192.0.2.1:5060;rport;branch=z9hG4bK")
    assert wire.left == 0


def test_ipv6_addresses_stand_in_brackets() -> None:
    wire = Wire(hosts=("2001:db8::1", "2001:db8::2"))
    session, _, _, callee = wire.talk()
    assert wire.log[0][2].get(b"contact") == b"<sip:[2001:db8::1]:5060>"
    session.hangup(wire.now)
    wire.run(1)
    assert callee.times("ended") == 1


def test_ended_calls_leave_nothing_for_the_garbage_collector() -> None:
    wire = Wire()
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            wire.b.owner = Owner()
            session, _, _, _ = wire.talk(headers=b"Supported: timer\r\n")
            session.offer(OFFER, wire.now)
            wire.run(1)
            session.hangup(wire.now)
            wire.run(2 * LIFE)
        del session
        wire.b.session = None
        wire.b.requests.clear()
        wire.log.clear()
        assert gc.collect() == 0
    finally:
        gc.enable()


STEPS = st.sampled_from(
    ["wait", "progress", "early", "answer", "refuse", "hang up caller", "hang up called", "offer caller",
     "offer called", "info", "late"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(st.tuples(STEPS, st.floats(0, 3)), max_size=12),
    fates=st.lists(
        st.lists(st.sampled_from([0.001, 0.005, 0.02, 0.3, 0.7, 2.0]), max_size=2), min_size=1, max_size=60
    ),
    transport=st.sampled_from(["udp", "udp", "tcp"]),
    late=st.booleans(),
    reliable=st.booleans(),
)
def test_whatever_is_lost_or_reordered_each_session_ends_once(
    steps: list[tuple[str, float]], fates: list[list[float]], transport: str, late: bool, reliable: bool
) -> None:
    drawn = iter(fates)
    wire = Wire("tcp" if transport == "tcp" else "udp")
    if transport == "udp":
        wire.fate = lambda data: next(drawn, [DELAY])
    caller = Owner(reply=OFFER)
    session = wire.call(caller, None if late else OFFER, RELIABLE if reliable else b"")
    for step, seconds in steps:
        called = wire.b.session
        match step:
            case "hang up caller":
                session.hangup(wire.now)
            case "offer caller":
                session.offer(OFFER + b"a=again\r\n", wire.now)
            case "info":
                session.request("INFO", wire.now)
            case _ if called is None:
                pass
            case "progress":
                called.progress(180, None, wire.now)
            case "early":
                called.progress(183, ANSWER, wire.now)
            case "answer":
                called.answer(ANSWER, wire.now)
            case "refuse":
                called.refuse(486, wire.now)
            case "hang up called":
                called.hangup(wire.now)
            case "offer called":
                called.offer(ANSWER + b"a=again\r\n", wire.now)
        wire.run(seconds)
    session.hangup(wire.now)
    wire.run(70)
    if wire.b.session is not None:
        wire.b.session.hangup(wire.now)
    wire.run(4 * LIFE)
    assert caller.times("ended") == 1
    assert caller.names[-1] == "ended"
    assert wire.b.owner.times("ended") == (1 if wire.b.session is not None else 0)
    assert wire.left == 0
