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
from typing import Final, Protocol

from offhook.sip.compose import EMPTY, status_line
from offhook.sip.flow import Flow
from offhook.sip.headers import split_list, tag_of
from offhook.sip.message import Request, Response
from offhook.sip.timers import LATER, LIFE, T1, T2, T4, Timers

Send = Callable[[bytes, Flow], None]
Done = Callable[[Response | None, float], None]


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


_CALLING: Final = State.CALLING
_PROCEEDING: Final = State.PROCEEDING
_ACCEPTED: Final = State.ACCEPTED
_COMPLETED: Final = State.COMPLETED
_CONFIRMED: Final = State.CONFIRMED
_ENDED: Final = State.ENDED
_RESEND: Final = Due.RESEND
_GIVE_UP: Final = Due.GIVE_UP
_LINGER: Final = Due.LINGER


class InviteUser(Protocol):
    """Who sent an INVITE."""

    def responded(self, tx: "InviteClient", response: Response, now: float) -> None:
        """Each 1xx, each 2xx not yet acknowledged, the one refusal."""

    def failed(self, tx: "InviteClient", status: int, now: float) -> None:
        """No final response: 408 nobody answered, 503 the connection is gone."""


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


class ClientTransaction:
    """A request we sent, other than INVITE and ACK (RFC 3261 figure 6)."""

    __slots__ = ("_all", "_data", "_done", "_interval", "flow", "key", "name", "reliable", "state")

    def __init__(
        self, all_: Transactions, name: bytes, key: bytes, data: bytes, flow: Flow, done: Done
    ) -> None:
        self.name = name
        self.key = key
        self.flow = flow
        self.reliable = flow.transport != "udp"
        self.state = _CALLING
        self._all = all_
        self._data = data
        self._done: Done | None = done
        self._interval = T1

    def start(self, now: float) -> None:
        every = self._all
        every.add_client(self)
        every.send(self._data, self.flow)
        if self.reliable:
            every.timers.after(LIFE, self, _GIVE_UP, now)
        else:
            every.timers.after(T1, self, _RESEND, now)

    def receive(self, response: Response, now: float) -> None:
        if self.state is not _CALLING and self.state is not _PROCEEDING:
            return
        if response.status < 200:
            self.state = _PROCEEDING
            self._interval = T2
            return
        self.state = _COMPLETED
        if self.reliable:
            self._end()
        else:
            self._data = b""
            self._all.timers.after(T4, self, _LINGER, now)
        self._tell(response, now)

    def lose(self, now: float) -> None:
        """The connection is gone, or nobody answered."""
        if self.state is _CALLING or self.state is _PROCEEDING:
            self._end()
            self._tell(None, now)

    def due(self, token: object, now: float) -> None:
        if token is _LINGER:
            self._end()
        elif self.state is not _CALLING and self.state is not _PROCEEDING:
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
            self.lose(now)

    def _tell(self, response: Response | None, now: float) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(response, now)

    def _end(self) -> None:
        self.state = _ENDED
        self._data = b""
        self._all.remove_client(self)


