"""A call of ours until it is answered: one INVITE, the forks that ring, and what is done with each 2xx.

The first 2xx wins. Every later one, and one that crossed our CANCEL, is acknowledged and
hung up at once (RFC 3261 §13.2.2.4).
"""

from typing import TYPE_CHECKING

from offhook.sip.client import InviteClient
from offhook.sip.compose import ALLOW, EMPTY, SUPPORTED, ending
from offhook.sip.core import request_head
from offhook.sip.dialog import Dialog
from offhook.sip.headers import split_list, uri_of
from offhook.sip.message import Response
from offhook.sip.transaction import State

if TYPE_CHECKING:
    from offhook.sip.session import Session


class Calling:
    __slots__ = (
        "_cseq",
        "_headers",
        "_hops",
        "_parting",
        "_remote",
        "_sdp",
        "_session",
        "_tx",
        "_uri",
        "forks",
    )

    def __init__(
        self, session: "Session", uri: bytes, remote: bytes, sdp: bytes | None, headers: bytes, hops: int
    ) -> None:
        self.forks: dict[bytes, bytes] = {}  # places that ring, by their tag: the description each sent
        self._session = session
        self._uri = uri
        self._remote = remote
        self._sdp = sdp  # None: the other end makes the offer
        self._headers = headers
        self._hops = hops
        self._cseq = 0
        self._tx: InviteClient | None = None
        self._parting: bytes | None = None  # the headers to leave with, once we want to

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
        self._tx = core.invite(branch, head, self._remote, self._cseq, rest, session.flow, self, now)

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

    def failed(self, tx: InviteClient, status: int, now: float) -> None:
        self._session.end(status if self._parting is None else 487, b"", now)

    def _cancel(self, now: float) -> None:
        tx = self._tx
        if tx is not None and tx.state is State.PROCEEDING and self._parting is not None:
            self._session.core.count("CANCEL")
            tx.cancel(self._remote, self._parting, now)

    def _progressed(self, response: Response, now: float) -> None:
        session = self._session
        if self._parting is not None:
            if not self.forks:
                self._cancel(now)
            return
        if response.status == 100 or session.calling is not self:
            return
        tag = response.to_tag
        sdp = response.body
        if tag and (sdp or tag not in self.forks):
            self.forks[tag] = sdp
        session.core.tell(session.owner.progressed, response.status, sdp, now)

    def _answered(self, tx: InviteClient, response: Response, now: float) -> None:
        session = self._session
        dialog = Dialog.of_response(response, session.call_id, session.local, self._cseq, self._uri)
        if session.calling is not self:
            self._acknowledge(tx, dialog, EMPTY)
            session.send_bye(dialog, b"", now)
            return
        if self._parting is not None:
            self._acknowledge(tx, dialog, EMPTY)
            session.send_bye(dialog, self._parting, now)
            session.end(487, b"", now)
            return
        session.talk(dialog)
        session.refresh.answered(response, now)
        sdp = response.body or self.forks.get(dialog.remote_tag, b"")
        session.heard(sdp)
        if self._sdp is None:
            session.core.tell(self._answer_late, tx, dialog, sdp, now)
        else:
            self._acknowledge(tx, dialog, EMPTY)
            session.sdp = self._sdp
            session.core.tell(session.owner.answered, sdp, now)

    def _answer_late(self, tx: InviteClient, dialog: Dialog, offer: bytes, now: float) -> None:
        """The 2xx carried the offer; the ACK must carry the answer."""
        session = self._session
        answer = session.owner.offered(offer, now) if offer else 488
        if isinstance(answer, bytes):
            session.sdp = answer
            self._acknowledge(tx, dialog, ending(answer))
            session.core.tell(session.owner.answered, offer, now)
        else:
            self._acknowledge(tx, dialog, EMPTY)
            session.send_bye(dialog, b"", now)
            session.end(answer, b"", now)

    def _refused(self, response: Response, now: float) -> None:
        session = self._session
        status = response.status
        if session.calling is not self:
            return
        if status == 422 and self._parting is None and session.refresh.refused(response):
            self.forks.clear()
            self.start(now)
            return
        if status < 400 and self._parting is None:
            contacts = [uri_of(one) for one in split_list(response.get(b"contact") or b"")]
            session.core.tell(session.owner.redirected, contacts, now)
        session.end(status, response.get(b"reason") or b"", now)

    def _acknowledge(self, tx: InviteClient, dialog: Dialog, rest: bytes) -> None:
        core = self._session.core
        core.count("ACK")
        head = dialog.head(core.place(tx.flow).via, core.branch())
        tx.acknowledge(
            dialog.remote_tag, b"ACK%bTo: %b\r\nCSeq: %d ACK\r\n%b" % (head, dialog.remote, tx.cseq, rest)
        )
