"""What phones ask for outside a dialog, once the gate has let them in."""

import re
from collections.abc import Callable

from offhook.calls.cause import Cause
from offhook.calls.leg import Leg, Party
from offhook.calls.media import Codecs
from offhook.people.directory import DeviceInfo, Srtp
from offhook.phones.binding import is_behind_nat
from offhook.phones.identity import LONGEST_NUMBER, PhoneIdentity, user_of_uri
from offhook.phones.leg import PhoneLeg, leg_of
from offhook.phones.lines import Lines, Place
from offhook.phones.registrar import Registrar
from offhook.sdp.description import BadSdp
from offhook.sdp.negotiate import codecs_of
from offhook.sip.compose import ALLOW
from offhook.sip.headers import uri_of
from offhook.sip.malformed import Malformed
from offhook.sip.message import Request
from offhook.sip.replaces import Replaces
from offhook.sip.transaction import ServerTransaction

_ACCEPTS_SDP = re.compile(rb"(?:^|[,\s])(?:\*/\*|application/(?:\*|sdp))\s*(?:[;,]|$)", re.IGNORECASE)


class Reception:
    """REGISTER goes to the registrar, INVITE becomes a leg and a call, the rest is declined politely."""

    def __init__(
        self,
        registrar: Registrar,
        lines: Lines,
        incoming: Callable[[Leg, str, float], object],
        replace: Callable[[Leg, str, float], object],  # the leg with this id
        party: Callable[[DeviceInfo], Party],
        ids: Callable[[], str],
    ) -> None:
        self._registrar = registrar
        self._lines = lines
        self._incoming = incoming
        self._replace = replace
        self._party = party
        self._ids = ids

    def requested(self, tx: ServerTransaction, request: Request, identity: object, now: float) -> None:
        assert isinstance(identity, PhoneIdentity), "the gate lets nobody else in"
        device = identity.device
        match request.method:
            case "REGISTER":
                status, headers = self._registrar.register(request, tx.flow, device.id, now)
                self._lines.endpoint.respond(tx, status, now, headers=headers)
            case "INVITE":
                self._invited(tx, request, device, now)
            case _:
                self._lines.endpoint.respond(tx, 405, now, headers=ALLOW)

    def _invited(self, tx: ServerTransaction, request: Request, device: DeviceInfo, now: float) -> None:
        endpoint = self._lines.endpoint
        codecs = read_offer(self._lines, tx, request, device.srtp, now)
        if codecs is None:
            return
        if (replaces := request.get(b"replaces")) is not None:
            try:
                found = leg_of(endpoint, Replaces.parse(replaces))
            except Malformed:
                endpoint.respond(tx, 400, now, reason=b"Bad Replaces")
                return
            if isinstance(found, Cause):
                endpoint.respond(tx, found.sip, now)
                return
            self._replace(self._leg(tx, request, device, codecs, now), found.id, now)
            return
        number = user_of_uri(request.uri)
        if not number or len(number) > LONGEST_NUMBER:
            endpoint.respond(tx, 404 if number else 484, now)
            return
        self._incoming(self._leg(tx, request, device, codecs, now), number, now)

    def _leg(
        self, tx: ServerTransaction, request: Request, device: DeviceInfo, codecs: Codecs, now: float
    ) -> PhoneLeg:
        uri = uri_of(request.get(b"contact") or b"")
        if tx.flow.is_reliable:
            self._registrar.came_back(device.id, uri, tx.flow)
        takes_orders = self._registrar.takes_orders(device.id, uri)
        place = Place(tx.flow, uri, is_behind_nat(request, tx.flow), takes_orders=takes_orders)
        leg = PhoneLeg(self._ids(), self._party(device), device, place, self._lines)
        leg.invited(tx, request, codecs, now)
        return leg


def read_offer(
    lines: Lines, tx: ServerTransaction, request: Request, srtp: Srtp, now: float
) -> Codecs | None:
    """What the caller can speak, () if our offer is wanted; None when that was answered with a refusal."""
    endpoint = lines.endpoint
    accepted = request.get(b"accept")
    if accepted and not _ACCEPTS_SDP.search(accepted):
        endpoint.respond(tx, 406, now)
        return None
    if not request.body:
        return ()
    kind = (request.get(b"content-type") or b"").partition(b";")[0].strip().lower()
    if kind != b"application/sdp":
        endpoint.respond(tx, 415, now, headers=b"Accept: application/sdp\r\n")
        return None
    try:
        codecs = codecs_of(request.body)
    except BadSdp:
        endpoint.respond(tx, 400, now, reason=b"Bad Session Description")
        return None
    is_plain = srtp == "required" and b"RTP/SAVP" not in request.body
    if codecs and not is_plain:
        return codecs
    host = lines.addresses.hostport(tx.flow).encode()
    why = b'399 %b "Only SRTP is taken here"' if is_plain else b'305 %b "None of these codecs is known here"'
    endpoint.respond(tx, 488, now, headers=b"Warning: %b\r\n" % (why % host))
    return None
