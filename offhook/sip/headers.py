"""What stands in header fields: lists, addresses, parameters, Via (RFC 3261 §7.3 and §25).

The cutting functions look at raw bytes and never raise: on nonsense they give what is there. The
classes check, and raise `Malformed`.
"""

import ipaddress
import re
from dataclasses import dataclass, field

from offhook.sip.flow import Flow
from offhook.sip.grammar import BARE_URI, DISPLAY, HOST, PARAMS, PORT, TOKEN
from offhook.sip.malformed import Malformed
from offhook.sip.uri import plain_host, reference

_ELEMENT = re.compile(rb'(?>(?:[^,"<]++|"(?>(?:[^"\\]|\\.)*)"?|<[^>]*+>?)+)', re.DOTALL)
_QUOTED_HEAD = re.compile(rb'[ \t]*+"(?>(?:[^"\\]|\\.)*)"?', re.DOTALL)
_PARAM = re.compile(
    rb';[ \t]*+([^\x00-\x20;=,"<>]*+)(?:[ \t]*+=[ \t]*+("(?>(?:[^"\\]|\\.)*)"?|[^;,"]*+))?', re.DOTALL
)
_ADDRESS = re.compile(
    rb"(?:(" + DISPLAY + rb")<[ \t]*+([^<>\x00-\x20]++)[ \t]*+>|(" + BARE_URI + rb"))(" + PARAMS + rb")\Z",
    re.DOTALL,
)
_VIA = re.compile(
    rb"(?i:SIP)[ \t]*+/[ \t]*+2\.0[ \t]*+/[ \t]*+(" + TOKEN + rb")[ \t]++"
    rb"(" + HOST + rb")(?:[ \t]*+:[ \t]*+(" + PORT + rb"))?(" + PARAMS + rb")\Z",
    re.DOTALL,
)
_RPORT = re.compile(rb";[ \t]*+rport(?![A-Za-z0-9.!%*_+`'~-])", re.IGNORECASE)
_OLD_VIEW = re.compile(
    rb";[ \t]*+(?:rport|received)(?![A-Za-z0-9.!%*_+`'~-])[ \t]*+(?:=[^;,]*+)?", re.IGNORECASE
)
_UNESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPE = re.compile(rb'(["\\])')
_PLAIN_VALUE = re.compile(rb"[A-Za-z0-9.!%*_+`'~:\[\]-]+\Z")

_FOREVER = 0xFFFFFFFF  # RFC 3261 §25: delta-seconds go no further


def split_list(value: bytes) -> list[bytes]:
    """The elements of a comma-separated value, stripped; commas in quotes and in <> do not count."""
    if b"," not in value:
        value = value.strip()
        return [value] if value else []
    nested = b'"' in value or b"<" in value
    elements = _ELEMENT.findall(value) if nested else value.split(b",")
    return [element for element in map(bytes.strip, elements) if element]


def uri_of(value: bytes) -> bytes:
    """The URI of a From, To, Contact, Route or Refer-To, as it was written."""
    start = _bracket(value)
    if start < 0:
        return value.partition(b";")[0].strip()
    return value[start + 1 : value.find(b">", start)].strip() if b">" in value[start:] else b""


def tag_of(value: bytes) -> bytes:
    """The tag of a From or To; b"" when it has none."""
    start = value.rfind(b">") + 1
    if value.find(b'"', start) < 0:
        at = value.find(b";tag=", start)
        if at >= 0:
            end = value.find(b";", at + 5)
            return value[at + 5 :].rstrip() if end < 0 else value[at + 5 : end].rstrip()
        if value.find(b";", start) < 0:
            return b""
    return param(value, b"tag") or b""


def param(value: bytes, name: bytes) -> bytes | None:
    """A parameter of the header field, unquoted; b"" for one without a value, None for none.

    Parameters inside the <> of an address belong to its URI and are not seen here.
    """
    for found, text in _PARAM.findall(value, _params_start(value)):
        if found.lower() == name:
            return _unquoted(text)
    return None


def params_of(value: bytes) -> dict[bytes, bytes]:
    """All parameters, names in lower case; of a repeated one the first."""
    params: dict[bytes, bytes] = {}
    for name, text in _PARAM.findall(value, _params_start(value)):
        if name:
            params.setdefault(name.lower(), _unquoted(text))
    return params


