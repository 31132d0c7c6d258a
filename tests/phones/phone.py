"""A telephone for tests: our own endpoint over real sockets, with digest and with sound.

anna = await Phone.open("anna-desk", "secret", ("127.0.0.1", 5060))
await anna.register()
call = await anna.dial("102")
await call.is_answered()
await call.hold()
call.hangup()
assert await call.is_over() == 200
"""

import asyncio
import itertools
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import quote, quote_from_bytes

from offhook.sip.auth import Answerer
from offhook.sip.endpoint import Endpoint
from offhook.sip.flow import Flow, Transport
from offhook.sip.headers import param, split_list, uri_of
from offhook.sip.message import Malformed, Request, Response, parse
from offhook.sip.session import Session
from offhook.sip.stream import Keepalive, Stream
from offhook.sip.transaction import ServerTransaction
from tests.phones.sound import Sound

PATIENCE = 30.0  # seconds a fact is waited for

_numbers = itertools.count(1)


class Refused(Exception):
    """What was asked for was answered with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


@dataclass(frozen=True)
class Notice:
    """A NOTIFY we were sent: about a REFER of ours, or an order (talk, hold)."""

    event: str
    state: str  # active, terminated
    status: int | None  # in the sipfrag


class _Facts:
    """Wakes up whoever waits for something to become true."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    def changed(self) -> None:
        self._news.set()

    async def until(self, holds: Callable[[], bool], what: str, within: float = PATIENCE) -> None:
        try:
            async with asyncio.timeout(within):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not within {within:g} s: {what}") from None


