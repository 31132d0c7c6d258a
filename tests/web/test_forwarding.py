"""Where calls go when one does not take them, and mobiles that ring as well: what the page asks for."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.view import CallView, LegView, Via
from offhook.dialplan.model import Line, Mobile
from tests.phones.exchange import eventually
from tests.web.house import Page, Served
from tests.web.office import ANNA, BEN, CARLA, OUTSIDE, written_by_another

SERVICE = """
[[group]]
name = "Service"
members = ["ben"]
ringing = { number = "200" }
"""
BARRED = "The filter not-abroad does not let this number pass."


def line_of(served: Served) -> Line:
    user = served.house.directory.user(ANNA.id)
    assert user is not None
    return user.line


async def diverted(page: Page) -> list[dict[str, Any]]:
    """Once the next change of Anna is there."""
    await page.asks("users.follow", users=[])
    found: list[dict[str, Any]] = page.mirror["user", ANNA.id].get("diversions", [])
    return found


async def kept_mobiles(served: Served) -> list[Mobile]:
    """Those of Anna that are on disk."""
    devices = await served.house.stores.devices.of(ANNA.id)
    return [device.mobile for device in devices if device.mobile is not None]


async def test_a_diversion_is_kept_and_shown_to_its_user_alone(served: Served) -> None:
    anna, ben = await served.tab(ANNA), await served.tab(BEN, users=[ANNA.id])
    assert (await anna.asks("me.divert", when="no-answer", to="102", on=True))["ok"] is None
    assert await diverted(anna) == [{"when": "no-answer", "to": "102", "on": True, "shown": "Ben Cole"}]
    assert (await served.house.kept(ANNA)).line == line_of(served)
    await ben.asks("users.follow", users=[ANNA.id])
    assert "diversions" not in ben.mirror["user", ANNA.id]


async def test_a_new_target_takes_the_place_of_the_old_one_and_none_takes_it_away(served: Served) -> None:
    anna = await served.tab(ANNA)
    for to in ("102", "103"):
        await anna.asks("me.divert", when="busy", to=to, on=True)
    await anna.asks("me.divert", when="always", to="103", on=False)
    assert {(d["when"], d["to"], d["on"]) for d in await diverted(anna)} == {
        ("busy", "103", True),
        ("always", "103", False),
    }
    await anna.asks("me.divert", when="busy", to=" ", on=False)
    assert [d["when"] for d in await diverted(anna)] == ["always"]


async def test_what_the_administrator_has_set_stays_and_says_so(served: Served) -> None:
    await served.house.set_line(
        ANNA, 'diversion = [{ when = "busy", to = "109", by = "admin", callers = "external", first = true }]'
    )
    anna = await served.tab(ANNA)
    await anna.asks("me.divert", when="busy", to="102", on=True)
    assert len(await diverted(anna)) == 2, "hers stands beside it"
    await anna.asks("me.divert", when="busy", to="", on=False)
    shown = {"when": "busy", "to": "109", "on": True, "by": "admin", "callers": "external", "first": True}
    assert await diverted(anna) == [shown]


@pytest.mark.parametrize(
    ("to", "shown"),
    [
        ("+49 (0)30 / 5551234", {"to": "+49305551234", "shown": "+49 30 5551234"}),
        ("200", {"to": "200", "shown": "Service"}),
        ("0030 555", {"to": "0030555"}),
        ("-", {"to": "-"}),
    ],
)
async def test_a_target_is_shown_as_people_know_it(served: Served, to: str, shown: dict[str, str]) -> None:
    await served.house.configure(OUTSIDE + SERVICE)
    anna = await served.tab(ANNA)
    await anna.asks("me.divert", when="always", to=to, on=True)
    assert await diverted(anna) == [{"when": "always", "on": True, **shown}]


async def test_a_target_that_the_dial_plan_refuses_is_refused_with_its_sentence(served: Served) -> None:
    await served.house.configure(OUTSIDE)
    await served.house.set_line(ANNA, 'diversion_filter = "not-abroad"')
    anna = await served.tab(ANNA)
    await anna.asks("me.divert", when="busy", to="102", on=True)
    refused = await anna.asks("me.divert", when="busy", to="000441", on=True)
    assert (refused["refused"], refused["text"]) == ("may-not-divert", BARRED)
    assert [d["to"] for d in await diverted(anna)] == ["102"]


async def test_a_diversion_whose_target_is_barred_by_now_can_still_be_turned_off(served: Served) -> None:
    await served.house.configure(OUTSIDE)
    anna = await served.tab(ANNA)
    assert (await anna.asks("me.divert", when="always", to="000441", on=True))["ok"] is None
    await served.house.set_line(ANNA, 'filter = "not-abroad"')
    assert (await anna.asks("me.divert", when="always", to="000441", on=False))["ok"] is None
    assert (await anna.asks("me.divert", when="always", to="000441", on=True))["refused"] == "may-not-divert"


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"when": "always", "to": "", "on": True}, "no-target"),
        ({"when": "always", "to": "- /", "on": True}, "unknown-number"),
        ({"when": "sometimes", "to": "102", "on": True}, "malformed"),
        ({"when": "always", "to": "1" * 257, "on": True}, "malformed"),
    ],
)
async def test_what_is_no_diversion_changes_nothing(served: Served, asked: dict[str, Any], word: str) -> None:
    anna = await served.tab(ANNA)
    assert (await anna.asks("me.divert", **asked))["refused"] == word
    assert line_of(served) == Line()


async def test_changes_from_two_places_at_once_are_both_kept(served: Served, file: Path) -> None:
    one, two, three = [await served.tab(ANNA, name) for name in ("one", "two", "three")]
    with written_by_another(file):
        changes = asyncio.gather(
            one.asks("me.divert", when="busy", to="102", on=True),
            two.asks("me.divert", when="no-answer", to="103", on=True),
            three.asks("me.ring", seconds=15),
        )
        await eventually(lambda: served.web.hub.counters["asks"] == 3, "all are asked for before one is kept")
        assert line_of(served) == Line()
    assert [answer["ok"] for answer in await changes] == [None] * 3
    assert {(d.when, d.to) for d in line_of(served).diversions} == {("busy", "102"), ("no-answer", "103")}
    assert line_of(served).seconds == 15
    assert (await served.house.kept(ANNA)).line == line_of(served)


async def test_how_long_it_rings_is_said_in_seconds(served: Served) -> None:
    anna = await served.tab(ANNA)
    assert (await anna.asks("me.ring", seconds=20))["ok"] is None
    assert (await anna.sees("user", rings=20))["id"] == ANNA.id
    for seconds in (0, 901, "20"):
        assert (await anna.asks("me.ring", seconds=seconds))["refused"] == "malformed"


async def test_who_would_send_calls_back_is_told_beside_the_warnings(served: Served) -> None:
    anna, ben = await served.tab(ANNA), await served.tab(BEN)
    await ben.asks("me.divert", when="always", to="101", on=True)
    await anna.asks("me.divert", when="always", to="102", on=True)
    effect = (await anna.asks("me.effect"))["ok"]
    assert effect["loops"] == ["Ben Cole diverts all calls back to you: calls ring at Ben Cole."]
    assert effect["warnings"] == effect["loops"]


async def test_a_mobile_that_cannot_be_called_says_why(served: Served) -> None:
    await served.house.configure(OUTSIDE)
    anna = await served.tab(ANNA)
    mobile = (await anna.asks("mobile.add", name="Mobile", number="+44 7700 900123"))["ok"]["device"]
    asked: dict[str, Any] = {"to": "102", "device": mobile}
    assert (await anna.asks("call.dial", **asked))["text"] == "No phone is reachable there at the moment."
    await served.house.open_lines()
    await anna.sees("device", id=mobile, reachable=True)
    await served.house.set_line(ANNA, 'filter = "not-abroad"')
    await anna.sees("device", id=mobile, reachable=False)
    refused = await anna.asks("call.dial", **asked)
    assert (refused["refused"], refused["text"]) == ("unreachable", f"Your mobile does not ring. {BARRED}")


async def test_targets_that_calls_are_not_sent_to_are_told_with_the_reason(served: Served) -> None:
    await served.house.configure(OUTSIDE)
    await served.house.set_line(
        ANNA,
        """filter = "not-abroad"
