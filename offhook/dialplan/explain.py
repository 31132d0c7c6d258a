"""Why it rings where it rings: what the rules said while they decided, and then the plan in words."""

from collections.abc import Callable
from dataclasses import dataclass

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.routing import Ask, Device, Manner, Plan, Round
from offhook.dialplan.rules import Rules

_ROUNDS = 12  # of a plan that are told; a group that rings in turn may have hundreds
_DEPTH = 4  # of what comes when nobody answers, when there nobody answers either, …


@dataclass(frozen=True, slots=True)
class Explanation:
    """The last lines tell the plan, the ones before how it came about."""

    lines: tuple[str, ...]
    plan: Plan


def explain(
    rules: Rules, ask: Ask, name_of: Callable[[str], str], *, is_discreet: bool = False
) -> Explanation:
    """`name_of` gives a device's id a name that people know it by.

    When `is_discreet`, it tells what becomes of the number, and not what others have set or where they ring.
    """
    teller = _Teller(name_of)
    teller.say("{}", _asked(ask))
    if ask.number.startswith(("*", "#")):
        teller.say("What begins with * or # is a code for the system itself, if it is one it knows.")
    plan = rules.route(ask, teller.say, is_discreet=is_discreet)
    if is_discreet and plan.called is not None and not plan.called.outside and plan.rounds:
        teller.say("{} is called.", _name(plan.called))
    else:
        teller.tell(plan)
    return Explanation(tuple(teller.lines), plan)


class _Teller:
    """Writes lines down, those that belong to a case further in."""

    def __init__(self, name_of: Callable[[str], str]) -> None:
        self.lines: list[str] = []
        self._name_of = name_of
        self._depth = 0

    def say(self, text: str, *facts: object) -> None:
        self.lines.append("  " * self._depth + text.format(*facts))

    def tell(self, plan: Plan) -> None:
        for number, round in enumerate(plan.rounds):
            if number == _ROUNDS:
                self.say("… and so on: {} rounds in all.", len(plan.rounds))
                break
            self._tell_round(round, first=number == 0)
        for round in plan.rounds[_ROUNDS:]:
            self._tell_onward(round)
        self.say("{}: {}", "In the end" if plan.rounds else "It does not ring", plan.otherwise.sentence)

    def _tell_round(self, round: Round, *, first: bool) -> None:
        if round.devices:
            devices = ", ".join(self._device(device, round) for device in round.devices)
            for_whom = f" for {_name(round.called)}" if round.called is not None else ""
            self.say("{} {:g} s{}: {}", "It rings" if first else "Then", round.seconds, for_whom, devices)
        else:
            self.say("For {:g} s nothing rings.", round.seconds)
        self._tell_onward(round)

    def _tell_onward(self, round: Round) -> None:
        if round.onward is None:
            return
        if self._depth == _DEPTH:
            self.say("What comes then is as it is set there.")
            return
        for case, cause in (
            ("If it is busy or declined", Cause.BUSY),
            ("If nobody answers", Cause.NO_ANSWER),
        ):
            before = len(self.lines)
            self.say("{}:", case)
            self._depth += 1
            plan = round.onward(cause)
            if plan is not None:
                self.tell(plan)
            self._depth -= 1
            if len(self.lines) == before + 1:  # nothing is set for it
                del self.lines[before:]

    def _device(self, device: Device, round: Round) -> str:
        manner = (round.manners or {}).get(device.id)
        return self._named(device) + (_manner(manner) if manner is not None else "")

    def _named(self, device: Device) -> str:
        party = device.party
        if not party.outside:
            return self._name_of(device.id)
        return f"{party.number} by {party.device.removeprefix('trunk:')}"


def _asked(ask: Ask) -> str:
    if ask.talks is not None:
        return f"{_name(ask.caller)} sends {_name(ask.talks)} on to {ask.number}."
    if ask.caller.outside:
        trunk = ask.caller.device.removeprefix("trunk:")
        return f"{ask.caller.number or 'Somebody without a number'} calls {ask.number} by the trunk {trunk}."
    return f"{_name(ask.caller)} dials {ask.number}."


def _name(party: Party) -> str:
    if party.name and party.number:
        return f"{party.name} ({party.number})"
    return party.name or party.number or "somebody without a number"


def _manner(manner: Manner) -> str:
    how = []
    if manner.delay:
        how.append(f"after {manner.delay:g} s")
    if manner.min_alert:
        how.append(f"an answer counts once it has rung {manner.min_alert:g} s")
    if manner.max_alert:
        how.append(f"{manner.max_alert:g} s at most")
    return f" ({', '.join(how)})" if how else ""
