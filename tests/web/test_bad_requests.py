"""Whatever is sent, the answer is clear and nobody else is disturbed."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.web.house import Served
from tests.web.office import ANNA, BEN, written_by_another
from tests.web.test_signing_in import word

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (b"{", "malformed"),
        (b"\xff\xfe", "malformed"),
        (b"[]", "malformed"),
        (b"null", "malformed"),
        (b"", "malformed"),
        (b'{"username": 7, "password": "x"}', "malformed"),
        (b'{"username": "anna"}', "malformed"),
        (b"[" * 100_000, "malformed"),
        (b'{"username": "' + b"a" * 5000 + b'", "password": "x"}', "malformed"),
    ],
)
async def test_what_is_no_json_or_the_wrong_json_is_a_400(served: Served, body: bytes, refused: str) -> None:
    async with served.client() as client:
        assert word(await client.post("/api/v1/login", content=body, headers=JSON)) == (400, refused)


async def test_a_megabyte_is_too_much_however_it_is_sent(served: Served) -> None:
    async def pieces() -> Any:
        for _ in range(16):
            yield b"a" * 65536

    async with served.client() as client:
        for content in (b"a" * 1_048_576, pieces()):
            assert word(await client.post("/api/v1/login", content=content, headers=JSON)) == (413, "too-big")
        assert (await client.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_only_json_changes_anything(served: Served, kind: str) -> None:
    async with served.client() as client:
        headers = {"content-type": kind} if kind else {}
        answer = await client.post("/api/v1/login", content=b'{"username":"anna"}', headers=headers)
        assert word(answer) == (415, "wrong-type")


async def test_another_sites_page_can_change_nothing(served: Served) -> None:
    client = await served.signed_in(ANNA)
    for origin in ("https://evil.example", "null", served.url.replace("http", "https"), "http://127.0.0.1"):
        for path in ("login", "logout", "commands/call.dial"):
            answer = await client.post(f"/api/v1/{path}", json={}, headers={"origin": origin})
            assert word(answer) == (403, "forbidden"), origin
    assert (await client.get("/api/v1/me")).status_code == 200
    assert (await client.post("/api/v1/logout", headers={"origin": served.url})).status_code == 204
    await client.aclose()


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v1/nothing", (401, "signed-out")),
        ("GET", "/api/v1/me", (401, "signed-out")),
        ("GET", "/api/v1/users", (401, "signed-out")),
        ("POST", "/api/v1/commands/call.dial", (401, "signed-out")),
        ("GET", "/nothing", (404, "not-found")),
        ("GET", "/../../etc/passwd", (404, "not-found")),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", (404, "not-found")),
        ("GET", "/index.html%00.js", (404, "not-found")),
        ("DELETE", "/", (405, "wrong-method")),
        ("DELETE", "/api/v1/login", (405, "wrong-method")),
        ("GET", "/api/v1/welcome", (405, "wrong-method")),
    ],
)
async def test_what_is_not_there_or_not_for_strangers_is_refused(
    served: Served, method: str, path: str, expected: tuple[int, str]
) -> None:
    async with served.client() as client:
        answer = await client.request(method, path)
        assert word(answer) == expected
        if answer.status_code == 405:
            assert answer.headers["allow"]


async def test_those_signed_in_learn_what_is_not_there(served: Served) -> None:
    client = await served.signed_in(ANNA)
    assert word(await client.get("/api/v1/nothing")) == (404, "not-found")
    assert word(await client.get("/api/v1/users/hq.99")) == (404, "unknown-user")
    assert word(await client.get("/api/v1/users?limit=100000")) == (400, "malformed")
    assert word(await client.get("/api/v1/records?filter=everything")) == (400, "malformed")
    assert word(await client.delete("/api/v1/me")) == (405, "wrong-method")
    assert word(await client.post("/api/v1/commands/call.dial", json={})) == (400, "malformed")
    assert (
        word(await client.post("/api/v1/commands/call.dial", json={"to": "1", "device": "x", "more": 1}))[0]
        == 400
    )
    assert word(await client.post("/api/v1/commands/leg.attach", json={"leg": "x", "sdp": ""}))[0] == 404
    await client.aclose()


async def test_what_we_did_not_foresee_is_a_500_without_a_traceback(served: Served, file: Path) -> None:
    client = await served.signed_in(ANNA)
    with written_by_another(file) as another:
        another.execute("alter table users rename column search to lost")
    answer = await client.get("/api/v1/users")
    assert word(answer) == (500, "failed")
    assert "search" not in answer.text
    assert str(file) not in answer.text
    assert "Traceback" not in answer.text
    assert (await client.get("/api/v1/me")).status_code == 200
    await client.aclose()


async def test_bytes_that_are_no_http_are_refused_and_others_are_served(served: Served) -> None:
    host, port = served.server.addresses[0]
    for rubbish in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"INVITE sip:101@pbx SIP/2.0\r\n\r\n"):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(rubbish)
        answer = await asyncio.wait_for(reader.read(), 5)
        assert answer.startswith(b"HTTP/1.1 400 ")
        writer.close()
    async with served.client() as client:
        assert (await client.get("/healthz")).status_code == 200


async def test_whoever_says_half_a_request_is_not_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offhook.web.server.REQUEST_SECONDS", 0.05)
    host, port = served.server.addresses[0]
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    half = b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
    for said in (b"", b"GET / HT", half, whole + half):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(said)
        with contextlib.suppress(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert (await served.tab(ANNA)).mirror


async def test_every_answer_carries_the_headers_that_keep_other_sites_out(served: Served) -> None:
    async with served.client() as client:
        for path in ("/", "/api/v1/me", "/nothing", "/healthz"):
            headers = (await client.get(path)).headers
            policy = headers["content-security-policy"]
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"


async def test_no_command_touches_another_users_call(served: Served) -> None:
    ben = await served.tab(BEN, sound=True)
    dialled = (await ben.asks("call.dial", to="101", device=BEN.device))["ok"]
    client = await served.signed_in(served.house.directory.by_username("carla") or ANNA)
    for command, fields in (
        ("call.hangup", {}),
        ("call.decline", {}),
        ("call.hold", {"holding": True}),
        ("call.mute", {"muted": True}),
        ("call.digits", {"keys": "1"}),
    ):
        answer = await client.post(f"/api/v1/commands/{command}", json={"call": dialled["call"], **fields})
        assert word(answer) == (404, "unknown-call")
    answer = await client.post("/api/v1/commands/call.dial", json={"to": "101", "device": BEN.device})
    assert word(answer) == (404, "unknown-device")
    carla = await served.tab_of(client.cookies["offhook"])
    refused = await carla.asks("leg.attach", leg=dialled["leg"], sdp="v=0")
    assert refused["refused"] == "unknown-call"
    await client.aclose()


def test_the_word_of_a_problem_is_checked_here() -> None:
    """`word` itself must not pass what is no problem."""
    with pytest.raises(AssertionError):
        word(httpx.Response(400, json={}, headers={"content-type": "application/json"}))
