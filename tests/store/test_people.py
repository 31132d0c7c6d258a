"""Users, their devices, the links that let them in and the sessions they are in."""

import asyncio
import hashlib

import pytest

from offhook.dialplan.model import Diversion, Limits, Line, Mobile
from offhook.people.directory import Directory
from offhook.store.database import Conflict, Database, StoreError
from offhook.store.devices import Devices, new_secret
from offhook.store.history import History
from offhook.store.links import LIFETIME as LINK_LIFETIME
from offhook.store.links import Links
from offhook.store.meta import Meta
from offhook.store.records import Record, Records
from offhook.store.sessions import LIFETIME as SESSION_LIFETIME
from offhook.store.sessions import Sessions
from offhook.store.users import Users
from tests.blueprint.office import put

NOW = 1_790_000_000.0


@pytest.fixture
def users(database: Database) -> Users:
    return Users(database, "hq")


@pytest.fixture
def devices(database: Database) -> Devices:
    return Devices(database, "hq")


# ---- users


async def test_a_new_user_is_found_by_id_and_any_spelling_of_the_user_name(users: Users) -> None:
    anna = await users.add("Anna", "  Anna   Berg ", "101", now=NOW)
    assert (anna.username, anna.name, anna.number) == ("Anna", "Anna Berg", "101")
    assert await users.by_id(anna.id) == anna
    assert await users.by_username("aNNa") == anna
    assert await users.by_username("ann") is None


async def test_a_new_user_has_a_browser_to_dial_from(users: Users, devices: Devices) -> None:
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    (browser,) = await devices.of(anna.id)
    assert (browser.kind, browser.user, browser.sip_user) == ("browser", anna.id, "")
    assert anna.device == browser.id


@pytest.mark.parametrize(
    ("username", "number", "sentence"),
    [
        ("ANNA", "102", "there is a user ANNA already"),
        ("ben", "101", "the number 101 belongs to anna already"),
    ],
)
async def test_who_has_a_name_or_number_keeps_it(
    users: Users, username: str, number: str, sentence: str
) -> None:
    await users.add("anna", "Anna Berg", "101", now=NOW)
    with pytest.raises(Conflict, match=sentence):
        await users.add(username, "Someone", number, now=NOW)
    assert len(await users.load_all()) == 1


@pytest.mark.parametrize(
    ("username", "name", "number"),
    [
        ("", "Anna", "101"),
        ("anna berg", "Anna", "101"),
        ("anna@pbx", "Anna", "101"),
        ("a" * 65, "Anna", "101"),
        ("anna", " ", "101"),
        ("anna", "A\0", "101"),
        ("anna", "Anna", ""),
        ("anna", "Anna", "10a"),
        ("anna", "Anna", "1" * 33),
        ("anna", "Anna", "١٠١"),
    ],
)
async def test_what_cannot_be_a_user_is_refused_with_a_sentence(
    users: Users, username: str, name: str, number: str
) -> None:
    with pytest.raises(StoreError, match="write 1 to"):
        await users.add(username, name, number, now=NOW)


async def test_an_id_from_elsewhere_finds_nobody(users: Users) -> None:
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    for stranger in (
        "",
        "hq",
        "hq.",
        "hq.1",
        "hq.1!",
        "berlin.11",
        anna.id + "x",
        "hq.v" + "v" * 40,
        "hq.٠1",
    ):
        assert await users.by_id(stranger) is None


async def test_users_are_searched_by_beginnings_of_words_in_any_order_and_spelling(users: Users) -> None:
    await users.add("ase", "Åse Løvås", "2301", now=NOW)
    await users.add("jose", "José Ruiz-Ortega", "2302", now=NOW)
    await users.add("li", "李小龍", "2303", now=NOW)

    async def found(typed: str) -> list[str]:
        total, page = await users.search(typed)
        assert total == len(page)
        return [user.username for user in page]

    assert await found("") == ["ase", "jose", "li"]
    assert await found("løv") == await found("LOV as") == ["ase"]
    assert await found("ort jo") == ["jose"]
    assert await found("李") == ["li"]
    assert await found("230") == ["ase", "jose", "li"]
    assert await found("302") == await found("vås") == []
    assert await found("%") == await found("_") == ["ase", "jose", "li"]  # nothing is asked for


