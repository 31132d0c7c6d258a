"""CPU-µs of the SIP core without sockets: a call through two sessions (13 messages), a registration.

    python -m bench.sip_core [calls]

The call: INVITE, 100, 180, 200, ACK, BYE, 200 on the caller's side and the same on the
other, six messages in and seven out, as in a B2BUA that changes nothing but the description.
A challenged call is one whose other side is a provider that asks for proof: a 407 more, and a digest.
Figures are CPU time of this process alone, median of five rounds; `standing` calls are up
and `lingering` transactions finished but still remembered while it is measured.
"""

import gc
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial

from offhook.sip.credentials import Credentials
from offhook.sip.endpoint import Endpoint, Refusal
from offhook.sip.flow import Flow
from offhook.sip.message import Request
from offhook.sip.session import Session
from offhook.sip.transaction import ServerTransaction

CALLER = Flow("udp", "192.0.2.10", 5060, "192.0.2.1", 5060)
CALLED = Flow("udp", "192.0.2.20", 5060, "192.0.2.1", 5060)
SDP = (
    b"v=0\r\no=user1 53655765 2353687637 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
    b"m=audio 6000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n"
)
PHONE = (
    b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, NOTIFY, REFER\r\nSupported: replaces, timer\r\n"
    b"User-Agent: Some Phone 1.0\r\n"
)
BODY = b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%b" % (len(SDP), SDP)
CHALLENGE = b'Proxy-Authenticate: Digest realm="provider",nonce="%d",algorithm=%b,qop="auth"\r\n'
NONE = b"Content-Length: 0\r\n\r\n"
TOGETHER = 20  # calls in step, as a socket is drained


