"""SIP messages: bytes all the way, cut only where somebody looks (RFC 3261 §7).

`parse` reads the start line and files the headers as they are, in one dictionary with lower-case long
names. After `parse` nothing raises but `validate`, which each new request and each response must pass
before it is believed:

    parse(data) -> Request | Response           raises Malformed
    validate(message) -> None                   raises Malformed
    response_head(request, flow) -> tuple[bytes, bytes]   what every response repeats, and the To value
    record_routes(message) -> list[bytes]
"""

import re
from collections.abc import Callable
from typing import Final

from offhook.sip.flow import Flow
from offhook.sip.grammar import (
    ADDRESS,
    ADDRESSES,
    CALL_ID,
    CSEQ,
    REQUEST_URI,
    ROUTES,
    STATUS_LINE,
    VERSION,
    VIAS,
    WORD,
)
from offhook.sip.headers import param, seen_from, split_list, tag_of
from offhook.sip.malformed import Malformed
from offhook.sip.names import METHODS, NAMES, SINGLE

__all__ = [
    "MAX_HEAD",
    "MAX_HEADERS",
    "MAX_MESSAGE",
    "Malformed",
    "Message",
    "Request",
    "Response",
    "parse",
    "record_routes",
    "response_head",
    "validate",
]

MAX_MESSAGE: Final = 65_536
MAX_HEAD: Final = 16_384
MAX_HEADERS: Final = 100

# What is wrong, where, and the status for it: an exception kept for later would hold its own frame.
_Fault = tuple[str, bytes, int]


class Message:
    """What requests and responses share: headers, body, and the fields every machine looks at."""

    __slots__ = ("_body", "_fault", "_repeated", "get")

    get: Callable[[bytes], bytes | None]
    """The value under a lower-case long name; repeated headers are joined with a comma."""

    def __init__(self, lines: list[bytes], body: bytes) -> None:
        self._body: bytes = body
        self._repeated: dict[bytes, list[bytes]] | None = None
        self._fault: _Fault | None = None
        self.get = self._file(lines).get

    def all(self, name: bytes) -> list[bytes]:
        """The values line by line, for headers whose commas do not separate (Authorization)."""
        value = self.get(name)
        if value is None:
            return []
        if self._repeated is not None and name in self._repeated:
            return self._repeated[name]
        return [value]

    @property
    def body(self) -> bytes:
        """As long as Content-Length says; octets after it do not belong to the message (§18.3)."""
        body = self._body
        if body:
            length = self.get(b"content-length")
            if length is not None and length.isdigit() and len(length) < 10:
                return body[: int(length)]
        return body

    @property
    def branch(self) -> bytes:
        """The branch of the topmost Via; for requests of RFC 2543 phones what stands in for it."""
        via = self.get(b"via")
        if via is None:
            return b""
        at = via.find(b";branch=")
        end = via.find(b";", at + 8)
        value = via[at + 8 :] if end < 0 else via[at + 8 : end]
        if at < 0 or b"," in via or b'"' in via:
            elements = split_list(via)
            value = param(elements[0], b"branch") or b"" if elements else b""
        else:
            value = value.rstrip()
        if len(value) > 7 and value.startswith(b"z9hG4bK"):
            return value
        return self._stand_in(value)

    @property
    def call_id(self) -> bytes:
        return self.get(b"call-id") or b""

    @property
    def from_tag(self) -> bytes:
        value = self.get(b"from")
        return tag_of(value) if value else b""

    @property
    def to_tag(self) -> bytes:
        value = self.get(b"to")
        return tag_of(value) if value else b""

    @property
    def cseq(self) -> int:
        """The sequence number; 0 when it is none or too great to be one."""
        value = self.get(b"cseq")
        if value:
            digits = value.split(None, 1)[0]
            if len(digits) <= 10 and digits.isdigit():
                return int(digits)
        return 0

    @property
    def cseq_method(self) -> str:
        value = self.get(b"cseq")
        if value:
            method = value.split()[-1]
            return METHODS.get(method) or method.decode("latin-1")
        return ""

    def _stand_in(self, branch: bytes) -> bytes:
        return branch

    def _file(self, lines: list[bytes]) -> dict[bytes, bytes]:
        headers: dict[bytes, bytes] = {}
        known = NAMES.get
        key: bytes | None = None
        for line in lines:
            name, colon, value = line.partition(b":")
            found = known(name)
            if found is None:
                if line[:1] in (b" ", b"\t"):
                    self._unfold(headers, key, line)
                    continue
                found = self._rare_name(name, colon)
            key = found
            if key is None:
                self._blame("Bad header line", line)
            elif key not in headers:
                headers[key] = value.strip()
            elif key in SINGLE:
                self._blame("Header field given twice", line)
                key = None
            else:
                self._repeat(headers, key, value.strip())
        return headers

    def _unfold(self, headers: dict[bytes, bytes], key: bytes | None, line: bytes) -> None:
        if key is None:
            self._blame("Continuation of nothing", line)
            return
        more = line.strip()
        headers[key] = b"%s %s" % (headers[key], more) if headers[key] else more
        if self._repeated is not None and key in self._repeated:
            values = self._repeated[key]
            values[-1] = b"%s %s" % (values[-1], more) if values[-1] else more

    def _rare_name(self, name: bytes, colon: bytes) -> bytes | None:
        name = name.rstrip(b" \t")
        if not colon or WORD.match(name) is None:
            return None
        name = name.lower()
        return NAMES.get(name, name)

    def _repeat(self, headers: dict[bytes, bytes], key: bytes, value: bytes) -> None:
        if self._repeated is None:
            self._repeated = {}
        self._repeated.setdefault(key, [headers[key]]).append(value)
        headers[key] = b"%s, %s" % (headers[key], value)

    def _blame(self, reason: str, line: bytes) -> None:
        if self._fault is None:
            self._fault = (reason, line, 400)


