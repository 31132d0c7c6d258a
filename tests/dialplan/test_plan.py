"""The dial plan beyond who rings: whose cost it is, what is shown outside, and what is asked besides."""

import pytest

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.routing import Ask, Plan
from offhook.calls.view import Via
from offhook.dialplan.model import Diversion, Limits, Mobile, Ringing
from offhook.dialplan.world import Outward, Toll
from tests.dialplan.house import House, Somebody, course

ANNA, BEN, CARLA = Party("10", "Anna", "anna"), Party("20", "Ben", "ben"), Party("30", "Carla", "carla")
SERVICE = Party("200", "Service")
OUTSIDE = "+4930555@Fibre+Copper"


@pytest.fixture
def house() -> House:
    return House()


def rung(house: House, id: str = OUTSIDE) -> Outward:
    return house.town.rung[id]


# ---- whom a call is for, and why it rings there


def test_who_is_dialled_is_who_is_called(house: House) -> None:
    plan = house.dial("anna", "20")
    assert plan.called == BEN
    (round,) = plan.rounds
    assert (round.via, round.called, round.passed) == (None, None, ())


def test_a_diverted_call_stays_for_whom_it_was_and_says_who_diverted_it(house: House) -> None:
    house.divert("ben", Diversion("always", "30"))
    plan = house.dial("anna", "20")
    assert plan.called == BEN
    (round,) = plan.rounds
    assert (round.via, round.called, round.passed) == (Via("diverted", BEN), CARLA, ())


def test_of_several_diversions_the_last_one_led_there_and_the_others_are_told(house: House) -> None:
    house.divert("ben", Diversion("always", "30"))
    house.divert("carla", Diversion("always", "40"))
    (round,) = house.dial("anna", "20").rounds
    assert round.via == Via("diverted", CARLA)
    assert round.passed == (BEN,)


def test_what_comes_when_nobody_answers_is_diverted_too(house: House) -> None:
    house.divert("ben", Diversion("no-answer", "30"))
    (round,) = house.dial("anna", "20").rounds
    assert round.onward is not None
    plan = round.onward(Cause.NO_ANSWER)
    assert plan is not None
    assert plan.called == BEN
    assert plan.rounds[0].via == Via("diverted", BEN)
    assert plan.rounds[0].called == CARLA


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (Cause.BUSY, "carla-desk"),
        (Cause.DECLINED, "carla-desk"),
        (Cause.DO_NOT_DISTURB, "carla-desk"),
        (Cause.NO_ANSWER, "dora-desk"),
        (Cause.UNREACHABLE, "dora-desk"),
        (Cause.FAILED, "dora-desk"),
    ],
)
def test_why_nobody_answers_decides_which_diversion_counts(house: House, cause: Cause, expected: str) -> None:
    house.divert("ben", Diversion("busy", "30"), Diversion("no-answer", "40"))
    (round,) = house.dial("anna", "20").rounds
    assert round.onward is not None
    plan = round.onward(cause)
    assert plan is not None
    assert plan.rounds[0].devices[0].id == expected


def test_what_is_set_while_it_rings_counts(house: House) -> None:
    (round,) = house.dial("anna", "20").rounds
    assert round.onward is not None
    assert round.onward(Cause.NO_ANSWER) is None
    house.divert("ben", Diversion("no-answer", "30"))
    assert round.onward(Cause.NO_ANSWER) is not None


def test_a_group_rings_for_its_members_in_its_own_name(house: House) -> None:
    plan = house.dial("anna", "200")
    assert plan.called == SERVICE
    assert plan.rounds[0].via == Via("group", SERVICE)


def test_who_has_diverted_to_a_group_is_told_with_its_calls(house: House) -> None:
    house.divert("anna", Diversion("always", "200"))
    (round,) = house.dial("emil", "10").rounds
    assert (round.via, round.called, round.passed) == (Via("group", SERVICE), SERVICE, (ANNA,))


def test_the_ninth_diversion_in_a_row_is_ignored(house: House) -> None:
    for n in range(10):
        house.staff.move_in(Somebody(f"N{n}", str(50 + n)))
        house.divert(f"n{n}", Diversion("always", str(51 + n)))
    assert course(house.dial("anna", "50")) == "n8-desk 30 > no-answer"


# ---- at whose cost


def test_who_dials_outside_pays(house: House) -> None:
    plan = house.dial("anna", "0030555")
    assert rung(house).payer == house.party("anna")
    assert rung(house).toll == "external"
    assert plan.outside
    assert plan.called == Party("+4930555", device="trunk:Fibre", outside=True)


def test_who_diverts_outside_pays(house: House) -> None:
    house.divert("ben", Diversion("always", "+431234"))
    plan = house.dial("anna", "20")
    outward = rung(house, "+431234@Fibre+Copper")
    assert (outward.payer, outward.toll) == (BEN, "international")
    assert not plan.outside  # it is Ben who has been dialled


