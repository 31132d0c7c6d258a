"""Users, devices, groups and the plan as the database has them, brought to life, and kept in step with it."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec

from offhook.calls.routing import Device
from offhook.calls.switch import Switch
from offhook.dialplan.model import Mobile, Tables
from offhook.feed import Feed
from offhook.people.devices import Devices
from offhook.people.directory import DeviceInfo, Directory, User
from offhook.people.groups import Group, Groups
from offhook.people.presence import PresenceKeeper
from offhook.phones.edge import Phones
from offhook.store.database import StoreError
from offhook.store.devices import Devices as KeptDevices
from offhook.store.groups import Groups as KeptGroups
from offhook.store.meta import Meta
from offhook.store.plan import Plan
from offhook.store.users import Users
from offhook.web.edge import Web

_MOST_READINGS = 5  # of the database, while users change what is read


class MobileMaker(Protocol):
    """Whoever has lines to the outside."""

    def mobile(self, info: DeviceInfo) -> Device:
        """The live side of a mobile, for routing."""


class Household:
    """Everybody who lives here, and what is theirs."""

    def __init__(
        self,
        directory: Directory,
        devices: Devices[Any],
        groups: Groups,
        feed: Feed,
        presence: PresenceKeeper,
        phones: Phones,
        web: Web,
        switch: Switch,
        now: Callable[[], float],
        trunks: MobileMaker,
        use: Callable[[Tables], None],  # told of each new plan
    ) -> None:
        self._directory = directory
        self._devices = devices
        self._groups = groups
        self._feed = feed
        self._presence = presence
        self._phones = phones
        self._web = web
        self._trunks = trunks
        self._switch = switch
        self._now = now
        self._use = use
        self._tables: Tables | None = None

    @property
    def changes(self) -> int:
        """Grows with everything that comes, changes or goes."""
        return self._directory.changes

    def take_in(
        self,
        users: Iterable[User],
        devices: Iterable[DeviceInfo],
        groups: Iterable[Group],
        tables: Tables,
    ) -> bool:
        """Make memory agree: who is new comes, who has changed changes, who is gone goes.

        True when somebody's number is dialled otherwise from some node than before.
        """
        kept = {device.id: device for device in devices}
        self._part_with_devices(kept)  # before their users go, whose presence they are
        by_id = {user.id: user for user in users}
        is_renumbered = any(by_id.get(user.id, user).node != user.node for user in self._directory.users())
        changed = self._take_users(by_id)
        self._take_groups({group.id: group for group in groups})
        is_new_plan = tables != self._tables
        if is_new_plan:
            is_renumbered |= self._tables is not None and tables.nodes != self._tables.nodes
            self._use(tables)
            self._tables = tables
        self._take_devices(kept)
        self._look_at(self._directory.devices() if is_new_plan else self._devices_of(changed))
        return is_renumbered

    def look_at_mobiles(self) -> None:
        """Some trunk can be used now, or not any more."""
        self._look_at(self._directory.devices())

    def admit(self, device: DeviceInfo) -> None:
        """A device is new, or has changed."""
        if self._directory.device(device.id) != device:
            self._directory.put_device(device)
            self._devices.add(device, self._live(device))

    def part_with(self, device: DeviceInfo) -> None:
        self._switch.forget(device.id, self._now())
        if device.kind == "phone":
            self._phones.forget(device.id)
        self._directory.remove_device(device.id)
        self._devices.remove(device.id)

    def _part_with_devices(self, kept: dict[str, DeviceInfo]) -> None:
        """What is no longer ours can neither ring nor speak, and who knows only its old secret is out."""
        for former in list(self._directory.devices()):
            device = kept.get(former.id)
            if device is None:
                self.part_with(former)
            elif former.kind == "phone" and _proof(device) != _proof(former):
                self._phones.forget(former.id)

    def _take_users(self, users: dict[str, User]) -> list[str]:
        """Those who are new or have changed."""
        directory = self._directory
        for id in [user.id for user in directory.users() if user.id not in users]:
            directory.remove_user(id)
            self._presence.forget(id)
            self._feed.drop(User, id)
        changed = [user for user in users.values() if directory.user(user.id) != user]
        for user in changed:
            is_new = directory.user(user.id) is None
            directory.put_user(user)
            self._feed.set(user)
            if is_new:
                self._presence.introduce(user.id)
        return [user.id for user in changed]

    def _take_devices(self, devices: dict[str, DeviceInfo]) -> None:
        for device in devices.values():
            self.admit(device)

    def _devices_of(self, users: Iterable[str]) -> list[DeviceInfo]:
        return [device for user in users for device in self._directory.devices_of(user)]

    def _look_at(self, devices: Iterable[DeviceInfo]) -> None:
        """Whether a mobile can be rung depends on the plan and on its user's line."""
        for device in devices:
            if device.kind == "mobile" and (live := self._devices.get(device.id)) is not None:
                self._devices.reached(device.id, 1 if live.is_reachable else 0)

    def _live(self, device: DeviceInfo) -> Device:
        match device.kind:
            case "phone":
                return self._phones.device(device)
            case "browser":
                return self._web.device(device)
            case "mobile":
                return self._trunks.mobile(device)

    def _take_groups(self, groups: dict[str, Group]) -> None:
        for id in [group.id for group in self._groups.all() if group.id not in groups]:
            self._groups.remove(id)
        for group in groups.values():
            self._groups.put(group)


