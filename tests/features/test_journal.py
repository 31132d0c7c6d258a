"""What call records tell, step by step: the reference sequences of the field, and calls that go astray."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.calls.cause import Cause
from offhook.calls.leg import Asked, Gone, Party, Redirect, Ringing
from offhook.calls.moments import Moment
from offhook.calls.routing import Ask, ParkAt, PickUp, Plan, Retrieve, Round
from offhook.calls.view import Place, Via
from offhook.features.records.journal import Journal
from offhook.store.records import Record
from tests.calls.house import FakeDevice, FakeLeg, House
from tests.calls.test_anything import NUMBERS, VERBS, Bystander

DAY = 1_790_000_000.0  # Unix time at the monotonic second 0


class Office:
    """The house of the calls' tests, with all phones on, a journal, and diversions as the test sets them."""

    def __init__(self, seen: Callable[[Party, Party], Party] = lambda party, by: party) -> None:
        self.house = House()
        self.house.carla.is_reachable = True
        self.house.ben_browser.is_reachable = False
        self.diversions: dict[str, tuple[str, FakeDevice]] = {}  # number: at once or unanswered, to whom
        self.rows: dict[str, Record] = {}
        ids = iter(range(1, 100))
        self.journal = Journal(lambda now: DAY + now, lambda: f"r{next(ids):02}", seen)
        self.house.feed.watch(Moment, self._happens)
        route = self.house.switch.route
        self.house.switch.route = lambda ask: self._diverted(ask, route(ask))
        self.anna, self.switch = self.house.anna, self.house.switch

    def _happens(self, _: Moment | None, moment: Moment | None) -> None:
        assert moment is not None
        self.journal.take(moment)
        for record in self.journal.changed():
            self.rows[record.id] = record

    def _diverted(self, ask: Ask, plan: Plan) -> Plan:
        if ask.number not in self.diversions:
            return plan
        when, to = self.diversions[ask.number]
        assert plan.called is not None
        goal = Round((to,), via=Via("diverted", plan.called), called=to.party)
        return Plan((goal,) if when == "at once" else (*plan.rounds, goal), called=plan.called)

    def of(self, user: str) -> list[Record]:
        return [record for record in self.rows.values() if record.user == user]

    def tells(self, user: str) -> list[tuple[str, list[str]]]:
        """For each record of this user its direction and the words of its events."""
        return [(record.direction, [event.msg for event in record.events]) for record in self.of(user)]

    def calls(self, number: str, now: float = 0) -> str:
        return self.switch.incoming(self.anna, number, now)

    def rings(self, device: FakeDevice, now: float) -> None:
        self.switch.tell(device.leg, Ringing(), now)

    def answers(self, device: FakeDevice, now: float) -> None:
        self.house.answers(device.leg, now)

    def hangs_up(self, leg: FakeLeg, now: float) -> None:
        self.switch.tell(leg, Gone(Cause.NORMAL), now)

    def talks(self) -> str:
        """Anna and Ben talk."""
        call = self.calls("102")
        self.rings(self.house.ben_desk, 1)
        self.answers(self.house.ben_desk, 2)
        return call

    def consults(self) -> FakeLeg:
        """Ben calls Carla from the same phone; her phone rings."""
        ben = FakeLeg(self.house.ben_desk.party)
        self.switch.incoming(ben, "103", 10)
        self.rings(self.house.carla, 11)
        return ben


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture(autouse=True)
def all_is_told_in_the_end(office: Office) -> object:
    """Whatever happened: once all calls are over every record is complete, and nothing is left behind."""
    yield
    office.switch.end_all(Cause.RESTART, 1000)
    assert all(record.complete and record.ended is not None for record in office.rows.values())
    assert len(office.journal) == 0
    for record in office.rows.values():
        times = [event.at for event in record.events]
        assert times == sorted(times)
        assert record.begun <= times[0]


# ---- the reference sequences


def test_who_calls_a_group_has_it_in_the_record_beside_who_answered(office: Office) -> None:
    service = Party("200", "Service")
    route = office.house.switch.route
    round = Round((office.house.carla,), via=Via("group", service))
    office.house.switch.route = lambda ask: (
        Plan((round,), called=service) if ask.number == "200" else route(ask)
    )
    office.calls("200")
    office.answers(office.house.carla, 2)
    (record,) = office.of("anna")
    assert (record.number, record.via_how, record.via) == ("103", "group", service)


