"""What rings outside: a call through the ways of the rules, and a user's mobile."""

from collections.abc import Callable, Sequence
from typing import Protocol

from offhook.calls.leg import Leg, Party
from offhook.calls.media import G711, Codecs
from offhook.dialplan.world import Outward
from offhook.people.directory import DeviceInfo


class Lines(Protocol):
    """The trunks, as far as something that rings needs them."""

    def can_take(self, outward: Outward) -> bool:
        """Whether one of its ways is open."""

    def open_legs(self, outward: Outward, party: Party) -> list[Leg]: ...


class TrunkDevice:
    """One call to the outside."""

    def __init__(self, outward: Outward, whose: Party | None, trunks: Lines) -> None:
        self._outward = outward
        self._trunks = trunks
        first = outward.ways[0].trunk if outward.ways else ""
        self._party = whose or Party(outward.number, device=f"trunk:{first}", outside=True)

    @property
    def id(self) -> str:
        return self._party.device

    @property
    def party(self) -> Party:
        return self._party

    @property
    def is_reachable(self) -> bool:
        return self._trunks.can_take(self._outward)

    @property
    def speaks(self) -> Codecs:
        return G711

    def open_legs(self) -> Sequence[Leg]:
        return self._trunks.open_legs(self._outward, self._party)


class MobileDevice:
    """A user's telephone outside, rung at the user's cost by the ways that are open at the time."""

    def __init__(
        self,
        info: DeviceInfo,
        party: Callable[[DeviceInfo], Party],  # asked each time: users are renamed
        outward_of: Callable[[str, str], Outward | None],  # by the ids of user and device
        trunks: Lines,
    ) -> None:
        self._info = info
        self._party = party
        self._outward_of = outward_of
        self._trunks = trunks

    @property
    def id(self) -> str:
        return self._info.id

    @property
    def party(self) -> Party:
        return self._party(self._info)

    @property
    def is_reachable(self) -> bool:
        outward = self._outward()
        return outward is not None and self._trunks.can_take(outward)

    @property
    def speaks(self) -> Codecs:
        return G711

    def open_legs(self) -> Sequence[Leg]:
        outward = self._outward()
        return [] if outward is None else self._trunks.open_legs(outward, self.party)

    def _outward(self) -> Outward | None:
        mobile = self._info.mobile
        if mobile is None or not mobile.enabled:
            return None
        return self._outward_of(self._info.user, self._info.id)
