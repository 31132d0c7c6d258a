"""Companies as files that are applied to a running office: one of 200 in two nodes, one with many rules."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.stories.office import PASSWORD, Office, eventually
from tests.stories.provider import ACCOUNT, Provider, SealedLine
from tests.stories.provider import PASSWORD as PROVIDED

NUMBERS = "493090"  # ours at both providers, as far as the extension
EACH = 100  # people at each site

HEAD = """
[location]
country = "49"
area = "30"
external = "0"
subscriber = ["+{numbers}"]
emergency = ["110", "112"]

[[node]]
name = "Hamburg"
number = "81"

[[node]]
name = "Munich"
number = "82"
escape = "9"

[node.location]
country = "49"
area = "89"
external = "90"
subscriber = ["+{numbers}82"]

[[filter]]
name = "Germany only"
rows = [{{ number = "000", next = "nok" }}]

[[trunk]]
name = "North"
number = "0"
priority = 1
hosts = ["{north}"]
register = true
username = "{account}"
password = "{password}"
expires = 60
options_seconds = 1
no_reply_seconds = 1.0
main = "+{numbers}0"
direct = "+{numbers}"
loopback = "101"
invalid = "101"

[[trunk]]
name = "South"
number = "0"
priority = 2
hosts = ["{south}"]
options_seconds = 1
no_reply_seconds = 1.0
main = "+{numbers}0"
direct = "+{numbers}"
"""

PERSON = """
[[user]]
username = "{site}{number}"
name = "{site} {number}"
number = "{number}"
node = "{node}"
{more}
[[user.device]]
kind = "phone"
name = "Desk phone"
sip_user = "{site}{number}"
secret = "{secret}"
"""


def document(north: Provider, south: Provider, more: str = "") -> str:
    head = HEAD.format(
        numbers=NUMBERS, north=north.host, south=south.host, account=ACCOUNT, password=PROVIDED
    )
    people = [
        PERSON.format(site=node.lower(), node=node, number=number, secret=PASSWORD, more=_rights(number))
        for node in ("Hamburg", "Munich")
        for number in range(200, 200 + EACH)
    ]
    return head + more + "".join(people)


# ---- a house with a rule for everything, beside the people of the demo

RULES = """
[location]
country = "49"
area = "30"
external = "0"
subscriber = ["+{numbers}"]
emergency = ["110", "112"]

[[node]]
name = "Annex"
number = "8"
escape = "9"

[[trunk]]
name = "North"
number = "0"
hosts = ["{north}"]
register = true
username = "{account}"
password = "{password}"
expires = 60
options_seconds = 1
no_reply_seconds = 1.0
main = "+{numbers}0"
direct = "+{numbers}"

[[trunk]]
name = "South"
number = "70"
hosts = ["{south}"]
options_seconds = 1
main = "+{numbers}0"
direct = "+{numbers}"
busy = "111"
no_answer = "111"

[[trunk]]
name = "One number"
number = "71"
hosts = ["{south}"]
options_seconds = {seconds}
main = "{main}"
caller_id = "main"

[[trunk]]
name = "No number"
number = "72"
hosts = ["{south}"]
main = "+49302"
caller_id = "anonymous"

[[trunk]]
name = "In our name"
number = "73"
hosts = ["{south}"]
main = "+49303"
calling = "diverting"

[[trunk]]
name = "Joining"
number = "74"
hosts = ["{south}"]
main = "+49304"
external_transfer = true

[[trunk]]
name = "Wire"
number = "75"
hosts = ["{west}"]
transport = "tcp"
options_seconds = 1
main = "+{numbers}0"
direct = "+{numbers}"

[[trunk]]
name = "Sealed"
number = "76"
hosts = ["{sealed}"]
srtp = "required"
main = "+{numbers}0"
direct = "+{numbers}"
"""

PERSONS = {
    "301": """seconds = 1
diversion = [{ when = "busy", to = "00895501" }, { when = "no-answer", to = "00895502" }]""",
    "302": """node = "Annex"
seconds = 1
diversion = [{ when = "busy", to = "9103" }, { when = "no-answer", to = "900895502" }]""",
    "303": """seconds = 1
