"""A server for the page alone: it speaks the page's protocol, holds a house of twelve, and carries no sound.

Tests and people at the drawing board move its calls by hand. It keeps the rules the page relies on (hello, snapshot,
set, drop, post, asks) and none of the server's own. `python -m tests.browser.fake` serves it at 127.0.0.1:8080.
"""

import asyncio
import json
import mimetypes
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, AsyncIterator
from urllib.parse import parse_qs

import uvicorn

PAGE = Path(__file__).parents[2] / "offhook/web/page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' data: blob: mediastream:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PASSWORD = "correct horse"
NAMES = [
    ("anna", "Anna Berg"),
    ("ben", "Ben Cole"),
    ("carla", "Carla Diaz"),
    ("david", "David Okafor"),
    ("elif", "Elif Yılmaz"),
    ("finn", "Finn Petersen"),
    ("greta", "Greta Sommer"),
    ("henrik", "Henrik Lund"),
    ("ines", "Inês Moreira"),
    ("jonas", "Jonas Weber"),
    ("klara", "Klara Novák"),
    ("lena", "Lena Hoffmann"),
]

Json = dict[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Refused(Exception):
    def __init__(self, word: str, sentence: str) -> None:
        super().__init__(sentence)
        self.word = word
        self.sentence = sentence


@dataclass(eq=False)
class Tab:
    """A connected page."""

    user: str
    send: Send
    id: str = ""
    shown: set[str] = field(default_factory=set)
    sound: bool = False


class House:
    """Who is here, what goes on, and which pages watch."""

    def __init__(self) -> None:
        self.boot = 1
        self.n = 0
        self.asked: list[Json] = []
        self.refuse: dict[str, Refused] = {}  # by command, until taken away
        self.things: dict[tuple[str, str], Json] = {}
        self.owners: dict[tuple[str, str], set[str]] = {}  # whose; presence and users are for everybody
        self.records: dict[str, list[Json]] = {}
        self.tabs: list[Tab] = []
        self.sessions: dict[str, str] = {}
        self.is_closed = False  # refuse connections, as a server that is away does
        self.failed_logins = 0
        self.welcomes = {"fresh-link": "ben"}
        self._ids = 0
        for i, (username, name) in enumerate(NAMES):
            id = f"hq.{i + 1}"
            self.set("user", id, {"id": id, "name": name, "number": str(101 + i), "username": username})
            self.presence(id, "available")
            for kind, what in (("phone", "Desk phone"), ("browser", "Browser")):
                device = f"{id}.{kind}"
                self.set(
                    "device",
                    device,
                    {
                        "id": device,
                        "user": id,
                        "name": what,
                        "kind": kind,
                        "reachable": kind == "phone",
                        "contacts": int(kind == "phone"),
                    },
                    id,
                )
            self.records[id] = []

    # ---- what a test does

    def presence(self, user: str, state: str, *, ago: float = 0) -> None:
        self.set("presence", user, {"id": user, "state": state, "since": time.time() - ago})

    def user(self, username: str) -> Json:
        return next(u for (kind, _), u in self.things.items() if kind == "user" and u["username"] == username)

    def party(self, username: str, device: str = "") -> Json:
        user = self.user(username)
        id = f"{user['id']}.{device}" if device else ""
        return {"number": user["number"], "name": user["name"], "user": user["id"], "device": id}

    def leg(self, party: Json, *, caller: bool = False, state: str = "ringing", **more: bool) -> Json:
        flags = {"holding": False, "muted": False, "lost": False}
        return {"id": self._id("leg"), "party": party, "caller": caller, "state": state, **flags, **more}

    def call(self, called: Json, legs: list[Json], *, state: str = "ringing", ago: float = 0, answered: float | None = None) -> str:
        id = self._id("call")
        value = {
            "id": id,
            "state": state,
            "begun": time.time() - ago,
            "answered": None if answered is None else time.time() - answered,
            "cause": None,
            "sentence": None,
            "called": called,
            "legs": legs,
        }
        self.put_call(value)
        return id

    def put_call(self, value: Json) -> None:
        users = {leg["party"]["user"] for leg in value["legs"]} - {""}
        self.owners[("call", value["id"])] = users
        self.set("call", value["id"], value, *users)

    def ring(self, caller: Json, user: str, *, devices: tuple[str, ...] = ("browser", "phone"), ago: float = 0) -> str:
        """Somebody calls `user`, whose devices ring."""
        legs = [self.leg(caller, caller=True, state="talking")]
        legs += [self.leg(self.party(user, device)) for device in devices]
        return self.call(self.party(user), legs, ago=ago)

    def answer(self, call: str, device: str, *, ago: float = 0) -> None:
        """The leg on `device` answers; the other ringing ones are gone."""
        value = json.loads(json.dumps(self.things["call", call]))
        for leg in value["legs"]:
            if leg["party"]["device"] == device:
                leg["state"] = "talking"
            elif leg["state"] == "ringing":
                leg["state"] = "gone"
        value |= {"state": "talking", "answered": time.time() - ago}
        self.put_call(value)

    def change_leg(self, call: str, user: str, **changes: Any) -> None:
        value = json.loads(json.dumps(self.things["call", call]))
        for leg in value["legs"]:
            if leg["party"]["user"] == user and leg["state"] != "gone":
                leg |= changes
        self.put_call(value)

    def end(self, call: str, cause: str = "normal", sentence: str = "The call has ended.") -> None:
        value = self.things.get(("call", call))
        if value is None:
            return
        self.put_call({**value, "state": "ended", "cause": cause, "sentence": sentence})
        for leg in value["legs"]:
            self.drop("attachment", leg["id"])
        self.drop("call", call)

    def record(self, owner: str, other: Json, direction: str, outcome: str, *, ago: float, seconds: float = 0, rang: float = 8, device: str = "phone") -> None:  # fmt: skip
        begun = time.time() - ago
        answered = begun + rang if outcome == "answered" else None
        record = {
            "id": self._id("record"),
            "call": self._id("call"),
            "direction": direction,
            "outcome": outcome,
            "number": other["number"],
            "name": other["name"],
            "user": other["user"],
            "device": f"{owner}.{device}" if device else "",
            "begun": begun,
            "answered": answered,
            "ended": begun + rang + seconds,
            "seconds": seconds,
            "cause": "normal",
        }
        self.records[owner].append(record)
        self._tell({"post": "record", "value": record}, lambda tab: tab.user == owner)

    async def cut(self, code: int = 1006) -> None:
        """Close every connection."""
        for tab in list(self.tabs):
            self.tabs.remove(tab)
            await tab.send({"type": "websocket.close", "code": 1011 if code == 1006 else code})

    # ---- the feed

    def set(self, kind: str, id: str, value: Json, *owners: str) -> None:
        self.things[kind, id] = value
        if owners:
            self.owners[kind, id] = set(owners)
        self._tell({"set": kind, "id": id, "value": value}, lambda tab: self._may_see(tab, kind, id))

    def drop(self, kind: str, id: str) -> None:
        if (kind, id) in self.things:
            self._tell({"drop": kind, "id": id}, lambda tab: self._may_see(tab, kind, id))
            del self.things[kind, id]
            self.owners.pop((kind, id), None)

    def _may_see(self, tab: Tab, kind: str, id: str) -> bool:
        if kind in ("user", "presence"):
            return id in tab.shown or id == tab.user
        return tab.user in self.owners.get((kind, id), set())

    def _tell(self, line: Json, sees: Callable[[Tab], bool]) -> None:
        self.n += 1
        text = json.dumps({"n": self.n, **line})
        for tab in self.tabs:
            if tab.id and sees(tab):
                asyncio.get_running_loop().create_task(_quietly(tab.send({"type": "websocket.send", "text": text})))

    def _id(self, what: str) -> str:
        self._ids += 1
        return f"{what}.{self._ids}"

    def me(self, user: str) -> Json:
        devices = [thing for (kind, _), thing in self.things.items() if kind == "device" and thing["user"] == user]
        chosen = self.things["user", user].get("device") or f"{user}.browser"
        return {**self.things["user", user], "device": chosen, "devices": devices, "site": "hq"}

    # ---- HTTP

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            status, headers, body = await self._http(scope, receive)
            encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": status, "headers": encoded})
            await send({"type": "http.response.body", "body": body})
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive) -> tuple[int, dict[str, str], bytes]:
        path, method = scope["path"], scope["method"]
        if not path.startswith("/api/v1/"):
            return self._file(path)
        body = b""
        while (event := await receive())["type"] == "http.request":
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        given = json.loads(body) if body else {}
        user = self._user(scope)
        route = path.removeprefix("/api/v1/")
        query = {k: v[0] for k, v in parse_qs(scope["query_string"].decode()).items()}
        if self.is_closed:
            return _problem(503, "busy", "The system is busy; please try again in a moment.")
        if route == "login":
            return self._login(given)
        if route.startswith("welcome"):
            return self._welcome(route.removeprefix("welcome").strip("/") or given.get("token", ""), method)
        if user is None:
            return _problem(401, "signed-out", "Please sign in.")
        if route == "logout":
            return 204, {"set-cookie": "offhook=; Path=/; Max-Age=0"}, b""
        if route == "me":
            return _json(self.me(user))
        if route == "users":
            return _json(self._users(query))
        if route == "records":
            return _json({"items": self._records(user, query)})
        return _problem(404, "not-found", "There is nothing here.")

    def _login(self, given: Json) -> tuple[int, dict[str, str], bytes]:
        if self.failed_logins >= 3:
            return _problem(429, "too-many-attempts", "Too many wrong passwords.", {"retry-after": "42"})
        known = next((u for (kind, _), u in self.things.items() if kind == "user" and u["username"] == given["username"]), None)
        if known is None or given["password"] != PASSWORD:
            self.failed_logins += 1
            return _problem(401, "wrong-password", "User name or password is not right.")
        return self._session(known["id"])

    def _session(self, user: str) -> tuple[int, dict[str, str], bytes]:
        token = secrets.token_hex(8)
        self.sessions[token] = user
        status, headers, body = _json(self.me(user))
        return status, {**headers, "set-cookie": f"offhook={token}; Path=/; HttpOnly; SameSite=Lax"}, body

    def _welcome(self, token: str, method: str) -> tuple[int, dict[str, str], bytes]:
        username = self.welcomes.get(token)
        if username is None:
            return _problem(404, "unknown-link", "This link has been used or is no longer valid.")
        user = self.user(username)
        if method == "GET":
            return _json({"username": username, "name": user["name"]})
        del self.welcomes[token]
        return self._session(user["id"])

    def _users(self, query: dict[str, str]) -> Json:
        words = query.get("search", "").lower().split()
        all = sorted((u for (kind, _), u in self.things.items() if kind == "user"), key=lambda u: u["name"])
        found = [u for u in all if all_in(words, f"{u['name']} {u['number']} {u['username']}".lower())]
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 100))
        return {"total": len(found), "items": found[offset : offset + limit]}

    def _records(self, user: str, query: dict[str, str]) -> list[Json]:
        kept = {
            "all": lambda r: True,
            "missed": lambda r: r["direction"] == "in" and r["outcome"] == "missed",
            "incoming": lambda r: r["direction"] == "in",
            "outgoing": lambda r: r["direction"] == "out",
        }[query.get("filter", "all")]
        records = sorted(filter(kept, self.records[user]), key=lambda r: -r["begun"])
        if before := query.get("before"):
            records = records[1 + next(i for i, r in enumerate(records) if r["id"] == before) :]
        return records[: int(query.get("limit", 50))]

    def _user(self, scope: Scope) -> str | None:
        for name, value in scope["headers"]:
            if name == b"cookie" and (found := re.search(rb"offhook=(\w+)", value)):
                return self.sessions.get(found[1].decode())
        return None

    def _file(self, path: str) -> tuple[int, dict[str, str], bytes]:
        file = PAGE / (path.lstrip("/") or "index.html")
        if not file.is_file():
            return 404, {"content-type": "text/plain"}, b"There is nothing here."
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return 200, {"content-type": kind, "content-security-policy": POLICY, "cache-control": "no-cache"}, file.read_bytes()

    # ---- the WebSocket

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        user = self._user(scope)
        if user is None or self.is_closed:
            await send({"type": "websocket.close", "code": 1008})
            return
        await send({"type": "websocket.accept"})
        tab = Tab(user, send)
        self.tabs.append(tab)
        try:
            while (event := await receive())["type"] == "websocket.receive":
                for line in (event.get("text") or "").split("\n"):
                    await self._hear(tab, json.loads(line))
        finally:
            if tab in self.tabs:
                self.tabs.remove(tab)
            self._sound(tab.user)

    async def _hear(self, tab: Tab, said: Json) -> None:
        if "hello" in said:
            hello = said["hello"]
            tab.id, tab.sound, tab.shown = hello["tab"], hello["sound"], set(hello["users"])
            welcome: Json = {"n": self.n, "boot": self.boot, "time": time.time()}
            if (hello["boot"], hello["n"]) != (self.boot, self.n):
                shown = [{"set": k, "id": i, "value": v} for (k, i), v in self.things.items() if self._may_see(tab, k, i)]
                welcome["snapshot"] = shown
            await tab.send({"type": "websocket.send", "text": json.dumps(welcome)})
            self._sound(tab.user)
            return
        ask = said["ask"]
        self.asked.append(ask)
        try:
            if refused := self.refuse.get(ask["do"]):
                raise refused
            line: Json = {"id": said["id"], "ok": self._do(tab, ask)}
        except Refused as why:
            line = {"id": said["id"], "refused": why.word, "text": why.sentence}
        await tab.send({"type": "websocket.send", "text": json.dumps(line)})

    def _sound(self, user: str) -> None:
        """The browser device is there while a tab can carry sound."""
        there = any(tab.user == user and tab.sound for tab in self.tabs)
        device = self.things["device", f"{user}.browser"]
        if device["reachable"] != there:
            self.set("device", device["id"], {**device, "reachable": there, "contacts": int(there)}, user)

    def _do(self, tab: Tab, ask: Json) -> Any:
        match ask["do"]:
            case "users.follow":
                fresh = set(ask["users"]) - tab.shown
                tab.shown = set(ask["users"])
                for user in fresh:
                    for kind in ("user", "presence"):
                        if (thing := self.things.get((kind, user))) is not None:
                            line = json.dumps({"n": self.n, "set": kind, "id": user, "value": thing})
                            asyncio.get_running_loop().create_task(_quietly(tab.send({"type": "websocket.send", "text": line})))
            case "tab.sound":
                tab.sound = ask["sound"]
                self._sound(tab.user)
            case "me.choose":
                self.set("user", tab.user, {**self.things["user", tab.user], "device": ask["device"]})
            case "me.password":
                if ask["old"] != PASSWORD:
                    raise Refused("wrong-password", "The old password is not right.")
            case "call.dial":
                return self._dial(tab, ask)
            case "leg.attach":
                return self._attach(tab, ask)
            case "call.hold":
                self.change_leg(ask["call"], tab.user, holding=ask["holding"])
            case "call.mute":
                self.change_leg(ask["call"], tab.user, muted=ask["muted"])
            case "call.hangup" | "call.decline":
                self.end(ask["call"])
        return None

    def _dial(self, tab: Tab, ask: Json) -> Json:
        me = self.things["user", tab.user]
        party = {"number": me["number"], "name": me["name"], "user": tab.user, "device": ask["device"]}
        called = next((self.party(u["username"]) for (k, _), u in self.things.items() if k == "user" and u["number"] == ask["to"]), None)
        if called is None and len(ask["to"]) < 4:
            raise Refused("unknown-number", "There is nobody at this number.")
        called = called or {"number": ask["to"], "name": "", "user": "", "device": ""}
        leg = self.leg(party, caller=True)
        return {"call": self.call(called, [leg], state="preparing"), "leg": leg["id"]}

    def _attach(self, tab: Tab, ask: Json) -> Json:
        for (kind, id), call in list(self.things.items()):
            if kind != "call":
                continue
            for leg in call["legs"]:
                if leg["id"] != ask["leg"]:
                    continue
                self.set("attachment", leg["id"], {"id": leg["id"], "call": id, "tab": tab.id}, tab.user)
                if leg["state"] == "ringing" and not leg["caller"]:
                    self.answer(id, leg["party"]["device"])
                elif leg["state"] == "ringing":
                    ringing = [self.leg({**call["called"], "device": f"{call['called']['user']}.phone"})]
                    legs = [{**leg, "state": "talking"}, *ringing]
                    self.put_call({**call, "state": "ringing", "legs": legs})
                return {"sdp": answer_to(ask["sdp"])}
        raise Refused("unknown-call", "This call is over.")


