"""Who is in a call, what they hear of it, and what is told of it to the world."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import structs

from offhook.calls.cause import Cause
from offhook.calls.hunt import Hunt
from offhook.calls.leg import NOBODY, Party
from offhook.calls.media import Bridge, NoMedia
from offhook.calls.member import LegState, Member, State
from offhook.calls.moments import Moment, What
from offhook.calls.routing import Ask, Deed, Device, Plan
from offhook.calls.sound import Sound, scene
from offhook.calls.view import CallView, Place

LOST_SECONDS = 30.0  # of music for the far side, then the lost leg is given up


class House(Protocol):
    """What a call asks of the world around it."""

    def route(self, ask: Ask) -> Plan: ...

    def devices_of(self, user: str) -> Sequence[Device]: ...

    def seen(self, party: Party, by: Party) -> Party:
        """As `by` would dial them."""

    def may_join(self, by: Party, one: Party, other: Party) -> bool:
        """Whether these two outside may go on with each other when `by` leaves."""

    def serve(self, call: str, member: Member, deed: Deed, now: float) -> None:
        """The caller dialled a code."""

    def note(self, moment: Moment) -> None: ...


class Gathering:
    """The legs of a call, its state, and all that follows from these by itself."""

    def __init__(
        self,
        id: str,
        bridge: Bridge,
        house: House,
        number: str,
        now: float,
        *,
        ringing_legs: int,  # at most, at once
        kept: bool,  # its record is on disk
    ) -> None:
        self.id = id
        self.state = State.RINGING
        self.bridge = bridge
        self.place: Place | None = None  # where it is parked
        self.deadline: float | None = None
        self.armed: float | None = None  # the deadline the switch has in its heap
        self.kept = kept
        self.parting: tuple[str, ...] = ()  # users for whom it rang until another answered; to be told
        self.transfers = 0
        self.unfiled: list[str] = []  # legs that came since it was last looked at
        self.is_changed = False  # since its view was last asked for
        self._ringing_legs = ringing_legs
        self._sound = Sound(bridge)
        self._house = house
        self._members: dict[str, Member] = {}
        self._caller: Member | None = None
        self._dialled = number  # by who began it, from where they are
        self._called = Party(number)
        self._hunt: Hunt | None = None
        self._diverted: tuple[Party, ...] = ()  # how it was sent on last
        self._recall: Party | None = None  # to whom it comes back when nobody answers
        self._due: float | None = None  # the end of a round, of parking or of closing
        self._answer_due: tuple[Member, float] | None = None
        self._closing = "busy"  # what is heard while it closes
        self._proceeded = False
        self.begun = now
        self._answered: float | None = None
        self._ended: float | None = None
        self._cause: Cause | None = None
        self._audience: tuple[str, ...] = ()

    # ---- who is here

    @property
    def members(self) -> Iterable[Member]:
        """Everybody who is or was in it."""
        return self._members.values()

    def present(self) -> list[Member]:
        return [member for member in self._members.values() if member.state is not LegState.GONE]

    def talking(self) -> list[Member]:
        return [member for member in self._members.values() if member.state is LegState.TALKING]

    def ringing(self) -> list[Member]:
        """Those we call who have not answered."""
        return [member for member in self._members.values() if member.is_called]

    @property
    def caller(self) -> Member | None:
        return self._caller

    def with_whom(self, user: str) -> Party:
        """Who is to be named to this user as the other end."""
        for member in self.talking():
            if member.leg.party.user != user or not user:
                return member.leg.party
        if self._caller is not None and self._caller.leg.party.user != user:
            return self._caller.leg.party
        return self._called

    def view(self) -> CallView:
        self.is_changed = False
        return CallView(
            self.id,
            self.state,
            tuple([member.view() for member in self._members.values()]),
            self._called,
            self.begun,
            self._answered,
            self._ended,
            self._cause,
            self.place,
            self._recall if self.place is not None else None,
            self._audience if self.state is State.ENDED else self._users(),
        )

    def _users(self) -> tuple[str, ...]:
        users = {m.leg.party.user: None for m in self._members.values() if m.state is not LegState.GONE}
        users.pop("", None)
        return tuple(users)

    def _put(self, member: Member) -> Member:
        self._members[member.leg.id] = member
        self.unfiled.append(member.leg.id)
        self.is_changed = True
        return member

    def farewell(self) -> CallView:
        """The call as those may still see it for whom another has answered: so they know who did."""
        parting, self.parting = self.parting, ()
        view = self.view()
        return structs.replace(view, audience=tuple(dict.fromkeys((*view.audience, *parting))))

    # ---- leaving

    def end(self, cause: Cause, now: float) -> None:
        """The only way a call ends."""
        if self.state is State.ENDED:
            return
        self._audience = self._users()
        self.state, self._ended, self.place, self.is_changed = State.ENDED, now, None, True
        self._cause = self._cause or cause
        self._due = self._answer_due = self.deadline = self._hunt = None
        self._sound.close()
        for member in self.present():
            member.state, member.cause = LegState.GONE, cause
            self._note(What.LEFT, now, member, cause=cause)
            member.leg.hangup(cause)
        self._note(What.ENDED, now, cause=self._cause)

    def _let_go(self, member: Member, cause: Cause, now: float) -> None:
        """Hang up one of ours, which has no further consequence."""
        self._answers_no_more(member)
        member.state, member.cause, self.is_changed = LegState.GONE, cause, True
        if member.leg.port is not None:
            self._sound.leave(member.leg.port)
        self._note(What.LEFT, now, member, cause=cause)
        member.leg.hangup(cause)

    def _answers_no_more(self, member: Member) -> None:
        """It may have answered already, and wait for the record to be on disk."""
        if self._answer_due is not None and self._answer_due[0] is member:
            self._answer_due = None

    def _may_go_on_without(self, member: Member) -> bool:
        """Whether those of a conference who are left are not two outside whom nobody may join."""
        left = [other.leg.party for other in self.talking()]
        if len(left) != 2 or not all(party.outside for party in left):
            return True
        return self._house.may_join(member.leg.party, *left)

    # ---- what is told of it

    def _show(self, member: Member, party: Party) -> None:
        """Let it know whom it is connected to."""
        member.leg.connected_to(self._house.seen(party, member.leg.party))

    def _note(
        self,
        what: What,
        now: float,
        member: Member | None = None,
        other: Party = NOBODY,
        *,
        cause: Cause | None = None,
        own: bool = False,
        into: str = "",
    ) -> None:
        if member is None:
            moment = Moment(self.id, what, now, "", NOBODY, other, cause, None, own, into)
        else:
            leg = member.leg
            moment = Moment(self.id, what, now, leg.id, leg.party, other, cause, member.via, own, into)
        self._house.note(moment)

    # ---- sound and time

    def settle(self, now: float) -> None:
        """Make what everybody hears, and what is due, follow from the state."""
        if self.state is not State.ENDED:
            try:
                self._sound.show(scene(self.state, self._caller, self._members.values(), self._closing))
            except NoMedia:
                self.end(Cause.OVERLOADED, now)
            else:
                self._set_deadline()

    def _set_deadline(self) -> None:
        due = self._due
        if self._answer_due is not None:
            due = _sooner(due, self._answer_due[1])
        elif self._hunt is not None and (at := self._hunt.due) is not None:
            due = _sooner(due, at)
        for member in self._members.values():
            if member.state is not LegState.GONE:
                if member.lost_since is not None:
                    due = _sooner(due, member.lost_since + LOST_SECONDS)
                if member.rings_until is not None:
                    due = _sooner(due, member.rings_until)
                if member.alerts_until is not None:
                    due = _sooner(due, member.alerts_until)
        self.deadline = due


def _sooner(one: float | None, other: float) -> float:
    return other if one is None or other < one else one
