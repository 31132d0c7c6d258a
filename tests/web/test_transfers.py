"""Moving calls from the page: to others, to each other, to a place, to another device; and who may not."""

import asyncio
from typing import Any

import pytest

from offhook.calls.view import CallView
from offhook.people.directory import User
from tests.web.house import Page, Served, offer
from tests.web.office import ANNA, ANNA_DESK, BEN, BEN_DESK, CARLA, CARLA_DESK
from tests.web.test_calls import own, rings_at_ben, talking

MUNICH = """
[[node]]
name = "munich"
number = "7"

[[user]]
username = "max"
name = "Max Huber"
number = "102"
node = "munich"
"""


async def sales(served: Served, *members: User, passive: tuple[User, ...] = ()) -> None:
    """These users, and nobody else, are in a group."""
    active = [user.username for user in members if user not in passive]
    listed = [user.username for user in passive]
    await served.house.configure(f'[[group]]\nname = "Sales"\nmembers = {active}\npassive = {listed}\n')


def state(served: Served) -> list[CallView]:
    """All that the world knows of calls."""
    calls = served.house.switch.calls
    return [view for view in (served.house.feed.get(CallView, id) for id in calls) if view is not None]


def picks_up(served: Served, user: User) -> None:
    """The desk phone of this user, which rings, is lifted."""
    served.house.desks[user.id].legs[-1].picks_up()


async def sees_leg(page: Page, call: str, **wanted: Any) -> dict[str, Any]:
    """Wait until a leg of this call has these values; `user` and `device` are its party's."""
    while True:
        for leg in page.mirror.get(("call", call), {"legs": []})["legs"]:
            found = {**leg, "user": leg["party"]["user"], "device": leg["party"]["device"]}
            if all(found[key] == wanted[key] for key in wanted):
                return dict(leg)
        page.takes(await page.hears())


async def calls_carla(served: Served, ben: Page) -> dict[str, Any]:
    """Ben holds what he has and calls Carla, from his browser; her desk phone answers."""
    call = await rings_at_carla(served, ben)
    picks_up(served, CARLA)
    return await ben.sees("call", id=call, state="talking")


async def rings_at_carla(served: Served, ben: Page) -> str:
    (first,) = [id for kind, id in ben.mirror if kind == "call"]
    await ben.asks("call.hold", call=first, holding=True)
    dialled = (await ben.asks("call.dial", to="103", device=BEN.device))["ok"]
    await ben.asks("leg.attach", leg=dialled["leg"], sdp=offer(3))
    call: str = dialled["call"]
    await ben.sees("call", id=call, state="ringing")
    return call


# ---- answering and sending on


async def test_a_desk_phone_that_can_be_told_to_answers_from_the_page(served: Served) -> None:
    anna, ben, call = await rings_at_ben(served)
    assert "ok" in await ben.asks("call.answer", call=call["id"], device=BEN_DESK)
    assert served.house.desks[BEN.id].legs[-1].told_of[-1] == "pick up"
    seen = await anna.sees("call", state="talking")
    assert own(seen, BEN_DESK)["state"] == "talking"
    assert own(seen, BEN.device)["sentence"] == "The call was answered on another device."


async def test_a_phone_that_cannot_be_told_to_answer_is_said_to_need_a_hand(served: Served) -> None:
    _, ben, call = await rings_at_ben(served)
    served.house.desks[BEN.id].legs[-1].takes_orders = False
    refused = await ben.asks("call.answer", call=call["id"], device=BEN_DESK)
    assert refused["refused"] == "no-remote"
    assert "lift its handset" in refused["text"]


async def test_a_ringing_call_is_sent_on_to_somebody_else(served: Served) -> None:
    anna, ben, call = await rings_at_ben(served)
    assert "ok" in await ben.asks("call.redirect", call=call["id"], to="103")
    await ben.loses("call", call["id"])
    rings = await sees_leg(anna, call["id"], device=CARLA_DESK, state="ringing")
    assert (rings["via"]["how"], rings["via"]["by"]["user"]) == ("diverted", BEN.id)


def party(user: User, device: str = "") -> dict[str, str]:
    return {"number": user.number, "name": user.name, "user": user.id, "device": device}


async def test_what_does_not_ring_here_cannot_be_sent_on(served: Served) -> None:
    anna, _, call = await rings_at_ben(served)
    before = state(served)
    assert (await anna.asks("call.redirect", call=call["id"], to="103"))["refused"] == "not-ringing"
    assert state(served) == before


