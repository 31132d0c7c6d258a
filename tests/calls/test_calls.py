"""What a call does with its legs, told as stories without wires."""

import pytest

from offhook.calls.cause import Cannot, Cause
from offhook.calls.leg import (
    Answered,
    Asked,
    Back,
    Digit,
    Gone,
    Held,
    Lost,
    Party,
    Redirect,
    Ringing,
    TransferTo,
)
from offhook.calls.media import G711, G722, OPUS, PCMA
from offhook.calls.routing import Ask, Plan, Round
from tests.calls.house import FakeLeg, FakePort, House


@pytest.fixture
def house() -> House:
    return House()


def talking(house: House) -> FakeLeg:
    house.switch.incoming(house.anna, "102", 0)
    ben = house.ben_desk.leg
    house.answers(ben, 1)
    return ben


def test_all_devices_of_the_called_user_ring_together(house: House) -> None:
    house.switch.incoming(house.anna, "102", 0)
    assert house.ben_desk.leg.told_ == ["ring from Anna"]
    assert house.ben_browser.leg.told_ == ["ring from Anna"]
    assert house.view.state == "ringing"


def test_the_caller_hears_once_that_it_rings(house: House) -> None:
    house.switch.incoming(house.anna, "102", 0)
    house.switch.tell(house.ben_desk.leg, Ringing(), 1)
    house.switch.tell(house.ben_browser.leg, Ringing(), 1)
    assert house.anna.told_ == ["proceed"]


def test_the_first_to_answer_gets_the_call_and_the_others_fall_silent(house: House) -> None:
    house.switch.incoming(house.anna, "102", 0)
    house.answers(house.ben_browser.leg, 2)
    assert house.anna.told_ == ["answer"]
    assert house.ben_desk.leg.told_ == ["ring from Anna", "hangup answered-elsewhere"]
    assert house.view.state == "talking"
    assert house.bridge.hears("anna-desk") == {"ben-browser"}
    assert house.bridge.hears("ben-browser") == {"anna-desk"}


def test_a_second_answer_that_crossed_the_first_changes_nothing(house: House) -> None:
    house.switch.incoming(house.anna, "102", 0)
    house.answers(house.ben_browser.leg, 2)
    house.answers(house.ben_desk.leg, 2)
    assert house.bridge.hears("anna-desk") == {"ben-browser"}
    assert [leg.state for leg in house.view.legs] == ["talking", "gone", "talking"]


@pytest.mark.parametrize(
    "event", [Ringing(), Ringing(early=True), Answered(), Lost(), Back(), Held(True), Held(False)]
)
def test_any_event_from_any_leg_is_legal_at_any_time(house: House, event: object) -> None:
    house.switch.incoming(house.anna, "102", 0)
    legs = [house.anna, house.ben_desk.leg, house.ben_browser.leg]
    for leg in legs:
        house.switch.tell(leg, event, 1)  # type: ignore[arg-type]  # the parametrised union
    house.answers(house.ben_desk.leg, 2)
    for leg in legs:
        house.switch.tell(leg, event, 3)  # type: ignore[arg-type]
    house.switch.tell(house.anna, Gone(Cause.NORMAL), 4)
    for leg in legs:
        house.switch.tell(leg, event, 5)  # type: ignore[arg-type]
    assert not house.switch.calls


def test_hanging_up_ends_the_call_for_the_other_side(house: House) -> None:
    ben = talking(house)
    house.switch.tell(house.anna, Gone(Cause.NORMAL), 60)
    assert ben.told_[-1] == "hangup normal"
    assert house.view.state == "ended"
    assert house.view.cause is Cause.NORMAL
    assert not house.switch.calls
    assert not house.bridge.is_open


def test_a_caller_who_gives_up_stops_the_ringing(house: House) -> None:
    house.switch.incoming(house.anna, "102", 0)
    house.switch.tell(house.anna, Gone(Cause.CANCELLED), 3)
    assert house.ben_desk.leg.told_[-1] == "hangup cancelled"
    assert house.view.cause is Cause.CANCELLED


def test_nobody_answers_in_time(house: House) -> None:
    house.switch.incoming(house.anna, "102", 0)
    house.switch.tick(29.9)
    assert house.switch.calls
    house.switch.tick(30)
    assert house.anna.told_ == ["hangup no-answer"]
    assert house.ben_desk.leg.told_[-1] == "hangup no-answer"


