"""The demo office: made once, kept, and with the password that was asked for last."""

import stat
from pathlib import Path

import pytest

from offhook.config import Address, Demo
from offhook.demo import PEOPLE, configuration, furnish
from offhook.dialplan.model import Diversion, Line, Ringing
from offhook.passwords import Passwords
from offhook.people.directory import DeviceInfo, User
from offhook.people.groups import Group
from offhook.sip.auth import ha1
from offhook.store.database import open_database
from offhook.store.devices import Devices
from offhook.store.groups import Groups
from offhook.store.plan import Plan
from offhook.store.users import Users
from tests.blueprint.office import exported, put

LOCAL = Address("127.0.0.1:0")
NOW = 1_790_000_000.0


def options(folder: Path, password: str = "", *, http: Address = LOCAL) -> Demo:
    return Demo(folder / "demo", http, LOCAL, LOCAL, password)


async def office(folder: Path) -> tuple[list[User], list[DeviceInfo]]:
    database = await open_database(configuration(options(folder)).database)
    try:
        return await Users(database, "hq").load_all(), await Devices(database, "hq").load_all()
    finally:
        await database.close()


async def lets_in(folder: Path, username: str, password: str) -> bool:
    database = await open_database(configuration(options(folder)).database)
    passwords = Passwords()
    try:
        users = Users(database, "hq")
        user = await users.by_username(username)
        assert user is not None
        return await passwords.verify(await users.password_hash(user.id), password)
    finally:
        passwords.close()
        await database.close()


async def test_everybody_has_a_number_a_browser_and_a_desk_phone_and_the_one_password(tmp_path: Path) -> None:
    word = await furnish(configuration(options(tmp_path)), options(tmp_path))
    users, devices = await office(tmp_path)
    assert [(user.username, user.name, user.number) for user in users] == [
        (username, name, str(number)) for number, (username, name) in enumerate(PEOPLE, 101)
    ]
    assert len([device for device in devices if device.kind == "browser"]) == 12
    phones = {device.sip_user: device for device in devices if device.kind == "phone"}
    assert sorted(phones) == sorted(f"{username}-desk" for username, _ in PEOPLE)
    for algorithm, kept in (
        ("MD5", phones["anna-desk"].ha1_md5),
        ("SHA-256", phones["anna-desk"].ha1_sha256),
    ):
        assert kept == ha1("anna-desk", "offhook", word, algorithm)  # type: ignore[arg-type]  # one of the two
    assert await lets_in(tmp_path, "lena", word)


async def test_there_are_two_groups_and_one_who_is_in_both(tmp_path: Path) -> None:
    config = configuration(options(tmp_path))
    await furnish(config, options(tmp_path))
    await furnish(config, options(tmp_path))
    database = await open_database(config.database)
    try:
        numbers = {user.id: user.number for user in await Users(database, "hq").load_all()}
        groups = await Groups(database, "hq").load_all()
    finally:
        await database.close()
    assert {group.name: [numbers[user] for user in group.active] for group in groups} == {
        "Sales": ["101", "102", "103", "104"],
        "Service": ["104", "105", "106", "107", "108"],
    }


async def test_the_service_group_can_be_called_and_the_office_is_in_berlin(tmp_path: Path) -> None:
    config = configuration(options(tmp_path))
    await furnish(config, options(tmp_path))
    database = await open_database(config.database)
    try:
        service = await Groups(database, "hq").by_name("Service")
        location = (await Plan(database).load()).location
    finally:
        await database.close()
    assert service is not None
    assert service.ringing == Ringing("200", mode="in-turn")
    assert (location.country, location.area, location.external) == ("49", "30", "0")


async def test_what_people_have_changed_in_the_office_stays_and_who_is_missing_comes_back(
    tmp_path: Path,
) -> None:
    config = configuration(options(tmp_path))
    await furnish(config, options(tmp_path))
    database = await open_database(config.database)
    try:
        users, groups = Users(database, "hq"), Groups(database, "hq")
        anna, lena = await users.by_username("anna"), await users.by_username("lena")
        sales = await groups.by_name("Sales")
        assert anna is not None
        assert lena is not None
        assert sales is not None
        await users.set_preferences(
            anna.id,
            do_not_disturb=True,
            call_waiting=False,
            line=Line(diversions=(Diversion("busy", "102"),)),
        )
        await users.remove(lena.id)
        await groups.leave(sales.id, anna.id)
        await furnish(config, options(tmp_path))
        again = await users.by_username("anna")
        assert again is not None
        assert (again.do_not_disturb, again.line.diversions) == (True, (Diversion("busy", "102"),))
        assert await users.by_username("lena") is not None
        assert (await groups.by_name("Sales")) == Group(sales.id, "Sales", sales.members[1:])
    finally:
        await database.close()


