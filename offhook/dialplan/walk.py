"""How a call has come to where it is looked at: who dialled, from where, who has sent it on, who pays."""

from collections.abc import Callable
from typing import Literal

import msgspec

from offhook.calls.leg import Party
from offhook.calls.view import Via
from offhook.dialplan.model import ROOT, Trunk
from offhook.dialplan.world import Known

DIVERSIONS = 8  # in a row; the next one is ignored

Say = Callable[..., None]
Why = Literal["", "unconditional", "user-busy", "no-answer", "follow-me"]


def silent(text: str, *facts: object) -> None:
    """What rules say while they decide, and nobody has asked why."""


def hushed(text: str, *facts: object) -> None:
    """What rules say of others, to somebody who has asked about their own call."""


class Payer(msgspec.Struct, frozen=True):
    """At whose cost a line outside is taken: a user, or the house where an administrator has said so."""

    party: Party
    user: Known | None


class Walk(msgspec.Struct, frozen=True):
    """One call on its way. Each rule hands on a changed copy; `passed` is whom it must not come back to."""

    caller: Party  # who dials
    talker: Party  # who will talk: the caller, or whom the caller transfers
    origin: str  # the node the call comes from
    node: str = ROOT  # from where the next number is dialled
    trunk: Trunk | None = None  # by which it came in
    payer: Payer | None = None  # None: it cannot leave the house
    filters: tuple[str, ...] = ()  # of what may be dialled
    passed: frozenset[str] = frozenset()  # ids of users, "group:NAME", +E.164 numbers
    called: Party | None = None  # who was dialled
    via: Via | None = None  # why it comes to the next one
    before: tuple[Party, ...] = ()  # the users who sent it on before that
    diverting: Known | None = None  # who was the last to send it on
    why: Why = ""
    diversions: int = 0
    say: Say = silent
    is_discreet: bool = False  # what others have set is told to nobody but who looks after the house

    @property
    def is_explained(self) -> bool:
        return self.say is not silent

    def arrived(self, key: str, party: Party) -> "Walk":
        """It has come to this one, and must not come again."""
        return msgspec.structs.replace(
            self,
            passed=self.passed | {key},
            called=self.called or party,
            say=hushed if self.is_discreet and party.user != self.caller.user else self.say,
        )

    def because(self, via: Via) -> "Walk":
        before = (*self.before, self.via.by) if self.via is not None and self.via.by.user else self.before
        return msgspec.structs.replace(self, via=via, before=before)


def party_of(user: Known) -> Party:
    return Party(user.number, user.name, user.id)
