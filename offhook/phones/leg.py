"""A SIP dialog as a leg: what the call commands goes to the phone, what the phone does goes to the call.

Re-INVITE and UPDATE are answered here, with this leg's own port, and never relayed; of all that may
change, the call hears of holding alone. Once a leg is GONE nothing it is told matters any more.

              ring()               answered
    IDLE ──────────────► RINGING ───────────┐
      │                                     ▼
      │   invited()                answer()
      └────────────────► WAITING ────────► TALKING      anything ──hangup(), ended──► GONE
"""

from dataclasses import dataclass
from enum import Enum, auto

from offhook.calls.cause import Cause, from_sip
from offhook.calls.leg import (
    Answered,
    Asked,
    Back,
    Digit,
    Gone,
    Held,
    LegEvent,
    Lost,
    Outcome,
    Party,
    Redirect,
    Ringing,
)
from offhook.calls.media import (
    G711,
    Bridge,
    Codecs,
    Kind,
    NoCommonCodec,
    NoMedia,
    Port,
    PortDigit,
    PortEvent,
    PortFound,
    PortLost,
    PortRenegotiate,
)
from offhook.people.directory import DeviceInfo, Srtp
from offhook.phones.identity import user_of
from offhook.phones.lines import Lines, Place
from offhook.phones.words import address_of, auto_answer, digit_in, reason
from offhook.sdp.description import BadSdp
from offhook.sdp.negotiate import holds
from offhook.sip.message import Request
from offhook.sip.session import Session
from offhook.sip.transaction import ServerTransaction

HOPS = 70  # for calls of our own


@dataclass(frozen=True, slots=True)
class _Ring:
    who: Party
    bridge: Bridge
    like: Codecs | None
    auto_answer: bool
    hops: int


class _State(Enum):
    IDLE = auto()
    RINGING = auto()  # our INVITE is out
    WAITING = auto()  # its INVITE waits for what we say
    TALKING = auto()
    GONE = auto()


