"""SDES (RFC 4568): picking a peer's `a=crypto` line and writing our own.

A line we cannot honour to the letter (key identifiers, unencrypted streams, key derivation
rates) is passed over rather than half understood.
"""

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterable
from dataclasses import dataclass

from offhook.sdp.attributes import Crypto

KEY_BYTES = 30  # 16 of master key, 14 of salt
SUITE = "AES_CM_128_HMAC_SHA1_80"
_SUITES = (SUITE, "AES_CM_128_HMAC_SHA1_32")


@dataclass(frozen=True, slots=True)
class Keys:
    """Both directions' master key and salt, joined."""

    suite: str
    ours: bytes
    theirs: bytes


def usable(lines: Iterable[Crypto]) -> Crypto | None:
    """The first line we can speak; `key_of` will read it."""
    return next((line for line in lines if line.suite in _SUITES and not line.params and key_of(line)), None)


def key_of(line: Crypto) -> bytes:
    """Key and salt, empty if it is no such thing. `|lifetime` is fine, `|mki:length` is not."""
    text, *extras = line.key.split("|")
    if len(extras) > 1 or (extras and ":" in extras[0]) or ";" in line.key:
        return b""
    try:
        key = b64decode(text, validate=True)
    except (Error, ValueError):
        return b""
    return key if len(key) == KEY_BYTES else b""


def our_line(tag: int, suite: str, key: bytes) -> Crypto:
    return Crypto(tag, suite, b64encode(key).decode())
