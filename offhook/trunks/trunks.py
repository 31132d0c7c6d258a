"""All trunks: which are there, which are open, whose request this is, and what rings through them.

They share the endpoint and the sockets of the phones. A change of the tables begins only those trunks
anew that are reached in another way; calls go on.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from functools import cache
from typing import Protocol

from msgspec.structs import replace

from offhook.calls.leg import Leg, Party
from offhook.dialplan import incoming
from offhook.dialplan.model import Limits, Tables, Trunk
from offhook.dialplan.tree import Tree
from offhook.dialplan.world import Outward, Toll
from offhook.people.directory import DeviceInfo, Directory
from offhook.phones.edge import Phones
from offhook.phones.identity import user_of, user_of_uri
from offhook.sip.flow import Flow
from offhook.sip.message import Request
from offhook.trunks.arrivals import Arrival, Arrivals
from offhook.trunks.device import MobileDevice, TrunkDevice
from offhook.trunks.leg import Attempt, OutwardLeg, Release
from offhook.trunks.names import Dns, Names
from offhook.trunks.trunk import LiveTrunk, TrunkState
from offhook.trunks.whereabouts import AGAIN_SECONDS

logger = logging.getLogger(__name__)


@cache
def usual_authorities() -> ssl.SSLContext:
    """Believes whomever this machine believes."""
    return ssl.create_default_context()


class Calls(Protocol):
    """What trunks want of the switch."""

    def incoming(self, leg: Leg, number: str, now: float, /) -> object: ...


class Tolls(Protocol):
    """What users spend on calls to the outside."""

    def begin(self, user: str, toll: Toll, limits: Limits) -> Release | None:
        """Called when such a call begins; what it returns when it is over. None: it may not begin."""


class Trunks:
    """The lines to the outside."""

    def __init__(
        self,
        phones: Phones,
        directory: Directory,
        calls: Calls,
        *,
        tolls: Tolls,
        ids: Callable[[], str],
        outward_of: Callable[[str, str], Outward | None],  # how a user's mobile is rung now
        changed: Callable[[], None] = lambda: None,  # a trunk can be reached now, or not any more
        names: Names | None = None,
        tls: Callable[[], ssl.SSLContext] = usual_authorities,  # asked for each connection
    ) -> None:
        self._phones = phones
        self._directory = directory
        self._tolls = tolls
        self._ids = ids
        self._outward_of = outward_of
        self._changed = changed
        self._names = names or Dns()
        self._tls = tls
        self._tables = Tables()
        self._tree = Tree(self._tables)
        self._trees: dict[str, Tree] = {}
        self._live: dict[str, LiveTrunk] = {}
        self._tasks: dict[LiveTrunk, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._is_running = False
        self._arrivals = Arrivals(phones.lines, calls.incoming, ids=ids, number_of=self._number_of)
        phones.meet(self)

    def use(self, tables: Tables) -> None:
        """The trunks there are from now on."""
        self._tables, self._tree = tables, Tree(tables)
        self._trees.clear()
        wanted = {trunk.name: trunk for trunk in tables.trunks}
        for name, live in list(self._live.items()):
            settings = wanted.get(name)
            if settings is not None and _reach(settings) == _reach(live.settings):
                live.change(settings)
            else:
                del self._live[name]
                self._end(live)
        for name, settings in wanted.items():
            if name not in self._live:
                self._live[name] = self._new(settings)
                self._begin(self._live[name])

    def start(self) -> None:
        """Look for all of them; the phones' sockets must be open."""
        self._is_running = True
        for live in self._live.values():
            self._begin(live)

    async def stop(self) -> None:
        """Sign off; calls are not ended."""
        for live in self._live.values():
            self._end(live)
        self._is_running = False
        await asyncio.gather(*self._ending, return_exceptions=True)

    def states(self) -> list[TrunkState]:
        return [live.state() for live in self._live.values()]

    # ---- for the rules

    def is_open(self, trunk: str, *, emergency: bool = False) -> bool:
        live = self._live.get(trunk)
        return live is not None and live.is_open(emergency=emergency)

    def device(self, outward: Outward, whose: Party | None = None) -> TrunkDevice:
        return TrunkDevice(outward, whose, self)

    def mobile(self, info: DeviceInfo) -> MobileDevice:
        """The live side of a user's mobile."""
        return MobileDevice(info, self._phones.party, self._outward_of, self)

    # ---- for what rings

    def can_take(self, outward: Outward) -> bool:
        return any(self.is_open(way.trunk, emergency=outward.emergency) for way in outward.ways)

    def open_legs(self, outward: Outward, party: Party) -> list[Leg]:
        attempts = [
            Attempt(live, peer, way)
            for way in outward.ways
            if (live := self._live.get(way.trunk)) is not None
            for peer in live.usable(emergency=outward.emergency)
        ]
        for number, first in enumerate(attempts):
            if (flow := first.trunk.where.way_to(first.peer)) is not None:
                return [
                    OutwardLeg(
                        self._ids(),
                        party,
                        first.trunk.place(flow),
                        attempts[number:],
                        self._phones.lines,
                        begin=lambda: self._pay(outward),
                        number_of=self._number_of,
                        emergency=outward.emergency,
                    )
                ]
        return []

    # ---- for the phones' edge

    def known(self, request: Request, flow: Flow) -> Arrival | None:
        if request.method != "INVITE":
            return None
        here = [live for live in self._live.values() if live.where.sends_from(flow)]
        if not here:
            return None
        user = user_of_uri(request.uri)
        for live in here:
            if live.token == user:
                return Arrival(live, self._arrivals)
        if not any(live.where.is_exactly_at(flow) for live in here) and self._is_phone(request):
            return None  # one of ours that lives at the same address
        if len(here) > 1:
            for live in here:
                if incoming.called(live.settings, user, self._alone(live.settings)) is not None:
                    return Arrival(live, self._arrivals)
        return Arrival(here[0], self._arrivals)

    def closed(self, flow: Flow) -> None:
        for live in self._live.values():
            live.closed(flow)

    # ----

    def _alone(self, trunk: Trunk) -> Tree:
        """The numbering as if none were ours but this trunk's, for those that share an address."""
        if (tree := self._trees.get(trunk.name)) is None:
            location = replace(self._tables.location, subscriber=())
            nodes = tuple(
                [
                    replace(each, location=each.location and replace(each.location, subscriber=()))
                    for each in self._tables.nodes
                ]
            )
            alone = replace(self._tables, location=location, nodes=nodes, trunks=(trunk,))
            tree = self._trees[trunk.name] = Tree(alone)
        return tree

    def _is_phone(self, request: Request) -> bool:
        return self._directory.by_sip_user(user_of(request.get(b"from") or b"")) is not None

    def _pay(self, outward: Outward) -> Release | None:
        """Begin a call at the payer's cost; None if that is too much."""
        user = outward.payer.user
        if not user or outward.emergency or outward.toll == "free":
            return _free
        known = self._directory.user(user)
        limits = (known.line.limits if known is not None else None) or self._tables.limits
        return self._tolls.begin(user, outward.toll, limits)

    def _number_of(self, trunk: Trunk, raw: str) -> str:
        return incoming.caller(trunk, raw, self._tree)

    def _new(self, settings: Trunk) -> LiveTrunk:
        return LiveTrunk(settings, self._phones, self._names, tls=self._tls, changed=self._changed)

    def _begin(self, live: LiveTrunk) -> None:
        if self._is_running:
            self._tasks[live] = asyncio.get_running_loop().create_task(_keep_running(live))

    def _end(self, live: LiveTrunk) -> None:
        if (task := self._tasks.pop(live, None)) is not None:
            ending = asyncio.get_running_loop().create_task(_sign_off(live, task))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)


async def _sign_off(live: LiveTrunk, task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])
    await live.leave()


async def _keep_running(live: LiveTrunk) -> None:
    while True:
        try:
            await live.where.run()
        except Exception:
            logger.exception("trunk %s: its watch met a fault of ours", live.settings.name)
        await asyncio.sleep(AGAIN_SECONDS)


def _reach(trunk: Trunk) -> tuple[object, ...]:
    """What cannot change without beginning anew."""
    return (
        trunk.hosts,
        trunk.transport,
        trunk.register,
        trunk.domain,
        trunk.username,
        trunk.login,
        trunk.password,
        trunk.expires,
        trunk.options_seconds,
    )


def _free() -> None:
    """Nothing was spent."""
