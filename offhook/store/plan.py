"""The plan: numbering areas, filters, trunks and what else is not a user's, a group's or a device's."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from offhook.dialplan.model import Filter, Limits, Location, Node, Part, Tables, Trunk
from offhook.store.database import Database, Step, StoreError
from offhook.store.values import kept, read

P = TypeVar("P", bound=Part)

_KINDS: dict[str, type[Part]] = {
    "location": Location,
    "limits": Limits,
    "node": Node,
    "filter": Filter,
    "trunk": Trunk,
}


class Plan:
    """Read as one value; whoever changes it does so by the steps of `replacing`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> Tables:
        """Raises StoreError with the name of what it cannot read."""
        rows = await self._database.read("select kind, name, body from plan order by kind, position, name")
        found: dict[str, list[Part]] = {kind: [] for kind in _KINDS}
        for kind, name, body in rows:
            what = f"{kind} {name}".strip()
            if kind not in _KINDS:
                raise StoreError(f"the plan in the database has a {what}, which this version does not know")
            found[kind].append(read(body, _KINDS[kind], f"the {what} in the database"))
        return Tables(
            location=_only(found["location"], Location),
            limits=_only(found["limits"], Limits),
            nodes=_all(found["node"], Node),
            filters=_all(found["filter"], Filter),
            trunks=_all(found["trunk"], Trunk),
        )


def replacing(tables: Tables) -> list[Step]:
    """The steps that put all of it in the place of what there is, for a larger transaction.

    That raises Conflict when two of a kind have one name.
    """
    steps: list[Step] = [("delete from plan", ())]
    for kind, parts in _named(tables):
        for position, (name, part) in enumerate(parts):
            insert = "insert into plan (kind, name, position, body) values ($1, $2, $3, $4)"
            steps.append((insert, (kind, name, position, kept(part))))
    return steps


def _named(tables: Tables) -> Iterable[tuple[str, Sequence[tuple[str, Part]]]]:
    yield "location", [("", tables.location)] if tables.location != Location() else []
    yield "limits", [("", tables.limits)] if tables.limits != Limits() else []
    yield "node", [(node.name, node) for node in tables.nodes]
    yield "filter", [(filter.name, filter) for filter in tables.filters]
    yield "trunk", [(trunk.name, trunk) for trunk in tables.trunks]


def _only(found: Sequence[Part], kind: type[P]) -> P:
    return next((part for part in found if isinstance(part, kind)), kind())


def _all(found: Sequence[Part], kind: type[P]) -> tuple[P, ...]:
    return tuple([part for part in found if isinstance(part, kind)])
