"""What a phone's leg writes into SIP headers, and what it reads out of bodies that are not SDP."""

from functools import cache, lru_cache

from offhook.calls.cause import Cause, from_sip
from offhook.calls.leg import Party
from offhook.sip.headers import NameAddr, split_list
from offhook.sip.message import Request
from offhook.sip.uri import Uri

_KEYS = frozenset("0123456789*#ABCD")
_NUMBERED_KEYS = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}


@lru_cache(maxsize=4096)
def address_of(party: Party, host: str) -> bytes:
    """Who is at the other end, as a From or To names it to a phone. `host` may carry a port."""
    name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "")
    uri = Uri("sip", party.number or "anonymous", name.strip("[]"), int(port) if port else None)
    display = "".join([letter if letter.isprintable() else " " for letter in party.name])
    return bytes(NameAddr(display, bytes(uri)))


@cache
def reason(cause: Cause) -> bytes:
    """Why we end a line, RFC 3326: phones show a missed call or not by it."""
    if cause is Cause.ANSWERED_ELSEWHERE:
        return b'Reason: SIP;cause=200;text="Call completed elsewhere"\r\nReason: Q.850;cause=26\r\n'
    text = cause.sentence.encode()
    sip = b'Reason: SIP;cause=%d;text="%b"\r\n' % (cause.sip, text) if cause.sip >= 300 else b""
    return sip + b'Reason: Q.850;cause=%d;text="%b"\r\n' % (cause.q850, text)


def identity(party: Party, host: str) -> bytes:
    """Whom they talk to, as displays show it: RFC 3325, RFC 5876."""
    return b"P-Asserted-Identity: %b\r\n" % address_of(party, host)


def obeys(allow_events: bytes) -> bool:
    """Whether a phone can be told to answer and to hold, by the NOTIFYs that BroadWorks made a custom."""
    return b"talk" in split_list(allow_events.lower())


def auto_answer(host: str) -> bytes:
    """The two ways in which desk phones are asked to pick up by themselves."""
    where = host.encode()
    return (
        b"Call-Info: <sip:%b>;answer-after=0\r\nAlert-Info: <http://%b>;info=alert-autoanswer;delay=0\r\n"
        % (where, where)
    )


def digit_in(request: Request) -> str | None:
    """The key an INFO tells of; "" if it tells of none, None if this is not about keys at all."""
    kind = (request.get(b"content-type") or b"").partition(b";")[0].strip().lower()
    text = request.body.decode("ascii", "replace")
    if kind == b"application/dtmf-relay":
        for line in text.splitlines():
            name, _, value = line.partition("=")
            if name.strip().lower() == "signal":
                return _key(value)
        return ""
    if kind == b"application/dtmf":
        return _key(text)
    return None if kind else ""


def refusal(status: int) -> Cause:
    """What a final answer of a phone that rang means for the call."""
    if 300 <= status < 400:
        return Cause.NO_ANSWER  # it has sent the call on; whoever follows decides
    if status in (401, 407):
        return Cause.FORBIDDEN
    if status == 503:
        return Cause.UNREACHABLE  # its connection is gone; it is not us who are busy
    return from_sip(status)


def _key(text: str) -> str:
    text = text.strip().upper()
    text = _NUMBERED_KEYS.get(text, text)
    return text if text in _KEYS else ""
