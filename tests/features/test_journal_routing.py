"""What call records tell of groups, of lines that send calls on, of mobiles and of numbers in other nodes."""

from collections.abc import Iterator

import msgspec
import pytest

from offhook.calls.cause import Cause
from offhook.calls.leg import Asked, Party, TransferTo
from offhook.calls.routing import Manner, Onward, Plan, Round
from offhook.calls.view import Via
from tests.calls.house import FakeDevice
from tests.features.test_journal import DAY, Office, all_is_told_in_the_end

__all__ = ["all_is_told_in_the_end"]  # for these tests too

SERVICE = Party("200", "Service")
FOR_SERVICE = Via("group", SERVICE)
BEN = Party("102", "Ben", "ben")


@pytest.fixture
def office() -> Office:
    return Office()


def in_turn(office: Office, *devices: FakeDevice, onward: Onward | None = None) -> None:
    """Service is called at 200: one after the other, 10 seconds each."""
    last = len(devices) - 1
    rounds = [
        Round((device,), 10, FOR_SERVICE, SERVICE, onward=onward if n == last else None)
        for n, device in enumerate(devices)
    ]
    office.house.plans["200"] = Plan(tuple(rounds), called=SERVICE)


def outcomes(office: Office) -> dict[str, str]:
    return {user: office.of(user)[-1].outcome for user in ("ben", "carla", "dora") if office.of(user)}


# ---- groups


def test_who_did_not_answer_for_the_group_has_missed_nothing_when_another_did(office: Office) -> None:
    house = office.house
    in_turn(office, house.ben_desk, house.carla, house.dora)
    office.calls("200")
    office.switch.tick(10)
    office.answers(house.carla, 12)
    office.hangs_up(house.carla.leg, 62)
    assert outcomes(office) == {"ben": "elsewhere", "carla": "answered"}
    (ben,) = office.of("ben")
    assert (ben.to.user, ben.via_how, ben.via) == ("carla", "group", SERVICE)


def test_who_rang_for_the_group_has_missed_the_call_when_nobody_answered(office: Office) -> None:
    house = office.house
    in_turn(office, house.ben_desk, house.carla)
    office.calls("200")
    office.switch.tick(10)
    office.switch.tick(20)
    assert outcomes(office) == {"ben": "missed", "carla": "missed"}


def test_who_rings_again_for_the_group_stops_ringing_once(office: Office) -> None:
    house = office.house
    in_turn(office, house.ben_desk, house.carla, house.ben_desk)
    office.calls("200")
    for now in (10, 20, 30):
        office.switch.tick(now)
    assert office.tells("ben") == [("in", ["setup-to", "rel-to"])]
    assert [record.ended for record in office.of("ben")] == [DAY + 30]


def test_a_call_that_goes_elsewhere_because_nobody_of_the_group_answers_is_missed_by_them(
    office: Office,
) -> None:
    house = office.house
    instead = Plan((Round((house.dora,), 20, Via("diverted", SERVICE), house.dora.party),))
    in_turn(office, house.ben_desk, house.carla, onward=lambda cause: instead)
    office.calls("200")
    office.switch.tick(10)
    office.switch.tick(20)
    office.answers(house.dora, 25)
    office.hangs_up(house.dora.leg, 62)
    assert outcomes(office) == {"ben": "missed", "carla": "missed", "dora": "answered"}
    assert [office.of(user)[0].ended for user in ("ben", "carla")] == [DAY + 10, DAY + 20]
    (anna,) = office.of("anna")
    assert (anna.other, anna.via_how, anna.via) == ("dora", "diverted", SERVICE)


def test_a_call_for_the_group_that_a_colleague_picks_up_is_missed_by_nobody(office: Office) -> None:
    house = office.house
    in_turn(office, house.ben_desk, house.carla)
    call = office.calls("200")
    office.switch.tick(10)
    office.switch.pick_up(call, house.dora, 12)
    office.answers(house.dora, 13)
    assert outcomes(office) == {"ben": "elsewhere", "carla": "elsewhere", "dora": "answered"}


# ---- lines that send calls on


def test_a_call_that_is_declined_and_goes_on_is_forwarded_by_who_declined_it(office: Office) -> None:
    house = office.house
    instead = Plan((Round((house.dora,), 20, Via("diverted", BEN), house.dora.party),))
    house.plans["102"] = Plan((Round((house.ben_desk,), onward=lambda cause: instead),), called=BEN)
    call = office.calls("102")
    office.switch.decline(call, "ben", 2)
    office.answers(house.dora, 5)
    office.hangs_up(house.dora.leg, 62)
    rang, went_on = office.of("ben")
    assert (rang.outcome, rang.to.user, rang.ended) == ("forwarded", "dora", DAY + 2)
    assert (went_on.direction, went_on.answered, went_on.part_of) == ("diverted", DAY + 5, rang.id)


