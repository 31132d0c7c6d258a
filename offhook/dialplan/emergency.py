"""Emergency numbers: however they are dialled, with or without the digits that take a line, from any node.

Where no trunk may be used for them, one of them may well be somebody's extension.
"""

from offhook.dialplan.model import ROOT, Tables
from offhook.dialplan.tree import Tree


class Emergency:
    """All spellings are laid out beforehand, so that asking costs one look."""

    def __init__(self, tables: Tables, tree: Tree) -> None:
        self.can_be_reached = any(trunk.emergency for trunk in tables.trunks)
        nodes = {ROOT: None, **{node.name: node for node in tables.nodes}}
        lines = {trunk.number for trunk in tables.trunks if not trunk.gateway}
        self._in: dict[str, dict[str, str]] = {}
        self._worldly: set[str] = set()  # as if they were numbers of the country
        for name in nodes:
            location = tree.location(name)
            before = {"", "+", location.external, *lines}
            chain: set[str] = set()
            above: str | None = name
            while above is not None and above not in chain:  # parents that go in circles are refused, but …
                chain.add(above)
                node = nodes.get(above)
                if node is None:
                    break
                if node.escape:
                    before |= {node.escape + digits for digits in before}
                above = node.parent
            self._in[name] = {digits + number: number for digits in before for number in location.emergency}
            self._worldly |= {f"+{location.country}{number}" for number in location.emergency}
        self._anywhere = frozenset(dialled for spellings in self._in.values() for dialled in spellings)

    def number(self, digits: str, node: str) -> str:
        """The emergency number that is meant in this node; empty if none is."""
        spellings = self._in.get(node) or self._in[ROOT]
        return spellings.get(digits, "")

    def is_no_target(self, digits: str) -> bool:
        """Whether no calls may be sent there; digits as they are dialled, or +E.164."""
        return self.can_be_reached and (digits in self or digits in self._worldly)

    def __contains__(self, digits: str) -> bool:
        return digits in self._anywhere
