"""The command line, as an administrator meets it."""

import asyncio
import io
import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from offhook.cli import run
from offhook.passwords import Passwords
from offhook.sip.auth import ha1
from offhook.store.database import Database, open_database
from offhook.store.devices import Devices
from offhook.store.links import Links
from offhook.store.meta import Meta
from offhook.store.sessions import Sessions
from offhook.store.users import Users
from tests.ports import free_port

Offhook = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "offhook.db"

    async def make() -> None:
        await (await open_database(f"sqlite://{path}")).close()

    asyncio.run(make())
    return path


@pytest.fixture
def file(tmp_path: Path, empty: Path) -> Path:
    shutil.copy(empty, tmp_path / "offhook.db")
    file = tmp_path / "offhook.toml"
    file.write_text(
        f'data = "{tmp_path}"\n[web]\nurl = "https://phone.example.com/"\n[sip]\ndomain = "pbx.example"\n'
    )
    return file


@pytest.fixture
def offhook(file: Path, capsys: pytest.CaptureFixture[str]) -> Offhook:
    """Runs a command with the test's configuration: exit code, output, errors."""

    def offhook(*words: str) -> tuple[int, str, str]:
        code = run([*words, "--config", str(file)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return offhook


def asked(file: Path, question: Callable[[Database], Awaitable[object]]) -> object:
    """What the database says, as a server would read it."""

    async def ask() -> object:
        database = await open_database(f"sqlite://{file.parent}/offhook.db")
        try:
            return await question(database)
        finally:
            await database.close()

    return asyncio.run(ask())


# ---- users


def test_a_new_user_gets_a_link_that_lets_them_choose_a_password(offhook: Offhook, file: Path) -> None:
    code, out, _ = offhook("user", "add", "anna", "--name", "Anna Berg", "--number", "101")
    assert code == 0
    assert "Anna Berg (anna) has number 101." in out
    link = out.splitlines()[-1]
    token = link.removeprefix("https://phone.example.com/#welcome=")
    assert token != link

    async def owner(database: Database) -> bool:
        id = await Links(database, "hq").owner(token, now=0.0)
        anna = await Users(database, "hq").by_username("anna")
        return anna is not None and id == anna.id

    assert asked(file, owner)


def test_users_are_listed_for_people_and_for_programs(offhook: Offhook) -> None:
    offhook("user", "add", "anna", "--name", "Anna Berg", "--number", "101")
    offhook("user", "add", "ben", "--name", "Ben Cole", "--number", "102")
    _, out, _ = offhook("user", "list")
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["NUMBER", "USER"],
        ["101", "anna"],
        ["102", "ben"],
    ]
    _, out, _ = offhook("user", "list", "--json")
    assert [(user["username"], user["name"]) for user in json.loads(out)] == [
        ("anna", "Anna Berg"),
        ("ben", "Ben Cole"),
    ]


@pytest.mark.parametrize(
    ("number", "owner"), [("200", "group Service"), ("7", "node Works"), ("0", "trunk Fibre")]
)
def test_a_number_that_leads_elsewhere_cannot_be_a_users(
    offhook: Offhook, tmp_path: Path, number: str, owner: str
) -> None:
    house = tmp_path / "house.toml"
    house.write_text(
        '[location]\ncountry = "49"\narea = "30"\n'
        '[[node]]\nname = "Works"\nnumber = "7"\n'
        '[[trunk]]\nname = "Fibre"\nnumber = "0"\nhosts = ["192.0.2.1"]\nmain = "+4930555"\n'
        '[[group]]\nname = "Service"\nringing = { number = "200" }\n'
    )
    code, _, err = offhook("apply", str(house))
    assert code == 0, err
    code, _, err = offhook("user", "add", "anna", "--name", "Anna", "--number", number)
    assert (code, err) == (1, f"offhook: the number {number} belongs to the {owner} already\n")


def test_a_name_that_is_taken_is_an_error_in_one_line(offhook: Offhook) -> None:
    offhook("user", "add", "anna", "--name", "Anna Berg", "--number", "101")
    code, out, err = offhook("user", "add", "ben", "--name", "Ben Cole", "--number", "101")
    assert (code, out) == (1, "")
    assert err == "offhook: the number 101 belongs to anna already\n"


def test_a_new_link_takes_the_place_of_the_old_one(offhook: Offhook, file: Path) -> None:
    _, out, _ = offhook("user", "add", "anna", "--name", "Anna Berg", "--number", "101", "--json")
    old = json.loads(out)["link"].partition("welcome=")[2]
    code, out, _ = offhook("user", "passwd", "anna", "--json")
    new = json.loads(out)["link"].partition("welcome=")[2]
    assert code == 0

    async def owners(database: Database) -> list[bool]:
        links = Links(database, "hq")
        return [await links.owner(token, now=0.0) is not None for token in (old, new)]

    assert asked(file, owners) == [False, True]


def test_a_password_may_come_from_standard_input_and_signs_the_user_out(
    offhook: Offhook, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = offhook("user", "add", "anna", "--name", "Anna Berg", "--number", "101", "--json")
    anna = json.loads(out)["id"]

    async def sign_in(database: Database) -> str:
        return await Sessions(database, "hq").make(anna, now=0.0)

    token = asked(file, sign_in)
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\n"))
    code, out, _ = offhook("user", "passwd", "anna", "--stdin")
    assert code == 0
    assert "correct" not in out

    async def found(database: Database) -> tuple[bool, bool]:
        kept = await Users(database, "hq").password_hash(anna)
        session = await Sessions(database, "hq").find(str(token), now=0.0)
        return await Passwords().verify(kept, "correct horse"), session is not None

    assert asked(file, found) == (True, False)


def test_a_short_password_is_refused(offhook: Offhook, monkeypatch: pytest.MonkeyPatch) -> None:
    offhook("user", "add", "anna", "--name", "Anna Berg", "--number", "101")
    monkeypatch.setattr(sys, "stdin", io.StringIO("1234\n"))
    code, _, err = offhook("user", "passwd", "anna", "--stdin")
    assert (code, err) == (1, "offhook: A password has 8 letters or more.\n")


def test_a_removed_user_is_gone_with_devices_and_links_and_the_number_is_free(
    offhook: Offhook, file: Path
) -> None:
    _, out, _ = offhook("user", "add", "anna", "--name", "Anna Berg", "--number", "101", "--json")
    token = json.loads(out)["link"].partition("welcome=")[2]
    offhook("device", "add", "anna")
    code, out, _ = offhook("user", "remove", "anna")
    assert (code, out) == (0, "Anna Berg (anna) is removed; the number 101 is free.\n")
    assert json.loads(offhook("user", "list", "--json")[1]) == []
    assert json.loads(offhook("device", "list", "--json")[1]) == []
    assert asked(file, lambda database: Links(database, "hq").owner(token, now=0.0)) is None
    assert offhook("user", "add", "ben", "--name", "Ben Cole", "--number", "101")[0] == 0


@pytest.mark.parametrize(
    "words", [("user", "passwd"), ("user", "remove"), ("device", "add"), ("device", "list")]
)
def test_a_user_who_is_not_there_is_said_to_be_so(offhook: Offhook, words: tuple[str, ...]) -> None:
    code, out, err = offhook(*words, "nobody")
    assert (code, out) == (1, "")
    assert err.startswith("offhook: there is no user nobody")


# ---- devices


def test_a_new_phone_is_told_once_what_to_enter(offhook: Offhook, file: Path) -> None:
    offhook("user", "add", "anna", "--name", "Anna Berg", "--number", "101")
    code, out, _ = offhook("device", "add", "anna", "--srtp", "required")
    assert code == 0
    assert "pbx.example (UDP 5060; TCP 5060; TLS 5061)" in out
    found = re.search(r"Password +([0-9a-f]{32})\b", out)
    assert found
    secret = found[1]

    async def phones(database: Database) -> list[tuple[str, str, str, str]]:
        devices = await Devices(database, "hq").load_all()
        return [(d.sip_user, d.srtp, d.ha1_md5, d.ha1_sha256) for d in devices if d.kind == "phone"]

    assert asked(file, phones) == [
        (
            "anna-desk",
            "required",
            ha1("anna-desk", "offhook", secret, "MD5"),
            ha1("anna-desk", "offhook", secret, "SHA-256"),
        )
    ]
    _, out, _ = offhook("device", "list")
    assert secret not in out


def test_devices_are_listed_for_people_and_for_programs(offhook: Offhook) -> None:
    for name, number in (("anna", "101"), ("ben", "102")):
        offhook("user", "add", name, "--name", name, "--number", number)
    offhook("device", "add", "ben", "--name", "Kitchen", "--sip-user", "kitchen")
    _, out, _ = offhook("device", "list")
    assert "Kitchen" in out
    _, out, _ = offhook("device", "list", "anna", "--json")
    assert [(device["name"], device["kind"]) for device in json.loads(out)] == [("Browser", "browser")]


def test_a_second_phone_of_one_name_is_refused(offhook: Offhook) -> None:
    offhook("user", "add", "anna", "--name", "Anna Berg", "--number", "101")
    offhook("device", "add", "anna")
    code, _, err = offhook("device", "add", "anna")
    assert (code, err) == (1, "offhook: there is a phone anna-desk already\n")


def test_a_removed_phone_is_gone_and_its_name_is_free(offhook: Offhook) -> None:
    offhook("user", "add", "anna", "--name", "Anna Berg", "--number", "101")
    _, out, _ = offhook("device", "add", "anna", "--json")
    code, out, _ = offhook("device", "remove", json.loads(out)["id"])
    assert (code, out) == (0, "Desk phone (anna-desk) is removed.\n")
    assert [device["kind"] for device in json.loads(offhook("device", "list", "--json")[1])] == ["browser"]
    assert offhook("device", "add", "anna")[0] == 0


@pytest.mark.parametrize("id", ["hq.99", "elsewhere.1", "nonsense"])
def test_a_device_that_is_not_there_is_said_to_be_so(offhook: Offhook, id: str) -> None:
    code, out, err = offhook("device", "remove", id)
    assert (code, out) == (1, "")
    assert err.startswith(f"offhook: there is no device {id}")


def test_a_realm_that_would_shut_out_all_phones_is_refused(offhook: Offhook, file: Path) -> None:
    offhook("user", "add", "anna", "--name", "Anna Berg", "--number", "101")
    offhook("device", "add", "anna")
    file.write_text(file.read_text() + 'realm = "other"\n')
    code, _, err = offhook("device", "add", "anna", "--sip-user", "second")
    assert code == 1
    assert "write realm = 'offhook' under [sip]" in err


def test_a_running_server_can_see_that_something_changed(offhook: Offhook, file: Path) -> None:
    def changes() -> object:
        return asked(file, lambda database: Meta(database).changes())

    assert changes() == 0
    offhook("user", "add", "anna", "--name", "Anna Berg", "--number", "101")
    offhook("device", "add", "anna")
    offhook("user", "list")
    assert changes() == 2
    offhook("user", "remove", "anna")
    assert changes() == 3


# ---- configuration


def test_config_check_prints_all_of_it_without_secrets(offhook: Offhook, file: Path) -> None:
    file.write_text('database = "postgresql://me:word@db/offhook"\n')
    code, out, _ = offhook("config", "check")
    assert code == 0
    assert 'database = "postgresql://me:***@db/offhook"' in out
    assert 'ports = "16384-32767"' in out
    _, out, _ = offhook("config", "check", "--json")
    assert json.loads(out)["database"] == "postgresql://me:***@db/offhook"


@pytest.mark.parametrize("words", [("config", "check"), ("serve",), ("user", "list")])
def test_a_wrong_configuration_is_exit_code_2_and_one_line(
    offhook: Offhook, file: Path, words: tuple[str, ...]
) -> None:
    file.write_text("[web]\nlisten = 8443\n")
    code, out, err = offhook(*words)
    assert (code, out) == (2, "")
    assert err.startswith(f"offhook: {file}, line 2: [web] listen = 8443 will not do")
    assert err.count("\n") == 1


@pytest.mark.parametrize("what", ["http", "udp", "tcp"])
def test_an_address_another_program_has_is_one_line_that_says_so(
    offhook: Offhook, file: Path, what: str
) -> None:
    taken = free_port()
    listens = {"http": free_port(), "udp": free_port(), "tcp": free_port(), what: taken}
    file.write_text(
        f'data = "{file.parent}"\n'
        f'[web]\nlisten = "127.0.0.1:{listens["http"]}"\nhttps = false\n'
        f'[sip]\nudp = ["127.0.0.1:{listens["udp"]}"]\ntcp = ["127.0.0.1:{listens["tcp"]}"]\ntls = []\n'
    )
    kind = socket.SOCK_DGRAM if what == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", taken))
        if what != "udp":
            other.listen()
        code, _, err = offhook("serve")
    assert code == 1
    last = err.splitlines()[-1]
    assert last.startswith(f"offhook: cannot listen at {what} 127.0.0.1:{taken}: another program has it")


def test_config_check_tries_the_certificate(offhook: Offhook, file: Path, tmp_path: Path) -> None:
    file.write_text(f'[web]\ncertificate = "{tmp_path}/c.pem"\nkey = "{tmp_path}/k.pem"\n')
    code, _, err = offhook("config", "check")
    assert (code, err) == (1, f"offhook: {tmp_path}/c.pem does not exist\n")


def test_a_database_that_cannot_be_reached_is_one_line(offhook: Offhook, file: Path, tmp_path: Path) -> None:
    file.write_text(f'database = "postgresql://me:word@/offhook?host={tmp_path}"\n')
    code, out, err = offhook("user", "list")
    assert (code, out) == (1, "")
    assert err.startswith("offhook: database postgresql://me:***@")
    assert err.count("\n") == 1


# ---- the demo


@pytest.mark.parametrize("option", ["--http", "--sip", "--sips"])
def test_the_demo_opens_to_others_only_with_a_password(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo", option, "0.0.0.0:0"]) == 1
    assert "--password" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["8080", "::1:8080", "localhost:http", "localhost:70000"])
def test_an_address_that_is_none_is_refused_with_an_example(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as error:
        run(["demo", "--http", address])
    assert error.value.code == 2
    assert "HOST:PORT, such as 127.0.0.1:8080" in capsys.readouterr().err


def test_python_m_offhook_is_the_same_command() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "offhook", "config", "check", "--json"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    assert json.loads(said.stdout)["sip"]["domain"] == socket.gethostname()


# ---- groups


def people(offhook: Offhook) -> None:
    for username, name, number in (("anna", "Anna Berg", "101"), ("ben", "Ben Cole", "102")):
        offhook("user", "add", username, "--name", name, "--number", number)


def test_a_group_is_made_gets_members_and_loses_them(offhook: Offhook) -> None:
    people(offhook)
    assert offhook("group", "add", "Sales")[0] == 0
    assert offhook("group", "join", "Sales", "anna")[1] == "Anna Berg is an active member of Sales now.\n"
    offhook("group", "join", "sales", "ben", "--passive")
    _, out, _ = offhook("group", "list")
    assert [line.split("  ")[:2] for line in out.splitlines()][1] == ["Sales", "anna, ben (passive)"]
    offhook("group", "leave", "Sales", "anna")
    _, out, _ = offhook("group", "list", "--json")
    (group,) = json.loads(out)
    assert [member["active"] for member in group["members"]] == [False]


def test_a_group_goes_and_its_users_stay(offhook: Offhook) -> None:
    people(offhook)
    offhook("group", "add", "Sales")
    offhook("group", "join", "Sales", "anna")
    assert offhook("group", "remove", "Sales")[0] == 0
    assert json.loads(offhook("group", "list", "--json")[1]) == []
    assert len(json.loads(offhook("user", "list", "--json")[1])) == 2


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("group", "add", "sales"), "there is a group sales already"),
        (("group", "join", "Service", "anna"), "there is no group Service; `offhook group list` shows which"),
        (("group", "join", "Sales", "carla"), "there is no user carla; `offhook user list` shows who"),
        (("group", "leave", "Sales", "anna"), "anna is not in Sales"),
    ],
)
def test_what_cannot_be_done_with_a_group_is_said_in_one_line(
    offhook: Offhook, words: tuple[str, ...], why: str
) -> None:
    people(offhook)
    offhook("group", "add", "Sales")
    code, out, err = offhook(*words)
    assert (code, out) == (1, "")
    assert err.startswith(f"offhook: {why}")
    assert err.count("\n") == 1


def test_a_running_server_is_told_of_changed_groups(offhook: Offhook, file: Path) -> None:
    people(offhook)

    async def changes(database: Database) -> int:
        return await Meta(database).changes()

    before = asked(file, changes)
    offhook("group", "add", "Sales")
    offhook("group", "join", "Sales", "anna")
    assert asked(file, changes) == before + 2  # type: ignore[operator]  # it is a number
