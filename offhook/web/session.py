"""One client: a tab's WebSocket, from hello to goodbye.

A frame holds one or several JSON lines. Lines are read in order, one at a time; one task
writes. Nothing here may stop the loop: clients that have news are woken fifty at a time.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection
from typing import Any, Protocol

import msgspec

from offhook.feed import Feed
from offhook.people.groups import Groups
from offhook.web.command import Commands, Context, Parts, run
from offhook.web.follow import Outbox, Share
from offhook.web.problem import Refused
from offhook.web.views import Views
from offhook.web.wire import Hello, Ok, RefusedLine, Said, line

logger = logging.getLogger(__name__)

SIGNED_OUT, TOO_SLOW, OPENED_TWICE, PROTOCOL_ERROR, BROKEN, TRY_LATER = 4001, 4008, 4009, 1002, 1011, 1013
WOKEN_AT_ONCE = 50
TAKEN_WITHIN = 10.0  # seconds for a frame
TABS_OF_A_USER = 100
LINES_OF_A_FRAME = 256
FAULTS_AT_MOST = 20  # unreadable lines, then the client is cut off
ANSWERS_AHEAD = 50  # answers that may wait for the writer before the next line is read

_reader = msgspec.json.Decoder(Said)


class Gone(Exception):
    """The other side is no longer there."""


class Wire(Protocol):
    """A WebSocket."""

    async def open(self) -> None:
        """Accept it."""

    async def receive(self) -> str | bytes | None:
        """The next frame; None when the other side is gone."""

    async def send(self, frame: str) -> None:
        """Returns when there is room for more. Raises Gone."""

    def cut(self, code: int) -> None:
        """Close now, without waiting for what has not been taken."""


class Sounding(Protocol):
    """Told which tabs of a user can carry sound."""

    def tab_came(self, user: str, tab: "Client") -> None: ...

    def tab_left(self, user: str, tab: "Client") -> None: ...


class Pump:
    """Wakes clients that have news, fifty in a turn of the loop, so that calls are not kept waiting."""

    def __init__(self, soon: Callable[[Callable[[], None]], object]) -> None:
        self._soon = soon
        self._ready: deque[Client] = deque()
        self._armed = False

    def wake(self, client: "Client") -> None:
        self._ready.append(client)
        if not self._armed:
            self._armed = True
            self._soon(self._go)

    def _go(self) -> None:
        for _ in range(min(WOKEN_AT_ONCE, len(self._ready))):
            self._ready.popleft().go()
        self._armed = bool(self._ready)
        if self._armed:
            self._soon(self._go)


class Hub:
    """All clients, by session and by tab, and what they share."""

    def __init__(
        self,
        feed: Feed,
        views: Views,
        groups: Groups,
        commands: Commands,
        parts: Parts,
        sounding: Sounding,
        *,
        boot: int,
        now: Callable[[], float],
        wall: Callable[[float], float],
        soon: Callable[[Callable[[], None]], object],
    ) -> None:
        self.feed = feed
        self.views = views
        self.groups = groups
        self.commands = commands
        self.parts = parts
        self.sounding = sounding
        self.boot = boot
        self.now = now
        self.wall = wall
        self.pump = Pump(soon)
        self.snapshots = asyncio.Lock()
        self.counters = {"lines": 0, "frames": 0, "asks": 0, "too_slow": 0}
        self._clients: set[Client] = set()
        self._tabs: dict[tuple[str, str], Client] = {}
        self._of: dict[str, int] = {}
        self._numbered_at = 0  # mirrors older than this change hold numbers that nobody can dial now

    def __len__(self) -> int:
        return len(self._clients)

    async def serve(self, wire: Wire, user: str, session: str, host: str) -> None:
        """Serve one WebSocket until it closes."""
        if self._of.get(user, 0) >= TABS_OF_A_USER:
            await wire.open()
            wire.cut(TRY_LATER)
            return
        client = Client(self, wire, user, session, host)
        self._clients.add(client)
        self._of[user] = self._of.get(user, 0) + 1
        try:
            await client.serve()
        finally:
            self._clients.discard(client)
            self._of[user] -= 1
            if not self._of[user]:
                del self._of[user]
            if self._tabs.get((user, client.id)) is client:
                del self._tabs[user, client.id]

    def introduce(self, client: "Client") -> None:
        """A tab said its name: whoever had it before was its former connection, or a copy."""
        former = self._tabs.get((client.user, client.id))
        self._tabs[client.user, client.id] = client
        if former is not None and former is not client:
            former.close(OPENED_TWICE)

    def sessions(self) -> set[str]:
        """The tokens that connected clients rest on."""
        return {client.session for client in self._clients}

    def end_sessions(self, ended: Callable[[str, str], bool]) -> None:
        """Send away every client for whose (user, session) `ended` is true."""
        for client in list(self._clients):
            if ended(client.user, client.session):
                client.close(SIGNED_OUT)

    def regroup(self, users: Collection[str]) -> None:
        """These users have come into groups, or have left some."""
        for client in self._clients:
            if client.user in users:
                client.regroup()

    async def renumber(self) -> None:
        """Numbers are dialled otherwise from now on: show everybody anew what has some."""
        self._numbered_at = self.feed.mark()
        for client in list(self._clients):
            async with self.snapshots:  # one in a turn of the loop, as for those who come
                client.renumber()
                await asyncio.sleep(0)
        # Whoever was cut off before their turn came may have heard of changes since.
        self._numbered_at = self.feed.mark()

    def fits(self, hello: Hello, latest: int) -> bool:
        """Whether a client's mirror holds all up to change number `latest`."""
        return hello.boot == self.boot and hello.n >= max(latest, self._numbered_at)

    def sweep(self, now: float) -> None:
        """Once a second: cut off whoever has not taken a frame in time."""
        for client in list(self._clients):
            if client.waiting_since is not None and client.waiting_since + TAKEN_WITHIN <= now:
                self.counters["too_slow"] += 1
                client.close(TOO_SLOW)