def test_whose_mobile_it_is_pays(house: House) -> None:
    house.mobile("ben", Mobile("+4917155"))
    house.dial("anna", "20")
    assert rung(house, "ben-mobile").payer == BEN


def test_who_transfers_pays_for_whom_they_transfer(house: House) -> None:
    house.dial("anna", "0030555", talks="Copper:+4989123")
    outward = rung(house)
    assert outward.payer == house.party("anna")
    assert outward.ways[0].calling == "+4989123"
    assert outward.ways[0].diverting == "+4970317300910"
    assert outward.ways[0].asserted == "+4970317300910"


def test_what_the_administrator_has_laid_down_counts_against_nobody(house: House) -> None:
    house.trunk("Fibre", invalid="0030555")
    house.dial("Fibre:+4989123", "+4970317300999")
    assert rung(house).payer == Party("+497031730090", "Fibre")
    assert rung(house).toll == "external"


def test_nothing_that_somebody_outside_dials_takes_a_line(house: House) -> None:
    for number in ("0030555", "+4970317300900030555", "112", "+49703173009112", "8123", "+4930555"):
        house.dial("Fibre:+4989123", number)
        house.dial("Gone:+4989123", number)
    house.plan.route(Ask(Party("", device="unknown"), "0030555"))
    house.plan.route(Ask(Party("", user="gone"), "0030555"))
    assert house.town.rung == {}


def test_what_nobody_of_ours_sends_on_takes_no_line(house: House) -> None:
    house.dial("Fibre:+4989123", "0030555", talks="anna")  # the far side redirects Anna
    assert house.town.rung == {}


@pytest.mark.parametrize(
    ("limits", "asked"), [(None, Limits()), (Limits(external_at_once=1), Limits(external_at_once=1))]
)
def test_the_limits_are_those_of_the_user_or_else_of_the_house(
    house: House, limits: Limits | None, asked: Limits
) -> None:
    seen: list[tuple[str, Toll, Limits]] = []

    def refuses(user: str, toll: Toll, limits: Limits) -> Cause | None:
        seen.append((user, toll, limits))
        return None

    house.purse.refuses = refuses  # type: ignore[method-assign]  # it writes down what it is asked
    house.line("anna", limits=limits)
    house.dial("anna", "0030555")
    assert seen == [("anna", "external", asked)]


def test_a_gateway_and_an_emergency_call_cost_nothing(house: House) -> None:
    house.dial("anna", "8123")
    house.dial("anna", "112")
    assert {outward.toll for outward in house.town.rung.values()} == {"free"}


# ---- what is shown outside


def test_a_user_is_shown_with_the_direct_number_of_each_trunk(house: House) -> None:
    house.dial("anna", "0030555")
    fibre, copper = rung(house).ways
    assert (fibre.trunk, fibre.calling, fibre.name) == ("Fibre", "+4970317300910", "Anna")
    assert copper.calling == "+49703199910"


def test_an_emergency_call_shows_who_calls_even_if_they_hide_it(house: House) -> None:
    house.line("anna", hide_number=True)
    house.dial("anna", "112")
    assert [way.calling for way in rung(house, "112@Fibre+Copper").ways] == ["+4970317300910", "+49703199910"]
    assert rung(house, "112@Fibre+Copper").emergency
    assert house.dial("anna", "112").emergency


def test_a_diverted_call_says_who_diverted_and_why(house: House) -> None:
    house.divert("ben", Diversion("busy", "0030555"))
    house.set("ben", do_not_disturb=True)
    house.dial("Fibre:+4989123", "+4970317300920")
    way = rung(house).ways[0]
    assert (way.calling, way.diverting, way.diverting_why) == ("+4989123", "+4970317300920", "user-busy")


def test_a_mobile_is_told_whose_call_it_is(house: House) -> None:
    house.mobile("ben", Mobile("+4917155"))
    house.dial("anna", "20")
    way = rung(house, "ben-mobile").ways[0]
    assert (way.calling, way.diverting, way.diverting_why) == (
        "+4970317300910",
        "+4970317300920",
        "follow-me",
    )


# ---- emergency numbers


@pytest.mark.parametrize("number", ["112", "110", "0112", "9112", "90112", "+112", "1 1 2"])
def test_emergency_numbers_are_known_however_they_are_dialled(house: House, number: str) -> None:
    assert house.plan.is_emergency(number)


@pytest.mark.parametrize("number", ["", "11", "1120", "911", "ben", "0030112"])
def test_other_numbers_are_none(house: House, number: str) -> None:
    assert not house.plan.is_emergency(number)


# ---- one number, several ways to dial it


@pytest.mark.parametrize("number", ["0017155", "+4917155", "0004917155", "0 0049 171 55"])
def test_a_number_is_barred_however_it_is_dialled(house: House, number: str) -> None:
    house.line("anna", filter="no-mobiles")
    assert house.dial("anna", number).otherwise is Cause.BARRED


# ---- what cannot be had is told once


