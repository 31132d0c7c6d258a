"""SIP over UDP: one socket, read until it is empty, the clock read once for all that was waiting.

What is said waits for `flush`, which whoever speaks calls when it has done all it has to do: a peer that
is woken between two messages may take the processor from us, and all we had at hand is then out of reach.

`add_reader` and `recvfrom` cost a tenth of asyncio's datagram transport and work alike on every loop.
"""

import asyncio
import socket
from collections.abc import Callable

from offhook.listening import cannot_listen
from offhook.phones.addresses import address_towards
from offhook.sip.flow import Flow

Receive = Callable[[bytes, Flow, float], None]

AT_ONCE = 32  # datagrams for each wake-up, so that others have their turn
BUFFER_BYTES = 4 << 20  # holds a burst of thousands of requests
SHORTEST_MESSAGE = 20  # what is shorter is a keep-alive or noise
_REMEMBERED = 65536  # peers


class UdpListener:
    """One bound UDP socket."""

    def __init__(
        self,
        host: str,
        port: int,
        receive: Receive,
        *,
        pumped: Callable[[float], None],  # called after each batch
        is_banned: Callable[[str], bool],
    ) -> None:
        self._receive = receive
        self._pumped = pumped
        self._is_banned = is_banned
        self._flows: dict[tuple[str, int], Flow] = {}
        self._near: dict[str, str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._said: list[tuple[bytes, Flow]] = []
        self.unsent = 0  # datagrams the kernel had no room for, or no way
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            if family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
            self._socket.setblocking(False)
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise cannot_listen(error, "udp", host, port) from None
        self.host: str
        self.port: int
        self.host, self.port = self._socket.getsockname()[:2]
        self._is_wildcard = self.host in ("0.0.0.0", "::")
        self._sendto = self._socket.sendto
        self._recvfrom = self._socket.recvfrom

    @property
    def is_ipv6(self) -> bool:
        return self._socket.family == socket.AF_INET6

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        self.flush()
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._loop = None
        self._socket.close()

    def send(self, data: bytes, flow: Flow) -> None:
        self._said.append((data, flow))

    def flush(self) -> None:
        """Send what was said since the last time."""
        for data, flow in self._said:
            try:
                self._sendto(data, (flow.host, flow.port))
            except OSError:
                self.unsent += 1  # lost like any other datagram: it is sent again or given up
        self._said.clear()

    def flow_to(self, host: str, port: int) -> Flow:
        """The flow between this socket and a peer."""
        return Flow("udp", host, port, self._towards(host), self.port)

    def _readable(self) -> None:
        loop = self._loop
        if loop is None:
            return
        now = loop.time()
        flows, receive, recvfrom, is_banned = self._flows, self._receive, self._recvfrom, self._is_banned
        try:
            for _ in range(AT_ONCE):
                try:
                    data, address = recvfrom(65536)
                except (BlockingIOError, InterruptedError):
                    break
                except OSError:
                    continue  # an ICMP answer to something we sent
                flow = flows.get(address)
                if flow is None:
                    flow = self._meet(address)
                if len(data) > SHORTEST_MESSAGE and not is_banned(flow.host):
                    receive(data, flow, now)
        finally:
            self._pumped(now)

    def _meet(self, address: tuple[str, int]) -> Flow:
        if len(self._flows) >= _REMEMBERED:
            self._flows.clear()
        flow = self._flows[address] = self.flow_to(address[0], address[1])
        return flow

    def _towards(self, host: str) -> str:
        """Our address as this peer sees it: found once for each, where we listen on all."""
        if not self._is_wildcard:
            return self.host
        if (near := self._near.get(host)) is None:
            if len(self._near) >= _REMEMBERED:
                self._near.clear()
            near = self._near[host] = address_towards(host)
        return near
