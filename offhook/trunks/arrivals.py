"""Calls from the outside: who calls, whom they want, and the leg that comes of it.

A trunk is believed what it says of the caller, no more: it may neither take a call over (Replaces) nor
sign in as one of our devices.
"""

from collections.abc import Callable
from dataclasses import dataclass

from offhook.calls.leg import Leg, Party
from offhook.dialplan.model import Trunk
from offhook.phones.identity import LONGEST_NUMBER, user_of, user_of_uri
from offhook.phones.lines import Lines
from offhook.phones.reception import read_offer
from offhook.sip.compose import ALLOW
from offhook.sip.identity import connected, sender, wants_privacy
from offhook.sip.message import Request
from offhook.sip.transaction import ServerTransaction
from offhook.trunks.leg import TrunkLeg
from offhook.trunks.trunk import LiveTrunk


class Arrivals:
    """Takes on what comes from trunks."""

    def __init__(
        self,
        lines: Lines,
        incoming: Callable[[Leg, str, float], object],
        *,
        ids: Callable[[], str],
        number_of: Callable[[Trunk, str], str],  # of a caller, +E.164 wherever it can be
    ) -> None:
        self._lines = lines
        self._incoming = incoming
        self._ids = ids
        self._number_of = number_of

    def requested(self, trunk: LiveTrunk, tx: ServerTransaction, request: Request, now: float) -> None:
        endpoint = self._lines.endpoint
        if request.method != "INVITE":
            endpoint.respond(tx, 405, now, headers=ALLOW)
        elif request.get(b"replaces") is not None:
            trunk.notice("somebody outside wanted to take a call over by Replaces")
            endpoint.respond(tx, 403, now)
        elif not trunk.has_line:
            trunk.notice("a call came in while all channels were taken")
            endpoint.respond(tx, 486, now)
        else:
            self._invited(trunk, tx, request, now)

    def _invited(self, trunk: LiveTrunk, tx: ServerTransaction, request: Request, now: float) -> None:
        number = called_of(request, (trunk.token, trunk.settings.username))
        if not number or len(number) > LONGEST_NUMBER:
            self._lines.endpoint.respond(tx, 404 if number else 484, now)
            return
        codecs = read_offer(self._lines, tx, request, trunk.settings.srtp, now)
        if codecs is None:
            return
        raw, name = caller_of(request, trust=trunk.settings.trust_identity)
        caller = (self._number_of(trunk.settings, raw) or raw) if raw else ""
        party = Party(caller, name, device=trunk.info.id, outside=True)
        leg = TrunkLeg(self._ids(), party, trunk, trunk.place(tx.flow), self._lines)
        leg.invited(tx, request, codecs, now)
        self._incoming(leg, number, now)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whoever is at the end of a trunk, as one who asks us for something."""

    trunk: LiveTrunk
    arrivals: Arrivals

    def requested(self, tx: ServerTransaction, request: Request, now: float) -> None:
        self.arrivals.requested(self.trunk, tx, request, now)


def called_of(request: Request, ourselves: tuple[str, ...]) -> str:
    """Whom they want. Providers we register with call our Contact, and name the number in To."""
    number = user_of_uri(request.uri)
    if not number or number in ourselves:
        return user_of(request.get(b"to") or b"") or number
    return number


def caller_of(request: Request, *, trust: bool) -> tuple[str, str]:
    """Number and name of who calls, both empty for who hides: vouched for, or as it is said."""
    said = sender(request)
    if wants_privacy(request) or (said is not None and said.user and said.is_anonymous):
        return "", ""
    known = connected(request) if trust else None
    if known is not None and known.is_private:
        return "", ""
    who = known if known is not None and known.user else said
    if who is None or not who.user:
        return "", ""
    name = who.name or (said.name if said is not None else "")
    return who.user[:LONGEST_NUMBER], "" if name == who.user else name
