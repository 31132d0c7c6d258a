"""Who is here, for the rules of the dial plan: looked up in what the running server knows anyway."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from offhook.calls.routing import Device
from offhook.dialplan.world import Group, Own
from offhook.people.devices import Devices
from offhook.people.directory import DeviceInfo, Directory, User
from offhook.people.groups import Groups


class Busy(Protocol):
    """What users are doing: the `PresenceKeeper` knows."""

    def calls_of(self, user: str) -> int: ...

    def idle_since(self, user: str) -> float: ...


class Here:
    """The dial plan's `People`. Every look-up costs the same whatever the number of users."""

    def __init__(self, directory: Directory, devices: Devices[Any], groups: Groups, busy: Busy) -> None:
        self._directory = directory
        self._devices = devices
        self._groups = groups
        self.user = directory.user
        self.named = directory.by_username
        self.calls_of = busy.calls_of
        self.idle_since = busy.idle_since

    def at(self, node: str, number: str) -> User | None:
        return self._directory.by_number(number, node)

    def begins(self, node: str, digits: str) -> bool:
        return self._directory.has_longer(node, digits) or self._groups.has_longer(node, digits)

    def group(self, node: str, number: str) -> Group | None:
        found = self._groups.at(node, number)
        if found is None or found.ringing is None:
            return None
        everybody = tuple([user for user, _ in found.members])
        return Group(found.name, found.ringing, found.active, everybody)

    def devices_of(self, user: str) -> Sequence[Device]:
        return [device for _, device in self._live(user)]

    def mobiles_of(self, user: str) -> Sequence[Own]:
        infos = self._directory.devices_of(user)
        return [Own(info.id, info.name, info.mobile) for info in infos if info.mobile is not None]

    def is_at_hand(self, user: str) -> bool:
        return any(info.no_mobility and device.is_reachable for info, device in self._live(user))

    def device_name(self, id: str) -> str:
        """What people know a device by."""
        if (info := self._directory.device(id)) is None:
            return id
        user = self._directory.user(info.user)
        return info.name if user is None else f"{user.name}: {info.name}"

    def _live(self, user: str) -> Iterator[tuple[DeviceInfo, Device]]:
        """A user's phones and browsers."""
        for info in self._directory.devices_of(user):
            if info.kind != "mobile" and (device := self._devices.get(info.id)) is not None:
                yield info, device
