"""What people do with their calls, from the page."""

from typing import Any

import pytest

from offhook.calls.cause import Cause
from offhook.calls.media import G711, OPUS, Kind, PortFound, PortLost, PortRenegotiate
from tests.web.house import Page, Served, offer
from tests.web.office import ANNA, ANNA_DESK, BEN, CARLA, DOMAIN, OUTSIDE


async def rings_at_ben(served: Served) -> tuple[Page, Page, dict[str, Any]]:
    """Anna calls Ben from her browser; his browser and his desk phone ring."""
    anna, ben = await served.tab(ANNA, sound=True), await served.tab(BEN, sound=True)
    dialled = (await anna.asks("call.dial", to="102", device=ANNA.device))["ok"]
    await anna.asks("leg.attach", leg=dialled["leg"], sdp=offer(1))
    return anna, ben, await ben.sees("call", state="ringing")


async def talking(served: Served) -> tuple[Page, Page, dict[str, Any]]:
    anna, ben, call = await rings_at_ben(served)
    await ben.asks("leg.attach", leg=own(call, BEN.device)["id"], sdp=offer(2))
    await anna.sees("call", state="talking")
    return anna, ben, await ben.sees("call", state="talking")


def wide(connection: int) -> str:
    """What Chromium offers."""
    return offer(connection, codecs="111 9 8 0") + "a=rtpmap:111 opus/48000/2\r\n"


def own(call: dict[str, Any], device: str) -> dict[str, Any]:
    found: dict[str, Any] = next(leg for leg in call["legs"] if leg["party"]["device"] == device)
    return found


async def test_declining_silences_every_device_and_the_caller_learns_why(served: Served) -> None:
    anna, ben, call = await rings_at_ben(served)
    await ben.asks("call.decline", call=call["id"])
    await ben.loses("call", call["id"])
    assert served.house.desks[BEN.id].legs[0].told_of[-1] == "hangup DECLINED"
    closing = await anna.sees("call", state="closing")
    assert (closing["cause"], closing["sentence"]) == ("declined", "The call was declined.")
    assert served.house.engine.bridges[0].sounds == ["busy"]


async def test_the_caller_hears_our_ringback_until_somebody_answers(served: Served) -> None:
    _, ben, call = await rings_at_ben(served)
    assert served.house.engine.bridges[0].sounds == ["ringback"]
    await ben.asks("leg.attach", leg=own(call, BEN.device)["id"], sdp=offer(2))
    assert served.house.engine.bridges[0].sounds == []


async def test_hanging_up_a_call_that_rings_here_declines_it(served: Served) -> None:
    anna, ben, call = await rings_at_ben(served)
    await ben.asks("call.hangup", call=call["id"])
    assert (await anna.sees("call", state="closing"))["cause"] == "declined"


async def test_who_is_called_learns_that_the_caller_gave_up(served: Served) -> None:
    anna, ben, call = await rings_at_ben(served)
    await anna.asks("call.hangup", call=call["id"])
    assert (await ben.sees("call", state="ended"))["cause"] == "cancelled"
    await ben.loses("call", call["id"])


async def test_hanging_up_before_an_answer_takes_the_call_back(served: Served) -> None:
    anna, ben, call = await rings_at_ben(served)
    await anna.asks("call.hangup", call=call["id"])
    await ben.loses("call", call["id"])
    assert served.house.desks[BEN.id].legs[0].told_of[-1] == "hangup CANCELLED"
    assert served.house.engine.open_ports == []


async def test_hold_and_mute_are_seen_by_both_sides_and_reach_the_sound(served: Served) -> None:
    anna, ben, call = await talking(served)
    bridge = served.house.engine.bridges[0]
    await anna.asks("call.hold", call=call["id"], holding=True)
    await ben.sees("call", id=call["id"])
    while not own(ben.mirror["call", call["id"]], ANNA.device)["holding"]:
        ben.takes(await ben.hears())
    assert bridge.sounds == ["music"]
    await anna.asks("call.hold", call=call["id"], holding=False)
    assert bridge.sounds == []
    await anna.asks("call.mute", call=call["id"], muted=True)
    assert sorted(bridge.members.values()) == [(False, True), (True, True)]


async def test_keys_reach_the_other_side(served: Served) -> None:
    anna, _, call = await talking(served)
    await anna.asks("call.digits", call=call["id"], keys="12#")
    assert [port.dialled for port in served.house.engine.open_ports] == ["", "12#"]


