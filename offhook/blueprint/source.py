"""A document as text, and what is said when something in it is wrong: file, line, object, key, remedy."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from offhook.blueprint.positions import Path, lines_of

MOST_PROBLEMS = 20  # told at once

_NAMED_BY = {"user": "username", "device": "name", "diversion": "when"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, with its remedy, and where; without a path it is in the database, not in the file."""

    path: Path
    what: str


class Rejected(Exception):
    """A document that cannot be applied, or a change that cannot be undone. Nothing has changed."""

    def __init__(self, heading: str, reasons: Sequence[str]) -> None:
        shown = list(reasons[:MOST_PROBLEMS])
        if len(reasons) > len(shown):
            shown.append(f"… and {len(reasons) - len(shown)} more")
        super().__init__("\n".join([heading, *shown]))
        self.reasons = tuple(reasons)


@dataclass(eq=False)
class Source:
    """The text, by the name people know it by."""

    name: str
    text: str
    raw: dict[str, object] = field(default_factory=dict)  # what it says

    @cached_property
    def _lines(self) -> dict[Path, int]:
        return lines_of(self.text)

    def line(self, path: Path) -> int:
        """Of the path, or of the nearest thing around it that has one, or of the first in it; 0 for the
        document itself."""
        top = path[:1]
        while path:
            if line := self._lines.get(path) or self._lines.get((*path, 0)):
                return line
            path = path[:-1]
        return min([line for other, line in self._lines.items() if top and other[:1] == top], default=0)

    def rejected(self, problems: Sequence[Problem]) -> Rejected:
        ordered = sorted(problems, key=lambda problem: self.line(problem.path))
        return Rejected(
            f"{self.name} cannot be applied; nothing has changed:",
            [self._told(problem) for problem in ordered],
        )

    def _told(self, problem: Problem) -> str:
        if not problem.path:
            return f"{self.name}: {problem.what}"
        line = self.line(problem.path)
        place = f"{self.name}, line {line}" if line else self.name
        return f"{place}: {self._object(problem.path)}: {problem.what}"

    def _object(self, path: Path) -> str:
        """`user anna, device "Desk phone", srtp`."""
        words: list[str] = []
        here: object = self.raw
        for n, step in enumerate(path):
            here = _inside(here, step)
            if isinstance(step, str):
                words.append(step)
                continue
            name = here.get(_NAMED_BY.get(str(path[n - 1]), "name")) if isinstance(here, dict) else None
            words[-1] += f" {name}" if isinstance(name, str) and name else f" no. {step + 1}"
        return ", ".join(words)


def _inside(here: object, step: str | int) -> object:
    if isinstance(here, dict):
        return here.get(step)
    if isinstance(here, list) and isinstance(step, int) and step < len(here):
        return here[step]
    return None
