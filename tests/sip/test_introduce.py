"""Telling a phone whom it talks to now (RFC 3325, RFC 4916): with our answer, or in a request of its own.

Whatever it makes of that, the session stands as it was.
"""

import pytest

from offhook.sip.message import Request, Response
from offhook.sip.session import Session
from tests.sip.peer import CONTACT, Within, called, calling, words
from tests.sip.wire import ANSWER, OFFER, Alone, Owner, Wire, request, response

BEN = b"P-Asserted-Identity: <sip:102@pbx>\r\n"
CARLA = b"P-Asserted-Identity: <sip:103@pbx>\r\n"
KNOWS_UPDATE = "Allow: INVITE, ACK, BYE, UPDATE\r\n"
WHO = b"p-asserted-identity"


def talking(alone: Alone, headers: str = KNOWS_UPDATE) -> tuple[Session, Within]:
    session = called(alone, headers)
    session.answer(ANSWER, alone.now)
    peer = Within(alone, session)
    peer.send("ACK")
    alone.owner.told.clear()
    alone.raw.clear()
    return session, peer


def only(sent: list[Request | Response]) -> Request:
    (found,) = [one for one in sent if isinstance(one, Request)]
    return found


def answer(alone: Alone, status: int, *, body: bytes = b"", headers: str = "") -> list[Request | Response]:
    """The peer answers our latest request, or is silent (408)."""
    asked = [one for one in alone.sent if isinstance(one, Request)][-1]
    if status == 408:
        return alone.wait(40)
    return alone.receive(response(asked, status, headers=headers + CONTACT, body=body))


def still_talks(alone: Alone, session: Session) -> bool:
    alone.raw.clear()
    session.request("INFO", alone.now)
    return words(alone.sent) == ["INFO"] and "ended" not in alone.owner.names


# -- with our answer


def test_a_caller_hears_with_the_180_who_rings_and_with_the_200_who_answered() -> None:
    alone = Alone()
    session = called(alone)
    alone.raw.clear()
    session.introduce(BEN, alone.now)
    session.progress(180, None, alone.now)
    session.introduce(CARLA, alone.now)
    session.answer(ANSWER, alone.now)
    assert [(words([one])[0], one.get(WHO)) for one in alone.sent] == [
        (180, b"<sip:102@pbx>"),
        (200, b"<sip:103@pbx>"),
    ]
    Within(alone, session).send("ACK")
    assert alone.wait(10) == []


def test_a_reliable_180_says_it_too() -> None:
    alone = Alone()
    session = called(alone, "Require: 100rel\r\n")
    alone.raw.clear()
    session.introduce(BEN, alone.now)
    session.progress(180, None, alone.now)
    assert alone.sent[0].get(WHO) == b"<sip:102@pbx>"


def test_a_change_that_comes_before_the_ack_waits_for_it() -> None:
    alone = Alone()
    session = called(alone, KNOWS_UPDATE)
    session.answer(ANSWER, alone.now)
    alone.raw.clear()
    session.introduce(CARLA, alone.now)
    assert alone.sent == []
    update = only(Within(alone, session).send("ACK"))
    assert (update.method, update.get(WHO)) == ("UPDATE", b"<sip:103@pbx>")


# -- while it talks


def test_a_phone_that_knows_update_is_told_by_one_without_a_body() -> None:
    alone = Alone()
    session, _ = talking(alone)
    session.introduce(CARLA, alone.now)
    update = only(alone.sent)
    assert (update.method, update.get(WHO), update.body) == ("UPDATE", b"<sip:103@pbx>", b"")
    assert update.get(b"contact") == b"<sip:192.0.2.1:5060>"
    assert answer(alone, 200) == []
    assert (alone.owner.told, still_talks(alone, session)) == ([], True)


def test_any_other_is_told_by_a_re_invite_with_what_was_agreed() -> None:
    alone = Alone()
    session, _ = talking(alone, "")
    session.introduce(CARLA, alone.now)
    again = only(alone.sent)
    assert (again.method, again.get(WHO), again.body) == ("INVITE", b"<sip:103@pbx>", ANSWER)
    assert words(answer(alone, 200, body=OFFER)) == ["ACK"]
    assert (alone.owner.told, still_talks(alone, session)) == ([], True)


@pytest.mark.parametrize("status", [400, 403, 408, 415, 420, 481, 488, 500, 603])
@pytest.mark.parametrize("headers", ["", KNOWS_UPDATE])
def test_a_phone_that_does_not_want_to_know_stays_in_its_call(status: int, headers: str) -> None:
    alone = Alone()
    session, _ = talking(alone, headers)
    session.introduce(CARLA, alone.now)
    answer(alone, status)
    assert (alone.owner.told, still_talks(alone, session)) == ([], True)


@pytest.mark.parametrize("status", [405, 501])
def test_a_phone_that_knows_no_update_after_all_is_told_by_a_re_invite(status: int) -> None:
    alone = Alone()
    session, _ = talking(alone)
    session.introduce(CARLA, alone.now)
    again = only(answer(alone, status))
    assert (again.method, again.get(WHO)) == ("INVITE", b"<sip:103@pbx>")
    answer(alone, 500)
    assert (alone.owner.told, still_talks(alone, session)) == ([], True)


