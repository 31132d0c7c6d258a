"""Who speaks: the device a request comes from, once it has proved itself, and the names in its headers."""

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from offhook.people.directory import DeviceInfo
from offhook.sip.headers import uri_of


@dataclass(frozen=True, slots=True)
class PhoneIdentity:
    """A registered device, proved by digest or by the connection it registered on."""

    device: DeviceInfo


def user_of(address: bytes) -> str:
    """The user part of the URI in a From, To or Contact; "" where there is none."""
    return user_of_uri(uri_of(address))


def user_of_uri(uri: bytes) -> str:
    """The user part of a SIP URI, or the number of a tel: URI, as people write it."""
    scheme, _, rest = uri.partition(b":")
    if scheme.lower() == b"tel":
        return unquote_to_bytes(rest.partition(b";")[0]).decode("utf-8", "replace")
    user, at, _ = rest.rpartition(b"@")
    if not at:
        return ""
    user = user.partition(b":")[0].partition(b";")[0]
    return (unquote_to_bytes(user) if b"%" in user else user).decode("utf-8", "replace")
