"""A small house for the web's tests: a real feed, switch and directory behind a real server on loopback.

Sound, disk and passwords are fakes at our own interfaces; they write down what they are told.
"""

import asyncio
import contextlib
import heapq
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from offhook.calls.leg import Answered, Leg, Outcome, Party, Ringing
from offhook.calls.media import G711, Bridge, Codecs, Kind, Port
from offhook.calls.routing import Ask, Rule, first_of
from offhook.calls.switch import Switch
from offhook.dialplan.effect import Effect
from offhook.dialplan.model import Line, Mobile
from offhook.features.board import Board
from offhook.feed import Feed
from offhook.ids import LiveIds
from offhook.media.fake import FakeEngine
from offhook.people.devices import Devices
from offhook.people.directory import DeviceInfo, Directory, User
from offhook.people.groups import Groups
from offhook.people.preferences import Preferences
from offhook.people.presence import PresenceKeeper
from offhook.people.quality import QualityBoard
from offhook.web.edge import Needs, Web
from offhook.web.forwarding import Explained, Forwarding
from offhook.web.history import CallLists
from offhook.web.server import Listener, WebServer
from tests.calls.rules import everyone

ANNA = User("hq.11", "anna", "Anna Berg", "101", "hq.121")
BEN = User("hq.12", "ben", "Ben Cole", "102", "hq.122")
CARLA = User("hq.13", "carla", "Carla Diaz", "103", "hq.123")
USERS = (ANNA, BEN, CARLA)
PASSWORD = "correct horse"


def offer(connection: int = 1, *, restart: int = 0, codecs: str = "8 0") -> str:
    """What a browser offers. A `connection` keeps its session and keys; a restart has new ICE credentials."""
    lines = [
        "v=0",
        f"o=- {4611731400430051336 + connection} {2 + restart} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        f"m=audio 9 UDP/TLS/RTP/SAVPF {codecs}",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=ice-ufrag:uf{connection}{restart}x",
        f"a=ice-pwd:aBcDeFgHiJkLmNoPqRsTuVwX{connection}{restart}",
        "a=fingerprint:sha-256 " + ":".join([f"{connection:02X}"] * 32),
        "a=setup:actpass",
        "a=mid:0",
        "a=sendrecv",
        "a=rtcp-mux",
    ]
    return "\r\n".join(lines) + "\r\n"


class DeskLeg:
    """A desk phone's line that writes down what it is told."""

    def __init__(self, house: "House", id: str, party: Party) -> None:
        self.id = id
        self.party = party
        self.port: Port | None = None
        self.codecs: Codecs = G711
        self.hops = 70
        self.takes_orders = True
        self.told_of: list[str] = []
        self._house = house

    def ring(
        self, who: Party, bridge: Bridge, *, like: Codecs | None, auto_answer: bool = False, hops: int = 70
    ) -> None:
        self.told_of.append(f"ring for {who.name}")
        self.port = bridge.open(Kind.PHONE)
        self._house.switch.tell(self, Ringing(), self._house.time.now())

    def proceed(self, bridge: Bridge, *, early: Codecs | None = None) -> None: ...

    def answer(self, bridge: Bridge, *, like: Codecs) -> None:
        self.told_of.append("answer")
        self.port = bridge.open(Kind.PHONE)

    def connected_to(self, party: Party) -> None: ...

    def pick_up(self) -> None:
        self.told_of.append("pick up")
        self.picks_up()

    def hold(self, holding: bool) -> None:
        self.told_of.append("hold" if holding else "resume")

    def enter(self, bridge: Bridge) -> None: ...

    def told(self, outcome: Outcome) -> None: ...

    def hangup(self, cause: Any) -> None:
        self.told_of.append(f"hangup {cause.name}")
        if self.port is not None:
            self.port.close()

    def picks_up(self) -> None:
        self._house.switch.tell(self, Answered(), self._house.time.now())


class DeskPhone:
    """A phone that is there from the start."""

    def __init__(self, house: "House", user: User, id: str) -> None:
        self.id = id
        self.party = Party(user.number, user.name, user.id, id)
        self.is_reachable = True
        self.speaks: Codecs = G711
        self.legs: list[DeskLeg] = []
        self._house = house

    def open_legs(self) -> list[Leg]:
        if not self.is_reachable:
            return []
        leg = DeskLeg(self._house, self._house.ids(), self.party)
        self.legs.append(leg)
        return [leg]


