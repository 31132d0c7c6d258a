"""Calls of ours whose provisional responses must arrive: each gets its PRACK, in its order."""

import pytest

from offhook.sip.compose import RELIABLY
from offhook.sip.message import Request, Response
from offhook.sip.session import Session
from tests.sip.peer import CONTACT, calling, words
from tests.sip.wire import ANSWER, Alone, Owner, Wire, response


def reliably(number: int) -> str:
    return f"{CONTACT}Require: 100rel\r\nRSeq: {number}\r\n"


@pytest.fixture
def alone() -> Alone:
    return Alone()


@pytest.fixture
def call(alone: Alone) -> tuple[Session, Request]:
    return calling(alone, headers=RELIABLY)


def only(sent: list[Request | Response]) -> Request:
    (one,) = sent
    assert isinstance(one, Request)
    return one


def test_a_reliable_response_is_acknowledged_in_its_early_dialog(
    alone: Alone, call: tuple[Session, Request]
) -> None:
    _, invite = call
    assert b"100rel" in (invite.get(b"supported") or b"")
    prack = only(alone.receive(response(invite, 183, tag="one", headers=reliably(7), body=ANSWER)))
    assert (prack.method, prack.get(b"rack"), prack.uri) == ("PRACK", b"7 1 INVITE", b"sip:102@192.0.2.9")
    assert (prack.to_tag, prack.call_id, prack.cseq) == (b"one", invite.call_id, 2)
    assert alone.owner.told == [("progressed", 183, ANSWER)]
    assert alone.receive(response(prack, 200)) == []
    (ack,) = alone.receive(response(invite, 200, tag="one", headers=CONTACT))
    assert (words([ack]), ack.cseq) == (["ACK"], 1)
    assert alone.owner.told[1:] == [("answered", ANSWER)]  # said before, and for certain


def test_a_copy_is_not_acknowledged_again_nor_told(alone: Alone, call: tuple[Session, Request]) -> None:
    _, invite = call
    alone.receive(response(invite, 180, tag="one", headers=reliably(7)))
    assert alone.receive(response(invite, 180, tag="one", headers=reliably(7))) == []
    assert alone.owner.times("progressed") == 1
    assert (
        words(alone.wait(0.6)).count("PRACK") == 1
    )  # it is a request like others, and comes again by itself


def test_one_that_came_too_early_waits_for_the_one_before(
    alone: Alone, call: tuple[Session, Request]
) -> None:
    _, invite = call
    alone.receive(response(invite, 180, tag="one", headers=reliably(7)))
    assert alone.receive(response(invite, 183, tag="one", headers=reliably(9), body=ANSWER)) == []
    eight = only(alone.receive(response(invite, 181, tag="one", headers=reliably(8))))
    nine = only(alone.receive(response(invite, 183, tag="one", headers=reliably(9), body=ANSWER)))
    assert [eight.get(b"rack"), nine.get(b"rack")] == [b"8 1 INVITE", b"9 1 INVITE"]
    assert [fact[1] for fact in alone.owner.told] == [180, 181, 183]


def test_each_place_that_rings_counts_for_itself(alone: Alone, call: tuple[Session, Request]) -> None:
    _, invite = call
    one = only(alone.receive(response(invite, 180, tag="one", headers=reliably(7))))
    two = only(alone.receive(response(invite, 180, tag="two", headers=reliably(70))))
    assert [(each.to_tag, each.get(b"rack")) for each in (one, two)] == [
        (b"one", b"7 1 INVITE"),
        (b"two", b"70 1 INVITE"),
    ]
    assert one.cseq != two.cseq


@pytest.mark.parametrize(
    "headers",
    ["RSeq: 7\r\n", "Require: 100rel\r\n", "Require: 100rel\r\nRSeq: x\r\n", f"RSeq: {'9' * 99}\r\n"],
)
def test_what_is_not_reliable_is_told_and_not_acknowledged(
    alone: Alone, call: tuple[Session, Request], headers: str
) -> None:
    _, invite = call
    assert alone.receive(response(invite, 180, tag="one", headers=CONTACT + headers)) == []
    assert alone.owner.times("progressed") == 1


def test_who_has_hung_up_sends_no_more_than_the_cancel(alone: Alone, call: tuple[Session, Request]) -> None:
    session, invite = call
    session.hangup(alone.now)
    sent = alone.receive(response(invite, 180, tag="one", headers=reliably(7)))
    assert words(sent) == ["CANCEL"]


def test_both_ends_of_ours_understand_each_other() -> None:
    wire = Wire()
    caller = Owner()
    wire.call(caller, headers=b"Require: 100rel\r\n")
    wire.run(0.1)
    called = wire.b.session
    assert called is not None
    called.progress(180, None, wire.now)
    called.progress(183, ANSWER, wire.now)
    wire.run(0.2)
    called.answer(ANSWER, wire.now)
    wire.run(0.2)
    assert caller.names == ["progressed", "progressed", "answered"]
    assert wire.story.count("a PRACK") == 2
    assert wire.b.owner.names == ["confirmed"]
    called.hangup(wire.now)
    wire.run(60)
    assert wire.left == 0
