"""Transfer, conference, parking, pick-up and moving, told as stories without wires.

Anna has called Ben, or Ben has called somebody too; who hears whom is asked of the bridges.
"""

import pytest

from offhook.calls.cause import Cannot, Cause
from offhook.calls.leg import Asked, Connect, Gone, Ringing, TransferTo
from offhook.calls.member import State
from offhook.calls.routing import Do, ParkAt, PickUp, Retrieve
from offhook.calls.view import Place
from tests.calls.house import FakeLeg, House

BENS = Place("ben", "102", "")
HIS_FIRST = Place("ben", "102", "0")


@pytest.fixture
def house() -> House:
    return House()


def talking(house: House) -> FakeLeg:
    """Anna has called Ben, who answered at his desk."""
    house.switch.incoming(house.anna, "102", 0)
    ben = house.ben_desk.leg
    house.answers(ben, 1)
    return ben


def consulting(house: House, *, answered: bool = True) -> tuple[FakeLeg, FakeLeg, FakeLeg]:
    """Ben holds Anna and has called Dora on a second line. His two legs and Dora's."""
    first = talking(house)
    house.switch.hold(first.id, True, 2)
    second = FakeLeg(house.ben_desk.party)
    house.switch.incoming(second, "104", 2)
    dora = house.dora.leg
    house.switch.tell(dora, Ringing(), 2)
    if answered:
        house.answers(dora, 3)
    return first, second, dora


def refusal(why: pytest.ExceptionInfo[Cannot]) -> Cause:
    return why.value.cause


# ---- blind transfer


def test_after_a_blind_transfer_the_one_waits_the_other_rings_and_the_third_is_out(house: House) -> None:
    ben = talking(house)
    house.switch.transfer(ben.id, "104", 2)
    assert ben.told_[-1] == "hangup transferred"
    assert house.dora.leg.told_ == ["ring from Anna"]
    assert house.hears(house.anna) == {"ringback"}
    house.answers(house.dora.leg, 5)
    assert house.anna.shown == "Dora"
    assert house.hears(house.anna) == {"dora-desk"}
    assert house.hears(house.dora.leg) == {"anna-desk"}


def test_who_was_called_can_be_transferred_as_well_as_who_called(house: House) -> None:
    ben = talking(house)
    house.switch.transfer(house.anna.id, "104", 2)
    house.answers(house.dora.leg, 3)
    assert house.hears(ben) == {"dora-desk"}
    assert house.anna.told_[-1] == "hangup transferred"


def test_a_transfer_to_a_number_that_leads_nowhere_changes_nothing(house: House) -> None:
    ben = talking(house)
    for number, cause in (("999", Cause.UNKNOWN_NUMBER), ("103", Cause.UNREACHABLE)):
        with pytest.raises(Cannot) as why:
            house.switch.transfer(ben.id, number, 2)
        assert refusal(why) is cause
    assert house.hears(house.anna) == {"ben-desk"}


def test_before_anyone_has_answered_there_is_nothing_to_transfer(house: House) -> None:
    house.switch.incoming(house.anna, "102", 0)
    with pytest.raises(Cannot) as why:
        house.switch.transfer(house.anna.id, "104", 1)
    assert refusal(why) is Cause.NOT_TALKING


@pytest.mark.parametrize("cause", [Cause.BUSY, Cause.DECLINED, Cause.NO_ANSWER])
def test_an_unanswered_transfer_comes_back_to_who_made_it(house: House, cause: Cause) -> None:
    ben = talking(house)
    house.switch.transfer(ben.id, "104", 2)
    if cause is Cause.NO_ANSWER:
        house.switch.tick(32)
    else:
        house.switch.tell(house.dora.leg, Gone(cause), 3)
    back = house.ben_browser.leg
    assert back.told_ == ["ring from Anna"]
    assert [leg.via.how for leg in house.view.legs if leg.via and leg.state == "ringing"] == ["recalled"] * 2
    house.answers(back, 40)
    assert house.hears(house.anna) == {"ben-browser"}


