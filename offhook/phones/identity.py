"""Who speaks: the device a request comes from, once it has proved itself, and the names in its headers."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol
from urllib.parse import unquote_to_bytes

from offhook.people.directory import DeviceInfo
from offhook.sip.headers import uri_of
from offhook.sip.message import Request
from offhook.sip.transaction import ServerTransaction

LONGEST_NUMBER = 128


@dataclass(frozen=True, slots=True)
class PhoneIdentity:
    """A registered device, proved by digest or by the connection it registered on."""

    device: DeviceInfo


class Neighbour(Protocol):
    """Somebody who is no device of ours and may ask us all the same: whoever is at the end of a trunk."""

    def requested(self, tx: ServerTransaction, request: Request, now: float) -> None: ...


def user_of(address: bytes) -> str:
    """The user part of the URI in a From, To or Contact; "" where there is none."""
    return user_of_uri(uri_of(address))


def user_of_uri(uri: bytes) -> str:
    """The user part of a SIP URI, or the number of a tel: URI, as people write it."""
    return _seen_before(uri) if len(uri) < 128 else _user_of_uri(uri)


def _user_of_uri(uri: bytes) -> str:
    scheme, _, rest = uri.partition(b":")
    if scheme.lower() == b"tel":
        user = rest.partition(b";")[0]
    else:
        user, at, _ = rest.partition(b"@")
        user = user.partition(b":")[0].partition(b";")[0] if at else b""
    return (unquote_to_bytes(user) if b"%" in user else user).decode("utf-8", "replace")


_seen_before = lru_cache(maxsize=4096)(_user_of_uri)