# ---- transfer


async def test_a_call_is_put_through_blind(served: Served) -> None:
    anna, ben, call = await talking(served)
    assert "ok" in await ben.asks("call.transfer", call=call["id"], to="1-03")
    await ben.loses("call", call["id"])
    picks_up(served, CARLA)
    carla = await sees_leg(anna, call["id"], device=CARLA_DESK, state="talking")
    assert (carla["via"]["how"], carla["via"]["by"]["user"]) == ("transferred", BEN.id)
    assert carla["since"] == served.house.time.unix()


@pytest.mark.parametrize(
    ("to", "why"),
    [("999", "unknown-number"), ("", "unknown-number"), ("*21", "unknown-number"), ("*42", "forbidden")],
)
async def test_a_transfer_that_cannot_be_leaves_the_call_as_it_was(served: Served, to: str, why: str) -> None:
    _, ben, call = await talking(served)
    before = state(served)
    assert (await ben.asks("call.transfer", call=call["id"], to=to))["refused"] == why
    assert state(served) == before


async def test_nobody_can_be_put_through_before_somebody_has_answered(served: Served) -> None:
    anna, ben, call = await rings_at_ben(served)
    before = state(served)
    for page in (anna, ben):
        refused = await page.asks("call.transfer", call=call["id"], to="103")
        assert (refused["refused"], refused["text"]) == ("not-talking", "Nobody has answered yet.")
    assert state(served) == before


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("answered", [False, True])
async def test_two_calls_are_connected_even_while_the_other_still_rings(
    served: Served, answered: bool, swapped: bool
) -> None:
    anna, ben, call = await talking(served)
    other = (await calls_carla(served, ben))["id"] if answered else await rings_at_carla(served, ben)
    first, second = (other, call["id"]) if swapped else (call["id"], other)
    assert "ok" in await ben.asks("call.connect", call=first, other=second)
    await ben.loses("call", call["id"])
    await ben.loses("call", other)
    if not answered:
        picks_up(served, CARLA)
    (together,) = served.house.switch.calls
    await sees_leg(anna, together, device=CARLA_DESK, state="talking")
    await sees_leg(anna, together, device=ANNA.device, state="talking")


async def test_after_a_transfer_a_reloaded_page_finds_its_sound_in_the_new_call(served: Served) -> None:
    anna, ben, call = await talking(served)
    other = await calls_carla(served, ben)
    await ben.asks("call.connect", call=call["id"], other=other["id"])
    (together,) = served.house.switch.calls
    leg = (await sees_leg(anna, together, device=ANNA.device, state="talking"))["id"]
    await anna.socket.close()
    back = await served.tab(ANNA, anna.name, sound=True)
    assert back.mirror["attachment", leg] == {"id": leg, "tab": anna.name}
    assert "ok" in await back.asks("leg.attach", leg=leg, sdp=offer(4))
    bridge = next(bridge for bridge in served.house.engine.bridges if bridge.members)
    assert len(bridge.members) == 2
    assert served.house.engine.open_ports[-1] in bridge.members


# ---- three


async def test_two_calls_become_one_of_three_and_two_again(served: Served) -> None:
    anna, ben, call = await talking(served)
    other = await calls_carla(served, ben)
    assert "ok" in await ben.asks("call.join", call=call["id"], other=other["id"])
    (together,) = served.house.switch.calls
    for user in (ANNA, BEN, CARLA):
        carla = await sees_leg(anna, together, user=user.id, state="talking")
    assert "ok" in await ben.asks("call.part", call=together, leg=carla["id"])
    waiting = await ben.sees("parked")
    assert waiting["party"]["user"] == CARLA.id
    assert waiting["place"] == {"user": BEN.id, "number": "102", "slot": ""}
    back = (await ben.asks("call.retrieve", call=waiting["id"], device=BEN_DESK))["ok"]
    picks_up(served, BEN)
    await ben.sees("call", id=back["call"], state="talking")
    await ben.loses("parked", waiting["id"])


async def test_a_call_is_not_joined_or_connected_with_itself(served: Served) -> None:
    _, ben, call = await talking(served)
    before = state(served)
    for word in ("call.join", "call.connect"):
        assert (await ben.asks(word, call=call["id"], other=call["id"]))["refused"] == "same-call"
    assert state(served) == before


