"""A session: the INVITE usage of a dialog, from the first INVITE to `ended`, which is told exactly once.

    Calling ──2xx──┐
                   ├──► talking ──BYE──► (leaving) ──► ended
    Called ──200───┘

RFC 3261 §13-15 as mended by RFC 6026, RFC 3262, RFC 3311 and RFC 4028. `calling` and
`called` stand while the first INVITE has no final answer, `dialog` from then on.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from offhook.sip.called import Called, Unacknowledged
from offhook.sip.calling import Calling
from offhook.sip.change import Change
from offhook.sip.client import Done, InviteClient, InviteUser, ignore
from offhook.sip.compose import ALLOW, EMPTY, SDP, SUPPORTED, ending
from offhook.sip.core import Core
from offhook.sip.credentials import Answers
from offhook.sip.dialog import Dialog, TalkingDialog, ask, send_bye
from offhook.sip.flow import Flow
from offhook.sip.identity import Identity, connected
from offhook.sip.message import Message, Request, Response
from offhook.sip.owner import NOBODY, SessionOwner
from offhook.sip.refresh import Refresh
from offhook.sip.reliable import Reliable, answer_prack
from offhook.sip.transaction import InviteServer, ServerTransaction


class _State(Enum):
    OPENING = auto()
    TALKING = auto()
    LEAVING = auto()  # we hang up, and wait for an ACK or for the end of our BYE
    ENDED = auto()


_OPENING: Final = _State.OPENING
_TALKING: Final = _State.TALKING
_LEAVING: Final = _State.LEAVING
_ENDED: Final = _State.ENDED


class Session:
    __slots__ = (
        "_change",
        "_heard",
        "_parting",
        "_state",
        "allow_events",
        "answers",
        "call_id",
        "called",
        "calling",
        "connected",
        "core",
        "dialog",
        "flow",
        "identity",
        "is_caller",
        "local",
        "local_tag",
        "owner",
        "refresh",
        "reliable",
        "sdp",
        "unacked",
    )  # fmt: skip

    def __init__(
        self,
        core: Core,
        owner: SessionOwner,
        flow: Flow,
        call_id: bytes,
        local: bytes,
        tag: bytes,
        *,
        is_caller: bool,
    ) -> None:
        self.call_id = call_id
        self.local_tag = tag
        self.flow = flow
        self.owner = owner
        self.core = core
        self.local = local
        self.is_caller = is_caller
        self.calling: Calling | None = None
        self.called: Called | None = None
        self.dialog: Dialog | None = None
        self.unacked: Unacknowledged | None = None
        self.reliable: Reliable | None = None
        self.refresh = Refresh()
        self.sdp = b""  # the newest description of ours
        self.identity = b""  # the header line that says whom they talk to now, once that is known
        self.answers: Answers | None = None  # to challenges, if we have credentials for this peer
        self.allow_events = b""  # what they said last in Allow-Events
        self.connected: Identity | None = None  # who they are, as a network vouches that is to be believed
        self._heard = b""  # the newest description of theirs
        self._change: Change | None = None
        self._parting: bytes | None = None
        self._state = _OPENING
        core.sessions[tag] = self

    # -- for its owner

    @property
    def remote_tag(self) -> bytes:
        return b"" if self.dialog is None else self.dialog.remote_tag

    def progress(self, status: int, sdp: bytes | None, now: float) -> None:
        if self.called is not None:
            self.called.progress(status, sdp or b"", now)

    def answer(self, sdp: bytes, now: float) -> None:
        if self.called is not None:
            self.called.answer(sdp, now)

    def refuse(self, status: int, now: float, *, headers: bytes = b"") -> None:
        if self.called is not None:
            self.called.refuse(status, headers, now)
            self.end(status, b"", now)

    def offer(self, sdp: bytes, now: float) -> None:
        """Change the session; waits until nothing else is being changed, and the newest offer counts."""
        if self._state is _TALKING:
            self.change.offer(sdp, now)

    def introduce(self, identity: bytes, now: float) -> None:
        """Say by this header line whom they talk to: with our answer, or once they talk in a request.

        Who does not want to know stays in the call all the same.
        """
        self.identity = identity
        self.say_who(now)

    def notify(
        self,
        event: bytes,
        state: bytes,
        now: float,
        *,
        body: bytes = b"",
        content_type: bytes = SDP,
        done: Done | None = None,
    ) -> None:
        """A NOTIFY within the dialog, be it an early one; `state` as Subscription-State gives it."""
        contact = self.core.place(self.flow).contact
        headers = b"%bEvent: %b\r\nSubscription-State: %b\r\n" % (contact, event, state)
        self.request("NOTIFY", now, headers=headers, body=body, content_type=content_type, done=done)

    @property
    def has_dialog(self) -> bool:
        """Whether a request could be sent in it: we are answered, or at least it rings."""
        return self.dialog is not None or (self.calling is not None and self.calling.rings)

    def then(self, listener: Callable[..., object], *fact: object) -> None:
        """Call `listener` when what the owner has just been asked or told is dealt with."""
        self.core.tell(listener, *fact)

    def request(
        self,
        method: str,
        now: float,
        *,
        headers: bytes = b"",
        body: bytes = b"",
        content_type: bytes = SDP,
        done: Done | None = None,
    ) -> None:
        """Anything but INVITE within the dialog; `done` hears the response, or None for silence."""
        dialog = self.dialog if self.calling is None else self.calling.early()
        if dialog is None or self._state is _ENDED:
            if done is not None:
                self.core.tell(done, None, now)
            return
        rest = headers + ending(body, content_type)
        ask(self.core, dialog, method, rest, self.flow, done or ignore, now)

    def hangup(self, now: float, *, headers: bytes = b"") -> None:
        """Whatever fits: CANCEL once it may be sent, a refusal, BYE once our 200 has its ACK."""
        if self.calling is not None:
            self.calling.leave(headers, now)
        elif self.called is not None:
            self.called.refuse(480, headers, now)
            self.end(480, b"", now)
        elif self._state is _TALKING:
            self._quiet(now)
            self._state = _LEAVING
            if self.unacked is not None and self.unacked.first:
                self._parting = headers  # not before the ACK (RFC 3261 §15)
            else:
                self._leave(headers, now)

    def snapshot(self) -> TalkingDialog:
        assert self.dialog is not None, "only a session that was answered can be taken up again"
        return self.dialog.snapshot(self.flow)

    # -- for the endpoint

    def knows(self, request: Request) -> bool:
        return self.is_known_by(request.call_id, request.from_tag)

    def is_known_by(self, call_id: bytes, remote_tag: bytes) -> bool:
        """Whether these name our dialog, or one that our INVITE may still become."""
        if call_id != self.call_id:
            return False
        if self.dialog is not None:
            return remote_tag == self.dialog.remote_tag
        return self.calling is not None and remote_tag in self.calling.forks

    def received(self, request: Request, tx: ServerTransaction, now: float) -> None:
        if self.dialog is not None and not self.dialog.is_in_order(request):
            tx.respond(500, EMPTY, now)
            return
        self.flow = tx.flow
        match request.method:
            case "BYE":
                self._bye(request, tx, now)
            case "INVITE" if isinstance(tx, InviteServer):
                if self._state is _LEAVING:
                    tx.respond(481, EMPTY, now)
                else:
                    self.change.invited(request, tx, now)
            case "UPDATE":
                self.change.updated(request, tx, now)
            case "PRACK":
                self.core.tell(answer_prack, self, tx, request, now)
            case "OPTIONS":
                tx.respond(200, ALLOW + SUPPORTED + EMPTY, now)
            case _:
                self.core.tell(self._hand_over, request, tx, now)

    def acknowledged(self, request: Request, flow: Flow, now: float) -> None:
        """An ACK within the dialog."""
        unacked = self.unacked
        if unacked is None or request.cseq != unacked.cseq:
            return
        self.flow = flow
        body = request.body
        if unacked.late and self._state is _TALKING:
            if not body:
                self.acknowledged_by(unacked, now)
                self._fail(488, now)  # our offer has no answer
                return
            self.heard(body)
            self.core.tell(self.owner.agreed, body, now)
        self.acknowledged_by(unacked, now)

    def due(self, token: object, now: float) -> None:
        self.refresh.due(token, self, now)

    # -- for its parts

    @property
    def is_talking(self) -> bool:
        return self._state is _TALKING

    @property
    def has_agreed(self) -> bool:
        """Whether no offer waits for its answer, so that UPDATE may carry one."""
        if self.called is not None:
            reliable = self.reliable
            return reliable is not None and bool(reliable.sdp) and reliable.is_open_for_2xx
        return self._state is _TALKING and (self.unacked is None or not self.unacked.late)

    @property
    def change(self) -> Change:
        if self._change is None:
            self._change = Change(self)
        return self._change

    def talk(self, dialog: Dialog) -> None:
        self.dialog = dialog
        dialog.answers = self.answers
        self.calling = self.called = None
        self._state = _TALKING

    def heard(self, sdp: bytes) -> bool:
        """Note their description; whether it says anything new."""
        news = sdp != self._heard
        self._heard = sdp
        return news

    def moved(self, message: Message) -> None:
        self.learn(message)
        if self.dialog is not None:
            self.dialog.refresh(message)

    def learn(self, message: Message) -> None:
        get = message.get
        self.allow_events = get(b"allow-events") or self.allow_events
        if get(b"p-asserted-identity") is not None or get(b"remote-party-id") is not None:
            self.connected = connected(message) or self.connected

    def say_who(self, now: float) -> None:
        if self._state is _TALKING and self.identity:
            self.change.introduce(now)

    def retry_later(self) -> bytes:
        return b"Retry-After: %d\r\n%b" % (self.core.random.randint(0, 10), EMPTY)

    def await_ack(
        self, data: bytes, tx: InviteServer, cseq: int, *, late: bool, first: bool, now: float
    ) -> None:
        if not data:
            return
        self.unacked = Unacknowledged(self, data, tx, cseq, late=late, first=first)
        self.unacked.start(now)

    def acknowledged_by(self, unacked: Unacknowledged, now: float) -> None:
        """They have our 2xx, as an ACK or something later tells."""
        unacked.stop()
        self.unacked = None
        if self._parting is not None:
            headers, self._parting = self._parting, None
            self._leave(headers, now)
            return
        if self._state is not _TALKING:
            return
        if unacked.first:
            self.core.tell(self.owner.confirmed, now)
        if self._change is not None:
            self._change.go_on(now)

    def unacknowledged(self, now: float) -> None:
        """No ACK in 64*T1 (RFC 3261 §13.3.1.4)."""
        if self._state is _TALKING:
            self._fail(408, now)
        elif self._parting is not None:
            headers, self._parting = self._parting, None
            self._leave(headers, now)

    def expire(self, now: float) -> None:
        """The other end is silent, or no longer knows this session."""
        if self._state is _TALKING:
            self._fail(408, now)

    def invite_again(self, rest: bytes, user: InviteUser, now: float) -> InviteClient:
        dialog = self.dialog
        assert dialog is not None
        core = self.core
        branch = core.branch()
        dialog.cseq += 1
        head = dialog.head(core.place(self.flow).via, branch)
        if self.answers is not None:
            rest = self.answers.lines("INVITE", dialog.uri) + rest
        return core.invite(branch, head, dialog.remote, dialog.cseq, rest, self.flow, user, now)

    def end(self, status: int, reason: bytes, now: float) -> None:
        """The only way out."""
        if self._state is _ENDED:
            return
        self._quiet(now)
        self._state = _ENDED
        self.calling = self.called = self.reliable = self._change = None  # and with them all cycles
        if self.unacked is not None:
            self.unacked.stop()
            self.unacked = None
        self.core.sessions.pop(self.local_tag, None)
        self.core.tell(self.owner.ended, status, reason, now)
        self.owner = NOBODY

    # -- how

    def _hand_over(self, request: Request, tx: ServerTransaction, now: float) -> None:
        if self._state is _ENDED:
            tx.respond(481, EMPTY, now)
            return
        status, headers = self.owner.requested(request, now)
        if status == 405:
            headers += ALLOW
        elif request.method == "REFER" and status < 300:
            self.moved(request)
            headers += self.core.place(self.flow).contact
        tx.respond(status, headers + EMPTY, now)

    def _bye(self, request: Request, tx: ServerTransaction, now: float) -> None:
        tx.respond(200, EMPTY, now)
        if self.called is not None:
            self.called.refuse(487, b"", now)
        elif self.calling is not None:
            self.calling.leave(b"", now)  # a place that rings cannot hang up, but means it
            return
        self.end(200, request.get(b"reason") or b"", now)

    def _fail(self, status: int, now: float) -> None:
        if self.dialog is not None:
            send_bye(self.core, self.dialog, self.flow, b"", now)
        self.end(status, b"", now)

    def _leave(self, headers: bytes, now: float) -> None:
        assert self.dialog is not None
        send_bye(self.core, self.dialog, self.flow, headers, now, self._left)

    def _left(self, response: Response | None, now: float) -> None:
        self.end(200, b"", now)

    def _quiet(self, now: float) -> None:
        """No more timers but those of transactions."""
        self.refresh.stop()
        if self._change is not None:
            self._change.stop(now)
