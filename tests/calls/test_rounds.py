"""Round after round: pauses, devices that ring in their own manner, and what comes when nobody answers."""

from collections.abc import Callable

import pytest

from offhook.calls.cause import Cannot, Cause
from offhook.calls.leg import Asked, Gone, Party, Redirect, Ringing
from offhook.calls.moments import What
from offhook.calls.routing import Manner, Onward, Plan, Round
from offhook.calls.view import CallView, Via
from tests.calls.house import FakeDevice, FakeLeg, House


@pytest.fixture
def house() -> House:
    house = House()
    house.carla.is_reachable = True
    return house


def rings(device: FakeDevice) -> bool:
    return bool(device.legs) and device.leg.told_[-1].startswith("ring")


def calls(house: House, *rounds: Round, otherwise: Cause = Cause.NO_ANSWER) -> FakeLeg:
    """Anna dials a number behind which is this plan."""
    house.plans["200"] = Plan(rounds, otherwise, Party("200", "Service"))
    house.switch.incoming(house.anna, "200", 0)
    return house.anna


def with_mobile(house: House, onward: Onward | None = None, **manner: float) -> Round:
    """Ben's desk phone, and his mobile in its own manner."""
    manners = {"ben-mobile": Manner(**manner)}
    return Round((house.ben_desk, house.mobile), 30, manners=manners, onward=onward)


def to(device: FakeDevice) -> Onward:
    return lambda cause: Plan((Round((device,), 30),), called=device.party)


