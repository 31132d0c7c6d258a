"""Lines to the outside: what a phone's leg does, and what is different with somebody we do not know.

Who is at the other end can put nobody through, unless the trunk allows it, and is obeyed by no device. A
call of ours tries its ways in order, as long as what comes back does not speak of the called.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from offhook.calls.cause import Cause
from offhook.calls.leg import Gone, Party
from offhook.calls.media import Bridge, Codecs
from offhook.dialplan.model import Trunk
from offhook.dialplan.world import Way
from offhook.phones.leg import PhoneLeg, State
from offhook.phones.lines import Lines, Place
from offhook.phones.ring import Ring
from offhook.sip.message import Request
from offhook.sip.session import Session
from offhook.sip.transaction import ServerTransaction
from offhook.trunks.peer import Peer
from offhook.trunks.trunk import LiveTrunk

UNREACHED = frozenset((408, 503))  # without a word before: nobody is there
UNABLE = frozenset((401, 403, 407, 408))  # and all 5xx: about the trunk or our account, not the called

Release = Callable[[], None]


class TrunkLeg(PhoneLeg):
    """A line that goes through a trunk, in either direction."""

    def __init__(self, id: str, party: Party, trunk: LiveTrunk, place: Place, lines: Lines) -> None:
        super().__init__(id, party, trunk.info, place, lines)
        self._trunk = trunk

    def _take(self, tx: ServerTransaction, request: Request, now: float) -> Session:
        credentials = self._trunk.credentials  # some want proof from us even for our BYE
        return self._lines.endpoint.accept(tx, request, self, now, credentials=credentials)

    def hangup(self, cause: Cause) -> None:
        if self._session is not None:
            self._session.flow = self._trunk.where.way_instead(self._session.flow)
        super().hangup(cause)

    def connected_to(self, party: Party) -> None:
        """Who answers inside is not told outside: it may be another than the number called stands for."""

    def requested(self, request: Request, now: float) -> tuple[int, bytes]:
        if request.method == "REFER" and not self._trunk.settings.external_transfer:
            self._trunk.notice("somebody outside wanted to transfer a call, which this trunk does not allow")
            return 403, b""
        return super().requested(request, now)

    def redirected(self, contacts: list[bytes], now: float) -> None:
        if self._trunk.settings.external_transfer:
            super().redirected(contacts, now)
        else:
            self._trunk.notice("a call was sent on by 302, which this trunk does not allow")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One INVITE that could be sent."""

    trunk: LiveTrunk
    peer: Peer
    way: Way


class OutwardLeg(TrunkLeg):
    """A call of ours. `begin` tells how to give back what it costs, or None if it may not be made."""

    def __init__(
        self,
        id: str,
        party: Party,
        place: Place,  # of the first attempt
        attempts: Sequence[Attempt],
        lines: Lines,
        *,
        begin: Callable[[], Release | None],
        number_of: Callable[[Trunk, str], str],  # of who answers, +E.164 wherever it can be
        emergency: bool = False,
    ) -> None:
        self._attempt, *self._others = attempts
        self._begin = begin
        self._number_of = number_of
        self._release: Release | None = None
        self._emergency = emergency
        self._rang = False
        super().__init__(id, party, self._attempt.trunk, place, lines)

    def ring(
        self, who: Party, bridge: Bridge, *, like: Codecs | None, auto_answer: bool = False, hops: int = 70
    ) -> None:
        if self._state is not State.IDLE:
            return
        has_line = self._emergency or self._trunk.has_line  # another of this round may have taken the last
        self._release = self._begin() if has_line else None
        if self._release is None:
            self._state = State.GONE
            self._tell(Gone(Cause.LIMITED if has_line else Cause.NO_LINE), self._lines.now())
            return
        super().ring(who, bridge, like=like, hops=hops)

    def progressed(self, status: int, sdp: bytes, now: float) -> None:
        self._rang = True
        super().progressed(status, sdp, now)

    def answered(self, sdp: bytes, now: float) -> None:
        self._learn_who()
        super().answered(sdp, now)

    def _learn_who(self) -> None:
        """Somebody else may have answered than was called; a mobile is its user, whoever that is there."""
        who = self._session.connected if self._session is not None else None
        settings = self._trunk.settings
        if who is None or who.is_private or who.is_anonymous or not settings.trust_identity:
            return
        if self.party.outside and (number := self._number_of(settings, who.user) or who.user):
            self.party = replace(self.party, number=number, name=who.name or self.party.name)

    # ---- one way after the other

    def _call(self, ring: Ring, sdp: bytes) -> Session:
        trunk, flow = self._attempt.trunk, self._place.flow
        said = trunk.invitation(self._attempt.way, self._attempt.peer, flow)
        return self._lines.endpoint.invite(
            said.uri,
            flow,
            self,
            local=said.local,
            remote=said.remote,
            sdp=sdp,
            headers=said.headers,
            max_forwards=ring.hops,
            now=self._lines.now(),
            credentials=trunk.credentials,
            give_up=trunk.settings.no_reply_seconds,
        )

    def _refused(self, status: int, now: float) -> None:
        is_unable = status in UNABLE or 500 <= status < 600
        if self._rang or not (is_unable or self._emergency):
            super()._refused(status, now)
            return
        attempt = self._attempt
        attempt, ring = self._attempt, self._ring
        if status in UNREACHED:
            attempt.trunk.where.unreached(attempt.peer)
        else:
            attempt.trunk.notice(f"{attempt.peer} refused a call with {status}")
        while ring is not None and self._others:
            attempt = self._others.pop(0)
            if attempt.peer in attempt.trunk.usable(emergency=self._emergency) and self._turn_to(attempt):
                self._invite(ring)
                return
        if is_unable and status != 403:
            self._gone(Cause.NO_LINE, now)
        else:
            super()._refused(status, now)

    def _turn_to(self, attempt: Attempt) -> bool:
        """From now on it goes this way, if there is one."""
        trunk, flow = attempt.trunk, attempt.trunk.where.way_to(attempt.peer)
        if flow is None:
            return False
        self._close_port()
        self._lines.remove(self._device.id)
        self._lines.add(trunk.info.id)
        self._attempt, self._trunk, self._device = attempt, trunk, trunk.info
        self._place, self._srtp = trunk.place(flow), trunk.info.srtp
        if self.party.outside:
            self.party = replace(self.party, device=trunk.info.id)
        return True

    def _close(self, state: State) -> None:
        super()._close(state)
        release, self._release = self._release, None
        if release is not None:
            release()