class Time:
    """Hours pass when a test says so; Unix time runs 1,000,000 s ahead of it."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._due: list[tuple[float, int, Callable[[], None], list[bool]]] = []
        self._count = 0

    def now(self) -> float:
        return self._now

    def wall(self, now: float) -> float:
        return now + 1_000_000

    def after(self, seconds: float, then: Callable[[], None]) -> "Alarm":
        live = [True]
        self._count += 1
        heapq.heappush(self._due, (self._now + seconds, self._count, then, live))
        return Alarm(live)

    def passes(self, seconds: float) -> None:
        until = self._now + seconds
        while self._due and self._due[0][0] <= until:
            self._now, _, then, live = heapq.heappop(self._due)
            if live[0]:
                then()
        self._now = until


@dataclass
class Alarm:
    live: list[bool]

    def cancel(self) -> None:
        self.live[0] = False


@dataclass
class Kept:
    user: str
    seen: float
    expires: float


class FakeStore:
    """Users, sessions and links in dictionaries."""

    def __init__(self) -> None:
        self.hashes: dict[str, str] = {user.id: f"hash of {PASSWORD}" for user in USERS}
        self.devices: dict[str, str] = {}
        self.preferences: dict[str, tuple[bool, bool]] = {}
        self.lines: dict[str, Line] = {}
        self.sessions: dict[str, Kept] = {}
        self.links: dict[str, str] = {}
        self.looked_up = 0

    async def password_hash(self, id: str) -> str | None:
        return self.hashes.get(id)

    async def set_password_hash(self, id: str, password_hash: str) -> None:
        self.hashes[id] = password_hash

    async def prefer(self, user: User, line: Line | None) -> None:
        await asyncio.sleep(0.01)  # a disk takes its time
        self.preferences[user.id] = user.do_not_disturb, user.call_waiting
        if line is not None:
            self.lines[user.id] = line

    async def set_device(self, id: str, device: str) -> None:
        self.devices[id] = device

    async def search(self, typed: str, *, offset: int = 0, limit: int = 100) -> tuple[int, list[User]]:
        found = [user for user in USERS if typed.casefold() in f"{user.name} {user.number}".casefold()]
        return len(found), found[offset : offset + limit]

    async def make(self, user: str, *, now: float) -> str:
        token = f"token{len(self.sessions)}"
        self.sessions[token] = Kept(user, now, now + 30 * 86400)
        return token

    async def find(self, token: str, *, now: float) -> Kept | None:
        self.looked_up += 1
        kept = self.sessions.get(token)
        return kept if kept is not None and kept.expires > now else None

    async def touch(self, token: str, *, now: float) -> None:
        if kept := self.sessions.get(token):
            kept.seen, kept.expires = now, now + 30 * 86400

    async def end(self, token: str) -> None:
        self.sessions.pop(token, None)

    async def end_all(self, user: str, *, but: str = "") -> None:
        for token in [t for t, kept in self.sessions.items() if kept.user == user and t != but]:
            del self.sessions[token]

    async def owner(self, token: str, *, now: float) -> str | None:
        return self.links.get(token)

    async def use(self, token: str, password_hash: str, *, now: float) -> str | None:
        if user := self.links.pop(token, None):
            self.hashes[user] = password_hash
        return user


class FakePasswords:
    """Quick, and remembers what was checked."""

    def __init__(self) -> None:
        self.checked: list[tuple[str | None, str]] = []

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def verify(self, hash: str | None, password: str) -> bool:
        self.checked.append((hash, password))
        await asyncio.sleep(0)
        return hash == f"hash of {password}"


class FakeRules:
    """A dial plan that refuses the numbers it is given, with their sentences."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.elsewhere: dict[str, User] = {}  # in other nodes, by what is dialled from here
        self.barred: dict[str, str] = {}
        self.warnings: tuple[str, ...] = ("Mind this.",)
        self.loops: tuple[str, ...] = ()
        self.asked: list[str] = []

    def effect(self, user_id: str) -> Effect:
        user = self._directory.user(user_id)
        assert user is not None, "only users ask"
        targets = [each.to for each in user.line.diversions if each.on]
        barred = {to: self.barred[to] for to in targets if to in self.barred}
        return Effect((f"This is what happens to calls for {user_id}.",), self.warnings, barred, self.loops)

    def may_divert(self, user_id: str, to: str) -> str:
        self.asked.append(to)
        return self.barred.get(to, "")

    def whose(self, number: str, user_id: str) -> User | None:
        return self.elsewhere.get(number) or self._directory.by_number(number)

    def is_emergency(self, number: str) -> bool:
        return number == "112"

    def explain(self, ask: Ask, *, is_discreet: bool) -> Explained:
        why = self.barred.get(ask.number)
        rings = f"It does not ring: {why}" if why else "It rings."
        return Explained((f"{ask.caller.name} dials {ask.number}.", rings if is_discreet else "Gossip."))


