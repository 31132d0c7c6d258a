"""Whatever people and phones do, in whatever order: calls stay sound and nothing is left behind."""

from collections.abc import Callable
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.calls.cause import Cannot, Cause
from offhook.calls.leg import (
    Answered,
    Asked,
    Back,
    Connect,
    Gone,
    Held,
    LegEvent,
    Lost,
    Party,
    Redirect,
    Ringing,
    TransferTo,
)
from offhook.calls.member import State
from offhook.calls.routing import Do, Manner, ParkAt, PickUp, Plan, Retrieve, Round
from offhook.calls.view import Place, Via
from tests.calls.house import FakeDevice, FakeLeg, FakePort, House

NUMBERS = [
    "101", "102", "103", "104", "999", "*0", "*160", "#160", "*42", "200", "201", "202", "203", "0301234",
]  # fmt: skip
EVENTS: list[LegEvent] = [
    Answered(), Answered(), Ringing(), Ringing(early=True), Held(True), Held(False), Lost(), Back(),
    Gone(Cause.BUSY), Gone(Cause.DECLINED), Gone(Cause.NO_ANSWER),
]  # fmt: skip
VERBS = [
    "call", "dial", "event", "event", "event", "event", "hangup", "hold", "transfer", "refer", "connect",
    "refer-connect", "join", "part", "park", "retrieve", "pick up", "move", "replace", "redirect", "send on",
    "decline", "wait",
]  # fmt: skip


class Bystander:
    """Does one thing after the other, and knows the phones there are."""

    def __init__(self) -> None:
        self.house = House()
        self.house.carla.is_reachable = True
        self.house.codes = {
            "*0": PickUp(("anna", "ben", "carla", "dora")),
            "*160": ParkAt(Place("ben", "102", "0")),
            "#160": Retrieve(Place("ben", "102", "0")),
            "*42": Do(lambda: None),
        }
        self.devices = [
            self.house.desk,
            self.house.ben_desk,
            self.house.ben_browser,
            self.house.carla,
            self.house.dora,
            self.house.mobile,
            self.house.line,
        ]
        self.house.plans |= _plans(self.house)
        self.house.switch.may_join = lambda by, one, other: False
        self.callers: list[FakeLeg] = []
        self.gone: set[str] = set()
        self.now = 0.0

    @property
    def legs(self) -> list[FakeLeg]:
        return [leg for device in self.devices for leg in device.legs] + self.callers

    @property
    def live(self) -> list[FakeLeg]:
        """Those in a call; a gone one now and then, for people act on what has just ended."""
        return [leg for leg in self.legs if self.house.switch.leg(leg.id) is not None] or self.legs

    def does(self, verb: str, one: int, other: int, number: str) -> None:
        self.now += 1
        house, now = self.house, self.now
        device = self.devices[one % len(self.devices)]
        live = list(house.switch.calls)
        call = live[one % len(live)] if live else "hq.1.0"
        if not self.legs or verb == "call":
            self.calls(device, number)
            return
        legs = self.legs if one % 7 == 0 else self.live
        leg, second = legs[one % len(legs)], legs[other % len(legs)]
        deeds: dict[str, Callable[[], object]] = {
            "dial": lambda: house.switch.dial(device, number, now),
            "event": lambda: self.says(leg, other),
            "hangup": lambda: house.switch.hangup(leg.id, now),
            "hold": lambda: house.switch.hold(leg.id, other % 2 == 0, now),
            "transfer": lambda: house.switch.transfer(leg.id, number, now),
            "refer": lambda: house.switch.tell(leg, Asked(TransferTo(number)), now),
            "connect": lambda: house.switch.connect(leg.id, second.id, now),
            "refer-connect": lambda: house.switch.tell(leg, Asked(Connect(second.id)), now),
            "join": lambda: house.switch.join(leg.id, second.id, now),
            "part": lambda: house.switch.part(leg.id, second.id, now),
            "park": lambda: house.switch.park(leg.id, Place("ben", "102", ""), now),
            "retrieve": lambda: house.switch.retrieve(call, device, now),
            "pick up": lambda: house.switch.pick_up(call, device, now),
            "move": lambda: house.switch.move(leg.id, device, now),
            "replace": lambda: self.replaces(leg),
            "redirect": lambda: house.switch.redirect(call, leg.party.user, number, now),
            "send on": lambda: house.switch.tell(leg, Asked(Redirect(number)), now),
            "decline": lambda: house.switch.decline(call, leg.party.user, now),
            "wait": lambda: self.waits(other),
        }
        with suppress(Cannot):
            deeds[verb]()

    def calls(self, device: FakeDevice, number: str) -> None:
        leg = FakeLeg(device.party)
        self.callers.append(leg)
        self.house.switch.incoming(leg, number, self.now)

    def replaces(self, replaced: FakeLeg) -> None:
        leg = FakeLeg(replaced.party)
        self.callers.append(leg)
        self.house.switch.replace(leg, replaced.id, self.now)

    def says(self, leg: FakeLeg, which: int) -> None:
        """A phone says something, unless it has hung up or was hung up before."""
        if leg.id in self.gone or any(word.startswith("hangup") for word in leg.told_):
            return
        event = EVENTS[which % len(EVENTS)]
        if isinstance(event, Answered) and leg.bridge is not None:
            self.house.answers(leg, self.now)
            return
        if isinstance(event, Gone):
            self.gone.add(leg.id)
        self.house.switch.tell(leg, event, self.now)

    def waits(self, seconds: int) -> None:
        self.now += seconds
        self.house.switch.tick(self.now)

    def looks(self) -> None:
        """What must be true at any time."""
        seen: set[str] = set()
        for call in self.house.switch.calls.values():
            present = {member.leg.id for member in call.present()}
            assert not present & seen, "a leg is in one call at most"
            seen |= present
            assert call.state is not State.ENDED, "calls that are over are forgotten"
            assert call.state is not State.TALKING or len(call.talking()) >= 2, "nobody talks alone"
            assert call.state is not State.PARKED or call.talking(), "somebody waits where one is parked"
            assert call.state is State.TALKING or call.deadline is not None, "nobody waits without an end"
            assert call.armed == call.deadline, "and the end is known"
            for member in call.talking():
                begun, believed = member.since or 0, member.believed_from or 0
                assert begun >= believed, "a machine that answers too soon does not talk"
            for id in present:
                assert self.house.switch.leg(id) is not None, "each leg finds its call"
            assert call.view() == self.house.feed.get(type(call.view()), call.id), "the feed has it as it is"
        for leg in self.legs:
            if isinstance(leg.port, FakePort) and leg.id not in seen:
                rooms = [bridge for bridge in self.house.engine.bridges if leg.port in bridge.members]
                assert not rooms, "who is in no call hears nobody"

    def everybody_hangs_up(self) -> None:
        for call in list(self.house.switch.calls.values()):
            self.house.switch.end_all(Cause.RESTART, self.now)
            assert call.state is State.ENDED


