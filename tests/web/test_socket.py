"""The WebSocket: hello, news, asks, and every way it can end."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from offhook.people.devices import DeviceView
from offhook.people.presence import Presence
from offhook.web.session import FAULTS_AT_MOST, TABS_OF_A_USER
from tests.web.house import Page, Served
from tests.web.office import ANNA, BEN, CARLA, table_of, written_by_another


def kinds(page: Page) -> set[tuple[str, str]]:
    return set(page.mirror)


async def token(served: Served, user: Any = ANNA) -> str:
    client = await served.signed_in(user)
    await client.aclose()
    return client.cookies["offhook"]


async def test_the_first_hello_gets_what_is_ones_own_and_the_servers_time(served: Served) -> None:
    anna = await served.tab(ANNA)
    assert anna.greeting["boot"] == 7
    assert anna.greeting["time"] == served.house.time.unix()
    own = {("device", ANNA.device), ("device", served.house.desks[ANNA.id].id)}
    assert kinds(anna) == {("user", ANNA.id), ("presence", ANNA.id), *own}


async def test_others_are_seen_while_they_are_followed(served: Served) -> None:
    anna = await served.tab(ANNA)
    await anna.asks("users.follow", users=[BEN.id, CARLA.id, ANNA.id, "hq.nobody"])
    assert anna.mirror["user", BEN.id] == {
        "id": BEN.id,
        "name": "Ben Cole",
        "number": "102",
        "username": "ben",
    }
    assert anna.mirror["presence", CARLA.id]["state"] == "available"
    served.house.feed.set(Presence(BEN.id, "on-call", 1005.0))
    assert (await anna.sees("presence", id=BEN.id, state="on-call"))["since"] == 1_001_005.0
    await anna.asks("users.follow", users=[CARLA.id])
    assert ("presence", BEN.id) not in anna.mirror
    assert ("user", BEN.id) not in anna.mirror
    assert ("user", ANNA.id) in anna.mirror


async def test_a_tab_that_missed_nothing_gets_no_snapshot_and_one_that_did_gets_one(served: Served) -> None:
    anna = await served.tab(ANNA)
    cookie = await token(served)
    served.house.feed.set(Presence(CARLA.id, "on-call", 5.0))  # nobody Anna follows
    again = await served.tab_of(cookie, boot=7, n=anna.n)
    assert "snapshot" not in again.greeting
    served.house.feed.set(Presence(ANNA.id, "on-call", 6.0))
    late = await served.tab_of(cookie, boot=7, n=anna.n)
    assert ("presence", ANNA.id) in late.mirror
    restarted = await served.tab_of(cookie, boot=6, n=late.n)
    assert restarted.greeting["snapshot"]


async def test_whom_the_mirror_shows_is_said_in_hello_and_followed_at_once(served: Served) -> None:
    anna = await served.tab(ANNA, users=[BEN.id])
    assert ("user", BEN.id) in anna.mirror
    served.house.feed.set(Presence(BEN.id, "on-call", 5.0))
    again = await served.tab_of(await token(served), users=[BEN.id], boot=7, n=anna.n)
    assert again.mirror["presence", BEN.id]["state"] == "on-call"


async def test_who_moves_to_another_node_sees_everybody_as_one_dials_from_there(served: Served) -> None:
    anna = await served.tab(ANNA, users=[BEN.id])
    away = await served.tab(ANNA, "tab2", users=[BEN.id])
    await away.socket.close()
    await served.house.configure(
        '[[node]]\nname = "Munich"\nnumber = "7"\nescape = "9"\n' + table_of(ANNA, 'node = "Munich"')
    )
    await anna.sees("user", id=BEN.id, number="9102")
    assert anna.mirror["user", ANNA.id]["number"] == "101"
    back = await served.tab(ANNA, "tab2", boot=7, n=away.n, users=[BEN.id])
    assert back.mirror["user", BEN.id]["number"] == "9102", "its mirror had what nobody can dial now"


async def test_a_tab_opened_twice_stays_in_one_place(served: Served) -> None:
    first = await served.tab(ANNA, "same", sound=True)
    second = await served.tab(ANNA, "same", sound=True)
    assert await first.is_closed() == 4009
    assert (await second.asks("users.follow", users=[]))["ok"] is None
    assert served.house.feed.get(DeviceView, ANNA.device) == DeviceView(
        ANNA.device, ANNA.id, "Browser", "browser", True, 1
    )


async def test_a_tab_can_lose_its_microphone_and_get_it_back(served: Served) -> None:
    anna = await served.tab(ANNA, sound=True)
    await anna.asks("tab.sound", sound=False)
    served.house.passes(16)
    assert not (await anna.sees("device", id=ANNA.device, contacts=0))["reachable"]
    await anna.asks("tab.sound", sound=True)
    assert (await anna.sees("device", id=ANNA.device, contacts=1))["reachable"]


async def test_another_sites_page_cannot_connect(served: Served) -> None:
    cookie = await token(served)
    for origin in ("https://evil.example", "null", served.url.replace("http", "https")):
        with pytest.raises(InvalidStatus) as why:
            await served.connect(cookie, origin=origin)
        assert why.value.response.status_code == 403
    socket = await served.connect(cookie, origin=served.url)
    await socket.close()


@pytest.mark.parametrize("cookie", ["", "made up", '"quoted', "a" * 3000])
async def test_strangers_are_told_to_sign_in(served: Served, cookie: str) -> None:
    socket = await served.connect(cookie)
    await socket.wait_closed()
    assert socket.close_code == 4001


async def test_there_is_no_other_socket(served: Served) -> None:
    with pytest.raises(InvalidStatus) as why:
        await connect(served.url.replace("http", "ws") + "/api/v1/other", proxy=None)
    assert why.value.response.status_code == 404


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "7",
        '"hello"',
        '{"id": "seven", "ask": {"do": "call.hangup"}}',
        '{"id": 7}',
        '{"ask": {"do": "call.hangup"}}',
        '{"id": 7, "ask": []}',
        '{"id": 9999999999999999999999, "ask": {}}',
        '{"hello": {"tab": "again"}}',
        "[" * 5000,
    ],
)
async def test_a_line_that_cannot_be_read_is_answered_and_the_next_one_is_read(
    served: Served, line: str
) -> None:
    anna = await served.tab(ANNA)
    await anna.says(line, {"id": 8, "ask": {"do": "users.follow", "users": []}})
    refused = await anna.hears()
    assert refused["refused"] == "malformed"
    assert refused["text"]
    assert await anna.hears() == {"id": 8, "ok": None}


@pytest.mark.parametrize(
    ("ask", "word"),
    [
        ({}, "unknown-command"),
        ({"do": None}, "unknown-command"),
        ({"do": "nothing.such"}, "unknown-command"),
        ({"do": "call.dial"}, "malformed"),
        ({"do": "call.dial", "to": 7, "device": "x"}, "malformed"),
        ({"do": "call.dial", "to": "7", "device": "x", "more": 1}, "malformed"),
        ({"do": "call.dial", "to": "7", "device": "x"}, "unknown-device"),
        ({"do": "call.dial", "to": "7" * 300, "device": "x"}, "malformed"),
        ({"do": "users.follow", "users": ["x"] * 501}, "malformed"),
        ({"do": "call.digits", "call": "x", "keys": "12A3x"}, "malformed"),
        ({"do": "call.hangup", "call": "x"}, "unknown-call"),
        ({"do": "leg.attach", "leg": "x", "sdp": "v=0"}, "unknown-call"),
        ({"do": "me.choose", "device": "\u0000"}, "unknown-device"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_a_word(served: Served, ask: Any, word: str) -> None:
    anna = await served.tab(ANNA)
    await anna.says({"id": 1, "ask": ask})
    answer = await anna.hears()
    assert (answer["id"], answer["refused"]) == (1, word)
    assert answer["text"]


async def test_bytes_are_read_like_text(served: Served) -> None:
    anna = await served.tab(ANNA)
    await anna.socket.send(b'{"id": 1, "ask": {"do": "users.follow", "users": []}}\n\xff\xfe\n')
    assert await anna.hears() == {"id": 1, "ok": None}
    assert (await anna.hears())["refused"] == "malformed"


async def test_whoever_asks_before_hello_is_told_so(served: Served) -> None:
    page = Page(await served.connect(await token(served)), "none")
    await page.says({"id": 1, "ask": {"do": "users.follow", "users": []}})
    assert (await page.hears())["refused"] == "malformed"
    await page.socket.close()


async def test_whoever_sends_nothing_but_rubbish_is_cut_off(served: Served) -> None:
    anna = await served.tab(ANNA)
    await anna.says(*["rubbish"] * (FAULTS_AT_MOST + 1))
    assert await anna.is_closed() == 1002


async def test_a_frame_that_is_too_big_ends_the_connection(served: Served) -> None:
    anna = await served.tab(ANNA)
    await anna.socket.send("x" * 300_000)
    assert await anna.is_closed() == 1009


async def test_a_frame_of_nothing_but_lines_ends_the_connection(served: Served) -> None:
    anna = await served.tab(ANNA)
    await anna.socket.send("\n" * 100_000)
    assert await anna.is_closed() == 1002


async def test_a_thing_that_cannot_be_shown_ends_the_connection_and_not_the_feed(served: Served) -> None:
    anna, ben = await served.tab(ANNA), await served.tab(BEN)
    odd: Any = "not a time"
    with pytest.raises(TypeError):
        served.house.feed.set(Presence(ANNA.id, "available", odd))
    assert await anna.is_closed() == 1011
    assert (await ben.asks("users.follow", users=[]))["ok"] is None


async def test_two_hundred_asks_in_one_frame_are_answered_in_order(served: Served) -> None:
    anna = await served.tab(ANNA)
    asks = [{"id": n, "ask": {"do": "users.follow", "users": []}} for n in range(200)]
    await anna.says(*asks)
    assert [(await anna.hears())["id"] for _ in asks] == list(range(200))


async def test_what_we_did_not_foresee_is_refused_and_the_socket_lives_on(served: Served, file: Path) -> None:
    anna = await served.tab(ANNA)
    with written_by_another(file) as another:
        another.execute("alter table users rename column device to lost")
    answer = await anna.asks("me.choose", device=ANNA.device)
    assert answer["refused"] == "failed"
    assert "device" not in answer["text"]
    assert str(file) not in answer["text"]
    assert (await anna.asks("users.follow", users=[]))["ok"] is None


async def test_many_changes_to_one_thing_reach_a_slow_client_as_the_last_one(served: Served) -> None:
    anna = await served.tab(ANNA)
    for n in range(1000):
        served.house.feed.set(Presence(ANNA.id, "on-call" if n % 2 else "ringing", float(n)))
    line = await anna.hears()
    assert line["value"]["since"] == 1_000_999.0
    assert line["n"] == served.house.feed.n


async def test_the_last_that_is_said_of_a_thing_reaches_a_slow_client_before_it_goes(served: Served) -> None:
    anna, feed = await served.tab(ANNA), served.house.feed
    for n in range(3):
        feed.set(DeviceView("kitchen", ANNA.id, "Kitchen", "phone", True, n))
        feed.set(DeviceView("kitchen", ANNA.id, "Kitchen", "phone", False, n))
        feed.drop(DeviceView, "kitchen")
    last, gone = await anna.hears(), await anna.hears()
    assert (last["value"]["reachable"], last["value"]["contacts"], last["n"]) == (False, 2, feed.n - 1)
    assert (gone["drop"], gone["id"], gone["n"]) == ("device", "kitchen", feed.n)


async def test_a_client_that_takes_nothing_is_cut_off_after_ten_seconds_and_the_others_hear_all(
    served: Served,
) -> None:
    slow, brisk = await served.tab(ANNA, "slow"), await served.tab(ANNA, "brisk")
    slow.socket.transport.pause_reading()
    for n in range(400):
        served.house.feed.set(DeviceView(ANNA.device, ANNA.id, "x" * 60_000, "browser", True, n))
        await brisk.sees("device", id=ANNA.device, contacts=n)
    hub = served.web.hub
    served.house.passes(9)
    hub.sweep(served.house.time.now())
    assert hub.counters["too_slow"] == 0
    served.house.passes(2)
    hub.sweep(served.house.time.now())
    assert hub.counters["too_slow"] == 1
    slow.socket.transport.resume_reading()
    assert await slow.is_closed() in (4008, 1006)  # 1006 when even the farewell came too late
    assert (await brisk.asks("users.follow", users=[]))["ok"] is None


async def test_a_user_cannot_open_tabs_without_end(served: Served) -> None:
    cookie = await token(served)
    sockets = [await served.connect(cookie) for _ in range(TABS_OF_A_USER + 1)]
    await sockets[-1].wait_closed()
    assert sockets[-1].close_code == 1013
    ben = await served.tab(BEN)
    assert ben.mirror
    await asyncio.gather(*(socket.close() for socket in sockets))
    anna = await served.tab(ANNA)
    assert anna.mirror


async def test_when_the_server_stops_every_client_is_told_to_come_back(served: Served) -> None:
    tabs = [await served.tab(user) for user in (ANNA, BEN, CARLA)]
    await served.server.stop()
    assert [await tab.is_closed() for tab in tabs] == [1012] * 3


async def test_a_client_that_goes_away_leaves_nothing_behind(served: Served) -> None:
    for _ in range(5):
        anna = await served.tab(ANNA, sound=True)
        await anna.asks("users.follow", users=[BEN.id])
        await anna.socket.close()
    await served.server.stop()
    assert len(served.web.hub) == 0
    served.house.passes(20)
    device = served.house.feed.get(DeviceView, ANNA.device)
    assert device is not None
    assert not device.reachable
    assert json.dumps(served.web.hub.counters)
