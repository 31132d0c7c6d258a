"""`offhook route explain`, as an administrator meets it who wants to know why it rings there."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from offhook.cli import run
from offhook.sip.flow import Flow
from offhook.store.bindings import Bindings, KeptBinding
from offhook.store.database import Database, open_database
from offhook.store.devices import Devices
from tests.blueprint.office import put

EXPIRES = 1_900_000_000.0
HOUSE = """
location = { country = "49", area = "30", external = "0", subscriber = ["+4930100"] }
node = [{ name = "Munich", number = "7" }]
trunk = [{ name = "Fibre", number = "0", hosts = ["fibre.example"], main = "+4930100" }]

[[user]]
username = "anna"
name = "Anna"
number = "10"
device = [{ kind = "phone", name = "Desk phone", sip_user = "anna-desk", secret = "x" }]

[[user]]
username = "ben"
name = "Ben"
number = "20"
device = [{ kind = "phone", name = "Desk phone", sip_user = "ben-desk", secret = "x" }]
diversion = [{ when = "busy", to = "10" }]
"""

Offhook = Callable[..., tuple[int, str, str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Anna and Ben have phones that are registered until 2030; Ben diverts to Anna when he is busy."""

    async def furnish(database: Database) -> None:
        await put(database, HOUSE)
        flow = Flow("udp", "192.0.2.1", 5060, "192.0.2.9", 5060)
        await Bindings(database, "hq").put(
            [
                KeptBinding(
                    phone.id, b"<sip:x@192.0.2.1>", flow, b"", phone.sip_user.encode(), 1, EXPIRES, False, b""
                )
                for phone in await Devices(database, "hq").load_all()
            ]
        )

    file = tmp_path / "offhook.toml"
    file.write_text(f'data = "{tmp_path}"\nsite = "hq"\n[sip]\ndomain = "pbx.example"\n')
    with_database(tmp_path, furnish)
    return file


def with_database(tmp_path: Path, work: Callable[[Database], Awaitable[None]]) -> None:
    async def do() -> None:
        database = await open_database(f"sqlite://{tmp_path / 'offhook.db'}")
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(do())


@pytest.fixture
def explain(file: Path, capsys: pytest.CaptureFixture[str]) -> Offhook:
    def explain(*words: str) -> tuple[int, str, str]:
        code = run(["route", "explain", *words, "--config", str(file)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return explain


def test_an_internal_call_is_explained_rule_by_rule(explain: Offhook) -> None:
    code, out, _ = explain("anna", "20", "--at", "1800000000")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "Anna (10) dials 20."
    assert "20 in root is Ben." in lines
    assert "It rings 30 s: Ben: Desk phone" in lines
    assert lines[-1] == "In the end: Nobody answered."


def test_a_call_outside_names_the_trunk_and_who_pays(explain: Offhook) -> None:
    _, out, _ = explain("10", "0089123", "--at", "1800000000")
    assert "Anna pays: it is an external call." in out
    assert "It rings 180 s: +4989123 by Fibre" in out


def test_a_call_from_a_trunk_is_explained_as_one_from_outside(explain: Offhook) -> None:
    _, out, _ = explain("trunk:Fibre", "+493010020", "--calling", "+4989123", "--at", "1800000000")
    assert out.startswith("+4989123 calls +493010020 by the trunk Fibre.")
    assert "It rings 30 s: Ben: Desk phone" in out


def test_phones_count_that_were_registered_at_that_time(explain: Offhook) -> None:
    _, out, _ = explain("anna", "20", "--at", "2030-12-31T00:00")
    assert out.endswith("It does not ring: No phone is reachable there at the moment.\n")
    _, out, _ = explain("anna", "20", "--at", "1800000000")  # and asking has made nobody forget them
    assert "It rings 30 s: Ben: Desk phone" in out


def test_for_programs_the_rounds_are_data(explain: Offhook) -> None:
    _, out, _ = explain("anna", "0089123", "--json")
    said = msgspec.json.decode(out, type=dict[str, object])
    assert said["otherwise"] == "no-answer"
    assert json.loads(out)["rounds"] == [
        {
            "seconds": 180.0,
            "devices": [{"device": "trunk:Fibre", "number": "+4989123", "name": "", "user": ""}],
        }
    ]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nobody", "20"), "there is no user nobody"),
        (("trunk:Copper", "20"), "there is no trunk Copper; there are: Fibre"),
        (("anna", "20", "--at", "noon"), "noon is no time: write it like 2026-03-31T14:00"),
        (("anna", "20", "--at", "9" * 400), "is no time"),
    ],
)
def test_what_cannot_be_explained_is_said_in_a_sentence(
    explain: Offhook, words: tuple[str, ...], complaint: str
) -> None:
    code, out, error = explain(*words)
    assert (code, out) == (1, "")
    assert complaint in error


def test_whatever_is_dialled_is_explained(explain: Offhook) -> None:
    for number in ("", "nobody", "*42", "9" * 300, "{}", "\udcff"):
        code, out, _ = explain("anna", number)
        assert code == 0
        assert "It does not ring" in out
