"""A call of ours until it is answered: one INVITE, the forks that ring, and what is done with each 2xx.

The first 2xx wins. Every later one, and one that crossed our CANCEL, is acknowledged and
hung up at once (RFC 3261 §13.2.2.4).
"""

import re
from typing import TYPE_CHECKING

from offhook.sip.client import InviteClient, ignore
from offhook.sip.compose import ALLOW, EMPTY, SUPPORTED, ending
from offhook.sip.core import Core, request_head
from offhook.sip.credentials import MOST_AGAIN, Trial
from offhook.sip.dialog import Dialog, acknowledge, ask, send_bye
from offhook.sip.headers import param, split_list, uri_of
from offhook.sip.message import Response
from offhook.sip.transaction import State

if TYPE_CHECKING:
    from offhook.sip.session import Session

_Q = re.compile(rb"[01](?:\.[0-9]{0,3})?\Z")


class Calling:
    __slots__ = (
        "_cseq",
        "_give_up",
        "_headers",
        "_hops",
        "_is_cancelled",
        "_parting",
        "_pracked",
        "_rang",
        "_remote",
        "_sdp",
        "_session",
        "_trial",
        "_tx",
        "_uri",
        "forks",
    )

    def __init__(
        self,
        session: "Session",
        uri: bytes,
        remote: bytes,
        sdp: bytes | None,
        headers: bytes,
        hops: int,
        give_up: float | None,
    ) -> None:
        self.forks: dict[bytes, bytes] = {}  # places that ring, by their tag: the description each sent
        self._session = session
        self._uri = uri
        self._remote = remote
        self._sdp = sdp  # None: the other end makes the offer
        self._headers = headers
        self._hops = hops
        self._give_up = give_up  # after so many seconds without any response
        self._cseq = 0  # of the newest request, which may be one within an early dialog
        self._rang: Response | None = None  # the newest that said where it rings
        self._tx: InviteClient | None = None
        self._parting: bytes | None = None  # the headers to leave with, once we want to
        self._is_cancelled = False
        self._pracked: dict[bytes, int] = {}  # by place: the newest response that had to be acknowledged
        self._trial = None if session.answers is None else Trial(session.answers)

    def start(self, now: float) -> None:
        session = self._session
        core = session.core
        place = core.place(session.flow)
        branch = core.branch()
        self._cseq += 1
        head = request_head(self._uri, place.via, branch, self._hops, b"", session.local, session.call_id)
        rest = b"".join(
            (
                place.contact, ALLOW, SUPPORTED, session.refresh.asked(), core.user_agent,
                self._headers, ending(self._sdp or b""),
            )
        )  # fmt: skip
        if session.answers is not None:
            rest = session.answers.lines("INVITE", self._uri) + rest
        self._tx = core.invite(branch, head, self._remote, self._cseq, rest, session.flow, self, now)
        if self._give_up is not None:
            core.timers.at(now + self._give_up, self, self._tx, now)

    @property
    def rings(self) -> bool:
        return self._rang is not None

    def early(self) -> Dialog | None:
        """The dialog with the place that rings, the last of several, for one request (RFC 3261 §12.1.2)."""
        if self._rang is None:
            return None
        session = self._session
        dialog = Dialog.of_response(self._rang, session.call_id, session.local, self._cseq, self._uri)
        dialog.answers = session.answers
        self._cseq += 1 if session.answers is None else 1 + MOST_AGAIN  # it may have to be sent again
        return dialog

    def leave(self, headers: bytes, now: float) -> None:
        if self._parting is None:
            self._parting = headers
            self._cancel(now)

    def responded(self, tx: InviteClient, response: Response, now: float) -> None:
        status = response.status
        if status < 200:
            self._progressed(response, now)
        elif status < 300:
            self._answered(tx, response, now)
        else:
            self._refused(response, now)

    def due(self, token: object, now: float) -> None:
        """Not a word to an INVITE: should one still come, a CANCEL or BYE follows it (RFC 3261 §9.1)."""
        tx = self._tx
        if tx is None or tx is not token or tx.state is not State.CALLING:
            return
        tx.abandon(now)
        status, self._parting = (408, b"") if self._parting is None else (487, self._parting)
        self._session.end(status, b"", now)

    def failed(self, tx: InviteClient, status: int, now: float) -> None:
        self._session.end(status if self._parting is None else 487, b"", now)

    def _cancel(self, now: float) -> None:
        tx = self._tx
        if self._parting is None or self._is_cancelled or tx is None or tx.state is not State.PROCEEDING:
            return
        self._is_cancelled = True
        self._session.core.count("CANCEL")
        tx.cancel(self._remote, self._parting, now)

    def _progressed(self, response: Response, now: float) -> None:
        session = self._session
        if self._parting is not None:
            self._cancel(now)
            return
        if response.status == 100:
            return
        tag = response.to_tag
        sdp = response.body
        number = _reliable(response)
        if number is not None and not self._is_next(tag, number):
            return
        if tag:
            self._rang = response
            session.learn(response)
            if sdp or tag not in self.forks:
                self.forks[tag] = sdp
            if number is not None:
                self._acknowledge(number, now)
        session.core.tell(session.owner.progressed, response.status, sdp, now)

    def _is_next(self, tag: bytes, number: int) -> bool:
        """Whether this is the next reliable response of a place: no copy, and none before it is missing."""
        newest = self._pracked.get(tag, number - 1)
        if number == newest + 1:
            self._pracked[tag] = number
            return True
        return False

    def _acknowledge(self, number: int, now: float) -> None:
        """PRACK the response that has just rung (RFC 3262 §4)."""
        session, dialog, invite = self._session, self.early(), self._tx
        if dialog is not None and invite is not None:
            rest = b"RAck: %d %d INVITE\r\n%b" % (number, invite.cseq, EMPTY)
            ask(session.core, dialog, "PRACK", rest, session.flow, ignore, now)

    def _answered(self, tx: InviteClient, response: Response, now: float) -> None:
        session = self._session
        core = session.core
        later = _Later(session, self._uri, self._cseq)
        tx.user = later
        if self._parting is not None:
            later.decline(tx, response, self._parting, now)
            session.end(487, b"", now)
            return
        dialog = Dialog.of_response(response, session.call_id, session.local, self._cseq, self._uri)
        session.talk(dialog)
        session.learn(response)
        session.refresh.answered(response, session, now)
        sdp = response.body or self.forks.get(dialog.remote_tag, b"")
        session.heard(sdp)
        if self._sdp is None:
            core.tell(_answer_late, session, tx, dialog, sdp, now)
        else:
            acknowledge(core, dialog, tx, EMPTY)
            session.sdp = self._sdp
            core.tell(session.owner.answered, sdp, now)
        if session.identity:
            core.tell(session.say_who, now)

    def _refused(self, response: Response, now: float) -> None:
        session = self._session
        status = response.status
        if self._parting is None and self._may_repeat(response):
            self.forks.clear()
            self._pracked.clear()
            self._rang = None
            self.start(now)
            return
        if status < 400 and self._parting is None:
            contacts = sorted(split_list(response.get(b"contact") or b""), key=_preference, reverse=True)
            session.core.tell(session.owner.redirected, [uri_of(one) for one in contacts], now)
        session.end(status, response.get(b"reason") or b"", now)

    def _may_repeat(self, response: Response) -> bool:
        """Whether it was refused only for what the next one may say better."""
        if response.status == 422:
            return self._session.refresh.refused(response)
        return self._trial is not None and self._trial.may_repeat(response)


