"""A person signs in with a browser, calls a desk phone and is called back."""

from tests.web.house import Served, offer
from tests.web.office import ANNA, BEN


async def test_a_browser_calls_a_desk_phone_and_hangs_up(served: Served) -> None:
    anna = await served.tab(ANNA, sound=True)
    await anna.sees("device", id=ANNA.device, reachable=True)
    dialled = (await anna.asks("call.dial", to="102", device=ANNA.device))["ok"]
    call = await anna.sees("call", id=dialled["call"], state="preparing")
    assert call["called"]["name"] == "Ben Cole"

    attached = await anna.asks("leg.attach", leg=dialled["leg"], sdp=offer())
    port = served.house.engine.ports[0]
    assert attached["ok"] == {"sdp": port.answers[0]}
    assert port.how["hosts"] == ["127.0.0.1"]
    await anna.sees("call", id=dialled["call"], state="ringing")
    assert (await anna.sees("attachment", id=dialled["leg"]))["tab"] == "tab1"

    served.house.desks[BEN.id].legs[0].picks_up()
    call = await anna.sees("call", id=dialled["call"], state="talking")
    assert [(leg["party"]["name"], leg["caller"]) for leg in call["legs"] if leg["state"] == "talking"] == [
        ("Anna Berg", True),
        ("Ben Cole", False),
    ]
    assert (await anna.sees("presence", id=ANNA.id))["state"] == "on-call"

    assert (await anna.asks("call.hangup", call=call["id"]))["ok"] is None
    await anna.loses("call", call["id"])
    assert served.house.desks[BEN.id].legs[0].told_of[-1] == "hangup NORMAL"
    assert served.house.engine.open_ports == []
    await anna.loses("attachment", dialled["leg"])


async def test_a_call_rings_in_every_tab_and_the_one_that_answers_carries_the_sound(served: Served) -> None:
    first, second = await served.tab(BEN, "one", sound=True), await served.tab(BEN, "two", sound=True)
    anna = await served.tab(ANNA, sound=True)
    dialled = (await anna.asks("call.dial", to="102", device=ANNA.device))["ok"]
    await anna.asks("leg.attach", leg=dialled["leg"], sdp=offer(1))

    ringing = await first.sees("call", state="ringing")
    assert await second.sees("call", state="ringing") == ringing
    mine = next(leg for leg in ringing["legs"] if leg["party"]["device"] == BEN.device)
    assert "ok" in await second.asks("leg.attach", leg=mine["id"], sdp=offer(2))

    await first.sees("call", state="talking")
    assert (await first.sees("attachment", id=mine["id"]))["tab"] == "two"
    assert served.house.desks[BEN.id].legs[0].told_of[-1] == "hangup ANSWERED_ELSEWHERE"