async def test_a_search_is_cut_into_pages(users: Users) -> None:
    for n in range(7):
        await users.add(f"user{n}", f"User {n}", f"10{n}", now=NOW)
    total, page = await users.search("user", offset=5, limit=5)
    assert total == 7
    assert [user.username for user in page] == ["user5", "user6"]


async def test_the_directory_takes_what_the_store_loads(users: Users, devices: Devices) -> None:
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    await devices.add_phone(anna.id, "Desk", "anna-desk", secret="s", realm="offhook", now=NOW)
    directory = Directory(await users.load_all(), await devices.load_all())
    phone = directory.by_sip_user("anna-desk")
    assert phone is not None
    assert directory.user(phone.user) == anna


async def test_choosing_a_device_lasts(users: Users, devices: Devices) -> None:
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    phone = await devices.add_phone(anna.id, "Desk", "anna-desk", secret="s", realm="offhook", now=NOW)
    await users.set_device(anna.id, phone.id)
    assert [user.device for user in await users.load_all()] == [phone.id]
    await users.set_device(anna.id, "")
    assert [user.device for user in await users.load_all()] == [""]


async def test_a_number_belongs_to_its_numbering_area(database: Database, users: Users) -> None:
    await put(
        database,
        """
        node = [{ name = "works", number = "7" }]
        user = [{ username = "ben", name = "Ben Cole", number = "101", node = "works" }]
        """,
    )
    await users.add("anna", "Anna Berg", "101", now=NOW)
    assert [(user.username, user.node, user.number) for user in await users.load_all()] == [
        ("ben", "works", "101"),
        ("anna", "root", "101"),
    ]
    with pytest.raises(Conflict):  # whatever writes it
        await database.write("update users set node = $1", [("works",)])
    with pytest.raises(Conflict, match="the number 101 belongs to anna already"):
        await users.add("carla", "Carla Diaz", "101", now=NOW)


async def test_how_a_line_works_is_kept_and_wishes_without_one_leave_it_alone(users: Users) -> None:
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    assert anna.line == Line()
    line = Line(
        filter="no-abroad",
        seconds=15,
        limits=Limits(external_at_once=1),
        diversions=(Diversion("busy", "102", by="admin"), Diversion("always", "+4930")),
    )
    await users.set_preferences(anna.id, do_not_disturb=False, call_waiting=True, line=line)
    assert [user.line for user in await users.load_all()] == [line]
    await users.set_preferences(anna.id, do_not_disturb=True, call_waiting=True)
    (kept,) = await users.load_all()
    assert (kept.do_not_disturb, kept.line) == (True, line)
    await users.set_preferences(anna.id, do_not_disturb=True, call_waiting=True, line=Line())
    assert [user.line for user in await users.load_all()] == [Line()]


async def test_a_line_that_cannot_be_read_is_said_to_be_whose(database: Database, users: Users) -> None:
    await users.add("anna", "Anna Berg", "101", now=NOW)
    await database.write("update users set line = $1", [('{"filter": 7}',)])
    with pytest.raises(StoreError, match="the line of anna in the database cannot be read"):
        await users.load_all()


# ---- devices


async def test_a_phone_is_kept_with_hashes_of_its_secret_only(database: Database, users: Users) -> None:
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    secret = new_secret()
    assert len(bytes.fromhex(secret)) == 16
    phone = await Devices(database, "hq").add_phone(
        anna.id, "Desk", "anna-desk", secret=secret, realm="offhook", srtp="required", now=NOW
    )
    digest = f"anna-desk:offhook:{secret}".encode()
    assert phone.ha1_md5 == hashlib.md5(digest, usedforsecurity=False).hexdigest()
    assert phone.ha1_sha256 == hashlib.sha256(digest).hexdigest()
    assert phone.srtp == "required"
    assert secret not in str(await database.read("select * from devices"))


async def test_a_phone_may_get_a_new_secret(users: Users, devices: Devices) -> None:
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    old = await devices.add_phone(anna.id, "Desk", "desk", secret="old", realm="offhook", now=NOW)
    await devices.set_secret(old, secret="new", realm="offhook")
    (new,) = [device for device in await devices.of(anna.id) if device.kind == "phone"]
    assert new.ha1_sha256 == hashlib.sha256(b"desk:offhook:new").hexdigest()
    assert new.ha1_md5 == hashlib.md5(b"desk:offhook:new", usedforsecurity=False).hexdigest()