class Call:
    """One call of a test phone, in either direction."""

    def __init__(self, phone: "Phone", *, number: str, caller: str = "") -> None:
        self.phone = phone
        self.number = number  # that was dialled
        self.caller = caller  # what the INVITE's From said
        self.invite: Request | None = None
        self.session: Session | None = None
        self.sound = Sound(phone.host)
        self.said: list[int] = []  # 18x we were sent
        self.early = b""
        self.their_sdp = b""
        self.status: int | None = None
        self.reason = b""
        self.requests: list[Request] = []
        self.notifies: list[Notice] = []
        self.shows = ""  # whom its display names, as P-Asserted-Identity said last
        self.reinvites = 0
        self.offer_refused: int | None = None
        self.redirections: list[bytes] = []
        self.answers_with = "sendrecv"
        self._answered = False
        self._version = 1
        self._agreed = 0
        self._facts = _Facts()

    # ---- what a person does

    def ring(self, status: int = 180, *, early: bool = False) -> None:
        """Say that it rings; `early`: with sound of ours."""
        self._live.progress(status, self._describe() if early else None, self.phone.now)

    def answer(self, *, codecs: str = "8 0 101", direction: str = "sendrecv") -> None:
        sdp = self._describe(direction, codecs=codecs)
        if self.their_sdp:
            self.sound.believe(self.their_sdp)
        self._answered = True
        self._live.answer(sdp, self.phone.now)

    def refuse(self, status: int = 486, headers: bytes = b"") -> None:
        self._live.refuse(status, self.phone.now, headers=headers)

    def hangup(self) -> None:
        self._live.hangup(self.phone.now)

    async def hold(self, direction: Literal["sendonly", "inactive"] = "sendonly") -> None:
        await self.offer(self._describe(direction))

    async def resume(self) -> None:
        await self.offer(self._describe())

    async def offer(self, sdp: bytes) -> None:
        """A re-INVITE; back when it is agreed, `Refused` when it is not."""
        before, self.offer_refused = self._agreed, None
        self._live.offer(sdp, self.phone.now)
        await self._facts.until(
            lambda: self._agreed > before or self.offer_refused is not None, "an answer to our offer"
        )
        if self.offer_refused is not None:
            raise Refused(self.offer_refused)

    async def press(self, key: str) -> int:
        """One key, by INFO; the status it was answered with."""
        body = b"Signal=%b\r\nDuration=160\r\n" % key.encode()
        return await self.request("INFO", body=body, content_type=b"application/dtmf-relay")

    async def request(
        self, method: str, *, headers: bytes = b"", body: bytes = b"", content_type: bytes = b"text/plain"
    ) -> int:
        heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._live.request(
            method,
            self.phone.now,
            headers=headers,
            body=body,
            content_type=content_type,
            done=lambda response, now: heard.set_result(response.status if response else 408),
        )
        return await heard

    async def refer(self, to: str, replaces: "Call | None" = None, *, headers: bytes = b"") -> int:
        """Ask that the other end talk to `to`, a number or a URI, in place of us; the status of the answer.

        With `replaces` they get the other end of that call of ours. What comes of it is in `notifies`.
        """
        uri = to if ":" in to else f"sip:{quote(to, safe='*+')}@{self.phone.domain}"
        if replaces is not None:
            uri += f"?Replaces={quote_from_bytes(replaces.replaces, safe='')}"
        contact = b"Contact: <%b>\r\n" % self.phone.contact
        return await self.request("REFER", headers=b"Refer-To: <%b>\r\n" % uri.encode() + contact + headers)

    @property
    def replaces(self) -> bytes:
        """This dialog as a Replaces header names it to the server (RFC 3891); early ones too."""
        session = self._live
        theirs = session.remote_tag
        if session.calling is not None:
            theirs = list(session.calling.forks)[-1]
        return b"%b;to-tag=%b;from-tag=%b" % (session.call_id, theirs, session.local_tag)

    # ---- what a person waits for

    async def is_transferred(self, within: float = PATIENCE) -> int:
        """The last word on our REFER: 200, or why not."""
        await self._facts.until(lambda: any(map(_is_last_word, self.notifies)), "a last NOTIFY", within)
        status = next(filter(_is_last_word, self.notifies)).status
        assert status is not None, "a last NOTIFY says what came of it"
        return status

    async def has_shown(self, name: str, within: float = PATIENCE) -> None:
        """The display names this party."""
        await self._facts.until(lambda: name in self.shows, f"{name} on the display", within)

    async def is_told_to(self, order: str, within: float = PATIENCE) -> None:
        """An order (talk, hold) has come."""
        await self._facts.until(
            lambda: any(notice.event == order for notice in self.notifies), f"the order to {order}", within
        )

    async def is_ringing(self, within: float = PATIENCE) -> None:
        await self._facts.until(lambda: bool(self.said) or self._is_over, "ringing", within)
        assert self.said, f"ended with {self.status} before it rang"

    async def is_answered(self, within: float = PATIENCE) -> None:
        await self._facts.until(lambda: self._answered or self._is_over, "an answer", within)
        assert self._answered, f"ended with {self.status}"

    async def is_over(self, within: float = PATIENCE) -> int:
        """The status it ended with: 200 for a BYE, 487 for a CANCEL."""
        await self._facts.until(lambda: self._is_over, "the end", within)
        assert self.status is not None
        return self.status

    async def has_heard(self, hertz: float, within: float = PATIENCE) -> None:
        """A tone has arrived."""
        async with asyncio.timeout(within):
            while not self.sound.hears(hertz):
                await self.sound.next_packet()

    # ---- SessionOwner

    def progressed(self, status: int, sdp: bytes, now: float) -> None:
        self.said.append(status)
        if sdp:
            self.early = sdp
            self.sound.believe(sdp)
        self._facts.changed()

    def answered(self, sdp: bytes, now: float) -> None:
        self._answered = True
        if sdp:
            self.their_sdp = sdp
            self.sound.believe(sdp)
        self._facts.changed()

    def offered(self, sdp: bytes, now: float) -> bytes | int:
        self.reinvites += 1
        if sdp:
            self.their_sdp = sdp
            self.sound.believe(sdp)
        self._facts.changed()
        return self._describe(self.answers_with)

    def agreed(self, sdp: bytes, now: float) -> None:
        self._agreed += 1
        self.their_sdp = sdp
        self.sound.believe(sdp)
        self._facts.changed()

    def disagreed(self, status: int, now: float) -> None:
        self.offer_refused = status
        self._facts.changed()

    def confirmed(self, now: float) -> None:
        self._facts.changed()

    def requested(self, request: Request, now: float) -> tuple[int, bytes]:
        self.requests.append(request)
        if request.method == "NOTIFY":
            self.notifies.append(_notice(request))
            if self.phone.obeys_orders:
                self._obey(self.notifies[-1].event)
        self._facts.changed()
        return 200, b""

    def redirected(self, contacts: list[bytes], now: float) -> None:
        self.redirections = contacts

    def ended(self, status: int, reason: bytes, now: float) -> None:
        self.status, self.reason = status, reason
        self.sound.close()
        self.phone.calls.remove(self)
        self._facts.changed()

    def shown(self, name: str) -> None:
        self.shows = name
        self._facts.changed()

    def _obey(self, order: str) -> None:
        if order == "talk" and self._live.called is not None:
            self.answer()
        elif order in ("talk", "hold"):
            direction = "sendonly" if order == "hold" else "sendrecv"
            self._live.offer(self._describe(direction), self.phone.now)

    @property
    def was_answered(self) -> bool:
        return self._answered

    @property
    def _is_over(self) -> bool:
        return self.status is not None

    @property
    def _live(self) -> Session:
        assert self.session is not None, "the call has begun"
        return self.session

    def _describe(self, direction: str = "sendrecv", *, codecs: str = "8 0 101") -> bytes:
        self._version += 1
        return self.sound.describe(direction, version=self._version, codecs=codecs)


