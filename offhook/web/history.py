"""What is looked up rather than followed: the people of this site, and one's own calls of the past."""

from typing import Annotated, Literal, Protocol

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from offhook.people.directory import Directory
from offhook.people.directory import User as DirectoryUser
from offhook.store.records import Record as StoredRecord
from offhook.web.problem import Refused
from offhook.web.signin import Session
from offhook.web.views import Record, User, record, user

Filter = Literal["all", "missed", "incoming", "outgoing"]


class UserSearch(Protocol):
    async def search(
        self, typed: str, *, offset: int = 0, limit: int = 100
    ) -> tuple[int, list[DirectoryUser]]: ...


class RecordPages(Protocol):
    async def page(
        self, user: str, *, before: str = "", limit: int = 50, filter: Filter = "all"
    ) -> list[StoredRecord]: ...


class UserPage(msgspec.Struct, frozen=True):
    total: int
    items: list[User]


class RecordPage(msgspec.Struct, frozen=True):
    """Newest first."""

    items: list[Record]


def history_routes(directory: Directory, users: UserSearch, records: RecordPages) -> list[HTTPRouteHandler]:
    @get("/users", operation_id="listUsers", tags=["users"])
    async def list_users(
        search: Annotated[str, QueryParameter(max_length=128)] = "",
        offset: Annotated[int, QueryParameter(ge=0, le=1_000_000)] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    ) -> UserPage:
        """People here, those whose name or number has every word of `search`."""
        total, found = await users.search(search, offset=offset, limit=limit)
        return UserPage(total, [user(one) for one in found])

    @get("/users/{user_id:str}", operation_id="getUser", tags=["users"])
    async def get_user(user_id: FromPath[str]) -> User:
        """One of the people here."""
        if (found := directory.user(user_id)) is None:
            raise Refused("unknown-user", "There is nobody with this id.", 404)
        return user(found)

    @get("/records", operation_id="listRecords", tags=["records"])
    async def list_records(
        session: NamedDependency[Session],
        before: Annotated[str, QueryParameter(max_length=64)] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
        filter: Annotated[Filter, QueryParameter()] = "all",
    ) -> RecordPage:
        """One's own calls that are over, newest first, from before the record `before`."""
        page = await records.page(session.user, before=before, limit=limit, filter=filter)
        return RecordPage([record(one) for one in page])

    return [list_users, get_user, list_records]
