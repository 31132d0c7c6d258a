"""Histories for the law of the mirror: things come, change and go; a client watches, leaves and returns."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.view import CallView, LegView, Place, Via
from offhook.feed import Feed
from offhook.people.board import Parked, Waiting
from offhook.people.devices import DeviceView
from offhook.people.directory import User
from offhook.people.groups import Group, Groups
from offhook.people.presence import Presence
from offhook.people.quality import LegQuality
from offhook.store.records import Record
from offhook.web.attachment import Attachment
from offhook.web.follow import Outbox, Share
from offhook.web.shapes import Record as WireRecord
from offhook.web.views import Views
from offhook.web.views import record as view_of
from offhook.web.wire import Ok, line
from tests.web.house import apply

USERS = ("hq.11", "hq.12", "hq.13", "hq.14")
ME = USERS[0]
BOOT = 7
GROUPS = ("group0", "group1", "group2", "group3")
KINDS = ("call", "presence", "user", "device", "attachment", "waiting", "parked", "quality")
CLASSES: dict[str, Any] = {
    "call": CallView,
    "presence": Presence,
    "user": User,
    "device": DeviceView,
    "attachment": Attachment,
    "waiting": Waiting,
    "parked": Parked,
    "quality": LegQuality,
}


@dataclass(frozen=True)
class Put:
    """A thing of this kind gets its `version`th value; those in `users` are concerned."""

    kind: str
    which: int
    version: int
    users: tuple[int, ...]


@dataclass(frozen=True)
class Remove:
    kind: str
    which: int


@dataclass(frozen=True)
class Say:
    user: int


@dataclass(frozen=True)
class Watch:
    users: tuple[int, ...]


@dataclass(frozen=True)
class Belong:
    """The client's user is in these groups from now on."""

    groups: tuple[int, ...]


@dataclass(frozen=True)
class Renumber:
    """Numbers are dialled with these digits before them, from where the client's user is now."""

    node: str


@dataclass(frozen=True)
class Read:
    """The client takes a frame."""


@dataclass(frozen=True)
class Return:
    """The connection breaks; what was not read is lost; the client says hello again."""


Step = Put | Remove | Say | Watch | Belong | Renumber | Read | Return


def thing(kind: str, which: int, version: int, users: Sequence[int]) -> Any:
    owner = USERS[which % len(USERS)]
    match kind:
        case "call":
            audience = tuple(USERS[user] for user in users)
            legs = tuple(
                LegView(
                    f"leg{which}.{i}",
                    Party(str(i), "Ünal „U“", user),
                    i == 0,
                    "talking",
                    False,
                    version % 2 == 0,
                    False,
                    None,
                    float(version),
                    False,
                    Via("picked-up", Party("103")) if version == 1 else None,
                )
                for i, user in enumerate(audience)
            )
            cause = Cause.BUSY if version % 3 == 0 else None
            place = Place(owner, "102", "3") if version == 4 else None
            return CallView(
                f"call{which}",
                "talking" if place is None else "parked",
                legs,
                Party("102"),
                5.0,
                float(version),
                None,
                cause,
                place,
                None if place is None else Party("103"),
                audience,
            )
        case "presence":
            states = ("offline", "available", "ringing", "on-call", "dnd")
            return Presence(owner, states[version % len(states)], float(version))
        case "user":
            quiet = version % 2 == 0
            return User(owner, f"name{which}", f"Name {version}", str(100 + which), f"device{version}", quiet)
        case "device":
            return DeviceView(
                f"device{which}", USERS[users[0] if users else 0], "desk", "phone", version % 2 == 0, version
            )
        case "waiting":
            groups = tuple(GROUPS[user] for user in users)
            return Waiting(f"call{which}", Party("0711"), Party("102"), float(version), groups)
        case "parked":
            groups = tuple(GROUPS[user] for user in users)
            place = Place(owner, str(100 + which), str(version))
            by = Party("104", "Dee", USERS[version % len(USERS)])
            return Parked(f"call{which}", Party("0711"), place, by, float(version), groups)
        case "quality":
            user = USERS[users[0] if users else 0]
            return LegQuality(f"leg{which}", user, 0.01 * version, 0.0, 3.0, None, 4.1, "")
        case _:
            return Attachment(f"leg{which}", f"tab{version}", USERS[users[0] if users else 0])


