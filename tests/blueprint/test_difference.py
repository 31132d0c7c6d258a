"""What changes is told in lines that a person can check, and a secret is in none of them."""

from offhook.blueprint.apply import Draft, compare
from offhook.store.database import Database
from tests.blueprint.office import HASH, OFFICE, REALM, put


async def lines(database: Database, text: str, *, prune: bool = False) -> list[str]:
    draft = Draft.from_text(text, "office.toml")
    return [str(line) for line in await compare(database, draft, prune=prune, realm=REALM)]


async def test_what_is_new_is_one_line_an_object(database: Database) -> None:
    assert await lines(database, OFFICE) == [
        '~ location: country = "" → "49"',
        '~ location: area = "" → "30"',
        '~ location: external = "" → "0"',
        '~ location: subscriber = [] → ["+4930555"]',
        "~ limits: external_per_day = 200 → 100",
        '+ node munich: number = "8", location {country = "49", area = "89", external = "0"}',
        '+ filter house: rows 00 {next = "abroad"}, 0190 {next = "nok"}',
        '+ filter abroad: rows 0043 {next = "ok"}, 00 {next = "nok"}',
        '+ trunk north: number = "0", hosts = ["sip.north.example", "192.0.2.1:5070"], username = "office",'
        ' outgoing +49 {instead = "0"}',
        '+ user anna: name = "Anna Berg", number = "101", dials_from = "Browser", filter = "house",'
        ' diversion busy {to = "102"},'
        ' device Browser, Desk phone {sip_user = "anna-desk", srtp = "required"},'
        ' Anna\'s mobile {number = "+491711234567", delay = 5}',
        '+ user ben: name = "Ben Çole", number = "102", dials_from = "Browser",'
        " limits {external_per_day = 3}, device Browser",
        '+ user carla: name = "Carla Diaz", number = "101", node = "munich"',
        '+ group Sales: members = ["ben", "anna"], passive = ["carla"],'
        ' ringing {number = "200", mode = "in-turn", otherwise = "101"}',
    ]


async def test_what_changes_is_one_line_a_key(database: Database) -> None:
    await put(database, OFFICE)
    text = (
        OFFICE.replace('name = "Anna Berg"', 'name = "Anna Meier"')
        .replace('to = "102"', 'to = "+4930"')
        .replace("delay = 5\n", "")
        .replace('srtp = "required"', 'srtp = "off"')
        .replace("limits = { external_per_day = 3 }", "")
        .replace('{ number = "0190", next = "nok" }', '{ number = "0900", next = "nok" }')
        .replace('{ number = "0043", next = "ok" }, { number = "00", next = "nok" }',
                 '{ number = "00", next = "nok" }, { number = "0043", next = "nok" }')
        .replace('members = ["ben", "anna"]', 'members = ["anna", "ben"]')
        .replace('very secret', 'other secret')
        .replace('pass\\"word', 'password')
        .replace(HASH, HASH + "x")
    )  # fmt: skip
    told = await lines(database, text)
    assert told == [
        "- filter house: rows 0190",
        '+ filter house: rows 0900: next = "nok"',
        '~ filter abroad: rows 0043 next = "ok" → "nok"',
        "~ filter abroad: rows = in another order",
        "~ trunk north: password = *** → ***",
        '~ user anna: name = "Anna Berg" → "Anna Meier"',
        "~ user anna: password_hash = *** → ***",
        '~ user anna: diversion busy to = "102" → "+4930"',
        "~ user anna: device Desk phone ha1_md5 = *** → ***",
        "~ user anna: device Desk phone ha1_sha256 = *** → ***",
        '~ user anna: device Desk phone srtp = "required" → "off"',
        "~ user anna: device Anna's mobile delay = 5 → 0",
        "- user ben: limits: {external_per_day = 3}",
        '~ group Sales: members = ["ben", "anna"] → ["anna", "ben"]',
    ]


async def test_what_goes_is_one_line_an_object(database: Database) -> None:
    await put(database, OFFICE)
    assert await lines(database, "trunk = []\ngroup = []", prune=True) == ["- trunk north", "- group Sales"]
    assert await lines(database, "trunk = []\ngroup = []") == []
