"""Provisional responses that must arrive, RFC 3262: only for an INVITE that requires 100rel."""

from collections import deque
from typing import TYPE_CHECKING, Final

from offhook.sip.compose import EMPTY, ending
from offhook.sip.message import Request
from offhook.sip.timers import LATER, LIFE, T1
from offhook.sip.transaction import InviteServer, ServerTransaction

if TYPE_CHECKING:
    from offhook.sip.session import Session

_GIVE_UP: Final = "give up"


class Reliable:
    """Those of one INVITE: one on the way at a time, the others wait for its PRACK."""

    __slots__ = ("_cseq", "_interval", "_number", "_open", "_session", "_tx", "_unsent", "late", "sdp")

    def __init__(self, session: "Session", tx: InviteServer, request: Request) -> None:
        self.late = not request.body
        self.sdp = b""  # the description that one of them carried
        self._session: Session | None = session
        self._tx = tx
        self._cseq = request.cseq
        self._number = session.core.random.randrange(1, 1 << 30)
        self._open = (0, b"", b"")  # status, lines and description of the one on the way
        self._unsent: deque[tuple[int, bytes, bytes]] = deque()
        self._interval = T1

    @property
    def is_open_for_2xx(self) -> bool:
        """The 2xx may overtake a mere 180, but no description (RFC 3262 §3)."""
        return not self._open[2] and not any(sdp for _, _, sdp in self._unsent)

    def send(self, status: int, lines: bytes, sdp: bytes, now: float) -> None:
        if self.sdp:
            sdp = b""  # said already
        self.sdp = self.sdp or sdp
        self._unsent.append((status, lines, sdp))
        if not self._open[0]:
            self._next(now)

    def stop(self) -> None:
        self._session = None
        self._unsent.clear()

    def acknowledged(self, prack: Request, now: float) -> bool:
        """Whether this PRACK is for the one on the way."""
        words = (prack.get(b"rack") or b"").split()
        wanted = [b"%d" % self._number, b"%d" % self._cseq, b"INVITE"]
        if words != wanted or not self._open[0]:
            return False
        self._open = (0, b"", b"")
        if self._unsent and self._session is not None:
            self._next(now)
        return True

    def due(self, token: object, now: float) -> None:
        """Copies at doubling intervals; without a PRACK after 64*T1 the INVITE is refused."""
        session = self._session
        if session is None or not self._open[0] or self._tx.is_answered:
            return
        if token == (_GIVE_UP, self._number):
            self._tx.respond(504, EMPTY, now)
            session.end(408, b"", now)
        elif token == self._number:
            self._write(now)
            session.core.transactions.resent += 1
            if self._interval == T1:
                session.core.timers.after(LATER, self, (_GIVE_UP, self._number), now)
            self._interval *= 2
            if self._interval < LIFE / 2 + 1:
                session.core.timers.after(self._interval, self, self._number, now)

    def _next(self, now: float) -> None:
        assert self._session is not None
        self._open = self._unsent.popleft()
        self._number += 1
        self._interval = T1
        self._write(now)
        self._session.core.timers.after(T1, self, self._number, now)

    def _write(self, now: float) -> None:
        status, lines, sdp = self._open
        self._tx.respond(
            status, b"%bRequire: 100rel\r\nRSeq: %d\r\n%b" % (lines, self._number, ending(sdp)), now
        )


def answer_prack(session: "Session", tx: ServerTransaction, prack: Request, now: float) -> None:
    """A description in it answers the offer of our reliable response, or is an offer of its own."""
    reliable = session.reliable
    if reliable is None or not reliable.acknowledged(prack, now):
        tx.respond(481, EMPTY, now)
        return
    body = prack.body
    if not body:
        tx.respond(200, EMPTY, now)
    elif reliable.late and reliable.sdp:
        tx.respond(200, EMPTY, now)
        session.core.tell(session.owner.agreed, body, now)
    else:
        answer = session.owner.offered(body, now)
        tx.respond(200, ending(answer), now) if isinstance(answer, bytes) else tx.respond(answer, EMPTY, now)
    if session.called is not None:
        session.called.acknowledged(now)
