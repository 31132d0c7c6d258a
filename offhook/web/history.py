"""What is looked up rather than followed: the people of this site, and one's own calls of the past."""

from collections.abc import Awaitable
from functools import partial
from typing import Annotated, Literal, Protocol, TypeVar

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from offhook.people.directory import Directory
from offhook.people.directory import User as DirectoryUser
from offhook.store.database import Unavailable
from offhook.store.export import Format, exported, in_pages
from offhook.store.export import Person as ToldPerson
from offhook.store.export import Step as ToldStep
from offhook.store.history import NEVER, Filter
from offhook.store.records import Record as StoredRecord
from offhook.web.command import Parts
from offhook.web.forwarding import Forwarding
from offhook.web.problem import Refused
from offhook.web.shapes import Record, User
from offhook.web.signin import Session
from offhook.web.views import OTHERS, Views, record, shown

T = TypeVar("T")

_TYPES = {"csv": "text/csv; charset=utf-8; header=present", "json": "application/json"}


class UserSearch(Protocol):
    async def search(
        self, typed: str, *, offset: int = 0, limit: int = 100
    ) -> tuple[int, list[DirectoryUser]]: ...


class CallLists(Protocol):
    """Where past calls are looked up: our own database, or a server that reports on many of us.

    All of it raises `store.database.Unavailable` when it cannot be reached.
    """

    async def page(
        self, user: str, *, before: str = "", limit: int = 50, filter: Filter = "all", search: str = ""
    ) -> list[StoredRecord]:
        """A user's calls that are over, newest first; without events."""

    async def detail(self, user: str, id: str) -> list[StoredRecord]:
        """One of them, then those records that continue it, with their events; empty if there is none."""

    async def missed_since(self, user: str, id: str) -> int:
        """How many were missed after this one."""

    async def own(
        self, user: str, *, after: str = "", since: float = 0.0, until: float = NEVER, limit: int = 500
    ) -> list[StoredRecord]:
        """For export: oldest first, with their events."""


class UserPage(msgspec.Struct, frozen=True):
    total: int
    items: list[User]


class RecordPage(msgspec.Struct, frozen=True):
    """Newest first."""

    items: list[Record]


class MissedCalls(msgspec.Struct, frozen=True):
    """1000 stands for more."""

    count: int


class Person(ToldPerson, frozen=True, omit_defaults=True):
    """Somebody in a call; `shown` is the number as people write it, where that differs."""

    shown: str = ""


class Step(ToldStep, frozen=True, omit_defaults=True):
    """An event of a call; `shown` is the number as people write it, where that differs."""

    shown: str = ""


class RecordPart(msgspec.Struct, frozen=True):
    """How a call went on that its user sent on. `answered` and `ended` are of whoever took it."""

    direction: Literal["diverted", "transferred"]
    to: Person
    begun: float
    answered: float | None
    ended: float | None
    cause: str
    events: list[Step]


class RecordDetail(msgspec.Struct, frozen=True):
    """A call step by step. `msg` is one of the words of call detail records; see the protocol."""

    record: Record
    events: list[Step]
    parts: list[RecordPart]


def history_routes(
    directory: Directory, users: UserSearch, records: CallLists | None, views: Views, parts: Parts
) -> list[HTTPRouteHandler]:
    """Without `records` there is no call list, and whoever asks for it is told so."""

    def seen(user: DirectoryUser, session: Session) -> User:
        return views.person(user, views.onlooker(session.user, OTHERS))

    def lists() -> CallLists:
        if records is None:
            raise Refused("call-list-off", "The call list is switched off here.", 404)
        return records

    @get("/users", operation_id="listUsers", tags=["users"])
    async def list_users(
        session: NamedDependency[Session],
        search: Annotated[str, QueryParameter(max_length=128)] = "",
        offset: Annotated[int, QueryParameter(ge=0, le=1_000_000)] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    ) -> UserPage:
        """People here, those whose name or number has every word of `search`, or who is dialled by it."""
        total, found = await users.search(search, offset=offset, limit=limit)
        if not offset and search.isdecimal():
            meant = parts.get(Forwarding).whose(search, session.user)
            if meant is not None and not meant.number.startswith(search):  # they are found already
                total, found = total + 1, [meant, *found[: limit - 1]]
        return UserPage(total, [seen(one, session) for one in found])

    @get("/users/{user_id:str}", operation_id="getUser", tags=["users"])
    async def get_user(user_id: FromPath[str], session: NamedDependency[Session]) -> User:
        """One of the people here."""
        if (found := directory.user(user_id)) is None:
            raise Refused("unknown-user", "There is nobody with this id.", 404)
        return seen(found, session)

    @get("/records", operation_id="listRecords", tags=["records"])
    async def list_records(
        session: NamedDependency[Session],
        before: Annotated[str, QueryParameter(max_length=64)] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
        filter: Annotated[Filter, QueryParameter()] = "all",
        search: Annotated[str, QueryParameter(max_length=128)] = "",
    ) -> RecordPage:
        """One's own calls that are over, newest first, from before the record `before`.

        With `search` those whose other party has every word of it in name or number.
        """
        asked = lists().page(session.user, before=before, limit=limit, filter=filter, search=search)
        return RecordPage([record(one) for one in await _reached(asked)])

    @get("/records/missed", operation_id="countMissed", tags=["records"])
    async def count_missed(
        session: NamedDependency[Session], since: Annotated[str, QueryParameter(max_length=64)] = ""
    ) -> MissedCalls:
        """How many calls one has missed after the record `since`."""
        return MissedCalls(await _reached(lists().missed_since(session.user, since)))

    @get("/records/export", operation_id="exportRecords", tags=["records"])
    async def export_records(
        session: NamedDependency[Session],
        format: Annotated[Format, QueryParameter()] = "csv",
        since: Annotated[float, QueryParameter(name="from")] = 0.0,
        until: Annotated[float, QueryParameter(name="to")] = NEVER,
    ) -> Stream:
        """One's own calls begun in [`from`, `to`), Unix seconds, as a file."""
        read = partial(lists().own, session.user, since=since, until=until)
        await _reached(read(limit=1))  # while it can still be refused
        return Stream(
            exported(in_pages(read), format, directory.party),
            media_type=_TYPES[format],
            headers={"content-disposition": f'attachment; filename="calls.{format}"'},
        )

    @get("/records/{record_id:str}", operation_id="getRecord", tags=["records"])
    async def get_record(session: NamedDependency[Session], record_id: FromPath[str]) -> RecordDetail:
        """One of one's own calls, step by step."""
        found = await _reached(lists().detail(session.user, record_id))
        if not found:
            raise Refused("unknown-record", "There is no such call in your list.", 404)
        main, *further = found
        return RecordDetail(record(main), _steps(main), [_part(one) for one in further])

    return [list_users, get_user, list_records, count_missed, export_records, get_record]


async def _reached(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except Unavailable:
        raise Refused(
            "call-list-unreachable", "The call list cannot be reached at the moment.", 503
        ) from None


def _steps(record: StoredRecord) -> list[Step]:
    return [Step(e.msg, e.at, e.number, e.name, e.cause, e.conf, shown(e.number)) for e in record.events]


def _part(record: StoredRecord) -> RecordPart:
    direction: Literal["diverted", "transferred"] = (
        "transferred" if record.direction == "transferred" else "diverted"
    )
    to = Person(record.to.number, record.to.name, record.to.user, shown(record.to.number))
    return RecordPart(
        direction, to, record.begun, record.answered, record.ended, record.cause, _steps(record)
    )
