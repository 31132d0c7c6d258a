"""SIP transactions: matching and resending, RFC 3261 §17 as mended by RFC 6026. Here the server's half.

Nothing here reads a clock or a socket: every method takes the time as `now`. The RFC
letters eleven timers; they serve three ends, and we name those: resend (A E G),
give up (B F H) and linger (D I J L M). What lingers, from the final response on, is no
transaction any more but the bytes that answer a copy; what rings has no end of its own.

                 1xx                  2xx
    CALLING ──────────► PROCEEDING ───────► ACCEPTED (client: each fork's 2xx is one to acknowledge)
                            │                  │ 64*T1
                            │ 3xx-6xx          ▼         ACK
                            └──────────► ENDED ◄──── COMPLETED (server: a refused INVITE, until its ACK)
"""

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Protocol

from offhook.sip.compose import status_line
from offhook.sip.flow import Flow
from offhook.sip.headers import split_list, tag_of
from offhook.sip.message import Request, Response
from offhook.sip.timers import LATER, LIFE, T1, T2, Timers

if TYPE_CHECKING:
    from offhook.sip.client import ClientTransaction, InviteClient

Send = Callable[[bytes, Flow], None]


class State(Enum):
    CALLING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    ENDED = auto()


class Due(Enum):
    RESEND = auto()
    GIVE_UP = auto()
    LINGER = auto()


_PROCEEDING: Final = State.PROCEEDING
_COMPLETED: Final = State.COMPLETED
_ENDED: Final = State.ENDED
_RESEND: Final = Due.RESEND
_GIVE_UP: Final = Due.GIVE_UP


class Invited(Protocol):
    """Who answers an INVITE."""

    def cancelled(self, cancel: Request, now: float) -> None: ...

    def lost(self, now: float) -> None:
        """The connection it came by is gone."""


class Transactions:
    """All of one endpoint, and what they share: the way out and the timers."""

    def __init__(self, send: Send, timers: Timers) -> None:
        self.send = send
        self.timers = timers
        self.clients: dict[bytes, ClientTransaction | InviteClient] = {}
        self.servers: dict[bytes, ServerTransaction] = {}
        self.seen: dict[bytes, bytes] = {}  # requests without a dialog, by what tells them from others
        self.answers: dict[bytes, bytes] = {}  # by the key of a server: what a copy is answered with
        self.acks: dict[bytes, bytes] = {}  # by the key of a client: for copies of a refusal
        self.responses_sent = [0] * 7
        self.resent = 0
        self.timed_out = 0
        # Nothing but bytes and floats lingers, so that the garbage collector passes it by.
        self._lingering: deque[tuple[float, bytes, bytes]] = deque()
        self._flows: dict[Flow, set[ClientTransaction | InviteClient | ServerTransaction]] = {}

    @property
    def count(self) -> int:
        return len(self.clients) + len(self.servers) + len(self._lingering)

    def responded(self, response: Response, flow: Flow, now: float) -> bool:
        """Whether somebody waited for this response."""
        via = response.get(b"via") or b""
        branch = via.find(b";branch=") + 8
        end = via.find(b";", branch)
        key = via[branch:] if end < 0 else via[branch:end]
        cseq = response.get(b"cseq") or b""
        if cseq.endswith(b"CANCEL"):
            key += b"-cancel"
        client = self.clients.get(key)
        if client is None:
            ack = self.acks.get(key)
            if ack is None or response.status < 300:
                return False
            self.resent += 1
            self.send(ack, flow)  # ours was lost
        elif cseq.endswith(client.name) and b"," not in via:  # one Via, and it is ours (§8.1.3.3)
            client.receive(response, now)
        else:
            return False
        return True

    def repeated(self, key: bytes, flow: Flow) -> bool:
        """Whether a request with this key is a copy; then it was answered if an answer is there."""
        server = self.servers.get(key)
        answer = server.answer if server is not None else self.answers.get(key)
        if answer:
            self.resent += 1
            self.send(answer, flow)
        return answer is not None

    def flow_closed(self, flow: Flow, now: float) -> None:
        for transaction in self._flows.pop(flow, set()):
            transaction.lose(now)

    def add_client(self, client: "ClientTransaction | InviteClient") -> None:
        self.clients[client.key] = client
        if client.reliable:
            self._flows.setdefault(client.flow, set()).add(client)

    def remove_client(self, client: "ClientTransaction | InviteClient", ack: bytes, now: float) -> None:
        """With an ACK for the copies of its refusal, if it lingers."""
        self.clients.pop(client.key, None)
        if client.reliable:
            self._unbind(client)
        elif ack:
            self.acks[client.key] = ack
            self._linger(client.key, b"", now)

    def add_server(self, server: "ServerTransaction") -> None:
        self.servers[server.key] = server
        if server.copies:
            self.seen[server.copies] = server.key
        if server.reliable:
            self._flows.setdefault(server.flow, set()).add(server)

    def remove_server(self, server: "ServerTransaction", answer: bytes | None, now: float) -> None:
        """With what answers copies, b"" for nothing, if it lingers."""
        self.servers.pop(server.key, None)
        if server.reliable:
            self._unbind(server)
        if answer is not None:
            self.answers[server.key] = answer
            self._linger(server.key, server.copies, now)
        elif server.copies:
            self.seen.pop(server.copies, None)

    def due(self, token: object, now: float) -> None:
        lingering = self._lingering
        while lingering and lingering[0][0] <= now:
            _, key, copies = lingering.popleft()
            self.answers.pop(key, None)
            self.acks.pop(key, None)
            if copies:
                self.seen.pop(copies, None)
        if lingering:
            self.timers.after(T1, self, None, now)

    def _linger(self, key: bytes, copies: bytes, now: float) -> None:
        if not self._lingering:
            self.timers.after(LIFE, self, None, now)
        self._lingering.append((now + LIFE, key, copies))

    def _unbind(self, transaction: "ClientTransaction | InviteClient | ServerTransaction") -> None:
        bound = self._flows.get(transaction.flow)
        if bound is not None:
            bound.discard(transaction)
            if not bound:
                del self._flows[transaction.flow]