async def test_a_call_of_two_cannot_be_taken_apart(served: Served) -> None:
    _, ben, call = await talking(served)
    before = state(served)
    theirs, mine = own(call, ANNA.device)["id"], own(call, BEN.device)["id"]
    assert (await ben.asks("call.part", call=call["id"], leg=theirs))["refused"] == "not-a-pair"
    assert (await ben.asks("call.part", call=call["id"], leg=mine))["refused"] == "not-a-pair"
    assert (await ben.asks("call.part", call=call["id"], leg="hq.7.99"))["refused"] == "unknown-call"
    assert state(served) == before


# ---- parking


async def test_a_call_is_parked_at_the_first_free_slot_and_taken_back(served: Served) -> None:
    anna, ben, call = await talking(served)
    assert (await ben.asks("call.park", call=call["id"]))["ok"] == {"number": "102", "slot": "0"}
    await ben.loses("call", call["id"])
    parked = await ben.sees("parked", id=call["id"])
    assert parked["party"] == party(ANNA, ANNA.device)
    assert parked["by"] == party(BEN, BEN.device)
    seen = await anna.sees("call", state="parked")
    assert seen["parked"] == {"user": BEN.id, "number": "102", "slot": "0"}
    taken = (await ben.asks("call.retrieve", call=call["id"], device=BEN.device))["ok"]
    await ben.asks("leg.attach", leg=taken["leg"], sdp=offer(5))
    seen = await anna.sees("call", state="talking")
    assert next(leg for leg in seen["legs"] if leg["id"] == taken["leg"])["via"]["how"] == "retrieved"
    await ben.loses("parked", call["id"])


async def test_a_slot_that_is_taken_is_refused_and_both_calls_stay(served: Served) -> None:
    _, ben, call = await talking(served)
    await ben.asks("call.park", call=call["id"], slot="3")
    other = (await ben.asks("call.dial", to="103", device=BEN.device))["ok"]
    await ben.asks("leg.attach", leg=other["leg"], sdp=offer(3))
    picks_up(served, CARLA)
    await ben.sees("call", id=other["call"], state="talking")
    before = state(served)
    assert (await ben.asks("call.park", call=other["call"], slot="3"))["refused"] == "occupied"
    assert (await ben.asks("call.park", call=other["call"], number="999"))["refused"] == "unknown-number"
    for slot in ("10", "x", "1\n", -1):
        assert (await ben.asks("call.park", call=other["call"], slot=slot))["refused"] == "malformed"
    assert state(served) == before


async def test_a_call_parked_at_somebodys_position_is_theirs_and_ones_own_to_take(served: Served) -> None:
    anna, ben, call = await talking(served)
    carla = await served.tab(CARLA, sound=True)
    assert (await ben.asks("call.park", call=call["id"], slot="7", number="103"))["ok"]["number"] == "103"
    parked = await carla.sees("parked", id=call["id"])
    assert parked == await ben.sees("parked", id=call["id"])
    assert "ok" in await carla.asks("call.retrieve", call=call["id"], device=CARLA_DESK)
    picks_up(served, CARLA)
    await anna.sees("call", state="talking")


async def test_a_colleague_in_another_node_is_parked_at_by_what_is_dialled_from_here(served: Served) -> None:
    await served.house.configure(MUNICH)
    colleague = served.house.directory.by_number("102", "munich")
    assert colleague is not None
    _, ben, call = await talking(served)
    parked = (await ben.asks("call.park", call=call["id"], slot="7", number="7 102"))["ok"]
    assert parked == {"number": "7102", "slot": "7"}
    place = (await ben.sees("parked", id=call["id"]))["place"]
    assert (place["user"], place["slot"]) == (colleague.id, "7")


async def test_who_shares_a_group_with_the_place_takes_what_lies_there(served: Served) -> None:
    anna, ben, call = await talking(served)
    await sales(served, BEN, CARLA)
    carla = await served.tab(CARLA)
    await ben.asks("call.park", call=call["id"])
    await carla.sees("parked", id=call["id"])
    assert "ok" in await carla.asks("call.retrieve", call=call["id"], device=CARLA_DESK)
    picks_up(served, CARLA)
    await anna.sees("call", state="talking")
    await carla.loses("parked", call["id"])


