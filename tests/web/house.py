"""A small office behind a real server on loopback, and the pages that are open in its browsers."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from offhook.people.directory import User
from offhook.store.database import Database
from offhook.web.edge import Web
from offhook.web.history import CallLists
from offhook.web.server import Listener, WebServer
from tests.web.office import PASSWORD
from tests.web.parts import House


@dataclass
class Served:
    """A house with its server on loopback."""

    house: House
    server: WebServer
    tabs: list["Page"] = field(default_factory=list)

    @property
    def web(self) -> Web:
        return self.house.web

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


@asynccontextmanager
async def open_house(
    page: Path, database: Database, *, listeners: Sequence[Listener] = (), records: CallLists | None = None
) -> AsyncIterator[Served]:
    house = House(database, page, records)
    await house.start()
    server = house.web.server(listeners or [Listener("127.0.0.1", 0)])
    await server.start()
    served = Served(house, server)
    try:
        yield served
    finally:
        for tab in served.tabs:
            await tab.socket.close()
        await server.stop()
        await house.stop()


def plain(value: Any) -> Any:
    """As it looks on the wire."""
    return msgspec.to_builtins(value)
