"""Call records as they leave the house: rows of a CSV file, or objects for programs.

Text in them comes from strangers' phones. A spreadsheet would run a cell that begins like a formula,
so such cells get an apostrophe in front (OWASP, *CSV Injection*); a number with its + stays as it is.
"""

import csv
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Literal

import msgspec

from offhook.calls.leg import Party
from offhook.store.records import Record

Format = Literal["csv", "json"]
Pages = AsyncIterator[list[Record]]
Who = Callable[[str], Party]  # a user's id to their number and name; empty where they are gone

COLUMNS = (
    "id", "call", "user", "user_number", "user_name", "direction", "outcome", "number", "name", "other",
    "device", "begun", "answered", "ended", "seconds", "cause", "via", "via_number", "via_name",
    "to_number", "to_name", "part_of",
)  # fmt: skip

_PAGE = 100  # records: two milliseconds of Python
_FORMULA = re.compile(r"[=@\t\r-]|\+(?!\d+$)")


class Person(msgspec.Struct, frozen=True):
    """Somebody in a call; `user` is empty for strangers."""

    number: str
    name: str
    user: str


class Way(msgspec.Struct, frozen=True):
    """Why a call came to its user, where nobody simply dialled."""

    how: str
    number: str
    name: str
    user: str


class Step(msgspec.Struct, frozen=True):
    """An event of a call; see `store.records.Event`."""

    msg: str
    at: float
    number: str
    name: str
    cause: int | None
    conf: str


class Told(msgspec.Struct, frozen=True):
    """A record for programs outside. Times are Unix seconds, `seconds` is for how long they talked."""

    id: str
    call: str
    user: Person
    direction: str
    outcome: str
    other: Person
    device: str
    begun: float
    answered: float | None
    ended: float | None
    seconds: float
    cause: str
    via: Way | None
    to: Person | None
    part_of: str
    events: list[Step]


def told(record: Record, who: Who) -> Told:
    via, to = record.via, record.to
    return Told(
        record.id,
        record.call,
        _person(who(record.user), record.user),
        record.direction,
        record.outcome,
        Person(record.number, record.name, record.other),
        record.device,
        record.begun,
        record.answered,
        record.ended,
        talked(record),
        record.cause,
        Way(record.via_how, via.number, via.name, via.user) if record.via_how else None,
        _person(to, to.user) if to.number or to.user else None,
        record.part_of,
        [Step(e.msg, e.at, e.number, e.name, e.cause, e.conf) for e in record.events],
    )


def talked(record: Record) -> float:
    """For how many seconds."""
    if record.answered is None or record.ended is None:
        return 0.0
    return max(0.0, record.ended - record.answered)


async def exported(pages: Pages, format: Format, who: Who) -> AsyncIterator[bytes]:
    """A file, piece by piece: a JSON array, or CSV (RFC 4180) with times in UTC; both UTF-8."""
    first = True
    if format == "csv":
        yield _csv([COLUMNS])
    async for records in pages:
        if format == "csv":
            yield _csv(_cells(record, who(record.user)) for record in records)
        elif records:
            lines = [msgspec.json.encode(told(record, who)) for record in records]
            yield (b"[\n" if first else b",\n") + b",\n".join(lines)
            first = False
    if format == "json":
        yield b"[]\n" if first else b"\n]\n"


async def in_pages(read: Callable[..., Awaitable[list[Record]]]) -> Pages:
    """All that `read(after=…, limit=…)` gives; a page is short enough to be worked on within a moment."""
    after = ""
    while True:
        page = await read(after=after, limit=_PAGE)
        yield page
        if len(page) < _PAGE:
            return
        after = page[-1].id


def _cells(record: Record, user: Party) -> list[str]:
    cells = (
        record.id, record.call, record.user, user.number, user.name, record.direction, record.outcome,
        record.number, record.name, record.other, record.device, _utc(record.begun), _utc(record.answered),
        _utc(record.ended), f"{talked(record):.0f}", record.cause, record.via_how, record.via.number,
        record.via.name, record.to.number, record.to.name, record.part_of,
    )  # fmt: skip
    return ["'" + cell if _FORMULA.match(cell) else cell for cell in cells]


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _utc(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _person(party: Party, user: str) -> Person:
    return Person(party.number, party.name, user)
