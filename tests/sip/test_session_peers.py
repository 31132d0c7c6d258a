"""Sessions with peers that do what our own end never does: fork, require, collide, come late or twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.sip.message import Request, Response
from offhook.sip.session import Session
from tests.sip.peer import CONTACT, Within, called, calling, talking, words
from tests.sip.wire import ANSWER, OFFER, Alone, Owner, request, response

LIFE = 32.0
# -- forks


def test_of_several_places_that_ring_the_first_to_answer_wins_and_the_others_are_hung_up() -> None:
    alone = Alone()
    session, invite = calling(alone)
    alone.receive(response(invite, 183, tag="one", headers=CONTACT, body=ANSWER))
    alone.receive(response(invite, 180, tag="two", headers=CONTACT))
    assert words(alone.receive(response(invite, 200, tag="two", headers=CONTACT, body=ANSWER))) == ["ACK"]
    late = alone.receive(response(invite, 200, tag="one", headers=CONTACT, body=ANSWER))
    assert words(late) == ["ACK", "BYE"]
    assert [one.to_tag for one in late] == [b"one", b"one"]
    assert session.remote_tag == b"two"
    assert alone.owner.told == [("progressed", 183, ANSWER), ("progressed", 180, b""), ("answered", ANSWER)]


def test_a_repeated_2xx_gets_the_same_ack_even_after_the_call() -> None:
    alone = Alone()
    session, invite = calling(alone)
    ok = response(invite, 200, tag="one", headers=CONTACT, body=ANSWER)
    alone.receive(ok)
    ack = alone.raw[0]
    session.hangup(alone.now)
    alone.receive(response(alone.sent[-1], 200))
    assert alone.owner.names == ["answered", "ended"]
    alone.receive(ok)
    assert alone.raw == [ack]
    assert alone.owner.names == ["answered", "ended"]


def test_a_fork_that_answers_after_the_call_has_ended_is_hung_up_too() -> None:
    alone = Alone()
    session, invite = calling(alone)
    alone.receive(response(invite, 200, tag="one", headers=CONTACT, body=ANSWER))
    session.hangup(alone.now)
    alone.receive(response(alone.sent[-1], 200))
    sent = alone.receive(response(invite, 200, tag="two", headers=CONTACT, body=ANSWER))
    assert words(sent) == ["ACK", "BYE"]


def test_a_redirection_names_its_contacts_and_ends() -> None:
    alone = Alone()
    _, invite = calling(alone)
    sent = alone.receive(
        response(invite, 302, tag="x", headers='Contact: "B, C" <sip:201@pbx>, <sip:202@pbx>\r\n')
    )
    assert words(sent) == ["ACK"]
    assert alone.owner.told == [("redirected", [b"sip:201@pbx", b"sip:202@pbx"]), ("ended", 302, b"")]


@pytest.mark.parametrize(
    ("contacts", "order"),
    [
        ("<sip:1@pbx>;q=0.5, <sip:2@pbx>;q=0.7, <sip:3@pbx>;q=0", [2, 1, 3]),
        ("<sip:1@pbx>;q=0.9, <sip:2@pbx>, <sip:3@pbx>;q=1.0", [2, 3, 1]),
        ("<sip:1@pbx>;q=0.5, <sip:2@pbx>;q=.7, <sip:3@pbx>;q=nan, <sip:4@pbx>;q=1e9", [2, 3, 4, 1]),
        ('"q=0" <sip:1@pbx>, <sip:2@pbx>;Q=0.9', [1, 2]),
        ("", []),
    ],
)
def test_of_several_contacts_the_preferred_comes_first(contacts: str, order: list[int]) -> None:
    alone = Alone()
    _, invite = calling(alone)
    alone.receive(response(invite, 302, tag="x", headers=f"Contact: {contacts}\r\n"))
    assert alone.owner.told[0] == ("redirected", [f"sip:{n}@pbx".encode() for n in order])


def test_a_peer_that_wants_longer_sessions_is_asked_again_with_its_interval() -> None:
    alone = Alone()
    _, invite = calling(alone)
    assert invite.get(b"session-expires") == b"1800;refresher=uac"
    ack, again = alone.receive(response(invite, 422, tag="x", headers="Min-SE: 3600\r\n"))
    assert (ack.call_id, again.call_id, again.cseq) == (invite.call_id, invite.call_id, 2)
    assert (again.get(b"session-expires"), again.get(b"min-se")) == (b"3600;refresher=uac", b"3600")
    assert words(alone.receive(response(again, 422, tag="x", headers="Min-SE: 3600\r\n"))) == ["ACK"]
    assert alone.owner.told == [("ended", 422, b"")]


def test_a_bye_from_a_place_that_rings_cancels_our_invite() -> None:
    alone = Alone()
    session, invite = calling(alone)
    alone.receive(response(invite, 180, tag="one"))
    sent = alone.receive(
        request("BYE", to=f"<sip:101@pbx>;tag={session.local_tag.decode()}", sender="<sip:102@pbx>;tag=one",
                call_id=session.call_id.decode())
    )  # fmt: skip
    assert words(sent) == [200, "CANCEL"]
    alone.receive(response(invite, 487, tag="one"))
    assert alone.owner.names == ["progressed", "ended"]


def test_never_do_we_offer_reliability_of_ours() -> None:
    _, invite = calling(Alone())
    assert b"100rel" not in (invite.get(b"supported") or b"") + (invite.get(b"require") or b"")


# -- the order of things


def test_a_request_with_a_lower_number_is_500() -> None:
    alone = Alone()
    _, peer = talking(alone)
    peer.send("INFO", cseq=20)
    assert words(peer.send("INFO", cseq=19)) == [500]
    assert alone.owner.times("requested") == 1


def test_an_invite_before_the_first_was_answered_is_500_with_a_pause() -> None:
    alone = Alone()
    peer = Within(alone, called(alone))
    sent = peer.send("INVITE", body=OFFER)
    assert words(sent) == [100, 500]
    assert 0 <= int(sent[1].get(b"retry-after") or b"99") <= 10


def test_an_invite_that_meets_ours_is_491_and_ours_goes_on() -> None:
    alone = Alone()
    session, peer = talking(alone)
    alone.raw.clear()
    session.offer(OFFER, alone.now)
    ours = alone.sent[0]
    assert words(peer.send("INVITE", body=OFFER)) == [100, 491]
    assert words(peer.send("UPDATE", body=OFFER)) == [491]
    assert words(peer.send("UPDATE")) == [200]
    peer_ok = response(ours, 200, headers="Contact: <sip:101@192.0.2.9:5099>\r\n", body=ANSWER)
    ack = alone.receive(peer_ok)[0]
    assert isinstance(ack, Request)
    assert (ack.method, ack.uri) == ("ACK", b"sip:101@192.0.2.9:5099")
    assert alone.owner.told == [("agreed", ANSWER)]


def test_after_a_491_the_called_side_offers_again_within_two_seconds() -> None:
    alone = Alone()
    session, _ = talking(alone)
    alone.raw.clear()
    session.offer(OFFER, alone.now)
    assert words(alone.receive(response(alone.sent[0], 491))) == ["ACK"]
    sent = alone.wait(2.1)
    assert sent
    assert isinstance(sent[0], Request)
    assert (sent[0].method, sent[0].body) == ("INVITE", OFFER)


def test_after_a_491_the_calling_side_waits_at_least_two_seconds() -> None:
    alone = Alone()
    session, invite = calling(alone)
    alone.receive(response(invite, 200, tag="x", headers=CONTACT, body=ANSWER))
    alone.raw.clear()
    session.offer(OFFER, alone.now)
    alone.receive(response(alone.sent[0], 491))
    assert alone.wait(2.0) == []
    assert words(alone.wait(2.2))[0] == "INVITE"


def test_a_peer_that_changes_the_session_has_had_our_200() -> None:
    alone = Alone()
    session = called(alone)
    session.answer(ANSWER, alone.now)
    peer = Within(alone, session)
    assert words(peer.send("INVITE", body=OFFER)) == [100, 200]
    assert alone.owner.names == ["confirmed", "offered"]
    peer.send("ACK")
    assert alone.wait(10) == []


def test_an_offer_that_comes_while_ours_has_no_answer_is_491() -> None:
    alone = Alone()
    session = called(alone, body=b"")
    session.answer(OFFER, alone.now)
    assert words(Within(alone, session).send("INVITE", body=OFFER)) == [100, 491]


def test_an_ack_without_the_answer_it_owes_ends_the_call() -> None:
    alone = Alone()
    session = called(alone, body=b"")
    session.answer(OFFER, alone.now)
    assert words(Within(alone, session).send("ACK")) == ["BYE"]
    assert alone.owner.told[-1] == ("ended", 488, b"")


def test_a_late_offer_within_the_call_is_made_by_us_and_answered_in_the_ack() -> None:
    alone = Alone()
    _, peer = talking(alone)
    alone.owner.reply = OFFER
    sent = peer.send("INVITE")
    assert sent[1].body == OFFER
    peer.send("ACK", body=ANSWER)
    assert alone.owner.told == [("offered", b""), ("agreed", ANSWER)]


def test_hanging_up_while_our_change_is_on_its_way_still_acknowledges_it() -> None:
    alone = Alone()
    session, _ = talking(alone)
    alone.raw.clear()
    session.offer(OFFER, alone.now)
    ours = alone.sent[0]
    session.hangup(alone.now)
    bye = alone.sent[-1]
    assert words(alone.receive(response(ours, 200, body=ANSWER))) == ["ACK"]
    alone.receive(response(bye, 200))
    alone.wait(3 * LIFE)
    assert alone.owner.told == [("ended", 200, b"")]
    assert alone.endpoint.counters["transactions"] == 0


def test_a_change_that_is_never_answered_does_not_outlive_the_call() -> None:
    alone = Alone()
    session, _ = talking(alone)
    alone.raw.clear()
    session.offer(OFFER, alone.now)
    alone.receive(response(alone.sent[0], 100))
    alone.wait(1000)
    session.hangup(alone.now)
    alone.wait(3 * LIFE)
    assert alone.endpoint.counters["transactions"] == 0


@pytest.mark.parametrize("status", [408, 481])
def test_a_change_that_shows_the_peer_has_forgotten_us_ends_the_call(status: int) -> None:
    alone = Alone()
    session, _ = talking(alone)
    alone.raw.clear()
    session.offer(OFFER, alone.now)
    assert words(alone.receive(response(alone.sent[0], status))) == ["ACK", "BYE"]
    assert alone.owner.told == [("ended", 408, b"")]


def test_requests_follow_the_peer_to_where_it_last_spoke_from() -> None:
    alone = Alone()
    session, peer = talking(alone)
    alone.flow = alone.flow._replace(port=61234)
    peer.send("INFO")
    session.hangup(alone.now)
    assert alone.flows[-1].port == 61234


# -- session timers


@pytest.mark.parametrize(
    ("headers", "agreed", "required", "who"),
    [
        ("", None, None, "nobody"),
        ("Supported: timer\r\n", b"1800;refresher=uas", None, "we"),
        ("Supported: timer\r\nSession-Expires: 600\r\n", b"600;refresher=uas", None, "we"),
        ("Supported: timer\r\nSession-Expires: 600;refresher=uas\r\n", b"600;refresher=uas", None, "we"),
        ("Supported: timer\r\nx: 600;refresher=uac\r\n", b"600;refresher=uac", b"timer", "they"),
        ("Session-Expires: 600\r\n", b"600;refresher=uas", None, "we"),
        ("Session-Expires: 30\r\nMin-SE: 120\r\n", b"120;refresher=uas", None, "we"),
    ],
)
def test_who_refreshes_is_settled_as_rfc_4028_says(
    headers: str, agreed: bytes | None, required: bytes | None, who: str
) -> None:
    alone = Alone()
    session = called(alone, headers)
    session.answer(ANSWER, alone.now)
    answer = alone.sent[-1]
    assert (answer.get(b"session-expires"), answer.get(b"require")) == (agreed, required)
    Within(alone, session).send("ACK")
    sent = words(alone.wait(1000))
    assert sent[:1] == {"we": ["INVITE"], "they": ["BYE"], "nobody": []}[who]


def test_a_peer_that_refreshes_by_either_method_keeps_the_call() -> None:
    alone = Alone()
    timer = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n"
    _, peer = talking(alone, timer)
    for method in ("UPDATE", "INVITE") * 5:
        assert alone.wait(50) == []
        answer = peer.send(method, timer, body=OFFER if method == "INVITE" else b"")[-1]
        assert answer.get(b"session-expires") == b"90;refresher=uac"
        if method == "INVITE":
            peer.send("ACK")
    assert words(alone.wait(59)) == []
    assert words(alone.wait(2))[:1] == ["BYE"]
    assert alone.owner.told[-1] == ("ended", 408, b"")


def test_a_peer_without_session_timers_is_left_in_peace() -> None:
    alone = Alone()
    _, invite = calling(alone)
    alone.receive(response(invite, 200, tag="x", headers=CONTACT, body=ANSWER))
    assert alone.wait(100_000) == []


def test_an_update_we_cannot_send_is_replaced_by_a_re_invite() -> None:
    alone = Alone()
    _, invite = calling(alone)
    timer = CONTACT + "Session-Expires: 100;refresher=uac\r\nAllow: INVITE, UPDATE\r\n"
    alone.receive(response(invite, 200, tag="x", headers=timer, body=ANSWER))
    update = alone.wait(50.1)[0]
    assert isinstance(update, Request)
    assert update.method == "UPDATE"
    again = alone.receive(response(update, 405))[0]
    assert isinstance(again, Request)
    assert (again.method, again.body) == ("INVITE", OFFER)
    alone.receive(response(again, 200, headers=timer, body=ANSWER))
    assert alone.owner.told == [("answered", ANSWER)]
    assert words(alone.wait(50.1))[:1] == ["UPDATE"]


# -- reliable provisional responses

REQUIRED = "Require: 100rel\r\n"


def prack(peer: Within, reliable: Request | Response, body: bytes = b"") -> list[Request | Response]:
    number = (reliable.get(b"rseq") or b"").decode()
    return peer.send("PRACK", f"RAck: {number} 1 INVITE\r\n", body)


def test_required_reliability_is_given_and_the_200_waits_for_the_prack() -> None:
    alone = Alone()
    session = called(alone, REQUIRED)
    peer = Within(alone, session)
    alone.raw.clear()
    session.progress(183, ANSWER, alone.now)
    session.answer(ANSWER, alone.now)
    first = alone.sent[0]
    assert alone.statuses == [183]
    assert (first.get(b"require"), first.body) == (b"100rel", ANSWER)
    assert words(alone.wait(4)) == [183, 183, 183]
    sent = prack(peer, first)
    assert [(one.cseq_method, one.body) for one in sent] == [("PRACK", b""), ("INVITE", b"")]
    assert words(alone.wait(0.1)) == []
    peer.send("ACK", cseq=1)
    assert alone.owner.told == [("confirmed",)]


def test_reliable_responses_go_out_one_at_a_time_numbered_and_matched() -> None:
    alone = Alone()
    session = called(alone, REQUIRED)
    peer = Within(alone, session)
    alone.raw.clear()
    session.progress(180, None, alone.now)
    session.progress(183, ANSWER, alone.now)
    assert alone.statuses == [180]
    ringing = alone.sent[0]
    assert words(peer.send("PRACK", "RAck: 1 1 INVITE\r\n")) == [481]
    sent = prack(peer, ringing)
    assert words(sent) == [200, 183] or words(sent) == [183, 200]
    early = next(one for one in sent if one.cseq_method == "INVITE")
    assert int(early.get(b"rseq") or b"0") == int(ringing.get(b"rseq") or b"0") + 1
    assert words(prack(peer, ringing)) == [481]


def test_a_200_may_overtake_a_mere_180() -> None:
    alone = Alone()
    session = called(alone, REQUIRED)
    session.progress(180, None, alone.now)
    alone.raw.clear()
    session.answer(ANSWER, alone.now)
    assert alone.statuses == [200]
    assert alone.sent[0].body == ANSWER


def test_a_prack_may_bring_the_answer_or_a_new_offer() -> None:
    alone = Alone()
    session = called(alone, REQUIRED, body=b"")
    peer = Within(alone, session)
    session.progress(183, OFFER, alone.now)
    prack(peer, alone.sent[-1], ANSWER)
    assert alone.owner.told == [("agreed", ANSWER)]

    alone = Alone()
    session = called(alone, REQUIRED)
    peer = Within(alone, session)
    session.progress(183, ANSWER, alone.now)
    assert prack(peer, alone.sent[-1], OFFER)[0].body == ANSWER
    assert alone.owner.told == [("offered", OFFER)]
    assert words(peer.send("UPDATE", body=OFFER)) == [200]


def test_without_a_prack_the_invite_is_refused() -> None:
    alone = Alone()
    session = called(alone, REQUIRED)
    session.progress(183, ANSWER, alone.now)
    sent = words(alone.wait(LIFE))
    assert [word for word in sent if word != 183][:1] == [504]
    assert alone.owner.told == [("ended", 408, b"")]


def test_an_update_with_an_offer_before_the_first_was_answered_is_500() -> None:
    alone = Alone()
    sent = Within(alone, called(alone)).send("UPDATE", body=OFFER)
    assert words(sent) == [500]
    assert sent[0].get(b"retry-after") is not None


def test_an_owner_may_hang_up_from_whatever_it_is_told() -> None:
    for name in ("confirmed", "offered", "requested"):
        alone = Alone()
        alone.owner = Owner()
        session = called(alone)
        session.answer(ANSWER, alone.now)
        peer = Within(alone, session)

        def leave(told: str, name: str = name, session: Session = session, alone: Alone = alone) -> None:
            if told == name:
                session.hangup(alone.now)

        alone.owner.on_told = leave
        peer.send("ACK")
        peer.send("INFO")
        peer.send("INVITE", body=OFFER)
        alone.wait(4 * LIFE)
        assert alone.owner.times("ended") == 1, name
        assert alone.endpoint.counters["transactions"] == 0


def test_a_prack_that_the_200_overtook_is_still_answered() -> None:
    alone = Alone()
    session = called(alone, REQUIRED)
    session.progress(180, None, alone.now)
    ringing = alone.sent[-1]
    session.answer(ANSWER, alone.now)
    assert words(prack(Within(alone, session), ringing)) == [200]


def test_our_200_is_resent_over_tcp_too_because_later_hops_may_lose_it() -> None:
    alone = Alone("tcp")
    called(alone).answer(ANSWER, alone.now)
    assert words(alone.wait(2)) == [200, 200]


PEER = ("ACK", "BYE", "CANCEL", "INVITE", "INVITE late", "UPDATE", "UPDATE bare", "PRACK", "INFO", "OPTIONS")
OURS = ("progress", "early", "answer", "refuse", "offer", "info", "hangup", "wait")
STATUSES = (100, 180, 200, 302, 404, 408, 422, 481, 487, 491, 500, 603)


def act(alone: Alone, session: Session, what: str) -> None:
    now = alone.now
    match what:
        case "progress":
            session.progress(180, None, now)
        case "early":
            session.progress(183, ANSWER, now)
        case "answer":
            session.answer(ANSWER, now)
        case "refuse":
            session.refuse(486, now)
        case "offer":
            session.offer(OFFER, now)
        case "info":
            session.request("INFO", now)
        case "hangup":
            session.hangup(now)
        case _:
            alone.wait(7)


@settings(max_examples=300, deadline=None)
@given(
    outgoing=st.booleans(),
    late=st.booleans(),
    headers=st.sampled_from(["", REQUIRED, "Supported: timer\r\n", "Session-Expires: 90;refresher=uac\r\n"]),
    steps=st.lists(
        st.one_of(
            st.sampled_from(PEER).map(lambda step: ("peer", step)),
            st.sampled_from(OURS).map(lambda step: ("ours", step)),
            st.tuples(st.sampled_from(STATUSES), st.sampled_from(["one", "two"])),
        ),
        max_size=14,
    ),
    reply=st.sampled_from([ANSWER, 488]),
)
def test_no_peer_however_mad_breaks_a_session(
    *, outgoing: bool, late: bool, headers: str, steps: list[tuple[str | int, str]], reply: bytes | int
) -> None:
    alone = Alone()
    alone.owner.reply = reply
    if outgoing:
        session, _ = calling(alone, None if late else OFFER)
    else:
        session = called(alone, headers, b"" if late else OFFER)
    peer = Within(alone, session)
    ours: list[Request] = []
    sender, call_id = "<sip:101@pbx>;tag=anna", "call-1"
    if outgoing:
        sender, call_id = "<sip:102@pbx>;tag=one", session.call_id.decode()
    for who, what in steps:
        ours += [one for one in alone.sent if isinstance(one, Request) and one.method != "ACK"]
        alone.raw.clear()
        if isinstance(who, int):
            if ours:
                timer = CONTACT + "Session-Expires: 90;refresher=uac\r\nMin-SE: 100\r\n"
                alone.receive(response(ours[-1], who, tag=what, headers=timer, body=ANSWER))
        elif who == "peer":
            method, _, kind = what.partition(" ")
            peer.cseq += 1
            number = 1 if method in ("ACK", "CANCEL") else peer.cseq
            branch = "z9hG4bK-1" if method == "CANCEL" else f"z9hG4bK-{method}-{peer.cseq}"
            to = "<sip:102@pbx>" if method == "CANCEL" else peer.to
            body = OFFER if method in ("INVITE", "UPDATE", "ACK") and not kind else b""
            alone.receive(
                request(method, branch=branch, cseq=number, to=to, sender=sender, call_id=call_id, body=body,
                        headers="RAck: 1 1 INVITE\r\n" + headers)
            )  # fmt: skip
        else:
            act(alone, session, what)
    session.hangup(alone.now)
    alone.wait(5 * LIFE)
    assert alone.owner.times("ended") == 1
    assert alone.owner.names[-1] == "ended"
    assert alone.endpoint.counters["sessions"] == 0
    assert alone.endpoint.counters["transactions"] == 0
