"""The office whose page is tested, as its administrator has written it down, in a database of its own."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from argon2 import PasswordHasher

from offhook.blueprint.apply import Draft, apply
from offhook.ids import kept_id
from offhook.people.directory import User
from offhook.store.database import Database, open_database

SITE = "hq"
REALM = "offhook"
DOMAIN = "example.com"
NOW = 1_000_000.0
PASSWORD = "correct horse"

_FIRST_DEVICE = 101  # so that no device has the id of a user


def _user(number: int, username: str, name: str, extension: str) -> User:
    return User(kept_id(SITE, number), username, name, extension, _device(2 * number - 2))


def _device(place: int) -> str:
    return kept_id(SITE, _FIRST_DEVICE + place)


ANNA = _user(1, "anna", "Anna Berg", "101")
BEN = _user(2, "ben", "Ben Cole", "102")
CARLA = _user(3, "carla", "Carla Diaz", "103")
USERS = (ANNA, BEN, CARLA)
ANNA_DESK, BEN_DESK, CARLA_DESK = _device(1), _device(3), _device(5)

OUTSIDE = """
[location]
country = "49"
area = "7031"
external = "0"

[[filter]]
name = "not-abroad"
rows = [{ number = "000", next = "nok" }]

[[trunk]]
name = "Fibre"
number = "0"
hosts = ["192.0.2.1"]
options_seconds = 0
"""


class Hasher(PasswordHasher):
    """Argon2 at its cheapest; it tells which hashes passwords were held against, and can be made to wait."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.used: list[str] = []
        self._may_go_on = threading.Event()
        self._may_go_on.set()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.used.append(str(hash))
        self._may_go_on.wait()
        return super().verify(hash, password)

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Meanwhile no password is found right or wrong."""
        self._may_go_on.clear()
        try:
            yield
        finally:
            self._may_go_on.set()


async def configure(database: Database, text: str) -> None:
    """Apply this document."""
    await apply(database, Draft.from_text(text, "office.toml"), realm=REALM, who="root", now=NOW)


def furnish(file: Path) -> None:
    """Make the database, with everybody in it."""
    asyncio.run(_furnish(file))


def table_of(user: User, settings: str) -> str:
    """The table of this user in a document; what is not among the settings is as usual."""
    return f"""
[[user]]
username = "{user.username}"
name = "{user.name}"
number = "{user.number}"
{settings}
"""


@contextmanager
def written_by_another(file: Path) -> Iterator[sqlite3.Connection]:
    """Another program has begun to write; until it is done, nobody else can."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("begin immediate")
        yield connection
        connection.execute("commit")
    finally:
        connection.close()


async def _furnish(file: Path) -> None:
    database = await open_database(f"sqlite://{file}")
    try:
        await database.write(
            "insert into sqlite_sequence (name, seq) values ('devices', $1)", [(_FIRST_DEVICE - 1,)]
        )
        hash = Hasher().hash(PASSWORD)
        await configure(database, "".join(table_of(user, _BELONGINGS.format(user, hash)) for user in USERS))
    finally:
        await database.close()


_BELONGINGS = """
password_hash = "{1}"
device = [
    {{ kind = "browser", name = "Browser" }},
    {{ kind = "phone", name = "{0.username}-desk", sip_user = "{0.username}-desk", secret = "{0.username}" }},
]
"""
