"""A load of plain calls, or of registrations, for benchmarks: it calls through a server and answers itself.

    python -m bench.sip_load '{"server": ["127.0.0.1", 5060], ...}'

One process with a UDP socket for each side and messages from templates, so that it is the server
which is measured. A call: INVITE with SDP, (401, again with digest,) 180, 200 after 20 ms, ACK, BYE
after `hold` seconds, 200. A line on its input makes it begin and print as JSON what became of them;
a second one makes it hang up what still stands, take its phones' registrations back and end.
"""

import hashlib
import json
import re
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

ANSWER_AFTER = 0.02
PATIENCE = 10.0  # seconds for what is still open when all has begun
AT_ONCE = 64  # messages read before what is due is looked at again

Address = tuple[str, int]
Message = dict[str, str]  # headers by name, the last of each; "" is the first line

_SPOKEN = "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
_OFFERED = "RTP/AVP 8 0 101\r\na=rtpmap:0 PCMU/8000\r\n" + _SPOKEN
_ANSWERED = "RTP/AVP 8 101\r\n" + _SPOKEN


@dataclass
class Job:
    """What to do. `digest`: reuse (the nonce), each (INVITE is challenged) or none."""

    server: Address
    callers: list[str]  # SIP users
    numbers: list[str]  # whom they call, in turn
    called: list[str]  # SIP users who are registered at our answering socket first
    password: str
    calls: int
    rate: float  # calls a second
    hold: float = 0.2
    digest: str = "each"
    registers: int = 0  # instead of calls: so many REGISTERs, each challenged, one in flight for each user
    stands: bool = False  # the calls stay up
    answer_at: int = 0  # the port of the answering socket; 0: any


@dataclass
class Call:
    n: int
    user: str
    uri: str
    begun: float
    cseq: int = 1
    to: str = ""  # with the tag of who answered
    target: str = ""
    routes: list[str] = field(default_factory=list)
    is_up: bool = False


