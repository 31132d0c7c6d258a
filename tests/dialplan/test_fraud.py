"""Nobody takes a line to the outside without the right of who pays for it, however it is dialled.

Emil may call within the country only, Moritz in Munich neither abroad nor beyond the gateway. What they and
strangers try stands in the tables; nothing of it may ring outside, whatever comes after busy and no answer.
"""

from collections.abc import Callable, Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.cause import Cause
from offhook.calls.routing import Ask, Plan
from offhook.dialplan.model import Diversion, Filter, FilterRow, Location, Mobile, Ringing
from offhook.phones.identity import user_of_uri
from tests.dialplan.house import GERMANY, TABLES, House, Somebody

DIRECT = "+49703173009"
VIENNA = "+431234"
COUNTRY = Filter("country", (FilterRow("000", "nok"), FilterRow("00900", "nok")))
MUNICH = Filter("munich", (FilterRow("9000", "nok"), FilterRow("98", "nok")))
ALL_AROUND = Filter("all-around", (FilterRow("0", "nok"), FilterRow("9", "nok"), FilterRow("8", "nok")))


def guarded(location: Location = GERMANY) -> House:
    filters = (*TABLES.filters, COUNTRY, MUNICH, ALL_AROUND)
    house = House(msgspec.structs.replace(TABLES, filters=filters, location=location))
    house.line("emil", filter="country")
    house.line("moritz", filter="munich")
    return house


@pytest.fixture
def house() -> House:
    return guarded()


def has_left_the_country(house: House) -> bool:
    """Whether anything was rung that is barred to Emil."""
    rung = [outward for outward in house.town.rung.values() if not outward.emergency]
    return any(each.toll == "international" or not each.number.startswith("+49") for each in rung)


def outside(plan: Plan) -> list[str]:
    """Whoever is rung outside, in whatever round and after whatever answer."""
    return [*_outside(plan)]


def _outside(plan: Plan) -> Iterator[str]:
    for round in plan.rounds:
        yield from [device.id for device in round.devices if "@" in device.id or "mobile" in device.id]
        for cause in (Cause.BUSY, Cause.NO_ANSWER, Cause.LIMITED) if round.onward is not None else ():
            assert round.onward is not None
            if (plan_then := round.onward(cause)) is not None:
                yield from _outside(plan_then)


# ---- by an INVITE

DIALLED = [
    "sip:00043123456@pbx",
    "sip:+43123456@pbx",
    "sip:+43-1-23456@pbx",
    "sip:0.00.43.1.23456@pbx",
    "sip:0(0)(0)43123456@pbx",
    "sip:0%30%30%34%33123456@pbx",
    "sip:%2B43123456@pbx",
    "sip:%EF%BC%8B43123456@pbx",  # the wide + of East Asia
    "sip:%20%2B43%C2%A0123456%20@pbx",
    "sip:%D9%A0%D9%A0%D9%A0%D9%A4%D9%A3123456@pbx",  # Arabic digits
    "sip:%EF%BC%90%EF%BC%90%EF%BC%90%EF%BC%94%EF%BC%93123456@pbx",  # wide ones
    "sip:0%E2%80%8B00%E2%80%8D43123456@pbx",  # what nobody sees
    "sip:00043123456;phone-context=+49@pbx;user=phone",
    "sip:43123456;phone-context=+43@pbx;user=phone",
    "sip:+43123456;npdi;rn=+49305550@pbx;user=phone",
    "sip:+43123456;isub=1@pbx",
    "sip:00043123456:password@pbx",
    "sip:+43123456@pbx;transport=tcp;maddr=10.0.0.1",
    "sip:+43123456@pbx?Route=%3Csip:elsewhere%3E",
    "sips:+43123456@provider.example",
    "sip:+43123456@198.51.100.7:5070",
    "tel:+43-1-23456",
    "tel:00043123456;phone-context=+49",
    "TEL:+43(1)23456",
    "sip:tel:+43123456@pbx",
    "sip:tel%3A+43123456@pbx",
    "sip:+49000043123456@pbx",  # its zeros make of +49 what is dialled abroad
    "sip:+4900043123456@pbx",
    "sip:+490043123456@pbx",
    "sip:0004900043123456@pbx",
    "sip:00049(0)0043123456@pbx",
    "sip:000043123456@pbx",
    "sip:0+43123456@pbx",
    "sip:00+43123456@pbx",
    "sip:++43123456@pbx",
    "sip:+0043123456@pbx",
    "sip:+00043123456@pbx",
    "sip:00043123456%23@pbx",
    "sip:*00043123456@pbx",
    "sip:00043123456*@pbx",
    "sip:00043123456abc@pbx",
    "sip:00043123456%00@pbx",
    "sip:00043123456%0D%0A@pbx",
    "sip:00043123456,112@pbx",
    "sip:112,00043123456@pbx",
    "sip:11200043123456@pbx",
    "sip:011200043123456@pbx",
    f"sip:000431{'2' * 30}@pbx",
    f"sip:000431{'2' * 100}@pbx",
    f"sip:+431{'2' * 200}@pbx",
    "sip:+499001234567@pbx",  # premium rates
    "sip:0004909001234567@pbx",
    "sip:00049009001234567@pbx",
    "sip:+49009001234567@pbx",
    "sip:009001234567@pbx",
    f"sip:0{DIRECT.replace('+49', '0')}000431234@pbx",  # behind our own number
    f"sip:{DIRECT}00043123456@pbx",
    f"sip:{DIRECT}0@pbx",
    "sip:700043123456@pbx",  # from the root by way of the branch
    "sip:7900043123456@pbx",
    "sip:7+43123456@pbx",
]