@pytest.mark.parametrize("passive", [(BEN,), (CARLA,), ()])
async def test_nobody_else_sees_or_takes_it(served: Served, passive: tuple[User, ...]) -> None:
    _, ben, call = await talking(served)
    await sales(served, *((BEN, CARLA) if passive else (CARLA, ANNA)), passive=passive)
    carla = await served.tab(CARLA)
    await ben.asks("call.park", call=call["id"])
    before = state(served)
    refused = await carla.asks("call.retrieve", call=call["id"], device=CARLA_DESK)
    assert (refused["refused"], refused["text"]) == ("nothing-parked", "No call is parked there.")
    assert state(served) == before
    assert ("parked", call["id"]) not in carla.mirror


# ---- pick-up


async def test_a_colleagues_call_is_picked_up(served: Served) -> None:
    await sales(served, BEN, CARLA)
    carla = await served.tab(CARLA)
    anna, ben, call = await rings_at_ben(served)
    waiting = await carla.sees("waiting", id=call["id"])
    assert (waiting["caller"], waiting["called"]) == (party(ANNA, ANNA.device), party(BEN))
    assert (await carla.asks("call.pickup", call=call["id"], device=CARLA_DESK))["ok"]["call"] == call["id"]
    picks_up(served, CARLA)
    taken = await sees_leg(anna, call["id"], device=CARLA_DESK, state="talking")
    assert (taken["via"]["how"], taken["via"]["by"]["user"]) == ("picked-up", BEN.id)
    assert (await sees_leg(anna, call["id"], device=BEN.device, state="gone"))["cause"] == "picked-up"
    await carla.loses("waiting", call["id"])
    last = await sees_leg(ben, call["id"], device=BEN.device, state="gone")
    assert last["cause"] == "picked-up", "who has taken it reaches Ben, before the call is gone for him"
    assert own(ben.mirror["call", call["id"]], CARLA_DESK)["state"] == "talking"
    await ben.loses("call", call["id"])


async def test_who_comes_into_the_group_may_pick_up_and_who_leaves_may_not(served: Served) -> None:
    await sales(served, BEN)
    carla = await served.tab(CARLA)
    _, _, call = await rings_at_ben(served)
    await sales(served, BEN, CARLA)
    await carla.sees("waiting", id=call["id"])
    await sales(served, BEN)
    await carla.loses("waiting", call["id"])
    before = state(served)
    assert (await carla.asks("call.pickup", call=call["id"], device=CARLA_DESK))["refused"] == "nothing-rings"
    assert state(served) == before


@pytest.mark.parametrize("passive", [(BEN,), (CARLA,), ()])
async def test_nobody_else_picks_up(served: Served, passive: tuple[User, ...]) -> None:
    await sales(served, *((BEN, CARLA) if passive else (CARLA, ANNA)), passive=passive)
    carla = await served.tab(CARLA)
    _, _, call = await rings_at_ben(served)
    before = state(served)
    refused = await carla.asks("call.pickup", call=call["id"], device=CARLA_DESK)
    assert (refused["refused"], refused["text"]) == (
        "nothing-rings",
        "Nothing rings there that you could pick up.",
    )
    assert state(served) == before


async def test_the_caller_cannot_pick_up_what_he_calls(served: Served) -> None:
    anna, _, call = await rings_at_ben(served)
    before = state(served)
    assert (await anna.asks("call.pickup", call=call["id"], device=ANNA_DESK))["refused"] == "nothing-rings"
    assert state(served) == before


async def test_nobody_picks_up_or_retrieves_a_call_they_are_in_already(served: Served) -> None:
    await sales(served, ANNA, BEN)
    anna, ben, call = await rings_at_ben(served)
    before = state(served)
    assert (await anna.asks("call.pickup", call=call["id"], device=ANNA_DESK))["refused"] == "same-call"
    assert state(served) == before
    await ben.asks("leg.attach", leg=own(call, BEN.device)["id"], sdp=offer(2))
    await ben.asks("call.park", call=call["id"])
    before = state(served)
    assert (await anna.asks("call.retrieve", call=call["id"], device=ANNA_DESK))["refused"] == "same-call"
    assert state(served) == before


# ---- another device


async def test_a_call_moves_to_ones_desk_phone_and_the_other_side_stays(served: Served) -> None:
    anna, ben, call = await talking(served)
    moved = (await ben.asks("call.move", call=call["id"], device=BEN_DESK))["ok"]
    picks_up(served, BEN)
    while own(anna.mirror["call", call["id"]], BEN.device)["state"] != "gone":
        anna.takes(await anna.hears())
    seen = anna.mirror["call", call["id"]]
    assert seen["state"] == "talking"
    assert next(leg for leg in seen["legs"] if leg["id"] == moved["leg"])["via"]["how"] == "moved"


