"""The gate before everything on HTTP: whose request this is, where it comes from, what it looks like.

One place decides, so that a new route is closed until the list below opens it. A request that
changes something must be JSON; one that names an origin must name ours. Against other
sites' forms and scripts this suffices, since no form can send JSON without asking first.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from ipaddress import ip_address
from typing import Any

import msgspec

from offhook.web.problem import PROBLEM, problem
from offhook.web.signin import Session, SignIns, token_of

Scope = MutableMapping[str, Any]  # what ASGI calls so
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_AT_MOST = 262_144
OPEN_TO_ALL = {
    "/api/v1/login",
    "/api/v1/welcome",
    "/api/v1/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
}

# The page has no inline script and no inline style; style attributes set by script are not affected.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    b"media-src 'self' data: blob: mediastream:; font-src 'self'; connect-src 'self'; "
    b"manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SAFETY = [
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"microphone=(self), camera=(self), display-capture=(self), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_NOT_KEPT = (b"cache-control", b"no-store")


class Guard:
    """Lets a request through to `app`, or answers it. `origins`: further addresses the page is served at."""

    def __init__(self, app: App, sessions: SignIns, origins: Iterable[str] = ()) -> None:
        self._app = app
        self._sessions = sessions
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(event: Event) -> None:
            if event["type"] == "http.response.start":
                headers = list(event.get("headers", []))
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(_NOT_KEPT)
                event["headers"] = headers + _SAFETY
            await send(event)

        if (status := self._fault(scope)) is None and scope["path"].startswith("/api/"):
            session = await self.session(scope)
            if session is None and not _is_open(scope["path"]):
                status = 401
            scope.setdefault("state", {})["session"] = session
        if status is not None:
            await answer_problem(send_safely, status)
            return
        await self._app(scope, receive, send_safely)

    async def session(self, scope: Scope) -> Session | None:
        """The session a request's cookie speaks for."""
        token = token_of(header(scope, b"cookie").decode("latin-1"))
        return await self._sessions.find(token) if token else None

    def is_ours(self, scope: Scope) -> bool:
        """True unless the request says that another site's page made it. Programs name no origin."""
        origin = header(scope, b"origin").decode("latin-1").lower()
        if not origin or origin in self._origins:
            return True
        scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
        return origin == f"{scheme}://{header(scope, b'host').decode('latin-1').lower()}"

    def _fault(self, scope: Scope) -> int | None:
        """What is wrong with a request before anyone has looked into it."""
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return None
        if not self.is_ours(scope):
            return 403
        length = header(scope, b"content-length")
        if length.isdigit() and int(length) > BODY_AT_MOST:
            return 413
        has_body = length not in (b"", b"0") or header(scope, b"transfer-encoding")
        kind = header(scope, b"content-type").partition(b";")[0].strip().lower()
        if kind != b"application/json" and (has_body or kind):
            return 415
        return None


async def answer_problem(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    body = msgspec.json.encode(problem(status))
    fixed = [(b"content-type", PROBLEM.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body})


def header(scope: Scope, name: bytes) -> bytes:
    for known, value in scope["headers"]:
        if known == name:
            return bytes(value)
    return b""


def is_local(scope: Scope) -> bool:
    """From this very machine, and not handed on by a proxy that runs on it."""
    if header(scope, b"x-forwarded-for") or header(scope, b"forwarded"):
        return False
    try:
        ip = ip_address((scope.get("client") or ("",))[0].partition("%")[0])
    except ValueError:
        return False
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def _is_open(path: str) -> bool:
    return path in OPEN_TO_ALL or path.startswith("/api/v1/welcome/")
