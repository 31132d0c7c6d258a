"""Our own numbers in the world, and where their extensions are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from offhook.dialplan.location import Sited
from offhook.dialplan.model import ROOT, Trunk


@dataclass(frozen=True, slots=True)
class Ours:
    """One of our own numbers: the node it leads to, and the extension there; empty for the number itself."""

    node: str
    extension: str


@dataclass(frozen=True, slots=True)
class Base:
    """What comes before the extensions of a node to make them +E.164."""

    number: str
    node: str


class Numbers:
    """A trunk's `main` number alone has extensions behind it, unless it is itself an extension of another."""

    def __init__(self, locations: Mapping[str, Sited], trunks: Sequence[Trunk]) -> None:
        self._beginnings: dict[str, str] = {}  # to the node where the extensions are
        self._whole: dict[str, str] = {}
        self._sited = dict(locations)
        for each in locations.values():
            for number in filter(None, each.location.subscriber):
                self._beginnings.setdefault(number, each.node)
        for trunk in trunks:
            if trunk.direct:
                self._beginnings.setdefault(trunk.direct, trunk.node)
        for trunk in trunks:
            if trunk.main:
                self._whole.setdefault(trunk.main, trunk.node)
                if not trunk.direct and self._beginning(trunk.main) is None:
                    self._beginnings[trunk.main] = trunk.node

    def find(self, number: str) -> Ours | None:
        if (node := self._whole.get(number)) is not None:
            return Ours(node, "")
        if (base := self._beginning(number)) is not None:
            return Ours(base.node, number.removeprefix(base.number))
        return None

    def base(self, trunk: Trunk) -> Base | None:
        """What the extensions follow that are reached by this trunk."""
        if trunk.direct:
            return Base(trunk.direct, trunk.node)
        if trunk.main:
            return self._beginning(trunk.main)
        at = self._sited.get(trunk.node, self._sited[ROOT])
        return Base(at.location.subscriber[0], at.node) if at.location.subscriber else None

    def _beginning(self, number: str) -> Base | None:
        fits = [(known, node) for known, node in self._beginnings.items() if number.startswith(known)]
        return Base(*max(fits, key=lambda fit: len(fit[0]))) if fits else None