class _Later:
    """Takes the place of a call that was answered, for the 2xx of its other forks."""

    __slots__ = ("_answers", "_call_id", "_core", "_cseq", "_local", "_uri")

    def __init__(self, session: "Session", uri: bytes, cseq: int) -> None:
        self._answers = session.answers
        self._core: Core = session.core
        self._call_id = session.call_id
        self._local = session.local
        self._uri = uri
        self._cseq = cseq

    def responded(self, tx: InviteClient, response: Response, now: float) -> None:
        self.decline(tx, response, b"", now)

    def failed(self, tx: InviteClient, status: int, now: float) -> None:
        """It cannot any more."""

    def decline(self, tx: InviteClient, response: Response, headers: bytes, now: float) -> None:
        """A 2xx we do not want: ACK and BYE."""
        dialog = Dialog.of_response(response, self._call_id, self._local, self._cseq, self._uri)
        dialog.answers = self._answers
        acknowledge(self._core, dialog, tx, EMPTY)
        send_bye(self._core, dialog, tx.flow, headers, now)


def _reliable(response: Response) -> int | None:
    """The number of a provisional response that wants a PRACK."""
    number = response.get(b"rseq")
    if number is None or b"100rel" not in (response.get(b"require") or b"").lower():
        return None
    return int(number) if number.isdigit() and len(number) <= 10 else None


def _preference(contact: bytes) -> float:
    """Its q; what has none, or nonsense, comes first (RFC 3261 §20.10)."""
    q = param(contact, b"q") or b"1"
    return float(q) if _Q.match(q) else 1.0


def _answer_late(session: "Session", tx: InviteClient, dialog: Dialog, offer: bytes, now: float) -> None:
    """The 2xx carried the offer; the ACK must carry the answer."""
    core = session.core
    answer = session.owner.offered(offer, now) if offer else 488
    if isinstance(answer, bytes):
        session.sdp = answer
        acknowledge(core, dialog, tx, ending(answer))
        core.tell(session.owner.answered, offer, now)
    else:
        acknowledge(core, dialog, tx, EMPTY)
        send_bye(core, dialog, session.flow, b"", now)
        session.end(answer, b"", now)
