"""Our registration with a provider: what the machine asks for is sent, what becomes of it is logged once."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

from offhook.dialplan.model import Trunk
from offhook.phones.edge import Phones
from offhook.sip.credentials import Credentials
from offhook.sip.flow import Flow
from offhook.sip.message import Response
from offhook.sip.registration import Ask, Fact, Failed, Left, Registered, Registration
from offhook.trunks.peer import Peer
from offhook.trunks.words import account, address

GOODBYE_SECONDS = 2.0

logger = logging.getLogger(__name__)


class Account:
    """One account, registered wherever its trunk is."""

    def __init__(
        self,
        settings: Trunk,
        token: str,
        credentials: Credentials | None,
        edge: Phones,
        way_to: Callable[[Peer], Flow | None],
        changed: Callable[[], None],  # it may be registered now, or not any more
    ) -> None:
        self.problem = ""
        self._name = settings.name
        self._server = address("", settings.domain or next(iter(settings.hosts), ""))
        self._us = b"<%b>" % account(settings)
        self._token = token
        self._edge = edge
        self._way_to = way_to
        self._changed = changed
        self._series = edge.endpoint.series(credentials)
        self._registration: Registration[Peer] = Registration(
            (),
            expires=settings.expires,
            random=Random(),  # noqa: S311  # spreads work, guards nothing
        )
        self._is_begun = False
        self._was_registered = False
        self._flow: Flow | None = None  # over which we are registered
        self._timer: asyncio.TimerHandle | None = None
        self._left = asyncio.Event()

    @property
    def is_registered(self) -> bool:
        return self._registration.is_registered(self._now())

    def use(self, peers: Sequence[Peer]) -> None:
        """Where to register from now on."""
        self._do(self._registration.use(peers, self._now()))
        if peers and not self._is_begun:
            self._is_begun = True
            self._do(self._registration.start(self._now()))

    def renew(self) -> None:
        """The provider was away, and may have forgotten us."""
        self._do(self._registration.again(self._now()))

    def closed(self, flow: Flow) -> None:
        """A connection is gone: over it no call reaches us any more."""
        if flow == self._flow:
            self._flow = None
            self.renew()

    async def leave(self) -> None:
        """Sign off, and wait a moment for the answer."""
        if self._is_begun:
            self._do(self._registration.stop(self._now()))
            try:
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await self._left.wait()
            except TimeoutError:
                logger.info("trunk %s: nobody answered our signing off", self._name)
        if self._timer is not None:
            self._timer.cancel()

    def _do(self, facts: "Sequence[Fact[Peer]]") -> None:
        for fact in facts:
            match fact:
                case Ask(peer, expires, serial):
                    self._ask(peer, expires, serial)
                case Registered(peer, _):
                    self._flow = peer.flow
                    if self.problem or not self._was_registered:
                        logger.info("trunk %s: registered with %s", self._name, peer)
                    self.problem, self._was_registered = "", True
                case Failed(status, reason, _):
                    problem = f"could not register: {reason or status}"
                    if problem != self.problem:
                        logger.warning("trunk %s: %s", self._name, problem)
                    self.problem = problem
                case Left():
                    self._left.set()
        self._plan()
        self._changed()

    def _plan(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (due := self._registration.next_timeout()) is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._do(self._registration.tick(self._now()))

    def _ask(self, peer: Peer, expires: int, serial: int) -> None:
        flow = self._way_to(peer)
        if flow is None:
            asyncio.get_running_loop().call_soon(self._responded, serial, b"", None, self._now())
            return
        suffix = "" if flow.transport == "udp" else f";transport={flow.transport}"
        contact = f"sip:{self._token}@{self._edge.addresses.hostport(flow)}{suffix}".encode()
        self._edge.endpoint.request(
            "REGISTER",
            self._server,
            flow,
            local=self._us,
            remote=self._us,
            headers=b"Contact: <%b>\r\nExpires: %d\r\n" % (contact, expires),
            now=self._now(),
            done=partial(self._responded, serial, contact),
            series=self._series,
        )

    def _responded(self, serial: int, contact: bytes, response: Response | None, now: float) -> None:
        self._do(self._registration.responded(serial, response, contact, now))

    def _now(self) -> float:
        return self._edge.lines.now()
