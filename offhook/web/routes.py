"""The HTTP side: every route under /api/v1, and one POST for each command."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Litestar, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.params import FromPath, JSONBody
from litestar.types import Scope

from offhook import __version__
from offhook.web.account import Accounts, Login, Me, Welcome, Welcomed
from offhook.web.command import Command, Commands, Context, Parts, result_of, run
from offhook.web.guard import BODY_AT_MOST, header
from offhook.web.problem import Refused, answer_bug, answer_http, answer_refused, answer_too_deep
from offhook.web.signin import Session, cookie

DESCRIPTION = "Everything the page does. The WebSocket at /api/v1/ws is described in docs/protocol.md."


def http_app(
    accounts: Accounts,
    commands: Commands,
    parts: Parts,
    others: list[HTTPRouteHandler],
    outside: list[HTTPRouteHandler],
    *,
    now: Callable[[], float],
    document: Callable[[Litestar], bytes],
) -> Litestar:
    """`others` are served under /api/v1 to those signed in, `outside` beside it; `document` tells of all."""

    @get("/openapi.json", include_in_schema=False, sync_to_thread=False)
    def openapi() -> Response[bytes]:
        return Response(document(app), media_type="application/json")

    own = [*account_routes(accounts), *others, openapi]
    own += [_command_route(command, parts, now) for command in commands if not command.tab_only]
    app = Litestar(
        [Router("/api/v1", route_handlers=own), *outside],
        dependencies={
            "session": Provide(_session, sync_to_thread=False),
            "former": Provide(_former, sync_to_thread=False),
        },
        exception_handlers={
            Refused: answer_refused,
            HTTPException: answer_http,
            RecursionError: answer_too_deep,
            Exception: answer_bug,
        },
        openapi_config=OpenAPIConfig(
            title="Offhook",
            version=__version__,
            description=DESCRIPTION,
            path="/-",
            render_plugins=[],
            use_handler_docstrings=True,
        ),
        request_max_body_size=BODY_AT_MOST,
        logging_config=None,
        state=State({}),
    )
    return app


def account_routes(accounts: Accounts) -> list[HTTPRouteHandler]:
    @post("/login", operation_id="login", tags=["account"], status_code=200)
    async def login(
        data: JSONBody[Login], scope: Scope, former: NamedDependency[Session | None]
    ) -> Response[Me]:
        """Sign in. The answer sets the session's cookie."""
        client = scope.get("client")
        address = client[0] if client else ""
        session = await accounts.login(data.username, data.password, address, former)
        return _signed_in(accounts, session, scope)

    @post("/logout", operation_id="logout", tags=["account"], status_code=204)
    async def logout(session: NamedDependency[Session], scope: Scope) -> Response[None]:
        """End this session, and the WebSockets that rest on it."""
        await accounts.logout(session)
        taken = cookie("", secure=_is_secure(scope))
        return Response(None, status_code=204, headers={"set-cookie": taken})

    @get("/welcome/{token:str}", operation_id="getWelcome", tags=["account"])
    async def welcomed(token: FromPath[str]) -> Welcomed:
        """Whose one-time link this is."""
        return await accounts.welcomed(token)

    @post("/welcome", operation_id="welcome", tags=["account"], status_code=200)
    async def welcome(data: JSONBody[Welcome], scope: Scope) -> Response[Me]:
        """Use a one-time link: choose a password and be signed in."""
        return _signed_in(accounts, await accounts.welcome(data.token, data.password), scope)

    @get("/me", operation_id="getMe", tags=["account"], sync_to_thread=False)
    def me(session: NamedDependency[Session]) -> Me:
        """Who is signed in, with their devices."""
        return accounts.me(session.user)

    return [login, logout, welcomed, welcome, me]


def _signed_in(accounts: Accounts, session: Session, scope: Scope) -> Response[Me]:
    given = cookie(session.token, secure=_is_secure(scope))
    return Response(accounts.me(session.user), headers={"set-cookie": given})


def _is_secure(scope: Scope) -> bool:
    """HTTPS, ours or that of a proxy before us; the guard has made sure that the origin is ours."""
    return scope["scheme"] == "https" or header(dict(scope), b"origin").startswith(b"https://")


def _command_route(command: type[Command[Any]], parts: Parts, now: Callable[[], float]) -> HTTPRouteHandler:
    """The command as a POST: its fields are the body, its result is `ok`."""
    answer: Any = msgspec.defstruct(f"{command.__name__}Ok", [("ok", result_of(command))])

    async def do(data: Any, session: Any) -> Any:  # the real types follow: they differ for each command
        return answer(await run(data, Context(session.user, session.token, now(), parts)))

    do.__doc__ = command.__doc__
    do.__name__ = command.__name__
    do.__annotations__ = {"data": JSONBody[command], "session": NamedDependency[Session], "return": answer}  # type: ignore[valid-type, misc]
    name = "".join(part.capitalize() for part in command.word.replace("-", ".").split("."))
    handler: Callable[..., Awaitable[Any]] = do
    return post(f"/commands/{command.word}", operation_id=f"do{name}", tags=["commands"], status_code=200)(
        handler
    )


def _session(scope: Scope) -> Session:
    """Whoever is signed in: the guard lets nobody else in here."""
    session: Session | None = _former(scope)
    if session is None:
        raise Refused("signed-out", "Please sign in.", 401)
    return session


def _former(scope: Scope) -> Session | None:
    found: Session | None = scope.get("state", {}).get("session")
    return found