class Request(Message):
    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: bytes, lines: list[bytes], body: bytes) -> None:
        super().__init__(lines, body)
        self.method: str = method
        self.uri: bytes = uri

    def __repr__(self) -> str:
        return f"<{self.method} {self.uri!r}>"

    def _stand_in(self, branch: bytes) -> bytes:
        """What an INVITE, its copies, its CANCEL and its ACK share and no other has (§17.2.3)."""
        top = split_list(self.get(b"via") or b"")[:1]
        return b"|".join([b"%d" % self.cseq, self.from_tag, self.call_id, self.uri, *top])


class Response(Message):
    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: bytes, lines: list[bytes], body: bytes) -> None:
        super().__init__(lines, body)
        self.status: int = status
        self.reason: bytes = reason

    def __repr__(self) -> str:
        return f"<{self.status} {self.reason!r}>"


def parse(data: bytes) -> Request | Response:
    """One whole message; CRLFs before it are skipped, octets behind its body ignored."""
    end = data.find(b"\r\n\r\n")
    lines = data[:end].split(b"\r\n")
    joined = b"".join(lines)
    if not 0 < end <= MAX_HEAD or len(lines) > MAX_HEADERS or len(data) > MAX_MESSAGE:
        return _parse_odd(data)
    if b"\n" in joined or b"\r" in joined or not lines[0]:
        return _parse_odd(data)
    return _begin(lines, data[end + 4 :])


def validate(message: Message) -> None:
    """What RFC 3261 demands of every message, whatever it is for.

    Not demanded, for the sake of RFC 2543 phones: From tags, branches, Max-Forwards, Contact. Not
    looked at, because nothing here depends on them: Date, Subject, Expires and the like.
    """
    try:
        _validate(message)
    except Malformed as fault:
        fault.message = message
        raise


def response_head(request: Request, flow: Flow) -> tuple[bytes, bytes]:
    """The lines every response repeats, Via to Timestamp, each ended by CRLF; and the To value.

    The topmost Via gets `received` and `rport` (RFC 3261 §18.2.1, RFC 3581 §4). The tag is for the
    caller to add, and Record-Route belongs only to responses that make a dialog.
    """
    get = request.get
    via = get(b"via") or b""
    if b"," in via:
        vias = [one for line in request.all(b"via") for one in split_list(line)]
        vias[:1] = [seen_from(one, flow) for one in vias[:1]]
        lines = b"".join([b"Via: %s\r\n" % one for one in vias])
    else:
        lines = b"Via: %s\r\n" % seen_from(via, flow) if via else b""
    head = b"%sFrom: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n" % (
        lines,
        get(b"from") or b"",
        get(b"call-id") or b"",
        get(b"cseq") or b"",
    )
    timestamp = get(b"timestamp")
    if timestamp is not None:
        head = b"%sTimestamp: %s\r\n" % (head, timestamp)
    return head, get(b"to") or b""


def record_routes(message: Message) -> list[bytes]:
    """The Record-Route addresses from top to bottom, parameters and all."""
    value = message.get(b"record-route")
    return split_list(value) if value else []


