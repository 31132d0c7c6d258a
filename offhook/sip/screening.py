"""What may be refused before anybody is asked: RFC 3261 §8.2 and §16.3, RFC 4028 for intervals too small."""

from typing import Final, NamedTuple

from offhook.sip.compose import ALLOW, METHODS, REQUIRABLE
from offhook.sip.headers import split_list
from offhook.sip.message import Request
from offhook.sip.refresh import MIN_SE, is_too_small

_INSIDE_ONLY: Final = frozenset(("BYE", "UPDATE", "PRACK", "INFO", "NOTIFY"))  # of a dialog
_SCHEMES: Final = frozenset((b"sip", b"sips", b"tel"))


class Objection(NamedTuple):
    status: int
    headers: bytes = b""
    reason: bytes = b""


def objection_outside(request: Request) -> Objection | None:
    """To a request that belongs to no dialog."""
    method = request.method
    if method not in METHODS:
        return Objection(405, ALLOW)
    if method in _INSIDE_ONLY:
        return Objection(481)
    if method == "REFER":
        return Objection(403, b"", b"Transfers Belong To A Call")
    if request.uri.partition(b":")[0].lower() not in _SCHEMES:
        return Objection(416)
    if int(request.get(b"max-forwards") or b"70") == 0:
        return Objection(483)
    if request.get(b"require") is not None and (unknown := _unknown(request)):
        return unknown
    if method == "INVITE" and is_too_small(request):
        return Objection(422, MIN_SE)
    return None


def objection_inside(request: Request) -> Objection | None:
    """To a request in a dialog of ours."""
    if request.method not in METHODS:
        return Objection(405, ALLOW)
    return None if request.get(b"require") is None else _unknown(request)


def _unknown(request: Request) -> Objection | None:
    required = split_list(request.get(b"require") or b"")
    unknown = [one for one in required if one.lower() not in REQUIRABLE]
    return Objection(420, b"Unsupported: %b\r\n" % b", ".join(unknown)) if unknown else None