class Load:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._server: Address = (job.server[0], job.server[1])
        self._home = f"sip:{job.server[0]}:{job.server[1]}"
        self._caller, self._called = _socket(0), _socket(job.answer_at)
        self._names = {wire: _name(wire) for wire in (self._caller, self._called)}
        self._nonces: dict[str, tuple[str, int]] = {}
        self._registered: dict[str, socket.socket] = {}
        self._calls: dict[str, Call] = {}  # by Call-ID
        self._answers: deque[tuple[float, bytes, Address]] = deque()
        self._byes: deque[tuple[float, str]] = deque()
        self._setups: list[float] = []
        self._count = 0
        self._done = 0
        self._failed = 0

    @property
    def port(self) -> int:
        """Where calls are answered."""
        port: int = self._called.getsockname()[1]
        return port

    def prepare(self) -> None:
        """Register who is called, and who calls if that teaches us a nonce; nothing of it is measured."""
        self._register_all(self._job.called, self._called, 3600)
        if self._job.digest == "reuse":
            self._register_all(self._job.callers, self._caller, 3600)

    def run(self) -> dict[str, float]:
        return self._run_registers() if self._job.registers else self._run_calls()

    def end(self) -> None:
        for id in [id for id, call in self._calls.items() if call.is_up]:
            self._bye(id)
        self._work(time.monotonic() + PATIENCE, lambda: any(call.is_up for call in self._calls.values()))
        for wire in (self._caller, self._called):
            self._register_all([user for user, at in self._registered.items() if at is wire], wire, 0)

    # ---- calls

    def _run_calls(self) -> dict[str, float]:
        job, start = self._job, time.monotonic()
        begun = 0

        def is_open() -> bool:
            nonlocal begun
            due = min(job.calls, int((time.monotonic() - start) * job.rate) + 1)
            while begun < due:
                self._invite(begun)
                begun += 1
            open_ = self._up < len(self._calls) if job.stands else bool(self._calls)
            return begun < job.calls or open_

        self._work(start + job.calls / job.rate + job.hold + PATIENCE, is_open)
        ordered = sorted(self._setups) or [0.0]
        return {
            "done": self._done,
            "standing": self._up,
            "failed": self._failed,
            "stuck": len(self._calls) - (self._up if job.stands else 0),
            "setup_p50_ms": ordered[len(ordered) // 2] * 1000,
            "setup_p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
        }

    @property
    def _up(self) -> int:
        return len(self._setups) - self._done

    def _invite(self, n: int) -> None:
        job = self._job
        user = job.callers[n % len(job.callers)]
        uri = f"sip:{job.numbers[n % len(job.numbers)]}@{self._home[4:]}"
        id = f"c{n}@{self._names[self._caller]}"
        call = self._calls[id] = Call(n, user, uri, time.monotonic())
        if job.digest == "each":
            self._nonces.pop(user, None)
        self._send_invite(id, call)

    def _send_invite(self, id: str, call: Call) -> None:
        proof = self._proof(call.user, "INVITE", call.uri) if self._job.digest != "none" else []
        contact = f"Contact: <sip:{call.user}@{self._names[self._caller]}>"
        sdp = _sdp(20000 + call.n % 10000 * 2, _OFFERED)
        self._request("INVITE", id, call, f"i{call.cseq}", call.cseq, [contact, *proof], sdp)

    def _bye(self, id: str) -> None:
        call = self._calls[id]
        self._request("BYE", id, call, "b", call.cseq + 1)

    def _request(
        self,
        method: str,
        id: str,
        call: Call,
        branch: str,
        cseq: int,
        headers: Iterable[str] = (),
        sdp: str = "",
    ) -> None:
        data = _message(
            f"{method} {call.target or call.uri} SIP/2.0",
            [
                f"Via: SIP/2.0/UDP {self._names[self._caller]};rport;branch=z9hG4bKc{call.n}{branch}",
                "Max-Forwards: 70",
                *[f"Route: {route}" for route in reversed(call.routes)],
                f"From: <sip:{call.user}@{self._server[0]}>;tag=tc{call.n}",
                f"To: {call.to or f'<{call.uri}>'}",
                f"Call-ID: {id}",
                f"CSeq: {cseq} {method}",
                *headers,
            ],
            sdp,
        )
        self._caller.sendto(data, self._server)

    def _caller_hears(self, text: str) -> None:
        message = _read(text)
        id, status = message["Call-ID"], message[""][8:11]
        call = self._calls.get(id)
        if call is None or status[0] == "1":
            return
        if message["CSeq"].endswith("BYE"):
            self._done += 1
            del self._calls[id]
        elif status == "200":
            call.to, call.target = message["To"], _inside(message["Contact"])
            call.routes = re.findall(r"^Record-Route: ([^\r]+)", text, re.MULTILINE)
            self._request("ACK", id, call, "a", call.cseq)
            if not call.is_up:
                self._up_now(id, call)
        else:
            call.to = message["To"]
            self._request("ACK", id, call, f"i{call.cseq}", call.cseq)
            call.to = ""
            if status == "401" and call.cseq == 1:
                self._learn(call.user, text)
                call.cseq = 2
                self._send_invite(id, call)
            else:
                self._failed += 1
                del self._calls[id]

    def _up_now(self, id: str, call: Call) -> None:
        now = time.monotonic()
        call.is_up = True
        self._setups.append(now - call.begun)
        if not self._job.stands:
            self._byes.append((now + self._job.hold, id))

    def _called_hears(self, text: str, source: Address) -> None:
        method = text.partition(" ")[0]
        if method not in ("INVITE", "BYE", "OPTIONS"):
            return
        lines = text.partition("\r\n\r\n")[0].split("\r\n")
        kept = [
            line for line in lines if line.startswith(("Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:"))
        ]
        to = next(line for line in lines if line.startswith("To:"))
        if method != "INVITE":
            self._called.sendto(_message("SIP/2.0 200 OK", [*kept, to]), source)
            return
        kept += [f"{to};tag=uas", f"Contact: <sip:uas@{self._names[self._called]}>"]
        self._called.sendto(_message("SIP/2.0 180 Ringing", kept), source)
        answer = _message("SIP/2.0 200 OK", kept, _sdp(39998, _ANSWERED))
        self._answers.append((time.monotonic() + ANSWER_AFTER, answer, source))

    # ---- registrations

    def _run_registers(self) -> dict[str, float]:
        begun = time.monotonic()
        self._register_all(self._job.called, self._called, 3600, self._job.registers, challenged=True)
        return {"registers": self._job.registers, "seconds": time.monotonic() - begun}

    def _register_all(
        self, users: list[str], wire: socket.socket, expires: int, times: int = 0, *, challenged: bool = False
    ) -> None:
        """Each user once, or `times` in all, one in flight for each; `challenged`: with a new nonce each."""
        waiting = deque(users[n % len(users)] for n in range(times or len(users)))
        open_: dict[str, str] = {}  # users by Call-ID
        while waiting or open_:
            while waiting and len(open_) < len(users):
                user = waiting.popleft()
                if challenged:
                    self._nonces.pop(user, None)
                open_[self._register(user, wire, expires)] = user
            if not select.select([wire], [], [], 5)[0]:
                raise SystemExit(f"no answer to REGISTERs of {sorted(open_.values())}")
            text = wire.recv(65535).decode()
            message = _read(text)
            id = message["Call-ID"]
            user = open_.get(id, "")
            if user and message[""].startswith("SIP/2.0 200"):
                del open_[id]
                self._registered[user] = wire
            elif user and message["CSeq"] == "1 REGISTER":
                self._learn(user, text)
                self._register(user, wire, expires, id, 2)
            elif user:
                raise SystemExit(f"{user} could not register: {message['']}")

    def _register(self, user: str, wire: socket.socket, expires: int, id: str = "", cseq: int = 1) -> str:
        """Its Call-ID, a new one where none is given."""
        if not id:
            self._count += 1
            id = f"r{self._count}@{self._names[wire]}"
        address = f"<sip:{user}@{self._server[0]}>"
        headers = [
            f"Via: SIP/2.0/UDP {self._names[wire]};rport;branch=z9hG4bK{id.partition('@')[0]}x{cseq}",
            "Max-Forwards: 70",
            f"From: {address};tag=r",
            f"To: {address}",
            f"Call-ID: {id}",
            f"CSeq: {cseq} REGISTER",
            f"Contact: <sip:{user}@{self._names[wire]}>",
            f"Expires: {expires}",
            *self._proof(user, "REGISTER", self._home),
        ]
        wire.sendto(_message(f"REGISTER {self._home} SIP/2.0", headers), self._server)
        return id

    # ---- digest

    def _proof(self, user: str, method: str, uri: str) -> list[str]:
        """The header that proves who we are, if we have a nonce to do it with."""
        if user not in self._nonces:
            return []
        nonce, count = self._nonces[user]
        self._nonces[user] = nonce, count + 1
        secret, request = _md5(f"{user}:offhook:{self._job.password}"), _md5(f"{method}:{uri}")
        nc = f"{count + 1:08x}"
        response = _md5(f"{secret}:{nonce}:{nc}:c0ffee:auth:{request}")
        return [
            f'Authorization: Digest username="{user}",realm="offhook",nonce="{nonce}",uri="{uri}",'
            f'response="{response}",algorithm=MD5,cnonce="c0ffee",qop=auth,nc={nc}'
        ]

    def _learn(self, user: str, text: str) -> None:
        for challenge in re.findall(r"WWW-Authenticate: (.*?)\r\n", text):
            if "algorithm=MD5" in challenge:
                self._nonces[user] = re.findall(r'nonce="([^"]+)"', challenge)[0], 0

    # ---- the loop

    def _work(self, deadline: float, is_open: Callable[[], bool]) -> None:
        """Answer, hang up and hear until nothing is open any more."""
        while is_open() and (now := time.monotonic()) < deadline:
            while self._answers and self._answers[0][0] <= now:
                _, data, target = self._answers.popleft()
                self._called.sendto(data, target)
            while self._byes and self._byes[0][0] <= now:
                self._bye(self._byes.popleft()[1])
            ready, _, _ = select.select([self._caller, self._called], [], [], 0.002)
            for wire in ready:
                self._hear(wire)

    def _hear(self, wire: socket.socket) -> None:
        for _ in range(AT_ONCE):
            try:
                data, source = wire.recvfrom(65535)
            except BlockingIOError:
                return
            if wire is self._caller:
                self._caller_hears(data.decode())
            else:
                self._called_hears(data.decode(), source)


def _message(first: str, headers: list[str], sdp: str = "") -> bytes:
    kind = ["Content-Type: application/sdp"] if sdp else []
    head = "\r\n".join([first, *headers, *kind, f"Content-Length: {len(sdp)}"])
    return f"{head}\r\n\r\n{sdp}".encode()


def _sdp(port: int, rest: str) -> str:
    session = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    return f"{session}m=audio {port} {rest}"


def _read(text: str) -> Message:
    first, *lines = text.partition("\r\n\r\n")[0].split("\r\n")
    message = {"": first}
    for line in lines:
        name, _, value = line.partition(": ")
        message[name] = value
    return message


def _inside(address: str) -> str:
    """What stands between < and >."""
    return address.partition("<")[2].partition(">")[0]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _socket(port: int) -> socket.socket:
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    wire.bind(("127.0.0.1", port))
    wire.setblocking(False)
    return wire


def _name(wire: socket.socket) -> str:
    host, port = wire.getsockname()
    return f"{host}:{port}"


def main() -> None:
    load = Load(Job(**json.loads(sys.argv[1])))
    load.prepare()
    print(json.dumps({"ready": load.port}), flush=True)
    if sys.stdin.readline():
        print(json.dumps(load.run()), flush=True)
        sys.stdin.readline()
    load.end()


if __name__ == "__main__":
    main()