def test_a_transfer_nobody_takes_back_ends_with_the_busy_tone(house: House) -> None:
    ben = talking(house)
    house.switch.transfer(ben.id, "104", 2)
    house.switch.tick(32)
    house.switch.tick(62)
    assert house.hears(house.anna) == {"busy"}
    house.switch.tick(67)
    assert not house.switch.calls


def test_who_hangs_up_while_being_transferred_stops_the_ringing(house: House) -> None:
    ben = talking(house)
    house.switch.transfer(ben.id, "104", 2)
    house.switch.tell(house.anna, Gone(Cause.NORMAL), 3)
    assert house.dora.leg.told_[-1] == "hangup cancelled"
    assert not house.switch.calls


def test_a_phone_that_transfers_by_itself_hears_what_became_of_it(house: House) -> None:
    ben = talking(house)
    house.switch.tell(ben, Asked(TransferTo("104")), 2)
    assert ben.told_[-2:] == ["told normal", "hangup transferred"]


def test_phones_that_transfer_a_call_for_ever_are_stopped(house: House) -> None:
    caller, other = house.anna, talking(house)
    for step in range(20):
        house.switch.transfer(other.id, "104" if step % 2 == 0 else "102", step)
        other = house.dora.leg if step % 2 == 0 else house.ben_desk.leg
        house.answers(other, step)
    with pytest.raises(Cannot) as why:
        house.switch.transfer(other.id, "102", 30)
    assert refusal(why) is Cause.LOOP
    assert house.hears(caller) == {other.party.device}


# ---- attended transfer


@pytest.mark.parametrize("swapped", [False, True])
def test_connecting_two_calls_leaves_the_far_ends_talking(house: House, swapped: bool) -> None:
    first, second, dora = consulting(house)
    legs = (second.id, first.id) if swapped else (first.id, second.id)
    house.switch.connect(*legs, 4)
    assert house.hears(house.anna) == {"dora-desk"}
    assert house.hears(dora) == {"anna-desk"}
    assert first.told_[-1] == second.told_[-1] == "hangup transferred"
    assert len(house.switch.calls) == 1
    assert house.view_of("ben") is None
    view = house.view_of("anna")
    assert view is not None
    assert view == house.view_of("dora")
    assert [leg.since for leg in view.legs if leg.party.user == "anna"] == [1]


def test_both_see_whom_they_talk_to_now(house: House) -> None:
    first, second, dora = consulting(house)
    house.switch.connect(first.id, second.id, 4)
    assert house.anna.shown == "Dora"
    assert dora.shown == "Anna"


def test_a_call_can_be_connected_while_the_other_end_still_rings(house: House) -> None:
    first, second, dora = consulting(house, answered=False)
    house.switch.connect(first.id, second.id, 3)
    assert house.hears(house.anna) == {"ringback"}
    house.answers(dora, 5)
    assert house.hears(house.anna) == {"dora-desk"}
    assert house.anna.shown == "Dora"


def test_a_call_connected_while_it_rang_comes_back_when_nobody_answers(house: House) -> None:
    first, second, dora = consulting(house, answered=False)
    house.switch.connect(first.id, second.id, 3)
    house.switch.tell(dora, Gone(Cause.NO_ANSWER), 9)
    assert house.ben_desk.leg.told_ == ["ring from Anna"]


def test_a_phones_wish_to_connect_is_granted_for_its_own_legs_only(house: House) -> None:
    first, second, dora = consulting(house)
    house.switch.tell(house.anna, Asked(Connect(second.id)), 4)
    assert house.anna.told_[-1] == "told forbidden"
    house.switch.tell(first, Asked(Connect(second.id)), 4)
    assert "told normal" in first.told_
    assert house.hears(dora) == {"anna-desk"}


