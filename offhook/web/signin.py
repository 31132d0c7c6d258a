"""Who a cookie speaks for: random tokens, looked up once and remembered, sliding for thirty days."""

from asyncio import Future
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Protocol

COOKIE = "offhook"
COOKIE_SECONDS = 30 * 86400
RENEWED_AFTER = 3600.0  # a session's end is moved once an hour, not at each request
REMEMBERED_AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. The token is its key and must not be written anywhere."""

    token: str
    user: str


class StoredSession(Protocol):
    """Times are Unix seconds."""

    @property
    def user(self) -> str: ...

    @property
    def seen(self) -> float: ...

    @property
    def expires(self) -> float: ...


class SessionStore(Protocol):
    """Where sessions outlive a restart; it keeps tokens only as hashes."""

    async def make(self, user: str, *, now: float) -> str: ...

    async def find(self, token: str, *, now: float) -> StoredSession | None: ...

    def touch(self, token: str, *, now: float) -> "Future[None] | Awaitable[None]": ...

    async def end(self, token: str) -> None: ...

    async def end_all(self, user: str, *, but: str = "") -> None: ...


class SignIns:
    """Sessions, remembered in memory and kept in the store. `wall` gives Unix time."""

    def __init__(self, store: SessionStore, wall: Callable[[], float]) -> None:
        self._store = store
        self._wall = wall
        self._known: dict[str, tuple[Session, float, float]] = {}  # with when it was renewed, and its end
        self._ended = 0

    async def open(self, user: str) -> Session:
        return Session(await self._store.make(user, now=self._wall()), user)

    async def find(self, token: str) -> Session | None:
        """Whose token this is, if it still is somebody's. Being used makes it last."""
        now = self._wall()
        known = self._known.get(token)
        while known is None:
            ended = self._ended
            stored = await self._store.find(token, now=now)
            if stored is None:
                return None
            if ended == self._ended:  # else it may have ended while we looked
                known = Session(token, stored.user), stored.seen, stored.expires
                self._remember(known)
        session, renewed, expires = known
        if expires <= now:
            self._known.pop(token, None)
            return None
        if now >= renewed + RENEWED_AFTER:
            self._remember((session, now, now + COOKIE_SECONDS))
            await self._store.touch(token, now=now)
            return session if token in self._known else None
        return session

    async def close(self, token: str) -> None:
        await self._store.end(token)
        self._ended += 1
        self._known.pop(token, None)

    async def close_all(self, user: str, *, but: str = "") -> None:
        """End every session of a user, except the one whose token is `but`."""
        await self._store.end_all(user, but=but)
        self._ended += 1
        for token in [t for t, (s, _, _) in self._known.items() if s.user == user and t != but]:
            del self._known[token]

    async def look_again(self, tokens: set[str]) -> set[str]:
        """Those of `tokens`, and of all we remember, that the store no longer knows."""
        ended = set()
        for token in tokens | set(self._known):
            if await self._store.find(token, now=self._wall()) is None:
                ended.add(token)
        self._ended += 1
        for token in ended:
            self._known.pop(token, None)
        return ended

    def _remember(self, known: tuple[Session, float, float]) -> None:
        token = known[0].token
        if len(self._known) >= REMEMBERED_AT_MOST and token not in self._known:
            del self._known[next(iter(self._known))]
        self._known[token] = known


def token_of(cookie_header: str) -> str:
    """Our token in a Cookie header; empty if there is none."""
    if COOKIE not in cookie_header:
        return ""
    try:
        morsel = SimpleCookie(cookie_header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


def cookie(token: str, *, secure: bool) -> str:
    """The Set-Cookie value; an empty token takes the cookie away."""
    age = COOKIE_SECONDS if token else 0
    return f"{COOKIE}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
