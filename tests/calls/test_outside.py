"""Calls with the outside: who pays, who may be joined with whom, what may not be dialled, what people see."""

from collections.abc import Callable

import msgspec
import pytest

from offhook.calls.cause import Cannot, Cause
from offhook.calls.leg import Asked, Connect, Gone, Party, Redirect, Ringing, TransferTo
from offhook.calls.moments import What
from offhook.calls.routing import Plan, Round
from tests.calls.house import FakeDevice, FakeLeg, House

STRANGER = Party("+4989777", "", "", "trunk:Fibre", outside=True)
OUT = "0301234"


@pytest.fixture
def house() -> House:
    house = House()
    house.carla.is_reachable = True
    house.switch.may_join = lambda by, one, other: False
    return house


def from_outside(house: House) -> FakeLeg:
    """Somebody outside talks to Ben at his desk."""
    stranger = FakeLeg(STRANGER)
    house.switch.incoming(stranger, "102", 0)
    house.answers(house.ben_desk.leg, 1)
    return stranger


def consults(house: House, number: str, device: FakeDevice) -> FakeLeg:
    """Ben makes a second call from the same phone, and it is answered."""
    second = FakeLeg(house.ben_desk.party)
    house.switch.incoming(second, number, 2)
    house.answers(device.leg, 3)
    return second


# ---- who pays, and who talks


def test_a_transfer_is_asked_for_by_who_makes_it_and_tells_who_will_talk(house: House) -> None:
    from_outside(house)
    house.switch.transfer(house.ben_desk.leg.id, "104", 2)
    asked = house.asked
    assert asked is not None
    assert (asked.caller.user, asked.talks) == ("ben", STRANGER)


@pytest.mark.parametrize("by", ["the phone", "the page"])
def test_what_rings_is_sent_on_by_whom_it_rings_for_and_tells_who_will_talk(house: House, by: str) -> None:
    call = house.switch.incoming(FakeLeg(STRANGER), "102", 0)
    if by == "the phone":
        house.switch.tell(house.ben_desk.leg, Asked(Redirect("104")), 1)
    else:
        house.switch.redirect(call, "ben", "104", 1)
    asked = house.asked
    assert asked is not None
    assert (asked.caller.user, asked.talks, asked.diverts) == ("ben", STRANGER, True)


# ---- two outside


def transfers(house: House) -> None:
    house.switch.transfer(house.ben_desk.leg.id, OUT, 2)


def connects(house: House) -> None:
    second = consults(house, OUT, house.line)
    house.switch.connect(house.ben_desk.leg.id, second.id, 4)


def connects_while_it_rings(house: House) -> None:
    second = FakeLeg(house.ben_desk.party)
    house.switch.incoming(second, OUT, 2)
    house.switch.connect(house.ben_desk.leg.id, second.id, 3)


@pytest.mark.parametrize("does", [transfers, connects, connects_while_it_rings])
def test_two_outside_are_not_joined_and_nothing_has_changed(
    house: House, does: Callable[[House], None]
) -> None:
    stranger = from_outside(house)
    with pytest.raises(Cannot) as why:
        does(house)
    assert why.value.cause is Cause.NOT_JOINED
    assert house.hears(stranger) == {"ben-desk"}
    assert house.hears(house.ben_desk.leg) == {"trunk:Fibre"}


@pytest.mark.parametrize("does", [transfers, connects, connects_while_it_rings])
def test_two_outside_are_joined_where_their_lines_allow_it(
    house: House, does: Callable[[House], None]
) -> None:
    asked: list[tuple[str, str, str]] = []

    def may_join(by: Party, one: Party, other: Party) -> bool:
        asked.append((by.user, one.number, other.number))
        return True

    house.switch.may_join = may_join
    from_outside(house)
    does(house)
    assert asked == [("ben", "+4989777", "+49301234")]
    assert house.ben_desk.leg.told_[-1] == "hangup transferred"


@pytest.mark.parametrize(
    ("number", "wish"), [(OUT, TransferTo(OUT)), ("104", TransferTo("104"))], ids=["outside", "a colleague"]
)
def test_only_two_outside_need_leave_to_be_joined(house: House, number: str, wish: TransferTo) -> None:
    stranger = from_outside(house)
    house.switch.tell(house.ben_desk.leg, Asked(wish), 2)
    refused = number == OUT
    assert ("told not-joined" in house.ben_desk.leg.told_) is refused
    assert ("told normal" in house.ben_desk.leg.told_) is not refused
    assert not stranger.told_[-1].startswith("hangup")


def test_a_phone_that_asks_to_connect_two_outside_is_told_that_it_may_not(house: House) -> None:
    stranger = from_outside(house)
    second = consults(house, OUT, house.line)
    house.switch.tell(house.ben_desk.leg, Asked(Connect(second.id)), 4)
    assert house.ben_desk.leg.told_[-1] == "told not-joined"
    assert house.hears(stranger) == {"ben-desk"}


