"""A house of twelve as a page sees it: who is here, what goes on, what is written down.

Tests move it by hand.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

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

    def tell(self, line: str) -> None:
        asyncio.get_running_loop().create_task(_quietly(self.send({"type": "websocket.send", "text": line})))


class House:
    """Who is here, what goes on, and which pages watch."""

    def __init__(self) -> None:
        self.boot = 1
        self.n = 0
        self.asked: list[Json] = []
        self.refuse: dict[str, Refused] = {}  # by command, until taken away
        self.unanswered: set[str] = set()  # commands that get no answer, as over a slow line
        self.things: dict[tuple[str, str], Json] = {}
        self.owners: dict[tuple[str, str], set[str]] = {}  # whose; presence and users are for everybody
        self.records: dict[str, list[Json]] = {}
        self.looked: list[dict[str, str]] = []  # what was asked of the call list
        self.records_open = asyncio.Event()  # the call list answers while it is set
        self.records_open.set()
        self.tabs: list[Tab] = []
        self.sessions: dict[str, str] = {}
        self.is_closed = False  # refuse connections, as a server that is away does
        self.turned_away = asyncio.Event()  # somebody was
        self.failed_logins = 0
        self.warnings: list[str] = []  # what is said of where calls go
        self.barred: dict[str, str] = {}  # targets that calls are not sent to, and why
        self.welcomes = {"fresh-link": "ben"}
        self._ids = 0
        for i, (username, name) in enumerate(NAMES):
            id = f"hq.{i + 1}"
            self.set(
                "user",
                id,
                {
                    "id": id,
                    "name": name,
                    "number": str(101 + i),
                    "username": username,
                    "do_not_disturb": False,
                    "call_waiting": True,
                },
            )
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

    def leg(self, party: Json, *, caller: bool = False, state: str = "ringing", **more: Any) -> Json:
        first = {
            "holding": False,
            "muted": False,
            "lost": False,
            "via": None,
            "cause": None,
            "sentence": None,
        }
        since = time.time() if state == "talking" else None
        told = party["device"].endswith(".phone")
        leg = {"id": self._id("leg"), "party": party, "caller": caller, "state": state}
        return {**leg, **first, "since": since, "takes_orders": told, **more}

    def call(
        self,
        called: Json,
        legs: list[Json],
        *,
        state: str = "ringing",
        ago: float = 0,
        answered: float | None = None,
    ) -> str:
        id = self._id("call")
        value = {
            "id": id,
            "state": state,
            "begun": time.time() - ago,
            "answered": None if answered is None else time.time() - answered,
            "cause": None,
            "sentence": None,
            "called": called,
            "parked": None,
            "legs": legs,
        }
        self.put_call(value)
        return id

    def put_call(self, value: Json) -> None:
        users = {leg["party"]["user"] for leg in value["legs"]} - {""}
        self.owners[("call", value["id"])] = users
        self.set("call", value["id"], value, *users)

    def ring(
        self,
        caller: Json,
        user: str,
        *,
        devices: tuple[str, ...] = ("browser", "phone"),
        ago: float = 0,
        via: Json | None = None,
    ) -> str:
        """Somebody calls `user`, whose devices ring."""
        legs = [self.leg(caller, caller=True, state="talking")]
        legs += [self.leg(self.party(user, device), via=via) for device in devices]
        return self.call(self.party(user), legs, ago=ago)

    def answer(self, call: str, device: str, *, ago: float = 0) -> None:
        """The leg on `device` answers; the other ringing ones are gone, and one whose place it takes."""
        value = json.loads(json.dumps(self.things["call", call]))
        first = value["answered"] or time.time() - ago
        ringing = [leg for leg in value["legs"] if leg["state"] == "ringing"]
        answering = next(leg for leg in ringing if leg["party"]["device"] == device)
        moved = answering["via"] is not None and answering["via"]["how"] == "moved"
        for leg in value["legs"]:
            if leg is answering:
                leg |= {"state": "talking", "since": first}
            elif leg["state"] == "ringing" or (moved and leg["party"]["user"] == answering["party"]["user"]):
                leg |= {"state": "gone", "cause": "moved" if moved else "answered-elsewhere"}
        value |= {"state": "talking", "answered": first, "parked": None}
        self.drop("parked", call)
        self.drop("waiting", call)
        self.put_call(value)

    def mobile(self, id: str, user: str, name: str, mobile: Json) -> None:
        """A telephone outside that rings with the user's devices."""
        there = {"reachable": mobile["enabled"], "contacts": int(mobile["enabled"])}
        device = {"id": id, "user": user, "name": name, "kind": "mobile", "mobile": mobile, **there}
        self.set("device", id, device, user)

    def waits(self, caller: Json, called: Json, *seen_by: str, ago: float = 0) -> str:
        """A call rings for a colleague; these users may pick it up."""
        id = self._id("call")
        value = {"id": id, "caller": caller, "called": called, "since": time.time() - ago}
        self.set("waiting", id, value, *seen_by)
        return id

    def parks(
        self, party: Json, at: Json, by: Json, slot: str, *seen_by: str, ago: float = 0, call: str = ""
    ) -> str:
        """`party` waits at the place of `at`; these users may retrieve it."""
        id = call or self._id("call")
        place = {"user": at["user"], "number": at["number"], "slot": slot}
        value = {"id": id, "party": party, "place": place, "by": by, "since": time.time() - ago}
        self.set("parked", id, value, *seen_by)
        return id

    def quality(self, leg: str, user: str, mos: float, words: str = "", **more: Any) -> None:
        first = {"loss": 0.001, "far_loss": 0.0, "jitter": 4.0, "round_trip": 38.0}
        self.set("quality", leg, {"id": leg, "mos": mos, "words": words, **first, **more}, user)

    def leg_of(self, call: str, user: str) -> Json:
        """Somebody's leg in a call, that is not gone."""
        legs: list[Json] = self.things["call", call]["legs"]
        return next(leg for leg in legs if leg["party"]["user"] == user and leg["state"] != "gone")

    def leave(self, call: str, user: str) -> None:
        """The call goes on without this user."""
        self._tell({"drop": "call", "id": call}, lambda tab: tab.user == user)
        self.owners["call", call].discard(user)

    def taken_by(self, other: Json, call: str, user: str, *, cause: str) -> None:
        """`other` answers a call that rings for `user`, who sees it a last time, and who has it now."""
        legs = [
            {**leg, "state": "gone", "cause": cause} if leg["party"]["user"] == user else leg
            for leg in self.things["call", call]["legs"]
        ]
        legs.append(self.leg(other, state="talking"))
        self.change_call(call, state="talking", answered=time.time(), legs=legs)
        self.leave(call, user)

    def change_leg(self, call: str, user: str, **changes: Any) -> None:
        value = json.loads(json.dumps(self.things["call", call]))
        for leg in value["legs"]:
            if leg["party"]["user"] == user and leg["state"] != "gone":
                leg |= changes
        self.put_call(value)

    def change_call(self, call: str, **changes: Any) -> None:
        self.put_call({**self.things["call", call], **changes})

    def end(self, call: str, cause: str = "normal", sentence: str = "The call has ended.") -> None:
        value = self.things.get(("call", call))
        if value is None:
            return
        self.put_call({**value, "state": "ended", "cause": cause, "sentence": sentence})
        for leg in value["legs"]:
            self.drop("attachment", leg["id"])
        self.drop("call", call)

    def record(
        self,
        owner: str,
        other: Json,
        direction: str,
        outcome: str,
        *,
        ago: float,
        seconds: float = 0,
        device: str = "phone",
        via: Json | None = None,
        **more: Any,
    ) -> str:
        rang = 8
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
            "via": via,
            "to": None,
            "sentence": "The call has ended.",
            **more,
        }
        self.records[owner].append(record)
        self._tell({"post": "record", "value": record}, lambda tab: tab.user == owner)
        return str(record["id"])

    def via(self, how: str, username: str) -> Json:
        return {"how": how, "by": self.party(username)}

    def story(self, owner: str, record: Json) -> Json:
        """The record with its steps, as they follow from it."""
        own, other = ("from", "to") if record["direction"] == "out" else ("to", "from")
        who = {"number": record["number"], "name": record["name"], "cause": None, "conf": record["call"]}
        events = [{"msg": f"setup-{own}", "at": record["begun"], **who}]
        events.append({"msg": f"alert-{other}", "at": record["begun"] + 0.4, **who})
        if record["answered"] is not None:
            events.append({"msg": f"conn-{other}", "at": record["answered"], **who})
        events.append({"msg": f"rel-{own}", "at": record["ended"], **who, "cause": 16})
        return {"record": record, "events": events, "parts": []}

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
        self._tell({"set": kind, "id": id, "value": value}, lambda tab: self.may_see(tab, kind, id))

    def drop(self, kind: str, id: str) -> None:
        if (kind, id) in self.things:
            self._tell({"drop": kind, "id": id}, lambda tab: self.may_see(tab, kind, id))
            del self.things[kind, id]
            self.owners.pop((kind, id), None)

    def may_see(self, tab: Tab, kind: str, id: str) -> bool:
        if kind in ("user", "presence"):
            return id in tab.shown or id == tab.user
        return tab.user in self.owners.get((kind, id), set())

    def _tell(self, line: Json, sees: Callable[[Tab], bool]) -> None:
        self.n += 1
        text = json.dumps({"n": self.n, **line})
        for tab in self.tabs:
            if tab.id and sees(tab):
                tab.tell(text)

    def _id(self, what: str) -> str:
        self._ids += 1
        return f"{what}.{self._ids}"

    def me(self, user: str) -> Json:
        devices = [
            thing for (kind, _), thing in self.things.items() if kind == "device" and thing["user"] == user
        ]
        chosen = self.things["user", user].get("device") or f"{user}.browser"
        return {**self.things["user", user], "device": chosen, "devices": devices, "site": "hq"}


async def _quietly(sending: Awaitable[None]) -> None:
    with suppress(Exception):  # a page that left hears nothing
        await sending


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
        (outside, "in", "missed", 2.401 * hour, 0, ""),
        (outside, "in", "missed", 2.402 * hour, 0, ""),
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