def test_a_call_is_not_connected_with_itself_nor_with_one_that_is_over(house: House) -> None:
    ben = talking(house)
    with pytest.raises(Cannot) as why:
        house.switch.connect(ben.id, house.anna.id, 2)
    assert refusal(why) is Cause.SAME_CALL
    with pytest.raises(Cannot) as gone:
        house.switch.connect(ben.id, "l0", 2)
    assert refusal(gone) is Cause.OVER


def test_a_transferred_party_that_hangs_up_ends_the_call(house: House) -> None:
    first, second, dora = consulting(house)
    house.switch.connect(first.id, second.id, 4)
    house.switch.tell(house.anna, Gone(Cause.NORMAL), 9)
    assert dora.told_[-1] == "hangup normal"
    assert not house.switch.calls
    with pytest.raises(Cannot):
        house.switch.hangup(house.anna.id, 10)


# ---- conference


def test_three_in_a_conference_all_hear_each_other(house: House) -> None:
    first, second, dora = consulting(house)
    house.switch.join(first.id, second.id, 4)
    assert house.hears(house.anna) == {"dora-desk", "ben-desk"}
    assert house.hears(second) == {"anna-desk", "dora-desk"}
    assert house.hears(dora) == {"anna-desk", "ben-desk"}
    assert first.told_[-1] == "hangup moved"


@pytest.mark.parametrize("leaving", ["anna", "ben", "dora"])
def test_a_conference_stays_while_two_are_left(house: House, leaving: str) -> None:
    first, second, dora = consulting(house)
    house.switch.join(first.id, second.id, 4)
    legs = {"anna": house.anna, "ben": second, "dora": dora}
    house.switch.tell(legs.pop(leaving), Gone(Cause.NORMAL), 5)
    one, other = legs.values()
    assert house.hears(one) == {other.party.device}
    house.switch.tell(one, Gone(Cause.NORMAL), 6)
    assert not house.switch.calls


def test_one_of_a_conference_goes_back_on_hold_and_is_fetched_again(house: House) -> None:
    first, second, dora = consulting(house)
    house.switch.join(first.id, second.id, 4)
    house.switch.part(second.id, house.anna.id, 5)
    assert house.hears(house.anna) == {"music"}
    assert house.hears(dora) == {"ben-desk"}
    (parked,) = [call for call in house.switch.calls.values() if call.state is State.PARKED]
    house.switch.retrieve(parked.id, house.ben_browser, 6)
    house.answers(house.ben_browser.leg, 7)
    assert house.hears(house.anna) == {"ben-browser"}


def test_a_fourth_is_not_let_in(house: House) -> None:
    first, second, _ = consulting(house)
    house.switch.join(first.id, second.id, 4)
    third = FakeLeg(house.ben_desk.party)
    house.carla.is_reachable = True
    house.switch.incoming(third, "103", 5)
    house.answers(house.carla.leg, 6)
    with pytest.raises(Cannot) as why:
        house.switch.join(second.id, third.id, 7)
    assert refusal(why) is Cause.FULL


# ---- parking


def test_a_parked_call_hears_music_until_any_phone_fetches_it(house: House) -> None:
    ben = talking(house)
    place = house.switch.park(ben.id, BENS, 2)
    assert place == HIS_FIRST
    assert house.hears(house.anna) == {"music"}
    assert house.view.parked == HIS_FIRST
    (call,) = house.switch.calls
    _, leg = house.switch.retrieve(call, house.dora, 5)
    assert leg == house.dora.leg.id
    assert house.dora.leg.told_ == ["ring from Anna by itself"]
    assert house.hears(house.anna) == {"music"}
    house.answers(house.dora.leg, 6)
    assert house.hears(house.anna) == {"dora-desk"}
    assert house.view.parked is None