def test_busy_on_one_device_leaves_the_others_ringing_and_on_all_ends_the_call(house: House) -> None:
    house.switch.incoming(house.anna, "102", 0)
    house.switch.tell(house.ben_desk.leg, Gone(Cause.BUSY), 1)
    assert house.view.state == "ringing"
    house.switch.tell(house.ben_browser.leg, Gone(Cause.UNREACHABLE), 2)
    assert house.anna.told_ == ["hangup busy"]


def test_declining_on_one_device_silences_the_users_other_devices(house: House) -> None:
    id = house.switch.incoming(house.anna, "102", 0)
    house.switch.decline(id, "ben", 1)
    assert house.ben_desk.leg.told_[-1] == house.ben_browser.leg.told_[-1] == "hangup declined"
    assert house.anna.told_ == ["hangup declined"]


def test_an_unknown_number_is_refused_at_once(house: House) -> None:
    house.switch.incoming(house.anna, "999", 0)
    assert house.anna.told_ == ["hangup unknown-number"]
    assert not house.bridge.ports, "a refused call costs no port"


def test_a_user_without_reachable_device_is_unreachable_at_once(house: House) -> None:
    house.switch.incoming(house.anna, "103", 0)
    assert house.anna.told_ == ["hangup unreachable"]


def test_the_held_party_hears_music_and_talks_again_when_nobody_holds(house: House) -> None:
    ben = talking(house)
    house.switch.tell(house.anna, Held(True), 5)
    assert house.bridge.hears("ben-desk") == {"music"}
    assert house.bridge.hears("anna-desk") == set()
    house.switch.tell(ben, Held(True), 6)
    house.switch.tell(house.anna, Held(False), 7)
    assert house.bridge.hears("anna-desk") == {"music"}
    house.switch.tell(ben, Held(False), 8)
    assert house.bridge.hears("anna-desk") == {"ben-desk"}
    assert house.bridge.hears("ben-desk") == {"anna-desk"}


def test_while_one_side_is_lost_the_other_hears_music_and_after_half_a_minute_the_call_ends(
    house: House,
) -> None:
    ben = talking(house)
    house.switch.tell(house.anna, Lost(), 10)
    assert house.bridge.hears("ben-desk") == {"music"}
    house.switch.tell(house.anna, Back(), 20)
    assert house.bridge.hears("ben-desk") == {"anna-desk"}
    house.switch.tell(house.anna, Lost(), 30)
    house.switch.tick(60)
    assert house.anna.told_[-1] == "hangup lost"
    assert ben.told_[-1] == "hangup lost"


def test_early_sound_reaches_the_caller_one_way_and_ringback_takes_over_when_it_goes(house: House) -> None:
    house.switch.incoming(house.anna, "102", 0)
    singer = house.ben_desk.leg
    singer.opens(house.bridge)
    house.switch.tell(singer, Ringing(early=True), 1)
    assert house.anna.told_ == ["proceed early"]
    assert house.bridge.hears("anna-desk") == {"ben-desk"}
    assert house.bridge.hears("ben-desk") == set()
    house.switch.tell(singer, Gone(Cause.BUSY), 2)
    assert house.bridge.hears("anna-desk") == {"ringback"}
    house.answers(house.ben_browser.leg, 3)
    assert house.bridge.hears("anna-desk") == {"ben-browser"}


def test_a_phone_that_is_told_to_dial_rings_first_and_then_hears_ringback(house: House) -> None:
    _, leg_id = house.switch.dial(house.desk, "102", 0)
    anna = house.desk.leg
    assert anna.id == leg_id
    assert anna.told_ == ["ring from Ben by itself"]
    assert house.view.state == "preparing"
    assert not house.ben_desk.legs
    house.answers(anna, 2)
    assert house.ben_desk.leg.told_ == ["ring from Anna"]
    assert house.bridge.hears("anna-desk") == {"ringback"}
    house.answers(house.ben_desk.leg, 4)
    assert house.bridge.hears("anna-desk") == {"ben-desk"}


def test_the_number_is_meant_as_it_was_dialled_when_the_own_device_has_been_picked_up(
    house: House,
) -> None:
    """In another node it is somebody else's."""
    house.plans["7103"] = Plan((Round((house.ben_desk,)),), called=Party("103", "Ben", "ben"))
    house.switch.dial(house.desk, "7103", 0)
    house.answers(house.desk.leg, 1)
    assert house.asked == Ask(house.desk.party, "7103")
    assert house.ben_desk.legs