def _proof(device: DeviceInfo) -> tuple[str, str, str]:
    return device.sip_user, device.ha1_md5, device.ha1_sha256


class Mobiles:
    """Mobiles as their users want them: written, then brought to life, then published."""

    def __init__(
        self,
        household: Household,
        directory: Directory,
        feed: Feed,
        users: Users,
        devices: KeptDevices,
        wall: Callable[[], float],
    ) -> None:
        self._household = household
        self._directory = directory
        self._feed = feed
        self._users = users
        self._devices = devices
        self._wall = wall

    async def add(self, user: str, name: str, mobile: Mobile) -> DeviceInfo:
        """Raises StoreError, as the others do."""
        device = await self._devices.add_mobile(user, name, mobile, now=self._wall())
        self._household.admit(device)
        return device

    async def change(self, id: str, name: str, mobile: Mobile) -> DeviceInfo:
        device = await self._devices.set_mobile(id, name, mobile)
        self._household.admit(device)
        return device

    async def remove(self, id: str) -> None:
        """Its calls end; who had chosen it for dialling dials from the first of their others."""
        device = self._directory.device(id)
        if device is None or device.kind != "mobile":
            raise StoreError("there is no such mobile")
        await self._devices.remove(id)
        kept = await self._users.by_id(device.user)
        if (device := self._directory.device(id)) is not None:
            self._household.part_with(device)
        user = self._directory.user(kept.id) if kept is not None else None
        if kept is not None and user is not None and user.device != kept.device:
            user = msgspec.structs.replace(user, device=kept.device)
            self._directory.put_user(user)
            self._feed.set(user)


class Reload:
    """Looks whether the command line has changed anything, and takes in what it finds."""

    def __init__(
        self,
        meta: Meta,
        users: Users,
        devices: KeptDevices,
        groups: KeptGroups,
        household: Household,
        web: Web,
        plan: Plan,
    ) -> None:
        self._meta = meta
        self._users = users
        self._devices = devices
        self._groups = groups
        self._plan = plan
        self._household = household
        self._web = web
        self._turn = asyncio.Lock()
        self._seen: int | None = None

    async def load(self) -> None:
        """Take in everything. Raises StoreError, and has changed nothing then."""
        async with self._turn:
            await self._load()

    async def look(self) -> None:
        async with self._turn:  # of two readings the older one would take back what the newer one found
            if await self._meta.changes() != self._seen:
                await self._load()
                await self._web.look_at_sessions()

    async def _load(self) -> None:
        """Read again where a user changed something meanwhile: that may be missing from what was read."""
        for _ in range(_MOST_READINGS):
            changes, here = await self._meta.changes(), self._household.changes
            users, devices = await self._users.load_all(), await self._devices.load_all()
            groups, tables = await self._groups.load_all(), await self._plan.load()
            if self._household.changes == here:
                break
        is_renumbered = self._household.take_in(users, devices, groups, tables)
        self._seen = changes
        if is_renumbered:
            await self._web.renumber()
