"""Where one's calls go when one does not take them, and what rings outside: diversions and mobiles.

Whatever a user may write here is asked of the dial plan first, so that what is refused has changed nothing.
"""

from asyncio import Lock
from collections.abc import Awaitable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from offhook.calls.routing import Ask
from offhook.dialplan.check import mobile_problems
from offhook.dialplan.model import NOWHERE, Diversion, Mobile
from offhook.dialplan.world import Known
from offhook.people.directory import DeviceInfo, Directory, User
from offhook.people.preferences import Preferences
from offhook.store.database import StoreError
from offhook.web.problem import Refused
from offhook.web.shapes import When

T = TypeVar("T")

MOBILES_AT_MOST = 10  # of one user


class Effect(msgspec.Struct, frozen=True):
    """What happens to one's calls as things are, and what is not as it may have been meant.

    `barred`: why calls are not sent to targets of diversions that are on, by target. `loops`: those of the
    warnings that say who would send calls back.
    """

    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    barred: dict[str, str]
    loops: tuple[str, ...]


class Explained(msgspec.Struct, frozen=True):
    """How a number was understood, step by step, and where it leads."""

    lines: tuple[str, ...]


class Added(msgspec.Struct, frozen=True):
    """The id of the new device."""

    device: str


class Works(Protocol):
    @property
    def sentences(self) -> tuple[str, ...]: ...

    @property
    def warnings(self) -> tuple[str, ...]: ...

    @property
    def barred(self) -> Mapping[str, str]: ...

    @property
    def loops(self) -> tuple[str, ...]: ...


class Explanation(Protocol):
    @property
    def lines(self) -> tuple[str, ...]: ...


class Rules(Protocol):
    """The dial plan, as far as users ask it about themselves."""

    def effect(self, user_id: str, /) -> Works: ...

    def may_divert(self, user_id: str, to: str, /) -> str:
        """Why calls may not be sent there; empty if they may."""

    def is_emergency(self, number: str, /) -> bool: ...

    def whose(self, number: str, user_id: str, /) -> Known | None:
        """Whom this user reaches who dials it."""

    def explain(self, ask: Ask, /, *, is_discreet: bool) -> Explanation:
        """When `is_discreet`, without where others have their calls sent."""


class Mobiles(Protocol):
    """Where users' mobiles are written down and brought to life. It raises StoreError."""

    async def add(self, user: str, name: str, mobile: Mobile, /) -> DeviceInfo: ...

    async def change(self, id: str, name: str, mobile: Mobile, /) -> object: ...

    async def remove(self, id: str, /) -> object: ...


class Forwarding:
    """What users may say of where their calls go."""

    def __init__(
        self, directory: Directory, preferences: Preferences, rules: Rules, mobiles: Mobiles
    ) -> None:
        self._directory = directory
        self._preferences = preferences
        self._rules = rules
        self._mobiles = mobiles
        self._turn = Lock()  # a line is written whole: one change sees what came of the one before

    async def divert(self, user: str, when: When, to: str, *, on: bool) -> None:
        """Without `to` there is none any more. Raises Refused."""
        async with self._turn:
            former = next((each for each in self._user(user).line.diversions if _is_own(each, when)), None)
            if on and not to:
                raise Refused("no-target", "Say where your calls should go.")
            if to not in ("", NOWHERE) and (on or former is None or former.to != to):
                self._check(user, to)
            others = [each for each in self._user(user).line.diversions if not _is_own(each, when)]
            wanted = [Diversion(when, to, on)] if to else []
            await self._write(user, diversions=(*others, *wanted))

    async def ring_for(self, user: str, seconds: int) -> None:
        async with self._turn:
            await self._write(user, seconds=seconds)

    def effect(self, user: str) -> Effect:
        works = self._rules.effect(user)
        return Effect(works.sentences, works.warnings, dict(works.barred), works.loops)

    def whose(self, number: str, user: str) -> User | None:
        """Whom this user means by this number."""
        known = self._rules.whose(number, user)
        return None if known is None else self._directory.user(known.id)

    def is_emergency(self, number: str) -> bool:
        return self._rules.is_emergency(number)

    def explain(self, user: str, number: str) -> Explained:
        ask = Ask(self._directory.party(user), number)
        return Explained(self._rules.explain(ask, is_discreet=True).lines)

    def why_no_ring(self, user: str, device: str) -> str:
        """Why this mobile cannot be called now, as far as that is known; empty for other devices."""
        info = self._directory.device(device)
        if info is None or info.mobile is None:
            return ""
        return self._rules.may_divert(user, info.mobile.number)

    async def add_mobile(self, user: str, name: str, mobile: Mobile) -> Added:
        async with self._turn:
            if len([d for d in self._directory.devices_of(user) if d.kind == "mobile"]) >= MOBILES_AT_MOST:
                raise Refused("too-many-mobiles", f"You have {MOBILES_AT_MOST} mobile phones already.")
            self._check_mobile(user, mobile)
            return Added((await _kept(self._mobiles.add(user, _name(name), mobile))).id)

    async def change_mobile(self, user: str, id: str, name: str | None, changes: dict[str, Any]) -> None:
        """What is None in `changes` stays. Its number is looked at again only where it is another."""
        async with self._turn:
            device, former = self._mobile(user, id)
            mobile = msgspec.structs.replace(former, **{k: v for k, v in changes.items() if v is not None})
            if mobile != former:
                self._check_mobile(user, mobile)
            await _kept(self._mobiles.change(id, _name(device.name if name is None else name), mobile))

    async def remove_mobile(self, user: str, id: str) -> None:
        async with self._turn:
            self._mobile(user, id)
            await _kept(self._mobiles.remove(id))

    def _user(self, id: str) -> User:
        user = self._directory.user(id)
        if user is None:
            raise Refused("signed-out", "Please sign in.", 401)
        return user

    async def _write(self, user: str, **changes: Any) -> None:
        await self._preferences.set(user, line=msgspec.structs.replace(self._user(user).line, **changes))

    def _check(self, user: str, to: str) -> None:
        if why := self._rules.may_divert(user, to):
            raise Refused("may-not-divert", why)

    def _check_mobile(self, user: str, mobile: Mobile) -> None:
        if mobile.number == self._user(user).number:
            raise Refused("own-number", "This is your own number here. Write that of your mobile.")
        if self._rules.is_emergency(mobile.number):
            raise Refused("emergency-number", "An emergency number cannot be a mobile phone of yours.")
        if found := mobile_problems(mobile):
            raise Refused("malformed", found[0].sentence, 400)

    def _mobile(self, user: str, id: str) -> tuple[DeviceInfo, Mobile]:
        device = self._directory.device(id)
        if device is None or device.user != user or device.mobile is None:
            raise Refused("unknown-device", "You have no such mobile phone.", 404)
        return device, device.mobile


def _is_own(diversion: Diversion, when: When) -> bool:
    """Whether it is the user's own one for this case."""
    return diversion.when == when and diversion.by == "user"


def _name(typed: str) -> str:
    if not (name := " ".join(typed.split())):
        raise Refused("malformed", "Give the phone a name, such as Mobile.", 400)
    return name


async def _kept(writing: Awaitable[T]) -> T:
    try:
        return await writing
    except StoreError as why:
        raise Refused("malformed", str(why), 400) from None
