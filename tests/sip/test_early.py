"""Requests of ours while it still rings: each place that rings has a dialog of its own (RFC 3261 §12.1)."""

import pytest

from offhook.sip.message import Request, Response
from tests.sip.peer import CONTACT, called, calling, words
from tests.sip.wire import ANSWER, OFFER, Alone, Owner, Wire, response

ROUTES = "Record-Route: <sip:near@192.0.2.9;lr>, <sip:far@192.0.2.8;lr>\r\n"
HEARD: list[int | None] = []


def note(response: Response | None, now: float) -> None:
    HEARD.append(None if response is None else response.status)


@pytest.fixture(autouse=True)
def _nothing_heard() -> None:
    HEARD.clear()


def only_request(sent: list[Request | Response]) -> Request:
    (found,) = [one for one in sent if isinstance(one, Request)]
    return found


def test_a_place_that_rings_can_be_told_something_at_once() -> None:
    alone = Alone()
    session, invite = calling(alone)
    alone.receive(response(invite, 180, tag="one", headers=CONTACT + ROUTES))
    session.notify(b"talk", b"active", alone.now, done=note)
    notify = only_request(alone.sent)
    assert (notify.method, notify.uri, notify.cseq) == ("NOTIFY", b"sip:102@192.0.2.9", invite.cseq + 1)
    assert (notify.to_tag, notify.from_tag, notify.call_id) == (b"one", session.local_tag, invite.call_id)
    assert notify.get(b"route") == b"<sip:far@192.0.2.8;lr>, <sip:near@192.0.2.9;lr>"
    assert (notify.get(b"event"), notify.get(b"subscription-state")) == (b"talk", b"active")
    assert notify.get(b"contact") == b"<sip:192.0.2.1:5060>"
    alone.receive(response(notify, 200))
    assert HEARD == [200]


def test_what_follows_in_the_dialog_counts_on_from_there() -> None:
    alone = Alone()
    session, invite = calling(alone)
    alone.receive(response(invite, 180, tag="one", headers=CONTACT))
    session.notify(b"talk", b"active", alone.now)
    session.notify(b"talk", b"active", alone.now)
    sent = alone.receive(response(invite, 200, tag="one", headers=CONTACT, body=ANSWER))
    assert [(one.method, one.cseq) for one in sent if isinstance(one, Request)] == [("ACK", invite.cseq)]
    alone.raw.clear()
    session.hangup(alone.now)
    bye = only_request(alone.sent)
    assert (bye.method, bye.cseq) == ("BYE", invite.cseq + 3)


def test_a_fork_that_answers_too_late_is_hung_up_with_a_number_of_its_own() -> None:
    alone = Alone()
    session, invite = calling(alone)
    alone.receive(response(invite, 180, tag="one", headers=CONTACT))
    session.notify(b"talk", b"active", alone.now)
    alone.receive(response(invite, 200, tag="two", headers=CONTACT, body=ANSWER))
    late = alone.receive(response(invite, 200, tag="one", headers=CONTACT, body=ANSWER))
    assert [(one.method, one.cseq) for one in late if isinstance(one, Request)] == [("ACK", 1), ("BYE", 3)]


def test_of_several_places_the_last_to_ring_is_told() -> None:
    alone = Alone()
    session, invite = calling(alone)
    for tag in ("one", "two"):
        alone.receive(response(invite, 180, tag=tag, headers=CONTACT))
    session.notify(b"talk", b"active", alone.now)
    assert only_request(alone.sent[-1:]).to_tag == b"two"


def test_while_nobody_rings_there_is_no_dialog() -> None:
    alone = Alone()
    session, invite = calling(alone)
    for data in (b"", response(invite, 100), response(invite, 180)):
        if data:
            alone.receive(data)
        alone.raw.clear()
        assert not session.has_dialog
        session.notify(b"talk", b"active", alone.now, done=note)
        assert alone.sent == []
    alone.wait(0.1)
    assert HEARD == [None] * 3


def test_after_a_422_the_places_that_rang_are_forgotten() -> None:
    alone = Alone()
    session, invite = calling(alone)
    alone.receive(response(invite, 180, tag="one", headers=CONTACT))
    session.notify(b"talk", b"active", alone.now)
    sent = alone.receive(response(invite, 422, tag="one", headers="Min-SE: 3600\r\n"))
    assert [(one.method, one.cseq) for one in sent if isinstance(one, Request)] == [("ACK", 1), ("INVITE", 3)]
    assert not session.has_dialog


def test_a_caller_who_still_waits_can_be_told_something_too() -> None:
    wire = Wire()
    caller = Owner()
    wire.call(caller)
    wire.run(0.1)
    assert wire.b.session is not None
    wire.b.session.progress(180, None, wire.now)
    wire.b.session.notify(b"refer", b"active", wire.now, body=b"SIP/2.0 100 Trying\r\n", done=note)
    wire.run(0.1)
    assert ("requested", "NOTIFY", b"SIP/2.0 100 Trying\r\n") in caller.told
    assert HEARD == [200]


def test_nobody_is_told_anything_once_it_is_over() -> None:
    alone = Alone()
    session = called(alone)
    session.refuse(486, alone.now)
    alone.raw.clear()
    session.notify(b"talk", b"active", alone.now, done=note)
    assert alone.sent == []
    alone.wait(0.1)
    assert HEARD == [None]


def test_what_the_owner_wants_to_do_next_comes_after_his_answer() -> None:
    class Follower(Owner):
        def requested(self, request: Request, now: float) -> tuple[int, bytes]:
            assert wire.b.session is not None
            session = wire.b.session
            session.then(lambda: session.notify(b"refer", b"active", now))
            return 202, b"Refer-Sub: false\r\n"

    wire = Wire()
    wire.b.owner = Follower()
    session, *_ = wire.talk()
    session.request("REFER", wire.now)
    wire.log.clear()
    wire.run(0.1)
    assert wire.story[:2] == ["b 202", "b NOTIFY"]
    accepted = wire.log[0][2]
    assert (accepted.get(b"refer-sub"), accepted.get(b"contact")) == (b"false", b"<sip:192.0.2.2:5060>")


def test_what_a_phone_can_do_is_learnt_from_whatever_it_says() -> None:
    alone = Alone()
    session, invite = calling(alone)
    alone.receive(response(invite, 180, tag="one", headers=CONTACT + "Allow-Events: talk\r\n"))
    assert session.allow_events == b"talk"
    alone.receive(response(invite, 200, tag="one", headers=CONTACT + "u: refer\r\n", body=ANSWER))
    assert session.allow_events == b"refer"
    assert called(Alone(), "Allow-Events: hold, talk\r\n").allow_events == b"hold, talk"
    assert words(alone.sent) == ["ACK"]


def test_an_offer_is_no_reason_to_forget_whom_an_early_request_went_to() -> None:
    alone = Alone()
    session, invite = calling(alone, OFFER)
    alone.receive(response(invite, 183, tag="one", headers=CONTACT, body=ANSWER))
    alone.receive(response(invite, 180, tag="one", headers=CONTACT))
    session.notify(b"talk", b"active", alone.now)
    assert only_request(alone.sent[-1:]).to_tag == b"one"
    alone.receive(response(invite, 200, tag="one", headers=CONTACT))
    assert alone.owner.told[-1] == ("answered", ANSWER)