class PhoneLeg:
    """One line to one phone, in either direction."""

    def __init__(self, id: str, party: Party, device: DeviceInfo, place: Place, lines: Lines) -> None:
        self.id = id
        self.party = party
        self.port: Port | None = None
        self.codecs: Codecs = ()
        self.hops = HOPS
        self._device = device
        self._place = place
        self._lines = lines
        self._state = _State.IDLE
        self._session: Session | None = None
        self._ring: _Ring | None = None
        self._offer = b""  # the caller's, kept until we answer; b"" is a late offer
        self._answer = b""  # ours to it, once it is made
        self._said = 100  # the last provisional response to its INVITE
        self._last: tuple[bytes, bytes] | None = None  # their latest re-offer and our answer to it
        self._like: Codecs | None = None
        self._holding = False
        self._lost = False

    def invited(self, tx: ServerTransaction, request: Request, codecs: Codecs, now: float) -> None:
        """It calls us. Its offer is kept; no port is opened before there is something to hear."""
        self._offer, self.codecs = request.body, codecs
        self.hops = max(0, int(request.get(b"max-forwards") or HOPS) - 1)  # RFC 3261 §16.6
        self._state = _State.WAITING
        self._lines.add(self._device.id)
        self._lines.unanswered += 1
        self._session = self._lines.endpoint.accept(tx, request, self, now)

    # ---- what the call commands

    def ring(
        self, who: Party, bridge: Bridge, *, like: Codecs | None, auto_answer: bool = False, hops: int = 70
    ) -> None:
        if self._state is _State.IDLE:
            self._ring = _Ring(who, bridge, like, auto_answer, hops)
            self._lines.add(self._device.id)
            self._invite(self._ring, self._device.srtp)

    def proceed(self, bridge: Bridge, *, early: Codecs | None = None) -> None:
        if self._state is not _State.WAITING or self._session is None:
            return
        now = self._lines.now()
        if early is None or not self._offer:  # to a late offer nothing can be answered yet
            if self._said != 180:
                self._say(180, None, now)
        elif self._said != 183 and self._settle(bridge, early, now):
            self._say(183, self._answer, now)

    def answer(self, bridge: Bridge, *, like: Codecs) -> None:
        if self._state is not _State.WAITING or self._session is None:
            return
        now = self._lines.now()
        if self._settle(bridge, like, now):
            self._first_word()
            self._session.answer(self._answer, now)
            self._talks(self._session)
            if self._offer:
                self._notice_hold(self._offer, now)

    def connected_to(self, party: Party) -> None:
        """Phones show whom they dialled; changing that takes RFC 4916, which hardly any of them knows."""

    def told(self, outcome: Outcome) -> None:
        """A phone that sent its call on has hung up and hears no more."""

    def hangup(self, cause: Cause) -> None:
        state, self._state = self._state, _State.GONE
        if state is _State.GONE or state is _State.IDLE:
            return
        self._close(state)
        if self._session is not None:
            if state is _State.WAITING:
                self._refuse(cause)
            else:
                self._session.hangup(self._lines.now(), headers=reason(cause))

    # ---- what the phone does

    def progressed(self, status: int, sdp: bytes, now: float) -> None:
        if self._state is not _State.RINGING or self.port is None:
            return
        early = False
        if sdp:
            try:
                self.port.accept(sdp.decode("utf-8", "replace"))
            except NoCommonCodec:
                pass  # the answer that counts is the one in the 200
            else:
                early = True
                self.codecs = self.port.codecs
        if early or status in (180, 182):
            self._tell(Ringing(early=early), now)

    def answered(self, sdp: bytes, now: float) -> None:
        if self._state is not _State.RINGING:
            return
        if self._accept(sdp, now) and self._session is not None:
            self._talks(self._session)
            self._tell(Answered(), now)
            self._notice_hold(sdp, now)

    def offered(self, sdp: bytes, now: float) -> bytes | int:
        if self.port is None or self._state is _State.GONE:
            return 491  # the offer of the INVITE itself is still open (RFC 3311 §5.2)
        if not sdp:
            self._last = None
            return self.port.offer(like=self._like).encode()
        if self._last is not None and self._last[0] == sdp:
            return self._last[1]
        try:
            ours = self.port.answer(sdp.decode("utf-8", "replace"), like=self._like).encode()
        except NoCommonCodec:
            return 488
        self._last = sdp, ours
        self.codecs = self.port.codecs
        if self._state is _State.TALKING and self._session is not None:
            self._lines.dialogs.talks(self.id, self._session.snapshot())  # its target may have moved
        self._notice_hold(sdp, now)
        return ours

    def agreed(self, sdp: bytes, now: float) -> None:
        if self._state is not _State.GONE and self._accept(sdp, now):
            self._notice_hold(sdp, now)

    def disagreed(self, status: int, now: float) -> None:
        """It does not take the only offer that its call can still make."""
        self._give_up(Cause.INCOMPATIBLE, now)

    def confirmed(self, now: float) -> None:
        """Its ACK has come; who talks has long been told."""

    def requested(self, request: Request, now: float) -> tuple[int, bytes]:
        match request.method:
            case "INFO":
                return self._informed(request, now)
            case "NOTIFY":
                return 481, b""  # we have subscribed to nothing
            case _:
                return 405, b""

    def redirected(self, contacts: list[bytes], now: float) -> None:
        if self._state is _State.RINGING:
            for contact in contacts:
                if number := user_of(contact):
                    self._tell(Asked(Redirect(number)), now)
                    return

    def ended(self, status: int, reason: bytes, now: float) -> None:
        ring = self._ring
        match self._state:
            case _State.RINGING if status == 488 and ring is not None and self._may_do_without_keys:
                self._ring = None
                self._close_port()
                self._invite(ring, "off")  # perhaps it only lacks SRTP
            case _State.RINGING:
                self._gone(_refusal(status), now)
            case _State.WAITING:
                self._gone(Cause.CANCELLED, now)
            case _State.TALKING:
                self._gone(Cause.NORMAL if status < 300 else Cause.LOST, now)
            case _State.IDLE | _State.GONE:
                pass

    def heard_from_port(self, event: PortEvent, now: float) -> None:
        """News of our port from the media engine."""
        if self._state is _State.GONE:
            return
        match event:
            case PortDigit(key):
                self._tell(Digit(key, carried=True), now)
            case PortLost(worker=True):
                self._give_up(Cause.FAILED, now)
            case PortLost():
                self._lost = True
                self._tell(Lost(), now)
            case PortFound():
                if self._lost:
                    self._lost = False
                    self._tell(Back(), now)
            case PortRenegotiate():
                if self._state is _State.TALKING and self._session is not None and self.port is not None:
                    self._like, self._last = G711, None
                    self._session.offer(self.port.offer(like=G711).encode(), now)
            case _:
                pass  # reports and files played are not about the line

    # ---- media

    def _invite(self, ring: _Ring, srtp: Srtp) -> None:
        now, lines, place = self._lines.now(), self._lines, self._place
        self._state = _State.RINGING
        try:
            self.port = self._open(ring.bridge, srtp)
        except NoMedia:
            self._gone(Cause.OVERLOADED, now)
            return
        self._like = ring.like
        sdp = self.port.offer(like=ring.like).encode()
        self.codecs = self.port.codecs
        host = lines.addresses.hostport(place.flow)
        called = Party(self._device.sip_user or self.party.number, self.party.name)
        headers = place.route + (auto_answer(host) if ring.auto_answer else b"")
        self._session = lines.endpoint.invite(
            place.uri,
            place.flow,
            self,
            local=address_of(ring.who, host),
            remote=address_of(called, host),
            sdp=sdp,
            headers=headers,
            max_forwards=ring.hops,
            now=now,
        )

    @property
    def _may_do_without_keys(self) -> bool:
        return self._device.srtp == "auto" and self._place.flow.transport == "tls"

    def _settle(self, bridge: Bridge, like: Codecs, now: float) -> bool:
        """Open our port and make our answer to its offer, once; a late offer is answered with ours."""
        if self._answer:
            return True
        try:
            if self.port is None:
                self.port = self._open(bridge, self._device.srtp)
            if self._offer:
                self._answer = self.port.answer(self._offer.decode("utf-8", "replace"), like=like).encode()
            else:
                self._answer = self.port.offer(like=like).encode()
        except NoCommonCodec:
            self._give_up(Cause.INCOMPATIBLE, now)
            return False
        except NoMedia:
            self._give_up(Cause.OVERLOADED, now)
            return False
        self._like = like
        self.codecs = self.port.codecs
        return True

    def _accept(self, sdp: bytes, now: float) -> bool:
        """The answer to our offer; without a good one there is no line."""
        try:
            if self.port is None or not sdp:
                self._give_up(Cause.FAILED, now)
                return False
            self.port.accept(sdp.decode("utf-8", "replace"))
        except NoCommonCodec:
            self._give_up(Cause.INCOMPATIBLE, now)
            return False
        self.codecs = self.port.codecs
        return True

    def _open(self, bridge: Bridge, srtp: Srtp) -> Port:
        flow = self._place.flow
        port = bridge.open(
            Kind.PHONE,
            flow_host=self._lines.addresses.host(flow),
            peer=flow.host,
            nat=self._place.nat,
            srtp=srtp,
            secure=flow.transport == "tls",
        )
        self._lines.owners[port] = self
        return port

    def _notice_hold(self, sdp: bytes, now: float) -> None:
        try:
            holding = holds(sdp)
        except BadSdp:
            return
        if holding != self._holding:
            self._holding = holding
            self._tell(Held(holding), now)

    # ---- in-dialog requests

    def _informed(self, request: Request, now: float) -> tuple[int, bytes]:
        key = digit_in(request)
        if key is None:
            return 415, b"Accept: application/dtmf-relay, application/dtmf\r\n"
        if key and self._state is not _State.GONE:
            self._tell(Digit(key), now)
        return 200, b""

    # ---- the end

    def _say(self, status: int, sdp: bytes | None, now: float) -> None:
        assert self._session is not None, "who waits has a session"
        self._first_word()
        self._said = status
        self._session.progress(status, sdp, now)

    def _talks(self, session: Session) -> None:
        self._state = _State.TALKING
        self._lines.dialogs.talks(self.id, session.snapshot())

    def _first_word(self) -> None:
        if self._said == 100:
            self._said = 199
            self._lines.unanswered -= 1

    def _give_up(self, cause: Cause, now: float) -> None:
        """The line cannot go on, and it is we who say so."""
        session, state = self._session, self._state
        self._gone(cause, now)
        if session is not None and state is _State.WAITING:
            self._refuse(cause)
        elif session is not None and state is not _State.GONE:
            session.hangup(now, headers=reason(cause))

    def _refuse(self, cause: Cause) -> None:
        assert self._session is not None, "who waits has a session"
        headers = reason(cause)
        if cause is Cause.OVERLOADED:
            headers += b"Retry-After: 5\r\n"
        self._session.refuse(cause.sip if cause.sip >= 300 else 480, self._lines.now(), headers=headers)

    def _gone(self, cause: Cause, now: float) -> None:
        state = self._state
        if state is _State.GONE or state is _State.IDLE:
            return
        self._state = _State.GONE
        try:
            self._tell(Gone(cause), now)
        finally:
            self._close(state)

    def _close(self, state: _State) -> None:
        if state is _State.WAITING:
            self._first_word()
        elif state is _State.TALKING:
            self._lines.dialogs.ended(self.id)
        self._close_port()
        self._lines.remove(self._device.id)
        self._ring = None

    def _close_port(self) -> None:
        if self.port is not None:
            self._lines.owners.pop(self.port, None)
            self.port.close()
            self.port = None

    def _tell(self, event: LegEvent, now: float) -> None:
        self._lines.tell(self, event, now)


def _refusal(status: int) -> Cause:
    """What a final answer of a phone that rang means for the call."""
    if 300 <= status < 400:
        return Cause.NO_ANSWER  # it has sent the call on; whoever follows decides
    if status in (401, 407):
        return Cause.FORBIDDEN
    if status == 503:
        return Cause.UNREACHABLE  # its connection is gone; it is not us who are busy
    return from_sip(status)