class Phone:
    """A registered or unregistered telephone; closed at the end with `close`."""

    def __init__(
        self,
        name: str,
        password: str,
        server: tuple[str, int],
        transport: Transport,
        wire: "_Wire",
        flow: Flow,
    ) -> None:
        self.name = name
        self.server = server
        self.host = flow.local_host
        self.flow = flow
        self.calls: list[Call] = []
        self.instance = ""
        self.sign_as = name  # the user of its digests
        self.shows_credentials = True  # with an INVITE
        self.expires = 0  # as the registrar granted it, for our own contact
        self.contacts: list[bytes] = []
        self.rings_by_itself = True  # 180 at once
        self.obeys_orders = False  # says with its REGISTER that it can be told to talk and to hold, and does
        self.asked: list[Request] = []  # what came outside a dialog and is no INVITE
        self._password = password
        self._transport = transport
        self._wire = wire
        self._incoming: asyncio.Queue[Call] = asyncio.Queue()
        self._answerer = Answerer()
        self._challenge = b""
        self._challenged_at = 0.0
        self._server: asyncio.Server | None = None
        self._loop = asyncio.get_running_loop()
        self.endpoint = Endpoint(wire.send, self, self, secret=os.urandom(16), user_agent="Test phone")
        wire.phone = self
        self._ticking = self._loop.create_task(self._tick())

    @classmethod
    async def open(
        cls,
        name: str,
        password: str,
        server: tuple[str, int],
        transport: Transport = "udp",
        *,
        context: ssl.SSLContext | None = None,
    ) -> "Phone":
        wire: _Wire = _UdpWire() if transport == "udp" else _StreamWire(transport, context)
        flow = await wire.open(server)
        return cls(name, password, server, transport, wire, flow)

    @property
    def now(self) -> float:
        return self._loop.time()

    @property
    def domain(self) -> str:
        host, port = self.server
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def contact(self) -> bytes:
        host = f"[{self.host}]" if ":" in self.host else self.host
        suffix = "" if self._transport == "udp" else f";transport={self._transport}"
        return f"sip:{self.name}@{host}:{self.flow.local_port}{suffix}".encode()

    async def register(self, seconds: int = 3600, *, contact: bytes = b"") -> None:
        """Sign in, answering the challenge; raises `Refused`."""
        value = contact or b"<%b>" % self.contact
        if self.instance:
            value += b';+sip.instance="<%b>"' % self.instance.encode()
        headers = b"Contact: %b\r\nExpires: %d\r\n" % (value, seconds)
        if self.obeys_orders:
            headers += b"Allow-Events: talk, hold\r\n"
        response = await self._register(headers)
        self.contacts = split_list(response.get(b"contact") or b"")
        mine = [each for each in self.contacts if uri_of(each) == self.contact]
        self.expires = int(param(mine[0], b"expires") or b"0") if mine else 0

    async def unregister(self) -> None:
        await self.register(0)

    async def query(self) -> list[bytes]:
        """The contacts the registrar has of us."""
        response = await self._register(b"")
        return split_list(response.get(b"contact") or b"")

    async def ask(self, method: str, number: str = "", headers: bytes = b"") -> Response | None:
        """Any request outside a dialog, without credentials."""
        uri = f"sip:{number}@{self.domain}" if number else f"sip:{self.domain}"
        return await self._request(method, uri.encode(), headers)

    async def dial(
        self,
        number: str,
        *,
        more_sdp: bytes = b"",
        late: bool = False,
        headers: bytes = b"",
        codecs: str = "8 0 101",
        replaces: bytes | Call | None = None,
    ) -> Call:
        """Call a number; the call is on its way when this returns.

        With `replaces`, our call is to take the place of that one, perhaps of another phone (RFC 3891).
        """
        if replaces is not None:
            value = replaces.replaces if isinstance(replaces, Call) else replaces
            headers += b"Replaces: %b\r\n" % value
        if not self._challenge or self.now - self._challenged_at > 50.0:
            await self.query()
        call = Call(self, number=number)
        uri = f"sip:{number}@{self.domain}".encode()
        offer = None if late else call._describe(codecs=codecs) + more_sdp
        self.calls.append(call)
        call.session = self.endpoint.invite(
            uri,
            self.flow,
            call,
            local=f'"{self.name}" <sip:{self.name}@{self.domain}>'.encode(),
            remote=b"<%b>" % uri,
            sdp=offer,
            headers=headers + (self._authorization("INVITE", uri) if self.shows_credentials else b""),
            now=self.now,
        )
        return call

    async def is_called(self, within: float = PATIENCE) -> Call:
        """The next incoming call."""
        try:
            return await asyncio.wait_for(self._incoming.get(), within)
        except TimeoutError:
            raise AssertionError(f"{self.name} was not called within {within:g} s") from None

    @property
    def is_being_called(self) -> bool:
        return not self._incoming.empty()

    async def close(self) -> None:
        """Hang up and be gone."""
        for call in list(self.calls):
            call.hangup()
            call.sound.close()
        self._ticking.cancel()
        self._wire.close()
        if self._server is not None:
            self._server.close()
        await asyncio.sleep(0)

    async def listen(self) -> None:
        """Take TCP connections from the server at the address our Contact names from now on."""
        self._server = await self._loop.create_server(lambda: _StreamWire("tcp", None, self), self.host, 0)
        port = self._server.sockets[0].getsockname()[1]
        self.flow = self.flow._replace(local_port=port)

    async def reconnect(self) -> None:
        """A new connection in place of one that is gone; who registered must do so again."""
        assert isinstance(self._wire, _StreamWire), "only connections can be lost"
        self._wire = wire = _StreamWire(self._transport, self._wire.context, self)
        self.flow = await wire.open(self.server)
        self._challenge = b""

    def lose_connection(self) -> None:
        self._wire.close()

    def receive(self, data: bytes, flow: Flow) -> None:
        """One message from the wire."""
        try:
            message = parse(data)
        except Malformed:
            return
        if name := message.get(b"p-asserted-identity"):
            for call in self.calls:
                if call.session is not None and call.session.call_id == message.call_id:
                    call.shown(name.decode())
        self.endpoint.receive(data, flow, self.now)

    # ---- Gate and Listener

    def admit(self, request: Request, flow: Flow, now: float) -> object:
        return self

    def requested(self, tx: ServerTransaction, request: Request, identity: object, now: float) -> None:
        if request.method != "INVITE":
            self.asked.append(request)
            self.endpoint.respond(tx, 200, now)
            return
        if b"RTP/SAVP" in request.body:
            self.endpoint.respond(tx, 488, now)  # it knows plain RTP only
            return
        caller = request.get(b"from") or b""
        call = Call(self, number=uri_of(request.get(b"to") or b"").decode(), caller=caller.decode())
        call.invite = request
        call.their_sdp = request.body
        self.calls.append(call)
        call.session = self.endpoint.accept(tx, request, call, now)
        if self.rings_by_itself:
            call.ring()
        self._incoming.put_nowait(call)

    # ----

    async def _register(self, headers: bytes) -> Response:
        uri = f"sip:{self.domain}".encode()
        response: Response | None = None
        for _ in range(2):
            proof = self._authorization("REGISTER", uri) if self._challenge else b""
            response = await self._request("REGISTER", uri, headers + proof)
            if response is None:
                raise Refused(408)
            if response.status != 401:
                break
            if proof and b"stale=true" not in (response.get(b"www-authenticate") or b""):
                self._challenge = b""
                break
            self._challenge, self._challenged_at = response.get(b"www-authenticate") or b"", self.now
        if response is None or response.status != 200:
            raise Refused(response.status if response else 408)
        return response

    async def _request(self, method: str, uri: bytes, headers: bytes) -> Response | None:
        heard: asyncio.Future[Response | None] = self._loop.create_future()
        us = f"<sip:{self.name}@{self.domain}>".encode()
        self.endpoint.request(
            method,
            uri,
            self.flow,
            local=us,
            remote=us if method == "REGISTER" else b"<%b>" % uri,
            headers=headers,
            now=self.now,
            done=lambda response, now: heard.set_result(response),
        )
        return await heard

    def _authorization(self, method: str, uri: bytes) -> bytes:
        answer = self._answerer.answer(self._challenge, method, uri, self.sign_as, self._password)
        return b"Authorization: %b\r\n" % answer

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            self.endpoint.tick(self.now)


