"""Desk phones: at the switch's own interfaces, where they write down what they are told."""

from collections.abc import Callable
from typing import Any

from offhook.calls.leg import Answered, Leg, LegEvent, Outcome, Party, Ringing
from offhook.calls.media import G711, Bridge, Codecs, Kind, Port

Tell = Callable[[Leg, LegEvent], None]


class DeskLeg:
    """A desk phone's line."""

    def __init__(self, id: str, party: Party, tell: Tell) -> None:
        self.id = id
        self.party = party
        self.port: Port | None = None
        self.codecs: Codecs = G711
        self.hops = 70
        self.takes_orders = True
        self.told_of: list[str] = []
        self._tell = tell

    def ring(
        self, who: Party, bridge: Bridge, *, like: Codecs | None, auto_answer: bool = False, hops: int = 70
    ) -> None:
        self.told_of.append(f"ring for {who.name}")
        self.port = bridge.open(Kind.PHONE)
        self._tell(self, Ringing())

    def proceed(self, bridge: Bridge, *, early: Codecs | None = None) -> None: ...

    def answer(self, bridge: Bridge, *, like: Codecs) -> None:
        self.told_of.append("answer")
        self.port = bridge.open(Kind.PHONE)

    def connected_to(self, party: Party) -> None: ...

    def pick_up(self) -> None:
        self.told_of.append("pick up")
        self.picks_up()

    def hold(self, holding: bool) -> None:
        self.told_of.append("hold" if holding else "resume")

    def enter(self, bridge: Bridge) -> None: ...

    def told(self, outcome: Outcome) -> None: ...

    def hangup(self, cause: Any) -> None:
        self.told_of.append(f"hangup {cause.name}")
        if self.port is not None:
            self.port.close()

    def picks_up(self) -> None:
        self._tell(self, Answered())


class DeskPhone:
    """A phone that is there from the start."""

    def __init__(self, party: Party, ids: Callable[[], str], tell: Tell) -> None:
        self.id = party.device
        self.party = party
        self.is_reachable = True
        self.speaks: Codecs = G711
        self.legs: list[DeskLeg] = []
        self._ids = ids
        self._tell = tell

    def open_legs(self) -> list[Leg]:
        if not self.is_reachable:
            return []
        leg = DeskLeg(self._ids(), self.party, self._tell)
        self.legs.append(leg)
        return [leg]
