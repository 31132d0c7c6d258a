"""Every user and device of this site, in memory: what routing and sign-in look people up in.

The database keeps them; while the server runs, this is the truth. A change is written,
then applied here, then published.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

import msgspec

from offhook.calls.leg import NOBODY, Party
from offhook.dialplan.model import ROOT, Line, Mobile
from offhook.people.numbers import Beginnings

DeviceKind = Literal["phone", "browser", "mobile"]
Srtp = Literal["off", "auto", "required"]
K = TypeVar("K")
T = TypeVar("T")


class User(msgspec.Struct, frozen=True):
    """Someone who can be reached here. `device` is the id of the device chosen for calling."""

    id: str
    username: str
    name: str
    number: str
    device: str = ""
    do_not_disturb: bool = False
    call_waiting: bool = True  # whether it rings while the user is on the phone
    node: str = ROOT  # where the number is
    line: Line = Line()

    @property
    def topics(self) -> tuple[str, ...]:
        return (f"user.{self.id}", f"own.{self.id}")


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What is known of a device, reachable or not. The HA1s are RFC 7616's H(user:realm:password)."""

    id: str
    user: str
    name: str
    kind: DeviceKind
    sip_user: str = ""
    ha1_md5: str = ""
    ha1_sha256: str = ""
    srtp: Srtp = "auto"
    no_mobility: bool = False  # while it is registered, the user's mobiles do not ring
    mobile: Mobile | None = None


class Directory:
    """Look-ups by every key that calls and sign-ins use; each costs the same whatever the number of users.

    `changes` grows with each change: who has read the database meanwhile may have read what was before.
    """

    def __init__(self, users: Iterable[User] = (), devices: Iterable[DeviceInfo] = ()) -> None:
        self._users: dict[str, User] = {}
        self._by_number: dict[tuple[str, str], User] = {}  # by node and number
        self._by_username: dict[str, User] = {}
        self._beginnings = Beginnings()
        self._devices: dict[str, DeviceInfo] = {}
        self._by_sip_user: dict[str, DeviceInfo] = {}
        self._devices_of: dict[str, dict[str, DeviceInfo]] = {}
        self.changes = 0
        for user in users:
            self.put_user(user)
        for device in devices:
            self.put_device(device)

    def put_user(self, user: User) -> None:
        self.remove_user(user.id)
        self._users[user.id] = user
        self._by_number[user.node, user.number] = user
        self._by_username[user.username.casefold()] = user
        self._beginnings.add(user.node, user.number)

    def remove_user(self, id: str) -> None:
        self.changes += 1
        if (old := self._users.pop(id, None)) is not None:
            _forget(self._by_number, (old.node, old.number), old)
            _forget(self._by_username, old.username.casefold(), old)
            self._beginnings.remove(old.node, old.number)

    def put_device(self, device: DeviceInfo) -> None:
        self.remove_device(device.id)
        self._devices[device.id] = device
        self._devices_of.setdefault(device.user, {})[device.id] = device
        if device.sip_user:
            self._by_sip_user[device.sip_user] = device

    def remove_device(self, id: str) -> None:
        self.changes += 1
        if (old := self._devices.pop(id, None)) is not None:
            del self._devices_of[old.user][id]
            if old.sip_user:
                _forget(self._by_sip_user, old.sip_user, old)

    def user(self, id: str) -> User | None:
        return self._users.get(id)

    def node_of(self, id: str) -> str:
        """Where a user's numbers are dialled from."""
        user = self._users.get(id)
        return ROOT if user is None else user.node

    def party(self, id: str) -> Party:
        """A user as one end of a call; NOBODY when they are gone."""
        user = self._users.get(id)
        return NOBODY if user is None else Party(user.number, user.name, id)

    def by_number(self, number: str, node: str = ROOT) -> User | None:
        return self._by_number.get((node, number))

    def has_longer(self, node: str, digits: str) -> bool:
        """Whether a user's number in this node begins with these digits and goes on."""
        return self._beginnings.has_longer(node, digits)

    def by_username(self, username: str) -> User | None:
        return self._by_username.get(username.casefold())

    def device(self, id: str) -> DeviceInfo | None:
        return self._devices.get(id)

    def by_sip_user(self, sip_user: str) -> DeviceInfo | None:
        return self._by_sip_user.get(sip_user)

    def devices_of(self, user: str) -> list[DeviceInfo]:
        return list(self._devices_of.get(user, {}).values())

    def users(self) -> Iterator[User]:
        return iter(self._users.values())

    def devices(self) -> Iterator[DeviceInfo]:
        return iter(self._devices.values())

    def __len__(self) -> int:
        return len(self._users)


def _forget(index: dict[K, T], key: K, old: T) -> None:
    """Take an entry out, unless somebody else has taken the key over meanwhile."""
    if index.get(key) is old:
        del index[key]
