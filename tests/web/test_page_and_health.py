"""The page's files, HTTPS, and what is told to whoever watches over the server."""

import json
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Origin

from offhook.calls.view import CallView
from offhook.certificates import own_certificate
from offhook.store.database import Database
from offhook.web.health import Health, Metric
from offhook.web.server import Listener
from tests.web.house import Served, open_house
from tests.web.office import ANNA, BEN, PASSWORD, USERS
from tests.web.test_signing_in import word


async def test_the_page_is_asked_for_anew_and_its_assets_are_kept_for_ever(served: Served) -> None:
    async with served.client() as client:
        page = await client.get("/")
        assert page.text.startswith("<!doctype html>")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-cache"
        assert page.headers["content-encoding"] == "gzip"
        asset = await client.get("/assets/desk-1a2b.js")
        assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert asset.headers["content-type"].startswith("text/javascript")
        assert (await client.get("/sw.js")).headers["cache-control"] == "no-cache"


async def test_a_page_the_browser_has_is_not_sent_again(served: Served) -> None:
    async with served.client() as client:
        tag = (await client.get("/")).headers["etag"]
        again = await client.get("/", headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")


async def test_head_tells_the_same_without_the_body(served: Served) -> None:
    async with served.client() as client:
        got, head = await client.get("/"), await client.head("/")
        assert head.content == b""
        for name in ("content-type", "content-length", "etag"):
            assert head.headers[name] == got.headers[name]


async def test_without_a_built_page_the_server_says_what_to_do(tmp_path: Path, database: Database) -> None:
    async with open_house(tmp_path / "nothing", database) as served, served.client() as client:
        answer = await client.get("/")
        assert answer.status_code == 503
        assert "dev.py" in answer.text


async def test_over_https_the_cookie_is_for_https_only_and_a_new_certificate_is_taken(
    page: Path, database: Database, tmp_path: Path
) -> None:
    certificate = own_certificate(tmp_path, ["127.0.0.1"])
    made = tmp_path / "certificate.pem"
    trust = ssl.create_default_context(cafile=made)
    listeners = [Listener("127.0.0.1", 0), Listener("127.0.0.1", 0, certificate.context)]
    async with open_house(page, database, listeners=listeners) as served:
        url = f"https://127.0.0.1:{served.server.addresses[1][1]}"
        async with httpx.AsyncClient(base_url=url, verify=trust) as client:
            origin = {"origin": url}
            body = {"username": "anna", "password": PASSWORD}
            answer = await client.post("/api/v1/login", json=body, headers=origin)
            assert answer.headers["set-cookie"].endswith("; Secure")
            cookie = {"Cookie": f"offhook={client.cookies['offhook']}"}
        socket = f"{url.replace('https', 'wss')}/api/v1/ws"
        async with connect(
            socket, additional_headers=cookie, ssl=trust, origin=Origin(url), proxy=None
        ) as tab:
            await tab.send('{"hello": {"tab": "one"}}')
            assert json.loads(await tab.recv())["boot"] == 7
        made.unlink()
        own_certificate(tmp_path, ["127.0.0.1"])
        assert certificate.refresh()
        renewed = ssl.create_default_context(cafile=made)
        async with httpx.AsyncClient(base_url=url, verify=renewed) as client:
            assert (await client.get("/healthz")).status_code == 200


async def test_an_address_that_is_taken_is_an_error_and_nothing_keeps_listening(served: Served) -> None:
    taken = Listener(*served.server.addresses[0])
    server = served.web.server([Listener("127.0.0.1", 0), taken])
    with pytest.raises(OSError, match=r"cannot listen at http 127\.0\.0\.1:\d+: another program has it"):
        await server.start()
    assert server.addresses == []


async def test_ipv6_is_served_alike(page: Path, database: Database) -> None:
    async with open_house(page, database, listeners=[Listener("::1", 0)]) as served:
        port = served.server.addresses[0][1]
        async with httpx.AsyncClient(base_url=f"http://[::1]:{port}") as client:
            answer = await client.post(
                "/api/v1/login",
                json={"username": "anna", "password": PASSWORD},
                headers={"origin": f"http://[::1]:{port}"},
            )
            assert answer.status_code == 200
            assert (await client.get("/metrics")).status_code == 200


async def test_whether_the_server_is_ready_is_for_all_and_why_not_for_this_machine(served: Served) -> None:
    reasons = {"database": ""}
    served.web.health.check("database", lambda: reasons["database"])
    async with served.client() as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ok"}
        reasons["database"] = "the disk is full"
        here = await client.get("/readyz")
        assert (here.status_code, here.json()["reasons"]) == (503, reasons)
        elsewhere = await client.get("/readyz", headers={"X-Forwarded-For": "127.0.0.1"})
        assert (elsewhere.status_code, elsewhere.json()) == (503, {"status": "not ready"})


async def test_metrics_are_for_this_machine_and_not_for_whom_a_proxy_lets_in(served: Served) -> None:
    await served.tab(ANNA)
    async with served.client() as client:
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert "# TYPE offhook_web_clients gauge\noffhook_web_clients 1\n" in answer.text
        for name in ("X-Forwarded-For", "Forwarded"):
            assert word(await client.get("/metrics", headers={name: "x"})) == (403, "forbidden")


def test_metrics_are_written_as_prometheus_reads_them() -> None:
    health = Health()
    samples = [((("state", 'odd "one"\\'),), 2.0), ((("state", "talking"), ("side", "a")), 0.25)]
    health.measure(Metric("offhook_calls", "Calls by state.", lambda: samples))
    health.measure(Metric("offhook_invites_total", "INVITEs.", lambda: [((), 123456789.0)], "counter"))
    assert health.text() == (
        "# HELP offhook_calls Calls by state.\n"
        "# TYPE offhook_calls gauge\n"
        'offhook_calls{state="odd \\"one\\"\\\\"} 2\n'
        'offhook_calls{state="talking",side="a"} 0.25\n'
        "# HELP offhook_invites_total INVITEs.\n"
        "# TYPE offhook_invites_total counter\n"
        "offhook_invites_total 123456789\n"
    )


async def test_the_description_names_every_route_every_command_and_every_line(served: Served) -> None:
    async with served.client() as client:
        answer = await client.get("/api/v1/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    described = answer.json()
    assert described["openapi"].startswith("3.1")
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    for command in served.web.commands:
        assert command.word in described["components"]["schemas"]["Results"]["properties"]
        assert (f"/api/v1/commands/{command.word}" in described["paths"]) is not command.tab_only
    schemas = described["components"]["schemas"]
    assert {"ServerLine", "ClientLine", "Change", "CallSet", "PresenceDrop", "RecordPost"} <= set(schemas)
    assert all("default" in operation["responses"] for operation in operations)


async def test_the_description_on_the_command_line_is_the_same(served: Served) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "offhook.web.openapi"], check=True, capture_output=True, text=True
    ).stdout
    async with served.client() as client:
        assert json.loads(printed) == (await client.get("/api/v1/openapi.json")).json()


