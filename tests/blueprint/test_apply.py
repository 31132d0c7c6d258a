"""A document is put in place: all of it or nothing, and nothing that it does not speak of."""

import asyncio

import pytest

from offhook.blueprint.apply import Draft, compare
from offhook.blueprint.source import Rejected
from offhook.dialplan.model import Diversion, Filter, FilterRow, Line, Mobile, Ringing
from offhook.people.directory import DeviceInfo, User
from offhook.sip.auth import ha1
from offhook.store.database import Database, StoreError, open_database
from offhook.store.devices import Devices
from offhook.store.groups import Groups
from offhook.store.links import Links
from offhook.store.meta import Meta
from offhook.store.plan import Plan
from offhook.store.sessions import Sessions
from offhook.store.users import Users
from tests.blueprint.office import HASH, NOW, OFFICE, REALM, exported, put


async def user(database: Database, username: str) -> User:
    found = await Users(database, "hq").by_username(username)
    assert found is not None, username
    return found


async def devices(database: Database, username: str) -> list[DeviceInfo]:
    return await Devices(database, "hq").of((await user(database, username)).id)


async def test_a_company_is_built_at_once(database: Database) -> None:
    await put(database, OFFICE)
    tables = await Plan(database).load()
    assert tables.location.subscriber == ("+4930555",)
    assert [(node.name, node.number) for node in tables.nodes] == [("munich", "8")]
    assert tables.filters[1] == Filter("abroad", (FilterRow("0043", "ok"), FilterRow("00", "nok")))
    assert tables.trunks[0].password == 'pass"word'

    anna, carla = await user(database, "anna"), await user(database, "carla")
    assert anna.line == Line(filter="house", diversions=(Diversion("busy", "102"),))
    assert (carla.node, carla.number) == ("munich", "101")
    browser, phone, mobile = await devices(database, "anna")
    assert (browser.kind, anna.device) == ("browser", browser.id)
    assert phone.ha1_md5 == ha1("anna-desk", REALM, "very secret", "MD5")
    assert phone.ha1_sha256 == ha1("anna-desk", REALM, "very secret", "SHA-256")
    assert mobile.mobile == Mobile("+491711234567", delay=5)
    assert await Users(database, "hq").password_hash(anna.id) == HASH

    (sales,) = await Groups(database, "hq").load_all()
    ben = await user(database, "ben")
    assert sales.members == ((ben.id, True), (anna.id, True), (carla.id, False))
    assert sales.ringing == Ringing("200", mode="in-turn", otherwise="101")


async def test_who_is_new_and_has_no_devices_in_the_file_has_a_browser_to_begin_with(
    database: Database,
) -> None:
    await put(database, OFFICE)
    (browser,) = await devices(database, "ben")
    assert (browser.kind, (await user(database, "ben")).device) == ("browser", browser.id)
    assert await devices(database, "carla") == [], "an empty list says that there are none"


