"""Beginnings of numbers: whether whoever has dialled so far may still be on the way to somebody."""

from collections import Counter


class Beginnings:
    """How many numbers of each node begin so; a look-up costs the same whatever their number."""

    def __init__(self) -> None:
        self._longer: Counter[tuple[str, str]] = Counter()

    def add(self, node: str, number: str) -> None:
        for end in range(len(number)):
            self._longer[node, number[:end]] += 1

    def remove(self, node: str, number: str) -> None:
        """Take out one that was added."""
        for end in range(len(number)):
            beginning = node, number[:end]
            self._longer[beginning] -= 1
            if not self._longer[beginning]:
                del self._longer[beginning]

    def has_longer(self, node: str, digits: str) -> bool:
        """Whether a number there begins with these digits and goes on."""
        return (node, digits) in self._longer
