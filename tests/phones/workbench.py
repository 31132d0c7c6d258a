"""A phone's leg on the workbench: session, endpoint and engine around it write down what they are told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from offhook.calls.leg import Leg, LegEvent, Party
from offhook.calls.media import G711, Codecs, Port
from offhook.media.fake import FakeBridge, FakeEngine, FakePort
from offhook.people.directory import DeviceInfo
from offhook.phones.addresses import Addresses
from offhook.phones.leg import PhoneLeg
from offhook.phones.lines import Lines, Place, PortOwner
from offhook.sdp.negotiate import codecs_of
from offhook.sip.client import Done
from offhook.sip.dialog import TalkingDialog
from offhook.sip.endpoint import Endpoint
from offhook.sip.flow import Flow
from offhook.sip.message import Request, Response, parse
from offhook.sip.replaces import Replaces
from offhook.sip.transaction import ServerTransaction
from tests.phones.exchange import MemoryDialogs
from tests.phones.requests import flow, request

ANNA = Party("101", "Anna", "anna", "d-anna")
BEN = Party("102", "Ben", "ben", "d-ben")
DEVICE = DeviceInfo("d-ben", "ben", "ben-desk", "phone", "ben-desk", srtp="off")
CONTACT = b"sip:ben-desk@192.0.2.10:5060"


def sdp(
    direction: str = "sendrecv", *, codecs: str = "8 0", host: str = "192.0.2.10", version: int = 1
) -> bytes:
    return (
        f"v=0\r\no=- 1 {version} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio 4000 RTP/AVP {codecs}\r\na={direction}\r\n"
    ).encode()


@dataclass
class FakeSession:
    """Writes down what it is told, as (verb, what matters)."""

    told: list[tuple[Any, ...]] = field(default_factory=list)
    owner: object = None
    allow_events: bytes = b""
    has_dialog: bool = True
    is_talking: bool = False
    notified: list[Done | None] = field(default_factory=list)  # who waits for the answer to each NOTIFY
    _later: list[Callable[[], object]] = field(default_factory=list)

    def progress(self, status: int, sdp: bytes | None, now: float) -> None:
        self.told.append(("progress", status, sdp))

    def answer(self, sdp: bytes, now: float) -> None:
        self.told.append(("answer", sdp))

    def refuse(self, status: int, now: float, *, headers: bytes = b"") -> None:
        self.told.append(("refuse", status, headers))

    def offer(self, sdp: bytes, now: float) -> None:
        self.told.append(("offer", sdp))

    def hangup(self, now: float, *, headers: bytes = b"") -> None:
        self.told.append(("hangup", headers))

    def introduce(self, identity: bytes, now: float) -> None:
        self.told.append(("introduce", identity))

    def notify(
        self,
        event: bytes,
        state: bytes,
        now: float,
        *,
        body: bytes = b"",
        content_type: bytes = b"",
        done: Done | None = None,
    ) -> None:
        words = (event.decode(), state.decode(), body.decode().strip())
        self.told.append(("notify", " ".join(filter(None, words))))
        self.notified.append(done)

    def then(self, listener: Callable[..., object], *fact: object) -> None:
        self._later.append(lambda: listener(*fact))

    def go_on(self) -> None:
        """What was asked has been answered: what was to come then comes."""
        later, self._later = self._later, []
        for each in later:
            each()

    def snapshot(self) -> TalkingDialog:
        return TalkingDialog(b"id", b"local", b"remote", 1, CONTACT, (), flow())

    @property
    def verbs(self) -> list[str]:
        return [" ".join(str(word) for word in fact[:2] if isinstance(word, str | int)) for fact in self.told]


@dataclass
class FakeEndpoint:
    invites: list[dict[str, Any]] = field(default_factory=list)
    sessions: list[FakeSession] = field(default_factory=list)
    dialogs: dict[Replaces, FakeSession] = field(default_factory=dict)

    def invite(self, uri: bytes, flow: Flow, owner: PhoneLeg, **how: Any) -> FakeSession:
        self.invites.append({"uri": uri, "flow": flow, **how})
        self.sessions.append(FakeSession(owner=owner))
        return self.sessions[-1]

    def find(self, dialog: Replaces) -> FakeSession | None:
        return self.dialogs.get(dialog)

    def accept(self, tx: object, request: Request, owner: PhoneLeg, now: float) -> FakeSession:
        session = FakeSession(owner=owner, allow_events=request.get(b"allow-events") or b"")
        self.sessions.append(session)
        return session


class Bench:
    """A leg on the workbench."""

    def __init__(
        self,
        *,
        device: DeviceInfo = DEVICE,
        by: Flow | None = None,
        nat: bool = False,
        takes_orders: bool = False,
    ) -> None:
        self.events: list[LegEvent] = []
        self.endpoint = FakeEndpoint()
        self.engine = FakeEngine()
        self.bridge: FakeBridge = self.engine.bridge()
        self.owners: dict[Port, PortOwner] = {}
        self.dialogs = MemoryDialogs()
        self.lines = Lines(
            cast("Endpoint", self.endpoint), self._tell, lambda: 7.0, Addresses(), self.owners, self.dialogs
        )
        place = Place(by or flow(), CONTACT, nat, takes_orders=takes_orders)
        self.leg = PhoneLeg("leg", BEN, device, place, self.lines)

    def _tell(self, leg: Leg, event: LegEvent, now: float) -> None:
        assert leg is self.leg
        self.events.append(event)

    @property
    def session(self) -> FakeSession:
        return self.endpoint.sessions[-1]

    @property
    def port(self) -> FakePort:
        return self.engine.ports[-1]

    def ring(self, like: Codecs | None = G711, *, auto_answer: bool = False) -> None:
        self.leg.ring(ANNA, self.bridge, like=like, auto_answer=auto_answer)

    def invited(self, offer: bytes | None = None, *headers: str) -> None:
        body = sdp() if offer is None else offer
        message = request("INVITE", "Content-Type: application/sdp", *headers, body=body.decode())
        codecs = codecs_of(body) if body else ()
        self.leg.invited(cast("ServerTransaction", object()), message, codecs, 1.0)

    def talking(self) -> "Bench":
        self.ring()
        self.leg.answered(sdp(), 2.0)
        self.events.clear()
        return self

    def asks(self, method: str, *headers: str, cseq: int = 2) -> int:
        """The phone sends a request within its call, and gets its answer; the status."""
        status, _ = self.leg.requested(request(method, *headers, cseq=cseq), 3.0)
        self.session.told.append(("answered", status))
        self.session.go_on()
        return status

    def answers_notify(self, status: int) -> None:
        """The phone answers the NOTIFY it got last."""
        done = self.session.notified[-1]
        assert done is not None
        response = parse(f"SIP/2.0 {status} Whatever\r\nContent-Length: 0\r\n\r\n".encode())
        assert isinstance(response, Response)
        done(response, 3.5)

    @property
    def is_clean(self) -> bool:
        return not (
            self.engine.open_ports or self.owners or self.dialogs.rows or self.lines.calls_of("d-ben")
        )