@pytest.mark.parametrize("uri", DIALLED)
def test_no_way_of_writing_a_number_leads_where_it_is_barred(house: House, uri: str) -> None:
    outside(house.dial("emil", user_of_uri(uri.encode())))
    assert not has_left_the_country(house)


@pytest.mark.parametrize(
    "uri", ["sip:0%30%2030%20555@pbx;user=phone", "tel:+49-30-555;ext=1", "sip:+49(0)30555@pbx"]
)
def test_and_the_country_is_open_however_it_is_written(house: House, uri: str) -> None:
    assert outside(house.dial("emil", user_of_uri(uri.encode()))) == ["+4930555@Fibre+Copper"]


typed = st.text("+0123456789()-/. *#\u0660\u0661\uff10\uff0b\u200b", max_size=24)
dialled = st.builds(
    "".join,
    st.lists(
        st.sampled_from(["0", "00", "49", "+49", "43", "9", "7", "8", "(0)", "112", DIRECT]), max_size=9
    ),
)


@given(typed | dialled, st.sampled_from(["emil", "moritz"]))
def test_whatever_is_dialled_leaves_the_house_only_within_the_country(number: str, who: str) -> None:
    house = guarded()
    house.trunk("Old", number="")  # behind a gateway nobody knows what is a country
    outside(house.dial(who, number))
    for each in house.town.rung.values():
        assert each.emergency or each.toll != "international"
        assert not each.number.startswith(("+43", "00"))


@pytest.mark.parametrize(
    "number",
    [
        *("900043123456", "+43123456", "90004900043123456", "9+43123456"),
        *("8123", "98123", f"{DIRECT}8123", "90 07031 73009 8123", "90 0049 7031 73009 8123"),
    ],
)
def test_from_a_branch_neither(house: House, number: str) -> None:
    assert outside(house.dial("moritz", number)) == []


def test_a_line_of_a_branch_is_no_way_around(house: House) -> None:
    """Munich has one of its own, that can be dialled from the root as well."""
    house.trunk("Copper", node="Munich")
    assert outside(house.dial("emil", "7000431234")) == []
    assert outside(house.dial("emil", "70030555")) == ["+4930555@Copper"]


@pytest.mark.parametrize(
    "location",
    [msgspec.structs.replace(GERMANY, area=""), Location(external="0")],
    ids=["no area", "nothing"],
)
def test_digits_without_a_prefix_are_no_way_abroad_where_no_area_is_known(location: Location) -> None:
    """A provider may well take 43123456 for a number of the world."""
    house = guarded(location)
    assert outside(house.dial("emil", "043123456")) == []
    outside(house.dial("anna", "043123456"))
    assert [each.toll for each in house.town.rung.values()] == ["international"]


def test_an_emergency_number_with_more_behind_it_is_none(house: House) -> None:
    house.line("emil", filter="all-around")
    for number in ("112000431234", "0112000431234", "112 ; 0", "1120", "0110 0"):
        assert outside(house.dial("emil", number)) == []


# ---- by who is not here

STRANGERS = ["Fibre:+4930555", "Fibre:", "Old:123", "Gone:+4930555", f"Fibre:{DIRECT}10", "Fibre:10"]


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize(
    "number",
    [
        *("000431234", "+431234", "0030555", "0", "112", "0112", "8123", "*21*000431234#", "*0", "#16"),
        *[
            DIRECT + more
            for more in ("0", "000431234", "0030555", "8123", "112", "0112", "00112", "*42", "+431234")
        ],
        *[DIRECT + more for more in ("7000431234", "790030555", "7920", "0" + DIRECT[1:] + "20", "sip:ben")],
        DIRECT.removeprefix("+") + "000431234",
        DIRECT.replace("+49", "0") + "000431234",
        "anna-mobile",
        "sip:+431234@provider.example",
    ],
)
def test_nobody_from_outside_takes_a_line_of_ours(house: House, who: str, number: str) -> None:
    assert outside(house.dial(who, number)) == []
    assert outside(house.dial(who, number, talks="anna")) == []  # by REFER or 302, where a trunk allows it
    assert not house.town.rung