async def test_a_call_nobody_has_answered_cannot_be_held(served: Served) -> None:
    _, ben, call = await rings_at_ben(served)
    assert (await ben.asks("call.hold", call=call["id"], holding=True))["refused"] == "not-talking"


async def test_lost_sound_is_seen_and_found_again_by_a_reloaded_page(served: Served) -> None:
    anna, ben, call = await talking(served)
    leg = own(call, BEN.device)["id"]
    port = served.house.engine.open_ports[1]
    served.house.owners[port].heard_from_port(PortLost(), served.house.time.now())
    while not own(anna.mirror["call", call["id"]], BEN.device)["lost"]:
        anna.takes(await anna.hears())
    assert served.house.engine.bridges[0].sounds == ["music"]

    await ben.socket.close()
    back = await served.tab(BEN, ben.name, sound=True)
    assert back.mirror["attachment", leg]["tab"] == ben.name
    await back.asks("leg.attach", leg=leg, sdp=offer(3))
    new = served.house.engine.open_ports[-1]
    assert new is not port
    served.house.owners[new].heard_from_port(PortFound(), served.house.time.now())
    assert served.house.engine.bridges[0].sounds == []
    assert new in served.house.engine.bridges[0].members


async def test_a_browser_that_does_not_come_back_ends_the_call(served: Served) -> None:
    anna, ben, call = await talking(served)
    port = served.house.engine.open_ports[1]
    await ben.socket.close()
    served.house.owners[port].heard_from_port(PortLost(), served.house.time.now())
    served.house.passes(31)
    await anna.loses("call", call["id"])
    assert served.house.engine.open_ports == []


async def test_the_tab_that_carries_the_sound_is_asked_for_another_coding(served: Served) -> None:
    anna, _, call = await talking(served)
    port = served.house.engine.open_ports[0]
    served.house.owners[port].heard_from_port(PortRenegotiate(), served.house.time.now())
    while not anna.posts:
        anna.takes(await anna.hears())
    leg = own(call, ANNA.device)["id"]
    assert anna.posts[0]["post"] == "renegotiate"
    assert anna.posts[0]["value"] == {"leg": leg, "tab": "tab1"}


async def test_two_browsers_meet_on_opus_and_nobody_is_asked_to_change(served: Served) -> None:
    served.house.desks[BEN.id].is_reachable = False
    anna, ben = await served.tab(ANNA, sound=True), await served.tab(BEN, sound=True)
    dialled = (await anna.asks("call.dial", to="102", device=ANNA.device))["ok"]
    await anna.asks("leg.attach", leg=dialled["leg"], sdp=wide(1))
    call = await ben.sees("call", state="ringing")
    await ben.asks("leg.attach", leg=own(call, BEN.device)["id"], sdp=wide(2))
    await anna.sees("call", state="talking")
    here, there = (p for p in served.house.engine.open_ports if p.kind is Kind.BROWSER)
    assert here.codecs == there.codecs
    assert here.codecs[0] == OPUS


async def test_a_browser_that_calls_a_desk_phone_meets_it_on_g711_at_once(served: Served) -> None:
    anna = await served.tab(ANNA, sound=True)
    dialled = (await anna.asks("call.dial", to="102", device=ANNA.device))["ok"]
    await anna.asks("leg.attach", leg=dialled["leg"], sdp=wide(1))
    assert served.house.engine.ports[0].codecs == G711


async def test_dialling_from_the_desk_phone_rings_it_first(served: Served) -> None:
    anna = await served.tab(ANNA)
    desk = served.house.desks[ANNA.id]
    dialled = (await anna.asks("call.dial", to="102", device=desk.id))["ok"]
    await anna.sees("call", id=dialled["call"], state="preparing")
    assert desk.legs[0].told_of == ["ring for Ben Cole"]
    desk.legs[0].picks_up()
    await anna.sees("call", id=dialled["call"], state="ringing")
    assert served.house.desks[BEN.id].legs[0].told_of == ["ring for Anna Berg"]


async def test_nobody_can_be_in_calls_without_end(served: Served) -> None:
    anna = await served.tab(ANNA, sound=True)
    await served.house.configure(OUTSIDE)
    answers = [await anna.asks("call.dial", to="102", device=ANNA.device) for _ in range(11)]
    assert [answer.get("refused") for answer in answers] == [None] * 10 + ["too-many-calls"]
    assert "ok" in await anna.asks("call.dial", to="112", device=ANNA.device), "this is for help"


async def test_a_browser_without_sound_cannot_be_called_from(served: Served) -> None:
    anna = await served.tab(ANNA, sound=False)
    assert (await anna.asks("call.dial", to="102", device=ANNA.device))["refused"] == "unreachable"