async def test_two_phones_cannot_sign_in_by_one_name(users: Users, devices: Devices) -> None:
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    await devices.add_phone(anna.id, "Desk", "desk", secret="s", realm="offhook", now=NOW)
    with pytest.raises(Conflict, match="there is a phone desk already"):
        await devices.add_phone(anna.id, "Desk 2", "desk", secret="s", realm="offhook", now=NOW)


async def test_a_phone_needs_a_user_and_a_name_fit_for_sip(users: Users, devices: Devices) -> None:
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    with pytest.raises(StoreError, match="cannot be a phone's user name"):
        await devices.add_phone(anna.id, "Desk", "anna desk", secret="s", realm="offhook", now=NOW)
    with pytest.raises(StoreError):
        await devices.add_phone("hq.1v", "Desk", "desk", secret="s", realm="offhook", now=NOW)


async def test_a_mobile_is_a_device_that_may_change(users: Users, devices: Devices) -> None:
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    mobile = await devices.add_mobile(anna.id, " Mobile ", Mobile("+49170555", delay=5), now=NOW)
    assert (mobile.kind, mobile.user, mobile.name) == ("mobile", anna.id, "Mobile")
    assert mobile.mobile == Mobile("+49170555", delay=5)
    changed = await devices.set_mobile(mobile.id, "Private", Mobile("+49170556", enabled=False))
    assert (changed.id, changed.name, changed.mobile) == (
        mobile.id,
        "Private",
        Mobile("+49170556", enabled=False),
    )
    assert (await devices.of(anna.id))[1:] == [changed]
    await devices.remove(mobile.id)
    assert [device.kind for device in await devices.of(anna.id)] == ["browser"]


async def test_a_mobile_needs_a_user_and_stays_away_once_it_is_removed(
    users: Users, devices: Devices
) -> None:
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    with pytest.raises(StoreError, match="removed meanwhile"):
        await devices.add_mobile("hq.1v", "Mobile", Mobile("+49170555"), now=NOW)
    for other in ("hq.1v", anna.device):  # a browser is no mobile
        with pytest.raises(StoreError, match="removed meanwhile"):
            await devices.set_mobile(other, "Mobile", Mobile("+49170555"))
    assert [device.name for device in await devices.of(anna.id)] == ["Browser"]


# ---- changes from outside


async def test_a_removed_user_takes_everything_along_but_what_records_say(
    database: Database, users: Users, devices: Devices
) -> None:
    anna, ben = [await users.add(n, n, number, now=NOW) for n, number in (("anna", "101"), ("ben", "102"))]
    sessions, records = Sessions(database, "hq"), await Records.open(database, "hq")
    token = await sessions.make(anna.id, now=NOW)
    for whose, other in ((anna, ben), (ben, anna)):
        await records.keep(
            [
                Record(
                    records.new_id(), "hq.1.1", whose.id, "out", "answered", other.number, other.name,
                    other.id, whose.device, NOW, NOW + 1, NOW + 2,
                )
            ]
        )  # fmt: skip
    await users.remove(anna.id)
    assert [user.username for user in await users.load_all()] == ["ben"]
    assert [device.user for device in await devices.load_all()] == [ben.id]
    assert await sessions.find(token, now=NOW) is None
    history = History(database, "hq")
    assert len(await history.page(anna.id)) == 1
    (kept,) = await history.page(ben.id)
    assert (kept.other, kept.name, kept.number) == ("", "anna", "101")


async def test_who_had_chosen_a_removed_phone_dials_from_what_is_left(users: Users, devices: Devices) -> None:
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    phone = await devices.add_phone(anna.id, "Desk", "anna-desk", secret="x", realm="offhook", now=NOW)
    await users.set_device(anna.id, phone.id)
    await devices.remove(phone.id)
    assert [device.kind for device in await devices.of(anna.id)] == ["browser"]
    assert await users.by_id(anna.id) == anna
    await devices.remove(anna.device)
    alone = await users.by_id(anna.id)
    assert alone is not None
    assert alone.device == ""


