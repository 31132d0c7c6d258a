"""The browser edge as a whole: everything the web needs, put together in the order it depends.

Features may add commands, parts, views, checks and metrics until `start`.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from litestar import Litestar

from offhook.calls.leg import Party
from offhook.calls.media import Port
from offhook.calls.switch import Switch
from offhook.feed import Feed
from offhook.people.devices import Devices
from offhook.people.directory import DeviceInfo, Directory
from offhook.people.groups import Groups
from offhook.people.preferences import Preferences
from offhook.people.quality import QualityBoard
from offhook.web.account import COMMANDS as ACCOUNT_COMMANDS
from offhook.web.account import Accounts, LinkStore, Passwords, UserStore
from offhook.web.calls import COMMANDS as CALL_COMMANDS
from offhook.web.command import Commands, Parts
from offhook.web.device import After, BrowserDevice, Browsers
from offhook.web.forwarding import Forwarding
from offhook.web.health import Health, Metric, Samples, health_routes
from offhook.web.history import CallLists, UserSearch, history_routes
from offhook.web.leg import Ground, PortOwner
from offhook.web.openapi import document
from offhook.web.own import Limits
from offhook.web.reach import COMMANDS as REACH_COMMANDS
from offhook.web.routes import http_app
from offhook.web.server import Listener, Site, WebServer
from offhook.web.session import Hub
from offhook.web.signin import SessionStore, SignIns
from offhook.web.static import Page
from offhook.web.transfers import COMMANDS as TRANSFER_COMMANDS
from offhook.web.views import Views


class Clock(Protocol):
    def now(self) -> float: ...

    def wall(self, now: float) -> float: ...


class Users(UserStore, UserSearch, Protocol):
    """What is kept of users."""


async def _nothing_new() -> None:
    """Where nobody but us changes the database."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What the web edge is given. `hosts`: where a browser that reached us at an address finds our media."""

    site: str
    boot: int
    clock: Clock
    feed: Feed
    switch: Switch
    directory: Directory
    devices: Devices[Any]  # phones are among them
    groups: Groups
    preferences: Preferences
    quality: QualityBoard
    ids: Callable[[], str]
    owners: MutableMapping[Port, PortOwner]
    hosts: Callable[[str], Sequence[str]]
    users: Users
    links: LinkStore
    sessions: SessionStore
    records: CallLists | None  # None: there is no call list
    passwords: Passwords
    page: Path
    seen_from: Callable[[Party, str], Party] = lambda party, node: party  # as one dials them in a node
    calls_per_user: int = 10
    catch_up: Callable[[], Awaitable[None]] = _nothing_new  # take in at once what others did to the database
    origins: Sequence[str] = ()  # where else the page is served, by a proxy


class Web:
    """Made before the loop has anything to do; listens from `start` to `stop`."""

    def __init__(self, needs: Needs, *, after: After, soon: Callable[[Callable[[], None]], object]) -> None:
        clock = needs.clock
        self.views = Views(
            clock.wall,
            whose=self._whose,
            device=needs.directory.device,
            node_of=needs.directory.node_of,
            seen_from=needs.seen_from,
        )
        self.commands = Commands()
        self.commands.add(*CALL_COMMANDS, *TRANSFER_COMMANDS, *ACCOUNT_COMMANDS, *REACH_COMMANDS)
        self.parts = Parts()
        self.health = Health()
        self._browsers = Browsers(needs.devices)
        self.hub = Hub(
            needs.feed,
            self.views,
            needs.groups,
            self.commands,
            self.parts,
            self._browsers,
            boot=needs.boot,
            now=clock.now,
            wall=clock.wall,
            soon=soon,
        )
        needs.groups.watch(self.hub.regroup)
        self.page = Page(needs.page)
        self._needs = needs
        self._after = after
        self._signins = SignIns(needs.sessions, lambda: clock.wall(clock.now()))
        self._ground = Ground(
            needs.switch.tell, needs.feed, needs.owners, needs.quality, needs.hosts, needs.ids, clock.now
        )
        self._accounts = Accounts(
            needs.directory,
            needs.feed,
            self.views,
            needs.users,
            needs.links,
            needs.passwords,
            self._signins,
            self.hub,
            site=needs.site,
            now=clock.now,
            wall=lambda: clock.wall(clock.now()),
            catch_up=needs.catch_up,
        )
        limits = Limits(needs.calls_per_user)
        parts = (needs.feed, needs.switch, needs.directory, needs.devices, needs.groups, needs.preferences)
        for part in (*parts, self._accounts, self.views, limits):
            self.parts.provide(part)
        self._measure()

    def device(self, info: DeviceInfo) -> BrowserDevice:
        """The live side of a browser device, for `Devices.add`."""
        needs = self._needs
        device = BrowserDevice(
            info, needs.directory, self._ground, reached=needs.devices.reached, after=self._after
        )
        self._browsers.introduce(device, info.user)
        return device

    async def renumber(self) -> None:
        """Numbers are dialled otherwise from now on."""
        await self.hub.renumber()

    async def look_at_sessions(self) -> None:
        """Somebody else may have ended sessions in the store: sign those out here too."""
        ended = await self._signins.look_again(self.hub.sessions())
        self.hub.end_sessions(lambda user, token: token in ended)

    def server(self, listeners: Iterable[Listener]) -> WebServer:
        """Everything as a server on these addresses, not yet started."""
        needs = self._needs

        @cache
        def described(app: Litestar) -> bytes:
            return document(app, self.views, self.commands)

        app = http_app(
            self._accounts,
            self.commands,
            self.parts,
            history_routes(needs.directory, needs.users, needs.records, self.views, self.parts),
            health_routes(self.health),
            now=needs.clock.now,
            document=described,
        )
        api: Any = app  # Litestar's types of ASGI are narrower than ours
        site = Site(api, self.page, self.hub, self._signins, needs.origins)
        return WebServer(site, self.hub, listeners)

    def _whose(self, number: str, user: str) -> str:
        """The name of whom a user reaches by this number: a colleague, or a group of their own node."""
        if (found := self.parts.get(Forwarding).whose(number, user)) is not None:
            return found.name
        node = self._needs.directory.node_of(user)
        for group in self._needs.groups.all():
            if group.ringing is not None and (group.ringing.node, group.ringing.number) == (node, number):
                return group.name
        return ""

    def _measure(self) -> None:
        hub, counters = self.hub, self.hub.counters

        def counted(name: str) -> Callable[[], Samples]:
            return lambda: [((), float(counters[name]))]

        for metric in (
            Metric("offhook_web_clients", "Tabs connected by WebSocket.", lambda: [((), float(len(hub)))]),
            Metric("offhook_web_lines_total", "Lines received.", counted("lines"), "counter"),
            Metric("offhook_web_frames_total", "Frames sent.", counted("frames"), "counter"),
            Metric("offhook_web_asks_total", "Commands asked for.", counted("asks"), "counter"),
            Metric("offhook_web_too_slow_total", "Clients cut off.", counted("too_slow"), "counter"),
        ):
            self.health.measure(metric)
