"""CPU-µs of the SIP core without sockets: a call through two sessions (13 messages), a registration.

    python -m bench.sip_core [calls]

The call: INVITE, 100, 180, 200, ACK, BYE, 200 on the caller's side and the same on the
other, six messages in and seven out, as in a B2BUA that changes nothing but the description.
Figures are user time of this process alone, median of five rounds; `standing` calls are up
and `lingering` transactions finished but still remembered while it is measured.
"""

import gc
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable

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
NONE = b"Content-Length: 0\r\n\r\n"


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
            now=now,
        )


class Bench:
    def __init__(self) -> None:
        self.pbx = Pbx()
        self.now = 1000.0
        self.count = 0
        self.spent: dict[str, int] = defaultdict(int)

    def call(self, *, hang_up: bool = True) -> None:
        """One call; the messages of both phones are made outside the measured time."""
        self.count += 1
        n = self.count
        invite = (
            b"INVITE sip:102@192.0.2.1 SIP/2.0\r\n"
            b"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKi%d;rport\r\n"
            b"Max-Forwards: 70\r\nFrom: \"Anna Berg\" <sip:101@192.0.2.1>;tag=t%d\r\n"
            b"To: <sip:102@192.0.2.1>\r\nCall-ID: %d-bench@192.0.2.10\r\nCSeq: 1 INVITE\r\n"
            b"Contact: <sip:101@192.0.2.10:5060>\r\n%b%b"
            % (n, n, n, PHONE, BODY)
        )  # fmt: skip
        out = self._feed("INVITE", invite, CALLER)
        forwarded = next(data for data, flow in out if flow is CALLED)
        head = _lines(forwarded, b"Via:", b"From:", b"Call-ID:", b"CSeq:")
        to = b"To: <sip:102@pbx>;tag=c%d\r\nContact: <sip:102@192.0.2.20:5060>\r\n" % n
        self._feed("180", b"SIP/2.0 180 Ringing\r\n%b%b%b" % (head, to, NONE), CALLED)
        out = self._feed("200", b"SIP/2.0 200 OK\r\n%b%b%b%b" % (head, to, PHONE, BODY), CALLED)
        answer = next(data for data, flow in out if flow is CALLER)
        inside = _lines(answer, b"From:", b"To:", b"Call-ID:")
        target = _lines(answer, b"Contact:").split(b"<")[1].split(b">")[0]
        self._feed("ACK", _request(b"ACK", target, inside, n, 1), CALLER)
        if not hang_up:
            return
        out = self._feed("BYE", _request(b"BYE", target, inside, n, 2), CALLER)
        bye = next(data for data, flow in out if flow is CALLED)
        lines = _lines(bye, b"Via:", b"From:", b"To:", b"Call-ID:", b"CSeq:")
        self._feed("200 of BYE", b"SIP/2.0 200 OK\r\n%b%b" % (lines, NONE), CALLED)

    def register(self) -> None:
        self.count += 1
        n = self.count
        self._feed(
            "REGISTER",
            b"REGISTER sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-r%d;rport\r\n"
            b"Max-Forwards: 70\r\nFrom: <sip:101@192.0.2.1>;tag=r%d\r\nTo: <sip:101@192.0.2.1>\r\n"
            b"Call-ID: %d-register\r\nCSeq: 1 REGISTER\r\nContact: <sip:101@192.0.2.10:5060>\r\n"
            b"Expires: 300\r\n%b%b" % (n, n, n, PHONE, NONE),
            CALLER,
        )

    def pass_time(self, seconds: float) -> None:
        """Let timers run, as a loop does that wakes for them."""
        end = self.now + seconds
        endpoint = self.pbx.endpoint
        begun = time.process_time_ns()
        while (due := endpoint.next_timeout()) is not None and due <= end:
            self.now = max(self.now, due)
            endpoint.tick(self.now)
        self.now = end
        self.spent["timers"] += time.process_time_ns() - begun
        self.pbx.sent.clear()

    def _feed(self, name: str, data: bytes, flow: Flow) -> list[tuple[bytes, Flow]]:
        self.now += 0.0001
        sent = self.pbx.sent
        sent.clear()
        receive = self.pbx.endpoint.receive
        begun = time.perf_counter_ns()
        receive(data, flow, self.now)
        self.spent[name] += time.perf_counter_ns() - begun
        return list(sent)


def measure(bench: Bench, once: Callable[[], None], times: int) -> tuple[float, dict[str, float]]:
    """µs for one, and its split; timers are let run as they would at a thousand a second."""
    totals, splits = [], []
    for _ in range(5):
        bench.spent.clear()
        for n in range(times):
            once()
            if n % 20 == 19:
                bench.pass_time(0.02)
        splits.append({name: spent / 1000 / times for name, spent in bench.spent.items()})
        totals.append(sum(splits[-1].values()))
    middle = splits[totals.index(statistics.median(totals))]
    return statistics.median(totals), middle


def run(times: int) -> dict[str, float]:
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    bench = Bench()
    measure(bench, bench.call, 200)
    bench.pass_time(40)
    figures: dict[str, float] = {}
    figures["call"], split = measure(bench, bench.call, times)
    figures |= {f"  {name}": spent for name, spent in split.items()}
    bench.pass_time(40)
    assert bench.pbx.endpoint.counters["sessions"] == 0
    assert bench.pbx.endpoint.counters["transactions"] == 0
    figures["register"], _ = measure(bench, bench.register, times)
    bench.pass_time(40)
    for _ in range(2000):
        bench.call(hang_up=False)
    bench.pass_time(40)
    figures["call, 2,000 standing"], _ = measure(bench, bench.call, times)
    for _ in range(20_000 // 4):
        bench.call()
    figures["call, 2,000 standing, 20,000 lingering"], _ = measure(bench, bench.call, times // 2)
    return figures


def _lines(message: bytes, *names: bytes) -> bytes:
    lines = message.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return b"".join(line + b"\r\n" for line in lines if line.startswith(names))


def _request(method: bytes, target: bytes, inside: bytes, call: int, cseq: int) -> bytes:
    return (
        b"%b %b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK%b%d;rport\r\n"
        b"Max-Forwards: 70\r\n%bCSeq: %d %b\r\n%b"
        % (method, target, method, call, inside, cseq, method, NONE)
    )


if __name__ == "__main__":
    figures = run(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
    print(json.dumps({name: round(value, 1) for name, value in figures.items()}, indent=1))