def test_a_place_holds_one_call(house: House) -> None:
    house.switch.park(talking(house).id, HIS_FIRST, 2)
    second = FakeLeg(house.ben_desk.party)
    house.switch.incoming(second, "104", 3)
    house.answers(house.dora.leg, 4)
    with pytest.raises(Cannot) as why:
        house.switch.park(second.id, HIS_FIRST, 5)
    assert refusal(why) is Cause.OCCUPIED
    assert house.hears(second) == {"dora-desk"}
    assert house.switch.park(second.id, BENS, 5).slot == "1"


def test_a_call_parked_too_long_comes_back_and_waits_on_if_nobody_answers(house: House) -> None:
    ben = talking(house)
    house.switch.park(ben.id, BENS, 0)
    house.switch.tick(300)
    back = house.ben_desk.leg
    assert back.told_ == ["ring from Anna"]
    house.switch.tick(330)
    assert back.told_[-1] == "hangup no-answer"
    assert house.view.state == "parked"
    assert house.hears(house.anna) == {"music"}
    house.switch.tick(630)
    house.answers(house.ben_desk.leg, 631)
    assert house.hears(house.anna) == {"ben-desk"}


def test_a_device_that_does_not_fetch_the_call_leaves_it_parked(house: House) -> None:
    house.switch.park(talking(house).id, BENS, 0)
    (call,) = house.switch.calls
    house.switch.retrieve(call, house.dora, 1)
    house.switch.tell(house.dora.leg, Gone(Cause.DECLINED), 2)
    assert house.view.state == "parked"
    house.switch.retrieve(call, house.dora, 3)
    house.switch.tick(33)
    assert house.dora.leg.told_[-1] == "hangup no-answer"
    assert house.view.state == "parked"


def test_who_is_parked_may_hang_up(house: House) -> None:
    house.switch.park(talking(house).id, BENS, 0)
    house.switch.tell(house.anna, Gone(Cause.NORMAL), 1)
    assert not house.switch.calls


def test_a_phone_parks_by_transferring_to_a_code(house: House) -> None:
    house.codes["*160"] = ParkAt(HIS_FIRST)
    ben = talking(house)
    house.switch.tell(ben, Asked(TransferTo("*160")), 2)
    assert ben.told_[-2:] == ["told normal", "hangup transferred"]
    assert house.view.parked == HIS_FIRST


def test_a_phone_without_transfer_parks_the_call_it_holds_by_dialling_the_code(house: House) -> None:
    house.codes["*160"] = ParkAt(HIS_FIRST)
    ben = talking(house)
    house.switch.hold(ben.id, True, 2)
    second = FakeLeg(house.ben_desk.party)
    house.switch.incoming(second, "*160", 3)
    assert house.hears(house.anna) == {"music"}
    assert house.hears(second) == {"done"}
    house.switch.tick(5)
    assert second.told_[-1] == "hangup normal"
    assert len(house.switch.calls) == 1


def test_a_parked_call_is_fetched_by_a_code_from_any_phone(house: House) -> None:
    house.codes["#160"] = Retrieve(HIS_FIRST)
    house.switch.park(talking(house).id, BENS, 2)
    dora = FakeLeg(house.dora.party)
    house.switch.incoming(dora, "#160", 3)
    assert dora.told_[:1] == ["answer"]
    assert house.hears(house.anna) == {"dora-desk"}
    assert house.hears(dora) == {"anna-desk"}
    late = FakeLeg(house.dora.party)
    house.switch.incoming(late, "#160", 4)
    assert late.told_ == ["hangup nothing-parked"]


# ---- pick-up


def test_a_ringing_call_is_picked_up_by_a_colleagues_device(house: House) -> None:
    id = house.switch.incoming(house.anna, "102", 0)
    house.switch.pick_up(id, house.dora, 1)
    assert house.dora.leg.told_ == ["ring from Anna by itself"]
    house.answers(house.dora.leg, 2)
    assert house.ben_desk.leg.told_[-1] == house.ben_browser.leg.told_[-1] == "hangup picked-up"
    assert house.hears(house.anna) == {"dora-desk"}
    assert house.anna.shown == "Dora"


