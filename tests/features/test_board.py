"""What colleagues see of each other's calls: those that ring, and those that are parked."""

from collections.abc import Callable
from typing import Any

import pytest

from offhook.calls.cause import Cause
from offhook.calls.leg import Answered, Gone, Party
from offhook.calls.view import Place
from offhook.features.board import Board
from offhook.feed import Change
from offhook.people.board import Parked, Waiting
from offhook.people.groups import Group, Groups
from tests.calls.house import FakeLeg, House


class Office(House):
    """Ben and Carla are in Sales, Carla and Dora in Service; Anna calls, and is in no group."""

    def __init__(self) -> None:
        super().__init__()
        self.groups = Groups(self.feed)
        self.groups.put(Group("sales", "Sales", (("ben", True), ("carla", True))))
        self.groups.put(Group("service", "Service", (("carla", True), ("dora", True))))
        self.now = 7.0
        Board(self.feed, self.groups, lambda: self.now)
        self.carla.is_reachable = True

    def rings_at_ben(self) -> str:
        return self.switch.incoming(self.anna, "102", 0)

    def talking(self) -> str:
        """Anna and Ben, at his desk phone."""
        call = self.rings_at_ben()
        self.answers(self.ben_desk.leg, 1)
        return call

    def waiting(self, call: str) -> Waiting | None:
        return self.feed.get(Waiting, call)

    def parked(self, call: str) -> Parked | None:
        return self.feed.get(Parked, call)

    def seen_by(self, user: str) -> list[str]:
        """The calls that the feed shows this user under their groups."""
        topics = [f"group.{group.id}" for group in self.groups.of(user)]
        return [thing.id for thing in self.feed.things(topics)]


def test_what_rings_for_a_member_is_seen_by_the_group() -> None:
    office = Office()
    call = office.rings_at_ben()
    waiting = office.waiting(call)
    assert waiting is not None
    assert (waiting.caller.name, waiting.called, waiting.since) == ("Anna", Party("102", "Ben", "ben"), 7.0)
    assert office.seen_by("carla") == [call]
    assert office.seen_by("dora") == []


@pytest.mark.parametrize(
    "ends",
    [
        lambda office: office.answers(office.ben_desk.leg, 1),
        lambda office: office.switch.tell(office.anna, Gone(Cause.NORMAL), 1),
        lambda office: office.switch.decline(office.view.id, "ben", 1),
    ],
)
def test_it_is_gone_once_somebody_answers_or_nobody_will(ends: Callable[[Office], None]) -> None:
    office = Office()
    call = office.rings_at_ben()
    ends(office)
    assert office.waiting(call) is None


def test_what_rings_for_somebody_in_no_group_costs_the_feed_nothing() -> None:
    office = Office()
    heard: list[object] = []
    office.feed.watch(Waiting, lambda old, new: heard.append(new))
    call = office.switch.incoming(FakeLeg(office.ben_desk.party), "101", 0)
    office.switch.tell(office.desk.leg, Answered(), 1)
    assert (heard, office.waiting(call)) == ([], None)


def test_a_device_that_rings_to_take_the_call_is_not_another_one_that_waits() -> None:
    office = Office()
    call = office.rings_at_ben()
    office.switch.pick_up(call, office.dora, 1)
    waiting = office.waiting(call)
    assert waiting is not None
    assert waiting.called.user == "ben"
    assert office.seen_by("dora") == []


def test_a_diverted_call_waits_for_whom_it_rings_now() -> None:
    office = Office()
    call = office.rings_at_ben()
    office.now = 9.0
    office.switch.redirect(call, "ben", "104", 2)
    waiting = office.waiting(call)
    assert waiting is not None
    assert (waiting.called.user, waiting.since) == ("dora", 9.0)
    assert office.seen_by("carla") == [call]
    assert office.seen_by("ben") == []


def test_a_call_put_through_shows_whom_one_would_talk_to() -> None:
    office = Office()
    call = office.talking()
    office.switch.transfer(office.ben_desk.leg.id, "104", 2)
    waiting = office.waiting(call)
    assert waiting is not None
    assert (waiting.caller.name, waiting.called.name) == ("Anna", "Dora")


