"""A record in the making: one user's part in a call, and how the call went on without them."""

from collections.abc import Callable

from offhook.calls.cause import Cause
from offhook.calls.leg import NOBODY, Party
from offhook.calls.view import Via
from offhook.store.records import Direction, Event, Outcome, Record

REFUSALS: dict[Cause, Outcome] = {
    Cause.BUSY: "busy",
    Cause.DO_NOT_DISTURB: "busy",
    Cause.DECLINED: "declined",
    Cause.CANCELLED: "cancelled",
    Cause.NO_ANSWER: "missed",
    Cause.UNREACHABLE: "missed",
    Cause.TRANSFERRED: "forwarded",
}


class Part:
    """What follows from it is decided by the journal; here is what a record needs to be written.

    A part *lasts* until its user's last leg is gone. It is *complete* when nothing more is told of it:
    then, or where the user put others through to each other, when these have ended.
    """

    __slots__ = (
        "answered", "begun", "call", "cause", "complete", "conf", "device", "direction", "ended",
        "events", "goes_on", "handed", "id", "legs", "other", "outcome", "part_of", "rang", "seen",
        "talks", "to", "user", "via",
    )  # fmt: skip

    def __init__(
        self,
        id: str,
        call: str,
        user: str,
        direction: Direction,
        other: Party,
        at: float,
        *,
        device: str = "",
        via: Via | None = None,
        part_of: str = "",
        seen: Callable[[Party], Party],
    ) -> None:
        self.seen = seen  # others, with the numbers this user would dial
        self.id = id
        self.call = self.conf = call
        self.user = user
        self.direction = direction
        self.outcome: Outcome = "missed" if direction == "in" else "cancelled"
        self.other = other
        self.device = device
        self.begun = at
        self.answered: float | None = None
        self.ended: float | None = None
        self.cause: Cause | None = None
        self.complete = False
        self.part_of = part_of
        self.via = via
        self.to = NOBODY
        self.events: list[Event] = []
        self.legs: set[str] = set()
        self.rang = False
        self.talks = False  # it, or whoever has its place, is connected to somebody
        self.handed = ""  # the call it is about to come to
        self.goes_on = direction in ("diverted", "transferred")  # is told of what happens without its user
        if self.goes_on:
            self.outcome = "forwarded"

    @property
    def rings(self) -> bool:
        """Its user is called and has not answered."""
        return self.direction == "in" and self.answered is None

    def is_missed_although(self, answered: Via | None) -> bool:
        """Whether it rang here for a group of which nobody has answered; it was somebody called instead."""
        if self.via is None or self.via.how != "group":
            return False
        return answered != self.via and (answered is None or answered.how != "picked-up")

    def note(self, msg: str, at: float, who: Party, cause: Cause | None = None) -> None:
        who = self.seen(who)
        self.events.append(
            Event(msg, at, who.number, who.name, None if cause is None else cause.q850, self.conf)
        )

    def record(self) -> Record:
        via, other = self.via, self.seen(self.other)
        return Record(
            self.id,
            self.call,
            self.user,
            self.direction,
            self.outcome,
            other.number,
            other.name,
            other.user,
            self.device,
            self.begun,
            self.answered,
            self.ended,
            "" if self.cause is None else self.cause.value,
            self.complete,
            self.part_of,
            "" if via is None else via.how,
            NOBODY if via is None else self.seen(via.by),
            self.seen(self.to),
            tuple(self.events),
        )
