"""Users, devices and groups as the database has them, brought to life, and kept in step with it."""

from collections.abc import Callable, Iterable
from typing import Any

from offhook.calls.switch import Switch
from offhook.feed import Feed
from offhook.people.devices import Devices
from offhook.people.directory import DeviceInfo, Directory, User
from offhook.people.groups import Group, Groups
from offhook.people.presence import PresenceKeeper
from offhook.phones.edge import Phones
from offhook.store.devices import Devices as KeptDevices
from offhook.store.groups import Groups as KeptGroups
from offhook.store.meta import Meta
from offhook.store.users import Users
from offhook.web.edge import Web


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
    ) -> None:
        self._directory = directory
        self._devices = devices
        self._groups = groups
        self._feed = feed
        self._presence = presence
        self._phones = phones
        self._web = web
        self._switch = switch
        self._now = now

    def take_in(self, users: Iterable[User], devices: Iterable[DeviceInfo], groups: Iterable[Group]) -> None:
        """Make memory agree: who is new comes, who has changed changes, who is gone goes."""
        kept = {device.id: device for device in devices}
        self._part_with_devices(kept)  # before their users go, whose presence they are
        self._take_users({user.id: user for user in users})
        self._take_devices(kept)
        self._take_groups({group.id: group for group in groups})

    def _part_with_devices(self, kept: dict[str, DeviceInfo]) -> None:
        """What is no longer ours can neither ring nor speak, and who knows only its old secret is out."""
        for former in list(self._directory.devices()):
            device = kept.get(former.id)
            if device is None:
                self._switch.forget(former.id, self._now())
            if former.kind == "phone" and (device is None or _proof(device) != _proof(former)):
                self._phones.forget(former.id)
            if device is None:
                self._directory.remove_device(former.id)
                self._devices.remove(former.id)

    def _take_users(self, users: dict[str, User]) -> None:
        directory = self._directory
        for id in [user.id for user in directory.users() if user.id not in users]:
            directory.remove_user(id)
            self._presence.forget(id)
            self._feed.drop(User, id)
        for user in users.values():
            former = directory.user(user.id)
            if former != user:
                directory.put_user(user)
                self._feed.set(user)
                if former is None:
                    self._presence.introduce(user.id)

    def _take_devices(self, devices: dict[str, DeviceInfo]) -> None:
        directory = self._directory
        for device in devices.values():
            if directory.device(device.id) != device:
                directory.put_device(device)
                live = self._phones.device(device) if device.kind == "phone" else self._web.device(device)
                self._devices.add(device, live)

    def _take_groups(self, groups: dict[str, Group]) -> None:
        for id in [group.id for group in self._groups.all() if group.id not in groups]:
            self._groups.remove(id)
        for group in groups.values():
            self._groups.put(group)


def _proof(device: DeviceInfo) -> tuple[str, str, str]:
    return device.sip_user, device.ha1_md5, device.ha1_sha256


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
    ) -> None:
        self._meta = meta
        self._users = users
        self._devices = devices
        self._groups = groups
        self._household = household
        self._web = web
        self._seen: int | None = None

    async def load(self) -> None:
        groups = await self._groups.load_all()
        self._household.take_in(await self._users.load_all(), await self._devices.load_all(), groups)

    async def look(self) -> None:
        changes = await self._meta.changes()
        if self._seen is not None and changes != self._seen:
            await self.load()
            await self._web.look_at_sessions()
        self._seen = changes
