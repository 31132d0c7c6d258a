"""An office within a test: the real switch and engine, phones that settle by SDP, and people who never rest.

Every phone sends sound over UDP from one socket and picks up whatever rings. What people do is drawn by
lot: they call, hold, put through, consult, join, part, park, fetch, reload and hang up.
"""

import asyncio
import contextlib
import random
import re
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

from offhook.calls.call import Call
from offhook.calls.cause import Cannot, Cause
from offhook.calls.leg import Answered, Gone, Leg, Outcome, Party, Ringing
from offhook.calls.media import (
    G711,
    G722,
    Bridge,
    Codecs,
    Kind,
    NoMedia,
    Port,
    PortEvent,
    PortLost,
    PortRenegotiate,
)
from offhook.calls.member import Member, State
from offhook.calls.routing import Ask, Plan, Round
from offhook.calls.switch import Switch
from offhook.calls.view import Place
from offhook.feed import Feed
from offhook.media.engine import MediaEngine

HOST = "127.0.0.1"
LINES_A_PHONE = 2
AT_ONCE = 5  # things done; what a machine that stood still has missed stays undone
SOUND_EVERY = 0.2  # seconds: sound enough to see that ports work, and little enough to be free
_ANSWER = (
    f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP {formats}\r\n"
)
_OUR_PORT = re.compile(r"^m=audio (\d+) RTP/AVP (.*?)\r?$", re.MULTILINE)


