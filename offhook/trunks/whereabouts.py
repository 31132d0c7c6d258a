"""Where a trunk is, and whether anybody answers there: off the way of every call.

Names are looked up again when their answers are old, addresses asked by OPTIONS. What a call meets is only
noted here, and the next question finds out whether it is more than that. Each change is logged once.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable

from offhook.dialplan.model import Trunk
from offhook.phones.edge import Phones
from offhook.sip.flow import Flow
from offhook.sip.message import Response
from offhook.trunks.names import Names, NoAnswer, Target, find
from offhook.trunks.peer import MISSES, Peer
from offhook.trunks.words import account, address

PATIENCE_SECONDS = 2.0  # for the answer to an OPTIONS
CONNECTING_SECONDS = 5.0  # the same where a connection may have to be opened first
SILENT_SECONDS = 10.0  # between two looks whether somebody silent is back
AGAIN_SECONDS = 30.0  # until a name that could not be looked up is tried again

logger = logging.getLogger(__name__)


class Whereabouts:
    """The addresses of one trunk, best first."""

    def __init__(
        self,
        settings: Trunk,
        edge: Phones,
        names: Names,
        *,
        tls: Callable[[], ssl.SSLContext],
        notice: Callable[[str], None],  # something is wrong
        moved: Callable[[], None],  # there are other addresses than before
        changed: Callable[[], None],  # somebody counts as silent, or does no more
        back: Callable[[], None],  # somebody who was silent for a while answers again
    ) -> None:
        self.peers: list[Peer] = []
        self.problem = ""  # who is silent
        self._settings = settings
        self._edge = edge
        self._names = names
        self._tls = tls
        self._notice = notice
        self._moved = moved
        self._changed = changed
        self._back = back
        self._found: dict[str, tuple[Target, ...]] = {}
        self._news = asyncio.Event()  # somebody seems to be silent

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_finding())
            group.create_task(self._keep_watching())

    @property
    def alive(self) -> list[Peer]:
        return [peer for peer in self.peers if peer.is_alive]

    @property
    def silent(self) -> list[Peer]:
        return [peer for peer in self.peers if not peer.is_alive]

    def way_to(self, peer: Peer) -> Flow | None:
        """The flow to this address; a connection is opened if there is none."""
        if peer.flow is None:
            target = peer.target
            context = self._tls() if peer.transport == "tls" else None
            peer.flow = self._edge.flow_to(peer.transport, target.host, target.port, context, target.name)
        return peer.flow

    def way_instead(self, flow: Flow) -> Flow:
        """For a call whose connection may be gone: another to the same host, so that its end is heard of."""
        if not flow.is_reliable or self._edge.connections.is_open(flow):
            return flow
        there = next((peer for peer in self.peers if peer.target.host == flow.host), None)
        return (self.way_to(there) if there is not None else None) or flow

    def sends_from(self, flow: Flow) -> bool:
        """Whether this may be a request of theirs, by where it comes from."""
        return any(peer.sends_from(flow) for peer in self.peers)

    def is_exactly_at(self, flow: Flow) -> bool:
        """Whether we would send there ourselves."""
        return any(peer.is_at(flow) for peer in self.peers)

    def unreached(self, peer: Peer) -> None:
        """A call could not be offered there: it gets no other until it answers again."""
        peer.failed()
        self._news.set()
        self._changed()

    def closed(self, flow: Flow) -> None:
        for peer in self.peers:
            if peer.flow == flow:
                peer.flow = None
                if peer.is_alive:
                    self._news.set()

    # ---- where it is

    async def _keep_finding(self) -> None:
        while True:
            seconds = await self._find()
            if seconds is None:
                return  # addresses alone: they hold for ever
            await asyncio.sleep(seconds)

    async def _find(self) -> float | None:
        """Look all hosts up. Returns for how long that holds; of what cannot be had the old is kept."""
        held: list[float] = []
        for host in self._settings.hosts:
            try:
                found = await find(host, self._settings.transport, self._names)
            except NoAnswer as why:
                self._notice(str(why))
                held.append(AGAIN_SECONDS)
                continue
            self._found[host] = found.targets
            if found.seconds is not None:
                held.append(found.seconds)
        self._settle()
        return min(held, default=None)

    def _settle(self) -> None:
        """Take over the addresses found; who is known already keeps his state."""
        known = {peer.target: peer for peer in self.peers}
        peers: dict[Target, Peer] = {}
        for host in self._settings.hosts:
            for target in self._found.get(host, ()):
                peers.setdefault(target, known.get(target) or Peer(target, self._settings.transport, host))
        if [*peers.values()] != self.peers:
            self.peers = [*peers.values()]
            self._news.set()
            self._moved()
            self._changed()

    # ---- who is there

    async def _keep_watching(self) -> None:
        while True:
            self._news.clear()
            seconds = float(self._settings.options_seconds)
            async with asyncio.TaskGroup() as group:
                for peer in self.peers if seconds else self.silent:
                    group.create_task(self._look_at(peer))
            if self.silent:
                seconds = min(seconds or SILENT_SECONDS, SILENT_SECONDS)
            try:
                async with asyncio.timeout(seconds or None):
                    await self._news.wait()
            except TimeoutError:
                pass  # nothing has happened meanwhile

    async def _look_at(self, peer: Peer) -> None:
        for _ in range(MISSES):
            if await self._answers(peer):
                return
            peer.missed()
        self._changed()
        if not peer.is_alive and not peer.is_known_silent:
            peer.is_known_silent = True
            self.problem = f"{peer} does not answer"
            logger.warning("trunk %s: %s", self._settings.name, self.problem)

    async def _answers(self, peer: Peer) -> bool:
        flow = self.way_to(peer)
        if flow is None:
            self._notice(f"no address of ours leads to {peer}")
            return False
        heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def done(response: Response | None, now: float) -> None:
            if response is not None:
                self._heard(peer)
            if not heard.done():
                heard.set_result(response is not None)

        them = address("", peer.host)
        us = account(self._settings) if self._settings.username else self._our_address(flow)
        self._edge.endpoint.request(
            "OPTIONS",
            them,
            flow,
            local=b"<%b>" % us,
            remote=b"<%b>" % them,
            headers=b"Accept: application/sdp\r\n",
            now=self._edge.lines.now(),
            done=done,
        )
        patience = PATIENCE_SECONDS if peer.transport == "udp" else CONNECTING_SECONDS
        try:
            async with asyncio.timeout(patience):
                return await heard
        except TimeoutError:
            return False

    def _heard(self, peer: Peer) -> None:
        peer.heard()
        self._changed()
        if peer.is_known_silent:
            peer.is_known_silent = False
            self.problem = ""
            logger.warning("trunk %s: %s answers again", self._settings.name, peer)
            self._back()

    def _our_address(self, flow: Flow) -> bytes:
        return address("", self._edge.addresses.hostport(flow))
