"""URIs of SIP and of telephones: RFC 3261 §19.1, RFC 3966, IPv6 references of RFC 3986.

A `Uri` holds words as people write them: escapes of the user part are undone, IPv6 hosts have no
brackets, hosts and parameter names are lower case. `bytes(uri)` puts all of it back.
"""

import re
from dataclasses import dataclass, field

from offhook.sip.grammar import HOST, PASSWORD, PORT, URI_HEADERS, URI_PARAMS, USER
from offhook.sip.malformed import Malformed

_SIP = re.compile(
    rb"(?P<scheme>(?i:sips?)):(?:(?P<user>" + USER + rb")(?::(?P<password>" + PASSWORD + rb"))?@)?"
    rb"(?P<host>" + HOST + rb")(?::(?P<port>" + PORT + rb"))?(?P<params>" + URI_PARAMS + rb")"
    rb"(?:\?(?P<headers>" + URI_HEADERS + rb"))?\Z"
)
_TEL = re.compile(rb"(?i:tel):(?P<user>[0-9A-Fa-f*#().+-]++)(?P<params>" + URI_PARAMS + rb")\Z")
_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*+:")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_TO_ESCAPE = re.compile(rb"[^A-Za-z0-9_.!~*'()&=+$,;?/-]")

_DEFAULT_PORTS = {"sip": 5060, "sips": 5061}


@dataclass(frozen=True, slots=True)
class Uri:
    """A sip, sips or tel URI; a tel URI has its number as `user` and no host."""

    scheme: str
    user: str
    host: str
    port: int | None = None
    params: dict[bytes, bytes] = field(default_factory=dict, hash=False)
    headers: dict[bytes, bytes] = field(default_factory=dict, hash=False)
    password: str = ""

    @classmethod
    def parse(cls, text: bytes) -> "Uri":
        match = _SIP.match(text)
        if match is None:
            return _parse_tel(cls, text)
        scheme, user, password, host, port, params, headers = match.groups()
        return cls(
            scheme.decode().lower(),
            _unescaped(user) if user else "",
            plain_host(host),
            int(port) if port else None,
            _pairs(params, b";") if params else {},
            _pairs(headers, b"&") if headers else {},
            _unescaped(password) if password else "",
        )

    def __bytes__(self) -> bytes:
        if self.scheme == "tel":
            parts = [b"tel:", self.user.encode()]
        else:
            parts = [self.scheme.encode(), b":", _escaped(self.user)]
            if self.password:
                parts += (
                    b":",
                    _escaped(self.password).replace(b";", b"%3B").replace(b"?", b"%3F").replace(b"/", b"%2F"),
                )
            if self.user:
                parts.append(b"@")
            parts.append(reference(self.host).encode())
            if self.port is not None:
                parts.append(b":%d" % self.port)
        for name, value in self.params.items():
            parts.append(b";%s=%s" % (name, value) if value else b";" + name)
        if self.headers:
            parts += (b"?", b"&".join([b"%s=%s" % pair for pair in self.headers.items()]))
        return b"".join(parts)

    @property
    def hostport(self) -> str:
        """As it stands in a URI or a Via: IPv6 in brackets, the port only if there is one."""
        host = reference(self.host)
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def effective_port(self) -> int:
        """Where to send when DNS has no say."""
        return self.port if self.port is not None else _DEFAULT_PORTS.get(self.scheme, 5060)

    def same_as(self, other: "Uri") -> bool:
        """Equal in the sense of RFC 3261 §19.1.4: what decides whether a Contact is a binding we have."""
        if (self.scheme, self.user, self.password, self.host, self.port) != (
            other.scheme,
            other.user,
            other.password,
            other.host,
            other.port,
        ):
            return False
        ours, theirs = _comparable(self.params), _comparable(other.params)
        if any(theirs.get(name, value) != value for name, value in ours.items()):
            return False
        if any((name in ours) != (name in theirs) for name in _NEVER_IMPLIED):
            return False
        return _comparable(self.headers) == _comparable(other.headers)


_NEVER_IMPLIED = (b"user", b"ttl", b"method", b"maddr", b"transport")


def reference(host: str) -> str:
    """A host as URIs and Vias write it: an IPv6 address gets its brackets."""
    return f"[{host}]" if ":" in host else host


def plain_host(host: bytes) -> str:
    """Without brackets, and without the third colon RFC 3261's grammar lets in (RFC 5118 §4.10)."""
    return host.strip(b"[]").decode().lower().replace(":::", "::")


def _parse_tel(cls: type[Uri], text: bytes) -> Uri:
    match = _TEL.match(text)
    if match is not None:
        user, params = match.groups()
        return cls("tel", user.decode(), "", None, _pairs(params, b";") if params else {})
    scheme = _SCHEME.match(text)
    if scheme is None:
        raise Malformed("Bad URI", text)
    if scheme[0].lower() in (b"sip:", b"sips:", b"tel:"):
        raise Malformed("Bad URI", text)
    raise Malformed("Unsupported URI Scheme", text, status=416)


def _pairs(text: bytes, separator: bytes) -> dict[bytes, bytes]:
    pairs: dict[bytes, bytes] = {}
    for pair in text.split(separator):
        name, _, value = pair.partition(b"=")
        if name:
            pairs.setdefault(name.lower(), value)
    return pairs


def _comparable(pairs: dict[bytes, bytes]) -> dict[bytes, bytes]:
    return {_plain(name).lower(): _plain(value).lower() for name, value in pairs.items()}


def _plain(text: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), text) if b"%" in text else text


def _unescaped(text: bytes) -> str:
    return _plain(text).decode("utf-8", "surrogateescape")


def _escaped(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    return _TO_ESCAPE.sub(lambda match: b"%%%02X" % match[0][0], raw)
