"""STUN, RFC 8489, as much of it as a server of ICE checks needs.

`read` takes any bytes and gives a message or None; what it gives is whole: lengths
fit, the fingerprint (if there is one) is right and nothing unread lies behind it.
"""

import hmac
import struct
import zlib
from dataclasses import dataclass, field
from ipaddress import ip_address

COOKIE = 0x2112A442
REQUEST, INDICATION, SUCCESS, ERROR = 0x0001, 0x0011, 0x0101, 0x0111

USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, UNKNOWN_ATTRIBUTES = 0x0006, 0x0008, 0x0009, 0x000A
XOR_MAPPED_ADDRESS, PRIORITY, USE_CANDIDATE = 0x0020, 0x0024, 0x0025
FINGERPRINT, ICE_CONTROLLED, ICE_CONTROLLING = 0x8028, 0x8029, 0x802A

_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")
_UNDERSTOOD = {USERNAME, MESSAGE_INTEGRITY, PRIORITY, USE_CANDIDATE, 0x001C, 0x0014, 0x0015}
_REASONS = {400: b"Bad Request", 420: b"Unknown Attribute", 487: b"Role Conflict"}


@dataclass(slots=True)
class Message:
    kind: int
    transaction: bytes
    attributes: dict[int, bytes] = field(default_factory=dict)  # the first of each counts
    _signed: bytes = b""  # everything before MESSAGE-INTEGRITY, its length field adjusted

    def is_signed_with(self, password: bytes) -> bool:
        mac = self.attributes.get(MESSAGE_INTEGRITY)
        return (
            mac is not None
            and bool(self._signed)
            and hmac.compare_digest(hmac.digest(password, self._signed, "sha1"), mac)
        )

    @property
    def unknown(self) -> list[int]:
        """Attributes we would have to understand (RFC 8489 §5) and do not."""
        return [kind for kind in self.attributes if kind < 0x8000 and kind not in _UNDERSTOOD]


def read(data: bytes) -> Message | None:
    if len(data) < 20:
        return None
    kind, length, cookie, transaction = _HEADER.unpack_from(data)
    if kind & 0xC000 or cookie != COOKIE or length & 3 or length != len(data) - 20:
        return None
    message = Message(kind, transaction)
    at = 20
    while at < len(data):
        name, size = _ATTRIBUTE.unpack_from(data, at)
        following = at + 4 + (size + 3 & ~3)
        if following > len(data):
            return None
        value = data[at + 4 : at + 4 + size]
        if name == FINGERPRINT:
            if size != 4 or following != len(data):
                return None
            if int.from_bytes(value, "big") != _fingerprint(data[:at]):
                return None
        elif name == MESSAGE_INTEGRITY and not message._signed:
            if size != 20:
                return None
            message.attributes[name] = value
            message._signed = data[:2] + (at + 4).to_bytes(2, "big") + data[4:at]
        elif MESSAGE_INTEGRITY not in message.attributes:  # what follows it is not signed: skipped
            message.attributes.setdefault(name, value)
        at = following
    return message


def write(
    kind: int, transaction: bytes, attributes: list[tuple[int, bytes]], password: bytes | None
) -> bytes:
    """A message; signed when there is a password, fingerprinted always."""
    body = b"".join(
        _ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) & 3) for name, value in attributes
    )
    if password is not None:
        signed = _HEADER.pack(kind, len(body) + 24, COOKIE, transaction) + body
        body += _ATTRIBUTE.pack(MESSAGE_INTEGRITY, 20) + hmac.digest(password, signed, "sha1")
    whole = _HEADER.pack(kind, len(body) + 8, COOKIE, transaction) + body
    return whole + _ATTRIBUTE.pack(FINGERPRINT, 4) + _fingerprint(whole).to_bytes(4, "big")


def success(request: Message, host: str, port: int, password: bytes | None) -> bytes:
    return write(
        SUCCESS,
        request.transaction,
        [(XOR_MAPPED_ADDRESS, mapped(host, port, request.transaction))],
        password,
    )


def error(request: Message, code: int, password: bytes | None) -> bytes:
    attributes = [(ERROR_CODE, bytes((0, 0, code // 100, code % 100)) + _REASONS[code])]
    if code == 420:
        attributes.append((UNKNOWN_ATTRIBUTES, b"".join(n.to_bytes(2, "big") for n in request.unknown)))
    return write(ERROR, request.transaction, attributes, password)


def mapped(host: str, port: int, transaction: bytes) -> bytes:
    """The value of XOR-MAPPED-ADDRESS, RFC 8489 §14.2; its own inverse but for the text."""
    address = ip_address(host.partition("%")[0]).packed
    mask = COOKIE.to_bytes(4, "big") + transaction
    family = 1 if len(address) == 4 else 2
    return struct.pack("!BBH", 0, family, port ^ COOKIE >> 16) + bytes(
        a ^ b for a, b in zip(address, mask, strict=False)
    )


def _fingerprint(data: bytes) -> int:
    return zlib.crc32(data) ^ 0x5354554E
