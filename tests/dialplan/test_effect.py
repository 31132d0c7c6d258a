"""What users are told of their own settings."""

import msgspec
import pytest

from offhook.calls.cause import Cause
from offhook.dialplan.model import Diversion, Mobile
from tests.dialplan.house import House


@pytest.fixture
def house() -> House:
    return House()


def test_without_settings_it_rings_and_then_nobody_answers(house: House) -> None:
    effect = house.plan.effect("ben")
    assert effect.sentences == (
        "Your devices ring for 30 seconds.",
        "If you are busy or decline, callers hear that you are busy.",
        "If you do not answer, callers hear that nobody answered.",
    )
    assert effect.warnings == ()


def test_a_diversion_of_all_calls_is_all_there_is_to_say(house: House) -> None:
    house.divert("ben", Diversion("always", "30"), Diversion("busy", "40"))
    assert house.plan.effect("ben").sentences == ("All calls go to Carla (30).",)


def test_targets_are_named_as_people_know_them(house: House) -> None:
    house.divert("ben", Diversion("busy", "200"), Diversion("no-answer", "0030 5550100"))
    sentences = house.plan.effect("ben").sentences
    assert "If you are busy or decline, calls go to Service (200)." in sentences
    assert "If you do not answer, calls go to +49 30 5550100." in sentences


def test_what_the_administrator_has_for_some_callers_is_told_apart(house: House) -> None:
    house.divert("ben", Diversion("always", "30", by="admin", callers="external"))
    house.divert("ben", Diversion("no-answer", "40", by="admin", callers="internal"))
    assert house.plan.effect("ben").sentences == (
        "All calls from outside go to Carla (30).",
        "Your devices ring for 30 seconds.",
        "If you are busy or decline, callers hear that you are busy.",
        "If you do not answer, calls go to Dora (40).",
    )


def test_what_holds_for_some_callers_only_says_what_others_get(house: House) -> None:
    house.divert("ben", Diversion("no-answer", "40", by="admin", callers="internal"))
    assert house.plan.effect("ben").sentences[-2:] == (
        "If you do not answer, calls from colleagues go to Dora (40).",
        "If you do not answer, other callers hear that nobody answered.",
    )


def test_do_not_disturb_is_part_of_it(house: House) -> None:
    house.set("ben", do_not_disturb=True)
    assert "Nothing rings: you do not want to be disturbed." in house.plan.effect("ben").sentences


def test_mobiles_are_part_of_it(house: House) -> None:
    house.mobile("ben", Mobile("+49 171 5550100", delay=5))
    assert "+49 171 5550100 rings too, after 5 seconds." in house.plan.effect("ben").sentences
    house.staff.at_hand.add("ben")
    told = "Your mobile phones do not ring while a device is registered that replaces them."
    assert told in house.plan.effect("ben").sentences


def test_what_is_refused_is_part_of_it(house: House) -> None:
    house.line("ben", reject_anonymous=True)
    assert house.plan.effect("ben").sentences[-1].startswith("Calls from outside are refused when")
    house.line("ben", reject_external=True)
    assert house.plan.effect("ben").sentences[-1] == "Calls from outside are refused."


def test_a_barred_target_is_warned_of_and_is_no_effect(house: House) -> None:
    house.line("ben", diversion_filter="no-mobiles")
    house.divert("ben", Diversion("always", "+4917155"))
    effect = house.plan.effect("ben")
    assert effect.warnings == (
        "Calls do not go to +4917155. The filter no-mobiles does not let this number pass.",
    )
    assert effect.sentences[0] == "Your devices ring for 30 seconds."


def test_a_diversion_that_comes_back_is_warned_of(house: House) -> None:
    house.divert("ben", Diversion("always", "30"))
    house.divert("carla", Diversion("always", "40"))
    house.divert("dora", Diversion("always", "20"))
    assert house.plan.effect("ben").warnings == ("Dora diverts all calls back to you: calls ring at Dora.",)


def test_a_circle_of_others_is_warned_of(house: House) -> None:
    house.divert("ben", Diversion("busy", "30"))
    house.divert("carla", Diversion("always", "40"))
    house.divert("dora", Diversion("always", "30"))
    assert house.plan.effect("ben").warnings == ("Dora diverts all calls back to Carla: calls ring at Dora.",)


def test_mobiles_that_never_ring_are_warned_of(house: House) -> None:
    house.line("ben", seconds=10)
    house.mobile("ben", Mobile("+4917155", delay=20))
    house.mobile("ben", Mobile("30"))
    house.mobile("ben", Mobile("112"))
    house.mobile("ben", Mobile("+4917166", enabled=False))
    assert house.plan.effect("ben").warnings == (
        "Mobile does not ring. Its number is one of the house.",
        "Mobile does not ring. Calls cannot be sent to an emergency number.",
        "Mobile does not ring: it would begin after 20 seconds, when your line rings no more.",
    )


@pytest.mark.parametrize("number", ["+49 171 55", "00171 55", "+43 1 55"])
def test_without_a_trunk_numbers_outside_are_said_to_be_out_of_reach(house: House, number: str) -> None:
    gateways = tuple([trunk for trunk in house.plan.tables.trunks if trunk.gateway])
    house.plan.use(msgspec.structs.replace(house.plan.tables, trunks=gateways))
    assert "no line to the outside yet" in house.plan.may_divert("ben", number)
    assert house.dial("ben", number).otherwise is Cause.NO_OUTSIDE
    assert house.dial("ben", "777").otherwise is Cause.UNKNOWN_NUMBER
    house.divert("ben", Diversion("busy", number), Diversion("always", "777"))
    effect = house.plan.effect("ben")
    assert effect.barred == {number: Cause.NO_OUTSIDE.sentence, "777": Cause.UNKNOWN_NUMBER.sentence}
    assert len(effect.warnings) == 2


def test_loops_are_told_apart_from_other_warnings(house: House) -> None:
    house.divert("ben", Diversion("always", "40"), Diversion("busy", "777"))
    house.divert("dora", Diversion("always", "20"))
    effect = house.plan.effect("ben")
    assert [loop in effect.warnings for loop in effect.loops] == [True]
    assert "Dora" in effect.loops[0]


def test_nothing_is_told_of_who_is_gone(house: House) -> None:
    assert house.plan.effect("gone").sentences == ()


@pytest.mark.parametrize("to", ["30", "200", "carla", "+4930555", "0030 555", "721", "-", "8123"])
def test_calls_may_be_sent_to_what_can_be_dialled(house: House, to: str) -> None:
    assert house.plan.may_divert("ben", to) == ""


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("", "Please enter a number."),
        ("  ", "Please enter a number."),
        ("20", "This is your own number."),
        ("ben", "This is your own number."),
        ("+49 7031 73009-20", "This is your own number."),
        ("112", "Calls cannot be sent to an emergency number."),
        ("0 112", "Calls cannot be sent to an emergency number."),
        ("+491715", "The filter no-mobiles does not let this number pass."),
        ("0 0171 5", "The filter no-mobiles does not let this number pass."),
        ("99", "There is nobody at this number."),
        ("1", "This number is not complete."),
        ("my wife", "my wife is neither a number nor the name of a user."),
        ("<script>", "<script> is neither a number nor the name of a user."),
    ],
)
def test_what_cannot_be_dialled_is_refused_with_the_reason(house: House, to: str, why: str) -> None:
    house.line("ben", diversion_filter="no-mobiles")
    assert house.plan.may_divert("ben", to) == why
