"""A company in a document, with something of everything."""

from offhook.blueprint.apply import Applied, Draft, apply, export
from offhook.blueprint.writer import write
from offhook.store.database import Database

NOW = 1_790_000_000.0
REALM = "offhook"
HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2g"

OFFICE = """
[location]
country = "49"
area = "30"
external = "0"
subscriber = ["+4930555"]

[limits]
external_per_day = 100

[[node]]
name = "munich"
number = "8"
location = { country = "49", area = "89", external = "0" }

[[filter]]
name = "house"
rows = [
    { number = "00", next = "abroad" },
    { number = "0190", next = "nok" },
]

[[filter]]
name = "abroad"
rows = [{ number = "0043", next = "ok" }, { number = "00", next = "nok" }]

[[trunk]]
name = "north"
number = "0"
hosts = ["sip.north.example", "192.0.2.1:5070"]
username = "office"
password = "pass\\"word"
outgoing = [{ begins = "+49", instead = "0" }]

[[user]]
username = "anna"
name = "Anna Berg"
number = "101"
password_hash = "HASH"
filter = "house"

[[user.diversion]]
when = "busy"
to = "102"

[[user.device]]
kind = "browser"
name = "Browser"

[[user.device]]
kind = "phone"
name = "Desk phone"
sip_user = "anna-desk"
secret = "very secret"
srtp = "required"

[[user.device]]
kind = "mobile"
name = "Anna's mobile"
number = "+491711234567"
delay = 5

[[user]]
username = "ben"
name = "Ben Çole"
number = "102"
limits = { external_per_day = 3 }

[[user]]
username = "carla"
name = "Carla Diaz"
number = "101"
node = "munich"
device = []

[[group]]
name = "Sales"
members = ["ben", "anna"]
passive = ["carla"]
ringing = { number = "200", mode = "in-turn", otherwise = "101" }
""".replace("HASH", HASH)


async def put(database: Database, text: str, *, prune: bool = False, realm: str = REALM) -> Applied:
    return await apply(
        database, Draft.from_text(text, "office.toml"), prune=prune, realm=realm, who="root", now=NOW
    )


async def exported(database: Database) -> str:
    return write(await export(database))