def seconds_of(value: bytes | None, default: int) -> int:
    """An interval as Expires, Min-SE or Retry-After give it; nonsense is the default (RFC 3261 §10.3)."""
    if value is None:
        return default
    digits = value.partition(b";")[0].partition(b"(")[0].strip()
    if not digits.isdigit():
        return default
    digits = digits.lstrip(b"0")
    return min(int(digits or b"0"), _FOREVER) if len(digits) <= 10 else _FOREVER


@dataclass(frozen=True, slots=True)
class NameAddr:
    """A name, a URI and parameters: From, To, Contact, Route."""

    display: str
    uri: bytes
    params: dict[bytes, bytes] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, value: bytes) -> "NameAddr":
        match = _ADDRESS.match(value.strip())
        if match is None:
            raise Malformed("Bad address", value)
        display, uri, bare, params = match.groups()
        name = _unquoted(display.strip()).decode("utf-8", "replace") if display else ""
        return cls(name, uri or bare, params_of(params) if params else {})

    def __bytes__(self) -> bytes:
        display = self.display.encode("utf-8", "replace")
        name = quoted(display) + b" " if display else b""
        return b"%s<%s>%s" % (name, self.uri, _written(self.params))


@dataclass(frozen=True, slots=True)
class Via:
    """One hop of the way back."""

    transport: str
    host: str
    port: int | None = None
    params: dict[bytes, bytes] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, value: bytes) -> "Via":
        match = _VIA.match(value.strip())
        if match is None:
            raise Malformed("Bad Via", value)
        transport, host, port, params = match.groups()
        return cls(
            transport.decode().upper(),
            plain_host(host),
            int(port) if port else None,
            params_of(params),
        )

    def __bytes__(self) -> bytes:
        host = reference(self.host)
        sent_by = host if self.port is None else f"{host}:{self.port}"
        return b"SIP/2.0/%s %s%s" % (self.transport.encode(), sent_by.encode(), _written(self.params))


def quoted(text: bytes) -> bytes:
    """A quoted-string; line ends cannot be quoted, so they become spaces."""
    return b'"%s"' % _ESCAPE.sub(rb"\\\1", text).replace(b"\r", b" ").replace(b"\n", b" ")


def seen_from(via: bytes, flow: Flow) -> bytes:
    """A Via with the address its request really came from."""
    start = via.find(b" ")
    end = via.find(b";", start)
    sent_by = via[start:] if end < 0 else via[start:end]
    rport = b";rport" in via
    received = b"received" in via
    if not rport and not received and _same_host(sent_by.strip(), flow.host):
        return via
    host = flow.host.encode()
    if rport and not received:
        before, _, after = via.partition(b";rport")
        if after[:1] in (b"", b";"):
            return b"%s;received=%s;rport=%d%s" % (before, host, flow.port, after)
    asked = _RPORT.search(via) is not None
    bare = _OLD_VIEW.sub(b"", via)
    if asked:
        return b"%s;received=%s;rport=%d" % (bare, host, flow.port)
    return bare if _same_host(sent_by.strip(), flow.host) else b"%s;received=%s" % (bare, host)


def _same_host(sent_by: bytes, host: str) -> bool:
    if sent_by[:1] != b"[":
        return sent_by.partition(b":")[0].rstrip() == host.encode()
    try:
        return ipaddress.ip_address(sent_by[1 : sent_by.find(b"]")].decode()) == ipaddress.ip_address(host)
    except ValueError:
        return False


def _bracket(value: bytes) -> int:
    """Where the < stands that opens the URI; -1 when it is written without."""
    start = value.find(b"<")
    if start < 0:
        return -1
    before = value[:start]
    if b'"' in before:
        name = _QUOTED_HEAD.match(value)
        return value.find(b"<", name.end()) if name else -1
    return -1 if b";" in before else start


def _params_start(value: bytes) -> int:
    start = _bracket(value)
    return 0 if start < 0 else value.find(b">", start) + 1


def _unquoted(text: bytes) -> bytes:
    if text[:1] != b'"':
        return text.rstrip()
    inner = text[1:-1] if len(text) > 1 and text[-1:] == b'"' else text[1:]
    return _UNESCAPE.sub(rb"\1", inner) if b"\\" in inner else inner


def _written(params: dict[bytes, bytes]) -> bytes:
    return b"".join(
        [
            b";%s=%s" % (name, value if _PLAIN_VALUE.match(value) else quoted(value))
            if value
            else b";" + name
            for name, value in params.items()
        ]
    )
