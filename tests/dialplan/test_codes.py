"""Star codes as a table: who dials what, and what it stands for."""

from collections.abc import Sequence

import pytest

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.routing import Ask, Deed, Do, ParkAt, PickUp, Plan, Retrieve, Rule
from offhook.calls.view import Place
from offhook.dialplan.codes import codes
from tests.dialplan.house import Somebody

ANNA, BEN, CARLA, DORA = (
    Somebody(name, number)
    for name, number in (("Anna", "101"), ("Ben", "102"), ("Carla", "103"), ("Dora", "104"))
)
SALES = ("anna", "ben", "carla")  # Dora is in no group
OWN, BENS, DORAS = Place("anna", "101", "3"), Place("ben", "102", "3"), Place("dora", "104", "3")


def rule(quieted: list[tuple[str, bool]] | None = None) -> Rule:
    def colleagues(user: str) -> Sequence[str]:
        return [other for other in SALES if other != user] if user in SALES else ()

    people = (ANNA, BEN, CARLA, DORA)
    heard = [] if quieted is None else quieted
    return codes(
        lambda number, by: {one.number: one for one in people}.get(number),
        {one.id: one for one in people}.get,
        colleagues,
        lambda user, wanted: heard.append((user, wanted)),
    )


def dialled(number: str, caller: str = "anna") -> Plan:
    plan = rule()(Ask(Party("", user=caller), number))
    assert plan is not None
    return plan


@pytest.mark.parametrize("hash", ["", "#"])
@pytest.mark.parametrize(
    ("number", "deed"),
    [
        ("*0", PickUp(("anna", "ben", "carla"))),
        ("*0102", PickUp(("ben",))),
        ("*0101", PickUp(("anna",))),
        ("*163", ParkAt(OWN)),
        ("*163*102", ParkAt(BENS)),
        ("*163*104", ParkAt(DORAS)),
        ("#163", Retrieve(OWN)),
        ("#163*102", Retrieve(BENS)),
        ("#163*101", Retrieve(OWN)),
    ],
)
def test_codes_stand_for_deeds(number: str, deed: Deed, hash: str) -> None:
    assert dialled(number + hash) == Plan((), deed=deed)


@pytest.mark.parametrize(
    ("number", "wanted"), [("*42", True), ("*42#", True), ("#42", False), ("#42#", False)]
)
def test_do_not_disturb_is_set_and_taken_back_when_the_deed_is_done(number: str, wanted: bool) -> None:
    quieted: list[tuple[str, bool]] = []
    plan = rule(quieted)(Ask(Party("", user="anna"), number))
    assert plan is not None
    assert isinstance(plan.deed, Do)
    assert quieted == []
    plan.deed.run()
    assert quieted == [("anna", wanted)]


def test_who_is_in_no_group_picks_up_only_what_rings_for_them() -> None:
    assert dialled("*0", "dora") == Plan((), deed=PickUp(("dora",)))


@pytest.mark.parametrize("number", ["*0104", "#163*104"])
def test_the_calls_of_who_shares_no_group_are_nobody_elses(number: str) -> None:
    assert dialled(number) == Plan((), Cause.FORBIDDEN)


@pytest.mark.parametrize(
    "number",
    [
        *(
            "*",
            "#",
            "**",
            "*#",
            "##",
            "*1",
            "*16",
            "*16x",
            "*163*",
            "*1634",
            "*163*999",
            "*163*102*",
            "#16",
            "#1",
        ),
        *("*0999", "*0*", "*0 102", "*43", "*420", "#163*999", "*42##", "*٤٢", "*16٣", "*0١٠٢", "*42\n"),
    ],
)
def test_what_only_begins_like_a_code_is_an_unknown_number(number: str) -> None:
    assert dialled(number) == Plan((), Cause.UNKNOWN_NUMBER)


@pytest.mark.parametrize("number", ["*0", "*0102", "*163", "#163*102", "*42"])
@pytest.mark.parametrize("caller", ["", "removed"])
def test_codes_mean_nothing_to_strangers(number: str, caller: str) -> None:
    assert dialled(number, caller) == Plan((), Cause.UNKNOWN_NUMBER)


@pytest.mark.parametrize("number", ["", "102", "0*0", "anna", "sip:*0@pbx"])
def test_whatever_else_is_dialled_is_left_to_other_rules(number: str) -> None:
    assert rule()(Ask(Party("", user="anna"), number)) is None
