"""Proving who we are: the provider asks, we answer once, and what follows brings the proof along."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.auth import Algorithm, Challenger, Failed, Proof, ha1
from offhook.sip.client import ignore
from offhook.sip.credentials import Credentials
from offhook.sip.endpoint import Refusal
from offhook.sip.flow import Flow
from offhook.sip.message import Request, Response
from offhook.sip.session import Session
from tests.sip.peer import words
from tests.sip.wire import ANSWER, OFFER, Alone, Wire, request, response

REALM, USER, PASSWORD = "provider.example", "anna-account", "correct horse"
OURS = Credentials(USER, PASSWORD)


def stored(user: str, algorithm: Algorithm) -> str | None:
    return ha1(user, REALM, PASSWORD, algorithm) if user == USER else None


class Provider:
    """The other end of an `Alone`: challenges what it likes, and judges the proofs."""

    def __init__(self, alone: Alone, name: str = "WWW-Authenticate") -> None:
        self.alone = alone
        self.name = name
        self.challenger = Challenger(REALM, b"a secret of the provider")

    def challenge(self, request: Request | Response, *, stale: bool = False) -> list[Request | Response]:
        """A 401 or 407, and what we send upon it."""
        lines = self.challenger.challenge("192.0.2.1", self.alone.now, stale=stale).decode()
        lines = lines.replace("WWW-Authenticate", self.name)
        status = 401 if self.name.startswith("WWW") else 407
        return self.alone.receive(response(request, status, tag="provider", headers=lines))

    def judge(self, request: Request | Response) -> Proof | Failed | None:
        """What it makes of a request; None if no proof came."""
        assert isinstance(request, Request)
        header = request.get(b"authorization" if self.name.startswith("WWW") else b"proxy-authorization")
        if header is None:
            return None
        return self.challenger.verify(
            header, request.method, request.uri, "192.0.2.1", stored, self.alone.now
        )


def calling(alone: Alone, credentials: Credentials | None = OURS) -> tuple[Session, Request]:
    alone.raw.clear()
    session = alone.endpoint.invite(
        b"sip:+4930555@provider.example", alone.flow, alone.owner, local=b"<sip:101@pbx>",
        remote=b"<sip:+4930555@provider.example>", sdp=OFFER, credentials=credentials, now=alone.now,
    )  # fmt: skip
    invite = alone.sent[0]
    assert isinstance(invite, Request)
    return session, invite


def talking(alone: Alone, provider: Provider) -> Session:
    session, invite = calling(alone)
    _, again = provider.challenge(invite)
    allow = "Contact: <sip:gateway@192.0.2.9>\r\nAllow: INVITE, UPDATE, BYE\r\n"
    alone.receive(response(again, 200, tag="callee", headers=allow, body=ANSWER))
    provider.judge(again)
    alone.owner.told.clear()
    return session


@pytest.fixture
def alone() -> Alone:
    return Alone()


@pytest.fixture(params=["WWW-Authenticate", "Proxy-Authenticate"])
def provider(alone: Alone, request: pytest.FixtureRequest) -> Provider:
    return Provider(alone, request.param)


def test_a_challenged_call_is_made_again_with_proof(alone: Alone, provider: Provider) -> None:
    session, first = calling(alone)
    sent = provider.challenge(first)
    assert words(sent) == ["ACK", "INVITE"]
    again = sent[1]
    assert provider.judge(again) == Proof(USER)
    assert (again.call_id, again.from_tag, again.get(b"to")) == (
        first.call_id,
        first.from_tag,
        first.get(b"to"),
    )
    assert (first.cseq, again.cseq) == (1, 2)
    assert again.branch != first.branch
    assert again.body == OFFER
    (ack,) = alone.receive(response(again, 200, tag="callee", body=ANSWER))
    assert alone.owner.told == [("answered", ANSWER)]
    assert session.has_dialog
    header = b"authorization" if provider.name.startswith("WWW") else b"proxy-authorization"
    assert ack.get(header) == again.get(header)  # RFC 3261 §22.1


def test_without_credentials_a_challenge_ends_the_call(alone: Alone, provider: Provider) -> None:
    _, first = calling(alone, None)
    assert words(provider.challenge(first)) == ["ACK"]
    assert [fact[:2] for fact in alone.owner.told] == [("ended", 407 if "Proxy" in provider.name else 401)]


def test_a_wrong_password_is_tried_once_and_never_goes_over_the_wire(
    alone: Alone, provider: Provider
) -> None:
    _, first = calling(alone, Credentials(USER, "guessed"))
    _, again = provider.challenge(first)
    assert provider.judge(again) == Failed(USER, stale=False)
    assert words(provider.challenge(again)) == ["ACK"]
    assert alone.owner.times("ended") == 1
    assert "guessed" not in repr(Credentials(USER, "guessed"))


def test_a_realm_that_is_not_meant_gets_no_answer(alone: Alone, provider: Provider) -> None:
    _, first = calling(alone, Credentials(USER, PASSWORD, frozenset({"elsewhere.example"})))
    assert words(provider.challenge(first)) == ["ACK"]
    _, first = calling(alone, Credentials(USER, PASSWORD, frozenset({REALM})))
    assert words(provider.challenge(first)) == ["ACK", "INVITE"]


def test_stale_nonces_are_borne_but_not_for_ever(alone: Alone, provider: Provider) -> None:
    _, first = calling(alone)
    newest: Request | Response = first
    for stale in (False, True, True):
        _, newest = provider.challenge(newest, stale=stale)
        assert provider.judge(newest) == Proof(USER)
    assert words(provider.challenge(newest, stale=True)) == ["ACK"]
    assert alone.owner.times("ended") == 1


def test_proxy_and_provider_may_both_want_proof(alone: Alone) -> None:
    proxy, provider = Provider(alone, "Proxy-Authenticate"), Provider(alone)
    _, first = calling(alone)
    _, second = proxy.challenge(first)
    _, third = provider.challenge(second)
    assert proxy.judge(third) == provider.judge(third) == Proof(USER)


def test_a_chain_of_ever_new_realms_comes_to_an_end(alone: Alone) -> None:
    _, invite = calling(alone)
    count = 0
    while True:
        count += 1
        headers = f'WWW-Authenticate: Digest realm="r{count}",nonce="n",qop="auth"\r\n'
        sent = alone.receive(response(invite, 401, tag="t", headers=headers))
        if len(sent) == 1:
            break
        assert isinstance(sent[1], Request)
        invite = sent[1]
        assert count < 20
    assert alone.owner.times("ended") == 1


@pytest.mark.parametrize(
    "headers",
    [
        "",
        "WWW-Authenticate: Basic realm=provider\r\n",
        "WWW-Authenticate: Digest realm=\r\n",
        'WWW-Authenticate: Digest realm="provider",nonce="n",algorithm=AKAv1-MD5\r\n',
        "WWW-Authenticate: \x00\xff\r\n",
    ],
)
def test_a_challenge_that_cannot_be_answered_is_a_refusal(alone: Alone, headers: str) -> None:
    _, first = calling(alone)
    assert words(alone.receive(response(first, 401, tag="t", headers=headers))) == ["ACK"]
    assert alone.owner.times("ended") == 1


def test_a_call_left_meanwhile_is_not_made_again(alone: Alone, provider: Provider) -> None:
    session, first = calling(alone)
    session.hangup(alone.now)
    assert words(provider.challenge(first)) == ["ACK"]
    assert alone.owner.times("ended") == 1


def test_later_requests_bring_the_proof_along_and_count(alone: Alone, provider: Provider) -> None:
    session = talking(alone, provider)
    alone.raw.clear()
    session.request("INFO", alone.now, body=b"Signal=1", content_type=b"application/dtmf-relay")
    session.offer(ANSWER, alone.now)
    info, invite = alone.sent
    assert words([info, invite]) == ["INFO", "INVITE"]
    assert provider.judge(info) == provider.judge(invite) == Proof(USER)
    alone.receive(response(info, 200))
    alone.receive(response(invite, 200, body=OFFER))
    alone.raw.clear()
    session.hangup(alone.now)
    (bye,) = alone.sent
    assert provider.judge(bye) == Proof(USER)
    used = [re.search(rb"nc=(\d+)", proof_in(one)) for one in (info, invite, bye)]
    assert [match and match[1] for match in used] == [b"00000002", b"00000003", b"00000004"]


@pytest.mark.parametrize("method", ["INFO", "NOTIFY"])
def test_a_request_in_the_call_is_sent_again_when_challenged(
    alone: Alone, provider: Provider, method: str
) -> None:
    session = talking(alone, provider)
    heard: list[int | None] = []

    def done(response: Response | None, now: float) -> None:
        heard.append(None if response is None else response.status)

    alone.raw.clear()
    session.request(method, alone.now, body=b"hello", content_type=b"text/plain", done=done)
    (first,) = alone.sent
    (again,) = provider.challenge(first)
    assert (words([again]), again.cseq, again.body) == ([method], first.cseq + 1, b"hello")
    assert again.to_tag == b"callee"
    assert provider.judge(again) == Proof(USER)
    assert heard == []
    alone.receive(response(again, 200))
    assert heard == [200]


def test_a_bye_is_sent_again_when_challenged(alone: Alone, provider: Provider) -> None:
    session = talking(alone, provider)
    alone.raw.clear()
    session.hangup(alone.now)
    (bye,) = alone.sent
    (again,) = provider.challenge(bye)
    assert (words([again]), provider.judge(again)) == (["BYE"], Proof(USER))
    assert alone.owner.told == []
    alone.receive(response(again, 200))
    assert alone.owner.told == [("ended", 200, b"")]


def test_an_offer_is_sent_again_when_challenged(alone: Alone, provider: Provider) -> None:
    session = talking(alone, provider)
    alone.raw.clear()
    session.offer(b"v=0 another", alone.now)
    (first,) = alone.sent
    ack, again = provider.challenge(first)
    assert words([ack, again]) == ["ACK", "INVITE"]
    assert (again.cseq, again.body, again.to_tag) == (first.cseq + 1, b"v=0 another", b"callee")
    assert provider.judge(again) == Proof(USER)
    alone.receive(response(again, 200, body=OFFER))
    assert alone.owner.told == [("agreed", OFFER)]


def test_an_offer_that_is_challenged_for_ever_is_refused_and_the_call_stays(
    alone: Alone, provider: Provider
) -> None:
    session = talking(alone, provider)
    alone.raw.clear()
    session.offer(b"v=0 another", alone.now)
    _, again = provider.challenge(alone.sent[0])
    assert words(provider.challenge(again)) == ["ACK"]
    assert alone.owner.names == ["disagreed"]
    assert session.is_talking


def test_a_refresh_is_sent_again_when_challenged(alone: Alone, provider: Provider) -> None:
    session = talking(alone, provider)
    alone.raw.clear()
    session.introduce(b"P-Asserted-Identity: <sip:102@pbx>\r\n", alone.now)
    (update,) = alone.sent
    (again,) = provider.challenge(update)
    assert (words([again]), provider.judge(again)) == (["UPDATE"], Proof(USER))


def test_a_proof_that_the_peer_has_forgotten_is_made_anew(alone: Alone, provider: Provider) -> None:
    """A provider that was started again knows no nonce of ours, and not each says that it is stale."""
    session = talking(alone, provider)
    provider.challenger = Challenger(REALM, b"another secret")
    for _ in range(2):
        alone.raw.clear()
        session.request("INFO", alone.now)
        (first,) = alone.sent
        (again,) = provider.challenge(first)
        assert provider.judge(again) == Proof(USER)
        alone.receive(response(again, 200))
        alone.now += 100  # older than nonces live


def test_early_requests_have_numbers_of_their_own_when_challenged(alone: Alone, provider: Provider) -> None:
    session, first = calling(alone)
    _, invite = provider.challenge(first)
    alone.receive(response(invite, 180, tag="callee", headers="Contact: <sip:gateway@192.0.2.9>\r\n"))
    alone.raw.clear()
    session.request("INFO", alone.now)
    (info,) = alone.sent
    (again,) = provider.challenge(info)
    session.request("INFO", alone.now)
    numbers = [one.cseq for one in (invite, info, again, alone.sent[-1])]
    assert numbers == sorted(set(numbers))


def test_a_fork_that_answers_late_is_hung_up_with_proof(alone: Alone, provider: Provider) -> None:
    _, first = calling(alone)
    _, invite = provider.challenge(first)
    alone.receive(response(invite, 200, tag="callee", body=ANSWER))
    ack, bye = alone.receive(response(invite, 200, tag="other", body=ANSWER))
    assert words([ack, bye]) == ["ACK", "BYE"]
    assert isinstance(provider.judge(bye), Proof)
    assert words(provider.challenge(bye)) == ["BYE"]


def test_a_call_through_a_provider_over_a_wire_that_loses() -> None:
    """Each third datagram is lost; both ends still agree, and nothing is left."""
    count = 0

    def fate(data: bytes) -> tuple[float, ...]:
        nonlocal count
        count += 1
        return () if count % 3 == 0 else (0.005,)

    wire = Wire(fate=fate)
    owner = wire.a.owner
    gate = Gate(wire)
    wire.b.admit = gate.admit  # type: ignore[method-assign]  # this phone asks who calls
    session = wire.a.endpoint.invite(
        b"sip:102@192.0.2.2", wire.to_b, owner, local=b"<sip:101@pbx>", remote=b"<sip:102@pbx>", sdp=OFFER,
        credentials=OURS, now=wire.now,
    )  # fmt: skip
    wire.run(20)
    called = wire.b.session
    assert called is not None
    called.answer(ANSWER, wire.now)
    wire.run(20)
    assert owner.names == ["answered"]
    session.hangup(wire.now)
    wire.run(100)
    assert wire.left == 0
    assert wire.b.owner.names[-1] == "ended"


class Gate:
    def __init__(self, wire: Wire) -> None:
        self.challenger = Challenger(REALM, b"secret")
        self.wire = wire

    def admit(self, request: Request, flow: Flow, now: float) -> object:
        header = request.get(b"authorization")
        if header is None:
            return Refusal(401, self.challenger.challenge(flow.host, now))
        verdict = self.challenger.verify(header, request.method, request.uri, flow.host, stored, now)
        return (
            verdict if isinstance(verdict, Proof) else Refusal(401, self.challenger.challenge(flow.host, now))
        )


def proof_in(message: Request | Response) -> bytes:
    return (message.get(b"authorization") or b"") + (message.get(b"proxy-authorization") or b"")


# -- outside a dialog


def test_a_request_outside_a_dialog_is_sent_again_when_challenged(alone: Alone, provider: Provider) -> None:
    heard: list[int | None] = []

    def done(response: Response | None, now: float) -> None:
        heard.append(None if response is None else response.status)

    alone.endpoint.request(
        "OPTIONS", b"sip:provider.example", alone.flow, local=b"<sip:101@pbx>",
        remote=b"<sip:provider.example>", now=alone.now, done=done, credentials=OURS,
    )  # fmt: skip
    (first,) = alone.sent
    (again,) = provider.challenge(first)
    assert provider.judge(again) == Proof(USER)
    assert (again.call_id, again.from_tag, again.cseq) == (first.call_id, first.from_tag, first.cseq + 1)
    assert heard == []
    assert provider.challenge(again) == []
    assert heard == [401 if provider.name.startswith("WWW") else 407]


def test_registrations_share_one_call_id_and_bring_the_proof_along(alone: Alone, provider: Provider) -> None:
    series = alone.endpoint.series(OURS)
    heard: list[int | None] = []

    def done(response: Response | None, now: float) -> None:
        heard.append(None if response is None else response.status)

    def register() -> Request | Response:
        alone.raw.clear()
        alone.endpoint.request(
            "REGISTER", b"sip:provider.example", alone.flow, local=b"<sip:anna@provider.example>",
            remote=b"<sip:anna@provider.example>", headers=b"Contact: <sip:token@192.0.2.1>;expires=600\r\n",
            now=alone.now, done=done, series=series,
        )  # fmt: skip
        (sent,) = alone.sent
        return sent

    first = register()
    (second,) = provider.challenge(first)
    assert provider.judge(second) == Proof(USER)
    assert second.get(b"contact") == b"<sip:token@192.0.2.1>;expires=600"
    alone.receive(response(second, 200, tag="x"))
    third = register()
    assert provider.judge(third) == Proof(USER)
    alone.receive(response(third, 200, tag="x"))
    assert heard == [200, 200]
    assert [one.cseq for one in (first, second, third)] == [1, 2, 3]
    assert len({(one.call_id, one.from_tag) for one in (first, second, third)}) == 1
    alone.now += 600
    (fifth,) = provider.challenge(register(), stale=True)
    assert provider.judge(fifth) == Proof(USER)


def test_after_a_refusal_the_next_registration_begins_anew(alone: Alone) -> None:
    """The password may have been put right at the provider meanwhile."""
    provider = Provider(alone)
    series = alone.endpoint.series(OURS)
    for _ in range(2):
        alone.raw.clear()
        alone.endpoint.request(
            "REGISTER", b"sip:provider.example", alone.flow, local=b"<sip:anna@provider.example>",
            remote=b"<sip:anna@provider.example>", now=alone.now, done=ignore, series=series,
        )  # fmt: skip
        (first,) = alone.sent
        assert proof_in(first) == b""
        (again,) = provider.challenge(first)
        assert proof_in(again)
        assert provider.challenge(again) == []


def test_a_call_to_us_can_be_changed_and_ended_with_proof(alone: Alone, provider: Provider) -> None:
    alone.takes = False
    alone.receive(request("INVITE", body=OFFER))
    tx, invite, _ = alone.requests[0]
    session = alone.endpoint.accept(tx, invite, alone.owner, alone.now, credentials=OURS)
    session.answer(ANSWER, alone.now)
    alone.receive(request("ACK", to=f"<sip:102@pbx>;tag={session.local_tag.decode()}"))
    alone.raw.clear()
    session.hangup(alone.now)
    (again,) = provider.challenge(alone.sent[0])
    assert (words([again]), provider.judge(again)) == (["BYE"], Proof(USER))


@given(
    st.binary(max_size=80)
    | st.text('Digest realm="a",nonce=stale truqop auth\\', max_size=100).map(str.encode),
    st.sampled_from([401, 407]),
)
def test_no_challenge_raises_or_goes_on_for_ever(text: bytes, status: int) -> None:
    alone = Alone()
    _, invite = calling(alone)
    challenges = (text, b"Digest " + text, b'Digest realm="a",nonce="n",' + text)
    lines = b"".join([b"Proxy-Authenticate: " + re.sub(rb"[\r\n]", b"", one) + b"\r\n" for one in challenges])
    for _ in range(20):
        refusal = response(invite, status, tag="t")
        sent = alone.receive(refusal.replace(b"Content-Length", lines + b"Content-Length", 1))
        if len(sent) < 2:
            break
        assert isinstance(sent[1], Request)
        invite = sent[1]
    assert alone.owner.times("ended") == 1