# ---- by sending calls on

Sends = Callable[[House, str], Plan]


def divert(when: str) -> Sends:
    def sends(house: House, to: str) -> Plan:
        house.divert("emil", msgspec.convert({"when": when, "to": to}, Diversion))
        return house.dial("anna", "11")

    return sends


def divert_for_the_administrator(house: House, to: str) -> Plan:
    house.divert("emil", Diversion("always", to, by="admin", first=True))
    return house.dial("anna", "11")


def divert_by_a_colleague(house: House, to: str) -> Plan:
    """Carla may do everything, and sends her calls to Emil: it is he who sends them on."""
    house.divert("emil", Diversion("always", to))
    house.divert("carla", Diversion("always", "11"))
    return house.dial("Fibre:+4930555", DIRECT + "30")


def divert_behind_a_group(house: House, to: str) -> Plan:
    house.divert("emil", Diversion("always", to))
    house.group("Empty", Ringing("300", otherwise="11"))
    return house.dial("anna", "300")


def mobile(house: House, to: str) -> Plan:
    house.mobile("emil", Mobile(to))
    house.plan.mobile("emil", "emil-mobile")  # from which he wants to call
    return house.dial("anna", "11")


def redirect(house: House, to: str) -> Plan:
    return house.plan.route(Ask(house.party("emil"), to, house.party("anna"), diverts=True))


def transfer(house: House, to: str) -> Plan:
    return house.dial("emil", to, talks="anna")


SENDS = {
    "always": divert("always"),
    "when busy": divert("busy"),
    "when not answering": divert("no-answer"),
    "by the administrator": divert_for_the_administrator,
    "behind a colleague": divert_by_a_colleague,
    "behind a group": divert_behind_a_group,
    "by a mobile": mobile,
    "by 302": redirect,
    "by REFER": transfer,
}


@pytest.mark.parametrize("sends", SENDS.values(), ids=SENDS)
@pytest.mark.parametrize(
    "to", ["000431234", "+431234", "00049 0 00 43 1234", "+49 900 1234567", "tel:+431234", "00 0431234"]
)
def test_calls_are_sent_only_where_their_user_may_call(house: House, sends: Sends, to: str) -> None:
    outside(sends(house, to))
    assert not has_left_the_country(house)


@pytest.mark.parametrize("sends", SENDS.values(), ids=SENDS)
def test_who_has_spent_all_sends_no_calls_outside(house: House, sends: Sends) -> None:
    house.line("emil", filter="")
    house.purse.empty = {("emil", "international")}
    assert outside(sends(house, VIENNA)) == []


@pytest.mark.parametrize("sends", SENDS.values(), ids=SENDS)
def test_who_sends_a_call_on_pays_for_it_whoever_calls(house: House, sends: Sends) -> None:
    outside_if_any = [] if sends is mobile else [f"{VIENNA}@Fibre+Copper"]
    house.line("emil", filter="")
    house.purse.empty = {(who, "international") for who in ("anna", "carla")}
    if sends is mobile:
        house.mobile("emil", Mobile(VIENNA))
        plan = house.dial("anna", "11")
    else:
        plan = sends(house, VIENNA)
        assert set(outside(plan)) == set(outside_if_any)
    assert outside(plan)
    assert {outward.payer.user for outward in house.town.rung.values()} == {"emil"}


UNATTENDED = {name: sends for name, sends in SENDS.items() if sends is not transfer}


@pytest.mark.parametrize("sends", UNATTENDED.values(), ids=UNATTENDED)
@pytest.mark.parametrize(
    "to", ["112", "0112", "1 1 0", "+112", "tel:112", "+49 112", "00112", "0 0049 112", "9112"]
)
def test_no_calls_are_sent_to_an_emergency_number(house: House, sends: Sends, to: str) -> None:
    """A telephone that does so by itself would call for help with every call that it gets."""
    house.line("emil", filter="")
    assert outside(sends(house, to)) == []
    assert not house.town.rung