async def test_what_was_exported_makes_the_same_again_in_an_empty_database(
    database: Database, url: str, sqlite_template: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await put(database, OFFICE)
    text = await exported(database)
    empty = await open_database(f"sqlite://{tmp_path_factory.mktemp('empty')}/offhook.db")
    try:
        await put(empty, text)
        assert await exported(empty) == text
    finally:
        await empty.close()


async def test_applying_it_twice_changes_nothing_and_is_no_change(database: Database) -> None:
    first = await put(database, OFFICE)
    changes = await Meta(database).changes()
    second = await put(database, OFFICE)
    assert (first.change, second.change, second.differences) == (1, 0, ())
    assert await Meta(database).changes() == changes


async def test_a_running_server_is_told_once(database: Database) -> None:
    before = await Meta(database).changes()
    await put(database, OFFICE)
    assert await Meta(database).changes() == before + 1


async def test_what_the_file_does_not_mention_stays(database: Database) -> None:
    await put(database, OFFICE)
    before = await exported(database)
    await put(database, '[[user]]\nusername = "david"\nname = "David"\nnumber = "104"\n')
    after = await exported(database)
    assert after != before
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []


async def test_an_absent_key_takes_its_default_but_nobody_loses_password_or_devices(
    database: Database,
) -> None:
    await put(database, OFFICE)
    had = await devices(database, "anna")
    await put(database, '[[user]]\nusername = "anna"\nname = "Anna Berg"\nnumber = "101"\n')
    anna = await user(database, "anna")
    assert anna.line == Line(diversions=(Diversion("busy", "102"),)), "her own diversion is another matter"
    assert await devices(database, "anna") == had
    assert anna.device == had[0].id
    assert await Users(database, "hq").password_hash(anna.id) == HASH


async def test_a_device_that_the_file_does_not_list_stays_unless_it_is_pruned(database: Database) -> None:
    await put(database, OFFICE)
    text = """[[user]]
username = "ANNA"
name = "Anna Berg"
number = "101"
device = [{ kind = "phone", name = "Desk", sip_user = "anna-desk" }, { kind = "browser", name = "Café" }]
"""
    await put(database, text)
    assert [device.name for device in await devices(database, "anna")] == [
        "Browser", "Desk", "Anna's mobile", "Café",
    ]  # fmt: skip
    phone = (await devices(database, "anna"))[1]
    assert phone.ha1_md5 == ha1("anna-desk", REALM, "very secret", "MD5"), "its secret is as before"
    await put(database, text.replace("Desk", "Old desk"), prune=True)
    left = await devices(database, "anna")
    assert [(device.id == phone.id, device.name) for device in left] == [(True, "Old desk"), (False, "Café")]
    assert (await user(database, "anna")).device == left[1].id, "the browser chosen is gone: another one"


async def test_a_device_makes_mobiles_needless_as_long_as_the_file_says_so(
    database: Database,
) -> None:
    for said, become in (("", False), ("\nno_mobility = true", True), ("", False)):
        await put(database, OFFICE.replace('srtp = "required"', f'srtp = "required"{said}'))
        assert [device.no_mobility for device in await devices(database, "anna")] == [False, become, False]


async def test_pruning_removes_what_is_missing_among_the_kinds_of_the_file(database: Database) -> None:
    await put(database, OFFICE)
    await put(
        database, 'trunk = []\n[[user]]\nusername = "ben"\nname = "Ben Cole"\nnumber = "102"\n', prune=True
    )
    assert [one.username for one in await Users(database, "hq").load_all()] == ["ben"]
    assert [len(group.members) for group in await Groups(database, "hq").load_all()] == [1]
    tables = await Plan(database).load()
    assert (len(tables.trunks), len(tables.filters)) == (0, 2)


async def test_two_users_may_swap_their_numbers_and_one_may_keep_it_in_another_node(
    database: Database,
) -> None:
    await put(database, OFFICE)
    swapped = OFFICE.replace('"101"\npass', '"x"\npass').replace('"102"\nlimits', '"101"\nlimits')
    await put(database, swapped.replace('"x"\npass', '"102"\npass'))
    assert [(await user(database, name)).number for name in ("anna", "ben")] == ["102", "101"]
    await put(database, '[[user]]\nusername = "ben"\nname = "Ben"\nnumber = "101"\nnode = "munich"\n'
                        '[[user]]\nusername = "carla"\nname = "Carla"\nnumber = "101"\n')  # fmt: skip
    assert [(one.node, one.number) for one in await Users(database, "hq").load_all()] == [
        ("root", "102"),
        ("munich", "101"),
        ("root", "101"),
    ]


async def test_who_moves_is_found_by_the_new_number_and_by_the_former_one_no_more(database: Database) -> None:
    await put(database, OFFICE)
    ben = await user(database, "ben")
    await put(database, OFFICE.replace('"102"\nlimits', '"7001"\nnode = "munich"\nlimits'))
    moved = await user(database, "ben")
    assert (moved.id, moved.node, moved.number) == (ben.id, "munich", "7001")
    users = Users(database, "hq")
    assert await users.search("7001") == (1, [moved])
    assert await users.search("102") == (0, [])


async def test_a_phone_goes_over_to_another_user(database: Database) -> None:
    await put(database, OFFICE)
    phone = '{ kind = "phone", name = "Desk", sip_user = "anna-desk", secret = "another" }'
    text = f"""user = [
  {{ username = "anna", name = "Anna", number = "101", device = [] }},
  {{ username = "ben", name = "Ben", number = "102", device = [{phone}] }},
  {{ username = "carla", name = "Carla", number = "103" }},
]"""
    with pytest.raises(Rejected, match=r"the phone anna-desk belongs to (anna|ben) already"):
        await put(database, text)
    await put(database, text, prune=True)
    assert [device.sip_user for device in await devices(database, "ben")] == ["anna-desk"]
    assert await devices(database, "anna") == []


async def test_who_is_given_another_password_is_signed_out_and_their_link_is_worth_nothing(
    database: Database,
) -> None:
    await put(database, OFFICE)
    anna = await user(database, "anna")
    session = await Sessions(database, "hq").make(anna.id, now=NOW)
    link = await Links(database, "hq").make(anna.id, now=NOW)
    await put(database, OFFICE.replace('name = "Anna Berg"', 'name = "Anna Meier"'))
    assert await Sessions(database, "hq").find(session, now=NOW) is not None
    await put(database, OFFICE.replace(HASH, HASH[:-1] + "h"))
    assert await Sessions(database, "hq").find(session, now=NOW) is None
    assert await Links(database, "hq").owner(link, now=NOW) is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (('username = "ben"', 'username = "anna"'), "user no. 1 has this name already: names must differ"),
        (('username = "ben"', 'username = "b n"'), "user b n, username: 'b n' is no user name"),
        (('number = "102"', 'number = "1o2"'), "'1o2' is no number: write 1 to 32 digits"),
        (('number = "102"', 'number = "101"'), "number: the number 101 belongs to user anna already"),
        (
            ('number = "102"', 'number = "101"\nnode = "munich"'),
            "the number 101 in munich belongs to user ben already",
        ),
        (('number = "200"', 'number = "102"'), "ringing, number: the number 102 belongs to user ben already"),
        (('number = "200"', 'number = "8"'), "8 is the number of the node 'munich': choose another one"),
        (('number = "102"', 'number = "8"'), "number: the number 8 belongs to node munich already"),
        (
            ('node = "munich"', 'node = "berlin"'),
            "user carla, node: there is no node 'berlin'; there are munich",
        ),
        (('filter = "house"', 'filter = "hous"'), "user anna, filter: there is no filter 'hous'"),
        (('next = "abroad"', 'next = "house"'), "filter house, rows: 'house' leads back to itself"),
        (('members = ["ben"', 'members = ["bob"'), "group Sales, members no. 1: there is no user bob"),
        (('passive = ["carla"', 'passive = ["Anna"'), "passive no. 1: Anna is in this group already"),
        (('hosts = ["sip', 'hosts = ["s p'), "trunk north, hosts"),
        (('secret = "very secret"', ""), 'device Desk phone: this phone is new: add secret = "…"'),
        (('secret = "very secret"', 'ha1_md5 = "12"'), "ha1_md5: both hashes are needed, this one with 32"),
        (
            ('sip_user = "anna-desk"', 'sip_user = "anna desk"'),
            "sip_user: write 1 to 64 of A-Z a-z 0-9 . _ -",
        ),
        ((HASH, "$1$abc"), "password_hash: this is no hash of Argon2id"),
        (('"+491711234567"', '"call me"'), "user anna, device Anna's mobile, number"),
        (('to = "102"', 'to = "ben"'), "user anna, diversion"),
        (('when = "busy"', 'when = "bsy"'), 'when: "bsy" will not do'),
        (('srtp = "required"', 'dials_from = "x"'), "dials_from: there is no such key"),
        (('filter = "house"', 'dials_from = "Fax"'), "anna's devices are Browser, Desk phone, Anna's mobile"),
    ],
)
async def test_a_document_with_a_mistake_is_refused_and_changes_nothing(
    database: Database, change: tuple[str, str], sentence: str
) -> None:
    await put(database, '[[user]]\nusername = "zoe"\nname = "Zoe"\nnumber = "999"\n')
    before = await exported(database)
    wrong = OFFICE.replace(*change)
    assert wrong != OFFICE
    with pytest.raises(Rejected, match="nothing has changed") as error:
        await put(database, wrong)
    assert sentence in str(error.value)
    assert all(reason.startswith("office.toml, line ") for reason in error.value.reasons)
    assert await exported(database) == before


