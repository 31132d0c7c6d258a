"""The web server: the page, the API and the WebSocket, on uvicorn inside our own loop.

It takes no signals and keeps no loop of its own: `start` binds (and fails loudly), `stop`
lets answers under way finish and tells every WebSocket 1012, come back later.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from offhook.listening import cannot_listen
from offhook.web.guard import (
    BODY_AT_MOST,
    App,
    Guard,
    Receive,
    Scope,
    Send,
    answer_problem,
    header,
)
from offhook.web.session import SIGNED_OUT, Gone, Hub
from offhook.web.signin import SignIns
from offhook.web.static import Page

logger = logging.getLogger(__name__)

REQUEST_SECONDS = 10.0  # for a request to be complete
STOPPED_WITHIN = 5  # seconds for answers under way
CUT_AFTER = 2.0  # seconds for a close frame to be taken
SOCKET_PATH = "/api/v1/ws"
_HEALTH = ("/healthz", "/readyz", "/metrics")
_CUT = "offhook.cut"


@dataclass(frozen=True, slots=True)
class Listener:
    """Where to listen; HTTPS with `tls`. To renew a certificate, load it into the same context."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


class Site:
    """Every request's first address: socket, page or API."""

    def __init__(self, api: App, page: Page, hub: Hub, signins: SignIns, origins: Iterable[str] = ()) -> None:
        self._api = api
        self._page = page
        self._hub = hub
        self._guard = Guard(self._http, signins, origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._guard(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith("/api/") or path in _HEALTH:
            await self._api(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await answer_problem(send, 405, [(b"allow", b"GET, HEAD")])
        else:
            encoding, known = header(scope, b"accept-encoding"), header(scope, b"if-none-match")
            answer = self._page.answer(path, encoding, known)
            if answer is None:
                await answer_problem(send, 404)
                return
            length = (b"content-length", str(len(answer.body)).encode())
            headers = answer.headers if answer.status == 304 else [*answer.headers, length]
            body = b"" if scope["method"] == "HEAD" else answer.body
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        if scope["path"] != SOCKET_PATH or not self._guard.is_ours(scope):
            status = 404 if scope["path"] != SOCKET_PATH else 403
            await send({"type": "websocket.http.response.start", "status": status, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b""})
            return
        wire = _Wire(scope, receive, send)
        session = await self._guard.session(scope)
        if session is None:
            await wire.open()
            wire.cut(SIGNED_OUT)
            return
        server = scope.get("server") or ("", 0)
        await self._hub.serve(wire, session.user, session.token, server[0])


class _Wire:
    """A WebSocket as its client's code sees it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._cut: Callable[[int], None] = scope["extensions"][_CUT]

    async def open(self) -> None:
        with contextlib.suppress(OSError):  # gone already: `receive` says so
            await self._send({"type": "websocket.accept"})

    async def receive(self) -> str | bytes | None:
        event = await self._receive()
        if event["type"] != "websocket.receive":
            return None
        frame: str | bytes = event["bytes"] if event.get("text") is None else event["text"]
        return frame

    async def send(self, frame: str) -> None:
        try:
            await self._send({"type": "websocket.send", "text": frame})
        except (OSError, RuntimeError) as why:  # closed meanwhile, by them or by us
            raise Gone from why

    def cut(self, code: int) -> None:
        self._cut(code)


class WebServer:
    """One uvicorn per listener, all of them serving the same site."""

    def __init__(self, site: App, hub: Hub, listeners: Iterable[Listener]) -> None:
        self._site = site
        self._hub = hub
        self._listeners = list(listeners)
        self._servers: list[_Server] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._sweeper: asyncio.Task[None] | None = None
        self.addresses: list[tuple[str, int]] = []

    async def start(self) -> None:
        """Listen. Raises OSError when an address cannot be had."""
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(_bound(listener)) for listener in self._listeners]
            stack.pop_all()
        self.addresses = [bound.getsockname()[:2] for bound in sockets]
        for listener, bound in zip(self._listeners, sockets, strict=True):
            server = _Server(_config(self._site, listener.tls))
            self._servers.append(server)
            self._tasks.append(asyncio.create_task(server.serve(sockets=[bound])))
        for server in self._servers:
            await server.ready.wait()
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Take no more; let answers under way finish; tell every WebSocket to come back later."""
        for server in self._servers:
            server.stop()
        if self._sweeper is not None:
            self._sweeper.cancel()
        await asyncio.gather(*self._tasks)
        self._servers, self._tasks, self._sweeper = [], [], None

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._hub.sweep(self._hub.now())


class _Server(uvicorn.Server):
    """Leaves the signals alone, says when it listens, and looks up once a second instead of ten times."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self.should_exit = True
        self._stopping.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 1)


class _Http(HttpToolsProtocol):
    """Whoever connects and says nothing, or only half of it, is not waited for."""

    _silence: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._waits()

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_spoken()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._waits()

    def on_message_complete(self) -> None:
        self._has_spoken()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._has_spoken()
        super().handle_websocket_upgrade()

    def _waits(self) -> None:
        if self._silence is None:
            self._silence = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _has_spoken(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None


class _WebSocket(WebSocketsSansIOProtocol):
    """Can be closed from our side at once, even when the other side takes nothing."""

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[_CUT] = self._cut

    async def send(self, message: Any) -> None:
        """What we refuse, and who is gone before we answer, is no fault of ours: else uvicorn logs one."""
        try:
            await super().send(message)
        finally:
            if message["type"] == "websocket.http.response.body" or self.transport.is_closing():
                self.handshake_complete = True

    def _cut(self, code: int) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        self.stop_keepalive()
        if self.handshake_complete:
            self.conn.send_close(code)
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.close_timer = self.loop.call_later(CUT_AFTER, self.transport.abort)


def _config(site: App, tls: ssl.SSLContext | None) -> uvicorn.Config:
    app: Any = site  # uvicorn's types of ASGI are narrower than ours
    return uvicorn.Config(
        app,
        http=_Http,
        ws=_WebSocket,
        ws_max_size=BODY_AT_MOST,
        ws_per_message_deflate=False,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=STOPPED_WITHIN,
        ssl_context_factory=None if tls is None else (lambda config, default: tls),
    )


def _bound(listener: Listener) -> socket.socket:
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    try:
        bound = socket.create_server((listener.host, listener.port), family=family, backlog=2048)
    except OSError as error:
        what = "http" if listener.tls is None else "https"
        raise cannot_listen(error, what, listener.host, listener.port) from None
    bound.setblocking(False)
    return bound