diversion = [
    { when = "always", to = "00044" },
    { when = "busy", to = "00033", on = false },
    { when = "no-answer", to = "-", by = "admin" },
    { when = "no-answer", to = "102" },
]
""",
    )
    anna = await served.tab(ANNA)
    assert (await anna.asks("me.effect"))["ok"]["barred"] == {"00044": BARRED}


async def test_the_effect_and_the_way_of_a_number_are_told_in_sentences(served: Served) -> None:
    await served.house.configure(OUTSIDE)
    anna, ben = await served.tab(ANNA), await served.tab(BEN)
    await anna.asks("mobile.add", name="Mobile", number="+44 7700 900123", delay=30)
    effect = (await anna.asks("me.effect"))["ok"]
    assert effect == {
        "sentences": [
            "Your devices ring for 30 seconds.",
            "+44 7700 900123 rings too, after 30 seconds.",
            "If you are busy or decline, callers hear that you are busy.",
            "If you do not answer, callers hear that nobody answered.",
        ],
        "warnings": ["Mobile does not ring: it would begin after 30 seconds, when your line rings no more."],
        "barred": {},
        "loops": [],
    }
    lines = (await anna.asks("route.explain", number="+49 30 / 555"))["ok"]["lines"]
    assert lines[0] == "Anna Berg (101) dials +4930555."
    assert lines[-1] == f"It does not ring: {Cause.NO_LINE.sentence}"

    assert "ok" in await ben.asks("me.divert", when="always", to="0171 555", on=True)
    lines = (await anna.asks("route.explain", number="102"))["ok"]["lines"]
    assert not any("555" in line for line in lines), "where Ben has his calls sent is his own business"


async def test_a_mobile_is_a_device_of_its_user(served: Served) -> None:
    anna, ben = await served.tab(ANNA), await served.tab(BEN)
    asked = {"name": " My  mobile ", "number": "+49 171 555 0110", "delay": 10, "min_alert": 3}
    id = (await anna.asks("mobile.add", **asked))["ok"]["device"]
    device = await anna.sees("device", id=id)
    assert (device["name"], device["kind"]) == ("My mobile", "mobile")
    assert device["mobile"] == {
        "number": "+491715550110",
        "shown": "+49 171 5550110",
        "enabled": True,
        "delay": 10,
        "min_alert": 3,
        "max_alert": 0,
        "call_waiting": True,
    }
    assert (await anna.asks("me.choose", device=id))["ok"] is None
    await ben.asks("users.follow", users=[ANNA.id])
    assert ("device", id) not in ben.mirror
    assert (await ben.asks("mobile.change", device=id, enabled=False))["refused"] == "unknown-device"
    assert (await ben.asks("mobile.remove", device=id))["refused"] == "unknown-device"


async def test_a_mobile_is_changed_in_part_and_removed(served: Served) -> None:
    anna = await served.tab(ANNA)
    id = (await anna.asks("mobile.add", name="Mobile", number="+491715550110", delay=5))["ok"]["device"]
    assert (await anna.asks("mobile.change", device=id, enabled=False))["ok"] is None
    await anna.asks("users.follow", users=[])
    mobile = anna.mirror["device", id]["mobile"]
    assert (mobile["enabled"], mobile["delay"], mobile["number"]) == (False, 5, "+491715550110")
    assert await kept_mobiles(served) == [Mobile("+491715550110", enabled=False, delay=5)]
    assert (await anna.asks("mobile.change", device=id, name="Car", number="0171 777", delay=0))["ok"] is None
    await anna.asks("users.follow", users=[])
    device = anna.mirror["device", id]
    assert (device["name"], device["mobile"]["number"], device["mobile"]["delay"]) == ("Car", "0171777", 0)
    assert (await anna.asks("mobile.remove", device=id))["ok"] is None
    await anna.loses("device", id)
    assert await kept_mobiles(served) == []


async def test_devices_that_are_no_mobiles_are_not_changed_as_such(served: Served) -> None:
    anna = await served.tab(ANNA)
    desk = served.house.desks[ANNA.id].id
    assert (await anna.asks("mobile.remove", device=desk))["refused"] == "unknown-device"
    assert (await anna.asks("mobile.change", device=desk, delay=3))["refused"] == "unknown-device"
    assert served.house.directory.device(desk) is not None


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"name": "Mobile", "number": "101"}, "own-number"),
        ({"name": "Mobile", "number": "1 1 2"}, "emergency-number"),
        ({"name": "Mobile", "number": "my phone"}, "malformed"),
        ({"name": "  ", "number": "+491715550110"}, "malformed"),
        ({"name": "Mobile", "number": "+491715550110", "delay": -1}, "malformed"),
        ({"name": "Mobile", "number": "+491715550110", "min_alert": 9, "max_alert": 5}, "malformed"),
    ],
)
async def test_what_is_no_mobile_is_refused(served: Served, asked: dict[str, Any], word: str) -> None:
    anna = await served.tab(ANNA)
    assert (await anna.asks("mobile.add", **asked))["refused"] == word
    assert [d.kind for d in served.house.directory.devices_of(ANNA.id)] == ["browser", "phone"]


async def test_nobody_has_more_than_ten_mobiles(served: Served) -> None:
    anna = await served.tab(ANNA)
    asked = {"name": "Mobile", "number": "+491715550110"}
    given = [await anna.asks("mobile.add", **asked) for _ in range(11)]
    assert [("ok" in answer) for answer in given] == [True] * 10 + [False]
    assert len(await kept_mobiles(served)) == 10
    assert given[-1]["refused"] == "too-many-mobiles"


async def test_who_calls_from_outside_is_shown_with_a_number_people_can_read(served: Served) -> None:
    anna = await served.tab(ANNA)
    outside = Party("+4970315550199", "Sabine", device="trunk:Fibre", outside=True)
    service = Via("group", Party("200", "Service"))
    legs = tuple(
        LegView(f"leg{i}", party, i == 0, "ringing", False, False, False, None, None, False, via)
        for i, (party, via) in enumerate([(outside, None), (Party("101", "Anna", ANNA.id), service)])
    )
    call = CallView(
        "c1", "ringing", legs, Party("200"), 1.0, None, None, None, None, None, (ANNA.id, CARLA.id)
    )
    served.house.feed.set(call)
    seen = await anna.sees("call", id="c1")
    assert seen["legs"][0]["party"] == {
        "number": "+4970315550199",
        "name": "Sabine",
        "user": "",
        "device": "trunk:Fibre",
        "outside": True,
        "shown": "+49 7031 5550199",
    }
    assert seen["legs"][1]["party"] == {"number": "101", "name": "Anna", "user": ANNA.id, "device": ""}
    assert seen["legs"][1]["via"]["how"] == "group"
