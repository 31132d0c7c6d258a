"""The board of each group: which calls ring for its members, and which are parked at their positions.

It watches calls and publishes what may be picked up and retrieved. A call that concerns no
member of a group costs a look at its legs.
"""

from collections.abc import Callable

from offhook.calls.leg import Party
from offhook.calls.view import CallView, LegView
from offhook.feed import Feed
from offhook.people.board import Parked, Waiting
from offhook.people.groups import Groups

_FETCHED = ("picked-up", "retrieved", "moved")  # a device that rings so is where a call is going already


class Board:
    """`now` is asked when something begins to wait."""

    def __init__(self, feed: Feed, groups: Groups, now: Callable[[], float]) -> None:
        self._feed = feed
        self._groups = groups
        self._now = now
        self._calls: dict[str, CallView] = {}  # those that ring or are parked
        feed.watch(CallView, self._call_changed)
        groups.watch(self._groups_changed)

    def _call_changed(self, old: CallView | None, new: CallView | None) -> None:
        if new is not None and new.state in ("ringing", "parked"):
            self._calls[new.id] = new
            self._show_waiting(new)
            self._show_parked(new)
            return
        gone = old if new is None else new
        if gone is not None and self._calls.pop(gone.id, None) is not None:
            self._feed.drop(Waiting, gone.id)
            self._feed.drop(Parked, gone.id)

    def _groups_changed(self, users: frozenset[str]) -> None:
        for call in list(self._calls.values()):
            self._show_waiting(call)
            self._show_parked(call)

    def _show_waiting(self, call: CallView) -> None:
        ringing = [leg.party for leg in call.legs if _rings(leg)] if call.state == "ringing" else []
        seen = {user: self._seen_by(user) for user in {party.user: None for party in ringing}}
        groups = {group: None for found in seen.values() for group in found}
        if not groups:
            self._feed.drop(Waiting, call.id)
            return
        called = next(party for party in ringing if seen[party.user])
        known = self._feed.get(Waiting, call.id)
        since = known.since if known is not None and known.called.user == called.user else self._now()
        called = Party(called.number, called.name, called.user)  # whichever of their devices
        self._feed.set(Waiting(call.id, _caller(call), called, since, tuple(sorted(groups))))

    def _show_parked(self, call: CallView) -> None:
        place = call.parked
        if place is None:
            self._feed.drop(Parked, call.id)
            return
        known = self._feed.get(Parked, call.id)
        since = known.since if known is not None else self._now()
        by = call.parked_by or Party(place.number, "", place.user)
        party = next((leg.party for leg in call.legs if leg.state == "talking"), call.called)
        self._feed.set(Parked(call.id, party, place, by, since, tuple(sorted(self._seen_by(place.user)))))

    def _seen_by(self, user: str) -> list[str]:
        return [group.id for group in self._groups.of(user)]


def _rings(leg: LegView) -> bool:
    if leg.state != "ringing" or leg.calls_us or not leg.party.user:
        return False
    return leg.via is None or leg.via.how not in _FETCHED


def _caller(call: CallView) -> Party:
    """Whom one would talk to."""
    there = [leg for leg in call.legs if leg.state != "gone" and not _rings(leg)]
    return next((leg.party for leg in there if leg.calls_us or leg.state == "talking"), Party(""))