async def test_a_folder_that_was_furnished_before_there_were_trunks_goes_on(tmp_path: Path) -> None:
    config = configuration(options(tmp_path))
    database = await open_database(config.database)
    try:  # as it was made then
        users, groups = Users(database, "hq"), Groups(database, "hq")
        anna = await users.add("anna", "Anna Berg", "101", now=NOW)
        await Devices(database, "hq").add_phone(
            anna.id, "Desk phone", "anna-desk", secret="old", realm="offhook", now=NOW
        )
        await groups.create("Service")
    finally:
        await database.close()
    word = await furnish(config, options(tmp_path))
    people, devices = await office(tmp_path)
    assert (len(people), len(devices)) == (12, 24)
    assert people[0].id == anna.id
    phone = next(device for device in devices if device.sip_user == "anna-desk")
    assert phone.ha1_sha256 == ha1("anna-desk", "offhook", word, "SHA-256")


async def test_the_service_group_of_an_older_folder_gets_its_number_and_keeps_its_members(
    tmp_path: Path,
) -> None:
    config = configuration(options(tmp_path))
    database = await open_database(config.database)
    try:
        users, groups = Users(database, "hq"), Groups(database, "hq")
        anna = await users.add("anna", "Anna Berg", "101", now=NOW)
        service = await groups.create("Service")
        await groups.join(service.id, anna.id, active=False)
        await furnish(config, options(tmp_path))
        now = await groups.by_name("Service")
    finally:
        await database.close()
    assert now is not None
    assert (now.members, now.ringing) == (((anna.id, False),), Ringing("200", mode="in-turn"))


async def test_a_number_that_the_service_group_has_already_stays(tmp_path: Path) -> None:
    config = configuration(options(tmp_path))
    await furnish(config, options(tmp_path))
    database = await open_database(config.database)
    try:
        before = await Groups(database, "hq").by_name("Service")
        text = await exported(database)
        assert text.count('"200"') == 1
        await put(database, text.replace('"200"', '"299"'))
        await furnish(config, options(tmp_path))
        again = await Groups(database, "hq").by_name("Service")
    finally:
        await database.close()
    assert again is not None
    assert before is not None
    assert (again.members, again.ringing) == (before.members, Ringing("299", mode="in-turn"))


async def test_a_number_of_the_office_that_somebody_else_has_meanwhile_stays_theirs(tmp_path: Path) -> None:
    config = configuration(options(tmp_path))
    database = await open_database(config.database)
    try:
        users, groups = Users(database, "hq"), Groups(database, "hq")
        await users.add("zoe", "Zoe", "104", now=NOW)
        await users.add("yann", "Yann", "200", now=NOW)
        await groups.create("Service")
        await furnish(config, options(tmp_path))
        service, sales = await groups.by_name("Service"), await groups.by_name("Sales")
        assert await users.by_username("david") is None, "his number is Zoe's"
    finally:
        await database.close()
    assert service is not None
    assert service.ringing is None
    assert sales is not None
    assert len(sales.members) == 3


async def test_a_password_that_was_made_up_is_kept_for_the_next_start_and_for_nobody_else(
    tmp_path: Path,
) -> None:
    config = configuration(options(tmp_path))
    word = await furnish(config, options(tmp_path))
    kept = tmp_path / "demo" / "password"
    assert len(word) >= 8
    assert kept.read_text() == word + "\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    before = await office(tmp_path)
    assert await furnish(config, options(tmp_path)) == word
    assert await office(tmp_path) == before


async def test_another_password_is_everybodys_and_every_phones_from_then_on(tmp_path: Path) -> None:
    config = configuration(options(tmp_path))
    old = await furnish(config, options(tmp_path))
    assert await furnish(config, options(tmp_path, "new word")) == "new word"
    assert await lets_in(tmp_path, "ben", "new word")
    assert not await lets_in(tmp_path, "ben", old)
    users, devices = await office(tmp_path)
    assert (len(users), len(devices)) == (12, 24)
    ben = next(device for device in devices if device.sip_user == "ben-desk")
    assert ben.ha1_sha256 == ha1("ben-desk", "offhook", "new word", "SHA-256")
    assert await furnish(config, options(tmp_path)) == "new word", "it is kept like any other"


@pytest.mark.parametrize(
    ("http", "url"),
    [("127.0.0.1:8080", "http://127.0.0.1:8080"), ("192.0.2.7:8080", "https://192.0.2.7:8080")],
)
def test_whoever_may_come_from_elsewhere_gets_https(tmp_path: Path, http: str, url: str) -> None:
    config = configuration(options(tmp_path, "a word", http=Address(http)))
    assert config.web.url == url
    assert config.web.https is url.startswith("https")
