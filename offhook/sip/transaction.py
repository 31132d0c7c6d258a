"""SIP transactions: matching and resending, RFC 3261 §17 as mended by RFC 6026.

Nothing here reads a clock or a socket: every method takes the time as `now`. The RFC
letters eleven timers; they serve three ends, and we name those: resend (A E G),
give up (B F H) and linger (D I J K L M). A transaction lingers from its final response
on, holding only the bytes that answer a copy; one that rings has no end of its own.

                 1xx                2xx
    CALLING ──────────► PROCEEDING ─────► ACCEPTED ──┐ linger
                            │ 3xx-6xx                ├────────► ENDED
                            └───────────► COMPLETED ─┘
                                          (server: ─ACK─► CONFIRMED)
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Protocol

from offhook.sip.compose import status_line
from offhook.sip.flow import Flow
from offhook.sip.headers import split_list, tag_of
from offhook.sip.message import Request, Response
from offhook.sip.timers import LATER, LIFE, T1, T2, T4, Timers

if TYPE_CHECKING:
    from offhook.sip.client import ClientTransaction, InviteClient

Send = Callable[[bytes, Flow], None]


class State(Enum):
    CALLING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    ENDED = auto()


class Due(Enum):
    RESEND = auto()
    GIVE_UP = auto()
    LINGER = auto()


_PROCEEDING: Final = State.PROCEEDING
_ACCEPTED: Final = State.ACCEPTED
_COMPLETED: Final = State.COMPLETED
_CONFIRMED: Final = State.CONFIRMED
_ENDED: Final = State.ENDED
_RESEND: Final = Due.RESEND
_GIVE_UP: Final = Due.GIVE_UP
_LINGER: Final = Due.LINGER


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
        self.seen: dict[bytes, ServerTransaction] = {}  # requests without a dialog, by what copies share
        self.responses_sent = [0] * 7
        self.resent = 0
        self.timed_out = 0
        self._flows: dict[Flow, set[ClientTransaction | InviteClient | ServerTransaction]] = {}

    def responded(self, response: Response, now: float) -> bool:
        """Whether somebody waited for this response."""
        via = response.get(b"via") or b""
        branch = via.find(b";branch=") + 8
        end = via.find(b";", branch)
        key = via[branch:] if end < 0 else via[branch:end]
        cseq = response.get(b"cseq") or b""
        if cseq.endswith(b"CANCEL"):
            key += b"-cancel"
        client = self.clients.get(key)
        if client is None or not cseq.endswith(client.name) or b"," in via:  # §8.1.3.3: one Via, ours
            return False
        client.receive(response, now)
        return True

    def flow_closed(self, flow: Flow, now: float) -> None:
        for transaction in self._flows.pop(flow, set()):
            transaction.lose(now)

    def add_client(self, client: "ClientTransaction | InviteClient") -> None:
        self.clients[client.key] = client
        if client.reliable:
            self._flows.setdefault(client.flow, set()).add(client)

    def remove_client(self, client: "ClientTransaction | InviteClient") -> None:
        self.clients.pop(client.key, None)
        if client.reliable:
            self._unbind(client)

    def add_server(self, server: "ServerTransaction") -> None:
        self.servers[server.key] = server
        if server.copies:
            self.seen[server.copies] = server
        if server.reliable:
            self._flows.setdefault(server.flow, set()).add(server)

    def remove_server(self, server: "ServerTransaction") -> None:
        self.servers.pop(server.key, None)
        if server.copies:
            self.seen.pop(server.copies, None)
        if server.reliable:
            self._unbind(server)

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

    __slots__ = (
        "_all",
        "_data",
        "_head",
        "_since",
        "_to",
        "copies",
        "flow",
        "key",
        "reliable",
        "state",
        "tag",
    )

    def __init__(
        self, all_: Transactions, key: bytes, head: bytes, to: bytes, flow: Flow, copies: bytes
    ) -> None:
        self.key = key
        self.copies = copies
        self.flow = flow
        self.reliable = flow.transport != "udp"
        self.state = _PROCEEDING
        self.tag = b""  # with its name: b";tag=…", to follow `to`
        self._all = all_
        self._head = b"%bTo: %b" % (head, to)
        self._to = to
        self._data = b""
        self._since = 0.0

    @property
    def is_answered(self) -> bool:
        return self.state is not _PROCEEDING

    def make_tag(self, tag: bytes) -> None:
        """Ours, unless the request came with one."""
        if not tag_of(self._to):
            self.tag = b";tag=" + tag

    def start(self, now: float) -> None:
        self._all.add_server(self)
        self._all.timers.after(LIFE, self, _LINGER, now)  # by then its sender has given up

    def respond(self, status: int, ending: bytes, now: float, reason: bytes = b"") -> bytes:
        """`ending`: whatever follows the To. Gives back what was sent, nothing if that came too late."""
        if self.state is not _PROCEEDING:
            return b""
        every = self._all
        data = b"".join((status_line(status, reason), self._head, self.tag, b"\r\n", ending))
        self._data = data
        every.responses_sent[status // 100] += 1
        every.send(data, self.flow)
        if status >= 200:
            self._head = b""
            self._answered(status, now)
        return data

    def repeat(self) -> None:
        """The request came again."""
        if self._data:
            self._all.resent += 1
            self._all.send(self._data, self.flow)

    def lose(self, now: float) -> None:
        self._end()

    def due(self, token: object, now: float) -> None:
        if self.state is _ENDED:
            return
        if self.state is _COMPLETED and self._since + LIFE > now + T1:
            self._all.timers.at(self._since + LIFE, self, _LINGER, now)  # it was answered late
        else:
            self._end()

    def _answered(self, status: int, now: float) -> None:
        self.state = _COMPLETED
        self._since = now
        if self.reliable:
            self._end()

    def _end(self) -> None:
        self.state = _ENDED
        self._head = self._data = b""
        self._all.remove_server(self)


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
            self.state = _CONFIRMED
            self._data = b""
            if self.reliable:
                self._end()
            else:
                self._all.timers.after(T4, self, _LINGER, now)

    def lose(self, now: float) -> None:
        user, self.user = self.user, None
        self._end()
        if user is not None:
            user.lost(now)

    def due(self, token: object, now: float) -> None:
        if token is _LINGER:
            self._end()
        elif self.state is not _COMPLETED:
            return
        elif token is _RESEND:
            every = self._all
            every.resent += 1
            every.send(self._data, self.flow)
            if self._interval == T1:
                every.timers.after(LATER, self, _GIVE_UP, now)
            self._interval = min(2 * self._interval, T2)
            every.timers.after(self._interval, self, _RESEND, now)
        else:
            self._all.timed_out += 1
            self._end()

    def _answered(self, status: int, now: float) -> None:
        self.user = None
        timers = self._all.timers
        if status < 300:
            self.state = _ACCEPTED
            self._data = b""
            timers.after(LIFE, self, _LINGER, now)
            return
        self.state = _COMPLETED
        if self.reliable:
            timers.after(LIFE, self, _GIVE_UP, now)
        else:
            timers.after(T1, self, _RESEND, now)
