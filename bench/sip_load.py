"""A load of plain calls for benchmarks: it calls through a server and answers itself.

    python -m bench.sip_load '{"server": ["127.0.0.1", 5060], ...}'

One process with a UDP socket for each side, messages from templates, so that it is the server
which is measured. Call: INVITE with SDP, (401, again with digest,) 180, 200 after 20 ms, ACK,
BYE after `hold` seconds, 200. Prints what became of the calls as JSON.
"""

import hashlib
import json
import re
import select
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass

ANSWER_AFTER = 0.02


@dataclass
class Job:
    """What to do. `users` are (sip user, number of whom to call); `digest`: reuse, each or none."""

    server: tuple[str, int]
    callers: list[str]
    numbers: list[str]
    called: list[str]  # sip users that are registered at our answering socket first
    password: str
    calls: int
    rate: float
    hold: float = 0.2
    digest: str = "each"
    registers: int = 0  # instead of calls: so many REGISTERs, each challenged
    standing: int = 0  # calls that are set up first and stay until the end
    answer_at: int = 0  # the port of the answering socket; 0: any


class Load:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.server = tuple(job.server)
        self.uac, self.uas = _socket(0), _socket(job.answer_at)
        self.here, self.there = _name(self.uac), _name(self.uas)
        self.nonces: dict[str, tuple[str, int]] = {}
        self.calls: dict[str, dict[str, str]] = {}
        self.done = self.failed = self.begun = 0
        self.later: deque[tuple[float, bytes, tuple[str, int]]] = deque()
        self.byes: deque[tuple[float, str]] = deque()
        self.setup: list[float] = []

    # ---- digest

    def proof(self, user: str, method: str, uri: str) -> str:
        if user not in self.nonces:
            return ""
        nonce, count = self.nonces[user]
        self.nonces[user] = nonce, count + 1
        ha1, ha2 = _md5(f"{user}:offhook:{self.job.password}"), _md5(f"{method}:{uri}")
        nc = f"{count + 1:08x}"
        response = _md5(f"{ha1}:{nonce}:{nc}:c0ffee:auth:{ha2}")
        return (
            f'Authorization: Digest username="{user}",realm="offhook",nonce="{nonce}",uri="{uri}",'
            f'response="{response}",algorithm=MD5,cnonce="c0ffee",qop=auth,nc={nc}\r\n'
        )

    def learn(self, user: str, text: str) -> None:
        for challenge in re.findall(r"WWW-Authenticate: (.*?)\r\n", text):
            if "algorithm=MD5" in challenge:
                self.nonces[user] = re.findall(r'nonce="([^"]+)"', challenge)[0], 0

    # ---- registering, in small steps and before anything is measured

    def register(self, user: str, wire: socket.socket, number: int) -> None:
        name = _name(wire)
        uri = f"sip:{self.server[0]}:{self.server[1]}"
        for attempt in (1, 2):
            wire.sendto(
                (
                    f"REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {name};rport;branch=z9hG4bKr{number}x{attempt}{user}\r\n"
                    f"Max-Forwards: 70\r\nFrom: <sip:{user}@{self.server[0]}>;tag={number}\r\nTo: <sip:{user}@{self.server[0]}>\r\n"
                    f"Call-ID: reg-{user}-{number}@{name}\r\nCSeq: {attempt} REGISTER\r\nContact: <sip:{user}@{name}>\r\n"
                    f"Expires: 3600\r\n{self.proof(user, 'REGISTER', uri)}Content-Length: 0\r\n\r\n"
                ).encode(),
                self.server,
            )
            while True:
                ready, _, _ = select.select([wire], [], [], 5)
                if not ready:
                    raise SystemExit(f"no answer to the REGISTER of {user}")
                text = wire.recv(65535).decode()
                if f"reg-{user}-{number}@" in text and "REGISTER" in text:
                    break
            if text.startswith("SIP/2.0 200"):
                return
            self.learn(user, text)
        raise SystemExit(f"{user} could not register: {text.splitlines()[0]}")

    # ---- calls

    def invite(self, n: int) -> None:
        job = self.job
        user, number = job.callers[n % len(job.callers)], job.numbers[n % len(job.numbers)]
        id = f"c{n}"
        call = {
            "user": user,
            "uri": f"sip:{number}@{self.server[0]}:{self.server[1]}",
            "n": str(n),
            "cseq": "1",
        }
        call["at"] = str(time.monotonic())
        self.calls[id] = call
        self.begun += 1
        if job.digest == "each":
            self.nonces.pop(user, None)
        self.send_invite(id, call)

    def send_invite(self, id: str, call: dict[str, str]) -> None:
        user, uri, cseq = call["user"], call["uri"], call["cseq"]
        sdp = (
            f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {20000 + int(call['n']) % 10000 * 2} RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\n"
        )
        proof = self.proof(user, "INVITE", uri) if self.job.digest != "none" else ""
        self.uac.sendto(
            (
                f"INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {self.here};rport;branch=z9hG4bK{id}i{cseq}\r\nMax-Forwards: 70\r\n"
                f"From: <sip:{user}@{self.server[0]}>;tag=t{id}\r\nTo: <{uri}>\r\nCall-ID: {id}@{self.here}\r\nCSeq: {cseq} INVITE\r\n"
                f"Contact: <sip:{user}@{self.here}>\r\n{proof}Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n{sdp}"
            ).encode(),
            self.server,
        )

    def in_dialog(self, method: str, id: str, call: dict[str, str], cseq: str, branch: str) -> bytes:
        return (
            f"{method} {call['target']} SIP/2.0\r\nVia: SIP/2.0/UDP {self.here};rport;branch=z9hG4bK{id}{branch}\r\nMax-Forwards: 70\r\n"
            f"{call['route']}From: <sip:{call['user']}@{self.server[0]}>;tag=t{id}\r\nTo: {call['to']}\r\nCall-ID: {id}@{self.here}\r\n"
            f"CSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
        ).encode()

    def caller_hears(self, text: str) -> None:
        status = text[8:11]
        id = re.search(r"Call-ID: ([^@\r]+)@", text).group(1)  # type: ignore[union-attr]  # our own Call-ID
        call = self.calls.get(id)
        if call is None or status[0] == "1":
            return
        method = re.search(r"CSeq: \d+ (\w+)", text).group(1)  # type: ignore[union-attr]  # always there
        if method == "BYE":
            self.done += 1
            del self.calls[id]
        elif status == "200":
            call["to"] = re.search(r"\r\nTo: ([^\r]+)", text).group(1)  # type: ignore[union-attr]
            call["target"] = re.search(r"Contact: <([^>]+)>", text).group(1)  # type: ignore[union-attr]
            routes = re.findall(r"Record-Route: ([^\r]+)", text)
            call["route"] = "".join(f"Route: {route}\r\n" for route in reversed(routes))
            self.uac.sendto(self.in_dialog("ACK", id, call, call["cseq"], "a"), self.server)
            if "up" not in call:
                call["up"] = "1"
                self.setup.append(time.monotonic() - float(call["at"]))
                if int(call["n"]) >= self.job.standing:
                    self.byes.append((time.monotonic() + self.job.hold, id))
        else:
            to = re.search(r"\r\nTo: ([^\r]+)", text).group(1)  # type: ignore[union-attr]
            self.uac.sendto(
                (
                    f"ACK {call['uri']} SIP/2.0\r\nVia: SIP/2.0/UDP {self.here};rport;branch=z9hG4bK{id}i{call['cseq']}\r\n"
                    f"Max-Forwards: 70\r\nFrom: <sip:{call['user']}@{self.server[0]}>;tag=t{id}\r\nTo: {to}\r\n"
                    f"Call-ID: {id}@{self.here}\r\nCSeq: {call['cseq']} ACK\r\nContent-Length: 0\r\n\r\n"
                ).encode(),
                self.server,
            )
            if status == "401" and call["cseq"] == "1":
                self.learn(call["user"], text)
                call["cseq"] = "2"
                self.send_invite(id, call)
            else:
                self.failed += 1
                del self.calls[id]

    def called_hears(self, text: str, source: tuple[str, int]) -> None:
        method = text.split(" ", 1)[0]
        if method not in ("INVITE", "BYE", "OPTIONS"):
            return
        head = "".join(
            line + "\r\n"
            for line in text.split("\r\n\r\n", 1)[0].split("\r\n")
            if line.startswith(("Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:"))
        )
        to = re.search(r"\r\nTo: ([^\r]+)", text).group(1)  # type: ignore[union-attr]
        if method != "INVITE":
            self.uas.sendto(f"SIP/2.0 200 OK\r\n{head}To: {to}\r\nContent-Length: 0\r\n\r\n".encode(), source)
            return
        head += f"To: {to};tag=uas\r\nContact: <sip:uas@{self.there}>\r\n"
        self.uas.sendto(f"SIP/2.0 180 Ringing\r\n{head}Content-Length: 0\r\n\r\n".encode(), source)
        sdp = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 39998 RTP/AVP 8 101\r\n"
            "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        )
        answer = (
            f"SIP/2.0 200 OK\r\n{head}Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n{sdp}"
        ).encode()
        self.later.append((time.monotonic() + ANSWER_AFTER, answer, source))

    # ---- the run

    def run(self) -> dict[str, float]:
        job = self.job
        if job.registers:
            begun = time.monotonic()
            for n in range(job.registers):
                user = job.called[n % len(job.called)]
                self.nonces.pop(user, None)
                self.register(user, self.uas, n + 1000)
            return {"registers": job.registers, "seconds": time.monotonic() - begun}
        start = time.monotonic()
        deadline = start + job.calls / job.rate + job.hold + 10
        while time.monotonic() < deadline and (self.begun < job.calls or len(self.calls) > job.standing):
            now = time.monotonic()
            due = min(job.calls, int((now - start) * job.rate) + 1)
            while self.begun < due:
                self.invite(self.begun)
            while self.later and self.later[0][0] <= now:
                _, data, target = self.later.popleft()
                self.uas.sendto(data, target)
            while self.byes and self.byes[0][0] <= now:
                _, id = self.byes.popleft()
                call = self.calls[id]
                self.uac.sendto(self.in_dialog("BYE", id, call, str(int(call["cseq"]) + 1), "b"), self.server)
            ready, _, _ = select.select([self.uac, self.uas], [], [], 0.002)
            for wire in ready:
                for _ in range(64):
                    try:
                        data, source = wire.recvfrom(65535)
                    except BlockingIOError:
                        break
                    if wire is self.uac:
                        self.caller_hears(data.decode())
                    else:
                        self.called_hears(data.decode(), source)
        ordered = sorted(self.setup) or [0.0]
        return {
            "done": self.done,
            "failed": self.failed,
            "standing": sum("up" in call for call in self.calls.values()),
            "stuck": len(self.calls) - job.standing,
            "setup_p50_ms": ordered[len(ordered) // 2] * 1000,
            "setup_p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
        }


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
    job = Job(**json.loads(sys.argv[1]))
    load = Load(job)
    for n, user in enumerate(job.called):
        load.register(user, load.uas, n)
    if job.digest == "reuse":
        for n, user in enumerate(job.callers):
            load.register(user, load.uac, n)
    print(json.dumps({"ready": load.uas.getsockname()[1]}), flush=True)
    if not sys.stdin.readline():
        return
    print(json.dumps(load.run()), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