class Client:
    """A tab of a user, connected. It is the `Tab` its commands see."""

    def __init__(self, hub: Hub, wire: Wire, user: str, session: str, host: str) -> None:
        self.id = ""
        self.user = user
        self.session = session
        self.host = host
        self.waiting_since: float | None = None  # a frame has been offered and not taken
        self._hub = hub
        self._wire = wire
        self._outbox = Outbox()
        self._share = Share(
            hub.feed,
            hub.views,
            hub.groups,
            user,
            self._outbox,
            wake=self._wake,
            broken=lambda: self.close(BROKEN),
        )
        self._woken = False
        self._news = asyncio.Event()
        self._taken = asyncio.Event()
        self._sound = False
        self._faults = 0
        self._closed = False

    async def serve(self) -> None:
        writer = asyncio.ensure_future(self._write())
        try:
            await self._wire.open()
            while not self._closed and (frame := await self._wire.receive()) is not None:
                lines = frame.split("\n") if isinstance(frame, str) else frame.split(b"\n")
                if len(lines) > LINES_OF_A_FRAME:
                    self.close(PROTOCOL_ERROR)
                for text in lines:
                    await self._hear(text)
        finally:
            self._closed = True
            self._share.close()
            self.sounds(False)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def close(self, code: int) -> None:
        if not self._closed:
            self._closed = True
            self._share.close()
            self._taken.set()
            self._wire.cut(code)

    def go(self) -> None:
        self._woken = False
        self._news.set()

    def show(self, users: list[str]) -> None:
        self._share.show(users)

    def regroup(self) -> None:
        self._share.regroup()

    def renumber(self) -> None:
        self._share.renumber()

    def sounds(self, sound: bool) -> None:
        if sound != self._sound and self.id:
            self._sound = sound
            if sound:
                self._hub.sounding.tab_came(self.user, self)
            else:
                self._hub.sounding.tab_left(self.user, self)

    def _wake(self) -> None:
        if self._outbox.overflowed:
            self._hub.counters["too_slow"] += 1
            self.close(TOO_SLOW)
        elif not self._woken:
            self._woken = True
            self._hub.pump.wake(self)

    async def _write(self) -> None:
        """Empty the outbox, several lines to a frame, for as long as the client lives."""
        outbox, counters = self._outbox, self._hub.counters
        try:
            while not self._closed:
                await self._news.wait()
                self._news.clear()
                while outbox and not self._closed:
                    frame = outbox.take()
                    self._taken.set()
                    self.waiting_since = self._hub.now()
                    await self._wire.send(frame)
                    self.waiting_since = None
                    counters["frames"] += 1
        except Gone:
            pass  # the reader sees it too
        except Exception:
            logger.exception("writing to tab %s of user %s failed", self.id, self.user)
            self.close(BROKEN)
        finally:
            self._closed = True
            self._taken.set()

    async def _hear(self, text: str | bytes) -> None:
        if self._closed or not text.strip():
            return
        self._hub.counters["lines"] += 1
        try:
            said = _reader.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as why:
            self._fault(None, f"This line could not be read: {why}")
            return
        if said.hello is not None:
            await self._hello(said.hello)
        elif said.id is None or said.ask is None:
            self._fault(said.id, "A line says hello, or asks and has an id.")
        elif not self.id:
            self._fault(said.id, "Say hello first.")
        else:
            await self._asked(said.id, said.ask)

    async def _hello(self, hello: Hello) -> None:
        if self.id:
            self._fault(None, "Hello has been said.")
            return
        hub = self._hub
        async with hub.snapshots:  # one snapshot in a turn of the loop, however many come back at once
            if self._closed:
                return
            self.id = hello.tab
            hub.introduce(self)
            self._share.begin(
                hello.users,
                fits=lambda latest: hub.fits(hello, latest),
                boot=hub.boot,
                time=hub.wall(hub.now()),
            )
            await asyncio.sleep(0)
        self.sounds(hello.sound)

    async def _asked(self, id: int, ask: dict[str, Any]) -> None:
        hub = self._hub
        hub.counters["asks"] += 1
        try:
            command = hub.commands.read(ask)
            ctx = Context(self.user, self.session, hub.now(), hub.parts, self)
            answer: msgspec.Struct = Ok(id, await run(command, ctx))
        except Refused as why:
            answer = RefusedLine(id, why.word, why.sentence)
        await self._answer(answer)
        await asyncio.sleep(0)  # one ask in a turn of the loop, however many a frame holds

    async def _answer(self, answer: msgspec.Struct) -> None:
        while self._outbox.passing >= ANSWERS_AHEAD and not self._closed:
            self._taken.clear()
            await self._taken.wait()
        self._outbox.add(line(answer))
        self._wake()

    def _fault(self, id: int | None, text: str) -> None:
        self._faults += 1
        if self._faults > FAULTS_AT_MOST:
            self.close(PROTOCOL_ERROR)
            return
        self._outbox.add(line(RefusedLine(id, "malformed", text)))
        self._wake()