def test_a_ringing_call_is_picked_up_by_a_code(house: House) -> None:
    house.codes["*0"] = PickUp(("carla", "ben"))
    house.switch.incoming(house.anna, "102", 0)
    dora = FakeLeg(house.dora.party)
    house.switch.incoming(dora, "*0", 1)
    assert house.hears(dora) == {"anna-desk"}
    assert dora.shown == "Anna"
    late = FakeLeg(house.dora.party)
    house.switch.incoming(late, "*0", 2)
    assert late.told_ == ["hangup nothing-rings"]


def test_nobody_picks_up_a_call_of_their_own(house: House) -> None:
    house.codes["*0"] = PickUp(("anna", "ben"))
    house.switch.incoming(house.anna, "102", 0)
    other = FakeLeg(house.desk.party)
    house.switch.incoming(other, "*0", 1)
    assert other.told_ == ["hangup nothing-rings"]


def test_who_was_called_may_still_answer_before_the_colleague_does(house: House) -> None:
    id = house.switch.incoming(house.anna, "102", 0)
    house.switch.pick_up(id, house.dora, 1)
    house.answers(house.ben_desk.leg, 2)
    assert house.dora.leg.told_[-1] == "hangup answered-elsewhere"
    assert house.hears(house.anna) == {"ben-desk"}


def test_a_code_dialled_from_the_page_is_served_when_the_phone_is_lifted(house: House) -> None:
    done: list[str] = []
    house.codes["*42"] = Do(lambda: done.append("quiet"))
    house.switch.dial(house.ben_desk, "*42", 0)
    assert not done
    house.answers(house.ben_desk.leg, 1)
    assert done == ["quiet"]
    assert house.hears(house.ben_desk.leg) == {"done"}


def test_a_call_picked_up_from_the_page_by_code_goes_to_the_phone_that_was_lifted(house: House) -> None:
    house.codes["*0"] = PickUp(("ben",))
    house.switch.incoming(house.anna, "102", 0)
    house.switch.dial(house.dora, "*0", 1)
    house.answers(house.dora.leg, 2)
    assert house.hears(house.anna) == {"dora-desk"}
    assert len(house.switch.calls) == 1


# ---- another device of one's own


def test_a_call_moves_to_another_device_and_the_other_side_does_not_notice(house: House) -> None:
    ben = talking(house)
    heard = list(house.anna.told_)
    house.switch.move(ben.id, house.ben_browser, 5)
    assert house.hears(house.anna) == {"ben-desk"}
    house.answers(house.ben_browser.leg, 6)
    assert house.hears(house.anna) == {"ben-browser"}
    assert ben.told_[-1] == "hangup moved"
    assert house.anna.told_ == heard
    assert [leg.since for leg in house.view.legs if leg.state == "talking"] == [1, 1]


def test_a_device_that_does_not_take_the_call_leaves_it_where_it_was(house: House) -> None:
    ben = talking(house)
    house.switch.move(ben.id, house.ben_browser, 5)
    house.switch.tick(35)
    assert house.ben_browser.leg.told_[-1] == "hangup no-answer"
    assert house.hears(house.anna) == {"ben-desk"}


def test_a_device_that_is_rung_for_a_call_that_ends_stops_ringing(house: House) -> None:
    ben = talking(house)
    house.switch.move(ben.id, house.ben_browser, 5)
    house.switch.tell(ben, Gone(Cause.NORMAL), 6)
    assert house.ben_browser.leg.told_[-1].startswith("hangup")
    assert not house.switch.calls