class Asking:
    """Is asked what comes instead, writes down why, and knows nothing."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.causes: list[Cause] = []
        self.plan = plan

    def __call__(self, cause: Cause) -> Plan | None:
        self.causes.append(cause)
        return self.plan


# ---- what comes instead


def test_when_nobody_answers_in_time_the_round_is_asked_what_comes_instead_of_those_left(
    house: House,
) -> None:
    asking = Asking(Plan((Round((house.dora,), 30),)))
    calls(house, Round((house.ben_desk,), 20, onward=asking), Round((house.carla,), 20))
    house.switch.tick(20)
    assert asking.causes == [Cause.NO_ANSWER]
    assert rings(house.dora)
    assert not house.carla.legs


def test_a_round_that_knows_of_nothing_else_is_followed_by_the_next(house: House) -> None:
    asking = Asking()
    calls(house, Round((house.ben_desk,), 20, onward=asking), Round((house.carla,), 20))
    house.switch.tick(20)
    assert rings(house.carla)


@pytest.mark.parametrize(
    ("refusals", "told"),
    [
        ((Cause.BUSY, Cause.NO_ANSWER), Cause.BUSY),
        ((Cause.NO_ANSWER, Cause.BUSY), Cause.BUSY),
        ((Cause.BUSY, Cause.DECLINED), Cause.DECLINED),
        ((Cause.UNREACHABLE, Cause.BUSY), Cause.BUSY),
        ((Cause.NO_ANSWER, Cause.UNREACHABLE), Cause.UNREACHABLE),
    ],
)
def test_of_several_refusals_the_strongest_is_told(
    house: House, refusals: tuple[Cause, Cause], told: Cause
) -> None:
    asking = Asking()
    calls(house, Round((house.ben_desk, house.carla), onward=asking))
    house.switch.tell(house.ben_desk.leg, Gone(refusals[0]), 1)
    house.switch.tell(house.carla.leg, Gone(refusals[1]), 2)
    assert asking.causes == [told]


def test_what_rang_until_the_end_was_not_busy_though_another_device_was(house: House) -> None:
    asking = Asking()
    calls(house, Round((house.ben_desk, house.ben_browser), 20, onward=asking))
    house.switch.tell(house.ben_desk.leg, Gone(Cause.BUSY), 1)
    house.switch.tick(20)
    assert asking.causes == [Cause.NO_ANSWER]


def test_a_refusal_counts_for_its_own_round_only(house: House) -> None:
    asking = Asking()
    calls(house, Round((house.ben_desk,), 20), Round((house.carla,), 20, onward=asking))
    house.switch.tell(house.ben_desk.leg, Gone(Cause.BUSY), 1)
    house.switch.tell(house.carla.leg, Gone(Cause.NO_ANSWER), 2)
    assert asking.causes == [Cause.NO_ANSWER]


def test_what_cannot_ring_at_all_is_unreachable(house: House) -> None:
    house.carla.is_reachable = False
    asking = Asking(Plan((Round((house.dora,), 30),)))
    calls(house, Round((house.carla,), onward=asking))
    assert asking.causes == [Cause.UNREACHABLE]
    assert rings(house.dora)


def test_a_user_who_declines_has_the_call_go_where_it_goes_then(house: House) -> None:
    asking = Asking(Plan((Round((house.dora,), 30),)))
    house.plans["200"] = Plan((Round((house.ben_desk, house.ben_browser), onward=asking),))
    call = house.switch.incoming(house.anna, "200", 0)
    house.switch.decline(call, "ben", 1)
    assert asking.causes == [Cause.DECLINED]
    assert rings(house.dora)
    assert house.ben_browser.leg.told_[-1] == "hangup declined"


def test_a_plan_that_comes_instead_says_what_the_caller_is_told_in_the_end(house: House) -> None:
    asking = Asking(Plan((), Cause.DO_NOT_DISTURB))
    caller = calls(house, Round((house.ben_desk,), onward=asking), Round((house.carla,)))
    house.switch.tell(house.ben_desk.leg, Gone(Cause.BUSY), 1)
    assert caller.told_ == ["hangup do-not-disturb"]


def test_who_is_called_instead_is_shown_to_the_caller(house: House) -> None:
    caller = calls(house, Round((house.ben_desk,), onward=to(house.dora)))
    house.switch.tell(house.ben_desk.leg, Gone(Cause.BUSY), 1)
    house.switch.tell(house.dora.leg, Ringing(), 2)
    assert caller.shown == "Dora"


def test_plans_that_lead_to_each_other_for_ever_end_the_call(house: House) -> None:
    house.carla.is_reachable = False

    def again(cause: Cause) -> Plan:
        return Plan((Round((house.carla,), onward=again),))

    caller = calls(house, Round((house.carla,), onward=again))
    assert caller.told_ == ["hangup loop"]
    assert not house.switch.calls


def test_a_phone_that_sends_the_call_on_itself_knows_better_than_its_line(house: House) -> None:
    asking = Asking(Plan((Round((house.carla,), 30),)))
    calls(house, Round((house.ben_desk,), onward=asking))
    house.switch.tell(house.ben_desk.leg, Asked(Redirect("104")), 1)
    house.switch.tell(house.ben_desk.leg, Gone(Cause.NO_ANSWER), 1)
    assert rings(house.dora)
    assert not asking.causes


def test_after_a_transfer_the_line_of_whom_it_went_to_decides_where_it_goes_then(house: House) -> None:
    house.switch.incoming(house.anna, "102", 0)
    house.answers(house.ben_desk.leg, 1)
    house.plans["200"] = Plan((Round((house.carla,), onward=to(house.dora)),))
    house.switch.transfer(house.ben_desk.leg.id, "200", 2)
    house.switch.tell(house.carla.leg, Gone(Cause.BUSY), 3)
    assert rings(house.dora)
    assert house.dora.leg.shown == "Anna"


def test_somebody_rang_so_the_caller_is_not_told_that_nothing_can_ring(house: House) -> None:
    house.carla.is_reachable = False
    caller = calls(house, Round((house.carla,), 20), Round((house.ben_desk,), 20))
    house.switch.tick(20)
    assert caller.told_ == ["hangup no-answer"]


# ---- one diversion, and a chain of them


def test_a_diversion_is_told_once_however_many_rounds_it_means(house: House) -> None:
    via, service = Via("diverted", Party("102", "Ben", "ben")), Party("300", "Team")
    rounds = [Round((device,), 10, via, service) for device in (house.carla, house.dora)]
    calls(house, *rounds)
    house.switch.tick(10)
    assert rings(house.dora)
    assert [(m.party.user, m.other.number) for m in house.moments if m.what is What.DIVERTED] == [
        ("ben", "300")
    ]


def test_everybody_is_named_through_whose_diversions_a_call_has_gone(house: House) -> None:
    ben, carla = Party("102", "Ben", "ben"), Party("103", "Carla", "carla")
    via = Via("diverted", carla)
    calls(house, Round((house.dora,), 10, via, house.dora.party, passed=(ben,)))
    told = [m for m in house.moments if m.what is What.DIVERTED]
    assert [(m.party.user, m.other.user) for m in told] == [("ben", "carla"), ("carla", "dora")]
    assert [m.via for m in told] == [Via("diverted", ben), Via("diverted", carla)]


def test_who_diverts_to_a_group_is_named_though_it_rings_for_the_group(house: House) -> None:
    service = Party("200", "Service")
    calls(
        house, Round((house.dora,), 10, Via("group", service), service, passed=(Party("102", "Ben", "ben"),))
    )
    told = [m for m in house.moments if m.what is What.DIVERTED]
    assert [(m.party.user, m.other) for m in told] == [("ben", service)]
    assert house.dora.leg.told_ == ["ring from Anna"]


def test_who_sends_a_call_on_to_somebody_with_a_diversion_is_named_beside_them(house: House) -> None:
    dora = Party("104", "Dora", "dora")
    house.plans["104"] = Plan(
        (Round((house.carla,), 10, Via("diverted", dora), house.carla.party),), called=dora
    )
    call = house.switch.incoming(house.anna, "102", 0)
    house.switch.redirect(call, "ben", "104", 1)
    told = [m for m in house.moments if m.what is What.DIVERTED]
    assert [(m.party.user, m.other.user) for m in told] == [("ben", "dora"), ("dora", "carla")]


def test_nobody_diverts_to_themselves_though_named_twice_in_a_row(house: House) -> None:
    ben = Party("102", "Ben", "ben")
    calls(house, Round((house.dora,), 10, Via("diverted", ben), house.dora.party, passed=(ben,)))
    told = [m for m in house.moments if m.what is What.DIVERTED]
    assert [(m.party.user, m.other.user) for m in told] == [("ben", "dora")]


# ---- pauses


def test_a_round_without_devices_is_a_pause(house: House) -> None:
    caller = calls(house, Round((), 4), Round((house.ben_desk,), 20))
    assert not house.ben_desk.legs
    house.switch.tick(3.9)
    assert not house.ben_desk.legs
    house.switch.tick(4)
    assert rings(house.ben_desk)
    assert caller.told_ == []


def test_after_a_pause_with_nothing_behind_it_the_caller_hears_what_was_planned(house: House) -> None:
    caller = calls(house, Round((), 4), otherwise=Cause.INCOMPLETE)
    assert caller.told_ == []
    house.switch.tick(4)
    assert caller.told_ == ["hangup incomplete"]


def test_who_has_dialled_from_the_page_sees_that_the_call_goes_on_in_a_pause(house: House) -> None:
    house.plans["200"] = Plan((Round((), 4), Round((house.ben_desk,), 20)))
    house.switch.dial(house.desk, "200", 0)
    house.answers(house.desk.leg, 1)
    assert house.view.state == "ringing"
    assert house.hears(house.desk.leg) == {"ringback"}


def test_who_hangs_up_in_a_pause_ends_the_call(house: House) -> None:
    calls(house, Round((), 4), Round((house.ben_desk,), 20))
    house.switch.tell(house.anna, Gone(Cause.CANCELLED), 2)
    house.switch.tick(4)
    assert not house.ben_desk.legs
    assert not house.switch.calls


def test_rounds_of_no_time_at_all_pass_in_one_tick(house: House) -> None:
    caller = calls(house, Round((), 0), Round((house.ben_desk,), 0), Round((), 0), otherwise=Cause.INCOMPLETE)
    house.switch.tick(0)
    assert caller.told_ == ["hangup incomplete"]


# ---- manners


def test_a_delayed_device_rings_after_the_others(house: House) -> None:
    calls(house, with_mobile(house, delay=5))
    assert rings(house.ben_desk)
    assert not house.mobile.legs
    assert house.switch.next_timeout() == 5
    house.switch.tick(5)
    assert house.mobile.leg.told_ == ["ring from Anna"]
    house.answers(house.mobile.leg, 8)
    assert house.hears(house.anna) == {"ben-mobile"}
    assert house.ben_desk.leg.told_[-1] == "hangup answered-elsewhere"


def test_a_delayed_device_stays_silent_when_another_has_answered(house: House) -> None:
    calls(house, with_mobile(house, delay=5))
    house.answers(house.ben_desk.leg, 4)
    house.switch.tick(5)
    assert not house.mobile.legs


def test_a_delayed_device_stays_silent_while_an_answer_waits_for_the_record() -> None:
    house = House(recorded=True)
    house.plans["200"] = Plan((with_mobile(house, delay=5),))
    house.switch.incoming(house.anna, "200", 0)
    house.answers(house.ben_desk.leg, 4.99)
    house.switch.tick(5)
    assert not house.mobile.legs
    house.switch.tell(house.ben_desk.leg, Gone(Cause.LOST), 5.01)
    house.switch.tick(5.02)
    assert rings(house.mobile)


def test_refusals_of_the_others_do_not_end_a_round_in_which_a_device_is_yet_to_ring(house: House) -> None:
    asking = Asking()
    caller = calls(house, with_mobile(house, asking, delay=5))
    house.switch.tell(house.ben_desk.leg, Gone(Cause.BUSY), 1)
    assert caller.told_ == []
    house.switch.tick(5)
    assert rings(house.mobile)
    house.switch.tell(house.mobile.leg, Gone(Cause.NO_ANSWER), 9)
    assert asking.causes == [Cause.BUSY]


def test_who_declines_is_not_rung_on_the_mobile_a_moment_later(house: House) -> None:
    asking = Asking()
    caller = calls(house, with_mobile(house, asking, delay=5))
    house.switch.tell(house.ben_desk.leg, Gone(Cause.DECLINED), 1)
    assert asking.causes == [Cause.DECLINED]
    assert caller.told_ == ["hangup declined"]
    house.switch.tick(5)
    assert not house.mobile.legs


def test_who_sends_the_call_on_is_not_rung_on_the_mobile_a_moment_later(house: House) -> None:
    house.plans["200"] = Plan((with_mobile(house, delay=5),))
    call = house.switch.incoming(house.anna, "200", 0)
    house.switch.redirect(call, "ben", "104", 1)
    house.switch.tick(5)
    assert not house.mobile.legs
    assert rings(house.dora)


def test_one_who_declines_in_a_group_silences_nobody_else(house: House) -> None:
    manners = {"ben-mobile": Manner(delay=5), "dora-desk": Manner(delay=5)}
    calls(house, Round((house.ben_desk, house.carla, house.mobile, house.dora), 30, manners=manners))
    house.switch.tell(house.ben_desk.leg, Gone(Cause.DECLINED), 1)
    assert rings(house.carla)
    house.switch.tick(5)
    assert rings(house.dora)
    assert not house.mobile.legs


def test_a_device_whose_time_would_come_after_the_round_is_not_waited_for(house: House) -> None:
    caller = calls(house, with_mobile(house, delay=30))
    house.switch.tell(house.ben_desk.leg, Gone(Cause.BUSY), 1)
    assert caller.told_ == ["hangup busy"]


def test_when_only_devices_that_ring_later_are_left_and_none_can_the_round_is_over(house: House) -> None:
    house.mobile.is_reachable = False
    asking = Asking()
    calls(house, with_mobile(house, asking, delay=5))
    house.switch.tell(house.ben_desk.leg, Gone(Cause.NO_ANSWER), 1)
    house.switch.tick(5)
    assert asking.causes == [Cause.UNREACHABLE]


def test_a_device_that_is_no_longer_ours_does_not_begin_to_ring(house: House) -> None:
    caller = calls(house, with_mobile(house, delay=5))
    house.switch.forget("ben-mobile", 1)
    house.switch.tell(house.ben_desk.leg, Gone(Cause.BUSY), 2)
    assert caller.told_ == ["hangup busy"]


def test_two_devices_begin_at_their_own_times_and_two_at_the_same(house: House) -> None:
    manners = {"ben-mobile": Manner(delay=5), "carla-desk": Manner(delay=5), "dora-desk": Manner(delay=8)}
    calls(house, Round((house.ben_desk, house.mobile, house.carla, house.dora), 30, manners=manners))
    house.switch.tick(5)
    assert [rings(device) for device in (house.mobile, house.carla, house.dora)] == [True, True, False]
    house.switch.tick(8)
    assert rings(house.dora)


def test_an_answer_that_comes_too_soon_is_a_mailbox_and_does_not_answer_the_call(house: House) -> None:
    calls(house, with_mobile(house, min_alert=4))
    house.answers(house.mobile.leg, 3.9)
    assert house.mobile.leg.told_[-1] == "hangup no-answer"
    assert house.anna.told_ == []
    assert house.view.state == "ringing"
    house.answers(house.ben_desk.leg, 8)
    assert house.hears(house.anna) == {"ben-desk"}


def test_the_time_in_which_no_answer_is_believed_begins_with_the_first_ringing(house: House) -> None:
    calls(house, with_mobile(house, min_alert=4))
    house.switch.tell(house.mobile.leg, Ringing(), 3)
    house.switch.tell(house.mobile.leg, Ringing(), 6)
    house.answers(house.mobile.leg, 6.9)
    assert house.mobile.leg.told_[-1] == "hangup no-answer"


def test_an_answer_after_enough_ringing_is_believed(house: House) -> None:
    calls(house, with_mobile(house, min_alert=4))
    house.switch.tell(house.mobile.leg, Ringing(), 3)
    house.answers(house.mobile.leg, 7)
    assert house.hears(house.anna) == {"ben-mobile"}


def test_a_mailbox_alone_means_that_nobody_has_answered(house: House) -> None:
    house.ben_desk.is_reachable = False
    asking = Asking()
    caller = calls(house, with_mobile(house, asking, min_alert=4))
    house.answers(house.mobile.leg, 1)
    assert asking.causes == [Cause.NO_ANSWER]
    assert caller.told_ == ["hangup no-answer"]


def test_a_device_may_ring_for_a_shorter_time_than_the_others(house: House) -> None:
    calls(house, with_mobile(house, max_alert=10))
    house.switch.tell(house.mobile.leg, Ringing(), 2)
    house.switch.tick(10)
    assert rings(house.mobile)
    assert house.switch.next_timeout() == 12
    house.switch.tick(12)
    assert house.mobile.leg.told_[-1] == "hangup no-answer"
    assert rings(house.ben_desk)


def test_a_device_that_never_says_that_it_rings_is_given_up_all_the_same(house: House) -> None:
    calls(house, with_mobile(house, delay=5, max_alert=10))
    house.switch.tick(5)
    house.switch.tick(15)
    assert house.mobile.leg.told_[-1] == "hangup no-answer"


def test_who_talks_is_not_cut_off_when_ringing_would_have_ended(house: House) -> None:
    calls(house, with_mobile(house, max_alert=10))
    house.answers(house.mobile.leg, 3)
    house.switch.tick(40)
    assert house.hears(house.anna) == {"ben-mobile"}


def test_devices_that_ring_later_are_rung_for_whoever_waits_then(house: House) -> None:
    house.switch.incoming(house.anna, "102", 0)
    house.answers(house.ben_desk.leg, 1)
    house.plans["200"] = Plan((Round((house.carla, house.dora), manners={"dora-desk": Manner(delay=5)}),))
    consulting = FakeLeg(house.ben_desk.party)
    house.switch.incoming(consulting, "200", 2)
    house.switch.connect(house.ben_desk.leg.id, consulting.id, 4)
    house.switch.tick(7)
    assert house.dora.leg.told_ == ["ring from Anna"]


def test_no_more_legs_ring_than_may_though_some_ring_later() -> None:
    house = House(ringing_legs=2)
    house.mobile.contacts = 3
    house.plans["200"] = Plan((with_mobile(house, delay=5),))
    house.switch.incoming(house.anna, "200", 0)
    house.switch.tick(5)
    assert [leg.told_[-1] for leg in house.mobile.legs] == ["ring from Anna"] + ["hangup overloaded"] * 2


# ---- emergencies


def test_an_emergency_call_is_made_however_many_calls_there_are() -> None:
    house = House(calls=1, ringing_legs=0)
    house.switch.incoming(FakeLeg(house.dora.party), "104", 0)
    house.plans["112"] = Plan((Round((house.line,)),), emergency=True)
    house.switch.dial(house.desk, "112", 1)
    house.answers(house.desk.leg, 2)
    assert rings(house.line)
    with pytest.raises(Cannot) as full:
        house.switch.dial(house.desk, "0301234", 3)
    assert full.value.cause is Cause.OVERLOADED


# ---- what goes wrong at the same moment


def test_a_round_that_ends_while_an_answer_waits_ends_when_nothing_comes_of_that_answer() -> None:
    house = House(recorded=True)
    house.switch.incoming(house.anna, "102", 0)
    house.answers(house.ben_desk.leg, 29.98)
    house.switch.tick(30)
    house.switch.tell(house.ben_desk.leg, Gone(Cause.LOST), 30.01)
    house.switch.tick(31)
    assert house.ben_browser.leg.told_[-1] == "hangup no-answer"
    assert not house.switch.calls


def test_an_answer_that_waits_is_forgotten_when_its_user_sends_the_call_on() -> None:
    house = House(recorded=True)
    call = house.switch.incoming(house.anna, "102", 0)
    house.answers(house.ben_browser.leg, 1)
    house.switch.redirect(call, "ben", "104", 1.01)
    house.answers(house.dora.leg, 1.02)
    house.switch.tick(1.1)
    assert house.hears(house.anna) == {"dora-desk"}


def test_a_device_that_has_left_is_not_let_go_a_second_time(house: House) -> None:
    house.plans["200"] = Plan((Round((house.ben_desk,), 40), Round((house.carla,), 40)))
    call = house.switch.incoming(house.anna, "200", 0)
    house.switch.pick_up(call, house.dora, 1)
    house.switch.tell(house.dora.leg, Gone(Cause.DECLINED), 2)
    house.switch.tick(40)
    assert rings(house.carla)
    assert house.dora.leg.told_ == ["ring from Anna by itself"]
    assert [m.cause for m in house.moments if m.what is What.LEFT and m.party.user == "dora"] == [
        Cause.DECLINED
    ]


def test_a_phone_that_is_to_fetch_a_call_cannot_send_it_on(house: House) -> None:
    house.plans["200"] = Plan((Round((house.ben_desk,), 20, onward=to(house.carla)),))
    call = house.switch.incoming(house.anna, "200", 0)
    house.switch.pick_up(call, house.dora, 1)
    house.switch.tell(house.dora.leg, Asked(Redirect("102")), 2)
    house.switch.tell(house.dora.leg, Gone(Cause.NO_ANSWER), 2)
    house.switch.tick(20)
    assert rings(house.carla)
    assert not house.ben_browser.legs


def test_who_is_to_fetch_a_call_cannot_send_it_on_from_the_page(house: House) -> None:
    call = house.switch.incoming(house.anna, "102", 0)
    house.switch.pick_up(call, house.dora, 1)
    with pytest.raises(Cannot) as why:
        house.switch.redirect(call, "dora", "103", 2)
    assert why.value.cause is Cause.NOT_RINGING
    assert rings(house.ben_desk)


# ---- who is told who has answered


def seen_by(house: House, user: str) -> list[CallView]:
    """The values of calls this user gets to see from now on."""
    seen: list[CallView] = []

    def look(_: CallView | None, new: CallView | None) -> None:
        if new is not None and user in new.audience:
            seen.append(new)

    house.feed.watch(CallView, look)
    return seen


def picked_up(house: House, call: str) -> None:
    house.switch.pick_up(call, house.dora, 1)
    house.answers(house.dora.leg, 2)


def answered_by_another_of_the_group(house: House, call: str) -> None:
    house.answers(house.carla.leg, 2)


@pytest.mark.parametrize(
    ("takes", "cause", "who"),
    [
        (picked_up, Cause.PICKED_UP, "dora"),
        (answered_by_another_of_the_group, Cause.ANSWERED_ELSEWHERE, "carla"),
    ],
)
def test_a_user_whose_call_another_takes_sees_it_a_last_time_with_who_took_it(
    house: House, takes: Callable[[House, str], None], cause: Cause, who: str
) -> None:
    house.plans["200"] = Plan((Round((house.ben_desk, house.carla)),))
    call = house.switch.incoming(house.anna, "200", 0)
    seen = seen_by(house, "ben")
    takes(house, call)
    assert [leg.cause for leg in seen[-1].legs if leg.party.user == "ben"] == [cause]
    assert {leg.party.user for leg in seen[-1].legs if leg.state == "talking"} == {"anna", who}
    house.switch.hold(house.anna.id, True, 3)
    assert seen[-1].legs[0].holding is False, "and no more of it"
