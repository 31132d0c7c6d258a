"""Changes of a session that is up: re-INVITE and UPDATE, theirs and ours, and what happens when they meet.

Only one exchange at a time (RFC 3261 §14, RFC 3311 §5). An offer of ours waits for the
ACK or the answer still due; after a 491 it waits as long as the RFC says.
"""

from typing import TYPE_CHECKING, Final

from offhook.sip.client import InviteClient
from offhook.sip.compose import ALLOW, EMPTY, SUPPORTED, ending
from offhook.sip.credentials import Trial
from offhook.sip.dialog import acknowledge
from offhook.sip.message import Request, Response
from offhook.sip.refresh import MIN_SE, is_too_small
from offhook.sip.timers import Alarm
from offhook.sip.transaction import InviteServer, ServerTransaction

if TYPE_CHECKING:
    from offhook.sip.session import Session

_AGAIN: Final = "again"


class Change:
    __slots__ = (
        "_alarm", "_answering", "_introduces", "_is_unsaid", "_offer", "_session", "_trial", "_tx",
        "_updating", "_waiting",
    )  # fmt: skip

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._waiting: bytes | None = None  # an offer of ours that could not go out yet
        self._offer: bytes | None = None  # the one on its way; b"" when it only refreshes
        self._tx: InviteClient | None = None
        self._trial: Trial | None = None  # of that, where its challenges can be answered
        self._updating = False  # our UPDATE is on its way
        self._answering = False  # theirs is with the owner
        self._is_unsaid = False  # whom they talk to now, in a request that could not go out yet
        self._introduces = False  # that is all ours is sent for: who will not hear it stays in the call
        self._alarm: Alarm | None = None

    # -- ours

    def offer(self, sdp: bytes, now: float) -> None:
        self._waiting = sdp
        self.go_on(now)

    def introduce(self, now: float) -> None:
        """Tell them who the other end is now: all our requests do, so that a refresh will do."""
        self._is_unsaid = True
        self.go_on(now)

    def refresh(self, now: float) -> None:
        """Keep the session from expiring; a change on its way does that too."""
        if self._is_busy or self._session.unacked is not None or self._waiting is not None:
            self.go_on(now)
        else:
            self._introduces = False
            self._repeat(now)

    def go_on(self, now: float) -> None:
        """Send what waits, if nothing stands in its way."""
        session = self._session
        if self._is_busy or self._alarm is not None or not session.is_talking or session.unacked is not None:
            return
        if self._waiting is not None:
            sdp, self._waiting = self._waiting, None
            self._introduces = False
            self._invite(sdp, now)
        elif self._is_unsaid:
            self._introduces = True
            self._repeat(now)

    def stop(self, now: float) -> None:
        self._waiting = None
        if self._alarm is not None:
            self._alarm.cancel()
        if self._tx is not None:
            self._tx.abandon(now)

    def due(self, token: object, now: float) -> None:
        self._alarm = None
        if not self._session.is_talking:
            return
        if token is _AGAIN:
            self.go_on(now)
        else:
            self.refresh(now)

    def responded(self, tx: InviteClient, response: Response, now: float) -> None:
        session = self._session
        status = response.status
        if status < 200:
            return
        if status < 300:
            session.moved(response)
            if session.dialog is not None:
                acknowledge(session.core, session.dialog, tx, EMPTY)
        if tx is not self._tx:
            return
        offer, self._tx, self._offer = self._offer, None, None
        if not session.is_talking:
            return
        if status < 300:
            self._agreed(offer or b"", response, now)
        elif status in (408, 481):
            self._expire(now)
        elif status == 491:
            self._wait(offer or b"", now)
        elif self._may_repeat(response):
            self._repeat_invite(offer or b"", now)
        elif offer:
            session.core.tell(session.owner.disagreed, status, now)
        self.go_on(now)

    def failed(self, tx: InviteClient, status: int, now: float) -> None:
        if tx is not self._tx:
            return
        offer, self._tx, self._offer = self._offer, None, None
        if not self._session.is_talking:
            return
        if status == 408:
            self._expire(now)
        elif offer:
            self._session.core.tell(self._session.owner.disagreed, status, now)

    # -- theirs

    def invited(self, request: Request, tx: InviteServer, now: float) -> None:
        session = self._session
        unacked = session.unacked
        if self._tx is not None or self._updating or session.calling is not None:
            tx.respond(491, EMPTY, now)
        elif session.called is not None or self._answering:
            tx.respond(500, session.retry_later(), now)
        elif unacked is not None and unacked.late:
            tx.respond(491, EMPTY, now)  # the answer to our offer is still due
        elif is_too_small(request):
            tx.respond(422, MIN_SE + EMPTY, now)
        else:
            if unacked is not None:
                session.acknowledged_by(unacked, now)  # who changes a session has had our 2xx
            self._answering = True
            session.core.tell(self._answer_invite, request, tx, now)

    def updated(self, request: Request, tx: ServerTransaction, now: float) -> None:
        session = self._session
        if is_too_small(request):
            tx.respond(422, MIN_SE + EMPTY, now)
        elif not request.body:
            session.moved(request)
            tx.respond(200, self._headers(request, now) + EMPTY, now)
        elif self._tx is not None or self._updating or session.calling is not None:
            tx.respond(491, EMPTY, now)
        elif self._answering or not session.has_agreed:
            tx.respond(500, session.retry_later(), now)
        else:
            self._answering = True
            session.core.tell(self._answer_update, request, tx, now)

    def _answer_invite(self, request: Request, tx: InviteServer, now: float) -> None:
        session = self._session
        self._answering = False
        if not session.is_talking:
            tx.respond(481, EMPTY, now)
            return
        answer = session.owner.offered(request.body, now)
        if isinstance(answer, bytes):
            session.moved(request)
            session.sdp = answer
            session.heard(request.body)
            data = tx.respond(200, self._headers(request, now) + ending(answer), now)
            session.await_ack(data, tx, request.cseq, late=not request.body, first=False, now=now)
        else:
            tx.respond(answer, EMPTY, now)
            self.go_on(now)

    def _answer_update(self, request: Request, tx: ServerTransaction, now: float) -> None:
        session = self._session
        self._answering = False
        answer = session.owner.offered(request.body, now)
        if isinstance(answer, bytes):
            session.moved(request)
            session.sdp = answer
            session.heard(request.body)
            tx.respond(200, self._headers(request, now) + ending(answer), now)
        else:
            tx.respond(answer, EMPTY, now)
        self.go_on(now)

    # -- how

    @property
    def _is_busy(self) -> bool:
        return self._tx is not None or self._updating or self._answering

    def _headers(self, request: Request, now: float) -> bytes:
        session = self._session
        timer = session.refresh.answer(request, session, now) if session.is_talking else b""
        return b"%b%b%b%b" % (session.core.place(session.flow).contact, ALLOW, SUPPORTED, timer)

    def _asking(self) -> bytes:
        session = self._session
        self._is_unsaid = False
        timer = session.refresh.asked() if session.refresh.interval else b""
        contact = session.core.place(session.flow).contact
        return b"%b%b%b%b%b" % (contact, ALLOW, SUPPORTED, session.identity, timer)

    def _repeat(self, now: float) -> None:
        """A request that changes nothing."""
        dialog = self._session.dialog
        if dialog is not None and dialog.can_update:
            self._update(now)
        else:
            self._invite(b"", now)

    def _expire(self, now: float) -> None:
        if not self._introduces:
            self._session.expire(now)

    def _may_repeat(self, response: Response) -> bool:
        """Whether an INVITE was refused only for what the next one may say better."""
        if response.status == 422:
            return self._session.refresh.refused(response)
        return self._trial is not None and self._trial.may_repeat(response)

    def _invite(self, sdp: bytes, now: float) -> None:
        answers = self._session.answers
        self._trial = None if answers is None else Trial(answers)
        self._repeat_invite(sdp, now)

    def _repeat_invite(self, sdp: bytes, now: float) -> None:
        session = self._session
        self._offer = sdp
        session.sdp = sdp or session.sdp
        self._tx = session.invite_again(self._asking() + ending(session.sdp), self, now)

    def _update(self, now: float) -> None:
        self._updating = True
        self._session.request("UPDATE", now, headers=self._asking(), done=self._refreshed)

    def _refreshed(self, response: Response | None, now: float) -> None:
        session = self._session
        self._updating = False
        if not session.is_talking:
            return
        status = 408 if response is None else response.status
        if response is not None and status < 300:
            session.moved(response)
            session.refresh.answered(response, session, now)
        elif status in (408, 481):
            self._expire(now)
        elif status in (405, 501) and session.dialog is not None:
            session.dialog.can_update = False
            self._repeat(now)
        elif status == 491 or (response is not None and status == 422 and session.refresh.refused(response)):
            self._wait(b"", now)
        self.go_on(now)

    def _agreed(self, offer: bytes, response: Response, now: float) -> None:
        session = self._session
        if session.refresh.interval:
            session.refresh.answered(response, session, now)
        body = response.body
        if not body and not self._introduces:
            session.core.tell(session.owner.disagreed, 488, now)
        elif body and (session.heard(body) or offer):
            session.core.tell(session.owner.agreed, body, now)

    def _wait(self, offer: bytes, now: float) -> None:
        """Both ends offered at once: who owns the Call-ID waits longer (RFC 3261 §14.1)."""
        session = self._session
        least, most = (210, 400) if session.is_caller else (0, 200)
        if offer and self._waiting is None:
            self._waiting = offer
        self._is_unsaid = self._is_unsaid or self._introduces
        is_more = self._waiting is not None or self._is_unsaid
        seconds = session.core.random.randint(least, most) / 100
        self._alarm = session.core.timers.at(now + seconds, self, _AGAIN if is_more else None, now)
