"""A place that says not a word: the next one is tried soon, and what comes after all is hung up."""

import pytest

from offhook.sip.message import Request
from offhook.sip.session import Session
from tests.sip.peer import CONTACT, words
from tests.sip.wire import ANSWER, OFFER, Alone, Wire, response


def calling(alone: Alone, give_up: float = 2.0) -> tuple[Session, Request]:
    alone.raw.clear()
    session = alone.endpoint.invite(
        b"sip:102@192.0.2.9", alone.flow, alone.owner, local=b"<sip:101@pbx>", remote=b"<sip:102@pbx>",
        sdp=OFFER, give_up=give_up, now=alone.now,
    )  # fmt: skip
    invite = alone.sent[0]
    assert isinstance(invite, Request)
    return session, invite


@pytest.fixture(params=["udp", "tcp"])
def alone(request: pytest.FixtureRequest) -> Alone:
    return Alone(request.param)


def test_silence_ends_the_call_in_time_and_its_copies() -> None:
    alone = Alone()
    calling(alone)
    assert words(alone.wait(1.9)) == ["INVITE", "INVITE"]
    assert alone.owner.told == []
    assert words(alone.wait(0.2)) == []
    assert alone.owner.told == [("ended", 408, b"")]
    assert alone.endpoint.counters["sessions"] == 0
    assert words(alone.wait(60)) == []
    assert alone.endpoint.counters["transactions"] == 0
    assert alone.owner.times("ended") == 1


def test_a_time_shorter_than_that_of_the_first_copy_is_kept_too(alone: Alone) -> None:
    calling(alone, 0.3)
    assert words(alone.wait(0.4)) == []
    assert alone.owner.told == [("ended", 408, b"")]
    assert words(alone.wait(60)) == []
    assert alone.endpoint.counters["transactions"] == 0


@pytest.mark.parametrize("status", [100, 180, 183])
def test_one_word_is_enough(alone: Alone, status: int) -> None:
    _, invite = calling(alone)
    alone.wait(1)
    alone.receive(response(invite, status, tag="one", headers=CONTACT))
    alone.wait(60)
    assert alone.owner.times("ended") == 0


def test_one_that_rings_after_all_is_cancelled(alone: Alone) -> None:
    _, invite = calling(alone)
    alone.wait(3)
    sent = alone.receive(response(invite, 180, tag="one", headers=CONTACT))
    assert words(sent) == ["CANCEL"]
    assert sent[0].branch == invite.branch
    alone.receive(response(sent[0], 200))
    assert words(alone.receive(response(invite, 487, tag="one"))) == ["ACK"]
    assert alone.owner.told == [("ended", 408, b"")]
    alone.wait(60)
    assert alone.endpoint.counters["transactions"] == 0


def test_one_that_answers_after_all_is_hung_up(alone: Alone) -> None:
    _, invite = calling(alone)
    alone.wait(3)
    sent = alone.receive(response(invite, 200, tag="one", headers=CONTACT, body=ANSWER))
    assert words(sent) == ["ACK", "BYE"]
    assert alone.owner.told == [("ended", 408, b"")]


def test_one_that_refuses_after_all_is_only_acknowledged(alone: Alone) -> None:
    _, invite = calling(alone)
    alone.wait(3)
    assert words(alone.receive(response(invite, 503, tag="one"))) == ["ACK"]
    assert alone.owner.told == [("ended", 408, b"")]


def test_who_hangs_up_does_not_wait_longer_for_a_place_that_is_silent(alone: Alone) -> None:
    session, _ = calling(alone)
    session.hangup(alone.now)
    assert alone.owner.told == []
    alone.wait(2.1)
    assert alone.owner.told == [("ended", 487, b"")]


def test_nothing_is_left_of_a_call_into_the_void() -> None:
    wire = Wire(fate=lambda data: ())
    wire.a.endpoint.invite(
        b"sip:102@192.0.2.2", wire.to_b, wire.a.owner, local=b"<sip:101@pbx>", remote=b"<sip:102@pbx>",
        sdp=OFFER, give_up=2.0, now=wire.now,
    )  # fmt: skip
    wire.run(2.1)
    assert wire.a.owner.told == [("ended", 408, b"")]
    wire.run(40)
    assert wire.left == 0
