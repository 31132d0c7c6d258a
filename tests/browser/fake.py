"""A server for the page alone: it speaks the page's protocol for a house, and carries no sound.

It keeps the rules the page relies on (hello, snapshot, set, drop, post, asks) and none of the server's
own. `python -m tests.browser.fake` serves a furnished house at 127.0.0.1:8080.
"""

import asyncio
import json
import mimetypes
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn

from tests.browser.forwarding import FORWARDING
from tests.browser.house import PASSWORD, House, Json, Refused, Send, Tab, furnish
from tests.browser.moves import MOVES

PAGE = Path(__file__).parents[2] / "offhook/web/page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' data: blob: mediastream:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Server:
    """The ASGI application before a house."""

    def __init__(self, house: House) -> None:
        self._house = house

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
        if self._house.is_closed:
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
            return _json(self._house.me(user))
        if route == "users":
            return _json(self._users(query))
        if route == "records":
            self._house.looked.append(query)
            if refused := self._house.refuse.get("records"):
                return _problem(503, refused.word, refused.sentence)
            await self._house.records_open.wait()
            return _json({"items": self._records(user, query)})
        if route == "records/export":
            self._house.looked.append(query)
            kept = json.dumps(self._house.records[user]).encode()
            return 200, {"content-type": "text/csv", "content-disposition": "attachment"}, kept
        if route.startswith("records/"):
            found = next((r for r in self._house.records[user] if r["id"] == route[8:]), None)
            if found is None:
                return _problem(404, "unknown-record", "There is no such call in your list.")
            return _json(self._house.story(user, found))
        return _problem(404, "not-found", "There is nothing here.")

    def _login(self, given: Json) -> tuple[int, dict[str, str], bytes]:
        if self._house.failed_logins >= 3:
            return _problem(429, "too-many-attempts", "Too many wrong passwords.", {"retry-after": "42"})
        known = next(
            (
                u
                for (kind, _), u in self._house.things.items()
                if kind == "user" and u["username"] == given["username"]
            ),
            None,
        )
        if known is None or given["password"] != PASSWORD:
            self._house.failed_logins += 1
            return _problem(401, "wrong-password", "User name or password is not right.")
        return self._session(known["id"])

    def _session(self, user: str) -> tuple[int, dict[str, str], bytes]:
        token = secrets.token_hex(8)
        self._house.sessions[token] = user
        status, headers, body = _json(self._house.me(user))
        return status, {**headers, "set-cookie": f"offhook={token}; Path=/; HttpOnly; SameSite=Lax"}, body

    def _welcome(self, token: str, method: str) -> tuple[int, dict[str, str], bytes]:
        username = self._house.welcomes.get(token)
        if username is None:
            return _problem(404, "unknown-link", "This link has been used or is no longer valid.")
        user = self._house.user(username)
        if method == "GET":
            return _json({"username": username, "name": user["name"]})
        del self._house.welcomes[token]
        return self._session(user["id"])

    def _users(self, query: dict[str, str]) -> Json:
        words = query.get("search", "").lower().split()
        all = sorted(
            (u for (kind, _), u in self._house.things.items() if kind == "user"), key=lambda u: u["name"]
        )
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
        records = sorted(filter(kept, self._house.records[user]), key=lambda r: -r["begun"])
        words = query.get("search", "").lower().split()
        records = [r for r in records if all_in(words, f"{r['name']} {r['number']}".lower())]
        if before := query.get("before"):
            records = records[1 + next(i for i, r in enumerate(records) if r["id"] == before) :]
        return records[: int(query.get("limit", 50))]

    def _user(self, scope: Scope) -> str | None:
        for name, value in scope["headers"]:
            if name == b"cookie" and (found := re.search(rb"offhook=(\w+)", value)):
                return self._house.sessions.get(found[1].decode())
        return None

    def _file(self, path: str) -> tuple[int, dict[str, str], bytes]:
        file = PAGE / (path.lstrip("/") or "index.html")
        if not file.is_file():
            return 404, {"content-type": "text/plain"}, b"There is nothing here."
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return (
            200,
            {"content-type": kind, "content-security-policy": POLICY, "cache-control": "no-cache"},
            file.read_bytes(),
        )

    # ---- the WebSocket

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        user = self._user(scope)
        if user is None or self._house.is_closed:
            await send({"type": "websocket.close", "code": 1008})
            self._house.turned_away.set()
            return
        await send({"type": "websocket.accept"})
        tab = Tab(user, send)
        self._house.tabs.append(tab)
        try:
            while (event := await receive())["type"] == "websocket.receive":
                for line in (event.get("text") or "").split("\n"):
                    await self._hear(tab, json.loads(line))
        finally:
            if tab in self._house.tabs:
                self._house.tabs.remove(tab)
            self._sound(tab.user)

    async def _hear(self, tab: Tab, said: Json) -> None:
        if "hello" in said:
            hello = said["hello"]
            tab.id, tab.sound, tab.shown = hello["tab"], hello["sound"], set(hello["users"])
            welcome: Json = {"n": self._house.n, "boot": self._house.boot, "time": time.time()}
            if (hello["boot"], hello["n"]) != (self._house.boot, self._house.n):
                shown = [
                    {"set": k, "id": i, "value": v}
                    for (k, i), v in self._house.things.items()
                    if self._house.may_see(tab, k, i)
                ]
                welcome["snapshot"] = shown
            await tab.send({"type": "websocket.send", "text": json.dumps(welcome)})
            self._sound(tab.user)
            return
        ask = said["ask"]
        self._house.asked.append(ask)
        if ask["do"] in self._house.unanswered:
            return
        try:
            if refused := self._house.refuse.get(ask["do"]):
                raise refused
            line: Json = {"id": said["id"], "ok": self._do(tab, ask)}
        except Refused as why:
            line = {"id": said["id"], "refused": why.word, "text": why.sentence}
        await tab.send({"type": "websocket.send", "text": json.dumps(line)})

    def _sound(self, user: str) -> None:
        """The browser device is there while a tab can carry sound."""
        there = any(tab.user == user and tab.sound for tab in self._house.tabs)
        device = self._house.things["device", f"{user}.browser"]
        if device["reachable"] != there:
            self._house.set(
                "device", device["id"], {**device, "reachable": there, "contacts": int(there)}, user
            )

    def _do(self, tab: Tab, ask: Json) -> Any:
        match ask["do"]:
            case "users.follow":
                fresh = set(ask["users"]) - tab.shown
                tab.shown = set(ask["users"])
                for user in fresh:
                    for kind in ("user", "presence"):
                        if (thing := self._house.things.get((kind, user))) is not None:
                            line = json.dumps({"n": self._house.n, "set": kind, "id": user, "value": thing})
                            tab.tell(line)
            case "tab.sound":
                tab.sound = ask["sound"]
                self._sound(tab.user)
            case "me.choose":
                self._house.set(
                    "user", tab.user, {**self._house.things["user", tab.user], "device": ask["device"]}
                )
            case "me.set":
                me = {**self._house.things["user", tab.user]}
                me |= {name: on for name, on in ask.items() if name not in ("do", "id") and on is not None}
                self._house.set("user", tab.user, me)
                self._house.presence(tab.user, "dnd" if me["do_not_disturb"] else "available")
            case "me.password":
                if ask["old"] != PASSWORD:
                    raise Refused("wrong-password", "The old password is not right.")
            case "call.dial":
                return self._dial(tab, ask)
            case "leg.attach":
                return self._attach(tab, ask)
            case "call.hold":
                self._house.change_leg(ask["call"], tab.user, holding=ask["holding"])
            case "call.mute":
                self._house.change_leg(ask["call"], tab.user, muted=ask["muted"])
            case "call.hangup" | "call.decline":
                self._house.end(ask["call"])
            case word if word in FORWARDING:
                return FORWARDING[word](self._house, tab.user, ask)
            case word if word in MOVES:
                return MOVES[word](self._house, tab.user, ask)
        return None

    def _dial(self, tab: Tab, ask: Json) -> Json:
        me = self._house.things["user", tab.user]
        party = {"number": me["number"], "name": me["name"], "user": tab.user, "device": ask["device"]}
        called = next(
            (
                self._house.party(u["username"])
                for (k, _), u in self._house.things.items()
                if k == "user" and u["number"] == ask["to"]
            ),
            None,
        )
        if called is None and len(ask["to"]) < 4:
            raise Refused("unknown-number", "There is nobody at this number.")
        called = called or {"number": ask["to"], "name": "", "user": "", "device": ""}
        leg = self._house.leg(party, caller=True)
        return {"call": self._house.call(called, [leg], state="preparing"), "leg": leg["id"]}

    def _attach(self, tab: Tab, ask: Json) -> Json:
        for (kind, id), call in list(self._house.things.items()):
            if kind != "call":
                continue
            for leg in call["legs"]:
                if leg["id"] != ask["leg"]:
                    continue
                self._house.set("attachment", leg["id"], {"id": leg["id"], "tab": tab.id}, tab.user)
                if leg["state"] == "ringing" and not leg["caller"]:
                    self._house.answer(id, leg["party"]["device"])
                elif leg["state"] == "ringing":
                    ringing = [
                        self._house.leg({**call["called"], "device": f"{call['called']['user']}.phone"})
                    ]
                    legs = [{**leg, "state": "talking"}, *ringing]
                    self._house.put_call({**call, "state": "ringing", "legs": legs})
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


def _problem(
    status: int, word: str, detail: str, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    _, kinds, body = _json(
        {"type": "about:blank", "title": word, "status": status, "detail": detail, "refused": word}
    )
    return status, {**kinds, **(headers or {})}, body


@asynccontextmanager
async def serving(house: House, port: int = 0) -> AsyncIterator[str]:
    """Serve it in this loop; gives the address."""
    config = uvicorn.Config(
        Server(house),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        ws="websockets-sansio",
        lifespan="off",
    )
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
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """The tests own the signals."""
        yield


if __name__ == "__main__":

    async def _show() -> None:
        house = House()
        furnish(house)
        async with serving(house, 8080) as url:
            print(f"{url} (anna, {PASSWORD})")
            await asyncio.Event().wait()

    asyncio.run(_show())
