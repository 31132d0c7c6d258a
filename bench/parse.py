"""CPU microseconds to read a SIP message, beside `sipmessage` reading the same in the same run.

    python -m bench.parse

"core" is parsing and the fields a server touches on every message; "checked" adds `validate`;
"answered" is core and the lines that every response repeats. The ratio is what to compare between
machines.
"""

import time
from collections.abc import Callable

import sipmessage

from offhook.sip.auth import Algorithm, Answerer, Challenger, ha1
from offhook.sip.flow import Flow
from offhook.sip.message import Request, parse, response_head, validate

FLOW = Flow("udp", "192.0.2.31", 5062, "192.0.2.10", 5060)
ROUNDS, REPEATS = 5_000, 7

_COMMON = """
Via: SIP/2.0/UDP 192.0.2.31:5062;branch=z9hG4bK1947362813;rport
From: "Anna Berg" <sip:anna-desk@pbx.example>;tag=1532627743
To: <sip:102@pbx.example>{to}
Call-ID: 0_1563284193@192.0.2.31
CSeq: 2 {method}
"""
_PHONE = """
Contact: <sip:anna-desk@192.0.2.31:5062>
Allow: INVITE, INFO, PRACK, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REGISTER, SUBSCRIBE, REFER, UPDATE, MESSAGE
Max-Forwards: 70
User-Agent: Yealink SIP-T46S 66.85.0.5
"""
_SDP = """
v=0
o=- 20010 20010 IN IP4 192.0.2.31
s=SDP data
c=IN IP4 192.0.2.31
t=0 0
m=audio 11784 RTP/AVP 9 0 8 101
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=sendrecv
"""


def _wire(line: str, method: str, more: str, to: str = "", body: str = "") -> bytes:
    text = body.strip("\n") + "\n" if body else ""
    size = len(text.replace("\n", "\r\n"))
    head = line + _COMMON.format(method=method, to=to) + more.strip("\n") + f"\nContent-Length: {size}\n\n"
    return (head + text).replace("\n", "\r\n").encode()


MESSAGES = {
    "REGISTER": _wire("REGISTER sip:pbx.example SIP/2.0", "REGISTER", _PHONE + "Expires: 3600\n"),
    "INVITE": _wire(
        "INVITE sip:102@pbx.example SIP/2.0",
        "INVITE",
        _PHONE + "Supported: replaces, timer\nSession-Expires: 1800\nContent-Type: application/sdp\n",
        body=_SDP,
    ),
    "200": _wire(
        "SIP/2.0 200 OK",
        "INVITE",
        "Contact: <sip:ben-desk@192.0.2.44:5060>\nServer: Snom D785\nContent-Type: application/sdp\n",
        to=";tag=3928471",
        body=_SDP,
    ),
    "BYE": _wire("BYE sip:192.0.2.10 SIP/2.0", "BYE", "Max-Forwards: 70\nUser-Agent: Phone\n", to=";tag=1"),
}


def core(data: bytes) -> None:
    message = parse(data)
    _ = message.branch, message.call_id, message.from_tag, message.to_tag, message.cseq, message.cseq_method
    get = message.get
    _ = get(b"contact"), get(b"max-forwards"), get(b"content-type"), get(b"require"), message.body


def checked(data: bytes) -> None:
    message = parse(data)
    validate(message)
    _ = message.branch, message.call_id, message.from_tag, message.to_tag, message.cseq, message.cseq_method
    _ = message.get(b"contact"), message.body


def answered(data: bytes) -> None:
    message = parse(data)
    _ = message.branch, message.call_id, message.from_tag, message.cseq_method
    if isinstance(message, Request):
        response_head(message, FLOW)


def reference(data: bytes) -> None:
    message = sipmessage.Message.parse(data)
    _ = message.via, message.from_address, message.to_address, message.call_id, message.cseq
    _ = message.contact, message.body


def cost(work: Callable[[bytes], None], data: bytes, rounds: int = ROUNDS) -> float:
    best = float("inf")
    for _ in range(REPEATS):
        begun = time.process_time()
        for _ in range(rounds):
            work(data)
        best = min(best, time.process_time() - begun)
    return best / rounds * 1e6


def digest_cost() -> float:
    """One verify with MD5, each with a nonce of its own as phones have it at their first request."""
    challenger, answerer, uri = Challenger("pbx", b"secret"), Answerer(), b"sip:102@pbx.example"
    stored: dict[Algorithm, str] = {"MD5": ha1("anna-desk", "pbx", "word", "MD5")}
    headers = []
    for _ in range(ROUNDS):
        challenge = challenger.challenge("192.0.2.31", 1.0).split(b"\r\n")[1].partition(b": ")[2]
        headers.append(answerer.answer(challenge, "INVITE", uri, "anna-desk", "word"))

    def look_up(_user: str, algorithm: Algorithm) -> str:
        return stored[algorithm]

    begun = time.process_time()
    for header in headers:
        challenger.verify(header, "INVITE", uri, "192.0.2.31", look_up, 2.0)
    return (time.process_time() - begun) / ROUNDS * 1e6


def main() -> None:
    print(f"{'CPU-µs':10}{'core':>8}{'checked':>10}{'answered':>10}{'sipmessage':>12}{'ratio':>8}")
    for name, data in MESSAGES.items():
        ours = [cost(work, data) for work in (core, checked, answered)]
        theirs = cost(reference, data, ROUNDS // 10)
        print(f"{name:10}{ours[0]:8.1f}{ours[1]:10.1f}{ours[2]:10.1f}{theirs:12.1f}{theirs / ours[0]:7.1f}x")
    print(f"digest, one verify: {digest_cost():.1f}")


if __name__ == "__main__":
    main()