def test_a_device_that_rings_for_who_leaves_a_conference_stops_ringing(house: House) -> None:
    first, second, dora = consulting(house)
    house.switch.join(first.id, second.id, 4)
    house.switch.move(second.id, house.ben_browser, 5)
    late = house.ben_browser.leg
    house.switch.part(house.anna.id, second.id, 6)
    assert late.told_[-1] == "hangup over"
    house.answers(late, 7)
    assert house.hears(house.anna) == {"dora-desk"}
    assert house.hears(second) == {"music"}
    assert house.hears(dora) == {"anna-desk"}


def test_a_leg_that_calls_takes_the_place_of_one_of_its_own_user(house: House) -> None:
    ben = talking(house)
    new = FakeLeg(house.ben_desk.party)
    house.switch.replace(new, ben.id, 4)
    assert ben.told_[-1] == "hangup moved"
    assert house.hears(house.anna) == {"ben-desk"}
    assert new.told_[0] == "answer"


def test_nobody_takes_the_place_of_a_stranger(house: House) -> None:
    ben = talking(house)
    forged = FakeLeg(house.dora.party)
    house.switch.replace(forged, ben.id, 4)
    assert forged.told_ == ["hangup forbidden"]
    assert house.hears(house.anna) == {"ben-desk"}


# ---- what rings


def test_what_rings_for_one_is_sent_on_to_another(house: House) -> None:
    id = house.switch.incoming(house.anna, "102", 0)
    house.switch.redirect(id, "ben", "104", 1)
    assert house.dora.leg.told_ == ["ring from Anna"]
    assert house.ben_desk.leg.told_[-1] == house.ben_browser.leg.told_[-1] == "hangup answered-elsewhere"
    with pytest.raises(Cannot) as why:
        house.switch.redirect(id, "ben", "104", 2)
    assert refusal(why) is Cause.NOT_RINGING


def test_a_redirection_that_leads_nowhere_leaves_the_call_ringing(house: House) -> None:
    id = house.switch.incoming(house.anna, "102", 0)
    with pytest.raises(Cannot) as why:
        house.switch.redirect(id, "ben", "103", 1)
    assert refusal(why) is Cause.UNREACHABLE
    assert house.ben_desk.leg.told_ == ["ring from Anna"]


def test_a_call_that_has_been_sent_on_too_often_is_sent_on_no_more(house: House) -> None:
    id = house.switch.incoming(house.anna, "102", 0)
    for step in range(5):
        user, number = ("ben", "104") if step % 2 == 0 else ("dora", "102")
        house.switch.redirect(id, user, number, step)
    with pytest.raises(Cannot) as why:
        house.switch.redirect(id, "dora", "102", 6)
    assert refusal(why) is Cause.LOOP
    house.answers(house.dora.leg, 7)
    assert house.hears(house.anna) == {"dora-desk"}


def test_who_holds_nothing_parks_nothing(house: House) -> None:
    house.codes["*160"] = ParkAt(HIS_FIRST)
    house.switch.incoming(house.anna, "*160", 0)
    assert house.anna.told_ == ["hangup nothing-held"]


def test_a_phone_that_takes_orders_answers_from_the_page(house: House) -> None:
    id = house.switch.incoming(house.anna, "102", 0)
    with pytest.raises(Cannot) as why:
        house.switch.answer(id, "ben", "ben-desk", 1)
    assert refusal(why) is Cause.NO_REMOTE
    house.ben_desk.leg.takes_orders = True
    house.switch.answer(id, "ben", "ben-desk", 1)
    assert house.ben_desk.leg.told_[-1] == "pick up"


# ---- when there is no media


def test_without_sockets_for_a_transfer_both_calls_stay_as_they_were(house: House) -> None:
    first, second, dora = consulting(house)
    house.engine.is_unable_to_link = True
    with pytest.raises(Cannot) as why:
        house.switch.connect(first.id, second.id, 4)
    assert refusal(why) is Cause.OVERLOADED
    assert house.hears(house.anna) == {"music"}
    assert house.hears(second) == {"dora-desk"}
    assert house.hears(dora) == {"ben-desk"}