class _Wire:
    """The phone's side of one flow."""

    phone: Phone

    async def open(self, server: tuple[str, int]) -> Flow:
        raise NotImplementedError

    def send(self, data: bytes, flow: Flow) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class _UdpWire(_Wire):
    async def open(self, server: tuple[str, int]) -> Flow:
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect(server)  # finds our own address, and nobody else is listened to
        host, port = self._socket.getsockname()[:2]
        self._flow = Flow("udp", *server, host, port)
        asyncio.get_running_loop().add_reader(self._socket, self._readable)
        return self._flow

    def send(self, data: bytes, flow: Flow) -> None:
        try:
            self._socket.send(data)
        except OSError:
            return  # nobody there (yet): it is sent again

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        try:
            data = self._socket.recv(65536)
        except OSError:
            return
        self.phone.receive(data, self._flow)


class _StreamWire(_Wire, asyncio.Protocol):
    def __init__(
        self, transport: Transport, context: ssl.SSLContext | None, phone: Phone | None = None
    ) -> None:
        self._kind = transport
        self.context = context
        self._stream = Stream()
        self._flow: Flow | None = None
        if phone is not None:
            self.phone = phone

    async def open(self, server: tuple[str, int]) -> Flow:
        loop = asyncio.get_running_loop()
        name = "localhost" if self.context is not None else None
        await loop.create_connection(lambda: self, *server, ssl=self.context, server_hostname=name)
        assert self._flow is not None, "the connection is made"
        return self._flow

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        (host, port), (near, near_port) = (
            transport.get_extra_info(name)[:2] for name in ("peername", "sockname")
        )
        self._flow = Flow(self._kind, host, port, near, near_port, next(_numbers))
        _connections[self._flow.connection] = self

    def send(self, data: bytes, flow: Flow) -> None:
        _connections[flow.connection]._wire.write(data)

    def close(self) -> None:
        self._wire.close()

    def data_received(self, data: bytes) -> None:
        assert self._flow is not None, "data comes after the connection"
        for message in self._stream.feed(data):
            if not isinstance(message, Keepalive):
                self.phone.receive(message, self._flow)


_connections: dict[int, _StreamWire] = {}


def _notice(notify: Request) -> Notice:
    event = (notify.get(b"event") or b"").partition(b";")[0].decode()
    state = (notify.get(b"subscription-state") or b"").partition(b";")[0].decode()
    words = notify.body.split(b" ", 2)
    return Notice(event, state, int(words[1]) if words[0] == b"SIP/2.0" else None)


def _is_last_word(notice: Notice) -> bool:
    return notice.event == "refer" and notice.state == "terminated"
