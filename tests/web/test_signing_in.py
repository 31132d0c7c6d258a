"""Signing in and out over HTTP, and what everyone may change about their account."""

import asyncio

import httpx
from argon2 import extract_parameters

from tests.web.house import Served, plain
from tests.web.office import ANNA, BEN, PASSWORD


def word(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    return answer.status_code, problem["refused"]


async def login(client: httpx.AsyncClient, name: str, password: str) -> httpx.Response:
    return await client.post("/api/v1/login", json={"username": name, "password": password})


async def test_whoever_signs_in_is_told_who_they_are_and_gets_a_cookie_scripts_cannot_read(
    served: Served,
) -> None:
    async with served.client() as client:
        answer = await login(client, "Anna", PASSWORD)
        assert answer.status_code == 200
        me = answer.json()
        assert (me["id"], me["name"], me["number"], me["site"]) == (ANNA.id, "Anna Berg", "101", "hq")
        assert me["device"] == ANNA.device
        assert [(d["name"], d["kind"]) for d in me["devices"]] == [
            ("Browser", "browser"),
            ("anna-desk", "phone"),
        ]
        cookie = answer.headers["set-cookie"]
        assert "; HttpOnly; SameSite=Lax" in cookie
        assert "Secure" not in cookie
        assert (await client.get("/api/v1/me")).json() == me
        assert answer.headers["cache-control"] == "no-store"


async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer_after_the_same_work(
    served: Served,
) -> None:
    async with served.client() as client:
        wrong, unknown = await login(client, "anna", "wrong"), await login(client, "nobody", "wrong")
        assert word(wrong) == (401, "wrong-password")
        assert wrong.json() == unknown.json()
        assert "set-cookie" not in wrong.headers
    annas, nobodys = served.house.hasher.used
    assert annas == await served.house.stores.users.password_hash(ANNA.id)
    assert extract_parameters(annas) == extract_parameters(nobodys)


async def test_whoever_has_no_password_yet_cannot_sign_in(served: Served) -> None:
    await served.house.configure('[[user]]\nusername = "dora"\nname = "Dora"\nnumber = "104"\n')
    async with served.client() as client:
        assert word(await login(client, "dora", "")) == (401, "wrong-password")


async def test_a_guesser_is_stopped_and_invented_origins_do_not_help(served: Served) -> None:
    async with served.client() as client:
        answers = [
            await client.post(
                "/api/v1/login",
                json={"username": "anna", "password": f"guess {n}"},
                headers={"X-Forwarded-For": f"192.0.2.{n}"},
            )
            for n in range(12)
        ]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
        assert word(answers[-1]) == (429, "too-many-attempts")
        assert answers[-1].headers["retry-after"] == "61"
        assert (await login(client, "anna", PASSWORD)).status_code == 429
        assert (await login(client, "ben", PASSWORD)).status_code == 200
        served.house.passes(61)
        assert (await login(client, "anna", PASSWORD)).status_code == 200


async def test_guesses_made_at_the_same_time_are_counted_too(served: Served) -> None:
    async with served.client() as client:
        answers = await asyncio.gather(*(login(client, "anna", f"guess {n}") for n in range(30)))
        assert sum(answer.status_code == 401 for answer in answers) == 10


async def test_whoever_is_signed_in_is_not_locked_out_by_a_guesser_next_door(served: Served) -> None:
    async with await signed_in_open(served) as mine, served.client() as guesser:
        for n in range(20):
            await login(guesser, "anna", f"guess {n}")
        assert (await login(mine, "anna", PASSWORD)).status_code == 200


async def signed_in_open(served: Served) -> httpx.AsyncClient:
    signed_in = await served.signed_in(ANNA)
    cookies = dict(signed_in.cookies)
    await signed_in.aclose()
    return httpx.AsyncClient(base_url=served.url, cookies=cookies)


async def test_when_too_many_sign_in_at_once_the_others_are_told_to_come_back(served: Served) -> None:
    async with served.client() as client:
        with served.house.hasher.held_up():
            others = asyncio.gather(*(served.house.passwords.verify(None, "guess") for _ in range(20)))
            for _ in range(12):
                answer = await login(client, "anna", PASSWORD)
                assert word(answer) == (503, "busy")
                assert answer.headers["retry-after"] == "1"
        await others
        assert (await login(client, "anna", PASSWORD)).status_code == 200, "they were no wrong guesses"


async def test_signing_out_ends_the_session_and_its_websockets_and_no_other(served: Served) -> None:
    mine, other = await served.signed_in(ANNA), await served.signed_in(ANNA)
    token = mine.cookies["offhook"]
    tab = await served.tab_of(token, "one")
    stays = await served.tab_of(other.cookies["offhook"], "two")
    answer = await mine.post("/api/v1/logout")
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert await tab.is_closed() == 4001
    mine.cookies.set("offhook", token)
    assert word(await mine.get("/api/v1/me")) == (401, "signed-out")
    assert (await other.get("/api/v1/me")).status_code == 200
    assert (await stays.asks("users.follow", users=[]))["ok"] is None
    await mine.aclose()
    await other.aclose()


async def test_a_new_password_ends_every_other_session(served: Served) -> None:
    mine, other = await served.signed_in(ANNA), await served.signed_in(ANNA)
    tab = await served.tab_of(mine.cookies["offhook"], "one")
    elsewhere = await served.tab_of(other.cookies["offhook"], "two")
    refused = await tab.asks("me.password", old="wrong", new="a new secret")
    assert refused["refused"] == "wrong-password"
    assert (await tab.asks("me.password", old=PASSWORD, new="short"))["refused"] == "weak-password"
    assert (await tab.asks("me.password", old=PASSWORD, new="a new secret"))["ok"] is None
    assert await elsewhere.is_closed() == 4001
    assert (await other.get("/api/v1/me")).status_code == 401
    assert (await mine.get("/api/v1/me")).status_code == 200
    assert (await tab.asks("users.follow", users=[]))["ok"] is None
    await mine.aclose()
    await other.aclose()
    async with served.client() as client:
        assert (await login(client, "anna", PASSWORD)).status_code == 401
        assert (await login(client, "anna", "a new secret")).status_code == 200


async def test_a_one_time_link_works_once(served: Served) -> None:
    token = await served.house.stores.links.make(BEN.id, now=served.house.time.unix())
    async with served.client() as client:
        assert (await client.get(f"/api/v1/welcome/{token}")).json() == {
            "username": "ben",
            "name": "Ben Cole",
        }
        weak = await client.post("/api/v1/welcome", json={"token": token, "password": "short"})
        assert word(weak) == (400, "weak-password")
        answer = await client.post("/api/v1/welcome", json={"token": token, "password": "long enough"})
        assert answer.json()["username"] == "ben"
        assert (await client.get("/api/v1/me")).json()["username"] == "ben"
        again = await client.post("/api/v1/welcome", json={"token": token, "password": "long enough"})
        assert word(again) == (404, "unknown-link")
        assert word(await client.get(f"/api/v1/welcome/{token}")) == (404, "unknown-link")
        assert (await login(client, "ben", PASSWORD)).status_code == 401
        assert (await login(client, "ben", "long enough")).status_code == 200


async def test_a_session_ended_in_the_store_by_another_program_is_signed_out(served: Served) -> None:
    mine, other = await served.signed_in(ANNA), await served.signed_in(BEN)
    tab = await served.tab_of(mine.cookies["offhook"], "one")
    stays = await served.tab_of(other.cookies["offhook"], "two")
    await served.house.stores.sessions.end_all(ANNA.id)
    await served.web.look_at_sessions()
    assert await tab.is_closed() == 4001
    assert (await mine.get("/api/v1/me")).status_code == 401
    assert (await stays.asks("users.follow", users=[]))["ok"] is None
    await mine.aclose()
    await other.aclose()


async def test_a_session_lasts_thirty_days_from_when_it_was_last_used(served: Served) -> None:
    client = await served.signed_in(ANNA)
    for _ in range(3):
        served.house.passes(29 * 86400)
        assert (await client.get("/api/v1/me")).status_code == 200
    served.house.passes(31 * 86400)
    assert (await client.get("/api/v1/me")).status_code == 401
    await client.aclose()


async def test_a_session_is_looked_up_once(served: Served) -> None:
    client = await served.signed_in(ANNA)
    assert (await client.get("/api/v1/me")).status_code == 200
    await served.house.stores.sessions.end_all(ANNA.id)
    for _ in range(5):
        assert (await client.get("/api/v1/me")).status_code == 200, "nobody has looked again"
    await client.aclose()


async def test_the_device_to_call_from_is_chosen_for_all_tabs(served: Served) -> None:
    one, two = await served.tab(ANNA, "one"), await served.tab(ANNA, "two")
    desk = served.house.desks[ANNA.id].id
    assert (await one.asks("me.choose", device=desk))["ok"] is None
    assert (await two.sees("user", device=desk))["id"] == ANNA.id
    assert (await served.house.kept(ANNA)).device == desk
    ben = await served.tab(BEN, "three")
    await ben.asks("users.follow", users=[ANNA.id])
    assert "device" not in ben.mirror["user", ANNA.id]
    assert (await one.asks("me.choose", device=BEN.device))["refused"] == "unknown-device"
    assert plain(served.house.directory.user(ANNA.id))["device"] == desk