def test_a_colleague_is_put_through_to_the_outside_without_asking(house: House) -> None:
    house.switch.incoming(house.anna, "102", 0)
    house.answers(house.ben_desk.leg, 1)
    house.switch.transfer(house.ben_desk.leg.id, OUT, 2)
    house.answers(house.line.leg, 3)
    assert house.hears(house.anna) == {"trunk:Fibre"}


def test_somebody_outside_is_put_through_to_a_colleague_whose_calls_go_outside(house: House) -> None:
    """It is the colleague who has them sent there, not who transfers."""
    from_outside(house)
    house.plans["105"] = Plan((Round((house.line,)),))
    house.switch.transfer(house.ben_desk.leg.id, "105", 2)
    assert house.line.leg.told_ == ["ring from +4989777"]


def conference(house: House, number: str, device: FakeDevice) -> tuple[FakeLeg, FakeLeg]:
    """Ben with somebody outside and another; their leg and his."""
    stranger = from_outside(house)
    second = consults(house, number, device)
    house.switch.join(house.ben_desk.leg.id, second.id, 4)
    return stranger, second


def test_when_a_user_leaves_a_conference_two_outside_are_not_left_with_each_other(house: House) -> None:
    stranger, ben = conference(house, OUT, house.line)
    house.switch.tell(ben, Gone(Cause.NORMAL), 9)
    assert stranger.told_[-1] == house.line.leg.told_[-1] == "hangup not-joined"
    assert not house.switch.calls


def test_when_a_user_leaves_a_conference_two_outside_go_on_where_their_lines_allow_it(house: House) -> None:
    house.switch.may_join = lambda by, one, other: by.user == "ben"
    stranger, ben = conference(house, OUT, house.line)
    house.switch.tell(ben, Gone(Cause.NORMAL), 9)
    assert stranger.told_[-1] == "answer"
    assert len(house.switch.calls) == 1


@pytest.mark.parametrize("leaves", ["the stranger", "the colleague"])
def test_a_conference_with_one_outside_goes_on_whoever_leaves(house: House, leaves: str) -> None:
    stranger, ben = conference(house, "104", house.dora)
    house.switch.tell(stranger if leaves == "the stranger" else house.dora.leg, Gone(Cause.NORMAL), 9)
    assert not ben.told_[-1].startswith("hangup")
    assert len(house.switch.calls) == 1


# ---- calls of others


def in_other_calls(house: House, party: Party) -> tuple[FakeLeg, FakeLeg]:
    """Somebody talks to Anna, and a stranger to Ben; their legs."""
    somebody = FakeLeg(party)
    house.switch.incoming(somebody, "101", 0)
    house.answers(house.desk.leg, 0)
    return somebody, from_outside(house)


DORA = Party("104", "Dora", "dora", "dora-desk")
BY_ANOTHER_LINE = msgspec.structs.replace(STRANGER, device="trunk:Copper")


@pytest.mark.parametrize("party", [DORA, BY_ANOTHER_LINE])
def test_nobody_connects_a_call_of_somebody_else_and_that_it_was_tried_is_told_once(
    house: House, party: Party
) -> None:
    """Who knows of the other call and how it is named could else listen to both."""
    house.switch.may_join = lambda by, one, other: True
    somebody, stranger = in_other_calls(house, party)
    house.switch.tell(stranger, Asked(Connect(somebody.id)), 2)
    assert stranger.told_[-1] == "told forbidden"
    assert house.hears(stranger) == {"ben-desk"}
    assert refusals(house) == [("", party.number, Cause.FORBIDDEN)]


def test_somebody_outside_connects_two_calls_of_their_own_where_the_line_allows_it(house: House) -> None:
    first, second = in_other_calls(house, STRANGER)
    house.switch.tell(second, Asked(Connect(first.id)), 2)
    assert second.told_[-2:] == ["told normal", "hangup transferred"]


def test_a_telephone_connects_no_call_of_another_user(house: House) -> None:
    house.switch.incoming(house.anna, "104", 0)
    house.answers(house.dora.leg, 0)
    from_outside(house)
    house.switch.tell(house.ben_desk.leg, Asked(Connect(house.anna.id)), 2)
    assert house.ben_desk.leg.told_[-1] == "told forbidden"
    assert refusals(house) == [("ben", "101", Cause.FORBIDDEN)]


# ---- what may not be dialled


def refusals(house: House) -> list[tuple[str, str, Cause | None]]:
    return [(m.party.user, m.other.number, m.cause) for m in house.moments if m.what is What.REFUSED]


@pytest.fixture
def barred(house: House) -> House:
    house.plans["0900"] = Plan((), Cause.BARRED)
    return house


