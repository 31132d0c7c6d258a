"""The SIP edge: sockets in, one endpoint in the middle, legs and bindings out.

The invariant it keeps for the machines inside: whenever anything has been done with the endpoint, what
was said has gone out and a timer stands for the time at which it wants to be looked at again. While
nothing waits, none does.
"""

import asyncio
import logging
import os
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, cast

from offhook.calls.leg import Leg, LegEvent, Party
from offhook.calls.media import Port
from offhook.clock import Clock
from offhook.config import Config
from offhook.people.directory import DeviceInfo, Directory
from offhook.phones.addresses import Addresses
from offhook.phones.binding import BindingStore, Contact
from offhook.phones.device import PhoneDevice
from offhook.phones.farewell import Farewells
from offhook.phones.gate import PhoneGate
from offhook.phones.identity import Neighbour, PhoneIdentity
from offhook.phones.lines import DialogKeeper, Lines, PortOwner, Reported, unheard
from offhook.phones.reception import Reception
from offhook.phones.registrar import Registrar
from offhook.phones.stream import Connections, StreamListener
from offhook.phones.throttle import Throttle
from offhook.phones.udp import UdpListener
from offhook.sip.auth import Challenger
from offhook.sip.dialog import TalkingDialog
from offhook.sip.endpoint import Endpoint
from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Request, Response
from offhook.sip.transaction import ServerTransaction
from offhook.store.bindings import KeptBinding

GRAIN = 0.02  # timers are swept together, not one by one

logger = logging.getLogger(__name__)


class Calls(Protocol):
    """What the edge wants of the switch."""

    @property
    def is_full(self) -> bool: ...

    def incoming(self, leg: Leg, number: str, now: float, /) -> object: ...

    def replace(self, leg: Leg, replaced: str, now: float, /) -> object: ...

    def tell(self, leg: Leg, event: LegEvent, now: float, /) -> None: ...


class Neighbours(Protocol):
    """Those we exchange calls with over the same sockets, who are no devices of ours: trunks."""

    def known(self, request: Request, flow: Flow) -> Neighbour | None:
        """Who sent this, if it is one of them; all else goes through the gate."""

    def closed(self, flow: Flow) -> None:
        """A connection is gone, or could not be opened."""


