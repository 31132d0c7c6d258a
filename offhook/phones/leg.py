"""A SIP dialog as a leg: what the call commands goes to the phone, what the phone does goes to the call.

Re-INVITE and UPDATE are answered here, with this leg's own port, and never relayed; of all that may
change, the call hears of holding alone. Once a leg is GONE nothing it is told matters any more.

              ring()               answered
    IDLE ──────────────► RINGING ───────────┐
      │                                     ▼
      │   invited()                answer()
      └────────────────► WAITING ────────► TALKING      anything ──hangup(), ended──► GONE
"""

from dataclasses import replace
from enum import Enum, auto

from offhook.calls.cause import Cause
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
    Bridge,
    Codecs,
    NoCommonCodec,
    NoMedia,
    Port,
    PortDigit,
    PortEvent,
    PortFound,
    PortLost,
    PortRenegotiate,
    PortReport,
)
from offhook.people.directory import DeviceInfo, Srtp
from offhook.phones.identity import user_of
from offhook.phones.lines import HOPS, Lines, Place
from offhook.phones.negotiation import Negotiation
from offhook.phones.referral import Referrals
from offhook.phones.ring import Ring
from offhook.phones.waiting import Waiting
from offhook.phones.words import digit_in, identity, obeys, reason, refusal
from offhook.sip.endpoint import Endpoint
from offhook.sip.message import Request, Response
from offhook.sip.replaces import Replaces
from offhook.sip.session import Session
from offhook.sip.transaction import ServerTransaction


