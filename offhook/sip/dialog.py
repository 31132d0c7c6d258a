"""A dialog: who the two ends are to each other and what their requests must carry (RFC 3261 §12)."""

from dataclasses import dataclass
from functools import partial

from offhook.sip.client import Done, InviteClient, ignore
from offhook.sip.compose import EMPTY
from offhook.sip.core import Core, request_head
from offhook.sip.credentials import Again, Answers
from offhook.sip.flow import Flow
from offhook.sip.headers import split_list, tag_of, uri_of
from offhook.sip.message import Message, Request, Response, record_routes

_HOPS = 70


@dataclass(frozen=True, slots=True)
class TalkingDialog:
    """What a BYE needs, to be kept over a restart."""

    call_id: bytes
    local: bytes  # our name and address, with our tag
    remote: bytes
    cseq: int  # the last one we used
    target: bytes
    routes: tuple[bytes, ...]
    flow: Flow


class Dialog:
    __slots__ = (
        "_routes", "_uri", "answers", "call_id", "can_update", "cseq", "local", "remote", "remote_cseq",
        "remote_tag", "routes", "target",
    )  # fmt: skip

    def __init__(
        self,
        call_id: bytes,
        local: bytes,
        remote: bytes,
        remote_tag: bytes,
        target: bytes,
        routes: tuple[bytes, ...],
        cseq: int,
    ) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.remote_tag = remote_tag
        self.target = target
        self.routes = routes
        self.cseq = cseq
        self.remote_cseq = -1
        self.can_update = False
        self.answers: Answers | None = None  # to the challenges of the other end
        self._uri = b""
        self._routes = b""

    @classmethod
    def of_response(
        cls, response: Response, call_id: bytes, local: bytes, cseq: int, target: bytes
    ) -> "Dialog":
        """The one a 2xx to our INVITE makes; `target` in case it names none."""
        remote = response.get(b"to") or b""
        routes = tuple(reversed(record_routes(response)))
        dialog = cls(call_id, local, remote, tag_of(remote), target, routes, cseq)
        dialog.refresh(response)
        return dialog

    @classmethod
    def of_request(cls, request: Request, local: bytes) -> "Dialog":
        """The one we make by answering an INVITE."""
        remote = request.get(b"from") or b""
        dialog = cls(request.call_id, local, remote, request.from_tag, b"", tuple(record_routes(request)), 0)
        dialog.remote_cseq = request.cseq
        dialog.refresh(request)
        return dialog

    @classmethod
    def of_row(cls, row: TalkingDialog) -> "Dialog":
        return cls(row.call_id, row.local, row.remote, b"", row.target, row.routes, row.cseq)

    def refresh(self, message: Message) -> None:
        """A request or response that moves the other end's target (RFC 3261 §12.2)."""
        contact = message.get(b"contact")
        if contact:
            target = uri_of(split_list(contact)[0] if b"," in contact else contact)
            if target and b" " not in target:
                self.target = target
        allow = message.get(b"allow")
        if allow is not None:
            self.can_update = b"UPDATE" in allow
        self._uri = b""

    def is_in_order(self, request: Request) -> bool:
        """Whether this request does not come behind one we have already seen (RFC 3261 §12.2.2)."""
        cseq = request.cseq
        if cseq < self.remote_cseq:
            return False
        self.remote_cseq = cseq
        return True

    @property
    def uri(self) -> bytes:
        """The Request-URI of our requests."""
        if not self._uri:
            self._aim()
        return self._uri

    def head(self, via: bytes, branch: bytes) -> bytes:
        """What a request of ours begins with, behind its method: up to the Call-ID."""
        if not self._uri:
            self._aim()
        return request_head(self._uri, via, branch, _HOPS, self._routes, self.local, self.call_id)

    def snapshot(self, flow: Flow) -> TalkingDialog:
        return TalkingDialog(self.call_id, self.local, self.remote, self.cseq, self.target, self.routes, flow)

    def _aim(self) -> None:
        """Loose routers are passed by, a strict one wants the Request-URI (RFC 3261 §12.2.1.1)."""
        self._uri, routes = self.target, self.routes
        if routes and not _is_loose(routes[0]):
            self._uri = uri_of(routes[0])
            routes = (*routes[1:], b"<%b>" % self.target)
        self._routes = b"Route: %b\r\n" % b", ".join(routes) if routes else b""


def acknowledge(core: Core, dialog: Dialog, tx: InviteClient, rest: bytes) -> None:
    """The ACK to a 2xx, and to its copies."""
    core.count("ACK")
    head = dialog.head(core.place(tx.flow).via, core.branch())
    if dialog.answers is not None:
        rest = dialog.answers.of_invite + rest
    ack = b"ACK%bTo: %b\r\nCSeq: %d ACK\r\n%b" % (head, dialog.remote, tx.cseq, rest)
    tx.acknowledge(dialog.remote_tag, ack)


def ask(core: Core, dialog: Dialog, method: str, rest: bytes, flow: Flow, done: Done, now: float) -> None:
    """Send anything but INVITE and ACK, again if it is challenged; `rest`: whatever follows the CSeq."""
    branch = core.branch()
    dialog.cseq += 1
    head = dialog.head(core.place(flow).via, branch)
    answers = dialog.answers
    if answers is not None:
        if not isinstance(done, Again):
            done = Again(answers, partial(ask, core, dialog, method, rest, flow), done)
        rest = answers.lines(method, dialog.uri) + rest
    core.request(method, branch, head, dialog.remote, dialog.cseq, rest, flow, done, now)


def send_bye(
    core: Core, dialog: Dialog, flow: Flow, headers: bytes, now: float, done: Done | None = None
) -> None:
    ask(core, dialog, "BYE", headers + EMPTY, flow, done or ignore, now)


def _is_loose(route: bytes) -> bool:
    uri = uri_of(route).lower()
    return b";lr" in uri and any(one.partition(b"=")[0] == b"lr" for one in uri.split(b";")[1:])