async def test_when_no_port_is_free_the_page_is_told_to_try_again(served: Served) -> None:
    anna = await served.tab(ANNA, sound=True)
    dialled = (await anna.asks("call.dial", to="102", device=ANNA.device))["ok"]
    served.house.engine.is_empty = True
    refused = await anna.asks("leg.attach", leg=dialled["leg"], sdp=offer())
    assert refused["refused"] == "overloaded"


async def test_who_does_not_want_to_be_disturbed_is_not_rung_and_shows_it(served: Served) -> None:
    anna, ben = await served.tab(ANNA, sound=True, users=[BEN.id]), await served.tab(BEN)
    assert (await ben.asks("me.set", do_not_disturb=True))["ok"] is None
    assert ben.mirror["user", BEN.id]["do_not_disturb"] is True
    await anna.sees("presence", id=BEN.id, state="dnd")
    assert "do_not_disturb" not in anna.mirror["user", BEN.id]
    refused = await anna.asks("call.dial", to="102", device=ANNA.device)
    assert refused["refused"] == "do-not-disturb"
    assert refused["text"] == "They do not want to be disturbed at the moment."
    kept = await served.house.kept(BEN)
    assert (kept.do_not_disturb, kept.call_waiting) == (True, True)
    await ben.asks("me.set", do_not_disturb=False)
    assert "ok" in await anna.asks("call.dial", to="102", device=ANNA.device)


async def test_a_second_call_finds_busy_who_wants_no_call_waiting(served: Served) -> None:
    _, ben, _ = await talking(served)
    carla = await served.tab(CARLA, sound=True)
    await ben.asks("me.set", call_waiting=False)
    kept = await served.house.kept(BEN)
    assert (kept.do_not_disturb, kept.call_waiting) == (False, False)
    assert (await carla.asks("call.dial", to="102", device=CARLA.device))["refused"] == "busy"
    assert "ok" in await ben.asks("call.dial", to="102", device=BEN.device), (
        "his own devices ring all the same"
    )


@pytest.mark.parametrize("keys", ["", "1 2", "1\n", "E", "1" * 33])
async def test_keys_that_are_none_are_refused(served: Served, keys: str) -> None:
    anna, _, call = await talking(served)
    assert (await anna.asks("call.digits", call=call["id"], keys=keys))["refused"] == "malformed"
    assert [port.dialled for port in served.house.engine.open_ports] == ["", ""]


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("102", "102"),
        (" 1 02 ", "102"),
        ("(00 7031) 73–0", "+497031730"),
        ("+49 (0)7031 / 73-0", "+497031730"),
        ("*4 2#", "*42#"),
        (f" sip:ben@{DOMAIN} ", "102"),
    ],
)
async def test_numbers_are_dialled_as_people_write_them(served: Served, typed: str, called: str) -> None:
    await served.house.configure(OUTSIDE)
    await served.house.open_lines()
    anna = await served.tab(ANNA, sound=True)
    dialled = (await anna.asks("call.dial", to=typed, device=ANNA.device))["ok"]
    assert (await anna.sees("call", id=dialled["call"]))["called"]["number"] == called


@pytest.mark.parametrize(
    ("line", "number", "cause", "status"),
    [
        ('filter = "not-abroad"', "0004420", Cause.BARRED, 403),
        ("limits = { external_per_day = 0 }", "005551234", Cause.LIMITED, 403),
        ("", "005551234", Cause.NO_LINE, 503),
        ("", "10", Cause.INCOMPLETE, 404),
    ],
)
async def test_what_the_dial_plan_refuses_is_said_in_its_words(
    served: Served, line: str, number: str, cause: Cause, status: int
) -> None:
    await served.house.configure(OUTSIDE)
    await served.house.set_line(ANNA, line)
    client = await served.signed_in(ANNA)
    answer = await client.post("/api/v1/commands/call.dial", json={"to": number, "device": ANNA_DESK})
    assert (answer.status_code, answer.json()["refused"]) == (status, cause.value)
    assert answer.json()["detail"] == cause.sentence
    await client.aclose()


@pytest.mark.parametrize("nothing", ["", "   ", "-/-", "anna@elsewhere.example", "sip:999@pbx"])
async def test_what_leads_nowhere_is_an_unknown_number(served: Served, nothing: str) -> None:
    anna = await served.tab(ANNA, sound=True)
    assert (await anna.asks("call.dial", to=nothing, device=ANNA.device))["refused"] == "unknown-number"
