"""The exchange of the phones' tests with trunks: 0 takes an outside line, its own numbers are +4930555…."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from offhook.calls.media import Engine
from offhook.config import Limits as OfServer
from offhook.dialplan.model import Limits, Location, Tables, Trunk
from offhook.dialplan.plan import Dialplan
from offhook.dialplan.world import Toll
from offhook.ids import LiveIds
from offhook.people.tolls import TollBook
from offhook.trunks.names import Names
from offhook.trunks.trunks import Trunks
from tests.phones.exchange import Exchange, eventually
from tests.trunks.provider import Provider

TODAY = "2026-11-23"
LOCATION = Location(country="49", area="30", external="0", subscriber=("+4930555",))


class Spending(TollBook):
    """What was begun today and is not over, for whom, and by which limits."""

    def __init__(self) -> None:
        super().__init__(lambda: TODAY, lambda *alarm: None, lambda *kept: None)
        self.open: list[tuple[str, Toll]] = []
        self.limits: list[Limits] = []

    def begin(self, user: str, toll: Toll, limits: Limits) -> Callable[[], None] | None:
        if (end := super().begin(user, toll, limits)) is None:
            return None
        self.limits.append(limits)
        self.open.append((user, toll))

        def give_back() -> None:
            end()
            self.open.remove((user, toll))

        return give_back

    def exhaust(self, user: str) -> None:
        """This user has spent all that there is for a day."""
        self.load([(user, TODAY, "external", Limits().external_per_day)])


class House(Exchange):
    """Whatever is dialled with 0 goes by the trunks in use, at the cost of the caller."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        *,
        names: Names | None = None,
        media: Engine | None = None,
        context: Callable[[], ssl.SSLContext] | None = None,
        most: OfServer | None = None,
        trusts: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        super().__init__(host, media=media, context=context, limits=most)
        self.changes: list[list[str]] = []  # which trunks were open after each
        self.tolls = Spending()
        self.trunks = Trunks(
            self.phones,
            self.directory,
            self.switch,
            tolls=self.tolls,
            ids=LiveIds("outside", 1),
            outward_of=lambda user, device: self.dialplan.mobile(user, device),
            changed=lambda: self.changes.append([s.name for s in self.trunks.states() if s.is_open]),
            names=names,
            tls=trusts,
        )
        # In place of the one without lines outside, which need the exchange before they can be there.
        self.dialplan = Dialplan(Tables(LOCATION), self.people, self.trunks, self.tolls)

    async def start(self) -> None:
        await super().start()
        self.trunks.start()

    async def stop(self) -> None:
        await self.trunks.stop()
        await super().stop()

    def use(self, *trunks: Trunk) -> None:
        """These trunks, tried in this order."""
        tables = Tables(LOCATION, trunks=trunks)
        self.dialplan.use(tables)
        self.trunks.use(tables)

    async def opens(self, *names: str) -> None:
        await eventually(lambda: all(map(self.trunks.is_open, names)), f"{names} open")


def trunk_to(provider: Provider, name: str = "Fibre", /, **settings: object) -> Trunk:
    """A trunk that leads to this provider."""
    transport = provider.flow.transport
    base: dict[str, object] = {"hosts": (provider.hostport,), "transport": transport, "number": "0"}
    return Trunk(name=name, **{**base, **settings})  # type: ignore[arg-type]  # settings by name


@asynccontextmanager
async def provided(house: House) -> AsyncIterator[Provider]:
    """A provider next door, who is there until the trunks have signed off."""
    provider = await Provider.at(house)
    try:
        yield provider
    finally:
        await house.trunks.stop()
        await provider.close()
