"""The journal of calls: moments go in, in order; records come out, each as often as it must be written.

No I/O, no clock. A record belongs to a user's legs, not to a call: several devices that ring make one
record, and a leg that comes over to another call takes its record along. Where a user sends a call on
there is one more, which tells what became of it; the words of its events, and their order, are those of
innovaphone's CDRs.
"""

from collections.abc import Callable
from typing import assert_never

from offhook.calls.cause import Cause
from offhook.calls.leg import NOBODY, Party
from offhook.calls.moments import Moment, What
from offhook.calls.view import Via
from offhook.features.records.part import REFUSALS, Part
from offhook.store.records import Direction, Record

_ELSEWHERE = (Cause.ANSWERED_ELSEWHERE, Cause.PICKED_UP)


class _Talk:
    """What the journal knows of one call."""

    __slots__ = ("alerted", "caller", "hung_up", "latest", "legs", "parts", "talking", "unnamed")

    def __init__(self) -> None:
        self.caller = NOBODY  # for whom is rung
        self.alerted = False
        self.hung_up = NOBODY  # who was the last to leave by themselves
        self.legs: dict[str, Party] = {}
        self.talking: set[str] = set()
        self.parts: list[Part] = []  # not complete
        self.latest: dict[str, Part] = {}  # by user, complete or not
        self.unnamed: list[Part] = []  # taken from them by somebody of whom we hear in a moment