@dataclass
class History:
    """The feed, one client of it, and what the client has made of all it heard."""

    feed: Feed = field(default_factory=Feed)
    mirror: dict[tuple[str, str], Any] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)
    n: int = -1
    watched: list[str] = field(default_factory=list)  # as granted last
    asked: list[list[str]] = field(default_factory=list)  # and not yet granted
    posts: list[Any] = field(default_factory=list)
    node: str = ""  # of the client's user
    numbered_at: int = 0

    def __post_init__(self) -> None:
        self.views = Views(
            lambda now: now + 1_000_000,
            node_of=lambda user: self.node,
            seen_from=lambda party, node: Party(node + party.number, party.name, party.user),
        )
        self.groups = Groups(self.feed)
        self.groups.watch(lambda users: self.share.regroup())
        self.views.add(Posted, "record", WireRecord, lambda posted, level: view_of(posted), post=True)
        self._connect()

    def does(self, step: Step) -> None:
        match step:
            case Put(kind, which, version, users):
                self.feed.set(thing(kind, which, version, users))
            case Remove(kind, which):
                self.feed.drop(CLASSES[kind], thing(kind, which, 0, ()).id)
            case Say(user):
                self.feed.post(record(user, self.feed.n))
            case Watch(users):
                wanted = [USERS[user] for user in users]
                self.asked.append(wanted)
                self.share.show(wanted)
                self.outbox.add(line(Ok(len(self.asked), None)))
            case Belong(groups):
                for i, id in enumerate(GROUPS):
                    self.groups.put(Group(id, id, ((ME, i in groups),)))
            case Renumber(node):
                self.node = node
                self.numbered_at = self.feed.mark()
                self.share.renumber()
            case Read():
                self._read()
            case Return():
                self.share.close()
                self._connect()

    def catches_up(self) -> None:
        while self.outbox:
            self._read()

    def late_snapshot(self) -> dict[tuple[str, str], Any]:
        """What a client that comes now, and watches the same users, is shown."""
        outbox = Outbox()
        share = Share(self.feed, self.views, self.groups, ME, outbox, wake=lambda: None)
        share.begin(self.watched, fits=lambda latest: False, boot=BOOT, time=0.0)
        share.close()
        mirror: dict[tuple[str, str], Any] = {}
        apply(mirror, json.loads(outbox.take()))
        return mirror

    def _connect(self) -> None:
        n = -1 if self.asked else self.n
        self.asked = []
        self.outbox = Outbox()
        self.share = Share(self.feed, self.views, self.groups, ME, self.outbox, wake=lambda: None)
        self.share.begin(
            self.watched, fits=lambda latest: n >= max(latest, self.numbered_at), boot=BOOT, time=0.0
        )

    def _read(self) -> None:
        if not self.outbox:
            return
        for text in self.outbox.take().split("\n"):
            said = json.loads(text)
            self.heard.append(said)
            if "ok" in said:
                self.watched = self.asked.pop(0)
                continue
            assert said["n"] >= self.n, "lines come in the order of their numbers"
            self.n = said["n"]
            apply(self.mirror, said)
            if "post" in said:
                self.posts.append(said["value"])


def record(user: int, number: int) -> Any:
    return Posted(
        f"hq.{number}",
        "call1",
        USERS[user],
        "in",
        "missed",
        "102",
        "Ben",
        "",
        "",
        5.0,
        None,
        9.0,
        "no-answer",
    )


class Posted(Record, frozen=True):
    """A record on the feed."""

    @property
    def topics(self) -> tuple[str, ...]:
        return (f"own.{self.user}",)