async def test_a_call_moves_nowhere_else(served: Served) -> None:
    _, ben, call = await talking(served)
    before = state(served)
    for device, why in ((BEN.device, "same-device"), (CARLA_DESK, "unknown-device"), ("x", "unknown-device")):
        assert (await ben.asks("call.move", call=call["id"], device=device))["refused"] == why
    served.house.desks[BEN.id].is_reachable = False
    assert state(served) == before


# ---- hands off


def moves(call: str, leg: str, desk: str) -> list[dict[str, Any]]:
    """Everything a page can ask for that concerns a call."""
    return [
        {"do": "call.answer", "call": call, "device": desk},
        {"do": "call.decline", "call": call},
        {"do": "call.hangup", "call": call},
        {"do": "call.hold", "call": call, "holding": True},
        {"do": "call.mute", "call": call, "muted": True},
        {"do": "call.digits", "call": call, "keys": "1"},
        {"do": "call.redirect", "call": call, "to": "103"},
        {"do": "call.transfer", "call": call, "to": "103"},
        {"do": "call.connect", "call": call, "other": "hq.7.1"},
        {"do": "call.join", "call": call, "other": "hq.7.1"},
        {"do": "call.part", "call": call, "leg": leg},
        {"do": "call.park", "call": call},
        {"do": "call.retrieve", "call": call, "device": desk},
        {"do": "call.pickup", "call": call, "device": desk},
        {"do": "call.move", "call": call, "device": desk},
        {"do": "leg.attach", "leg": leg, "sdp": offer(9)},
    ]


FITTING = {"unknown-call", "nothing-parked", "nothing-rings"}


@pytest.mark.parametrize("rings", [True, False])
async def test_the_calls_of_others_are_out_of_reach(served: Served, rings: bool) -> None:
    await sales(served, ANNA, CARLA)
    _, _, call = await (rings_at_ben(served) if rings else talking(served))
    carla = await served.tab(CARLA, sound=True)
    before, ports = state(served), list(served.house.engine.open_ports)
    for ask in moves(call["id"], own(call, BEN.device)["id"], CARLA_DESK):
        answer = await carla.asks(**ask)
        assert answer.get("refused") in FITTING, (ask, answer)
        assert answer["text"].endswith("."), answer
    assert state(served) == before
    assert served.house.engine.open_ports == ports


async def test_ones_own_call_takes_no_devices_and_no_calls_of_others(served: Served) -> None:
    _, ben, call = await talking(served)
    carla = await served.tab(CARLA, sound=True)
    foreign = (await carla.asks("call.dial", to="999", device=CARLA.device)).get("ok")
    assert foreign is None
    foreign = (await carla.asks("call.dial", to="101", device=CARLA.device))["ok"]
    before = state(served)
    for ask in (
        {"do": "call.connect", "call": call["id"], "other": foreign["call"]},
        {"do": "call.connect", "call": foreign["call"], "other": call["id"]},
        {"do": "call.join", "call": call["id"], "other": foreign["call"]},
        {"do": "call.part", "call": call["id"], "leg": foreign["leg"]},
        {"do": "call.move", "call": call["id"], "device": CARLA_DESK},
        {"do": "call.answer", "call": call["id"], "device": CARLA_DESK},
    ):
        assert (await ben.asks(**ask)).get("refused") in FITTING | {"unknown-device"}, ask
    assert state(served) == before


async def test_a_call_that_is_over_takes_no_orders(served: Served) -> None:
    anna, ben, call = await talking(served)
    await anna.asks("call.hangup", call=call["id"])
    await ben.loses("call", call["id"])
    for ask in moves(call["id"], own(call, BEN.device)["id"], BEN_DESK):
        answer = await ben.asks(**ask)
        assert answer.get("refused") in FITTING, (ask, answer)
    assert state(served) == []
    assert served.house.engine.open_ports == []


# ---- two tabs at once


async def both(one: Page, other: Page, ask: dict[str, Any]) -> list[str]:
    """What each is told when both ask for the same at the same moment: "" if granted."""
    await asyncio.gather(one.says({"id": 900, "ask": ask}), other.says({"id": 900, "ask": ask}))
    told = []
    for page in (one, other):
        while (line := await page.hears()).get("id") != 900 or ("ok" not in line and "refused" not in line):
            page.takes(line)
        told.append(line.get("refused", ""))
    return sorted(told)