def all_in(words: list[str], text: str) -> bool:
    return all(any(part.startswith(word) for part in text.split()) for word in words)


def answer_to(offer: str) -> str:
    """An answer a browser takes, from a server that nobody will ever reach."""
    mid = re.search(r"a=mid:(\S+)", offer)
    assert mid is not None, offer
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {mid[1]}",
        "m=audio 9 UDP/TLS/RTP/SAVPF 0 126",
        "c=IN IP4 127.0.0.1",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:126 telephone-event/8000",
        f"a=mid:{mid[1]}",
        "a=sendrecv",
        "a=rtcp-mux",
        f"a=ice-ufrag:{secrets.token_hex(4)}",
        f"a=ice-pwd:{secrets.token_hex(16)}",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=setup:passive",
        "a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host",
        "a=end-of-candidates",
    ]
    return "\r\n".join(lines) + "\r\n"


def _json(value: Any, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    return status, {"content-type": "application/json"}, json.dumps(value).encode()


def _problem(status: int, word: str, detail: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    _, kinds, body = _json({"type": "about:blank", "title": word, "status": status, "detail": detail, "refused": word})
    return status, {**kinds, **(headers or {})}, body


async def _quietly(sending: Awaitable[None]) -> None:
    try:
        await sending
    except Exception:  # noqa: BLE001, S110 - a page that left hears nothing
        pass


def furnish(house: House, me: str = "hq.1") -> None:
    """A working day: states and past calls that make every list worth looking at."""
    house.presence("hq.3", "on-call", ago=401)
    house.presence("hq.6", "offline", ago=3 * 3600)
    house.presence("hq.7", "ringing", ago=4)
    house.presence("hq.8", "offline", ago=30 * 3600)
    house.presence("hq.11", "on-call", ago=62)
    outside = {"number": "+4940555731", "name": "", "user": "", "device": ""}
    hour = 3600.0
    for other, way, outcome, ago, seconds, device in (
        (house.party("ben"), "out", "answered", 0.4 * hour, 128, "browser"),
        (house.party("carla"), "in", "missed", 1.1 * hour, 0, ""),
        (house.party("lena"), "in", "answered", 1.9 * hour, 436, "phone"),
        (outside, "in", "missed", 2.4 * hour, 0, ""),
        (outside, "in", "missed", 2.5 * hour, 0, ""),
        (outside, "in", "missed", 2.6 * hour, 0, ""),
        (house.party("finn"), "out", "busy", 3 * hour, 0, "phone"),
        (house.party("ben"), "in", "answered", 22 * hour, 728, "phone"),
        (house.party("jonas"), "in", "elsewhere", 23 * hour, 0, "phone"),
        (house.party("ben"), "in", "missed", 23.5 * hour, 0, ""),
        (house.party("greta"), "out", "missed", 24 * hour, 0, "browser"),
        (house.party("elif"), "out", "answered", 50 * hour, 61, "phone"),
        (house.party("ben"), "out", "cancelled", 51 * hour, 0, "phone"),
        (house.party("ines"), "in", "declined", 75 * hour, 0, "browser"),
    ):
        house.record(me, other, way, outcome, ago=ago, seconds=seconds, device=device)


@asynccontextmanager
async def serving(house: House, port: int = 0) -> AsyncIterator[str]:
    """Serve it in this loop; gives the address."""
    config = uvicorn.Config(house, host="127.0.0.1", port=port, log_level="warning", ws="websockets-sansio", lifespan="off")  # type: ignore[arg-type]  # ASGI's own types are wider
    server = _Server(config)
    task = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        if task.done():
            task.result()
    bound = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{bound}"
    finally:
        server.should_exit = True
        server.force_exit = True
        await task


class _Server(uvicorn.Server):
    @asynccontextmanager
    async def _nothing(self) -> AsyncIterator[None]:
        yield

    def capture_signals(self) -> Any:
        """The tests own the signals."""
        from contextlib import nullcontext

        return nullcontext()


if __name__ == "__main__":

    async def _show() -> None:
        house = House()
        furnish(house)
        async with serving(house, 8080) as url:
            print(f"{url} (anna, {PASSWORD})")
            await asyncio.Event().wait()

    asyncio.run(_show())