def test_a_basic_call(office: Office) -> None:
    office.talks()
    office.hangs_up(office.house.ben_desk.leg, 62)
    assert office.tells("anna") == [("out", ["setup-from", "alert-to", "conn-to", "rel-to"])]
    assert office.tells("ben") == [("in", ["setup-to", "alert-from", "conn-from", "rel-from"])]


def test_a_call_diverted_at_once(office: Office) -> None:
    office.diversions["102"] = "at once", office.house.carla
    office.calls("102")
    office.rings(office.house.carla, 1)
    office.answers(office.house.carla, 2)
    office.hangs_up(office.house.carla.leg, 62)
    assert office.tells("anna") == [("out", ["setup-from", "cf-to", "alert-to", "conn-to", "rel-to"])]
    assert office.tells("ben") == [("diverted", ["setup-to", "cf-from", "alert-to", "conn-to", "rel-to"])]
    assert office.tells("carla") == [("in", ["setup-to", "alert-from", "conn-from", "rel-from"])]
    (ben,), (carla,), (anna,) = office.of("ben"), office.of("carla"), office.of("anna")
    assert (ben.other, ben.to.user, ben.outcome) == ("anna", "carla", "forwarded")
    assert (carla.other, carla.via_how, carla.via.user) == ("anna", "diverted", "ben")
    assert (anna.other, anna.via_how, anna.via.user) == ("carla", "diverted", "ben")
    assert [(e.msg, e.number) for e in anna.events[:3]] == [
        ("setup-from", "102"), ("cf-to", "103"), ("alert-to", "103"),
    ]  # fmt: skip


def test_a_call_diverted_because_nobody_answered(office: Office) -> None:
    office.diversions["102"] = "unanswered", office.house.carla
    office.calls("102")
    office.rings(office.house.ben_desk, 1)
    office.switch.tick(30)
    office.rings(office.house.carla, 31)
    office.answers(office.house.carla, 32)
    office.hangs_up(office.house.carla.leg, 62)
    assert office.tells("anna") == [("out", ["setup-from", "alert-to", "cf-to", "conn-to", "rel-to"])]
    assert office.tells("ben") == [
        ("in", ["setup-to", "alert-from", "rel-to"]),
        ("diverted", ["setup-to", "cf-from", "conn-to", "rel-to"]),
    ]
    assert office.tells("carla") == [("in", ["setup-to", "alert-from", "conn-from", "rel-from"])]
    rang, went_on = office.of("ben")
    assert (rang.outcome, rang.ended, rang.to.user) == ("forwarded", DAY + 30, "carla")
    assert (went_on.part_of, went_on.answered, went_on.ended) == (rang.id, DAY + 32, DAY + 62)
    assert [record.listed for record in (rang, went_on)] == ["incoming", None]


def test_a_blind_transfer(office: Office) -> None:
    office.talks()
    ben = office.house.ben_desk.leg
    office.switch.transfer(ben.id, "103", 10)
    office.rings(office.house.carla, 11)
    office.answers(office.house.carla, 12)
    office.hangs_up(office.house.carla.leg, 62)
    assert office.tells("anna") == [
        ("out", ["setup-from", "alert-to", "conn-to", "transfer-to", "conn-to", "rel-to"])
    ]
    assert office.tells("ben") == [
        ("in", ["setup-to", "alert-from", "conn-from", "rel-from"]),
        ("transferred", ["setup-to", "transfer-from", "conn-to", "rel-to"]),
    ]
    assert office.tells("carla") == [("in", ["setup-to", "alert-from", "conn-from", "rel-from"])]
    talked, sent_on = office.of("ben")
    assert (talked.events[-1].cause, talked.ended, talked.cause) == (26, DAY + 10, "transferred")
    assert (sent_on.other, sent_on.to.user, sent_on.part_of) == ("anna", "carla", talked.id)
    assert (sent_on.answered, sent_on.ended) == (DAY + 12, DAY + 62)
    (anna,), (carla,) = office.of("anna"), office.of("carla")
    assert (anna.number, anna.answered, anna.ended) == ("102", DAY + 2, DAY + 62)
    assert (carla.other, carla.via_how, carla.via.user) == ("anna", "transferred", "ben")


def attended(office: Office, *, by_whom: str) -> None:
    office.talks()
    office.consults()
    office.answers(office.house.carla, 12)
    first, second = (
        office.house.ben_desk.leg,
        next(leg for leg in legs_of(office, "ben") if leg != office.house.ben_desk.leg.id),
    )
    office.switch.connect(first.id, second, 20)
    office.hangs_up(office.anna if by_whom == "anna" else office.house.carla.leg, 62)


