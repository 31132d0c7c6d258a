"""A SIP endpoint without a network: messages and time in, messages and facts out.

After each call, `next_timeout()` says when `tick` is due at the latest. What a peer does
wrong never raises: it is answered, or dropped and counted. Nothing is kept for a request
that the gate has not admitted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Protocol

from offhook.sip.called import Called
from offhook.sip.calling import Calling
from offhook.sip.client import Done
from offhook.sip.compose import EMPTY, METHODS, SDP, ending, status_line
from offhook.sip.core import Core
from offhook.sip.credentials import Answers, Credentials
from offhook.sip.dialog import Dialog, TalkingDialog, send_bye
from offhook.sip.flow import Flow
from offhook.sip.headers import tag_of
from offhook.sip.message import Malformed, Message, Request, Response, parse, response_head, validate
from offhook.sip.owner import SessionOwner
from offhook.sip.replaces import Replaces
from offhook.sip.screening import Objection, objection_inside, objection_outside
from offhook.sip.series import Series
from offhook.sip.session import Session
from offhook.sip.transaction import InviteServer, Send, ServerTransaction, server_key

_HOPS: Final = 70
_SKIPPED: Final = 1000  # requests sent since the row was written: the next must be higher


@dataclass(frozen=True, slots=True)
class Refusal:
    """Answered at once and forgotten; `headers` are whole lines."""

    status: int
    headers: bytes = b""


class Gate(Protocol):
    """Asked about every request that belongs to no dialog and no transaction."""

    def admit(self, request: Request, flow: Flow, now: float) -> object | Refusal | None:
        """Who sent it, handed on to `requested`; how to refuse it; or None to drop it."""


class Listener(Protocol):
    def requested(self, tx: ServerTransaction, request: Request, identity: object, now: float) -> None:
        """An admitted request outside a dialog: to be answered with `respond` or `accept`."""


class Endpoint:
    def __init__(
        self,
        send: Send,
        gate: Gate,
        listener: Listener,
        *,
        address: Callable[[Flow], str] | None = None,
        secret: bytes,
        user_agent: str = "",
    ) -> None:
        self._core = Core(send, address or local_address, secret, user_agent)
        self._all = self._core.transactions
        self._gate = gate
        self._listener = listener
        self._secret = secret[:64]
        self._received: dict[str, int] = dict.fromkeys((*METHODS, "other"), 0)
        self._responses = [0] * 7
        self._refused: dict[int, int] = {}
        self._stray = 0
        self._malformed = 0

    # -- the network

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """One whole message. Keep-alives are not for here."""
        try:
            message = parse(data)
            if isinstance(message, Request):
                self._request(message, flow, now)
            else:
                self._response(message, flow, now)
        except Malformed as why:
            self._malformed += 1
            if isinstance(why.message, Request):
                self._refuse_malformed(why.message, why, flow)
        self._core.tell_all()

    def flow_closed(self, flow: Flow, now: float) -> None:
        """A connection is gone, and with it what was being done over it."""
        self._all.flow_closed(flow, now)
        self._core.tell_all()

    def tick(self, now: float) -> None:
        self._core.timers.tick(now)
        self._core.tell_all()

    def next_timeout(self) -> float | None:
        """When `tick` is due; 0.0 is at once: something done meanwhile is still to be told."""
        if self._core.has_facts:
            return 0.0
        return self._core.timers.next_timeout()

    # -- outside a dialog

    def respond(
        self,
        tx: ServerTransaction,
        status: int,
        now: float,
        *,
        reason: bytes = b"",
        headers: bytes = b"",
        body: bytes = b"",
        content_type: bytes = SDP,
    ) -> None:
        if status > 100 and not tx.tag:
            tx.make_tag(self._core.token())
        tx.respond(status, b"%b%b%b" % (headers, self._core.server, ending(body, content_type)), now, reason)

    def request(
        self,
        method: str,
        uri: bytes,
        flow: Flow,
        *,
        local: bytes,
        remote: bytes,
        headers: bytes = b"",
        body: bytes = b"",
        content_type: bytes = SDP,
        now: float,
        done: Done,
        credentials: Credentials | None = None,
        series: Series | None = None,
    ) -> None:
        """`done` hears the final response, or None for silence; with `credentials` not the challenges.

        A request in a `series`, which has its own credentials, goes on where the last one ended.
        """
        core = self._core
        if method != "REGISTER":  # there a Contact is what it is about, and none asks for those there are
            headers = core.place(flow).contact + headers
        rest = b"%b%b%b" % (headers, core.user_agent, ending(body, content_type))
        series = series or Series(core, credentials)
        series.send(method, uri, flow, local, remote, rest, _Told(core, done), now)

    def series(self, credentials: Credentials | None = None) -> Series:
        """Requests that belong together, as those of a registration."""
        return Series(self._core, credentials)

    # -- sessions

    def invite(
        self,
        uri: bytes,
        flow: Flow,
        owner: SessionOwner,
        *,
        local: bytes,
        remote: bytes,
        sdp: bytes | None,
        headers: bytes = b"",
        max_forwards: int = _HOPS,
        credentials: Credentials | None = None,
        give_up: float | None = None,
        now: float,
    ) -> Session:
        """Call `uri`; `local` and `remote` are names and addresses without tag.

        With `credentials` challenges are answered, also those of later requests. After `give_up`
        seconds without any response it ends with 408, and what may come later is hung up. Whoever
        wants provisional responses to be reliable has RELIABLY among the headers.
        """
        core = self._core
        tag = core.token()
        sender = b"%b;tag=%b" % (local, tag)
        session = Session(core, owner, flow, core.token(), sender, tag, is_caller=True)
        if credentials is not None:
            session.answers = Answers(credentials)
        session.calling = Calling(session, uri, remote, sdp, headers, max_forwards, give_up)
        session.calling.start(now)
        return session

    def accept(
        self,
        tx: ServerTransaction,
        request: Request,
        owner: SessionOwner,
        now: float,
        *,
        credentials: Credentials | None = None,
    ) -> Session:
        """Take on an INVITE; one that was cancelled meanwhile ends at once."""
        assert isinstance(tx, InviteServer)
        core = self._core
        tag = core.token()
        local = b"%b;tag=%b" % (request.get(b"to") or b"", tag)
        session = Session(core, owner, tx.flow, request.call_id, local, tag, is_caller=False)
        if credentials is not None:
            session.answers = Answers(credentials)
        if tx.is_answered:
            session.end(487, b"", now)
            return session
        tx.tag = b";tag=" + tag
        session.dialog = Dialog.of_request(request, local)
        session.called = tx.user = Called(session, session.dialog, tx, request)
        return session

    def find(self, dialog: Replaces) -> Session | None:
        """The session that a Replaces names, early or confirmed; some phones mix up the two tags."""
        for ours, theirs in ((dialog.to_tag, dialog.from_tag), (dialog.from_tag, dialog.to_tag)):
            session = self._core.sessions.get(ours)
            if session is not None and session.is_known_by(dialog.call_id, theirs):
                return session
        return None

    def farewell(self, row: TalkingDialog, now: float) -> None:
        """BYE for a session of which only this is left."""
        dialog = Dialog.of_row(row)
        dialog.cseq += _SKIPPED
        send_bye(self._core, dialog, row.flow, b"", now)

    # -- for /metrics

    @property
    def counters(self) -> dict[str, int]:
        every = self._all
        counts = {f"received {method}": n for method, n in self._received.items()}
        counts |= {f"sent {method}": n for method, n in self._core.sent.items()}
        for kind in range(1, 7):
            counts[f"received {kind}xx"] = self._responses[kind]
            counts[f"sent {kind}xx"] = every.responses_sent[kind]
        counts |= {f"refused {status}": n for status, n in self._refused.items()}
        return counts | {
            "resent": every.resent,
            "timed out": every.timed_out,
            "stray": self._stray,
            "malformed": self._malformed,
            "transactions": every.count,
            "sessions": len(self._core.sessions),
        }

    # -- requests

    def _request(self, request: Request, flow: Flow, now: float) -> None:
        method = request.method
        received = self._received
        received[method if method in received else "other"] += 1
        key = server_key(request, "INVITE" if method == "ACK" else method)
        if method == "ACK":
            self._acknowledged(request, key, flow, now)
        elif self._all.repeated(key, flow):
            pass
        elif method == "CANCEL":
            validate(request)
            self._cancel(request, key, flow, now)
        elif (tag := request.to_tag) and method != "REGISTER":
            self._inside(request, tag, key, flow, now)
        else:
            validate(request)
            self._outside(request, key, flow, now)

    def _acknowledged(self, ack: Request, key: bytes, flow: Flow, now: float) -> None:
        invite = self._all.servers.get(key)
        if isinstance(invite, InviteServer):
            invite.acknowledged(now)
            return
        session = self._core.sessions.get(ack.to_tag)
        if session is not None and session.knows(ack):
            session.acknowledged(ack, flow, now)
        else:
            self._stray += 1  # also the ACK to what was refused without state

    def _inside(self, request: Request, tag: bytes, key: bytes, flow: Flow, now: float) -> None:
        if request.method != "BYE":  # in which nothing is believed but that it is one
            validate(request)
        session = self._core.sessions.get(tag)
        if session is None or not session.knows(request):
            self._refuse(request, flow, 481)
        elif (objection := objection_inside(request)) is not None:
            self._object(request, flow, objection)
        else:
            session.received(request, self._begin(request, key, flow, b"", now), now)

    def _outside(self, request: Request, key: bytes, flow: Flow, now: float) -> None:
        """A new request: may it come in at all, and who is it?"""
        copies = b"%b %b %b" % (request.call_id, request.from_tag, request.get(b"cseq") or b"")
        if copies in self._all.seen:
            self._refuse(request, flow, 482)
            return
        objection = objection_outside(request)
        if objection is not None:
            self._object(request, flow, objection)
            return
        identity = self._gate.admit(request, flow, now)
        if identity is None:
            self._refused[0] = self._refused.get(0, 0) + 1
        elif isinstance(identity, Refusal):
            self._refuse(request, flow, identity.status, identity.headers)
        else:
            tx = self._begin(request, key, flow, copies, now)
            self._core.tell(self._hand_on, tx, request, identity, now)

    def _hand_on(self, tx: ServerTransaction, request: Request, identity: object, now: float) -> None:
        try:
            self._listener.requested(tx, request, identity, now)
        except Exception:
            self.respond(tx, 500, now)  # our mistake, which leaves nobody waiting
            raise

    def _begin(
        self, request: Request, key: bytes, flow: Flow, copies: bytes, now: float
    ) -> ServerTransaction:
        method = request.method
        head, to = response_head(request, flow)
        kind = InviteServer if method == "INVITE" else ServerTransaction
        tx = kind(self._all, key, head, to, flow, copies)
        tx.start(now)
        if method == "INVITE":
            tx.respond(100, EMPTY, now)
        return tx

    def _cancel(self, cancel: Request, key: bytes, flow: Flow, now: float) -> None:
        about = server_key(cancel, "INVITE")
        invite = self._all.servers.get(about)
        if not isinstance(invite, InviteServer):
            self._refuse(cancel, flow, 200 if about in self._all.answers else 481)
            return
        tx = self._begin(cancel, key, flow, b"", now)
        if not invite.tag and not cancel.to_tag:
            invite.make_tag(self._core.token())
        tx.tag = invite.tag
        tx.respond(200, EMPTY, now)
        if invite.is_answered:
            return
        if invite.user is not None:
            invite.user.cancelled(cancel, now)
        else:
            invite.respond(487, EMPTY, now)

    def _object(self, request: Request, flow: Flow, objection: Objection) -> None:
        self._refuse(request, flow, objection.status, objection.headers, reason=objection.reason)

    def _refuse_malformed(self, request: Request, why: Malformed, flow: Flow) -> None:
        """A 4xx if there is enough to send it back and to recognise it by."""
        if (
            request.method != "ACK"
            and request.get(b"via")
            and request.get(b"call-id")
            and request.get(b"cseq")
        ):
            self._refuse(request, flow, why.status, reason=why.reason.encode("ascii", "replace"))

    def _refuse(
        self, request: Request, flow: Flow, status: int, headers: bytes = b"", *, reason: bytes = b""
    ) -> None:
        """Answer without keeping anything; a copy of the request gets the same bytes."""
        if status >= 300:
            self._refused[status] = self._refused.get(status, 0) + 1
        head, to = response_head(request, flow)
        if not tag_of(to):
            to = b"%b;tag=%b" % (to, self._stateless_tag(request))
        line = status_line(status, reason)
        data = b"%b%bTo: %b\r\n%b%b%b" % (line, head, to, headers, self._core.server, EMPTY)
        self._all.responses_sent[status // 100] += 1
        self._core.send(data, flow)

    def _stateless_tag(self, message: Message) -> bytes:
        named = b"%b %b" % (message.branch, message.call_id)
        return blake2b(named, key=self._secret, digest_size=8).hexdigest().encode()

    # -- responses

    def _response(self, response: Response, flow: Flow, now: float) -> None:
        self._responses[response.status // 100] += 1
        if not self._all.responded(response, flow, now):
            self._stray += 1


def local_address(flow: Flow) -> str:
    """Our own end of a flow as host:port."""
    host = f"[{flow.local_host}]" if ":" in flow.local_host else flow.local_host
    return f"{host}:{flow.local_port}"


class _Told:
    """Hands a response on as a fact."""

    __slots__ = ("_core", "_done")

    def __init__(self, core: Core, done: Done) -> None:
        self._core = core
        self._done = done

    def __call__(self, response: Response | None, now: float) -> None:
        self._core.tell(self._done, response, now)
