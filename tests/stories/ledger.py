"""What the call lists of all who took part say after a story, in words one can read in a test."""

from collections.abc import Mapping

from tests.stories.office import Account, Office, eventually
from tests.stories.program import Thing
from tests.stories.stations import Station


class Ledger:
    """Everybody's records since `opens`."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._accounts: dict[str, Account] = {}
        self._before: dict[str, set[str]] = {}

    def opens(self, *stations: Station) -> None:
        """From here on; forgets what was before."""
        names = [station.name for station in stations]
        self._before = {name: {record["id"] for record in self._all(name)} for name in names}

    async def says(self, of: Mapping[Station, list[str]]) -> None:
        """Each of them comes to have exactly these, oldest first: `out answered 102`, and why."""
        wanted = {station.name: records for station, records in of.items()}
        found: dict[str, list[str]] = {}

        def right() -> bool:
            found.update({name: [_words(record) for record in self.of(name)] for name in wanted})
            return found == wanted

        try:
            await eventually(right)
        except AssertionError:
            raise AssertionError(f"the records say {found}, not {wanted}") from None
        for name in wanted:
            for record in self.of(name):
                _is_in_order(record)

    def of(self, name: str) -> list[Thing]:
        """Oldest first."""
        before = self._before[name]
        return [record for record in reversed(self._all(name)) if record["id"] not in before]

    def missed(self, station: Station) -> list[Thing]:
        """What the list of missed calls shows of it."""
        before = self._before[station.name]
        listed = self._account(station.name).get("records?limit=20&filter=missed")["items"]
        return [record for record in listed if record["id"] not in before]

    def _all(self, name: str) -> list[Thing]:
        return list(self._account(name).get("records?limit=20")["items"])

    def _account(self, name: str) -> Account:
        if name not in self._accounts:
            self._accounts[name] = self._office.sign_in(name)
        return self._accounts[name]


def _words(record: Thing) -> str:
    words = f"{record['direction']} {record['outcome']} {record['number']}"
    if via := record["via"]:
        words += f" {via['how']} {via['by']['number']}"
    if to := record["to"]:
        words += f" to {to['number']}"
    return words


def _is_in_order(record: Thing) -> None:
    """Begun, answered, ended, and as long as that."""
    begun, answered, ended = record["begun"], record["answered"], record["ended"]
    assert begun <= (answered or begun) <= ended, record
    assert (answered is None) == (record["outcome"] != "answered"), record
    assert abs(record["seconds"] - (ended - answered if answered else 0.0)) < 0.01, record