def legs_of(office: Office, user: str) -> list[str]:
    return [
        leg.id for call in office.switch.calls.values() for leg in call.view().legs if leg.party.user == user
    ]


def test_an_attended_transfer_for_who_was_transferred(office: Office) -> None:
    attended(office, by_whom="anna")
    assert office.tells("anna") == [
        ("out", ["setup-from", "alert-to", "conn-to", "transfer-to", "connected", "rel-from"])
    ]


def test_an_attended_transfer_for_who_transferred(office: Office) -> None:
    attended(office, by_whom="anna")
    assert office.tells("ben") == [
        ("in", ["setup-to", "alert-from", "conn-from", "transfer-from", "connected", "rel-to"]),
        ("out", ["setup-from", "alert-to", "conn-to", "transfer-from", "connected", "rel-from"]),
    ]
    first, second = office.of("ben")
    assert (first.ended, second.ended) == (DAY + 20, DAY + 20)
    assert (first.to.user, second.to.user) == ("carla", "anna")
    assert (first.outcome, second.outcome) == ("answered", "answered")


def test_an_attended_transfer_for_whom_it_went_to(office: Office) -> None:
    attended(office, by_whom="carla")
    assert office.tells("carla") == [
        ("in", ["setup-to", "alert-from", "conn-from", "transfer-to", "connected", "rel-from"])
    ]


def test_a_transfer_while_the_consultation_rings(office: Office) -> None:
    office.talks()
    consulting = office.consults()
    office.switch.connect(office.house.ben_desk.leg.id, consulting.id, 20)
    office.answers(office.house.carla, 25)
    office.hangs_up(office.house.carla.leg, 62)
    assert office.tells("ben") == [
        ("in", ["setup-to", "alert-from", "conn-from", "transfer-from", "conn-to", "rel-from"]),
        ("out", ["setup-from", "alert-to", "transfer-from", "conn-to", "rel-to"]),
    ]
    assert office.tells("anna") == [
        ("out", ["setup-from", "alert-to", "conn-to", "transfer-to", "conn-to", "rel-to"])
    ]
    assert office.tells("carla") == [
        ("in", ["setup-to", "alert-from", "transfer-to", "conn-from", "rel-from"])
    ]
    _, second = office.of("ben")
    assert (second.outcome, second.answered, second.ended) == ("forwarded", None, DAY + 20)
    (carla,) = office.of("carla")
    assert (carla.other, carla.via_how, carla.via.user) == ("anna", "transferred", "ben")
    (anna,) = office.of("anna")
    assert len({event.conf for event in anna.events}) == 2


@settings(max_examples=100, deadline=None)
@given(
    deeds=st.lists(
        st.tuples(st.sampled_from(VERBS), st.integers(0, 50), st.integers(0, 50), st.sampled_from(NUMBERS)),
        max_size=40,
    )
)
def test_whatever_people_do_each_record_begins_ends_and_knows_of_no_answer_it_missed(
    deeds: list[tuple[str, int, int, str]],
) -> None:
    people = Bystander()
    rows: dict[str, Record] = {}
    ids = iter(range(1, 10_000))
    journal = Journal(lambda now: DAY + now, lambda: f"r{next(ids):04}")
    people.house.feed.watch(Moment, lambda old, new: None if new is None else journal.take(new))
    for deed in deeds:
        people.does(*deed)
        rows.update({record.id: record for record in journal.changed()})
    people.house.switch.end_all(Cause.RESTART, people.now)
    rows.update({record.id: record for record in journal.changed()})
    assert len(journal) == 0
    for record in rows.values():
        assert record.complete
        assert record.ended is not None
        assert record.begun <= (record.answered or record.begun) <= record.ended
        assert record.events[0].msg in ("setup-from", "setup-to")
        assert record.events[-1].msg in ("rel-from", "rel-to")
        assert sum(event.msg.startswith("rel-") for event in record.events) == 1
        assert sum(event.msg.startswith("alert-") for event in record.events) <= 1
        assert (record.outcome == "answered") == (
            record.answered is not None and record.direction in ("in", "out")
        )


# ---- one record for each part of a user


