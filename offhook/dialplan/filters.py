"""What may be dialled: named lists of beginnings, of which the longest that fits decides."""

from collections.abc import Sequence
from dataclasses import dataclass

from offhook.dialplan.model import Filter, FilterRow

OK = "ok"
NOT_OK = "nok"
_ANY = "?"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it may be dialled, and the rows that decided, in sentences."""

    allowed: bool
    rows: tuple[str, ...] = ()


_FREE = Verdict(True)


class Filters:
    """Where two rows of the same length fit, the one with fewer "?" decides, then the first."""

    def __init__(self, rows: Sequence[Filter]) -> None:
        self._rows = {each.name: _Rows(each.rows) for each in rows}

    def verdict(self, name: str, digits: str) -> Verdict:
        """Without a filter (an empty name) everything may be dialled; what is not there bars everything."""
        if not name:
            return _FREE
        told: list[str] = []
        passed: set[str] = set()
        while name not in passed:
            passed.add(name)
            if (rows := self._rows.get(name)) is None:
                return Verdict(False, (*told, f"There is no filter {name}: nothing may be dialled."))
            if (row := rows.fitting(digits)) is None:
                return Verdict(True, (*told, f"Filter {name} has no row for {digits}: it may be dialled."))
            told.append(_sentence(name, row))
            if row.next in (OK, NOT_OK):
                return Verdict(row.next == OK, tuple(told))
            name = row.next
        return Verdict(False, (*told, f"Filter {name} leads back to itself: nothing may be dialled."))


class _Rows:
    """The rows of a filter by their length; one look for each length, however many rows there are."""

    def __init__(self, rows: Sequence[FilterRow]) -> None:
        self._plain: dict[str, FilterRow] = {}
        self._wild: dict[int, list[FilterRow]] = {}
        for row in rows:
            if _ANY in row.number:
                self._wild.setdefault(len(row.number), []).append(row)
            else:
                self._plain.setdefault(row.number, row)
        for same in self._wild.values():
            same.sort(key=lambda row: row.number.count(_ANY))  # stable: the first of equals stays first
        self._lengths = sorted({len(row.number) for row in rows}, reverse=True)

    def fitting(self, digits: str) -> FilterRow | None:
        for length in self._lengths:
            if length > len(digits):
                continue
            if (row := self._plain.get(digits[:length])) is not None:
                return row
            for row in self._wild.get(length, ()):
                if _fits(row.number, digits):
                    return row
        return None


def _fits(pattern: str, digits: str) -> bool:
    return all(p == d or (p == _ANY and d in "0123456789") for p, d in zip(pattern, digits, strict=False))


def _sentence(name: str, row: FilterRow) -> str:
    what = {OK: "may be dialled", NOT_OK: "may not be dialled"}.get(row.next, f"filter {row.next} decides")
    return f"Filter {name}: {row.number or 'anything'} → {what}."
