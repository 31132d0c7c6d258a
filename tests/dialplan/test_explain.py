"""What an administrator reads who asks why it rings there."""

from offhook.dialplan.model import Diversion, Mobile, Ringing
from tests.dialplan.house import House


def told(house: House, who: str, number: str, talks: str = "") -> list[str]:
    return list(house.plan.explain(house.ask(who, number, talks)).lines)


def test_a_plain_call_takes_few_words() -> None:
    assert told(House(), "anna", "20") == [
        "Anna (10) dials 20.",
        "20 in root is Ben.",
        "It rings 30 s: ben-desk, ben-tab",
        "In the end: Nobody answered.",
    ]


def test_a_filter_is_named_with_its_row() -> None:
    house = House()
    house.line("anna", filter="office")
    assert told(house, "anna", "000441") == [
        "Anna (10) dials 000441.",
        "Filter office: 000 → may not be dialled.",
        "It does not ring: This number may not be called from here.",
    ]


def test_a_call_outside_tells_the_ways_and_who_pays() -> None:
    house = House()
    house.town.closed.add("Fibre")
    lines = told(house, "anna", "+4930555")
    assert "+4930555 is dialled as 0030555 here." in lines
    assert "The trunk Sea is not for this number." in lines
    assert "Anna pays: it is an external call." in lines
    assert "The trunk Fibre is not open." in lines
    assert "Copper is called as +4930555, from +49703199910." in lines
    assert lines[-2] == "It rings 180 s: +4930555 by Copper"


def test_what_comes_then_stands_further_in() -> None:
    house = House()
    house.divert("ben", Diversion("no-answer", "30"))
    assert told(house, "anna", "20")[2:] == [
        "It rings 30 s: ben-desk, ben-tab",
        "If nobody answers:",
        "  Ben diverts (no-answer) to 30.",
        "  30 in root is Carla.",
        "  It rings 30 s for Carla (30): carla-desk",
        "  In the end: Nobody answered.",
        "In the end: Nobody answered.",
    ]


def test_a_loop_is_told() -> None:
    house = House()
    house.divert("ben", Diversion("always", "10"))
    lines = told(house, "anna", "20")
    assert "That leads back to who has had the call, or is making it: it is ignored." in lines
    assert lines[-2] == "It rings 30 s: ben-desk, ben-tab"


def test_the_manners_of_a_mobile_are_told() -> None:
    house = House()
    house.mobile("ben", Mobile("+4917155", delay=5, min_alert=3, max_alert=20))
    (line,) = [line for line in told(house, "anna", "20") if line.startswith("It rings")]
    manners = "after 5 s, an answer counts once it has rung 3 s, 20 s at most"
    assert line == f"It rings 30 s: ben-desk, ben-tab, ben-mobile ({manners})"


def test_of_a_group_that_rings_for_long_only_the_first_rounds_are_told() -> None:
    house = House()
    house.group("Service", Ringing("200", mode="in-turn", seconds=900, each=1), "carla", "dora")
    lines = told(house, "anna", "200")
    assert lines[-2] == "… and so on: 900 rounds in all."
    assert len(lines) < 20


def test_who_calls_is_told_in_words() -> None:
    house = House()
    assert told(house, "Fibre:", "+4970317300920")[0].startswith("Somebody without a number calls")
    assert told(house, "anna", "20", talks="carla")[0] == "Anna (10) sends Carla (30) on to 20."


def test_a_user_is_not_told_what_others_have_set() -> None:
    house = House()
    house.divert("ben", Diversion("always", "0017155"))
    house.mobile("carla", Mobile("+4917166"))

    def discreetly(number: str) -> list[str]:
        return list(house.plan.explain(house.ask("anna", number), is_discreet=True).lines)

    assert discreetly("20") == ["Anna (10) dials 20.", "20 in root is Ben.", "Ben (20) is called."]
    assert discreetly("30") == ["Anna (10) dials 30.", "30 in root is Carla.", "Carla (30) is called."]
    assert discreetly("200")[1:] == ["200 in root is the group Service.", "Service (200) is called."]
    assert discreetly("99")[-1] == "It does not ring: There is nobody at this number."
    assert discreetly("0030555")[-2] == "It rings 180 s: +4930555 by Fibre"


def test_what_looks_like_a_template_is_only_text() -> None:
    house = House()
    assert told(house, "anna", "{0} {x}")[0] == "Anna (10) dials {0} {x}."


def test_codes_are_not_the_dial_plans() -> None:
    assert "What begins with * or # is a code for the system itself, if it is one it knows." in told(
        House(), "anna", "*42"
    )


def test_the_plan_is_the_one_that_would_be_rung() -> None:
    house = House()
    house.divert("ben", Diversion("always", "0030555"))
    explained = house.plan.explain(house.ask("anna", "20")).plan
    dialled = house.dial("anna", "20")
    assert [round.devices for round in explained.rounds] == [round.devices for round in dialled.rounds]