def _plans(house: House) -> dict[str, Plan]:
    """A user with a mobile and a line that sends calls on; a group, in turn; pauses; lines that go round."""
    service = Party("201", "Service")

    def instead(cause: Cause) -> Plan | None:
        return {
            Cause.BUSY: Plan((Round((house.dora,), 20, Via("diverted", house.ben_desk.party)),)),
            Cause.DECLINED: Plan((Round((), 4), Round((house.line,), 20)), Cause.DECLINED),
            Cause.NO_ANSWER: Plan((), Cause.DO_NOT_DISTURB),
        }.get(cause)

    def round_and_round(cause: Cause) -> Plan:
        return Plan((Round((house.carla, house.dora), 5, onward=round_and_round),))

    mobile = {"ben-mobile": Manner(delay=5, min_alert=4, max_alert=12), "ben-desk": Manner(max_alert=9)}
    ringing = Round((house.ben_desk, house.ben_browser, house.mobile), 30, manners=mobile, onward=instead)
    members = (house.ben_desk, house.carla, house.dora)
    turns = tuple([Round((device,), 10, Via("group", service), service) for device in members])
    return {
        "200": Plan((ringing,), called=house.ben_desk.party),
        "201": Plan((*turns, Round((house.line,), 20)), called=service),
        "202": Plan((Round((), 4), Round((house.mobile,), 0), ringing), Cause.INCOMPLETE),
        "203": Plan((Round((house.carla,), 5, onward=round_and_round),), emergency=True),
    }


acts = st.lists(
    st.tuples(st.sampled_from(VERBS), st.integers(0, 40), st.integers(0, 40), st.sampled_from(NUMBERS)),
    min_size=10,
    max_size=60,
)


@given(acts)
@settings(max_examples=200, deadline=None)
def test_whatever_happens_calls_stay_sound(acts: list[tuple[str, int, int, str]]) -> None:
    bystander = Bystander()
    bystander.calls(bystander.house.desk, "102")
    for act in acts:
        bystander.does(*act)
        bystander.looks()
    bystander.everybody_hangs_up()
    assert not bystander.house.switch.calls
    assert not any(bridge.is_open for bridge in bystander.house.engine.bridges)
    for leg in bystander.legs:
        if leg.id not in bystander.gone:
            assert any(word.startswith("hangup") for word in leg.told_), "every leg was hung up"
