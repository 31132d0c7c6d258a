"""Requests as phones send them, for tests that need no wire."""

from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Request, parse


def flow(
    host: str = "192.0.2.10", port: int = 5060, transport: Transport = "udp", connection: int = 0
) -> Flow:
    near = "2001:db8::1" if ":" in host else "192.0.2.1"
    return Flow(transport, host, port, near, 5060, connection)


def request(
    method: str,
    *headers: str,
    uri: str = "sip:pbx",
    sent_by: str = "192.0.2.10:5060",
    name: str = "anna-desk",
    call_id: str = "one",
    cseq: int = 1,
    body: str = "",
) -> Request:
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {sent_by};branch=z9hG4bK{call_id}{cseq}",
        f"From: <sip:{name}@pbx>;tag=1",
        f"To: <sip:{name}@pbx>",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
        *headers,
        f"Content-Length: {len(body)}",
        "",
        body,
    ]
    message = parse("\r\n".join(lines).encode())
    assert isinstance(message, Request)
    return message
