"""A provider for tests: our own endpoint at the end of a trunk; it rings, refuses, challenges or is silent.

provider = await Provider.at(exchange)
call = await provider.call("+49301234", caller='"Zoe" <sip:+43155@provider>')
"""

import asyncio
import ssl
from dataclasses import dataclass

from offhook.sip.auth import Challenger, Proof, ha1
from offhook.sip.endpoint import Refusal
from offhook.sip.flow import Flow, Transport
from offhook.sip.headers import seconds_of, uri_of
from offhook.sip.message import Request
from offhook.sip.transaction import ServerTransaction
from tests.phones.exchange import Exchange
from tests.phones.phone import Call, Phone, _StreamWire

REALM = "provider.example"
ACCOUNT, PASSWORD = "4930555", "account's secret"


@dataclass(frozen=True)
class Registration:
    contact: bytes
    seconds: int


class Provider(Phone):
    """Calls to it arrive at `is_called`, like those of any phone."""

    demands: tuple[str, ...] = ()  # methods for which it wants proof
    refuses_with = 0  # every INVITE, at once
    is_silent = False  # as if it were not there
    shortest = 0  # seconds it lets us register for
    greatest = 3600

    @classmethod
    async def at(cls, exchange: Exchange, transport: Transport = "udp") -> "Provider":
        provider = await cls.open("provider", "", exchange.address(transport), transport)
        assert isinstance(provider, Provider)
        provider.shows_credentials = False
        provider._prepare()
        return provider

    def _prepare(self) -> None:
        self.registered: list[Registration] = []
        self.seen: list[Request] = []  # all that came outside a dialog and was let in
        self.asked_for_proof = 0
        self._challenger = Challenger(REALM, b"provider")
        self._accepted: list[_StreamWire] = []
        self._news = asyncio.Event()

    @property
    def hostport(self) -> str:
        """Its address, as a trunk names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.flow.local_port}"

    async def listens(self, context: ssl.SSLContext | None = None) -> None:
        """Take connections from us too, as a provider does."""
        kind: Transport = "tcp" if context is None else "tls"

        def accept() -> _StreamWire:
            self._accepted.append(_StreamWire(kind, None, self))
            return self._accepted[-1]

        self._server = await self._loop.create_server(accept, self.host, 0, ssl=context)
        self.flow = self.flow._replace(local_port=self._server.sockets[0].getsockname()[1])

    def hangs_up(self) -> None:
        """Close every connection that was made to it."""
        for wire in self._accepted:
            wire.close()
        self._accepted.clear()

    def turns_to_our_connection(self) -> None:
        """Call from now on over the connection that was made to it last."""
        flow = self._accepted[-1]._flow
        assert flow is not None, "it was made"
        self.flow = flow

    async def call(self, number: str, *, caller: str = "", headers: bytes = b"", to: str = "") -> Call:
        """Call a number of the exchange; `to` where To differs."""
        uri = f"sip:{number}@{self.domain}".encode()
        call = Call(self, number=number)
        self.calls.append(call)
        call.session = self.endpoint.invite(
            uri,
            self.flow,
            call,
            local=(caller or '"Zoe" <sip:+4315550001@provider.example>').encode(),
            remote=f"<sip:{to or number}@{self.domain}>".encode(),
            sdp=call._describe(),
            headers=headers,
            now=self.now,
        )
        return call

    async def has_seen(self, method: str, *, more_than: int = 0, within: float = 20.0) -> Request:
        """The newest request of this kind."""
        async with asyncio.timeout(within):
            while len(found := [each for each in self.seen if each.method == method]) <= more_than:
                self._news.clear()
                await self._news.wait()
        return found[-1]

    def receive(self, data: bytes, flow: Flow) -> None:
        if not self.is_silent:
            super().receive(data, flow)

    def admit(self, request: Request, flow: Flow, now: float) -> object:
        if request.method not in self.demands:
            return self
        proof = request.get(b"authorization") or request.get(b"proxy-authorization")
        if proof is not None:
            verdict = self._challenger.verify(proof, request.method, request.uri, flow.host, _ha1, now)
            if isinstance(verdict, Proof):
                return self
        self.asked_for_proof += 1
        challenge = self._challenger.challenge(flow.host, now)
        if request.method == "REGISTER":
            return Refusal(401, challenge)
        return Refusal(407, challenge.replace(b"WWW-Authenticate", b"Proxy-Authenticate"))

    def requested(self, tx: ServerTransaction, request: Request, identity: object, now: float) -> None:
        self.seen.append(request)
        self._news.set()
        match request.method:
            case "REGISTER":
                self._registers(tx, request, now)
            case "INVITE" if self.refuses_with:
                self.endpoint.respond(tx, self.refuses_with, now)
            case _:
                super().requested(tx, request, identity, now)

    def _registers(self, tx: ServerTransaction, request: Request, now: float) -> None:
        seconds = seconds_of(request.get(b"expires"), 3600)
        if 0 < seconds < self.shortest:
            self.endpoint.respond(tx, 423, now, headers=b"Min-Expires: %d\r\n" % self.shortest)
            return
        contact = request.get(b"contact") or b""
        granted = min(seconds, self.greatest)
        self.registered.append(Registration(uri_of(contact), granted))
        self.endpoint.respond(tx, 200, now, headers=b"Contact: %b;expires=%d\r\n" % (contact, granted))


def _ha1(user: str, algorithm: str) -> str | None:
    if user != ACCOUNT:
        return None
    return ha1(user, REALM, PASSWORD, "SHA-256" if algorithm == "SHA-256" else "MD5")