def test_an_answer_without_a_description_does_no_harm_here() -> None:
    alone = Alone()
    session, _ = talking(alone, "")
    session.introduce(CARLA, alone.now)
    assert words(answer(alone, 200)) == ["ACK"]
    assert (alone.owner.told, still_talks(alone, session)) == ([], True)


@pytest.mark.parametrize("headers", ["", KNOWS_UPDATE])
def test_when_both_ends_want_to_change_something_it_is_said_again_later(headers: str) -> None:
    alone = Alone()
    session, _ = talking(alone, headers)
    session.introduce(CARLA, alone.now)
    first = only(alone.sent)
    answer(alone, 491)
    again = alone.wait(2.1)[0]
    assert isinstance(again, Request)
    assert (again.method, again.get(WHO)) == (first.method, b"<sip:103@pbx>")
    answer(alone, 481)
    assert still_talks(alone, session)


def test_what_is_offered_meanwhile_is_said_in_one_request() -> None:
    alone = Alone()
    session, peer = talking(alone)
    alone.owner.reply = ANSWER
    assert words(peer.send("INVITE", body=OFFER)) == [100, 200]
    session.introduce(BEN, alone.now)
    session.introduce(CARLA, alone.now)
    session.offer(ANSWER, alone.now)
    assert alone.statuses == [100, 200], "their own change has no ACK yet"
    sent = only(peer.send("ACK"))
    assert (sent.method, sent.get(WHO)) == ("INVITE", b"<sip:103@pbx>")
    answer(alone, 200, body=OFFER)
    assert alone.wait(10) == []


def test_an_offer_that_waits_behind_it_still_counts() -> None:
    alone = Alone()
    session, _ = talking(alone)
    session.introduce(CARLA, alone.now)
    session.offer(ANSWER, alone.now)
    assert words(alone.sent) == ["UPDATE"]
    offer = only(answer(alone, 488))
    assert (offer.method, offer.body) == ("INVITE", ANSWER)
    answer(alone, 488)
    assert alone.owner.told == [("disagreed", 488)], "here a refusal matters"


def test_session_timers_live_on_and_still_end_what_is_dead() -> None:
    alone = Alone()
    session, _ = talking(alone, KNOWS_UPDATE + "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n")
    session.introduce(CARLA, alone.now)
    assert only(alone.sent).get(b"session-expires") == b"90;refresher=uac"
    answer(alone, 200, headers="Session-Expires: 90;refresher=uac\r\n")
    assert words(alone.wait(46))[0] == "UPDATE"
    answer(alone, 481)
    assert alone.owner.names == ["ended"]


# -- we called


def test_what_changed_while_it_rang_is_said_when_it_is_answered() -> None:
    alone = Alone()
    session, invite = calling(alone)
    session.introduce(CARLA, alone.now)
    alone.receive(response(invite, 180, tag="one", headers=CONTACT))
    assert words(alone.sent) == []
    sent = alone.receive(response(invite, 200, tag="one", headers=CONTACT + KNOWS_UPDATE, body=ANSWER))
    assert [(words([one])[0], one.get(WHO)) for one in sent] == [("ACK", None), ("UPDATE", b"<sip:103@pbx>")]


def test_with_a_late_offer_the_ack_comes_first() -> None:
    alone = Alone()
    session, invite = calling(alone, None)
    session.introduce(CARLA, alone.now)
    sent = alone.receive(response(invite, 200, tag="one", headers=CONTACT, body=OFFER))
    assert words(sent) == ["ACK", "INVITE"]
    assert sent[1].body == ANSWER


def test_a_late_offer_that_cannot_be_answered_ends_as_ever() -> None:
    alone = Alone()
    alone.owner.reply = 488
    session, invite = calling(alone, None)
    session.introduce(CARLA, alone.now)
    sent = alone.receive(response(invite, 200, tag="one", headers=CONTACT, body=OFFER))
    assert words(sent) == ["ACK", "BYE"]
    assert alone.owner.names == ["offered", "ended"]


def test_nothing_is_said_to_who_is_leaving_or_gone() -> None:
    alone = Alone()
    session, _ = talking(alone)
    session.hangup(alone.now)
    alone.raw.clear()
    session.introduce(CARLA, alone.now)
    answered = alone.receive(request("BYE", cseq=9, to=f"<sip:102@pbx>;tag={session.local_tag.decode()}"))
    session.introduce(BEN, alone.now)
    assert words(answered) == [200]


def test_two_ends_of_ours_understand_each_other() -> None:
    wire = Wire()
    session, caller, called_, callee = wire.talk()
    caller.told.clear()
    called_.introduce(CARLA, wire.now)
    session.introduce(BEN, wire.now)
    wire.run(10)
    assert wire.sent("b", "UPDATE")[0][1].get(WHO) == b"<sip:103@pbx>"
    assert caller.told == []
    session.hangup(wire.now)
    wire.run(70)
    assert (callee.times("ended"), isinstance(caller, Owner), wire.left) == (1, True, 0)