def test_everybody_has_a_record_of_a_call_that_went_through_their_diversion(office: Office) -> None:
    house = office.house
    carla = Party("103", "Carla", "carla")
    goal = Round((house.dora,), 20, Via("diverted", carla), house.dora.party, passed=(BEN,))
    house.plans["102"] = Plan((goal,), called=BEN)
    office.calls("102")
    office.answers(house.dora, 5)
    office.hangs_up(house.dora.leg, 62)
    assert office.tells("ben") == [("diverted", ["setup-to", "cf-from", "cf-to", "conn-to", "rel-to"])]
    assert office.tells("carla") == [("diverted", ["setup-to", "cf-from", "conn-to", "rel-to"])]
    assert [office.of(user)[0].to.user for user in ("ben", "carla")] == ["carla", "dora"]


# ---- mobiles


def test_a_call_that_ones_own_mobile_answers_is_ones_own_at_the_mobile(office: Office) -> None:
    house = office.house
    ringing = Round((house.ben_desk, house.mobile), manners={"ben-mobile": Manner(delay=5)})
    house.plans["102"] = Plan((ringing,), called=BEN)
    office.calls("102")
    office.switch.tick(5)
    office.answers(house.mobile, 9)
    office.hangs_up(house.mobile.leg, 62)
    (ben,) = office.of("ben")
    assert (ben.direction, ben.outcome, ben.device) == ("in", "answered", "ben-mobile")


def test_a_call_that_only_a_mailbox_takes_is_missed(office: Office) -> None:
    house = office.house
    ringing = Round((house.mobile,), manners={"ben-mobile": Manner(min_alert=4)})
    house.plans["102"] = Plan((ringing,), called=BEN)
    office.calls("102")
    office.answers(house.mobile, 1)
    (ben,), (anna,) = office.of("ben"), office.of("anna")
    assert (ben.outcome, ben.answered) == ("missed", None)
    assert (anna.outcome, anna.answered) == ("missed", None)


# ---- numbers in other nodes


def seen(party: Party, by: Party) -> Party:
    """From Dora's branch the others are dialled with an 8 before their number, and she with a 7 from here."""
    if not party.user or (party.user == "dora") == (by.user == "dora"):
        return party
    return msgspec.structs.replace(party, number=("7" if party.user == "dora" else "8") + party.number)


@pytest.fixture
def abroad() -> Iterator[Office]:
    office = Office(seen)
    yield office
    office.switch.end_all(Cause.RESTART, 1000)
    assert len(office.journal) == 0


def test_a_record_names_others_by_the_number_its_user_would_dial(abroad: Office) -> None:
    house = abroad.house
    abroad.calls("104")
    abroad.rings(house.dora, 1)
    abroad.answers(house.dora, 2)
    abroad.hangs_up(abroad.anna, 62)
    (anna,), (dora,) = abroad.of("anna"), abroad.of("dora")
    assert (anna.number, dora.number) == ("7104", "8101")
    assert {event.number for event in anna.events} == {"7104"}
    assert {event.number for event in dora.events} == {"8101"}


def test_who_sent_a_call_on_and_to_whom_is_named_as_each_would_dial_them(abroad: Office) -> None:
    house = abroad.house
    house.plans["102"] = Plan((Round((house.dora,), 20, Via("diverted", BEN), house.dora.party),), called=BEN)
    abroad.calls("102")
    abroad.answers(house.dora, 5)
    abroad.hangs_up(house.dora.leg, 62)
    (ben,), (dora,) = abroad.of("ben"), abroad.of("dora")
    assert (ben.to.number, ben.number) == ("7104", "101")
    assert (dora.via.number, dora.number) == ("8102", "8101")


def test_after_a_transfer_across_nodes_each_record_has_the_numbers_of_its_own(abroad: Office) -> None:
    house = abroad.house
    abroad.talks()
    ben = abroad.house.ben_desk.leg
    abroad.switch.transfer(ben.id, "104", 10)
    abroad.answers(house.dora, 12)
    abroad.hangs_up(house.dora.leg, 62)
    (anna,), (dora,) = abroad.of("anna"), abroad.of("dora")
    assert (dora.number, dora.via.number) == ("8101", "8102")
    assert (anna.events[-2].msg, anna.events[-2].number) == ("conn-to", "7104")


# ---- what was not allowed


def test_what_somebody_was_not_allowed_to_do_leaves_no_trace_in_records(office: Office) -> None:
    office.house.plans["0900"] = Plan((), Cause.BARRED)
    office.talks()
    ben = office.house.ben_desk.leg
    office.switch.tell(ben, Asked(TransferTo("0900")), 3)
    office.hangs_up(ben, 62)
    assert office.tells("anna") == [("out", ["setup-from", "alert-to", "conn-to", "rel-to"])]
    assert len(office.of("ben")) == 1