class Journal:
    """`wall` turns monotonic seconds into Unix time; `new_id` gives the next record's id.

    `seen(party, by)` is the party with the number as `by` would dial it.
    """

    def __init__(
        self,
        wall: Callable[[float], float],
        new_id: Callable[[], str],
        seen: Callable[[Party, Party], Party] = lambda party, by: party,
    ) -> None:
        self._wall = wall
        self._new_id = new_id
        self._seen = seen
        self._talks: dict[str, _Talk] = {}
        self._part_of: dict[str, Part] = {}  # by leg
        self._changed: dict[str, Part] = {}

    def __len__(self) -> int:
        """Calls that are not over."""
        return len(self._talks)

    def take(self, moment: Moment) -> None:
        if moment.what is What.REFUSED:
            return
        talk = self._talks.get(moment.call)
        if talk is None:
            if moment.what in (What.LEFT, What.ENDED):  # of a call that only dialled a code
                return
            talk = self._talks[moment.call] = _Talk()
        at = int(self._wall(moment.at) * 1000) / 1000  # finer says nothing, and is long to write
        match moment.what:
            case What.LEFT:
                self._left(moment, talk, at)
            case What.RUNG:
                self._rung(moment, talk, at)
            case What.ALERTED:
                self._alerted(moment, talk, at)
            case What.CALLED:
                self._called(moment, talk, at)
            case What.CONNECTED:
                self._connected(moment, talk, at)
            case What.ENDED:
                self._ended(moment, talk, at)
            case What.UNREACHED:
                self._unreached(moment, talk, at)
            case What.DIVERTED:
                self._diverted(moment, talk, at)
            case What.TRANSFERRED:
                self._transferred(moment, talk, at)
            case What.CAME:
                self._came(moment, talk, at)
            case What.PARKED:
                self._parked(moment, talk, at)
            case _:
                assert_never(moment.what)

    @property
    def has_changed(self) -> bool:
        return bool(self._changed)

    def changed(self) -> list[Record]:
        """The records to be written since this was last asked, each as it is now."""
        changed, self._changed = self._changed, {}
        return [part.record() for part in changed.values()]

    # ---- ringing

    def _called(self, m: Moment, talk: _Talk, at: float) -> None:
        talk.caller = m.party
        talk.legs[m.leg] = m.party
        if m.party.user and not self._joins(m, talk):
            part = self._open(m, talk, "out", m.party.user, m.other, at, device=m.party.device)
            part.note("setup-from", at, m.other)

    def _rung(self, m: Moment, talk: _Talk, at: float) -> None:
        talk.legs[m.leg] = m.party
        if m.via is not None and m.via.how == "recalled":
            self._comes_back(m.party.user, talk, at)
        if m.party.user and not self._joins(m, talk):
            part = self._open(m, talk, "in", m.party.user, m.other, at, via=m.via)
            part.note("setup-to", at, m.other)

    def _unreached(self, m: Moment, talk: _Talk, at: float) -> None:
        if m.party.user:
            part = self._open(m, talk, "in", m.party.user, m.other, at)
            part.note("setup-to", at, m.other)
            part.note("rel-to", at, m.other, m.cause)
            part.ended, part.cause = at, m.cause
            self._complete(part, talk)

    def _alerted(self, m: Moment, talk: _Talk, at: float) -> None:
        mine = self._part_of.get(m.leg)
        if mine is not None and mine.rings and not mine.rang:
            mine.rang = True
            mine.note("alert-from", at, m.other)
        if not talk.alerted:  # a second one, or one after a transfer, is no news to the others
            talk.alerted = True
            for part in talk.parts:
                if not part.rings and part is not mine:
                    part.note("alert-to", at, m.party)

    def _connected(self, m: Moment, talk: _Talk, at: float) -> None:
        talk.alerted = True
        talk.talking.add(m.leg)
        talk.talking.update([leg for leg, party in talk.legs.items() if party == m.other])
        mine = self._part_of.get(m.leg)
        if mine is not None:
            mine.device = m.party.device
            self._changed[mine.id] = mine
            if mine.talks:  # it has only moved to another device
                return
            mine.talks = True
            mine.note("conn-from", at, m.other)
            if mine.answered is None:
                mine.answered, mine.outcome = at, "answered"
                mine.other = mine.other if mine.direction == "out" else m.other
        for part in talk.parts[:]:
            if part is mine or part.talks:
                continue
            if part.rings:
                if not part.legs:  # it had given up; somebody else has answered
                    if not part.is_missed_although(m.via):
                        part.outcome, part.to = "elsewhere", m.party
                    self._complete(part, talk)
                continue
            part.talks = True
            part.note("conn-to", at, m.party)
            if part.answered is None and part.ended is None:
                part.answered = at
                if part.direction == "out":
                    part.outcome, part.other = "answered", m.party
                    if part.via is None and m.via is not None and m.via.how == "group":
                        part.via = m.via
                self._changed[part.id] = part
        for part in talk.unnamed:
            part.to = m.party
            self._changed[part.id] = part
        talk.unnamed.clear()

    # ---- going on elsewhere

    def _diverted(self, m: Moment, talk: _Talk, at: float) -> None:
        for part in talk.parts:
            if not part.rings:
                part.note("cf-to", at, m.other)
                if part.direction == "out" and part.via is None:
                    part.via = m.via  # why it was not who was dialled that answered
        if not m.party.user:
            return
        former = talk.latest.get(m.party.user)
        if former is not None and former.rings:
            former.outcome, former.to = "forwarded", m.other
            if former in talk.unnamed:
                talk.unnamed.remove(former)
            self._changed[former.id] = former
            if not former.legs and not former.complete:
                self._complete(former, talk)
        elif former is not None:
            former = None
        part = self._open_further(m, talk, "diverted", talk.caller, former, at)
        part.note("cf-from", at, m.other)

    def _transferred(self, m: Moment, talk: _Talk, at: float) -> None:
        mine = self._part_of.get(m.leg)
        if m.into != m.call:
            self._handed_over(m, talk, mine, at)
        elif any(party == m.other and leg != m.leg for leg, party in talk.legs.items()):
            self._replaced(m, talk, mine, at)
        else:
            self._sent_on(m, talk, mine, at)

    def _handed_over(self, m: Moment, talk: _Talk, mine: Part | None, at: float) -> None:
        """Attended: the others of this call will come to the one `into` names."""
        goal = self._talks.setdefault(m.into, _Talk())
        for part in talk.parts[:]:
            if part.rings:
                continue
            part.handed, part.conf, part.talks = m.into, m.into, False
            if part is mine:
                self._hands_over(part, m.other, at)
            elif part.legs:
                part.note("transfer-to", at, m.other)
            if part is mine or not part.legs:
                talk.parts.remove(part)
                goal.parts.append(part)

    def _replaced(self, m: Moment, talk: _Talk, mine: Part | None, at: float) -> None:
        """Attended: the other one has come, and takes the place of who leaves."""
        stay = {leg for leg in talk.talking if leg != m.leg}
        partner = next((talk.legs[leg] for leg in stay if talk.legs[leg] != m.other), NOBODY)
        if talk.caller == m.party:
            talk.caller = m.other
        for part in talk.parts:
            if part is mine:
                self._hands_over(part, m.other, at)
            elif part.handed != m.call:
                part.note("transfer-to", at, m.other)
            if part.rings:
                part.other, part.via = m.other, Via("transferred", m.party)
            elif len(stay) > 1:
                part.talks = True
                part.note("connected", at, partner if part.user == m.other.user else m.other)
            else:
                part.talks = False
            part.handed = ""

    def _sent_on(self, m: Moment, talk: _Talk, mine: Part | None, at: float) -> None:
        """Blind: the other one stays, and somebody else is rung for them."""
        stays = next(
            (party for leg, party in talk.legs.items() if leg in talk.talking and leg != m.leg), NOBODY
        )
        talk.caller = stays
        for part in talk.parts:
            if part is not mine and not part.rings:
                part.note("transfer-to", at, m.other)
                part.talks = False
        if mine is not None:
            mine.to = m.other
            part = self._open_further(m, talk, "transferred", stays, mine, at)
            part.note("transfer-from", at, m.other)

    def _came(self, m: Moment, talk: _Talk, at: float) -> None:
        former = self._talks.get(m.into)
        part = self._part_of.get(m.leg)
        if former is not None:
            former.legs.pop(m.leg, None)
            former.talking.discard(m.leg)
            ends = len(former.talking) < 2
            for moving in [p for p in former.parts if p is part or (ends and not p.legs and not p.rings)]:
                former.parts.remove(moving)
                talk.parts.append(moving)
        talk.alerted = True
        if part is not None:
            part.conf = m.call
            talk.latest[part.user] = part
            if part.handed != m.call and talk.talking:
                part.note("connected", at, m.other)
        if part is None or part.handed != m.call:
            for other in talk.parts:
                if other is not part and other.talks:
                    other.note("connected", at, m.party)
        talk.legs[m.leg] = m.party
        talk.talking.add(m.leg)

    def _parked(self, m: Moment, talk: _Talk, at: float) -> None:
        talk.caller = m.party
        for part in talk.parts:
            if not part.rings:
                part.note("transfer-to", at, m.other)
                part.talks = False

    def _comes_back(self, user: str, talk: _Talk, at: float) -> None:
        """Nobody took what a user had sent on: it rings there again, as a call of its own."""
        for part in talk.parts[:]:
            if part.rings and not part.legs:
                self._complete(part, talk)
            elif part.user == user and part.direction == "transferred":
                part.note("rel-to", at, part.to, Cause.NO_ANSWER)
                part.ended, part.cause = at, Cause.NO_ANSWER
                self._complete(part, talk)

    # ---- leaving

    def _left(self, m: Moment, talk: _Talk, at: float) -> None:
        talk.legs.pop(m.leg, None)
        talk.talking.discard(m.leg)
        if m.own:
            talk.hung_up = m.party
        part = self._part_of.pop(m.leg, None)
        if part is None:
            return
        part.legs.discard(m.leg)
        if part.cause is not Cause.DECLINED and not (part.rings and part.cause in _ELSEWHERE):
            part.cause = m.cause
        if part.legs:
            return
        part.ended = at
        if part.goes_on:
            self._changed[part.id] = part
        elif part.answered is not None:
            by_self = m.own or m.cause is Cause.TRANSFERRED
            part.note("rel-from" if by_self else "rel-to", at, part.other, m.cause)
            self._complete(part, talk)
        elif part.direction == "in":
            self._stops_ringing(part, talk, at, own=m.own)

    def _stops_ringing(self, part: Part, talk: _Talk, at: float, *, own: bool) -> None:
        """It is missed only when nobody else answers either."""
        declined = part.cause is Cause.DECLINED
        part.note("rel-from" if own or declined else "rel-to", at, part.other, part.cause)
        if declined:
            part.outcome = "declined"
            self._complete(part, talk)
        elif part.cause in _ELSEWHERE:
            part.outcome = "elsewhere"
            talk.unnamed.append(part)
            self._complete(part, talk)

    def _ended(self, m: Moment, talk: _Talk, at: float) -> None:
        del self._talks[m.call]
        for part in talk.parts[:]:
            if part.goes_on:
                hung_up = talk.hung_up
                others = part.part_of or part.direction == "diverted" or hung_up is NOBODY
                others = others or (hung_up.user, hung_up.number) == (part.other.user, part.other.number)
                part.note("rel-to" if others else "rel-from", at, part.to, m.cause)
                if part.ended is None:
                    part.ended, part.cause = at, m.cause
            elif not part.rings:
                part.ended, part.cause = at, m.cause
                part.outcome = REFUSALS.get(m.cause or Cause.FAILED, "failed")
                part.note("rel-from" if m.cause is Cause.CANCELLED else "rel-to", at, part.other, m.cause)
            self._complete(part, talk)

    # ---- records

    def _joins(self, m: Moment, talk: _Talk) -> bool:
        """Another leg of a user who takes part, or who has just stopped ringing, belongs to that part."""
        for part in talk.parts:
            if part.user == m.party.user and (part.legs or part.rings):
                if not part.legs:  # it had stopped, and rings again
                    part.events = [event for event in part.events if not event.msg.startswith("rel-")]
                part.legs.add(m.leg)
                part.ended = None
                self._part_of[m.leg] = part
                return True
        return False

    def _open(
        self,
        m: Moment,
        talk: _Talk,
        direction: Direction,
        user: str,
        other: Party,
        at: float,
        *,
        device: str = "",
        via: Via | None = None,
    ) -> Part:
        part = Part(
            self._new_id(), m.call, user, direction, other, at,
            device=device, via=via, seen=self._seen_by(user),
        )  # fmt: skip
        if m.leg:
            part.legs.add(m.leg)
            self._part_of[m.leg] = part
        talk.parts.append(part)
        talk.latest[user] = part
        self._changed[part.id] = part
        return part

    def _open_further(
        self, m: Moment, talk: _Talk, direction: Direction, other: Party, former: Part | None, at: float
    ) -> Part:
        """How a call goes on that a user sends on."""
        part_of = "" if former is None else former.id
        part = Part(
            self._new_id(), m.call, m.party.user, direction, other, at,
            part_of=part_of, seen=self._seen_by(m.party.user),
        )  # fmt: skip
        part.to = m.other
        part.note("setup-to", at, other)
        talk.parts.append(part)
        self._changed[part.id] = part
        return part

    def _seen_by(self, user: str) -> Callable[[Party], Party]:
        by = Party("", user=user)
        return lambda party: self._seen(party, by)

    def _hands_over(self, part: Part, to: Party, at: float) -> None:
        """Its user puts the others through to each other; what these do belongs to it from now on."""
        part.goes_on, part.to = True, to
        if part.answered is None:
            part.outcome = "forwarded"
        part.note("transfer-from", at, to)

    def _complete(self, part: Part, talk: _Talk) -> None:
        part.complete = True
        talk.parts.remove(part)
        self._changed[part.id] = part
