"""SIP over TCP and TLS: connections, and the limits that keep strangers from using them all up.

A connection is a flow: whoever registered on it is reached over it, and when it goes its owner is told.
Connections are accepted by hand, so that one too many costs next to nothing and a reloaded
certificate is taken with the next one.
"""

import asyncio
import itertools
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, cast

from offhook.listening import cannot_listen
from offhook.phones.addresses import address_towards, place_of
from offhook.sip.flow import Flow, Transport
from offhook.sip.malformed import Malformed
from offhook.sip.stream import Keepalive, Stream

UNPROVEN_PER_ADDRESS = 100  # connections of those who have not signed in: an office comes back all at once
FIRST_REQUEST_SECONDS = 10.0
PROOF_SECONDS = 60.0  # then a connection over which nobody has signed in is cut
UNSENT_BYTES = 256 << 10  # for one connection; then it is cut
UNSENT_BYTES_IN_ALL = 8 << 20
HANDSHAKES_PER_SECOND = 50
CONNECT_SECONDS = 10.0
_BACKLOG = 512
_PONG = b"\r\n"


class Owner(Protocol):
    """Whoever the connections belong to."""

    def received(self, data: bytes, flow: Flow, now: float) -> None: ...

    def pumped(self, now: float) -> None:
        """All that had arrived has been handed over."""

    def closed(self, flow: Flow, now: float) -> None: ...


