"""A call to us until its ACK: provisional responses, reliable ones where required, the 2xx and its copies."""

from typing import TYPE_CHECKING, Final

from offhook.sip.compose import ALLOW, EMPTY, SUPPORTED, ending
from offhook.sip.dialog import Dialog
from offhook.sip.message import Request
from offhook.sip.reliable import Reliable
from offhook.sip.timers import LATER, T1, T2, Alarm
from offhook.sip.transaction import InviteServer

if TYPE_CHECKING:
    from offhook.sip.session import Session

_MINUTE: Final = 60.0
_RESEND: Final = "resend"
_GIVE_UP: Final = "give up"


class Called:
    __slots__ = ("_alarm", "_answer", "_data", "_dialog", "_request", "_routes", "_session", "tx")

    def __init__(self, session: "Session", dialog: Dialog, tx: InviteServer, request: Request) -> None:
        self.tx = tx
        self._dialog = dialog
        self._session = session
        self._request = request
        self._routes = b"Record-Route: %b\r\n" % b", ".join(dialog.routes) if dialog.routes else b""
        self._alarm: Alarm | None = None  # to say again each minute that it rings
        self._data = (0, b"")  # the newest provisional response, to be said again each minute
        self._answer: bytes | None = None  # waits for a PRACK
        session.learn(request)
        session.heard(request.body)
        if b"100rel" in (request.get(b"require") or b""):
            session.reliable = Reliable(session, tx, request)

    @property
    def is_late(self) -> bool:
        """Whether the INVITE brought no offer, so that we make it."""
        return not self._request.body

    def progress(self, status: int, sdp: bytes, now: float) -> None:
        if self.tx.is_answered or self._answer is not None:
            return
        session = self._session
        if sdp:
            session.sdp = sdp
        contact = session.core.place(session.flow).contact
        rest = b"%b%b%b%b" % (self._routes, contact, ALLOW, session.identity)
        if session.reliable is not None:
            session.reliable.send(status, rest, sdp, now)
            return
        self._data = (status, rest + ending(sdp))
        self.tx.respond(status, self._data[1], now)
        if self._alarm is None:
            self._alarm = session.core.timers.at(now + _MINUTE, self, None, now)

    def answer(self, sdp: bytes, now: float) -> None:
        if self.tx.is_answered or self._answer is not None:
            return
        session = self._session
        reliable = session.reliable
        if reliable is not None and not reliable.is_open_for_2xx:
            self._answer = sdp  # RFC 3262 §3: not while a description waits for its PRACK
            return
        late = self.is_late
        if reliable is not None:
            if reliable.sdp:
                sdp, late = b"", False  # all was said in the reliable response (RFC 6337 §2.2)
            reliable.stop()
        if sdp:
            session.sdp = sdp
        core = session.core
        rest = b"".join(
            (
                self._routes, core.place(session.flow).contact, ALLOW, SUPPORTED, session.identity,
                session.refresh.answer(self._request, session, now), core.server, ending(sdp),
            )
        )  # fmt: skip
        data = self.tx.respond(200, rest, now)
        self._stop()
        session.talk(self._dialog)
        session.await_ack(data, self.tx, self._request.cseq, late=late, first=True, now=now)

    def refuse(self, status: int, headers: bytes, now: float) -> None:
        if self._session.reliable is not None:
            self._session.reliable.stop()
        self.tx.respond(status, headers + EMPTY, now)
        self._stop()

    def acknowledged(self, now: float) -> None:
        """A PRACK has come: the answer may go out if it waited for that."""
        if self._answer is not None:
            sdp, self._answer = self._answer, None
            self.answer(sdp, now)

    def cancelled(self, cancel: Request, now: float) -> None:
        self.refuse(487, b"", now)
        self._session.end(487, cancel.get(b"reason") or b"", now)

    def lost(self, now: float) -> None:
        if self._session.called is self:
            self._session.end(503, b"", now)

    def due(self, token: object, now: float) -> None:
        """Still ringing: a proxy on the way forgets an INVITE after three minutes of silence."""
        if not self.tx.is_answered:
            status, rest = self._data
            self.tx.respond(status, rest, now)
            self._alarm = self._session.core.timers.at(now + _MINUTE, self, None, now)

    def _stop(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()


class Unacknowledged:
    """A 2xx of ours, resent until its ACK (RFC 3261 §13.3.1.4), for INVITE and re-INVITE alike."""

    __slots__ = ("_data", "_interval", "_session", "cseq", "first", "flow", "late")

    def __init__(
        self, session: "Session", data: bytes, tx: InviteServer, cseq: int, *, late: bool, first: bool
    ) -> None:
        self.cseq = cseq
        self.flow = tx.flow
        self.late = late  # the ACK brings the answer to our offer
        self.first = first
        self._session: Session | None = session
        self._data = data
        self._interval = T1

    def start(self, now: float) -> None:
        session = self._session
        assert session is not None
        session.core.timers.after(T1, self, _RESEND, now)  # over TCP too: hops behind it may lose it

    def stop(self) -> None:
        self._session = None
        self._data = b""

    def due(self, token: object, now: float) -> None:
        session = self._session
        if session is None:
            return
        core = session.core
        if token is _GIVE_UP:
            session.unacknowledged(now)
            return
        core.transactions.resent += 1
        core.send(self._data, self.flow)
        if self._interval == T1:
            core.timers.after(LATER, self, _GIVE_UP, now)
        self._interval = min(2 * self._interval, T2)
        core.timers.after(self._interval, self, _RESEND, now)
