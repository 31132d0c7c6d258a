"""What a phone's leg tells its phone beyond ringing: to pick up, to hold, whom it talks to now."""

from dataclasses import replace

import pytest

from offhook.calls.cause import Cause
from offhook.calls.leg import Answered, Ringing
from offhook.calls.media import G711
from tests.phones.requests import flow
from tests.phones.workbench import ANNA, BEN, DEVICE, Bench, sdp

TALK = "notify talk active"
HOLD = "notify hold active"
WHO = b"P-Asserted-Identity: %b\r\n"


# ---- orders


@pytest.mark.parametrize(
    ("said", "takes_orders"),
    [
        ("talk, hold, conference", True),
        ("hold,TALK", True),
        ("talk", True),
        ("hold, refer", False),
        ("smalltalk", False),
        ("", False),
    ],
)
def test_a_phone_says_by_allow_events_whether_it_takes_orders(said: str, *, takes_orders: bool) -> None:
    calls, called = Bench(), Bench()
    calls.invited(None, f"Allow-Events: {said}")
    called.ring()
    called.session.allow_events = said.encode()
    called.leg.progressed(180, b"", 1.0)
    assert (calls.leg.takes_orders, called.leg.takes_orders) == (takes_orders, takes_orders)


def test_what_it_said_when_it_registered_counts_until_it_says_otherwise() -> None:
    bench = Bench(takes_orders=True)
    bench.ring()
    bench.leg.progressed(180, b"", 1.0)
    assert bench.leg.takes_orders
    bench.session.allow_events = b"refer"
    bench.leg.answered(sdp(), 2.0)
    assert not bench.leg.takes_orders


def test_a_phone_that_rings_is_told_to_pick_up_and_answers() -> None:
    bench = Bench(takes_orders=True)
    bench.ring()
    bench.leg.progressed(180, b"", 1.0)
    bench.leg.pick_up()
    assert bench.session.verbs == [TALK]
    bench.answers_notify(200)
    bench.leg.answered(sdp(), 2.0)
    assert bench.events == [Ringing(), Answered()]


def test_a_phone_of_which_nothing_is_heard_yet_is_told_with_its_first_word() -> None:
    bench = Bench(takes_orders=True)
    bench.ring()
    bench.session.has_dialog = False
    bench.leg.pick_up()
    bench.leg.pick_up()
    assert bench.session.verbs == []
    bench.session.has_dialog = True
    bench.leg.progressed(180, b"", 1.0)
    bench.leg.progressed(180, b"", 1.0)
    assert bench.session.verbs == [TALK]


def test_a_page_that_holds_and_resumes_is_followed_by_the_phone() -> None:
    bench = Bench(takes_orders=True).talking()
    bench.leg.hold(True)
    bench.leg.hold(False)
    assert bench.session.verbs == [HOLD, TALK]


@pytest.mark.parametrize("status", [405, 481, 489, 501])
def test_a_phone_that_refuses_an_order_is_given_no_more(status: int) -> None:
    bench = Bench(takes_orders=True).talking()
    bench.leg.hold(True)
    bench.answers_notify(status)
    bench.leg.hold(False)
    assert bench.session.verbs == [HOLD]
    assert not bench.leg.takes_orders


def test_no_orders_are_given_to_who_takes_none_nor_out_of_time() -> None:
    deaf, calling, idle = Bench().talking(), Bench(takes_orders=True), Bench(takes_orders=True)
    deaf.leg.hold(True)
    calling.invited()
    calling.leg.hold(True)
    calling.leg.pick_up()
    idle.leg.pick_up()
    idle.leg.hold(True)
    idle.ring()
    idle.leg.hangup(Cause.CANCELLED)
    idle.leg.pick_up()
    idle.leg.hold(True)
    assert (deaf.session.verbs, calling.session.verbs, idle.session.verbs) == ([], [], ["hangup"])


def test_a_port_opened_after_the_leg_went_to_another_call_is_in_that_ones_bridge() -> None:
    device = replace(DEVICE, srtp="auto")
    bench = Bench(device=device, by=flow(transport="tls", connection=1))
    bench.ring()
    other = bench.engine.bridge()
    bench.leg.enter(other)
    bench.leg.ended(488, b"", 2.0)
    assert bench.leg.port in other.ports


# ---- whom it talks to


def test_who_answers_is_named_to_the_caller_and_a_change_too() -> None:
    bench = Bench()
    bench.invited()
    bench.leg.connected_to(BEN)
    bench.leg.proceed(bench.bridge)
    bench.leg.answer(bench.bridge, like=G711)
    bench.leg.connected_to(BEN)
    bench.leg.connected_to(ANNA)
    assert [fact[1] for fact in bench.session.told if fact[0] == "introduce"] == [
        WHO % b'"Ben" <sip:102@192.0.2.1:5060>',
        WHO % b'"Anna" <sip:101@192.0.2.1:5060>',
    ]
    assert bench.session.verbs[1:3] == ["progress 180", "answer"]


def test_whom_it_rings_for_is_known_from_the_invite() -> None:
    bench = Bench().talking()
    bench.leg.connected_to(ANNA)
    assert bench.session.told == []
    bench.leg.connected_to(BEN)
    bench.leg.connected_to(ANNA)
    assert len(bench.session.told) == 2


def test_nobody_is_named_to_who_is_gone_or_not_there_yet() -> None:
    idle, gone = Bench(), Bench().talking()
    idle.leg.connected_to(ANNA)
    gone.leg.ended(200, b"", 2.0)
    gone.leg.connected_to(BEN)
    assert (idle.endpoint.sessions, gone.session.told) == ([], [])
