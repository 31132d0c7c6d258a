"""Requests we sent, until nothing more can come of them: the client machines of RFC 3261 §17.1."""

from collections.abc import Callable
from typing import Final, Protocol

from offhook.sip.compose import EMPTY
from offhook.sip.flow import Flow
from offhook.sip.message import Response
from offhook.sip.timers import LATER, LIFE, T1, T2
from offhook.sip.transaction import Due, State, Transactions

Done = Callable[[Response | None, float], None]  # the final response, or None for silence

_CALLING: Final = State.CALLING
_PROCEEDING: Final = State.PROCEEDING
_ACCEPTED: Final = State.ACCEPTED
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


class ClientTransaction:
    """A request we sent, other than INVITE and ACK (RFC 3261 figure 6)."""

    __slots__ = (
        "_all",
        "_data",
        "_done",
        "_interval",
        "_is_resent",
        "flow",
        "key",
        "name",
        "reliable",
        "state",
    )

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
        self._is_resent = False

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
            return
        self._end(now)  # a copy of the response is a stray, and no harm
        self._tell(response, now)

    def lose(self, now: float) -> None:
        """The connection is gone, or nobody answered."""
        if self.state is _CALLING or self.state is _PROCEEDING:
            self._end(now)
            self._tell(None, now)

    def due(self, token: object, now: float) -> None:
        if self.state is not _CALLING and self.state is not _PROCEEDING:
            return
        if token is _RESEND:
            every = self._all
            every.resent += 1
            every.send(self._data, self.flow)
            if not self._is_resent:
                self._is_resent = True
                every.timers.after(LATER, self, _GIVE_UP, now)
            self._interval = T2 if self.state is _PROCEEDING else min(2 * self._interval, T2)
            every.timers.after(self._interval, self, _RESEND, now)
        else:
            self._all.timed_out += 1
            self.lose(now)

    def _tell(self, response: Response | None, now: float) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(response, now)

    def _end(self, now: float) -> None:
        self.state = _ENDED
        self._data = b""
        self._all.remove_client(self, b"", now)


class InviteClient:
    """An INVITE we sent, until nothing more can come of it (RFC 3261 figure 5, RFC 6026 §8.4).

    `head` is what INVITE, CANCEL and the ACK to a refusal have in common: the request line
    without its method, the Via, Max-Forwards, Route, From and Call-ID.
    """

    __slots__ = (
        "_abandoned",
        "_acks",
        "_all",
        "_data",
        "_head",
        "_interval",
        "cseq",
        "flow",
        "key",
        "reliable",
        "state",
        "user",
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
        self.user: InviteUser | None = user
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
                self._data = self._head = b""
                self._all.timers.after(LIFE, self, _LINGER, now)
                self._tell(response, now)  # the dialog sends the ACK, not we (RFC 3261 §13.2.2.4)
        elif state is _CALLING or state is _PROCEEDING:
            to = response.get(b"to") or b""
            ack = b"ACK%bTo: %b\r\nCSeq: %d ACK\r\n%b" % (self._head, to, self.cseq, EMPTY)
            self._all.send(ack, self.flow)
            user = self.user
            self._end(now, ack)
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
        ClientTransaction(self._all, b"CANCEL", key, data, self.flow, ignore).start(now)
        self.abandon(now)

    def abandon(self, now: float) -> None:
        """Its end is wished for: no more copies, but a final response as long as one may still come."""
        if (self.state is _PROCEEDING or self.state is _CALLING) and not self._abandoned:
            self._abandoned = True
            self._all.timers.after(LIFE, self, _GIVE_UP, now)

    def lose(self, now: float, status: int = 503) -> None:
        if self.state is _CALLING or self.state is _PROCEEDING:
            user = self.user
            self._end(now)
            if user is not None:
                user.failed(self, status, now)

    def due(self, token: object, now: float) -> None:
        if token is _LINGER:
            self._end(now)
        elif token is _RESEND:
            if self.state is _CALLING and not self._abandoned:
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
        if self.user is not None:
            self.user.responded(self, response, now)

    def _repeat(self, response: Response, now: float) -> None:
        ack = None if self._acks is None else self._acks.get(response.to_tag)
        if ack is None:
            self._tell(response, now)
        else:
            self._all.resent += 1
            self._all.send(ack, self.flow)

    def _end(self, now: float, ack: bytes = b"") -> None:
        self.state = _ENDED
        self._data = b""
        self._acks = None
        self.user = None
        self._all.remove_client(self, ack, now)


def ignore(response: Response | None, now: float) -> None:
    """For requests whose fate changes nothing."""
