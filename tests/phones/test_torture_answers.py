"""What is answered to requests that are hard to read, by endpoint, gate and reception together."""

import pytest

from offhook.calls.leg import Leg, Party
from offhook.media.fake import FakeEngine
from offhook.people.directory import DeviceInfo, Directory, User
from offhook.phones.addresses import Addresses
from offhook.phones.gate import PhoneGate
from offhook.phones.lines import Lines
from offhook.phones.reception import Reception
from offhook.phones.registrar import Registrar
from offhook.phones.throttle import Throttle
from offhook.sip.auth import Challenger, ha1
from offhook.sip.endpoint import Endpoint
from offhook.sip.flow import Flow
from offhook.sip.message import Request, Response, parse
from offhook.sip.transaction import ServerTransaction
from tests.phones.exchange import REALM, MemoryDialogs, MemoryStore
from tests.phones.requests import flow, request
from tests.sip.torture import BY_ID, CASES, Case

MIRA = DeviceInfo("d-mira", "mira", "Desk", "phone", "mira", ha1("mira", REALM, "x", "MD5"))
CONNECTION = flow("192.0.2.31", 5062, "tcp", 1)  # on which Mira's phone has registered
SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.31\r\ns=-\r\nc=IN IP4 192.0.2.31\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
ASKED = [case for case in CASES if case.answer is not None]


class Door:
    """The server's whole SIP side, without sockets and switch."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.calls: list[str] = []
        self.engine = FakeEngine()
        directory = Directory([User("mira", "mira", "Mira", "131")], [MIRA])
        self.registrar = Registrar(MemoryStore(), lambda now: now, lambda device, count: None)
        gate = PhoneGate(
            Challenger(REALM, b"secret"),
            directory.by_sip_user,
            self.registrar,
            Throttle(unproven_per_second=5.0),
            may_speak_as=lambda device, name: False,
            lag=lambda: 0.0,
            unanswered=lambda: 0,
            calls_of=lambda device: 0,
            calls_per_device=10,
        )
        self.endpoint = Endpoint(self._send, gate, self, secret=b"a secret of 32 bytes or of more..")
        lines = Lines(
            self.endpoint, lambda *_: None, lambda: 1000.0, Addresses(), owners={}, dialogs=MemoryDialogs()
        )
        ids = iter(f"leg{n}" for n in range(1000))
        self._reception = Reception(
            self.registrar,
            lines,
            self._incoming,
            self._incoming,
            lambda device: Party("131"),
            lambda: next(ids),
        )
        contact = "Contact: <sip:mira@192.0.2.31:5062>"
        self.registrar.register(request("REGISTER", contact, name="mira"), CONNECTION, "d-mira", 1000.0)

    def requested(self, tx: ServerTransaction, request: Request, identity: object, now: float) -> None:
        self._reception.requested(tx, request, identity, now)

    def receive(self, data: bytes) -> list[int]:
        """The final answers to it."""
        self.sent.clear()
        self.endpoint.receive(data, CONNECTION, 1000.0)
        answers = [parse(each) for each in self.sent]
        return [answer.status for answer in answers if isinstance(answer, Response) and answer.status >= 200]

    def _send(self, data: bytes, flow: Flow) -> None:
        self.sent.append(data)

    def _incoming(self, leg: Leg, number: str, now: float) -> None:
        self.calls.append(number)


@pytest.mark.parametrize("case", ASKED, ids=str)
def test_the_answer_is_the_one_its_section_asks_for(case: Case) -> None:
    assert Door().receive(case.data) == ([case.answer] if case.answer else [])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_message_is_answered_more_than_once_or_makes_us_fail(case: Case) -> None:
    door = Door()
    answers = door.receive(case.data)
    assert len(answers) <= 1
    assert 500 not in answers
    next_one = BY_ID["4475-3.1.1.6"].data.replace(b"plain31", b"next31")
    assert door.receive(next_one) == [200], "whoever comes next is served"


@pytest.mark.parametrize("method", ["INVITE", "REGISTER", "OPTIONS"])
@pytest.mark.parametrize(
    ("uri", "status"), [("mailto:tom@pbx", 416), ("http://pbx/", 416), ("SIPS:tom@pbx", 0), ("tel:102", 0)]
)
def test_a_scheme_we_cannot_call_is_said_to_be_so_before_anybody_is_asked_who_he_is(
    method: str, uri: str, status: int
) -> None:
    door = Door()
    message = f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.31:5062;branch=z9hG4bKs\r\n"
    message += "From: <sip:mira@pbx>;tag=1\r\nTo: <sip:tom@pbx>\r\nCall-ID: s\r\n"
    message += f"CSeq: 1 {method}\r\nContact: <sip:mira@192.0.2.31>\r\nContent-Length: 0\r\n\r\n"
    assert (416 in door.receive(message.encode())) is (status == 416)


@pytest.mark.parametrize(
    ("accept", "is_taken"),
    [
        ("application/sdp", True),
        ("text/plain, Application/SDP;level=1", True),
        ("application/*", True),
        ("*/*", True),
        ("text/plain", False),
        ("", True),
    ],
)
def test_who_cannot_read_our_answer_is_not_called(accept: str, is_taken: bool) -> None:
    door = Door()
    headers = f"Accept: {accept}\r\n" if accept else ""
    message = (
        "INVITE sip:102@pbx SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.31:5062;branch=z9hG4bKa\r\n"
        "From: <sip:mira@pbx>;tag=1\r\nTo: <sip:102@pbx>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n"
        f"Contact: <sip:mira@192.0.2.31:5062>\r\n{headers}Content-Type: application/sdp\r\n"
        f"Content-Length: {len(SDP)}\r\n\r\n{SDP}"
    )
    assert door.receive(message.encode()) == ([] if is_taken else [406])
    assert door.calls == (["102"] if is_taken else [])