def test_a_diversion_that_is_barred_is_told_once_until_the_line_is_changed(house: House) -> None:
    house.line("ben", filter="house")
    house.divert("ben", Diversion("always", "0030555"))
    for _ in range(3):
        house.dial("anna", "20")
    assert house.refused == [("ben", "0030555", Cause.BARRED)]
    house.divert("ben", Diversion("busy", "30"))
    house.dial("anna", "20")
    assert len(house.refused) == 2


def test_a_mobile_that_is_barred_is_told_too(house: House) -> None:
    house.line("ben", filter="house")
    house.mobile("ben", Mobile("+4917155"))
    house.dial("anna", "20")
    assert house.refused == [("ben", "+4917155", Cause.BARRED)]


def test_a_loop_is_nothing_to_be_told_of(house: House) -> None:
    house.divert("ben", Diversion("always", "10"))
    house.dial("anna", "20")
    assert house.refused == []


def test_new_tables_are_told_anew(house: House) -> None:
    house.divert("ben", Diversion("always", "99"))
    house.dial("anna", "20")
    house.plan.use(house.plan.tables)
    house.dial("anna", "20")
    assert len(house.refused) == 2


# ---- new tables


def test_new_tables_count_at_once_and_a_ringing_call_goes_on_by_the_old_ones(house: House) -> None:
    house.trunk("Fibre", no_answer="40")
    (round,) = house.dial("Fibre:+4930555", "+4970317300920").rounds
    house.trunk("Fibre", no_answer="11")
    assert round.onward is not None
    assert "dora-desk" in course(round.onward(Cause.NO_ANSWER) or Plan(()))
    assert "emil-desk" in course(house.dial("Fibre:+4930555", "+4970317300920"))


# ---- what else is asked


def test_a_number_is_shown_as_it_is_dialled_from_where_it_is_seen(house: House) -> None:
    max_, anna, outside = house.party("max"), house.party("anna"), house.party("Fibre:+4930555")
    assert house.plan.seen(max_, anna).number == "721"
    assert house.plan.seen(anna, max_).number == "910"
    assert house.plan.seen(anna, house.party("ben")) == anna
    assert house.plan.seen(outside, max_) == outside
    assert house.plan.seen(max_, outside) == max_
    assert house.plan.seen(max_, anna).device == "max-desk"


def test_two_outside_may_be_joined_where_both_trunks_allow_it(house: House) -> None:
    anna, ben = house.party("anna"), house.party("ben")
    one, other = house.party("Fibre:+4930555"), house.party("Copper:+4989123")
    assert house.plan.may_join(anna, ben, one)
    assert not house.plan.may_join(anna, one, other)
    house.trunk("Fibre", external_transfer=True)
    assert not house.plan.may_join(anna, one, other)
    house.trunk("Copper", external_transfer=True)
    assert house.plan.may_join(anna, one, other)
    assert not house.plan.may_join(anna, one, house.party("Gone:+4989123"))


def test_a_mobile_can_be_called_to_call_from_it(house: House) -> None:
    house.mobile("ben", Mobile("+4917155"))
    outward = house.plan.mobile("ben", "ben-mobile")
    assert outward is not None
    assert (outward.number, outward.payer, outward.toll) == ("+4917155", BEN, "external")
    assert outward.ways[0].calling == "+4970317300920"
    assert outward.ways[0].diverting == ""


def test_a_mobile_that_is_off_or_barred_or_somebody_elses_cannot_be_called(house: House) -> None:
    house.mobile("ben", Mobile("+4917155", enabled=False))
    house.mobile("carla", Mobile("+4917155"))
    house.line("carla", filter="house")
    assert house.plan.mobile("ben", "ben-mobile") is None
    assert house.plan.mobile("carla", "carla-mobile") is None
    assert house.plan.mobile("anna", "ben-mobile") is None
    assert house.plan.mobile("gone", "ben-mobile") is None


def test_who_sends_a_call_to_their_own_number_reaches_their_other_devices(house: House) -> None:
    house.line("anna", diversions=(Diversion("always", "30"),))
    assert course(house.dial("anna", "10", talks="ben")) == "anna-tab 30 > no-answer"


def test_who_is_sent_to_their_own_number_reaches_their_other_devices(house: House) -> None:
    house.line("ben", diversions=(Diversion("always", "30"),))
    assert course(house.dial("anna", "20", talks="ben")) == "ben-tab 30 > no-answer"


def test_who_is_sent_on_is_who_is_not_taken(house: House) -> None:
    house.line("carla", reject_external=True)
    assert course(house.dial("anna", "30", talks="Fibre:+4930555")) == "not-from-outside"
    assert course(house.dial("anna", "30", talks="ben")) == "carla-desk 30 > no-answer"


def test_a_line_that_rings_for_no_time_rings_for_a_second(house: House) -> None:
    house.line("ben", seconds=0)
    house.group("Service", Ringing("200", seconds=-5, mode="in-turn", each=0), "carla")
    assert course(house.dial("anna", "20")) == "ben-desk ben-tab 1 > no-answer"
    assert course(house.dial("anna", "200")) == "carla-desk 1 > no-answer"