def ten_phones(office: Office) -> list[FakeDevice]:
    phones = [House.device("ben", "Ben", "102", f"ben-{n}") for n in range(10)]
    called = phones[0].party
    office.house.switch.route = lambda ask: Plan((Round(tuple(phones)),), called=called)
    return phones


def test_ten_phones_that_ring_are_one_call_that_was_answered_once(office: Office) -> None:
    phones = ten_phones(office)
    office.calls("102")
    for phone in phones:
        office.rings(phone, 1)
    office.switch.tell(phones[3].leg, Gone(Cause.BUSY), 1)
    office.answers(phones[7], 2)
    office.hangs_up(office.anna, 9)
    (ben,) = office.of("ben")
    assert (ben.outcome, ben.device, ben.answered) == ("answered", "ben-7", DAY + 2)
    assert office.tells("ben") == [("in", ["setup-to", "alert-from", "conn-from", "rel-to"])]


def test_ten_phones_that_nobody_answers_are_one_missed_call(office: Office) -> None:
    ten_phones(office)
    office.calls("102")
    office.switch.tell(office.anna, Gone(Cause.CANCELLED), 5)
    (ben,), (anna,) = office.of("ben"), office.of("anna")
    assert (ben.outcome, ben.device, ben.listed) == ("missed", "", "missed")
    assert (anna.outcome, anna.listed) == ("cancelled", "outgoing")


def team(office: Office) -> None:
    """The number 200 rings at Ben's, Carla's and Dora's together."""
    house = office.house
    devices = (house.ben_desk, house.carla, house.dora)
    office.switch.route = lambda ask: Plan((Round(devices),), called=Party("200", "Team"))


def test_what_a_colleague_answered_is_missed_by_nobody_even_if_their_phone_was_busy(office: Office) -> None:
    team(office)
    office.calls("200")
    office.switch.tell(office.house.ben_desk.leg, Gone(Cause.BUSY), 1)
    office.answers(office.house.carla, 9)
    office.hangs_up(office.anna, 20)
    (ben,), (dora,) = office.of("ben"), office.of("dora")
    for record in (ben, dora):
        assert (record.outcome, record.to.user, record.listed) == ("elsewhere", "carla", "incoming")
    assert (ben.ended, dora.ended) == (DAY + 1, DAY + 9)
    assert [event.msg for event in dora.events] == ["setup-to", "rel-to"]


def test_who_declines_has_declined_whoever_answers_then(office: Office) -> None:
    team(office)
    call = office.calls("200")
    office.switch.decline(call, "ben", 3)
    office.answers(office.house.carla, 4)
    assert [record.outcome for record in office.of("ben")] == ["declined"]


def test_a_call_that_a_colleague_picked_up_names_the_colleague(office: Office) -> None:
    call = office.calls("102")
    office.rings(office.house.ben_desk, 1)
    office.switch.pick_up(call, office.house.dora, 3)
    office.answers(office.house.dora, 4)
    office.hangs_up(office.anna, 9)
    (anna,), (ben,), (dora,) = office.of("anna"), office.of("ben"), office.of("dora")
    assert (ben.outcome, ben.to.user, ben.cause) == ("elsewhere", "dora", "picked-up")
    assert (dora.direction, dora.outcome, dora.other, dora.device) == ("in", "answered", "anna", "dora-desk")
    assert (dora.via_how, dora.via.user) == ("picked-up", "ben")
    assert (anna.outcome, anna.other) == ("answered", "dora")


def test_a_call_picked_up_by_its_code_leaves_no_record_of_the_code(office: Office) -> None:
    office.house.codes["*0"] = PickUp(("ben",))
    office.calls("102")
    dora = FakeLeg(office.house.dora.party)
    office.switch.incoming(dora, "*0", 3)
    office.hangs_up(dora, 9)
    assert [(r.outcome, r.via_how) for r in office.of("dora")] == [("answered", "picked-up")]
    assert [r.outcome for r in office.of("ben")] == ["elsewhere"]


def test_a_call_for_somebody_who_cannot_be_reached_is_missed_all_the_same(office: Office) -> None:
    office.house.carla.is_reachable = False
    office.calls("103", now=5)
    (anna,), (carla,) = office.of("anna"), office.of("carla")
    assert (carla.outcome, carla.other, carla.begun, carla.ended) == ("missed", "anna", DAY + 5, DAY + 5)
    assert office.tells("carla") == [("in", ["setup-to", "rel-to"])]
    assert (anna.outcome, anna.number, anna.cause) == ("missed", "103", "unreachable")


