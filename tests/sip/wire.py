"""Two endpoints joined in memory by a wire that may lose, repeat and reorder, and a clock that is set."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from offhook.sip.endpoint import Endpoint, Refusal
from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Request, Response, parse
from offhook.sip.session import Session
from offhook.sip.transaction import ServerTransaction

DELAY = 0.005
OFFER = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
ANSWER = OFFER.replace(b"192.0.2.1", b"192.0.2.2")

Fate = Callable[[bytes], Sequence[float]]  # when each copy arrives, after so many seconds; none: lost


def on_time(data: bytes) -> Sequence[float]:
    return (DELAY,)


@dataclass
class Owner:
    """Writes down what it is told; `say` and `reply` are what it answers."""

    told: list[tuple[object, ...]] = field(default_factory=list)
    reply: bytes | int = ANSWER
    status: int = 200
    on_told: Callable[[str], None] | None = None

    def _note(self, *fact: object) -> None:
        self.told.append(fact)
        if self.on_told is not None:
            self.on_told(str(fact[0]))

    def progressed(self, status: int, sdp: bytes, now: float) -> None:
        self._note("progressed", status, sdp)

    def answered(self, sdp: bytes, now: float) -> None:
        self._note("answered", sdp)

    def offered(self, sdp: bytes, now: float) -> bytes | int:
        self._note("offered", sdp)
        return self.reply

    def agreed(self, sdp: bytes, now: float) -> None:
        self._note("agreed", sdp)

    def disagreed(self, status: int, now: float) -> None:
        self._note("disagreed", status)

    def confirmed(self, now: float) -> None:
        self._note("confirmed")

    def requested(self, request: Request, now: float) -> tuple[int, bytes]:
        self._note("requested", request.method, request.body)
        return self.status, b""

    def redirected(self, contacts: list[bytes], now: float) -> None:
        self._note("redirected", contacts)

    def ended(self, status: int, reason: bytes, now: float) -> None:
        self._note("ended", status, reason)

    @property
    def names(self) -> list[object]:
        return [fact[0] for fact in self.told]

    def times(self, name: str) -> int:
        return self.names.count(name)


class Phone:
    """One end: an endpoint that admits everybody and takes on each INVITE."""

    def __init__(self, wire: "Wire", name: str) -> None:
        self.wire = wire
        self.name = name
        self.endpoint = Endpoint(
            lambda data, flow: wire.carry(self, data, flow), self, self, secret=b"secret of " + name.encode()
        )
        self.owner = Owner()  # of the next session that comes in
        self.session: Session | None = None  # the newest that came in
        self.admits: object | Refusal | None = "everybody"
        self.requests: list[tuple[ServerTransaction, Request, object]] = []
        self.on_invite: Callable[[Session, float], None] | None = None

    def admit(self, request: Request, flow: Flow, now: float) -> object | Refusal | None:
        return self.admits

    def requested(self, tx: ServerTransaction, request: Request, identity: object, now: float) -> None:
        self.requests.append((tx, request, identity))
        if request.method == "INVITE":
            self.session = self.endpoint.accept(tx, request, self.owner, now)
            if self.on_invite is not None:
                self.on_invite(self.session, now)
        else:
            self.endpoint.respond(tx, 200, now)


class Wire:
    def __init__(self, transport: Transport = "udp", fate: Fate = on_time, hosts: Sequence[str] = ()) -> None:
        here, there = hosts or ("192.0.2.1", "192.0.2.2")
        connection = 0 if transport == "udp" else 1
        self.now = 1000.0
        self.fate = fate
        self.log: list[tuple[float, str, Request | Response]] = []  # what was sent, lost or not
        self.a = Phone(self, "a")
        self.b = Phone(self, "b")
        self.to_b = Flow(transport, there, 5060, here, 5060, connection)  # as a sees it
        self.to_a = Flow(transport, here, 5060, there, 5060, connection)
        self._on_way: list[tuple[float, int, Phone, bytes, Flow]] = []
        self._count = 0

    def carry(self, sender: Phone, data: bytes, flow: Flow) -> None:
        self.log.append((self.now, sender.name, parse(data)))
        assert flow == (self.to_b if sender is self.a else self.to_a)
        receiver, seen = (self.b, self.to_a) if sender is self.a else (self.a, self.to_b)
        for delay in self.fate(data):
            self._count += 1
            heapq.heappush(self._on_way, (self.now + delay, self._count, receiver, data, seen))

    def run(self, seconds: float) -> None:
        """Let so much time pass; whatever is due happens in its order."""
        end = self.now + seconds
        while True:
            times = [
                when for phone in (self.a, self.b) if (when := phone.endpoint.next_timeout()) is not None
            ]
            if self._on_way:
                times.append(self._on_way[0][0])
            due = min(times, default=end + 1)
            if due > end:
                break
            self.now = max(self.now, due)
            while self._on_way and self._on_way[0][0] <= self.now:
                _, _, receiver, data, flow = heapq.heappop(self._on_way)
                receiver.endpoint.receive(data, flow, self.now)
            for phone in (self.a, self.b):
                phone.endpoint.tick(self.now)
        self.now = end

    def call(self, owner: Owner, sdp: bytes | None = OFFER, headers: bytes = b"") -> Session:
        return self.a.endpoint.invite(
            b"sip:102@192.0.2.2",
            self.to_b,
            owner,
            local=b'"Anna" <sip:101@pbx>',
            remote=b"<sip:102@pbx>",
            sdp=sdp,
            headers=headers,
            now=self.now,
        )

    def talk(self, sdp: bytes | None = OFFER, headers: bytes = b"") -> tuple[Session, Owner, Session, Owner]:
        """A call that was answered: both sessions and their owners."""
        caller = Owner()
        session = self.call(caller, sdp, headers)
        self.run(0.1)
        called = self.b.session
        assert called is not None
        called.answer(ANSWER if sdp else OFFER, self.now)
        self.run(0.1)
        return session, caller, called, self.b.owner

    @property
    def story(self) -> list[str]:
        """What was sent, in words: "a INVITE", "b 180"."""
        return [
            f"{name} {message.method if isinstance(message, Request) else message.status}"
            for _, name, message in self.log
        ]

    def sent(self, name: str, word: str | int) -> list[tuple[float, Request | Response]]:
        """All of one kind, by `name`: a method, or the status of a response."""
        return [
            (when, message)
            for when, who, message in self.log
            if who == name and word == (message.method if isinstance(message, Request) else message.status)
        ]

    @property
    def left(self) -> int:
        """Transactions and sessions still held at either end."""
        counts = [phone.endpoint.counters for phone in (self.a, self.b)]
        return sum(one["transactions"] + one["sessions"] for one in counts)


class Alone:
    """One endpoint, and a peer whose messages the test writes itself."""

    def __init__(
        self, transport: Transport = "udp", host: str = "192.0.2.9", here: str = "192.0.2.1"
    ) -> None:
        self.now = 1000.0
        self.flow = Flow(transport, host, 5060, here, 5060, 0 if transport == "udp" else 1)
        self.raw: list[bytes] = []
        self.flows: list[Flow] = []
        self.owner = Owner()
        self.session: Session | None = None
        self.admits: object | Refusal | None = "somebody"
        self.asked: list[Request] = []
        self.requests: list[tuple[ServerTransaction, Request, object]] = []
        self.takes = True  # each INVITE, at once
        self.endpoint = Endpoint(self._send, self, self, secret=b"a secret of 32 bytes or of more..")

    def _send(self, data: bytes, flow: Flow) -> None:
        self.raw.append(data)
        self.flows.append(flow)

    def admit(self, request: Request, flow: Flow, now: float) -> object | Refusal | None:
        self.asked.append(request)
        return self.admits

    def requested(self, tx: ServerTransaction, request: Request, identity: object, now: float) -> None:
        self.requests.append((tx, request, identity))
        if request.method == "INVITE" and self.takes:
            self.session = self.endpoint.accept(tx, request, self.owner, now)

    def receive(self, data: bytes) -> list[Request | Response]:
        """What it sends upon these bytes."""
        self.raw.clear()
        self.endpoint.receive(data, self.flow, self.now)
        return self.sent

    def wait(self, seconds: float) -> list[Request | Response]:
        """What it sends in so much time."""
        self.raw.clear()
        end = self.now + seconds
        while (when := self.endpoint.next_timeout()) is not None and when <= end:
            self.now = max(self.now, when)
            self.endpoint.tick(self.now)
        self.now = end
        return self.sent

    @property
    def sent(self) -> list[Request | Response]:
        return [parse(data) for data in self.raw]

    @property
    def statuses(self) -> list[int]:
        return [message.status for message in self.sent if isinstance(message, Response)]


def request(
    method: str,
    *,
    branch: str = "z9hG4bK-1",
    cseq: int = 1,
    to: str = "<sip:102@pbx>",
    sender: str = "<sip:101@pbx>;tag=anna",
    call_id: str = "call-1",
    uri: str = "sip:102@192.0.2.1",
    via: str = "SIP/2.0/UDP 192.0.2.9:5060",
    headers: str = "",
    body: bytes = b"",
) -> bytes:
    """A request as a phone writes it."""
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"{method} {uri} SIP/2.0\r\nVia: {via};branch={branch};rport\r\nMax-Forwards: 70\r\n"
        f"From: {sender}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"
        "Contact: <sip:101@192.0.2.9>\r\n"
        f"{headers}{kind}Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def response(
    to: Request | Response, status: int, *, tag: str = "", headers: str = "", body: bytes = b""
) -> bytes:
    """A response as a phone writes it."""
    kind = "Content-Type: application/sdp\r\n" if body else ""
    lines = [f"SIP/2.0 {status} Whatever\r\n".encode()]
    for name in (b"Via", b"From", b"To", b"Call-ID", b"CSeq"):
        value = to.get(name.lower()) or b""
        mark = f";tag={tag}".encode() if name == b"To" and tag and b"tag=" not in value else b""
        lines.append(b"%b: %b%b\r\n" % (name, value, mark))
    return b"".join(lines) + f"{headers}{kind}Content-Length: {len(body)}\r\n\r\n".encode() + body