class Sources:
    """Where the sound of all phones comes from, and goes to."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard = 0
        self._n = 0
        self._pair = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) for _ in "ab"]
        for one, number in zip(self._pair, (port, port + 1), strict=True):
            one.bind((HOST, number))
            asyncio.get_running_loop().add_reader(one, self._read, one)

    def say(self, lines: Iterable["Line"]) -> None:
        self._n += 1
        stamp = (self._n & 0xFFFF).to_bytes(2, "big") + (self._n * 160 & 0xFFFFFFFF).to_bytes(4, "big")
        for line in lines:
            if line.to:
                packet = bytes((0x80, line.sends)) + stamp + line.number.to_bytes(4, "big") + b"\xd5" * 160
                self._pair[0].sendto(packet, (HOST, line.to))

    def close(self) -> None:
        for one in self._pair:
            asyncio.get_running_loop().remove_reader(one)
            one.close()

    def _read(self, one: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(64):
                one.recv(2048)
                self.heard += 1


@dataclass(eq=False)
class Phone:
    """A device that picks up whatever rings."""

    office: "Office"
    party: Party
    speaks: Codecs
    lines: set["Line"] = field(default_factory=set)
    is_reachable: bool = True

    @property
    def id(self) -> str:
        return self.party.device

    @property
    def is_free(self) -> bool:
        return not self.lines

    def open_legs(self) -> list[Leg]:
        return [Line(self)] if len(self.lines) < LINES_A_PHONE else []


class Line:
    """One leg of a phone."""

    takes_orders = True
    hops = 70

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.number = next(phone.office.numbers)
        self.id = f"leg{self.number}"
        self.party = phone.party
        self.port: Port | None = None
        self.codecs = phone.speaks
        self.to = 0  # our port in the worker
        self.sends = 8
        self.is_gone = False
        self._bridge: Bridge | None = None
        self._like: Codecs | None = None
        phone.lines.add(self)
        phone.office.lines[self.id] = self

    def ring(
        self, who: Party, bridge: Bridge, *, like: Codecs | None, auto_answer: bool = False, hops: int = 70
    ) -> None:
        self._bridge, self._like = bridge, like
        office = self.phone.office
        office.switch.tell(self, Ringing(), office.now())
        office.later(0.03, self.pick_up)

    def pick_up(self) -> None:
        if self.is_gone or self.port is not None or self._bridge is None:
            return
        if self._open(self._bridge, self._like):
            self.phone.office.switch.tell(self, Answered(), self.phone.office.now())

    def proceed(self, bridge: Bridge, *, early: Codecs | None = None) -> None: ...

    def answer(self, bridge: Bridge, *, like: Codecs) -> None:
        self._open(bridge, like)

    def connected_to(self, party: Party) -> None: ...

    def hold(self, holding: bool) -> None: ...

    def enter(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def told(self, outcome: Outcome) -> None: ...

    def hangup(self, cause: Cause) -> None:
        self.is_gone = True
        self.phone.lines.discard(self)
        self.phone.office.lines.pop(self.id, None)
        self._close(self.port)

    def reload(self) -> None:
        """A new port takes the place of the old one, as when a page is loaded anew."""
        assert self._bridge is not None
        former = self.port
        if self._open(self._bridge, self._like) and former is not None and self.port is not None:
            self._bridge.replace(former, self.port)
            self._close(former)

    def heard_from_port(self, event: PortEvent) -> None:
        if isinstance(event, PortRenegotiate):
            self._settle(G711)

    def _open(self, bridge: Bridge, like: Codecs | None) -> bool:
        self._bridge = bridge
        try:
            self.port = bridge.open(Kind.PHONE, flow_host=HOST, peer=HOST)
        except NoMedia:
            self.phone.office.refused["open: no sockets"] += 1
            self.hangup(Cause.OVERLOADED)
            self.phone.office.switch.tell(self, Gone(Cause.OVERLOADED), self.phone.office.now())
            return False
        self.phone.office.owners[self.port] = self
        self._settle(like)
        return True

    def _settle(self, like: Codecs | None) -> None:
        assert self.port is not None
        found = _OUR_PORT.search(self.port.offer(like=like))
        assert found is not None
        wide = "9" in found[2].split() and G722 in self.phone.speaks
        self.to, self.sends = int(found[1]), 9 if wide else 8
        formats = "9 8" if wide else "8"
        self.port.accept(_ANSWER.format(port=self.phone.office.sources.port, formats=formats))
        self.codecs = self.port.codecs

    def _close(self, port: Port | None) -> None:
        if port is not None:
            self.phone.office.owners.pop(port, None)
            port.close()


class Office:
    """The phones, and what their people do."""

    def __init__(self, phones: int, *, sound: int) -> None:
        """`sound` is the even one of two free UDP ports."""
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time
        self.sources = Sources(sound)
        self.numbers = count(1)
        self.lines: dict[str, Line] = {}
        self.owners: dict[Port, Line] = {}
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.lost = 0  # ports told lost: none should be
        self.switch: Switch
        self._dice = random.Random(200)
        self._ids = count(1)
        self._consulting: deque[tuple[float, str, str]] = deque()  # a user's two legs, and since when
        self.phones = {
            str(n): Phone(self, Party(str(n), f"P{n}", f"user{n}", f"phone{n}"), self._speaks(n))
            for n in range(1000, 1000 + phones)
        }

    def use(self, engine: MediaEngine) -> None:
        self.switch = Switch(
            self._route,
            engine,
            Feed(),
            lambda: f"call{next(self._ids)}",
            devices_of=lambda user: [self.phones[user.removeprefix("user")]],
            calls_at_most=100_000,
        )

    def heard(self, port: Port, event: PortEvent) -> None:
        if isinstance(event, PortLost):
            self.lost += 1
        if (line := self.owners.get(port)) is not None:
            line.heard_from_port(event)

    def later(self, seconds: float, move: Callable[[], None]) -> None:
        self.loop.call_later(seconds, move)

    async def churn(self, seconds: float, calls: int, rate: float) -> None:
        """So many things a second are done, among so many calls."""
        begun, done, sound_at = self.now(), 0, 0.0
        while (now := self.now()) < begun + seconds:
            due = int((now - begun) * rate)
            for _ in range(max(done, due - AT_ONCE), due):
                self.act(calls)
            done = due
            self.switch.tick(now)
            if now >= sound_at:
                sound_at = now + SOUND_EVERY
                self.sources.say(self.lines.values())
            await asyncio.sleep(0.005)

    async def go_home(self) -> None:
        """Everybody hangs up, until nobody is called back any more."""
        async with asyncio.timeout(20):
            while self.switch.calls:
                self._hang_up_all()
                self.switch.tick(self.now())
                await asyncio.sleep(0.05)

    def close(self) -> None:
        self.sources.close()

    # ---- what people do

    def act(self, calls: int) -> None:
        """One thing somebody does; a new call, as long as there are too few."""
        if len(self.switch.calls) < calls:
            self._try("call", self._call)
            return
        call = self._dice.choice(list(self.switch.calls.values()))
        if call.state is State.PARKED:
            self._try("retrieve", lambda: self.switch.retrieve(call.id, self._someone(), self.now()))
        elif call.state is State.TALKING:
            member = self._dice.choice(call.talking())
            name, move = self._dice.choices(*zip(*self._choices(call), strict=True))[0]
            self._try(name, lambda: move(call, member))

    def _choices(self, call: Call) -> list[tuple[tuple[str, Callable[[Call, Member], object]], int]]:
        """Each with how often it is done."""
        if len(call.talking()) > 2:
            return [(("part", self._part), 2), (("hold", self._hold), 4), (("hangup", self._hangup), 2)]
        return [
            (("hold", self._hold), 12),
            (("transfer", self._transfer), 4),
            (("consult", self._consult), 6),
            (("decide", self._decide), 6),
            (("park", self._park), 3),
            (("reload", self._reload), 3),
            (("hangup", self._hangup), 5),
        ]

    def _try(self, name: str, move: Callable[[], object]) -> None:
        try:
            move()
        except Cannot as why:
            self.refused[f"{name}: {why.cause}"] += 1
        else:
            self.done[name] += 1

    def _call(self) -> None:
        caller, called = self._someone(), self._someone()
        self.switch.incoming(Line(caller), called.party.number, self.now())

    def _hold(self, call: Call, member: Member) -> None:
        self.switch.hold(member.leg.id, not member.holding, self.now())

    def _transfer(self, call: Call, member: Member) -> None:
        self.switch.transfer(member.leg.id, self._someone().party.number, self.now())

    def _consult(self, call: Call, member: Member) -> None:
        """Hold, and dial somebody else."""
        phone = self.phones[member.leg.party.number]
        self.switch.hold(member.leg.id, True, self.now())
        _, leg = self.switch.dial(phone, self._someone().party.number, self.now())
        self._consulting.append((self.now(), member.leg.id, leg))

    def _decide(self, call: Call, member: Member) -> None:
        """Whoever has consulted longest puts through, makes it three, or goes back."""
        while self._consulting and self.now() - self._consulting[0][0] > 0.1:
            _, held, asked = self._consulting.popleft()
            if self.switch.leg(held) is None or self.switch.leg(asked) is None:
                continue
            match self._dice.randrange(5):
                case 0 | 1:
                    self.switch.connect(asked, held, self.now())
                case 2 | 3:
                    self.switch.join(held, asked, self.now())
                case _:
                    self.switch.hangup(asked, self.now())
                    self.switch.hold(held, False, self.now())
            return

    def _park(self, call: Call, member: Member) -> None:
        party = member.leg.party
        self.switch.park(member.leg.id, Place(party.user, party.number, ""), self.now())

    def _part(self, call: Call, member: Member) -> None:
        other = self._dice.choice([one for one in call.talking() if one is not member])
        self.switch.part(member.leg.id, other.leg.id, self.now())

    def _reload(self, call: Call, member: Member) -> None:
        self.lines[member.leg.id].reload()

    def _hangup(self, call: Call, member: Member) -> None:
        self.switch.hangup(member.leg.id, self.now())

    def _hang_up_all(self) -> None:
        self._consulting.clear()
        for call in list(self.switch.calls.values()):
            for member in call.present():
                with contextlib.suppress(Cannot):
                    self.switch.hangup(member.leg.id, self.now())

    def _someone(self) -> Phone:
        free = [phone for phone in self.phones.values() if phone.is_free]
        return self._dice.choice(free)

    def _route(self, ask: Ask) -> Plan:
        phone = self.phones[ask.number]
        return Plan((Round((phone,), 30.0),), called=phone.party)

    @staticmethod
    def _speaks(n: int) -> Codecs:
        return (G722, *G711) if n % 2 else G711
