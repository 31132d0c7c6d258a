"""One endpoint and a peer of which the test writes each message: calls in both directions, up to talking."""

from offhook.sip.message import Request, Response
from offhook.sip.session import Session
from tests.sip.wire import ANSWER, OFFER, Alone, request

CONTACT = "Contact: <sip:102@192.0.2.9>\r\n"


def calling(alone: Alone, sdp: bytes | None = OFFER, headers: bytes = b"") -> tuple[Session, Request]:
    """Our INVITE, as the peer sees it."""
    alone.raw.clear()
    session = alone.endpoint.invite(
        b"sip:102@192.0.2.9",
        alone.flow,
        alone.owner,
        local=b"<sip:101@pbx>",
        remote=b"<sip:102@pbx>",
        sdp=sdp,
        headers=headers,
        now=alone.now,
    )
    invite = alone.sent[0]
    assert isinstance(invite, Request)
    return session, invite


def called(alone: Alone, headers: str = "", body: bytes = OFFER) -> Session:
    alone.receive(request("INVITE", headers=headers, body=body))
    assert alone.session is not None
    return alone.session


class Within:
    """Requests of the peer inside the dialog that its INVITE has made."""

    def __init__(self, alone: Alone, session: Session) -> None:
        self.alone = alone
        self.to = f"<sip:102@pbx>;tag={session.local_tag.decode()}"
        self.cseq = 1

    def send(
        self, method: str, headers: str = "", body: bytes = b"", cseq: int = 0
    ) -> list[Request | Response]:
        self.cseq += 0 if method == "ACK" or cseq else 1
        number = cseq or self.cseq
        branch = f"z9hG4bK-{method}-{number}"
        data = request(method, branch=branch, cseq=number, to=self.to, headers=headers, body=body)
        return self.alone.receive(data)


def talking(alone: Alone, headers: str = "") -> tuple[Session, Within]:
    session = called(alone, headers)
    session.answer(ANSWER, alone.now)
    peer = Within(alone, session)
    peer.send("ACK")
    alone.owner.told.clear()
    return session, peer


def words(sent: list[Request | Response]) -> list[str | int]:
    return [one.method if isinstance(one, Request) else one.status for one in sent]