async def test_the_server_sees_that_another_process_changed_something(
    database: Database, users: Users
) -> None:
    meta = Meta(database)
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    assert await meta.changes() == 0
    outside = Users(database, "hq", announce=True)
    await outside.add("ben", "Ben Cole", "102", now=NOW)
    assert await meta.changes() == 1
    devices = Devices(database, "hq", announce=True)
    phone = await devices.add_phone(anna.id, "Desk", "desk", secret="s", realm="offhook", now=NOW)
    assert await meta.changes() == 2
    await devices.remove(phone.id)
    await outside.set_password_hash(anna.id, "hash")
    await outside.remove(anna.id)
    assert await meta.changes() == 5


# ---- links


async def test_a_link_sets_a_password_once(database: Database, users: Users) -> None:
    links = Links(database, "hq")
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    assert await users.password_hash(anna.id) is None
    token = await links.make(anna.id, now=NOW)
    assert await links.owner(token, now=NOW) == anna.id
    assert await links.use(token, "hash", now=NOW) == anna.id
    assert await users.password_hash(anna.id) == "hash"
    assert await links.owner(token, now=NOW) is None
    assert await links.use(token, "other", now=NOW) is None
    assert await users.password_hash(anna.id) == "hash"


async def test_of_two_who_use_a_link_at_once_one_wins(database: Database, users: Users) -> None:
    links = Links(database, "hq")
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    token = await links.make(anna.id, now=NOW)
    both = await asyncio.gather(links.use(token, "one", now=NOW), links.use(token, "two", now=NOW))
    assert sorted(both, key=str) == sorted([None, anna.id], key=str)


async def test_a_link_wears_out_and_gives_way_to_a_newer_one(database: Database, users: Users) -> None:
    links = Links(database, "hq")
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    old = await links.make(anna.id, now=NOW)
    new = await links.make(anna.id, now=NOW)
    assert await links.owner(old, now=NOW) is None
    assert await links.owner(new, now=NOW + LINK_LIFETIME - 1) == anna.id
    assert await links.owner(new, now=NOW + LINK_LIFETIME) is None
    assert await links.use(new, "hash", now=NOW + LINK_LIFETIME) is None


async def test_a_password_set_otherwise_ends_the_link(database: Database, users: Users) -> None:
    links = Links(database, "hq")
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    token = await links.make(anna.id, now=NOW)
    await users.set_password_hash(anna.id, "hash")
    assert await links.owner(token, now=NOW) is None


@pytest.mark.parametrize("token", ["", "nonsense", "\ud800", "\0", "x" * 100_000])
async def test_made_up_tokens_open_nothing(database: Database, token: str) -> None:
    assert await Links(database, "hq").owner(token, now=NOW) is None
    assert await Links(database, "hq").use(token, "hash", now=NOW) is None
    assert await Sessions(database, "hq").find(token, now=NOW) is None


# ---- sessions


async def test_a_session_lasts_while_it_is_used(database: Database, users: Users) -> None:
    sessions = Sessions(database, "hq")
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    token = await sessions.make(anna.id, now=NOW)
    session = await sessions.find(token, now=NOW + SESSION_LIFETIME - 1)
    assert session is not None
    assert (session.user, session.created) == (anna.id, NOW)
    assert await sessions.find(token, now=NOW + SESSION_LIFETIME) is None
    await sessions.touch(token, now=NOW + 3600)
    assert await sessions.find(token, now=NOW + SESSION_LIFETIME) is not None


async def test_the_token_itself_is_not_kept(database: Database, users: Users) -> None:
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    token = await Sessions(database, "hq").make(anna.id, now=NOW)
    assert token not in str(await database.read("select * from sessions"))


async def test_signing_out_ends_one_session_and_a_new_password_the_others(
    database: Database, users: Users
) -> None:
    sessions = Sessions(database, "hq")
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    here, there, elsewhere = [await sessions.make(anna.id, now=NOW) for _ in range(3)]
    await sessions.end(there)
    assert await sessions.find(there, now=NOW) is None
    await sessions.end_all(anna.id, but=here)
    assert await sessions.find(elsewhere, now=NOW) is None
    assert await sessions.find(here, now=NOW) is not None
    await sessions.end_all(anna.id)
    assert await sessions.find(here, now=NOW) is None


async def test_expired_sessions_are_forgotten(database: Database, users: Users) -> None:
    sessions = Sessions(database, "hq")
    anna = await users.add("anna", "Anna Berg", "101", now=NOW)
    await sessions.make(anna.id, now=NOW)
    await sessions.forget_expired(now=NOW + SESSION_LIFETIME)
    assert await database.read("select * from sessions") == []