@pytest.mark.parametrize(
    ("word", "fields", "why"),
    [
        ("call.transfer", {"to": "103"}, {"unknown-call"}),
        ("call.park", {"slot": "3"}, {"unknown-call"}),
        ("call.hangup", {}, {"unknown-call"}),
    ],
)
async def test_of_two_tabs_that_end_a_call_the_second_hears_that_it_is_over(
    served: Served, word: str, fields: dict[str, str], why: set[str]
) -> None:
    _, ben, call = await talking(served)
    second = await served.tab(BEN, "tab2")
    granted, refused = await both(ben, second, {"do": word, "call": call["id"], **fields})
    assert granted == ""
    assert refused in why
    assert len(served.house.switch.calls) == (0 if word == "call.hangup" else 1)


async def test_two_tabs_that_hold_at_once_agree(served: Served) -> None:
    _, ben, call = await talking(served)
    second = await served.tab(BEN, "tab2")
    assert await both(ben, second, {"do": "call.hold", "call": call["id"], "holding": True}) == ["", ""]
    assert served.house.engine.bridges[0].sounds == ["music"]


async def test_two_tabs_that_retrieve_at_once_ring_the_phone_and_one_conversation_comes_of_it(
    served: Served,
) -> None:
    anna, ben, call = await talking(served)
    second = await served.tab(BEN, "tab2")
    await ben.asks("call.park", call=call["id"])
    await both(ben, second, {"do": "call.retrieve", "call": call["id"], "device": BEN_DESK})
    for leg in list(served.house.desks[BEN.id].legs):
        leg.picks_up()
    seen = await anna.sees("call", state="talking")
    assert sum(leg["state"] == "talking" for leg in seen["legs"]) == 2
    assert list(served.house.switch.calls) == [call["id"]]


async def test_of_two_tabs_that_answer_the_second_takes_the_sound_over(served: Served) -> None:
    _, ben, call = await rings_at_ben(served)
    second = await served.tab(BEN, "tab2", sound=True)
    leg = own(call, BEN.device)["id"]
    answers = [await tab.asks("leg.attach", leg=leg, sdp=offer(n)) for n, tab in ((2, ben), (3, second))]
    assert ["ok" in answer for answer in answers] == [True, True]
    await ben.sees("attachment", id=leg, tab="tab2")
    assert len(served.house.engine.open_ports) == 2


async def test_the_leg_whose_sound_this_tab_carries_is_meant_when_several_are_ones_own(
    served: Served,
) -> None:
    """Ben calls his own number and picks up at his desk: both ends of the call are his."""
    ben = await served.tab(BEN, sound=True)
    dialled = (await ben.asks("call.dial", to="102", device=BEN.device))["ok"]
    await ben.asks("leg.attach", leg=dialled["leg"], sdp=offer(1))
    picks_up(served, BEN)
    await ben.sees("call", state="talking")
    await ben.asks("call.mute", call=dialled["call"], muted=True)
    while not own(ben.mirror["call", dialled["call"]], BEN.device)["muted"]:
        ben.takes(await ben.hears())
    assert not own(ben.mirror["call", dialled["call"]], BEN_DESK)["muted"]


@pytest.mark.parametrize(
    ("word", "fields", "status", "refused"),
    [
        ("call.transfer", {"call": "hq.7.99", "to": "103"}, 404, "unknown-call"),
        ("call.pickup", {"call": "hq.7.99", "device": ANNA_DESK}, 404, "nothing-rings"),
        ("call.retrieve", {"call": "hq.7.99", "device": ANNA_DESK}, 404, "nothing-parked"),
        ("call.retrieve", {"call": "hq.7.99", "device": CARLA_DESK}, 404, "unknown-device"),
        ("call.join", {"call": "hq.7.99", "other": "hq.7.99"}, 409, "same-call"),
        ("call.park", {"call": "hq.7.99", "slot": "12"}, 400, "malformed"),
    ],
)
async def test_programs_are_refused_in_the_same_words(
    served: Served, word: str, fields: dict[str, str], status: int, refused: str
) -> None:
    anna = await served.signed_in(ANNA)
    answer = await anna.post(f"/api/v1/commands/{word}", json=fields)
    await anna.aclose()
    assert (answer.status_code, answer.json()["refused"]) == (status, refused)
    assert answer.json()["detail"]