class State(Enum):
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
        self.takes_orders = place.takes_orders
        self._device = device
        self._srtp: Srtp = device.srtp
        self._place = place
        self._lines = lines
        self._state = State.IDLE
        self._session: Session | None = None
        self._ring: Ring | None = None
        self._negotiation = Negotiation()
        self._waiting: Waiting | None = None  # its INVITE
        self._lost = False
        self._shown = ("", "")  # number and name on its display, as far as it listens to us
        self._is_to_answer = False  # as soon as it can be told
        self._referrals: Referrals | None = None  # from its first REFER on

    def invited(self, tx: ServerTransaction, request: Request, codecs: Codecs, now: float) -> None:
        """It calls us. Its offer is kept; no port is opened before there is something to hear."""
        self._negotiation.offer, self.codecs = request.body, codecs
        self.hops = max(0, int(request.get(b"max-forwards") or HOPS) - 1)  # RFC 3261 §16.6
        self._state = State.WAITING
        self._lines.add(self._device.id)
        self._session = self._take(tx, request, now)
        self._waiting = Waiting(self._session, self._lines)
        self._learn()

    def _take(self, tx: ServerTransaction, request: Request, now: float) -> Session:
        return self._lines.endpoint.accept(tx, request, self, now)

    # ---- what the call commands

    def ring(
        self, who: Party, bridge: Bridge, *, like: Codecs | None, auto_answer: bool = False, hops: int = 70
    ) -> None:
        if self._state is State.IDLE:
            self._ring, self._shown = Ring(who, bridge, like, auto_answer, hops), (who.number, who.name)
            self._lines.add(self._device.id)
            self._invite(self._ring)

    def proceed(self, bridge: Bridge, *, early: Codecs | None = None) -> None:
        if self._waiting is None:
            return
        if early is None or not self._negotiation.offer:  # to a late offer nothing can be answered yet
            self._waiting.proceed(180)
        elif self._settle(bridge, early):
            self._waiting.proceed(183, self._negotiation.answer)

    def answer(self, bridge: Bridge, *, like: Codecs) -> None:
        if self._waiting is None or self._session is None or not self._settle(bridge, like):
            return
        self._waiting.answer(self._negotiation.answer)
        self._talks(self._session)
        if offer := self._negotiation.offer:
            self._notice_hold(offer, self._lines.now())

    def connected_to(self, party: Party) -> None:
        if self._session is None or self._state is State.GONE or (party.number, party.name) == self._shown:
            return
        self._shown = party.number, party.name
        host = self._lines.addresses.hostport(self._place.flow)
        self._session.introduce(identity(party, host), self._lines.now())

    def pick_up(self) -> None:
        if self._state is State.RINGING:
            self._is_to_answer = True
            self._learn()

    def hold(self, holding: bool) -> None:
        if self._state is State.TALKING:
            self._order(b"hold" if holding else b"talk")

    def enter(self, bridge: Bridge) -> None:
        if self._ring is not None:
            self._ring = replace(self._ring, bridge=bridge)

    def told(self, outcome: Outcome) -> None:
        if self._referrals is not None:
            self._referrals.told(outcome.wish, outcome.cause)

    def hangup(self, cause: Cause) -> None:
        if self._referrals is not None:
            self._referrals.end(cause)
        waiting, state, self._state = self._waiting, self._state, State.GONE
        if state is not State.GONE and state is not State.IDLE:
            self._close(state)
            self._part(waiting, cause)

    # ---- what the phone does

    def progressed(self, status: int, sdp: bytes, now: float) -> None:
        if self._state is not State.RINGING or self.port is None:
            return
        self._learn()
        early = False
        if sdp:
            try:
                self._negotiation.accept(self.port, sdp)
            except NoCommonCodec:
                pass  # the answer that counts is the one in the 200
            else:
                early = True
                self.codecs = self.port.codecs
        if early or status in (180, 182):
            self._tell(Ringing(early=early), now)

    def answered(self, sdp: bytes, now: float) -> None:
        if self._state is not State.RINGING:
            return
        if self._accept(sdp, now) and self._session is not None:
            self._learn()
            self._talks(self._session)
            self._tell(Answered(), now)
            self._notice_hold(sdp, now)

    def offered(self, sdp: bytes, now: float) -> bytes | int:
        if self.port is None or self._state is State.GONE:
            return 491  # the offer of the INVITE itself is still open (RFC 3311 §5.2)
        if not sdp:
            return self._negotiation.propose_again(self.port)
        if (said := self._negotiation.repeated(sdp)) is not None:
            return said
        try:
            ours = self._negotiation.answer_again(self.port, sdp)
        except NoCommonCodec:
            return 488
        self.codecs = self.port.codecs
        if self._state is State.TALKING and self._session is not None:
            self._lines.dialogs.talks(self.id, self._session.snapshot())  # its target may have moved
        self._notice_hold(sdp, now)
        return ours

    def agreed(self, sdp: bytes, now: float) -> None:
        if self._state is not State.GONE and self._accept(sdp, now):
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
            case "REFER":
                return self._referred(request)
            case "NOTIFY":
                return 481, b""  # we have subscribed to nothing
            case _:
                return 405, b""

    def redirected(self, contacts: list[bytes], now: float) -> None:
        if self._state is State.RINGING and (number := next(filter(None, map(user_of, contacts)), "")):
            self._tell(Asked(Redirect(number)), now)

    def ended(self, status: int, reason: bytes, now: float) -> None:
        ring, had_keys = self._ring, self._place.may_have_keys(self._srtp)
        match self._state:
            case State.RINGING if status == 488 and ring is not None and had_keys:
                self._srtp = "off"  # perhaps that is all it lacks
                self._close_port()
                self._invite(ring)
            case State.RINGING:
                self._refused(status, now)
            case State.WAITING:
                self._gone(Cause.CANCELLED, now)
            case State.TALKING:
                self._gone(Cause.NORMAL if status < 300 else Cause.LOST, now)
            case State.IDLE | State.GONE:
                pass

    def heard_from_port(self, event: PortEvent, now: float) -> None:
        """News of our port from the media engine."""
        if self._state is State.GONE:
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
                if self._state is State.TALKING and self._session is not None and self.port is not None:
                    self._session.offer(self._negotiation.propose_g711(self.port), now)
            case PortReport():
                self._lines.reported(self, event, now)
            case _:
                pass  # what is played and who speaks is not about the line

    def _refused(self, status: int, now: float) -> None:
        """It has refused to ring, or to go on ringing."""
        self._gone(refusal(status), now)

    # ---- media

    def _invite(self, ring: Ring) -> None:
        self._state = State.RINGING
        try:
            self.port = self._lines.open_port(self, ring.bridge, self._place, self._srtp)
        except NoMedia:
            self._gone(Cause.OVERLOADED, self._lines.now())
            return
        sdp = self._negotiation.propose(self.port, ring.like)
        self.codecs = self.port.codecs
        self._session = self._call(ring, sdp)

    def _call(self, ring: Ring, sdp: bytes) -> Session:
        """Send the INVITE."""
        called = Party(self._device.sip_user or self.party.number, self.party.name)
        return ring.invite(self, called, self._place, self._lines, sdp)

    def _settle(self, bridge: Bridge, like: Codecs) -> bool:
        """Open our port and make our answer to its offer, once; a late offer is answered with ours."""
        if self._negotiation.answer:
            return True
        try:
            if self.port is None:
                self.port = self._lines.open_port(self, bridge, self._place, self._srtp)
            self._negotiation.settle(self.port, like)
        except (NoCommonCodec, NoMedia) as why:
            cause = Cause.OVERLOADED if isinstance(why, NoMedia) else Cause.INCOMPATIBLE
            self._give_up(cause, self._lines.now())
            return False
        self.codecs = self.port.codecs
        return True

    def _accept(self, sdp: bytes, now: float) -> bool:
        """The answer to our offer; without a good one there is no line."""
        if self.port is None or not sdp:
            self._give_up(Cause.FAILED, now)
            return False
        try:
            self._negotiation.accept(self.port, sdp)
        except NoCommonCodec:
            self._give_up(Cause.INCOMPATIBLE, now)
            return False
        self.codecs = self.port.codecs
        return True

    def _notice_hold(self, sdp: bytes, now: float) -> None:
        if self._negotiation.turns(sdp):
            self._tell(Held(self._negotiation.is_holding), now)

    # ---- in-dialog requests

    def _informed(self, request: Request, now: float) -> tuple[int, bytes]:
        key = digit_in(request)
        if key is None:
            return 415, b"Accept: application/dtmf-relay, application/dtmf\r\n"
        if key and self._state is not State.GONE:
            self._tell(Digit(key), now)
        return 200, b""

    def _referred(self, request: Request) -> tuple[int, bytes]:
        if self._session is None or self._state is State.GONE:
            return 481, b""
        if self._referrals is None:
            self._referrals = Referrals(self, self._session, self._lines, leg_of)
        return self._referrals.referred(request)

    def _learn(self) -> None:
        """What it has said may tell what it can do; with its first 18x there is a dialog to order it in."""
        session = self._session
        if session is not None and session.allow_events:
            self.takes_orders = obeys(session.allow_events)
        if self._is_to_answer and session is not None and session.has_dialog:
            self._is_to_answer = False
            self._order(b"talk")

    def _order(self, order: bytes) -> None:
        if self.takes_orders and self._session is not None:
            self._session.notify(order, b"active", self._lines.now(), done=self._ordered)

    def _ordered(self, response: Response | None, now: float) -> None:
        if response is not None and response.status in (405, 481, 489, 501):
            self.takes_orders = False  # whatever it said

    # ---- the end

    def _talks(self, session: Session) -> None:
        self._state, self._waiting = State.TALKING, None
        self._lines.dialogs.talks(self.id, session.snapshot())

    def _give_up(self, cause: Cause, now: float) -> None:
        """The line cannot go on, and it is we who say so."""
        waiting, state = self._waiting, self._state
        self._gone(cause, now)
        if state is not State.GONE:
            self._part(waiting, cause)

    def _part(self, waiting: Waiting | None, cause: Cause) -> None:
        if waiting is not None:
            waiting.refuse(cause)
        elif self._session is not None:
            self._session.hangup(self._lines.now(), headers=reason(cause))

    def _gone(self, cause: Cause, now: float) -> None:
        state = self._state
        if state is State.GONE or state is State.IDLE:
            return
        self._state = State.GONE
        try:
            self._tell(Gone(cause), now)
        finally:
            self._close(state)

    def _close(self, state: State) -> None:
        if self._waiting is not None:
            self._waiting.is_over()
        if self._referrals is not None:
            self._referrals.forget()
        if state is State.TALKING:
            self._lines.dialogs.ended(self.id)
        self._close_port()
        self._lines.remove(self._device.id)
        self._ring = self._waiting = self._referrals = None

    def _close_port(self) -> None:
        if self.port is not None:
            self._lines.close_port(self.port)
            self.port = None

    def _tell(self, event: LegEvent, now: float) -> None:
        self._lines.tell(self, event, now)


def leg_of(endpoint: Endpoint, dialog: Replaces) -> PhoneLeg | Cause:
    """The leg to which this dialog belongs; OVER for none, BUSY if it should not have been answered yet."""
    session = endpoint.find(dialog)
    if session is None or not isinstance(session.owner, PhoneLeg):
        return Cause.OVER
    return Cause.BUSY if dialog.early_only and session.is_talking else session.owner