async def test_mistakes_of_every_kind_are_told_together(database: Database) -> None:
    wrong = OFFICE.replace('srtp = "required"', "srtp = 1").replace('filter = "house"', 'filter = "hous"')
    with pytest.raises(Rejected) as error:
        await put(database, wrong.replace('number = "102"', 'number = "101"'))
    assert len(error.value.reasons) == 3


async def test_what_others_need_cannot_be_pruned(database: Database) -> None:
    await put(database, OFFICE)
    with pytest.raises(Rejected, match=r"office.toml: user anna, filter: there is no filter 'house'"):
        await put(database, "filter = []", prune=True)


async def test_what_was_wrong_before_does_not_stand_in_the_way(database: Database) -> None:
    await put(database, OFFICE)
    anna = await user(database, "anna")
    former = Line(filter="a former one")
    await Users(database, "hq").set_preferences(anna.id, do_not_disturb=False, call_waiting=True, line=former)
    await put(database, "[limits]\nexternal_per_day = 5\n")
    with pytest.raises(Rejected, match="a former one"):
        await put(
            database, '[[user]]\nusername = "anna"\nname = "Anna"\nnumber = "101"\nfilter = "a former one"\n'
        )


async def test_hashes_made_for_another_realm_are_refused(database: Database) -> None:
    await put(database, OFFICE)
    text = (await exported(database)).replace('realm = "offhook"', 'realm = "elsewhere"')
    with pytest.raises(Rejected, match="line 2: realm: the hashes of phones were made for 'elsewhere'"):
        await put(database, text)
    with pytest.raises(StoreError, match="have secrets for the realm 'offhook', not 'elsewhere'"):
        await put(database, text, realm="elsewhere")


async def test_comparing_changes_nothing(database: Database) -> None:
    before = await exported(database)
    lines = await compare(database, Draft.from_text(OFFICE, "office.toml"), prune=False, realm=REALM)
    assert len(lines) > 5
    assert await exported(database) == before
    assert await Meta(database).changes() == 0


async def test_commands_at_the_same_time_do_not_undo_each_other(database: Database) -> None:
    people = [f'[[user]]\nusername = "u{n}"\nname = "U"\nnumber = "{n}"\n' for n in range(100, 103)]
    await asyncio.gather(*[put(database, one) for one in people])
    assert {one.number for one in await Users(database, "hq").load_all()} == {"100", "101", "102"}