def main() -> None:
    figures = run(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
    print(json.dumps({name: round(value, 1) for name, value in figures.items()}, indent=1))


class Side:
    """One leg of a call; the other side is told what this one hears."""

    def __init__(self, pbx: "Pbx") -> None:
        self.pbx = pbx
        self.session: Session | None = None
        self.other: Side | None = None

    def progressed(self, status: int, sdp: bytes, now: float) -> None:
        if self.other is not None and self.other.session is not None:
            self.other.session.progress(status, sdp, now)

    def answered(self, sdp: bytes, now: float) -> None:
        if self.other is not None and self.other.session is not None:
            self.other.session.answer(sdp, now)

    def offered(self, sdp: bytes, now: float) -> bytes | int:
        return 488

    def agreed(self, sdp: bytes, now: float) -> None: ...

    def disagreed(self, status: int, now: float) -> None: ...

    def confirmed(self, now: float) -> None: ...

    def requested(self, request: Request, now: float) -> tuple[int, bytes]:
        return 405, b""

    def redirected(self, contacts: list[bytes], now: float) -> None: ...

    def ended(self, status: int, reason: bytes, now: float) -> None:
        other, self.other, self.session = self.other, None, None
        self.pbx.ended += 1
        if other is not None and other.session is not None:
            other.other = None
            other.session.hangup(now)


class Pbx:
    """Calls whoever is asked for at one address."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Flow]] = []
        self.ended = 0
        self.credentials: Credentials | None = None
        self.endpoint = Endpoint(
            lambda data, flow: self.sent.append((data, flow)),
            self,
            self,
            secret=b"bench",
            user_agent="Offhook",
        )

    def admit(self, request: Request, flow: Flow, now: float) -> object | Refusal | None:
        return self

    def requested(self, tx: ServerTransaction, request: Request, identity: object, now: float) -> None:
        if request.method != "INVITE":
            self.endpoint.respond(tx, 200, now, headers=b"Contact: <sip:101@192.0.2.10>;expires=300\r\n")
            return
        one, two = Side(self), Side(self)
        one.other, two.other = two, one
        one.session = self.endpoint.accept(tx, request, one, now)
        two.session = self.endpoint.invite(
            b"sip:102@192.0.2.20:5060",
            CALLED,
            two,
            local=b'"Anna Berg" <sip:101@pbx>',
            remote=b"<sip:102@pbx>",
            sdp=request.body,
            credentials=self.credentials,
            now=now,
        )


class Bench:
    """The phones' side: their messages are made outside the measured time, twenty calls in step."""

    def __init__(self) -> None:
        self.pbx = Pbx()
        self.now = 1000.0
        self.count = 0
        self.spent: dict[str, int] = defaultdict(int)

    def calls(self, *, hang_up: bool = True, algorithm: bytes = b"") -> None:
        numbers = range(self.count, self.count + TOGETHER)
        self.count += TOGETHER
        out = self._feed("INVITE", CALLER, [_invite(n) for n in numbers])
        if algorithm:
            out = self._feed(
                "407", CALLED, [_refusal(data, n, algorithm) for n, data in enumerate(out[CALLED])]
            )
            out[CALLED] = [data for data in out[CALLED] if data.startswith(b"INVITE")]
        heads = [_lines(data, b"Via:", b"From:", b"Call-ID:", b"CSeq:") for data in out[CALLED]]
        heads = [
            b"%bTo: <sip:102@pbx>;tag=c%d\r\nContact: <sip:102@192.0.2.20:5060>\r\n" % (head, n)
            for n, head in zip(numbers, heads, strict=True)
        ]
        self._feed("180", CALLED, [b"SIP/2.0 180 Ringing\r\n%b%b" % (head, NONE) for head in heads])
        answers = [b"SIP/2.0 200 OK\r\n%b%b%b" % (head, PHONE, BODY) for head in heads]
        out = self._feed("200", CALLED, answers)
        inside = [_lines(data, b"From:", b"To:", b"Call-ID:") for data in out[CALLER]]
        self._feed(
            "ACK", CALLER, [_request(b"ACK", n, one, 1) for n, one in zip(numbers, inside, strict=True)]
        )
        if hang_up:
            byes = [_request(b"BYE", n, one, 2) for n, one in zip(numbers, inside, strict=True)]
            out = self._feed("BYE", CALLER, byes)
            ends = [_lines(data, b"Via:", b"From:", b"To:", b"Call-ID:", b"CSeq:") for data in out[CALLED]]
            self._feed("200 of BYE", CALLED, [b"SIP/2.0 200 OK\r\n%b%b" % (end, NONE) for end in ends])
        self.pass_time(TOGETHER / 1000)

    def challenged_calls(self, algorithm: bytes) -> None:
        self.pbx.credentials = Credentials("account", "a password of some length")
        self.calls(algorithm=algorithm)
        self.pbx.credentials = None

    def registers(self) -> None:
        numbers = range(self.count, self.count + TOGETHER)
        self.count += TOGETHER
        self._feed("REGISTER", CALLER, [_register(n) for n in numbers])
        self.pass_time(TOGETHER / 1000)

    def pass_time(self, seconds: float) -> None:
        """Let timers run, as a loop does that wakes for them."""
        end = self.now + seconds
        endpoint = self.pbx.endpoint
        begun = time.process_time_ns()
        while (due := endpoint.next_timeout()) is not None and due <= end:
            self.now = max(self.now, due)
            endpoint.tick(self.now)
        self.spent["timers"] += time.process_time_ns() - begun
        self.now = end
        self.pbx.sent.clear()

    def _feed(self, name: str, flow: Flow, messages: list[bytes]) -> dict[Flow, list[bytes]]:
        sent = self.pbx.sent
        sent.clear()
        receive = self.pbx.endpoint.receive
        now = self.now
        begun = time.process_time_ns()
        for data in messages:
            receive(data, flow, now)
        self.spent[name] += time.process_time_ns() - begun
        out: dict[Flow, list[bytes]] = {CALLER: [], CALLED: []}
        for data, towards in sent:
            out[towards].append(data)
        if name == "INVITE":
            out[CALLER].clear()  # the 100s
        return out


def measure(bench: Bench, some: Callable[[], None], times: int) -> tuple[float, dict[str, float]]:
    """µs for one and its split, median of five rounds; a thousand a second as far as timers can tell."""
    splits = []
    for _ in range(5):
        bench.spent.clear()
        for _ in range(times // TOGETHER):
            some()
        splits.append({name: spent / 1000 / times for name, spent in bench.spent.items()})
    splits.sort(key=lambda split: sum(split.values()))
    return sum(splits[2].values()), splits[2]


def run(times: int) -> dict[str, float]:
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    bench = Bench()
    measure(bench, bench.calls, 200)
    bench.pass_time(40)
    figures: dict[str, float] = {}
    figures["call"], split = measure(bench, bench.calls, times)
    figures |= {f"  {name}": spent for name, spent in split.items()}
    bench.pass_time(40)
    assert bench.pbx.endpoint.counters["sessions"] == 0
    assert bench.pbx.endpoint.counters["transactions"] == 0
    for algorithm in (b"MD5", b"SHA-256"):
        name = f"challenged call, {algorithm.decode()}"
        figures[name], _ = measure(bench, partial(bench.challenged_calls, algorithm), times)
        bench.pass_time(40)
    assert bench.pbx.endpoint.counters["sessions"] == 0
    figures["register"], _ = measure(bench, bench.registers, times)
    bench.pass_time(40)
    for _ in range(2000 // TOGETHER):
        bench.calls(hang_up=False)
    bench.pass_time(40)
    figures["call, 2,000 standing"], _ = measure(bench, bench.calls, times)
    while bench.pbx.endpoint.counters["transactions"] < 20_000:
        bench.calls()
    figures["call, 2,000 standing, 20,000 lingering"], _ = measure(bench, bench.calls, times)
    return figures


def _invite(n: int) -> bytes:
    return (
        b"INVITE sip:102@192.0.2.1 SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKi%d;rport\r\n"
        b'Max-Forwards: 70\r\nFrom: "Anna Berg" <sip:101@192.0.2.1>;tag=t%d\r\n'
        b"To: <sip:102@192.0.2.1>\r\nCall-ID: %d-bench@192.0.2.10\r\nCSeq: 1 INVITE\r\n"
        b"Contact: <sip:101@192.0.2.10:5060>\r\n%b%b"
    ) % (n, n, n, PHONE, BODY)


def _request(method: bytes, n: int, inside: bytes, cseq: int) -> bytes:
    return (
        b"%b sip:192.0.2.1:5060 SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK%b%d;rport\r\n"
        b"Max-Forwards: 70\r\n%bCSeq: %d %b\r\n%b"
    ) % (method, method, n, inside, cseq, method, NONE)


def _refusal(invite: bytes, n: int, algorithm: bytes) -> bytes:
    head = _lines(invite, b"Via:", b"From:", b"Call-ID:", b"CSeq:")
    challenge = CHALLENGE % (n, algorithm)
    return b"SIP/2.0 407 Who?\r\n%bTo: <sip:102@pbx>;tag=p%d\r\n%b%b" % (head, n, challenge, NONE)


def _register(n: int) -> bytes:
    return (
        b"REGISTER sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKr%d;rport\r\n"
        b"Max-Forwards: 70\r\nFrom: <sip:101@192.0.2.1>;tag=r%d\r\nTo: <sip:101@192.0.2.1>\r\n"
        b"Call-ID: %d-register\r\nCSeq: 1 REGISTER\r\nContact: <sip:101@192.0.2.10:5060>\r\n"
        b"Expires: 300\r\n%b%b"
    ) % (n, n, n, PHONE, NONE)


def _lines(message: bytes, *names: bytes) -> bytes:
    lines = message.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return b"".join(line + b"\r\n" for line in lines if line.startswith(names))


if __name__ == "__main__":
    main()