class InviteClient:
    """An INVITE we sent, until nothing more can come of it (RFC 3261 figure 5, RFC 6026 §8.4).

    `head` is what INVITE, CANCEL and the ACK to a refusal have in common: the request line
    without its method, the Via, Max-Forwards, Route, From and Call-ID.
    """

    __slots__ = (
        "_abandoned", "_acks", "_all", "_data", "_head", "_interval", "_user",
        "cseq", "flow", "key", "reliable", "state",
    )  # fmt: skip
    name: Final = b"INVITE"

    def __init__(
        self,
        all_: Transactions,
        key: bytes,
        head: bytes,
        cseq: int,
        rest: bytes,
        flow: Flow,
        user: InviteUser,
    ) -> None:
        self.key = key
        self.cseq = cseq
        self.flow = flow
        self.reliable = flow.transport != "udp"
        self.state = _CALLING
        self._all = all_
        self._head = head
        self._data = b"INVITE" + head + rest
        self._user: InviteUser | None = user
        self._interval = T1
        self._acks: dict[bytes, bytes] | None = None
        self._abandoned = False

    def start(self, now: float) -> None:
        every = self._all
        every.add_client(self)
        every.send(self._data, self.flow)
        if self.reliable:
            every.timers.after(LIFE, self, _GIVE_UP, now)
        else:
            every.timers.after(T1, self, _RESEND, now)

    def receive(self, response: Response, now: float) -> None:
        status = response.status
        state = self.state
        if status < 200:
            if state is _CALLING or state is _PROCEEDING:
                self.state = _PROCEEDING  # it rings: no copies, and no end of its own
                self._tell(response, now)
        elif status < 300:
            if state is _ACCEPTED:
                self._repeat(response, now)
            elif state is _CALLING or state is _PROCEEDING:
                self.state = _ACCEPTED
                self._data = b""
                self._all.timers.after(LIFE, self, _LINGER, now)
                self._tell(response, now)  # the dialog sends the ACK, not we (RFC 3261 §13.2.2.4)
        elif state is _COMPLETED:
            self._all.resent += 1
            self._all.send(self._data, self.flow)  # our ACK was lost
        elif state is _CALLING or state is _PROCEEDING:
            self.state = _COMPLETED
            to = response.get(b"to") or b""
            self._data = b"ACK%bTo: %b\r\nCSeq: %d ACK\r\n%b" % (self._head, to, self.cseq, EMPTY)
            self._all.send(self._data, self.flow)
            user, self._user = self._user, None
            if self.reliable:
                self._end()
            else:
                self._all.timers.after(LIFE, self, _LINGER, now)
            if user is not None:
                user.responded(self, response, now)

    def acknowledge(self, tag: bytes, ack: bytes) -> None:
        """Send the ACK of the dialog with `tag`, and again for each copy of its 2xx."""
        if self._acks is None:
            self._acks = {}
        self._acks[tag] = ack
        self._all.send(ack, self.flow)

    def cancel(self, to: bytes, headers: bytes, now: float) -> None:
        """Only after a 1xx, before a final response (RFC 3261 §9.1)."""
        data = b"CANCEL%bTo: %b\r\nCSeq: %d CANCEL\r\n%b%b" % (self._head, to, self.cseq, headers, EMPTY)
        key = self.key + b"-cancel"
        ClientTransaction(self._all, b"CANCEL", key, data, self.flow, _ignore).start(now)
        self.abandon(now)

    def abandon(self, now: float) -> None:
        """Its end is wished for: wait for a final response as long as one may still come."""
        if self.state is _PROCEEDING and not self._abandoned:
            self._abandoned = True
            self._all.timers.after(LIFE, self, _GIVE_UP, now)

    def lose(self, now: float, status: int = 503) -> None:
        if self.state is _CALLING or self.state is _PROCEEDING:
            user, self._user = self._user, None
            self._end()
            if user is not None:
                user.failed(self, status, now)

    def due(self, token: object, now: float) -> None:
        if token is _LINGER:
            self._end()
        elif token is _RESEND:
            if self.state is _CALLING:
                every = self._all
                every.resent += 1
                every.send(self._data, self.flow)
                if self._interval == T1:
                    every.timers.after(LATER, self, _GIVE_UP, now)
                self._interval *= 2
                if self._interval < LIFE / 2 + 1:
                    every.timers.after(self._interval, self, _RESEND, now)
        elif self.state is _CALLING or (self.state is _PROCEEDING and self._abandoned):
            self._all.timed_out += 1
            self.lose(now, 408)

    def _tell(self, response: Response, now: float) -> None:
        if self._user is not None:
            self._user.responded(self, response, now)

    def _repeat(self, response: Response, now: float) -> None:
        ack = None if self._acks is None else self._acks.get(response.to_tag)
        if ack is None:
            self._tell(response, now)
        else:
            self._all.resent += 1
            self._all.send(ack, self.flow)

    def _end(self) -> None:
        self.state = _ENDED
        self._data = b""
        self._acks = None
        self._user = None
        self._all.remove_client(self)


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


def _ignore(response: Response | None, now: float) -> None:
    """What becomes of a CANCEL shows on its INVITE."""
