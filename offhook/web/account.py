"""Signing in and out, and what everyone may change about their own account.

A wrong name and a wrong password get the same answer after the same time.
"""

import unicodedata
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol

import msgspec

from offhook.feed import Feed
from offhook.passwords import Busy, weakness
from offhook.people.devices import DeviceView
from offhook.people.directory import Directory, User
from offhook.people.preferences import Preferences
from offhook.web.command import Command, Context
from offhook.web.problem import Refused
from offhook.web.session import Hub
from offhook.web.shapes import Device
from offhook.web.signin import Session, SignIns
from offhook.web.throttle import Throttle
from offhook.web.views import OWN, Views

Secret = Annotated[str, msgspec.Meta(max_length=1024)]  # what is too long is no password, not an error


class Passwords(Protocol):
    """Slow on purpose, and never on the loop."""

    async def verify(self, hash: str | None, password: str) -> bool:
        """Whether it is this password; without a hash no, after the same time. Raises Busy."""

    async def hash(self, password: str) -> str:
        """Raises Busy."""


class UserStore(Protocol):
    async def password_hash(self, id: str) -> str | None: ...

    async def set_password_hash(self, id: str, password_hash: str) -> None: ...

    async def set_device(self, id: str, device: str) -> None: ...


class LinkStore(Protocol):
    async def owner(self, token: str, *, now: float) -> str | None: ...

    async def use(self, token: str, password_hash: str, *, now: float) -> str | None: ...


class Login(msgspec.Struct, frozen=True):
    username: Annotated[str, msgspec.Meta(max_length=128)]
    password: Secret


class Welcome(msgspec.Struct, frozen=True):
    """A one-time link's token, and the password its user has chosen."""

    token: Annotated[str, msgspec.Meta(max_length=128)]
    password: Secret


class Welcomed(msgspec.Struct, frozen=True):
    """Whose one-time link it is."""

    username: str
    name: str


class Me(msgspec.Struct, frozen=True):
    """The one who is signed in. `device` is the id of the device chosen for calling."""

    id: str
    username: str
    name: str
    number: str
    device: str
    devices: list[Device]
    site: str


