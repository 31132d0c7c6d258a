"""A user's browser, as a device that can ring: there while one of its tabs can carry sound."""

from collections.abc import Callable
from typing import Any, Protocol

from offhook.calls.cause import Cause
from offhook.calls.leg import Leg, Party
from offhook.calls.media import Codecs
from offhook.people.devices import Devices
from offhook.people.directory import DeviceInfo, Directory
from offhook.web.leg import SPOKEN_BY_BROWSERS, BrowserLeg, Ground, State

GRACE_SECONDS = 15.0  # after the last tab: a reload is no absence


class Cancellable(Protocol):
    def cancel(self) -> None: ...


After = Callable[[float, Callable[[], None]], Cancellable]  # the loop's call_later, or a test's


class SoundTab(Protocol):
    @property
    def id(self) -> str: ...


class BrowserDevice:
    """All tabs of one user together. `reached(places)` is told where it can ring."""

    def __init__(
        self,
        info: DeviceInfo,
        directory: Directory,
        ground: Ground,
        *,
        reached: Callable[[str, int], None],
        after: After,
    ) -> None:
        self.id = info.id
        self._user = info.user
        self._directory = directory
        self._ground = ground
        self._reached = reached
        self._after = after
        self._tabs: dict[SoundTab, None] = {}
        self._grace: Cancellable | None = None
        self._legs: dict[str, BrowserLeg] = {}

    @property
    def party(self) -> Party:
        user = self._directory.user(self._user)
        if user is None:
            return Party("", user=self._user, device=self.id)
        return Party(user.number, user.name, user.id, self.id)

    @property
    def is_reachable(self) -> bool:
        return bool(self._tabs) or self._grace is not None

    @property
    def speaks(self) -> Codecs:
        return SPOKEN_BY_BROWSERS

    def open_legs(self) -> list[Leg]:
        if not self.is_reachable:
            return []
        leg = BrowserLeg(self._ground, self.party, self._leg_gone)
        self._legs[leg.id] = leg
        return [leg]

    def tab_came(self, tab: SoundTab) -> None:
        self._tabs[tab] = None
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
        self._reached(self.id, len(self._tabs))

    def tab_left(self, tab: SoundTab) -> None:
        if self._tabs.pop(tab, self) is self:
            return
        if self._tabs:
            self._reached(self.id, len(self._tabs))
        else:
            self._grace = self._after(GRACE_SECONDS, self._nobody_came_back)

    def _nobody_came_back(self) -> None:
        """What still rings can no longer be answered; what talks is the engine's to miss."""
        self._grace = None
        self._reached(self.id, 0)
        for leg in list(self._legs.values()):
            if leg.state is State.RINGING:
                leg.give_up(Cause.UNREACHABLE, self._ground.now())

    def _leg_gone(self, leg: BrowserLeg) -> None:
        self._legs.pop(leg.id, None)


class Browsers:
    """Which tabs can carry sound; tells each user's browser devices of those that come and go."""

    def __init__(self, devices: Devices[Any]) -> None:  # phones are among them
        self._devices = devices
        self._tabs: dict[str, dict[SoundTab, None]] = {}

    def introduce(self, device: BrowserDevice, user: str) -> None:
        """A device that is new, or made anew, may find tabs already open."""
        for tab in self._tabs.get(user, {}):
            device.tab_came(tab)

    def tab_came(self, user: str, tab: SoundTab) -> None:
        self._tabs.setdefault(user, {})[tab] = None
        for device in self._of(user):
            device.tab_came(tab)

    def tab_left(self, user: str, tab: SoundTab) -> None:
        tabs = self._tabs.get(user, {})
        tabs.pop(tab, None)
        if not tabs:
            self._tabs.pop(user, None)
        for device in self._of(user):
            device.tab_left(tab)

    def _of(self, user: str) -> list[BrowserDevice]:
        return [device for device in self._devices.of(user) if isinstance(device, BrowserDevice)]
