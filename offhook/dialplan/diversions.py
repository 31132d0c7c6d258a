"""Which of a user's diversions count: those for the case and the caller, the one to be followed first."""

from typing import Literal

from offhook.dialplan.model import Diversion, Line

Case = Literal["always", "busy", "no-answer"]


def in_order(line: Line, case: Case, *, from_outside: bool) -> list[Diversion]:
    """All that could apply, best first: where one leads nowhere, the next counts."""
    if not line.diversions:
        return []
    others = "internal" if from_outside else "external"
    fitting = [d for d in line.diversions if d.when == case and d.on and d.to and d.callers != others]
    return sorted(fitting, key=_rank) if len(fitting) > 1 else fitting


def _rank(diversion: Diversion) -> int:
    if diversion.by == "user":
        return 2
    if diversion.first:
        return 0
    if diversion.when == "no-answer" and diversion.callers != "all":
        return 1
    return 3