class FakeMobiles:
    """Mobiles that are kept nowhere and never ring."""

    def __init__(self, house: "House") -> None:
        self._house = house

    async def add(self, user: str, name: str, mobile: Mobile) -> DeviceInfo:
        info = DeviceInfo(self._house.ids(), user, name, "mobile", mobile=mobile)
        self._admit(info)
        return info

    async def change(self, id: str, name: str, mobile: Mobile) -> DeviceInfo:
        former = self._house.directory.device(id)
        assert former is not None
        info = DeviceInfo(id, former.user, name, "mobile", mobile=mobile)
        self._admit(info)
        return info

    async def remove(self, id: str) -> None:
        self._house.directory.remove_device(id)
        self._house.devices.remove(id)

    def _admit(self, info: DeviceInfo) -> None:
        user = self._house.directory.user(info.user)
        assert user is not None
        self._house.directory.put_device(info)
        self._house.devices.add(info, DeskPhone(self._house, user, info.id))


class House:
    """Everything but the sockets; `open_house` adds those."""

    def __init__(self, page: Path, records: CallLists | None = None) -> None:
        self.records = records
        self.time = Time()
        self.feed = Feed()
        self.engine = FakeEngine()
        self.ids = LiveIds("hq", 7)
        self.directory = Directory(
            USERS,
            [DeviceInfo(u.device, u.id, "Browser", "browser") for u in USERS]
            + [DeviceInfo(_desk(u), u.id, f"{u.username}-desk", "phone") for u in USERS],
        )
        self.devices: Devices[Any] = Devices(self.feed)
        self.groups = Groups(self.feed)
        self.presence = PresenceKeeper(self.feed, self.time.now)
        here = everyone(self.directory.by_number, self.devices.of, busy=self.presence.calls_of)
        self.rules: list[Rule] = [here]  # a test may add its own
        Board(self.feed, self.groups, self.time.now)
        self.quality = QualityBoard(self.feed)
        self.switch = Switch(
            lambda ask: first_of(self.rules)(ask),
            self.engine,
            self.feed,
            self.ids,
            devices_of=self.devices.of,
        )
        self.store = FakeStore()
        self.passwords = FakePasswords()
        self.owners: dict[Port, Any] = {}
        self.page = page
        self.desks: dict[str, DeskPhone] = {}

        self.rulebook = FakeRules(self.directory)

    def web(self, soon: Callable[[Callable[[], None]], object]) -> Web:
        preferences = Preferences(
            self.directory,
            self.feed,
            lambda user, line: asyncio.ensure_future(self.store.prefer(user, line)),
        )
        web = Web(
            Needs(
                site="hq",
                boot=7,
                clock=self.time,
                feed=self.feed,
                switch=self.switch,
                directory=self.directory,
                devices=self.devices,
                groups=self.groups,
                preferences=preferences,
                quality=self.quality,
                ids=self.ids,
                owners=self.owners,
                hosts=lambda host: [host],
                users=self.store,
                links=self.store,
                sessions=self.store,
                records=self.records,
                passwords=self.passwords,
                page=self.page,
            ),
            after=self.time.after,
            soon=soon,
        )
        mobiles = FakeMobiles(self)
        web.parts.provide(Forwarding(self.directory, preferences, self.rulebook, mobiles))
        for user in USERS:
            self.feed.set(user)
            for info in self.directory.devices_of(user.id):
                if info.kind == "browser":
                    self.devices.add(info, web.device(info))
                else:
                    self.desks[user.id] = DeskPhone(self, user, info.id)
                    self.devices.add(info, self.desks[user.id])
        return web

    def passes(self, seconds: float) -> None:
        self.time.passes(seconds)
        self.switch.tick(self.time.now())


def _desk(user: User) -> str:
    return user.device.replace("hq.12", "hq.13")