diversion = [{ when = "busy", to = "-" }, { when = "no-answer", to = "-" }]""",
    "304": "seconds = 1",
    "305": 'diversion = [{ when = "always", to = "306" }]',
    "306": "",
    "307": 'diversion = [{ when = "always", to = "305" }]',
    "308": 'diversion = [{ when = "no-answer", to = "103" }]',
    "309": "busy_on = 2",
    "310": "reject_external = true",
    "311": "reject_anonymous = true",
    "312": 'diversion = [{ when = "always", to = "730895501" }]',
    "313": "hide_number = true",
    "315": "",
    "314": 'caller_id = "+493090555"',
    "321": "",
    "322": "",
    "323": "",
}
MORE_DEVICES = {
    "315": f"""
[[user.device]]
kind = "phone"
name = "App"
sip_user = "house315-app"
secret = "{PASSWORD}"
no_mobility = true
[[user.device]]
kind = "mobile"
name = "Mobile"
number = "+4915112345678"
delay = 1
min_alert = 1
"""
}
LINE = """
[[user]]
username = "house{number}"
name = "House {number}"
number = "{number}"
{more}
[[user.device]]
kind = "phone"
name = "Desk phone"
sip_user = "house{number}"
secret = "{secret}"
{devices}
"""

MEMBERS = """
[[group]]
name = "{name}"
members = ["house321", "house322"]
passive = ["house323"]
ringing = {{ number = "{number}", mode = "{mode}", seconds = {seconds}, each = 1, otherwise = "{otherwise}" }}
"""


@dataclass(frozen=True)
class World:
    """Who provides: an account, a line to our address, one by TCP, and one that seals its sound."""

    north: Provider
    south: Provider
    west: Provider
    sealed: SealedLine

    def house(self, *, main: str = "+49301", seconds: int = 1) -> str:
        """Who may be called at what, and how: the stories say what comes of it."""
        head = RULES.format(
            numbers=NUMBERS,
            account=ACCOUNT,
            password=PROVIDED,
            north=self.north.host,
            south=self.south.host,
            west=self.west.host,
            sealed=f"127.0.0.1:{self.sealed.flow.local_port}",
            main=main,
            seconds=seconds,
        )
        people = [
            LINE.format(number=number, more=more, secret=PASSWORD, devices=MORE_DEVICES.get(number, ""))
            for number, more in PERSONS.items()
        ]
        groups = [
            MEMBERS.format(number=number, name=name, mode=mode, seconds=seconds, otherwise=otherwise)
            for number, name, mode, seconds, otherwise in (
                ("401", "Turns", "in-turn", 3, "00895503"),
                ("402", "Together", "all", 20, ""),
                ("403", "Rested", "longest-idle", 20, ""),
                ("404", "Everybody", "broadcast", 20, ""),
            )
        ]
        return head + "".join(people) + "".join(groups)


@asynccontextmanager
async def world_of(office: Office, folder: Path) -> AsyncIterator[World]:
    """Everybody provides, the rules are applied, and each line is open; at the end they are taken back."""
    ours = f"127.0.0.1:{office.sip_port}"
    sealed = await SealedLine.open("sealed", "", ("127.0.0.1", office.sip_port))
    assert isinstance(sealed, SealedLine)
    world = World(
        Provider(folder / "north", NUMBERS),
        Provider(folder / "south", NUMBERS, trunk=ours),
        Provider(folder / "west", NUMBERS, trunk=f"{ours};transport=tcp"),
        sealed,
    )
    try:
        for provider in (world.north, world.south, world.west):
            await provider.start()
        settle(office, folder, world.house())
        for trunk in ("North", "South", "Wire", "Sealed"):
            await is_open(office, trunk)
        yield world
        office.manage("undo")
        assert not [user for user in office.manage("user", "list") if user["username"].startswith("house")]
    finally:
        for provider in (world.north, world.south, world.west):
            provider.stop()
        await sealed.close()


async def is_open(office: Office, trunk: str, wanted: bool = True) -> None:
    name = f'offhook_trunk_open{{trunk="{trunk}"}}'
    await eventually(lambda: office.metrics().get(name) == float(wanted), what=f"{trunk} open: {wanted}")


def settle(office: Office, folder: Path, text: str) -> None:
    """Apply it; the office goes on running and takes it in."""
    file = folder / "company.toml"
    file.write_text(text)
    office.manage("apply", str(file))


def _rights(number: int) -> str:
    """The last of each site may only call within the country."""
    return 'filter = "Germany only"\n' if number == 199 + EACH else ""