@pytest.mark.parametrize("sends", [redirect, divert("always"), mobile])
def test_where_calls_may_not_be_sent_a_telephone_cannot_send_them_either(house: House, sends: Sends) -> None:
    house.line("emil", filter="", diversion_filter="no-mobiles")
    assert outside(sends(house, "0017155")) == []
    assert outside(house.dial("emil", "0017155")) == ["+4917155@Fibre+Copper"]


def test_a_colleague_of_more_rights_is_no_way_to_where_ones_own_calls_may_not_go(house: House) -> None:
    """What Carla has set is at her cost and was her wish; what Emil dials behind it is not."""
    house.divert("carla", Diversion("always", "11"))
    house.divert("emil", Diversion("always", VIENNA))
    for who in ("anna", "emil", "Fibre:+4930555"):
        number = "30" if who != "Fibre:+4930555" else DIRECT + "30"
        assert outside(house.dial(who, number)) == []
    assert outside(house.dial("carla", VIENNA)) == [f"{VIENNA}@Fibre+Copper"]


# ---- mobiles


def test_mobiles_that_lead_to_each_other_ring_once(house: House) -> None:
    for number in (DIRECT + "20", "0 07031 73009 20", "20", "200", DIRECT + "10"):
        house.mobile("ben", Mobile(number))
    house.mobile("anna", Mobile(DIRECT + "20"))
    assert outside(house.dial("carla", "20")) == []


def test_each_of_many_mobiles_is_asked_for_at_the_cost_of_its_user(house: House) -> None:
    for number in range(10):
        house.mobile("ben", Mobile(f"+43171{number}"))
    outside(house.dial("Fibre:+4930555", DIRECT + "20"))
    assert {(each.payer.user, each.toll) for each in house.town.rung.values()} == {("ben", "international")}
    house.purse.empty = {("ben", "international")}
    assert outside(house.dial("Fibre:+4930555", DIRECT + "20")) == []


# ---- emergency numbers


@pytest.mark.parametrize("number", ["112", "0112", "110", "+112"])
def test_a_call_for_help_is_barred_by_nothing(house: House, number: str) -> None:
    house.line("emil", filter="all-around", diversion_filter="all-around", busy_on=1, hide_number=True)
    house.purse.empty = {("emil", "international"), ("emil", "external")}
    house.divert("emil", Diversion("always", "20", first=True, by="admin"))
    house.set("emil", do_not_disturb=True, call_waiting=False)
    house.staff.calls["emil"] = 9
    house.town.full = {"Fibre", "Copper"}
    plan = house.dial("emil", number)
    assert plan.emergency
    (outward,) = house.town.rung.values()
    assert (outward.number, outward.toll) == (number[-3:], "free")
    assert all(way.calling for way in outward.ways)


def test_a_colleague_can_be_put_through_to_an_emergency_number(house: House) -> None:
    assert house.dial("emil", "112", talks="anna").emergency


def test_where_no_trunk_is_for_them_no_trunk_is_used_for_them(house: House) -> None:
    for name in ("Fibre", "Copper"):
        house.trunk(name, emergency=False)
    for number in ("112", "0112", "00112"[1:]):
        assert outside(house.dial("anna", number)) == []
    house.divert("ben", Diversion("always", "0112"))
    assert outside(house.dial("anna", "20")) == []


# ---- at whose cost


def test_who_transfers_pays_not_who_is_transferred(house: House) -> None:
    house.purse.empty = {("anna", "international")}
    assert outside(house.dial("ben", VIENNA, talks="anna")) == [f"{VIENNA}@Fibre+Copper"]
    assert [each.payer.user for each in house.town.rung.values()] == ["ben"]
    assert house.dial("anna", VIENNA, talks="ben").otherwise is Cause.LIMITED


def test_what_is_not_sent_on_is_told_once(house: House) -> None:
    house.divert("emil", Diversion("always", "000431234"))
    for _ in range(5):
        house.dial("anna", "11")
    assert house.refused == [("emil", "000431234", Cause.BARRED)]


def test_a_mobile_with_the_number_of_somebody_here_gives_no_rights(house: House) -> None:
    """A number is not proof of who calls: what comes from Ben's mobile comes from outside."""
    house.mobile("ben", Mobile("+4917155"))
    for number in (DIRECT + "000431234", DIRECT + "0030555", DIRECT + "*42"):
        assert outside(house.dial("Fibre:+4917155", number)) == []


def test_an_extension_that_looks_like_an_outside_number_is_rung_inside(house: House) -> None:
    house.staff.move_in(Somebody("Nina", "000431"))
    assert [d.id for d in house.dial("anna", "000431").rounds[0].devices] == ["nina-desk"]
    assert outside(house.dial("anna", "0004312")) == ["+4312@Fibre+Copper"]