class Accounts:
    """Everything that has to do with who somebody is."""

    def __init__(
        self,
        directory: Directory,
        feed: Feed,
        views: Views,
        users: UserStore,
        links: LinkStore,
        passwords: Passwords,
        signins: SignIns,
        hub: Hub,
        *,
        site: str,
        now: Callable[[], float],
        wall: Callable[[], float],
        catch_up: Callable[[], Awaitable[None]],
    ) -> None:
        self._directory = directory
        self._feed = feed
        self._views = views
        self._users = users
        self._links = links
        self._passwords = passwords
        self._signins = signins
        self._hub = hub
        self._site = site
        self._now = now
        self._wall = wall
        self._catch_up = catch_up
        self._throttle = Throttle()

    async def login(self, username: str, password: str, address: str, former: Session | None) -> Session:
        """A new session. `former` is the one whose cookie came along. Raises Refused."""
        user = self._directory.by_username(unicodedata.normalize("NFC", username))
        trusted = former is not None and user is not None and former.user == user.id
        if not await self._proved(user, username, password, f"{address} again" if trusted else address):
            raise Refused("wrong-password", "User name or password is not right.", 401)
        assert user is not None, "nobody else can prove a password"
        return await self._signins.open(user.id)

    async def logout(self, session: Session) -> None:
        await self._signins.close(session.token)
        self._hub.end_sessions(lambda user, token: token == session.token)

    async def welcomed(self, token: str) -> Welcomed:
        owner = await self._invited(token)
        return Welcomed(owner.username, owner.name)

    async def welcome(self, token: str, password: str) -> Session:
        """Use a one-time link up: its user has chosen a password and is signed in."""
        _check(password)
        await self._invited(token)
        user = await self._links.use(token, await self._hash(password), now=self._wall())
        if user is None or self._directory.user(user) is None:
            raise _no_such_link()
        await self._end_others(user)
        return await self._signins.open(user)

    async def change_password(self, user_id: str, session: str, old: str, new: str) -> None:
        """Every other session of the user ends."""
        _check(new)
        user = self._directory.user(user_id)
        if user is None or not await self._proved(user, user.username, old, f"session {session}"):
            raise Refused("wrong-password", "The old password is not right.", 403)
        await self._users.set_password_hash(user_id, await self._hash(new))
        await self._end_others(user_id, but=session)

    async def choose(self, user_id: str, device_id: str) -> None:
        """The device that calls are made from."""
        device = self._directory.device(device_id)
        if device is None or device.user != user_id:
            raise Refused("unknown-device", "You have no such device.", 404)
        await self._users.set_device(user_id, device_id)
        user = self._directory.user(user_id)
        if user is not None:
            user = msgspec.structs.replace(user, device=device_id)
            self._directory.put_user(user)
            self._feed.set(user)

    def me(self, user_id: str) -> Me:
        user = self._directory.user(user_id)
        if user is None:
            raise Refused("signed-out", "Please sign in.", 401)
        return Me(
            user.id, user.username, user.name, user.number, user.device, self._devices(user), self._site
        )

    def _devices(self, user: User) -> list[Device]:
        devices = []
        for info in self._directory.devices_of(user.id):
            live = self._feed.get(DeviceView, info.id) or DeviceView(
                info.id, info.user, info.name, info.kind, False, 0
            )
            view: Any = self._views.view(live, self._views.onlooker(user.id, OWN))
            devices.append(view)
        return devices

    async def _invited(self, token: str) -> User:
        """Whose one-time link this is; the command line may have made both a moment ago. Raises Refused."""
        id = await self._links.owner(token, now=self._wall())
        if id is not None and self._directory.user(id) is None:
            await self._catch_up()
        user = self._directory.user(id or "")
        if user is None:
            raise _no_such_link()
        return user

    async def _proved(self, user: User | None, name: str, password: str, address: str) -> bool:
        """Whether the password is right. Each try counts as wrong until it is right; too many are refused."""
        now = self._now()
        if wait := self._throttle.attempt(address, name, now):
            sentence = "Too many wrong passwords. Please wait a minute and try again."
            raise Refused("too-many-attempts", sentence, 429, retry_after=int(wait) + 1)
        kept = await self._users.password_hash(user.id) if user is not None else None
        try:
            right = await self._passwords.verify(kept, password)
        except Busy:
            self._throttle.withdraw(address, name, now)
            raise _busy() from None
        if right and user is not None:
            self._throttle.succeeded(address, name, now)
            return True
        return False

    async def _hash(self, password: str) -> str:
        try:
            return await self._passwords.hash(password)
        except Busy:
            raise _busy() from None

    async def _end_others(self, user_id: str, *, but: str = "") -> None:
        await self._signins.close_all(user_id, but=but)
        self._hub.end_sessions(lambda user, token: user == user_id and token != but)


class Choose(Command[None], frozen=True):
    """Choose the device that calls are made from."""

    word = "me.choose"
    device: str

    async def run(self, ctx: Context) -> None:
        await ctx.part(Accounts).choose(ctx.user, self.device)


class Prefer(Command[None], frozen=True):
    """Say how one wants to be called. What is left out stays as it is."""

    word = "me.set"
    do_not_disturb: bool | None = None  # nothing rings
    call_waiting: bool | None = None  # it rings while one is on the phone

    async def run(self, ctx: Context) -> None:
        await ctx.part(Preferences).set(
            ctx.user, do_not_disturb=self.do_not_disturb, call_waiting=self.call_waiting
        )


class ChangePassword(Command[None], frozen=True):
    """Choose a new password. Every other session of the user ends."""

    word = "me.password"
    old: Secret
    new: Secret

    async def run(self, ctx: Context) -> None:
        await ctx.part(Accounts).change_password(ctx.user, ctx.session, self.old, self.new)


COMMANDS: tuple[type[Command[Any]], ...] = (Choose, Prefer, ChangePassword)


def _check(password: str) -> None:
    if weak := weakness(password):
        raise Refused("weak-password", weak, 400)


def _busy() -> Refused:
    return Refused("busy", "The system is busy; please try again in a moment.", 503, retry_after=1)


def _no_such_link() -> Refused:
    return Refused("unknown-link", "This link has been used or is no longer valid.", 404)