def test_a_caller_off_the_hook_hears_the_busy_tone_before_the_call_ends(house: House) -> None:
    house.switch.dial(house.desk, "102", 0)
    anna = house.desk.leg
    house.answers(anna, 1)
    for device in (house.ben_desk, house.ben_browser):
        house.switch.tell(device.leg, Gone(Cause.BUSY), 2)
    assert house.view.state == "closing"
    assert house.view.cause is Cause.BUSY
    assert house.bridge.hears("anna-desk") == {"busy"}
    house.switch.tick(7)
    assert anna.told_[-1] == "hangup busy"
    assert house.view.cause is Cause.BUSY


def test_dialling_from_a_device_that_is_away_or_to_nobody_is_refused_before_anything_rings(
    house: House,
) -> None:
    with pytest.raises(Cannot) as away:
        house.switch.dial(house.carla, "102", 0)
    assert away.value.cause is Cause.UNREACHABLE
    with pytest.raises(Cannot) as nobody:
        house.switch.dial(house.desk, "999", 0)
    assert nobody.value.cause is Cause.UNKNOWN_NUMBER
    assert not house.switch.calls


def test_a_device_with_two_contacts_rings_on_both_and_the_first_to_answer_is_the_caller(house: House) -> None:
    house.desk.contacts = 2
    house.switch.dial(house.desk, "102", 0)
    one, other = house.desk.legs
    house.answers(other, 1)
    assert one.told_[-1] == "hangup answered-elsewhere"
    assert house.ben_desk.leg.told_ == ["ring from Anna"]


def test_giving_up_before_ones_own_phone_is_picked_up_ends_everything(house: House) -> None:
    house.desk.contacts = 2
    _, leg = house.switch.dial(house.desk, "102", 0)
    house.switch.hangup(leg, 1)
    assert [leg.told_[-1] for leg in house.desk.legs] == ["hangup cancelled"] * 2
    assert not house.switch.calls


def test_digits_that_did_not_travel_with_the_sound_are_sent_to_the_other_side(house: House) -> None:
    ben = talking(house)
    house.switch.tell(house.anna, Digit("5"), 3)
    house.switch.tell(house.anna, Digit("6", carried=True), 3)
    house.switch.digits(house.anna.id, "7#", 4)
    assert isinstance(ben.port, FakePort)
    assert ben.port.dialled == "57#"


def test_a_muted_leg_hears_and_is_not_heard(house: House) -> None:
    talking(house)
    house.switch.mute(house.anna.id, True, 3)
    assert house.bridge.hears("ben-desk") == set()
    assert house.bridge.hears("anna-desk") == {"ben-desk"}
    assert house.view.legs[0].muted


def test_a_phone_may_send_its_ringing_call_on(house: House) -> None:
    house.carla.is_reachable = True
    house.switch.incoming(house.anna, "102", 0)
    house.switch.tell(house.ben_browser.leg, Gone(Cause.BUSY), 1)
    house.switch.tell(house.ben_desk.leg, Asked(Redirect("103")), 1)
    house.switch.tell(house.ben_desk.leg, Gone(Cause.FAILED), 1)
    assert house.carla.leg.told_ == ["ring from Anna"]


def test_phones_that_send_a_call_round_in_circles_end_it(house: House) -> None:
    house.switch.incoming(house.anna, "102", 0)
    for _ in range(6):
        for device in (house.ben_browser, house.ben_desk):
            house.switch.tell(device.leg, Asked(Redirect("102")), 1)
            house.switch.tell(device.leg, Gone(Cause.FAILED), 1)
    assert not house.switch.calls


def test_a_wish_that_cannot_be_granted_is_answered_and_changes_nothing(house: House) -> None:
    ben = talking(house)
    house.switch.tell(ben, Asked(TransferTo("103")), 3)
    assert ben.told_[-1] == "told unreachable"
    assert house.view.state == "talking"


def test_an_answer_waits_for_the_calls_record_but_not_for_long() -> None:
    house = House(recorded=True)
    id = house.switch.incoming(house.anna, "102", 0)
    house.answers(house.ben_desk.leg, 1)
    assert house.anna.told_ == []
    house.switch.kept(id, 1.01)
    assert house.anna.told_ == ["answer"]

    stuck = House(recorded=True)
    stuck.switch.incoming(stuck.anna, "102", 0)
    stuck.answers(stuck.ben_desk.leg, 1)
    stuck.switch.tick(1.05)
    assert stuck.anna.told_ == ["answer"]


def test_without_media_a_call_ends_as_overloaded_instead_of_staying_mute(house: House) -> None:
    ben = talking(house)
    house.engine.is_empty = True
    house.switch.tell(house.anna, Held(True), 3)
    assert ben.told_[-1] == "hangup overloaded"
    assert not house.switch.calls


