"""What the machines of one endpoint share: transactions, sessions, names, and facts to be told.

A fact is something the layer above must hear. It waits until the message, the tick or
the call in hand is dealt with, so that nobody is called from within one of his own calls.
"""

from collections import deque
from collections.abc import Callable
from hashlib import blake2b
from os import urandom
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from offhook.sip.client import ClientTransaction, Done, InviteClient, InviteUser
from offhook.sip.flow import Flow
from offhook.sip.timers import Timers
from offhook.sip.transaction import Send, Transactions

if TYPE_CHECKING:
    from offhook.sip.session import Session

_PLACES: Final = 10_000  # how many peers we remember our own names for


class Place(NamedTuple):
    """What we call ourselves towards one peer."""

    via: bytes  # the header line up to its branch
    contact: bytes  # the header line
    host: bytes  # 192.0.2.1:5060 or [2001:db8::1]:5060


class Core:
    def __init__(self, send: Send, address: Callable[[Flow], str], secret: bytes, user_agent: str) -> None:
        self.timers = Timers()
        self.transactions = Transactions(send, self.timers)
        self.send = send
        self.sessions: dict[bytes, Session] = {}  # by our tag
        self.user_agent = b"User-Agent: %b\r\n" % user_agent.encode() if user_agent else b""
        self.server = b"Server: %b\r\n" % user_agent.encode() if user_agent else b""
        self.sent: dict[str, int] = {}  # requests, by method
        self.random = Random(blake2b(secret, digest_size=8).digest())  # noqa: S311 - spreads retries
        self._address = address
        self._places: dict[Flow, Place] = {}
        self._branches = b"z9hG4bK" + urandom(6).hex().encode()
        self._count = 0
        self._noise = b""
        self._facts: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()
        self._telling = False

    def tell(self, listener: Callable[..., object], *fact: object) -> None:
        """Call `listener` with `fact` as soon as what is in hand is done."""
        self._facts.append((listener, fact))

    @property
    def has_facts(self) -> bool:
        return bool(self._facts)

    def tell_all(self) -> None:
        """Facts that come of telling wait their turn; a listener that raises holds up no other."""
        if self._telling or not self._facts:
            return
        self._telling = True
        facts = self._facts
        failure: Exception | None = None
        while facts:
            listener, fact = facts.popleft()
            try:
                listener(*fact)
            except Exception as why:
                failure = failure or why
        self._telling = False
        if failure is not None:
            raise failure

    def place(self, flow: Flow) -> Place:
        place = self._places.get(flow)
        if place is None:
            host = self._address(flow).encode()
            transport = flow.transport
            via = b"Via: SIP/2.0/%b %b;rport;branch=" % (transport.upper().encode(), host)
            suffix = b"" if transport == "udp" else b";transport=" + transport.encode()
            place = Place(via, b"Contact: <sip:%b%b>\r\n" % (host, suffix), host)
            if len(self._places) >= _PLACES:
                self._places.clear()
            self._places[flow] = place
        return place

    def branch(self) -> bytes:
        self._count += 1
        return b"%b%x" % (self._branches, self._count)

    def token(self) -> bytes:
        """64 random bits, for a tag or a Call-ID."""
        noise = self._noise or urandom(512).hex().encode()
        self._noise = noise[16:]
        return noise[:16]

    def invite(
        self,
        branch: bytes,
        head: bytes,
        to: bytes,
        cseq: int,
        rest: bytes,
        flow: Flow,
        user: InviteUser,
        now: float,
    ) -> InviteClient:
        """Send an INVITE: `head` as InviteClient has it, `rest` whatever follows the CSeq."""
        self.count("INVITE")
        rest = b"To: %b\r\nCSeq: %d INVITE\r\n%b" % (to, cseq, rest)
        tx = InviteClient(self.transactions, branch, head, cseq, rest, flow, user)
        tx.start(now)
        return tx

    def request(
        self,
        method: str,
        branch: bytes,
        head: bytes,
        to: bytes,
        cseq: int,
        rest: bytes,
        flow: Flow,
        done: Done,
        now: float,
    ) -> None:
        """Send a request that is neither INVITE nor ACK."""
        self.count(method)
        name = method.encode()
        data = b"%b%bTo: %b\r\nCSeq: %d %b\r\n%b" % (name, head, to, cseq, name, rest)
        ClientTransaction(self.transactions, name, branch, data, flow, done).start(now)

    def count(self, method: str) -> None:
        self.sent[method] = self.sent.get(method, 0) + 1


def request_head(
    uri: bytes, via: bytes, branch: bytes, hops: int, routes: bytes, local: bytes, call_id: bytes
) -> bytes:
    """What the requests of one transaction share, behind the method: the line, Via to Call-ID."""
    return b" %b SIP/2.0\r\n%b%b\r\nMax-Forwards: %d\r\n%bFrom: %b\r\nCall-ID: %b\r\n" % (
        uri, via, branch, hops, routes, local, call_id,
    )  # fmt: skip
