"""All live calls, and how one finds them: by id, by leg, by who is rung, by where they are parked."""

from collections.abc import Callable, Mapping

from offhook.calls.call import Call
from offhook.calls.cause import Cannot, Cause
from offhook.calls.gathering import House
from offhook.calls.media import Bridge, Engine
from offhook.calls.member import LegState, Member, State
from offhook.calls.view import Place

SLOTS = "0123456789"


class LiveCalls:
    """Calls come by `open` and go by `close`; `filed` keeps the index of legs true after each move."""

    def __init__(
        self,
        engine: Engine,
        ids: Callable[[], str],
        *,
        recorded: bool,
        ringing_legs: int,  # at most, in one call
    ) -> None:
        self._engine = engine
        self._ids = ids
        self._recorded = recorded
        self._ringing_legs = ringing_legs
        self._calls: dict[str, Call] = {}
        self._call_of: dict[str, Call] = {}

    @property
    def all(self) -> Mapping[str, Call]:
        return self._calls

    def open(self, house: House, number: str, now: float, *, near: Bridge | None = None) -> Call:
        """Raises NoMedia."""
        call = Call(
            self._ids(),
            self._engine.bridge(near=near),
            house,
            number,
            now,
            ringing_legs=self._ringing_legs,
            kept=not self._recorded,
        )
        self._calls[call.id] = call
        return call

    def filed(self, call: Call) -> None:
        """Find the call by the legs that have come, too."""
        for id in call.unfiled:
            self._call_of[id] = call
        call.unfiled.clear()

    def close(self, call: Call) -> bool:
        """Forget a call that has ended; False if that was done."""
        if self._calls.pop(call.id, None) is None:
            return False
        for member in call.members:
            if self._call_of.get(member.leg.id) is call:
                del self._call_of[member.leg.id]
        return True

    def of(self, leg_id: str) -> Call | None:
        return self._call_of.get(leg_id)

    def find(self, leg_id: str) -> tuple[Call, Member]:
        """The call of a leg that is still in it. Raises Cannot."""
        call = self._call_of.get(leg_id)
        if call is None or call.member(leg_id).state is LegState.GONE:
            raise Cannot(Cause.OVER)
        return call, call.member(leg_id)

    def get(self, call_id: str) -> Call:
        """Raises Cannot."""
        if (call := self._calls.get(call_id)) is None:
            raise Cannot(Cause.OVER)
        return call

    def ringing_for(self, user: str) -> list[Call]:
        """The calls that ring for a user, the oldest first."""
        return [
            call
            for call in self._calls.values()
            if call.state is State.RINGING and any(m.leg.party.user == user for m in call.ringing())
        ]

    def parked_at(self, place: Place) -> Call:
        """Raises Cannot."""
        for call in self._calls.values():
            if call.place is not None and (call.place.user, call.place.slot) == (place.user, place.slot):
                return call
        raise Cannot(Cause.NOTHING_PARKED)

    def held_by(self, user: str, *, but: Call) -> Call | None:
        """The newest other call of two which this user holds."""
        for call in reversed(self._calls.values()):
            talking = call.talking() if call is not but and call.state is State.TALKING else []
            if len(talking) == 2 and any(m.holding and m.leg.party.user == user for m in talking):
                return call
        return None

    def free_place(self, place: Place) -> Place:
        """The same place, with the first free slot if it names none. Raises Cannot when it is taken."""
        places = [call.place for call in self._calls.values() if call.place is not None]
        taken = {other.slot for other in places if other.user == place.user}
        if place.slot:
            if place.slot in taken:
                raise Cannot(Cause.OCCUPIED)
            return place
        for slot in SLOTS:
            if slot not in taken:
                return Place(place.user, place.number, slot)
        raise Cannot(Cause.OCCUPIED)
