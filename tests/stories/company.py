"""A company of 200 in two nodes with two providers, as one file that is applied to a running office."""

from pathlib import Path

from tests.stories.office import PASSWORD, Office
from tests.stories.provider import ACCOUNT, Provider
from tests.stories.provider import PASSWORD as PROVIDED

NUMBERS = "493090"  # ours at both providers, as far as the extension
EACH = 100  # people at each site

HEAD = """
[location]
country = "49"
area = "30"
external = "0"
subscriber = ["+{numbers}"]

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


def settle(office: Office, folder: Path, text: str) -> None:
    """Apply it; the office goes on running and takes it in."""
    file = folder / "company.toml"
    file.write_text(text)
    office.manage("apply", str(file))


def _rights(number: int) -> str:
    """The last of each site may only call within the country."""
    return 'filter = "Germany only"\n' if number == 199 + EACH else ""
