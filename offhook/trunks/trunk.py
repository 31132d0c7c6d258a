"""One trunk as it lives: whether it is open, how many calls it has, and what is said to it."""

import logging
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from offhook.dialplan.model import Trunk
from offhook.dialplan.world import Way
from offhook.people.directory import DeviceInfo
from offhook.phones.edge import Phones
from offhook.phones.lines import Place
from offhook.sip.credentials import Credentials
from offhook.sip.flow import Flow
from offhook.trunks.account import Account
from offhook.trunks.names import Names
from offhook.trunks.peer import Peer
from offhook.trunks.whereabouts import Whereabouts
from offhook.trunks.words import Invitation, invitation

_NOTICES = 100

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrunkState:
    """What there is to know of a trunk at the moment."""

    name: str
    is_open: bool
    registered: bool | None  # None: it does not register
    reachable: tuple[str, ...]  # addresses, as "udp 192.0.2.1:5060"
    silent: tuple[str, ...]
    channels: int  # calls at the moment
    problem: str  # the last one met, "" if there was none


class LiveTrunk:
    """Everything that is known of one trunk while it is reached like this."""

    def __init__(
        self,
        settings: Trunk,
        edge: Phones,
        names: Names,
        *,
        tls: Callable[[], ssl.SSLContext],
        changed: Callable[[], None],  # it can be reached now, or not any more
    ) -> None:
        self.settings = settings
        self.info = _info(settings)
        self.token = secrets.token_hex(8)  # the user of our Contact there: calls for it are from there
        self._edge = edge
        self._changed = changed
        self._was_reached = False
        self.where = Whereabouts(
            settings,
            edge,
            names,
            tls=tls,
            notice=self.notice,
            moved=self._moved,
            changed=self._look,
            back=self._returned,
        )
        self._account: Account | None = None
        if settings.register:
            to = self.where.way_to
            self._account = Account(settings, self.token, self.credentials, edge, to, self._look)
        self._met = ""
        self._noticed: set[str] = set()

    def change(self, settings: Trunk) -> None:
        """Other settings, with which it is reached as before; calls there are go on as they began."""
        self.settings, self.info = settings, _info(settings)
        self._noticed.clear()

    async def leave(self) -> None:
        """It is not to be used any more: sign off."""
        if self._account is not None:
            await self._account.leave()

    def closed(self, flow: Flow) -> None:
        """A connection is gone."""
        self.where.closed(flow)
        if self._account is not None:
            self._account.closed(flow)

    # ---- for calls

    def is_open(self, *, emergency: bool = False) -> bool:
        if emergency:
            return self.settings.emergency and bool(self.where.peers)
        return self.has_line and self._is_reached

    @property
    def has_line(self) -> bool:
        return not self.settings.max_channels or self.channels < self.settings.max_channels

    @property
    def channels(self) -> int:
        return self._edge.lines.calls_of(self.info.id)

    def usable(self, *, emergency: bool = False) -> list[Peer]:
        """Where a call can be tried, best first; in an emergency also who seems to be silent."""
        if not self.is_open(emergency=emergency):
            return []
        return self.where.alive + (self.where.silent if emergency else [])

    def place(self, flow: Flow) -> Place:
        return Place(flow, b"", nat=False)  # its sound may come from elsewhere than its word

    @property
    def credentials(self) -> Credentials | None:
        """Ours for this trunk, given to nobody else; whatever the provider calls its realm."""
        name = self.settings.login or self.settings.username
        return Credentials(name, self.settings.password) if name and self.settings.password else None

    def invitation(self, way: Way, peer: Peer, flow: Flow) -> Invitation:
        ours = self._edge.addresses.hostport(flow)
        return invitation(way, self.settings, theirs=self.settings.domain or peer.host, ours=ours)

    def notice(self, what: str) -> None:
        """Something is wrong, or somebody outside wanted what he may not: logged once."""
        self._met = what
        if what not in self._noticed:
            if len(self._noticed) >= _NOTICES:
                self._noticed.clear()
            self._noticed.add(what)
            logger.warning("trunk %s: %s", self.settings.name, what)

    def state(self) -> TrunkState:
        account = self._account
        return TrunkState(
            self.settings.name,
            self.is_open(),
            None if account is None else account.is_registered,
            tuple(map(str, self.where.alive)),
            tuple(map(str, self.where.silent)),
            self.channels,
            (account.problem if account is not None else "") or self.where.problem or self._met,
        )

    @property
    def _is_reached(self) -> bool:
        if self._account is not None and not self._account.is_registered:
            return False
        return bool(self.where.alive)

    def _look(self) -> None:
        if self._is_reached is not self._was_reached:
            self._was_reached = not self._was_reached
            self._changed()

    def _returned(self) -> None:
        if self._account is not None:
            self._account.renew()

    def _moved(self) -> None:
        if self._account is not None:
            self._account.use(self.where.peers)


def _info(settings: Trunk) -> DeviceInfo:
    """A trunk as a device, for what all lines have in common."""
    return DeviceInfo(f"trunk:{settings.name}", "", settings.name, "phone", srtp=settings.srtp)