@dataclass
class Served:
    """A house with its server on loopback."""

    house: House
    web: Web
    server: WebServer
    tabs: list["Page"] = field(default_factory=list)

    @property
    def url(self) -> str:
        host, port = self.server.addresses[0]
        return f"http://{host}:{port}"

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url)

    async def signed_in(self, user: User, password: str = PASSWORD) -> httpx.AsyncClient:
        client = self.client()
        answer = await client.post("/api/v1/login", json={"username": user.username, "password": password})
        assert answer.status_code == 200, answer.text
        return client

    async def tab(self, user: User, name: str = "tab1", **hello: Any) -> "Page":
        """A page signed in as `user` that has said hello and heard its snapshot."""
        client = await self.signed_in(user)
        await client.aclose()
        return await self.tab_of(client.cookies["offhook"], name, **hello)

    async def tab_of(self, token: str, name: str = "tab1", **hello: Any) -> "Page":
        socket = await self.connect(token)
        page = Page(socket, name)
        self.tabs.append(page)
        await page.says({"hello": {"tab": name, **hello}})
        page.greeting = await page.hears()
        page.takes(page.greeting)
        return page

    async def connect(self, token: str, **how: Any) -> ClientConnection:
        url = self.url.replace("http", "ws", 1) + "/api/v1/ws"
        headers = {"Cookie": f"offhook={token}"} if token else {}
        return await connect(url, additional_headers=headers, proxy=None, **how)


class Page:
    """What the page does: keeps a mirror, asks, and waits for news."""

    def __init__(self, socket: ClientConnection, name: str) -> None:
        self.socket = socket
        self.name = name
        self.n = -1
        self.greeting: dict[str, Any] = {}
        self.mirror: dict[tuple[str, str], Any] = {}
        self.posts: list[dict[str, Any]] = []
        self._lines: list[dict[str, Any]] = []
        self._asked = 0

    async def says(self, *lines: Any) -> None:
        await self.socket.send(
            "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        )

    async def hears(self) -> dict[str, Any]:
        """The next line."""
        while not self._lines:
            async with asyncio.timeout(5):
                self._lines += [json.loads(line) for line in str(await self.socket.recv()).split("\n")]
        return self._lines.pop(0)

    async def asks(self, do: str, **fields: Any) -> dict[str, Any]:
        """Ask, and take in all news until the answer."""
        self._asked += 1
        await self.says({"id": self._asked, "ask": {"do": do, **fields}})
        while True:
            line = await self.hears()
            if line.get("id") == self._asked and ("ok" in line or "refused" in line):
                return line
            self.takes(line)

    async def sees(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """Wait until a thing of this kind has these values."""
        while True:
            for (name, _), value in self.mirror.items():
                if name == kind and all(value[key] == wanted[key] for key in wanted):
                    return dict(value)
            self.takes(await self.hears())

    async def loses(self, kind: str, id: str) -> None:
        while (kind, id) in self.mirror:
            self.takes(await self.hears())

    def takes(self, line: dict[str, Any]) -> None:
        apply(self.mirror, line)
        self.n = line.get("n", self.n)
        if "post" in line:
            self.posts.append(line)

    async def is_closed(self) -> int:
        """The close code, once it comes."""
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(5):
                while True:
                    await self.socket.recv()
        assert self.socket.close_code is not None
        return self.socket.close_code


def apply(mirror: dict[tuple[str, str], Any], line: dict[str, Any]) -> None:
    """All a client need know of changes."""
    if "snapshot" in line:
        mirror.clear()
        for shown in line["snapshot"]:
            mirror[shown["set"], shown["id"]] = shown["value"]
    elif "set" in line:
        mirror[line["set"], line["id"]] = line["value"]
    elif "drop" in line:
        mirror.pop((line["drop"], line["id"]), None)


@asynccontextmanager
async def open_house(
    page: Path, *, listeners: Sequence[Listener] = (), records: CallLists | None = None
) -> AsyncIterator[Served]:
    house = House(page, records)
    web = house.web(asyncio.get_running_loop().call_soon)
    server = web.server(listeners or [Listener("127.0.0.1", 0)])
    await server.start()
    served = Served(house, web, server)
    try:
        yield served
    finally:
        for tab in served.tabs:
            await tab.socket.close()
        await server.stop()


def plain(value: Any) -> Any:
    """As it looks on the wire."""
    return msgspec.to_builtins(value)