async def test_people_are_looked_up_over_http(served: Served) -> None:
    client = await served.signed_in(ANNA)
    everyone = (await client.get("/api/v1/users")).json()
    assert everyone["total"] == len(USERS)
    found = (await client.get("/api/v1/users", params={"search": "cole"})).json()
    assert found == {
        "total": 1,
        "items": [{"id": BEN.id, "name": "Ben Cole", "number": "102", "username": "ben"}],
    }
    assert (await client.get(f"/api/v1/users/{BEN.id}")).json() == found["items"][0]
    await client.aclose()


async def test_a_command_can_be_posted_by_a_program(served: Served) -> None:
    tab = await served.tab(ANNA, sound=True)
    client = await served.signed_in(ANNA)
    answer = await client.post("/api/v1/commands/call.dial", json={"to": "1 02", "device": ANNA.device})
    assert answer.status_code == 200
    call = answer.json()["ok"]["call"]
    assert (await tab.sees("call", id=call))["called"]["number"] == "102"
    refused = await client.post("/api/v1/commands/call.dial", json={"to": "999", "device": ANNA.device})
    assert word(refused) == (404, "unknown-number")
    assert (await client.post("/api/v1/commands/call.hangup", json={"call": call})).json() == {"ok": None}
    assert served.house.feed.get(CallView, call) is None
    await client.aclose()