def test_what_is_asked_of_a_call_that_is_over_is_refused(house: House) -> None:
    talking(house)
    house.switch.hangup(house.anna.id, 5)
    with pytest.raises(Cannot):
        house.switch.hold(house.anna.id, True, 6)
    with pytest.raises(Cannot):
        house.switch.decline("hq.1.2", "ben", 6)


def test_a_device_that_is_no_longer_ours_leaves_its_calls_and_no_others(house: House) -> None:
    ben = talking(house)
    house.switch.incoming(FakeLeg(house.carla.party), "102", 2)
    ringing = house.ben_desk.leg
    house.switch.forget("ben-desk", 3)
    assert ben.told_[-1] == house.anna.told_[-1] == "hangup normal"
    assert ringing.told_[-1] == "hangup unreachable"
    assert house.ben_browser.leg.told_ == ["ring from Carla"]
    assert house.view.state == "ringing"


def test_a_call_that_a_forgotten_device_was_making_is_cancelled(house: House) -> None:
    house.switch.dial(house.desk, "102", 0)
    house.switch.forget("anna-desk", 1)
    assert house.view.cause is Cause.CANCELLED
    assert not house.switch.calls


def test_when_the_server_stops_every_call_ends(house: House) -> None:
    ben = talking(house)
    house.switch.end_all(Cause.RESTART, 9)
    assert house.anna.told_[-1] == ben.told_[-1] == "hangup restart"


def test_only_those_who_take_part_see_the_call_and_they_see_how_it_ended(house: House) -> None:
    id = house.switch.incoming(house.anna, "102", 0)
    assert set(house.view.audience) == {"anna", "ben"}
    house.switch.decline(id, "ben", 1)
    assert house.view.state == "ended"
    assert "ben" in {leg.party.user for leg in house.view.legs}
    assert "anna" in house.view.audience


def test_a_call_that_passes_through_has_fewer_hops_left_and_one_of_our_own_has_all(house: House) -> None:
    house.anna.hops = 3
    house.switch.incoming(house.anna, "102", 0)
    assert house.ben_desk.leg.hops_told == house.ben_browser.leg.hops_told == 3
    house.switch.dial(house.desk, "102", 1)
    assert house.desk.leg.hops_told == 70


def test_ones_own_device_is_rung_like_those_speak_who_will_ring_then(house: House) -> None:
    house.ben_browser.speaks = (OPUS, G722, *G711)
    house.switch.dial(house.desk, "102", 0)
    assert house.desk.leg.like == G711
    house.ben_desk.is_reachable = False
    house.switch.dial(house.desk, "102", 1)
    assert house.desk.leg.like == (OPUS, G722, *G711)


def test_the_other_side_is_rung_like_the_caller_speaks(house: House) -> None:
    house.switch.dial(house.desk, "102", 0)
    own = house.desk.leg
    own.codecs = (OPUS, PCMA)
    house.answers(own, 1)
    assert house.ben_desk.leg.like == (OPUS, PCMA)


def test_a_round_whose_devices_share_nothing_they_are_expected_to_speak_promises_nothing(
    house: House,
) -> None:
    house.ben_desk.speaks, house.ben_browser.speaks = (PCMA,), (OPUS,)
    house.switch.dial(house.desk, "102", 0)
    assert house.desk.leg.like is None


def test_no_more_legs_ring_than_may_and_those_beyond_are_let_go() -> None:
    house = House(ringing_legs=2)
    house.ben_desk.contacts = 4
    house.switch.incoming(house.anna, "102", 0)
    told = [leg.told_[-1] for leg in house.ben_desk.legs]
    assert told == ["ring from Anna"] * 2 + ["hangup overloaded"] * 2
    assert house.ben_browser.leg.told_ == ["hangup overloaded"]
    assert len(house.view.legs) == 3


def test_beyond_so_many_calls_none_can_be_dialled_until_one_has_ended() -> None:
    house = House(calls=1)
    house.switch.dial(house.desk, "102", 0)
    with pytest.raises(Cannot) as refused:
        house.switch.dial(house.desk, "102", 1)
    assert refused.value.cause is Cause.OVERLOADED
    house.switch.end_all(Cause.NORMAL, 2)
    assert house.switch.dial(house.desk, "102", 3)


def test_when_no_bridge_can_be_had_ones_own_device_is_let_go(house: House) -> None:
    house.engine.is_full = True
    with pytest.raises(Cannot):
        house.switch.dial(house.desk, "102", 0)
    assert house.desk.leg.told_ == ["hangup overloaded"]
    assert not house.switch.calls