def _begin(lines: list[bytes], body: bytes) -> Request | Response:
    first = lines[0]
    del lines[0]
    words = first.split(b" ")
    if words[0][:4].upper() == b"SIP/":
        return _begin_response(first, lines, body)
    if len(words) == 3 and words[2].upper() == b"SIP/2.0":
        method = words[0]
        return Request(METHODS.get(method) or method.decode("latin-1"), words[1], lines, body)
    uri = words[1] if len(words) > 1 else b""
    request = Request(words[0].decode("latin-1"), uri, lines, body)
    if len(words) == 3 and VERSION.match(words[2]):
        raise Malformed("Version Not Supported", first, status=505, message=request)
    raise Malformed("Bad request line", first, message=request)


def _begin_response(first: bytes, lines: list[bytes], body: bytes) -> Response:
    match = STATUS_LINE.match(first)
    if match is None:
        raise Malformed("Bad status line", first)
    return Response(int(match[1]), match[2] or b"", lines, body)


def _parse_odd(data: bytes) -> Request | Response:
    """Too big, line ends of another kind, CRLFs in front: all that the fast way does not take."""
    text = data.lstrip(b"\r\n")
    if not text:
        raise Malformed("Nothing there", data)
    end = _HEAD_END.search(text, 0, MAX_HEAD + 4)
    fault: _Fault | None = None
    if len(text) > MAX_MESSAGE:
        fault = ("Message too big", text, 413)
    elif end is None:
        fault = ("Headers without end", text, 413 if len(text) > MAX_HEAD else 400)
    lines = _LINE_END.split(text[: end.start() if end else MAX_HEAD], MAX_HEADERS + 1)
    if len(lines) > MAX_HEADERS + 1:
        fault = fault or ("Too many headers", lines.pop(), 413)
    for i, line in enumerate(lines):
        if b"\r" in line or b"\n" in line:
            fault = fault or ("Stray line end", line, 400)
            lines[i] = line.replace(b"\r", b" ").replace(b"\n", b" ")
    try:
        message = _begin(lines, text[end.end() :] if end else b"")
    except Malformed as worse:
        if fault is None:
            raise
        raise _malformed(fault, worse.message) from None
    if fault is not None:
        raise _malformed(fault, message)
    return message


def _malformed(fault: _Fault, message: Message | None) -> Malformed:
    reason, text, status = fault
    return Malformed(reason, text, status=status, message=message)


def _validate(message: Message) -> None:
    get = message.get
    via, sender, to = get(b"via"), get(b"from"), get(b"to")
    call_id, cseq = get(b"call-id"), get(b"cseq")
    if message._fault is not None:
        raise _malformed(message._fault, message)
    if via is None or sender is None or to is None or call_id is None or cseq is None:
        missing = [name for name in _REQUIRED if get(name) is None]
        raise Malformed(f"Missing {missing[0].decode()}", b", ".join(missing))
    if VIAS.match(via) is None:
        raise Malformed("Bad Via", via)
    if ADDRESS.match(sender) is None:
        raise Malformed("Bad From", sender)
    if ADDRESS.match(to) is None:
        raise Malformed("Bad To", to)
    if CALL_ID.match(call_id) is None:
        raise Malformed("Bad Call-ID", call_id)
    sequence = CSEQ.match(cseq)
    if sequence is None or int(sequence[1]) >= 1 << 31:
        raise Malformed("Bad CSeq", cseq)
    if isinstance(message, Request):
        _validate_request(message, sequence[2])
    contact = get(b"contact")
    if contact is not None and contact != b"*" and ADDRESSES.match(contact) is None:
        raise Malformed("Bad Contact", contact)
    for name in (b"record-route", b"route"):
        route = get(name)
        if route is not None and ROUTES.match(route) is None:
            raise Malformed("Bad route", route)
    length = get(b"content-length")
    if length is not None:
        if not length.isdigit():
            raise Malformed("Bad Content-Length", length)
        length = length.lstrip(b"0")
        if len(length) > 9 or int(length or b"0") > len(message._body):
            raise Malformed("Body shorter than Content-Length", length)


def _validate_request(request: Request, cseq_method: bytes) -> None:
    method = request.method
    if cseq_method != method.encode("latin-1"):
        raise Malformed("CSeq of another method", cseq_method)
    if REQUEST_URI.match(request.uri) is None:
        raise Malformed("Bad Request-URI", request.uri)
    hops = request.get(b"max-forwards")
    if hops is not None and (not hops.isdigit() or len(hops) > 9 or int(hops) > 255):
        raise Malformed("Bad Max-Forwards", hops)


_REQUIRED: Final = (b"via", b"from", b"to", b"call-id", b"cseq")

_LINE_END = re.compile(rb"\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