def test_a_parked_call_is_seen_where_it_lies_by_who_put_it_there_and_by_the_group() -> None:
    office = Office()
    call = office.talking()
    office.now = 12.0
    office.switch.park(office.ben_desk.leg.id, Place("dora", "104", "3"), 5)
    parked = office.parked(call)
    assert parked is not None
    assert (parked.party.name, parked.by.name, parked.since) == ("Anna", "Ben", 12.0)
    assert parked.place == Place("dora", "104", "3")
    assert set(parked.topics) == {"own.dora", "own.ben", "group.service"}


def test_it_stays_on_the_board_while_a_device_rings_to_take_it_and_goes_with_it() -> None:
    office = Office()
    call = office.talking()
    office.switch.park(office.ben_desk.leg.id, Place("ben", "102", ""), 5)
    office.switch.retrieve(call, office.dora, 6)
    parked = office.parked(call)
    assert parked is not None
    assert parked.party.name == "Anna"
    office.answers(office.dora.leg, 7)
    assert office.parked(call) is None


def test_what_waits_while_a_conference_is_taken_apart_is_on_the_board_too() -> None:
    office = Office()
    office.talking()
    office.switch.hold(office.ben_desk.leg.id, True, 2)
    second = FakeLeg(office.ben_desk.party)
    office.switch.incoming(second, "104", 3)
    office.answers(office.dora.leg, 4)
    office.switch.join(office.ben_desk.leg.id, second.id, 5)
    together = office.view_of("ben")
    assert together is not None
    ben = next(leg.id for leg in together.legs if leg.party.user == "ben" and leg.state == "talking")
    office.switch.part(ben, office.dora.leg.id, 6)
    (alone,) = [thing for thing in office.feed.things(["own.ben"]) if isinstance(thing, Parked)]
    assert alone.id != together.id
    assert (alone.party.name, alone.by.user, alone.place.slot) == ("Dora", "ben", "")


def test_who_comes_into_a_group_sees_what_rings_there_and_who_leaves_it_does_not() -> None:
    office = Office()
    call = office.switch.incoming(FakeLeg(office.ben_desk.party), "101", 0)
    assert office.waiting(call) is None
    office.groups.put(Group("new", "New", (("anna", True), ("dora", True))))
    assert office.seen_by("dora") == [call]
    office.groups.put(Group("new", "New", (("anna", False), ("dora", True))))
    assert office.waiting(call) is None
    assert office.seen_by("dora") == []


def test_a_parked_call_stays_with_its_owner_when_the_groups_change() -> None:
    office = Office()
    call = office.talking()
    office.switch.park(office.ben_desk.leg.id, Place("ben", "102", "0"), 5)
    before = office.parked(call)
    office.groups.remove("sales")
    after = office.parked(call)
    assert before is not None
    assert after is not None
    assert (after.by, after.since, after.topics) == (before.by, before.since, ("own.ben",))


class Mirror:
    """Follows what a member of some groups follows, and keeps what it heard."""

    def __init__(self) -> None:
        self.things: dict[tuple[type, str], Any] = {}

    def tell(self, change: Change, level: int | None) -> None:
        thing = change.old if change.new is None else change.new
        if level is None or change.new is None:
            self.things.pop((type(thing), thing.id), None)
        else:
            self.things[type(thing), thing.id] = thing


def test_a_follower_of_a_group_ends_with_what_the_board_shows() -> None:
    office, mirror = Office(), Mirror()
    office.feed.follow(mirror, "group.sales")
    first = office.rings_at_ben()
    office.switch.redirect(first, "ben", "104", 1)
    second = office.switch.incoming(FakeLeg(office.dora.party), "103", 2)
    office.answers(office.carla.leg, 3)
    office.switch.park(office.carla.leg.id, Place("carla", "103", ""), 4)
    third = office.switch.incoming(FakeLeg(office.desk.party), "102", 5)
    assert {id for _, id in mirror.things} == {second, third}
    assert set(mirror.things.values()) == set(office.feed.things(["group.sales"]))
