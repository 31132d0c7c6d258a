"""All that is kept in the database, opened together and closed together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from offhook.config import Config
from offhook.store.bindings import Bindings
from offhook.store.database import Database, open_database
from offhook.store.devices import Devices
from offhook.store.dialogs import Dialogs
from offhook.store.groups import Groups
from offhook.store.links import Links
from offhook.store.meta import Meta
from offhook.store.plan import Plan
from offhook.store.sessions import Sessions
from offhook.store.tolls import Tolls
from offhook.store.users import Users


class Stores:
    """One for each kind of thing."""

    def __init__(self, database: Database, site: str) -> None:
        self.database = database
        self.meta = Meta(database)
        self.bindings = Bindings(database, site)
        self.users = Users(database, site)
        self.devices = Devices(database, site)
        self.groups = Groups(database, site)
        self.plan = Plan(database)
        self.tolls = Tolls(database, site)
        self.links = Links(database, site)
        self.sessions = Sessions(database, site)
        self.dialogs = Dialogs(database)


@asynccontextmanager
async def open_stores(config: Config) -> AsyncIterator[Stores]:
    """Raises StoreError when the database cannot be had, or was made for another realm."""
    database = await open_database(config.database)
    try:
        stores = Stores(database, config.site)
        await stores.meta.realm(config.sip.realm)  # refuses another than the phones' secrets were made for
        yield stores
    finally:
        await database.close()