class Phones:
    """All phones: owns the endpoint, the listeners, the registrar and the one timer."""

    def __init__(
        self,
        config: Config,
        directory: Directory,
        calls: Calls,
        *,
        clock: Clock,
        store: BindingStore,
        reached: Callable[[str, int], None],  # a device's id, and in how many places it can ring now
        owners: dict[Port, PortOwner],
        ids: Callable[[], str],
        dialogs: DialogKeeper,
        lag: Callable[[], float],  # of the loop, p90 of the last second
        reported: Reported = unheard,
        context: Callable[[], ssl.SSLContext] | None = None,  # for TLS; asked for each connection
        banned: frozenset[str] | set[str] = frozenset(),
        is_emergency: Callable[[str], bool] = lambda number: False,  # of a number as it is dialled
    ) -> None:
        secret = os.urandom(32)
        self._config = config
        self._directory = directory
        self._clock = clock
        self._context = context
        self._banned = banned
        self._ids = ids
        self._loop: asyncio.AbstractEventLoop | None = None
        self._udp: list[UdpListener] = []
        self._streams: list[StreamListener] = []
        self._ways: dict[tuple[str, int], UdpListener] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")
        self._is_receiving = False
        self._looks_soon = False
        self._neighbours: Neighbours | None = None
        net, limits = config.net, config.limits
        self.addresses = Addresses(public=net.public, public6=net.public6, local=net.local)
        self.connections = Connections(self, unproven_per_address=limits.connections_per_address)
        self.registrar = Registrar(_Watched(store), clock.wall, reached)
        gate = PhoneGate(
            Challenger(config.sip.realm, secret),
            directory.by_sip_user,
            self.registrar,
            Throttle(unproven_per_second=limits.requests_per_second),
            may_speak_as=self._may_speak_as,
            lag=lag,
            unanswered=lambda: self.lines.unanswered,
            calls_of=lambda device: self.lines.calls_of(device),
            calls_per_device=limits.calls_per_user,
            is_full=lambda: calls.is_full,
            is_emergency=is_emergency,
            proved=self._proved,
            neighbour=self._neighbour,
        )
        self.endpoint = Endpoint(
            self._send, gate, self, address=self.addresses.hostport, secret=secret, user_agent="Offhook"
        )
        self.lines = Lines(self.endpoint, calls.tell, clock.now, self.addresses, owners, dialogs, reported)
        self._farewells = Farewells(self.endpoint, self._connect)
        self._reception = Reception(
            self.registrar, self.lines, calls.incoming, calls.replace, self.party, ids
        )

    async def start(self) -> None:
        """Bind and listen. Raises OSError, with everything closed again, when an address cannot be had."""
        self._loop = loop = asyncio.get_running_loop()
        sip = self._config.sip
        try:
            for at in sip.udp:
                self._udp.append(
                    UdpListener(
                        at.host,
                        at.port,
                        self.received,
                        pumped=self.pumped,
                        is_banned=self._banned.__contains__,
                    )
                )
            for at in sip.tcp:
                self._streams.append(self._stream_listener(at.host, at.port, None))
            for at in sip.tls if self._context is not None else ():
                self._streams.append(self._stream_listener(at.host, at.port, self._context))
        except OSError:
            self._close_listeners()
            raise
        for udp in self._udp:
            udp.start(loop)
        for stream in self._streams:
            stream.start(loop)
        self.pumped(loop.time())

    async def stop(self) -> None:
        """Take no more, let what was said go out."""
        self._close_listeners()
        await self.connections.close()
        self.registrar.flush()
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._timer_at = None, float("inf")
        self._loop = None

    @property
    def listening(self) -> list[tuple[Transport, str, int]]:
        """Where we can be reached, with the ports that were found for 0."""
        return [
            *[("udp", each.host, each.port) for each in self._udp],
            *[(each.transport, each.host, each.port) for each in self._streams],
        ]

    def meet(self, neighbours: Neighbours) -> None:
        """From now on requests of these are theirs to answer."""
        self._neighbours = neighbours

    def flow_to(
        self,
        transport: Transport,
        host: str,
        port: int,
        context: ssl.SSLContext | None = None,
        name: str = "",
    ) -> Flow | None:
        """A way to an address that we may send to unasked; None where no socket of ours leads there.

        Over TCP and TLS it is a new connection: what is sent meanwhile waits, and if it fails, it closes.
        For TLS the certificate must be valid for `name`.
        """
        if transport == "udp":
            ways = [each for each in self._udp if each.is_ipv6 is (":" in host)]
            return ways[0].flow_to(host, port) if ways else None
        usual = 5060 if transport == "tcp" else 5061
        near = next((each.port for each in self._streams if each.transport == transport), usual)
        if transport == "tcp":
            return self.connections.connect(host, port, near)
        return self.connections.connect(host, port, near, context, name)

    def device(self, info: DeviceInfo) -> PhoneDevice:
        """The live side of a phone, for routing."""
        return PhoneDevice(
            info, self.party, self.registrar, self.lines, ids=self._ids, connect=self._connect_to
        )

    def forget(self, device: str) -> None:
        """A device is no longer one of ours, or its secret has changed: whoever registered as it is out."""
        self.registrar.forget(device, self._clock.now())

    def restore(self, rows: Iterable[KeptBinding]) -> None:
        """Take in the bindings kept over a restart."""
        self.registrar.restore(rows, self._clock.now())

    def farewell(self, dialogs: Iterable[TalkingDialog]) -> None:
        """Hang up what was talking when another run of the server died."""
        self._farewells.say(dialogs, self._clock.now())

    def party(self, device: DeviceInfo) -> Party:
        """Who calls from this device: its user, whatever its From says."""
        user = self._directory.user(device.user)
        if user is None:
            return Party(device.sip_user, device.name, "", device.id)
        return Party(user.number, user.name, user.id, device.id)

    # ---- what sockets tell us

    def received(self, data: bytes, flow: Flow, now: float) -> None:
        self._is_receiving = True
        try:
            self.endpoint.receive(data, flow, now)
        except Exception:
            logger.exception("%s %s:%d a message met a fault of ours", flow.transport, flow.host, flow.port)

    def pumped(self, now: float) -> None:
        self._is_receiving = False
        for udp in self._udp:
            udp.flush()
        due, other = self.endpoint.next_timeout(), self.registrar.next_timeout()
        if other is not None and (due is None or other < due):
            due = other
        if due is not None and due < self._timer_at and self._loop is not None:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = max(due, now + GRAIN)
            self._timer = self._loop.call_at(self._timer_at, self._tick)

    def closed(self, flow: Flow, now: float) -> None:
        self.registrar.flow_closed(flow)
        if self._neighbours is not None:
            self._neighbours.closed(flow)
        self.endpoint.flow_closed(flow, now)

    def requested(self, tx: ServerTransaction, request: Request, identity: object, now: float) -> None:
        """The endpoint's listener; what it is about, reception knows, or the neighbour who asks."""
        if isinstance(identity, PhoneIdentity):
            self._reception.requested(tx, request, identity, now)
        else:
            cast("Neighbour", identity).requested(tx, request, now)  # the gate lets in nobody else

    # ---- out

    def _send(self, data: bytes, flow: Flow) -> None:
        if not self._is_receiving and not self._looks_soon and self._loop is not None:
            self._looks_soon = True
            self._loop.call_soon(self._look)
        if flow.transport == "udp":
            way = self._ways.get(flow[3:5])
            if way is None:
                way = self._way(flow)
            if way is not None:
                way.send(data, flow)
        elif not self.connections.send(data, flow) and self._loop is not None:
            self._loop.call_soon(self._found_closed, flow)

    def _look(self) -> None:
        self._looks_soon = False
        self.pumped(self._clock.now())

    def _found_closed(self, flow: Flow) -> None:
        now = self._clock.now()
        self.closed(flow, now)
        self.pumped(now)

    def _way(self, flow: Flow) -> UdpListener | None:
        """Which socket a flow leaves by: the one it came in by; for one kept over a restart, its equal."""
        is_ipv6 = ":" in flow.host
        ways = [each for each in self._udp if each.is_ipv6 is is_ipv6]
        ways.sort(key=lambda each: (each.port != flow.local_port, each.host != flow.local_host))
        if not ways:
            return None
        if len(self._ways) > 1024:
            self._ways.clear()
        self._ways[flow.local_host, flow.local_port] = ways[0]
        return ways[0]

    def _tick(self) -> None:
        now = self._clock.now()
        self._timer, self._timer_at = None, float("inf")
        self._is_receiving = True
        try:
            for contact in self.registrar.tick(now):
                self._keep_alive(contact, now)
            self.endpoint.tick(now)
        except Exception:
            logger.exception("a timer met a fault of ours")
        finally:
            self.pumped(now)

    def _keep_alive(self, contact: Contact, now: float) -> None:
        """An OPTIONS keeps the way through its NAT open; any answer, or none, will do."""
        if contact.flow is not None:
            us = b"<sip:%b>" % self.addresses.hostport(contact.flow).encode()
            it = b"<%b>" % contact.binding.contact
            self.endpoint.request(
                "OPTIONS", contact.binding.contact, contact.flow, local=us, remote=it, now=now, done=_ignore
            )

    def _connect_to(self, contact: Contact) -> None:
        """The way to this phone was lost, but it listens for TCP."""
        if contact.entry.target is not None:
            self.registrar.attach(contact, self._connect(*contact.entry.target))

    def _connect(self, host: str, port: int) -> Flow:
        near = next((each.port for each in self._streams if each.transport == "tcp"), 5060)
        return self.connections.connect(host, port, near)

    # ----

    def _proved(self, flow: Flow) -> None:
        """Somebody has signed in rightly."""
        if flow.is_reliable:
            self.connections.proved(flow)
            if not self._farewells.is_done and self._loop is not None:
                self._loop.call_soon(self._farewells.came_back, flow, self._clock.now())

    def _neighbour(self, request: Request, flow: Flow) -> Neighbour | None:
        neighbour = None if self._neighbours is None else self._neighbours.known(request, flow)
        if neighbour is not None and flow.is_reliable:
            self.connections.proved(flow)
        return neighbour

    def _may_speak_as(self, device: DeviceInfo, name: str) -> bool:
        user = self._directory.user(device.user)
        return user is not None and name in (user.number, user.username)

    def _stream_listener(
        self, host: str, port: int, context: Callable[[], ssl.SSLContext] | None
    ) -> StreamListener:
        return StreamListener(
            host, port, self.connections, context=context, is_banned=self._banned.__contains__
        )

    def _close_listeners(self) -> None:
        for udp in self._udp:
            udp.close()
        for stream in self._streams:
            stream.close()
        self._udp.clear()
        self._streams.clear()
        self._ways.clear()


class _Watched:
    """A binding that could not be written is said once and not waited for: its phone will refresh it."""

    def __init__(self, store: BindingStore) -> None:
        self._store = store

    def put(self, bindings: Sequence[KeptBinding]) -> None:
        _watch(self._store.put(bindings))

    def remove(self, contacts: Sequence[tuple[str, bytes]]) -> None:
        _watch(self._store.remove(contacts))


def _watch(written: object) -> None:
    if isinstance(written, asyncio.Future):
        written.add_done_callback(_complain)


def _complain(written: "asyncio.Future[None]") -> None:
    if not written.cancelled() and (why := written.exception()) is not None:
        logger.error("bindings could not be written: %s", why)


def _ignore(response: Response | None, now: float) -> None:
    """Whether it answers is its own affair."""