def test_a_phone_may_not_send_a_call_where_its_user_may_not_call(barred: House) -> None:
    house = barred
    house.switch.incoming(house.anna, "102", 0)
    house.switch.tell(house.ben_desk.leg, Asked(Redirect("0900")), 1)
    assert house.ben_desk.leg.told_[-1] == "told barred"
    house.switch.tell(house.ben_desk.leg, Gone(Cause.NO_ANSWER), 1)
    assert house.ben_browser.leg.told_ == ["ring from Anna"]
    assert house.anna.told_ == []
    assert refusals(house) == [("ben", "0900", Cause.BARRED)]


def test_a_phone_whose_diversion_is_refused_counts_as_one_that_did_not_answer(barred: House) -> None:
    house = barred
    asked: list[Cause] = []
    house.plans["200"] = Plan((Round((house.ben_desk,), onward=asked.append),), called=Party("200"))
    house.switch.incoming(house.anna, "200", 0)
    house.switch.tell(house.ben_desk.leg, Asked(Redirect("0900")), 1)
    house.switch.tell(house.ben_desk.leg, Gone(Cause.NO_ANSWER), 1)
    assert asked == [Cause.NO_ANSWER]
    assert house.anna.told_ == ["hangup no-answer"]


@pytest.mark.parametrize("by", ["the phone", "the page"])
def test_a_transfer_to_where_one_may_not_call_is_refused_and_told(barred: House, by: str) -> None:
    house = barred
    house.switch.incoming(house.anna, "102", 0)
    house.answers(house.ben_desk.leg, 1)
    if by == "the phone":
        house.switch.tell(house.ben_desk.leg, Asked(TransferTo("0900")), 2)
        assert house.ben_desk.leg.told_[-1] == "told barred"
    else:
        with pytest.raises(Cannot):
            house.switch.transfer(house.ben_desk.leg.id, "0900", 2)
    assert refusals(house) == [("ben", "0900", Cause.BARRED)]
    assert house.hears(house.anna) == {"ben-desk"}


def test_a_redirection_from_the_page_to_where_one_may_not_call_is_refused_and_told(barred: House) -> None:
    house = barred
    call = house.switch.incoming(house.anna, "102", 0)
    with pytest.raises(Cannot) as why:
        house.switch.redirect(call, "ben", "0900", 1)
    assert why.value.cause is Cause.BARRED
    assert refusals(house) == [("ben", "0900", Cause.BARRED)]
    assert house.ben_desk.leg.told_ == ["ring from Anna"]


# ---- under which number people see each other


@pytest.fixture
def abroad(house: House) -> House:
    """From Dora's branch the others are dialled with an 8 before their number, and she with a 7 from here."""

    def seen(party: Party, by: Party) -> Party:
        if not party.user or not by.user or (party.user == "dora") == (by.user == "dora"):
            return party
        return msgspec.structs.replace(party, number=("7" if party.user == "dora" else "8") + party.number)

    house.switch.seen = seen
    return house


def test_who_calls_is_shown_as_the_called_would_dial_them_and_the_called_as_the_caller_would(
    abroad: House,
) -> None:
    house = abroad
    house.switch.incoming(house.anna, "104", 0)
    assert house.dora.leg.number_shown == "8101"
    house.answers(house.dora.leg, 1)
    assert (house.anna.number_shown, house.dora.leg.number_shown) == ("7104", "8101")


def test_ones_own_phone_shows_who_will_be_called_as_one_would_dial_them(abroad: House) -> None:
    abroad.switch.dial(abroad.desk, "104", 0)
    assert abroad.desk.leg.number_shown == "7104"


def test_after_a_transfer_both_see_each_other_as_they_would_dial(abroad: House) -> None:
    house = abroad
    house.switch.incoming(house.anna, "102", 0)
    house.answers(house.ben_desk.leg, 1)
    second = consults(house, "104", house.dora)
    assert second.number_shown == "7104"
    house.switch.connect(house.ben_desk.leg.id, second.id, 4)
    assert (house.anna.number_shown, house.dora.leg.number_shown) == ("7104", "8101")


def test_who_fetches_a_call_sees_who_waits_as_they_would_dial_them(abroad: House) -> None:
    house = abroad
    call = house.switch.incoming(house.anna, "102", 0)
    house.switch.pick_up(call, house.dora, 1)
    assert house.dora.leg.number_shown == "8101"


def test_when_the_called_ring_the_caller_sees_them_as_they_would_dial(abroad: House) -> None:
    abroad.switch.incoming(abroad.anna, "104", 0)
    abroad.switch.tell(abroad.dora.leg, Ringing(), 1)
    assert abroad.anna.number_shown == "7104"


def test_a_call_that_ones_own_mobile_answers_is_a_call_at_the_mobile(house: House) -> None:
    house.plans["200"] = Plan((Round((house.ben_desk, house.mobile)),))
    house.switch.incoming(house.anna, "200", 0)
    house.answers(house.mobile.leg, 5)
    connected = next(m for m in house.moments if m.what is What.CONNECTED)
    assert (connected.party.user, connected.party.device) == ("ben", "ben-mobile")
