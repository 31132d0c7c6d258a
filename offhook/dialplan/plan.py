"""The dial plan: who rings when a number is dialled, why, and what a user's settings lead to."""

from collections.abc import Callable

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.routing import Ask, Plan
from offhook.dialplan.effect import Effect, Settings
from offhook.dialplan.explain import Explanation, explain
from offhook.dialplan.goals import FindName
from offhook.dialplan.location import clean
from offhook.dialplan.model import Line, Tables
from offhook.dialplan.rules import Rules, World
from offhook.dialplan.tree import ToUser
from offhook.dialplan.walk import Walk, party_of, silent
from offhook.dialplan.world import Known, Outside, Outward, People, Tolls

Refused = Callable[[str, str, Cause], None]


class Dialplan:
    """`refused` is told once of a diversion or mobile of a user that cannot be had, until it is changed.

    `find_name` finds a user by what is no number: a SIP address of ours. `device_name` is for explaining.
    """

    def __init__(
        self,
        tables: Tables,
        people: People,
        outside: Outside,
        tolls: Tolls,
        *,
        find_name: FindName = lambda text: None,
        refused: Refused = lambda user, to, cause: None,
        device_name: Callable[[str], str] = lambda device: device,
    ) -> None:
        self._people = people
        self._device_name = device_name
        self._refused = refused
        self._told: dict[str, tuple[Line, set[tuple[str, Cause]]]] = {}
        self._world = World(people, outside, tolls, find_name, self._not_led)
        self.use(tables)

    @property
    def tables(self) -> Tables:
        return self._tables

    def use(self, tables: Tables) -> None:
        """From now on these tables count. Calls that ring go on by those they began with."""
        self._tables = tables
        self._rules = Rules(tables, self._world)
        self._settings = Settings(self._rules, self._people)
        self._told.clear()

    def route(self, ask: Ask) -> Plan:
        return self._rules.route(ask, silent)

    def explain(self, ask: Ask, *, is_discreet: bool = False) -> Explanation:
        """The same decision, with its reasons. Nothing is rung, and nobody is told of what is refused.

        For a user `is_discreet`: where others have their calls sent is none of their business.
        """
        return explain(self._rules, ask, self._device_name, is_discreet=is_discreet)

    def effect(self, user: str) -> Effect:
        """What happens to this user's calls now."""
        known = self._people.user(user)
        return Effect((), (), {}, ()) if known is None else self._settings.effect(known)

    def may_divert(self, user: str, to: str) -> str:
        """Why this user cannot send calls there, as a sentence; empty if they can."""
        known = self._people.user(user)
        return "" if known is None else self._settings.why_not(known, to)

    def is_emergency(self, number: str) -> bool:
        """Whether it is an emergency number in some node, with or without the digits for a line."""
        return clean(number) in self._rules.emergency

    def whose(self, number: str, user: str) -> Known | None:
        """Whose number or name it is, to this user who dials it."""
        known = self._people.user(user)
        if known is None:
            return None
        party = party_of(known)
        goal = self._rules.finder.find(Walk(party, party, known.node, known.node), number)
        return goal.user if isinstance(goal, ToUser) else None

    def seen(self, party: Party, by: Party) -> Party:
        """The same party, with the number as it is dialled from where `by` is."""
        if not party.user or not by.user:
            return party
        viewer = self._people.user(by.user)
        return party if viewer is None else self.seen_from(party, viewer.node)

    def seen_from(self, party: Party, node: str) -> Party:
        """The same party, with the number as it is dialled in this node."""
        user = self._people.user(party.user) if party.user else None
        if user is None or user.node == node:
            return party
        number = self._rules.tree.as_dialled(user.number, user.node, node)
        return Party(number, party.name, party.user, party.device, party.outside)

    def mobile(self, user: str, device: str) -> Outward | None:
        """A call to a user's own mobile, that they want to call from; None if it cannot be had."""
        found = self._people.user(user)
        own = next((own for own in self._people.mobiles_of(user) if own.id == device), None)
        if found is None or own is None or not own.mobile.enabled:
            return None
        party = party_of(found)
        outward = self._rules.users.outward(Walk(party, party, found.node), found, own)
        return outward if isinstance(outward, Outward) else None

    def may_join(self, by: Party, one: Party, other: Party) -> bool:
        """Whether `by` may leave these two to each other: two outside only where their trunks allow it."""
        if not one.outside or not other.outside:
            return True
        trunks = [self._rules.trunks.get(party.device.removeprefix("trunk:")) for party in (one, other)]
        return all(trunk is not None and trunk.external_transfer for trunk in trunks)

    def _not_led(self, user: Known, to: str, cause: Cause) -> None:
        """Say it once, and again when the user's line has been changed."""
        line, told = self._told.get(user.id, (None, set()))
        if line is not user.line and line != user.line:
            told = set()
        self._told[user.id] = user.line, told
        if (to, cause) not in told:
            told.add((to, cause))
            self._refused(user.id, to, cause)