def server_key(request: Request, method: str) -> bytes:
    """What a request, its copies and its ACK share (§17.2.3); with "INVITE" also its CANCEL."""
    via = request.get(b"via") or b""
    at = via.find(b";branch=z9hG4bK")
    name = method.encode("latin-1")
    if at > 0 and b"," not in via and via[at + 15 : at + 16] not in (b"", b";"):
        end = via.find(b";", at + 15)
        return b"%b %b %b" % (via[: via.find(b";")], via[at:] if end < 0 else via[at:end], name)
    hop = split_list(via)[0] if via else b""
    return b"%b ;branch=%b %b" % (hop[: hop.find(b";")], request.branch, name)


class ServerTransaction:
    """A request we answer, other than INVITE and ACK (RFC 3261 figure 8).

    `head` is what all its responses have in common, Via to CSeq; `to` its To without our tag.
    """

    __slots__ = ("_all", "_head", "_to", "answer", "copies", "flow", "key", "reliable", "state", "tag")

    def __init__(
        self, all_: Transactions, key: bytes, head: bytes, to: bytes, flow: Flow, copies: bytes
    ) -> None:
        self.key = key
        self.copies = copies
        self.flow = flow
        self.reliable = flow.transport != "udp"
        self.state = _PROCEEDING
        self.tag = b""  # with its name: b";tag=…", to follow `to`
        self.answer = b""  # the newest response, for copies
        self._all = all_
        self._head = b"%bTo: %b" % (head, to)
        self._to = to

    @property
    def is_answered(self) -> bool:
        return self.state is not _PROCEEDING

    def make_tag(self, tag: bytes) -> None:
        """Ours, unless the request came with one."""
        if not tag_of(self._to):
            self.tag = b";tag=" + tag

    def start(self, now: float) -> None:
        self._all.add_server(self)
        self._all.timers.after(T1, self, None, now)

    def respond(self, status: int, ending: bytes, now: float, reason: bytes = b"") -> bytes:
        """`ending`: whatever follows the To. Gives back what was sent, nothing if that came too late."""
        if self.state is not _PROCEEDING:
            return b""
        every = self._all
        data = b"".join((status_line(status, reason), self._head, self.tag, b"\r\n", ending))
        every.responses_sent[status // 100] += 1
        every.send(data, self.flow)
        if status < 200:
            self.answer = data
        else:
            self._answered(status, data, now)
        return data

    def lose(self, now: float) -> None:
        """The connection is gone."""
        self._end(None, now)

    def due(self, token: object, now: float) -> None:
        """Not answered yet; once its sender has given up there is nobody to answer."""
        if self.state is not _PROCEEDING:
            return
        if token is None:
            self._all.timers.after(LATER, self, _GIVE_UP, now)
        else:
            self._end(None, now)

    def _answered(self, status: int, data: bytes, now: float) -> None:
        self._end(None if self.reliable else data, now)

    def _end(self, answer: bytes | None, now: float) -> None:
        self.state = _ENDED
        self._head = self.answer = b""
        self._all.remove_server(self, answer, now)


class InviteServer(ServerTransaction):
    """An INVITE we answer (RFC 3261 figure 7, RFC 6026 §8.5). Its 2xx is resent by the dialog."""

    __slots__ = ("_interval", "user")

    def __init__(
        self, all_: Transactions, key: bytes, head: bytes, to: bytes, flow: Flow, copies: bytes
    ) -> None:
        super().__init__(all_, key, head, to, flow, copies)
        self.user: Invited | None = None
        self._interval = T1

    def start(self, now: float) -> None:
        self._all.add_server(self)

    def acknowledged(self, now: float) -> None:
        """The ACK to a refusal, which shares our branch."""
        if self.state is _COMPLETED:
            self._end(None if self.reliable else b"", now)

    def lose(self, now: float) -> None:
        user, self.user = self.user, None
        self._end(None, now)
        if user is not None:
            user.lost(now)

    def due(self, token: object, now: float) -> None:
        if self.state is not _COMPLETED:
            return
        every = self._all
        if token is _RESEND:
            every.resent += 1
            every.send(self.answer, self.flow)
            if self._interval == T1:
                every.timers.after(LATER, self, _GIVE_UP, now)
            self._interval = min(2 * self._interval, T2)
            every.timers.after(self._interval, self, _RESEND, now)
        else:
            every.timed_out += 1
            self._end(None, now)

    def _answered(self, status: int, data: bytes, now: float) -> None:
        self.user = None
        if status < 300:
            self._end(b"", now)
            return
        self.state = _COMPLETED
        self.answer = data
        timers = self._all.timers
        if self.reliable:
            timers.after(LIFE, self, _GIVE_UP, now)
        else:
            timers.after(T1, self, _RESEND, now)