def test_the_other_party_of_a_stranger_is_the_number_they_call_from(office: Office) -> None:
    office.switch.incoming(FakeLeg(Party("+4930123", "Mallory")), "102", 0)
    office.switch.tick(30)
    (ben,) = office.of("ben")
    assert (ben.number, ben.name, ben.other, ben.outcome) == ("+4930123", "Mallory", "", "missed")
    assert len(office.rows) == 1


def test_a_call_to_oneself_is_one_record(office: Office) -> None:
    office.house.ben_browser.is_reachable = True
    office.switch.incoming(FakeLeg(office.house.ben_desk.party), "102", 0)
    office.answers(office.house.ben_browser, 2)
    office.hangs_up(office.house.ben_browser.leg, 9)
    assert [(r.direction, r.outcome) for r in office.of("ben")] == [("out", "answered")]


# ---- sent on by hand


@pytest.mark.parametrize("asked", ["in the page", "at the phone"])
def test_what_rings_and_is_sent_on_by_hand_is_forwarded(office: Office, asked: str) -> None:
    call = office.calls("102")
    office.rings(office.house.ben_desk, 1)
    ben = office.house.ben_desk.leg
    if asked == "in the page":
        office.switch.redirect(call, "ben", "103", 3)
    else:
        office.switch.tell(ben, Asked(Redirect("103")), 3)
        office.switch.tell(ben, Gone(Cause.NO_ANSWER), 3)
    office.answers(office.house.carla, 5)
    office.hangs_up(office.anna, 9)
    rang, went_on = office.of("ben")
    assert (rang.outcome, rang.to.user, rang.ended) == ("forwarded", "carla", DAY + 3)
    assert (went_on.direction, went_on.part_of, went_on.ended) == ("diverted", rang.id, DAY + 9)
    assert [r.listed for r in office.of("ben")] == ["incoming", None]


def test_two_diversions_in_a_row_are_known_to_all_three(office: Office) -> None:
    office.diversions["102"] = "unanswered", office.house.carla
    office.calls("102")
    office.switch.tick(30)
    carla = office.house.carla.leg
    office.switch.redirect(next(iter(office.switch.calls)), "carla", "104", 33)
    office.answers(office.house.dora, 35)
    office.hangs_up(office.house.dora.leg, 40)
    assert office.tells("ben")[1] == ("diverted", ["setup-to", "cf-from", "cf-to", "conn-to", "rel-to"])
    assert office.tells("carla")[1] == ("diverted", ["setup-to", "cf-from", "conn-to", "rel-to"])
    assert office.tells("anna") == [("out", ["setup-from", "cf-to", "cf-to", "conn-to", "rel-to"])]
    assert [record.via.user for record in office.of("dora")] == ["carla"]
    assert carla.party.user == "carla"


def test_what_nobody_takes_comes_back_as_a_call_of_its_own(office: Office) -> None:
    office.talks()
    office.switch.transfer(office.house.ben_desk.leg.id, "103", 10)
    office.switch.tick(40)
    office.answers(office.house.ben_desk, 42)
    office.hangs_up(office.anna, 60)
    talked, sent_on, back = office.of("ben")
    assert (sent_on.ended, sent_on.answered, sent_on.cause) == (DAY + 40, None, "no-answer")
    assert (back.direction, back.outcome, back.answered) == ("in", "answered", DAY + 42)
    assert (back.via_how, back.via.user, back.part_of) == ("recalled", "carla", "")
    assert [record.outcome for record in office.of("carla")] == ["missed"]
    assert [record.outcome for record in office.of("anna")] == ["answered"]
    assert talked.ended == DAY + 10


# ---- beyond one call


def test_a_conference_is_the_records_of_the_calls_it_was_made_of(office: Office) -> None:
    office.talks()
    ben = office.consults()
    office.answers(office.house.carla, 12)
    office.switch.join(office.house.ben_desk.leg.id, ben.id, 20)
    office.hangs_up(office.house.carla.leg, 40)
    office.hangs_up(office.anna, 60)
    assert [(r.direction, r.ended) for r in office.of("ben")] == [("in", DAY + 20), ("out", DAY + 60)]
    (anna,), (carla,) = office.of("anna"), office.of("carla")
    assert [event.msg for event in anna.events] == [
        "setup-from",
        "alert-to",
        "conn-to",
        "connected",
        "rel-from",
    ]
    assert (anna.ended, carla.ended) == (DAY + 60, DAY + 40)