class Connections:
    """All connections of one edge, by number, and how many of them strangers hold."""

    def __init__(self, owner: Owner, *, unproven_per_address: int = UNPROVEN_PER_ADDRESS) -> None:
        self.owner = owner
        self.slow: set[Connection] = set()  # whose peer does not take what is sent
        self._limit = unproven_per_address
        self._all: dict[int, Connection] = {}
        self._numbers = itertools.count(1)
        self._strangers: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, data: bytes, flow: Flow) -> bool:
        """False if that connection is gone."""
        connection = self._all.get(flow.connection)
        if connection is not None:
            connection.send(data)
        return connection is not None

    def is_open(self, flow: Flow) -> bool:
        return flow.connection in self._all

    def proved(self, flow: Flow) -> None:
        """Somebody has signed in over this connection: it may stay."""
        connection = self._all.get(flow.connection)
        if connection is not None and not connection.is_proved:
            connection.prove()
            self._count(connection, -1)

    def has_room_for(self, host: str) -> bool:
        return self._strangers.get(place_of(host), 0) < self._limit

    def accept(self, wire: socket.socket, transport: Transport, context: ssl.SSLContext | None) -> None:
        """Take over an accepted socket; with a context, shake hands first."""
        (host, port), (near, near_port) = wire.getpeername()[:2], wire.getsockname()[:2]
        flow = Flow(transport, host, port, near, near_port, next(self._numbers))
        connection = self._all[flow.connection] = Connection(self, flow, is_proved=False)
        self._count(connection, 1)
        self._spawn(self._open(connection, wire, context))

    def connect(
        self, host: str, port: int, near_port: int, context: ssl.SSLContext | None = None, name: str = ""
    ) -> Flow:
        """Open a connection, TLS with a context: then the peer proves to be `name`.

        What is sent over its flow meanwhile waits; if it fails, it closes.
        """
        transport: Transport = "tcp" if context is None else "tls"
        flow = Flow(transport, host, port, address_towards(host), near_port, next(self._numbers))
        connection = self._all[flow.connection] = Connection(self, flow, is_proved=True)
        self._spawn(self._connect(connection, context, name or host))
        return flow

    def lost(self, connection: "Connection") -> None:
        """A connection is gone, or never came about."""
        self.slow.discard(connection)
        if self._all.pop(connection.flow.connection, None) is not None:
            if not connection.is_proved:
                self._count(connection, -1)
            now = asyncio.get_running_loop().time()
            self.owner.closed(connection.flow, now)
            self.owner.pumped(now)

    def sent(self, connection: "Connection") -> None:
        """Cut whoever lets too much pile up."""
        if connection in self.slow:
            unsent = sum([each.unsent for each in self.slow])
            if connection.unsent > UNSENT_BYTES or unsent > UNSENT_BYTES_IN_ALL:
                connection.cut()

    async def close(self) -> None:
        """Let what was written go out, then close everything."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self._all.values()):
            connection.close()
        await asyncio.sleep(0)

    def __len__(self) -> int:
        return len(self._all)

    async def _open(
        self, connection: "Connection", wire: socket.socket, context: ssl.SSLContext | None
    ) -> None:
        loop = asyncio.get_running_loop()
        handshake = None if context is None else FIRST_REQUEST_SECONDS
        try:
            _keep_alive(wire)
            await loop.connect_accepted_socket(
                lambda: connection, wire, ssl=context, ssl_handshake_timeout=handshake
            )
        except (OSError, asyncio.CancelledError):  # ssl.SSLError and TimeoutError are OSErrors
            wire.close()
            self.lost(connection)

    async def _connect(self, connection: "Connection", context: ssl.SSLContext | None, name: str) -> None:
        loop = asyncio.get_running_loop()
        host, port = connection.flow.host, connection.flow.port
        wire = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            wire.setblocking(False)
            _keep_alive(wire)
            async with asyncio.timeout(CONNECT_SECONDS):
                await loop.sock_connect(wire, (host, port))
            if context is None:
                await loop.create_connection(lambda: connection, sock=wire)
            else:
                await loop.create_connection(
                    lambda: connection,
                    sock=wire,
                    ssl=context,
                    server_hostname=name,
                    ssl_handshake_timeout=CONNECT_SECONDS,
                )
        except (OSError, asyncio.CancelledError):
            wire.close()
            self.lost(connection)

    def _count(self, connection: "Connection", more: int) -> None:
        place = place_of(connection.flow.host)
        count = self._strangers.get(place, 0) + more
        if count:
            self._strangers[place] = count
        else:
            self._strangers.pop(place, None)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:  # Any: nothing is sent into it
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Connection(asyncio.Protocol):
    """One TCP or TLS connection, accepted or opened by us."""

    def __init__(self, connections: Connections, flow: Flow, *, is_proved: bool) -> None:
        self.flow = flow
        self.is_proved = is_proved  # somebody has signed in over it, or we opened it
        self._connections = connections
        self._stream = Stream()
        self._wire: asyncio.Transport | None = None
        self._waiting: list[bytes] = []  # for the connection to be open
        self._has_spoken = False
        self._loop = asyncio.get_running_loop()
        self._patience: asyncio.TimerHandle | None = None
        if not is_proved:
            self._patience = self._loop.call_later(FIRST_REQUEST_SECONDS, self.cut)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = wire = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        wire.set_write_buffer_limits(high=UNSENT_BYTES // 4)
        waiting, self._waiting = self._waiting, []
        for data in waiting:
            self.send(data)

    def data_received(self, data: bytes) -> None:
        now = self._loop.time()
        owner = self._connections.owner
        try:
            for message in self._stream.feed(data):
                if isinstance(message, Keepalive):
                    self.send(_PONG)
                    continue
                if not self._has_spoken:
                    self._spoke()
                owner.received(message, self.flow, now)
                if self._wire is None or self._wire.is_closing():
                    return  # cut for what it has just said
            if self._stream.is_broken:
                self.close()
        except Malformed:
            self.close()
        finally:
            owner.pumped(now)

    def pause_writing(self) -> None:
        self._connections.slow.add(self)

    def resume_writing(self) -> None:
        self._connections.slow.discard(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_patience()
        self._connections.lost(self)

    def send(self, data: bytes) -> None:
        if self._wire is None:
            self._waiting.append(data)
        elif not self._wire.is_closing():
            self._wire.write(data)
            self._connections.sent(self)

    @property
    def unsent(self) -> int:
        return self._wire.get_write_buffer_size() if self._wire is not None else 0

    def prove(self) -> None:
        self.is_proved = True
        self._forget_patience()

    def close(self) -> None:
        """What was written still goes out."""
        if self._wire is not None:
            self._wire.close()

    def cut(self) -> None:
        if self._wire is not None:
            self._wire.abort()

    def _spoke(self) -> None:
        """The first request has come; who sent it has a while to prove himself."""
        self._has_spoken = True
        if self._patience is not None:
            self._patience.cancel()
            self._patience = self._loop.call_later(PROOF_SECONDS, self.cut)

    def _forget_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class StreamListener:
    """One listening socket for TCP, or for TLS if it is given certificates."""

    def __init__(
        self,
        host: str,
        port: int,
        connections: Connections,
        *,
        context: Callable[[], ssl.SSLContext] | None = None,  # asked for each connection
        is_banned: Callable[[str], bool],
    ) -> None:
        self._connections = connections
        self._context = context
        self._is_banned = is_banned
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._handshakes = float(HANDSHAKES_PER_SECOND)  # that may begin at once
        self._counted_at = 0.0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            if family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.setblocking(False)
            self._socket.bind((host, port))
            self._socket.listen(_BACKLOG)
        except OSError as error:
            self._socket.close()
            raise cannot_listen(error, self.transport, host, port) from None
        self.host, self.port = self._socket.getsockname()[:2]

    @property
    def transport(self) -> Transport:
        return "tcp" if self._context is None else "tls"

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._counted_at = loop.time()
        loop.add_reader(self._socket, self._acceptable)

    def close(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._loop = None
        self._socket.close()

    def _acceptable(self) -> None:
        for _ in range(32):
            if self._context is not None and not self._may_shake_hands():
                return
            try:
                wire, address = self._socket.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self._pause(1.0)  # no descriptor is free: the others will give some back
                return
            wire.setblocking(False)
            host = address[0]
            if self._is_banned(host) or not self._connections.has_room_for(host):
                wire.close()
                continue
            self._handshakes -= 1.0
            try:
                self._connections.accept(wire, self.transport, self._context() if self._context else None)
            except OSError:
                wire.close()  # gone already

    def _may_shake_hands(self) -> bool:
        """Handshakes are dear: those too many wait in the kernel's queue."""
        assert self._loop is not None, "nothing is accepted before the start"
        now = self._loop.time()
        earned = (now - self._counted_at) * HANDSHAKES_PER_SECOND
        self._handshakes = min(HANDSHAKES_PER_SECOND, self._handshakes + earned)
        self._counted_at = now
        if self._handshakes < 1.0:
            self._pause((1.0 - self._handshakes) / HANDSHAKES_PER_SECOND)
            return False
        return True

    def _pause(self, seconds: float) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._rest = self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        self._rest = None
        if self._loop is not None:
            self._loop.add_reader(self._socket, self._acceptable)


def _keep_alive(wire: socket.socket) -> None:
    """A peer that is gone without a word is noticed, and small messages are not held back."""
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