def test_a_call_that_moves_to_another_device_stays_one_record(office: Office) -> None:
    office.talks()
    office.house.ben_browser.is_reachable = True
    office.switch.move(office.house.ben_desk.leg.id, office.house.ben_browser, 10)
    office.answers(office.house.ben_browser, 12)
    office.hangs_up(office.anna, 60)
    (ben,) = office.of("ben")
    assert (ben.answered, ben.ended, ben.device) == (DAY + 2, DAY + 60, "ben-browser")
    assert [event.msg for event in ben.events] == ["setup-to", "alert-from", "conn-from", "rel-to"]
    assert office.tells("anna") == [("out", ["setup-from", "alert-to", "conn-to", "rel-from"])]


def test_a_parked_call_is_over_for_who_parked_it_and_begins_for_who_retrieves_it(office: Office) -> None:
    call = office.talks()
    place = office.switch.park(office.house.ben_desk.leg.id, Place("ben", "102", ""), 10)
    office.house.codes["#16"] = Retrieve(place)
    dora = FakeLeg(office.house.dora.party)
    office.switch.incoming(dora, "#16", 30)
    office.hangs_up(dora, 50)
    (anna,), (ben,), (other,) = office.of("anna"), office.of("ben"), office.of("dora")
    assert (ben.ended, ben.call) == (DAY + 10, call)
    assert (other.direction, other.via_how, other.answered, other.ended) == (
        "in", "retrieved", DAY + 30, DAY + 50,
    )  # fmt: skip
    assert [event.msg for event in anna.events] == [
        "setup-from", "alert-to", "conn-to", "transfer-to", "conn-to", "rel-to",
    ]  # fmt: skip
    assert (anna.ended, anna.number) == (DAY + 50, "102")


def test_a_parked_call_that_nobody_fetches_rings_again_at_who_parked_it(office: Office) -> None:
    office.house.codes["*16"] = ParkAt(Place("ben", "102", "3"))
    office.talks()
    office.switch.transfer(office.house.ben_desk.leg.id, "*16", 10)
    office.switch.tick(310)
    office.switch.tell(office.anna, Gone(Cause.NORMAL), 320)
    assert [(r.outcome, r.via_how) for r in office.of("ben")] == [("answered", ""), ("missed", "recalled")]


def test_dialled_from_the_page_and_not_picked_up_at_ones_own_desk_is_cancelled(office: Office) -> None:
    office.switch.dial(office.house.desk, "102", 0)
    office.switch.hangup(office.house.desk.leg.id, 3)
    (anna,) = office.of("anna")
    assert (anna.direction, anna.outcome, anna.number, anna.device) == (
        "out",
        "cancelled",
        "102",
        "anna-desk",
    )
    assert office.tells("anna") == [("out", ["setup-from", "rel-from"])]


def test_dialled_from_the_page_tells_the_same_as_dialled_at_the_phone(office: Office) -> None:
    office.switch.dial(office.house.desk, "102", 0)
    office.answers(office.house.desk, 1)
    office.rings(office.house.ben_desk, 2)
    office.answers(office.house.ben_desk, 3)
    office.hangs_up(office.house.desk.leg, 9)
    assert office.tells("anna") == [("out", ["setup-from", "alert-to", "conn-to", "rel-from"])]
    assert [r.answered for r in office.of("anna")] == [DAY + 3]


def test_a_record_is_written_when_it_opens_is_answered_and_ends_and_not_at_each_event(office: Office) -> None:
    written: list[str] = []
    journal = Journal(lambda now: DAY + now, lambda: "r")

    def happens(_: Moment | None, moment: Moment | None) -> None:
        assert moment is not None
        journal.take(moment)
        if journal.has_changed:
            journal.changed()
            written.append(moment.what)

    office.house.feed.watch(Moment, happens)
    office.talks()
    office.hangs_up(office.anna, 9)
    assert written == ["called", "rung", "connected", "left", "left"]


def test_events_carry_the_number_the_name_and_the_cause_of_the_field(office: Office) -> None:
    call = office.calls("102")
    office.switch.tell(office.house.ben_desk.leg, Gone(Cause.BUSY), 3)
    (anna,) = office.of("anna")
    assert [msgspec.structs.astuple(event) for event in anna.events] == [
        ("setup-from", DAY, "102", "Ben", None, call),
        ("rel-to", DAY + 3, "102", "Ben", 17, call),
    ]
