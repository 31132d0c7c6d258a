"""The server's parts: the real store, people, dial plan, trunks and web edge, joined as app.py joins them.

A test's own are the hours, the desk phones, which write down what they are told, and an engine without sound.
No SIP is spoken: its sockets are opened only where a test wants lines to the outside.
"""

import asyncio
from pathlib import Path
from typing import Any

from offhook.calls.leg import Leg, LegEvent
from offhook.calls.media import Port
from offhook.calls.routing import first_of
from offhook.calls.switch import Switch
from offhook.clock import Clock
from offhook.config import Address, Config, Sip
from offhook.dialplan.codes import codes
from offhook.dialplan.model import Line, Tables
from offhook.dialplan.plan import Dialplan
from offhook.everybody import Everybody
from offhook.features.dialogs import DialogsOnDisk
from offhook.feed import Feed
from offhook.household import Household, Mobiles, Reload
from offhook.ids import LiveIds
from offhook.media.fake import FakeEngine
from offhook.passwords import Passwords
from offhook.people.directory import User
from offhook.people.tolls import TollBook
from offhook.phones.edge import Phones
from offhook.places import finder
from offhook.store.database import Database
from offhook.stores import Stores
from offhook.trunks.trunks import Trunks
from offhook.web.edge import Needs, Web
from offhook.web.forwarding import Forwarding
from offhook.web.history import CallLists
from tests.phones.exchange import eventually
from tests.web.desks import DeskPhone
from tests.web.hours import Time
from tests.web.office import DOMAIN, REALM, SITE, Hasher, configure, table_of

BOOT = 7
TODAY = "2026-11-23"


class House:
    """A test looks into it, and changes its configuration as an administrator does."""

    def __init__(self, database: Database, page: Path, records: CallLists | None) -> None:
        loop = asyncio.get_running_loop()
        self.time = time = Time()
        clock = Clock(time.now, time.unix)
        self._database = database
        self.stores = stores = Stores(database, SITE)
        self.feed = feed = Feed()
        self._ids = LiveIds(SITE, BOOT)
        self.engine = FakeEngine()
        self.owners: dict[Port, Any] = {}
        self.hasher = Hasher()
        self.passwords = Passwords(self.hasher)
        self.desks: dict[str, DeskPhone] = {}  # by user

        everybody = Everybody(feed, time.now, keep=self._keep)
        self.directory = everybody.directory
        self._devices = everybody.devices
        star_codes = codes(
            lambda number, user: self._dialplan.whose(number, user),
            everybody.directory.user,
            everybody.groups.colleagues,
            everybody.quiet,
        )
        self.switch = Switch(
            first_of([star_codes, lambda ask: self._dialplan.route(ask)]),
            self.engine,
            feed,
            self._ids,
            devices_of=everybody.people.devices_of,
            seen=lambda party, by: self._dialplan.seen(party, by),
            may_join=lambda by, one, other: self._dialplan.may_join(by, one, other),
        )
        config = Config(
            site=SITE, sip=Sip(domain=DOMAIN, realm=REALM, udp=(Address("127.0.0.1:0"),), tcp=(), tls=())
        )
        self._phones = Phones(
            config,
            everybody.directory,
            self.switch,
            clock=clock,
            store=stores.bindings,
            reached=everybody.devices.reached,
            owners=self.owners,
            ids=self._ids,
            dialogs=DialogsOnDisk(stores.dialogs),
            lag=lambda: 0.0,
        )
        tolls = TollBook(lambda: TODAY, lambda *alarm: None, self._spent)
        self._trunks = Trunks(
            self._phones,
            everybody.directory,
            self.switch,
            tolls=tolls,
            ids=self._ids,
            outward_of=lambda user, device: self._dialplan.mobile(user, device),
            changed=lambda: self._household.look_at_mobiles(),
        )
        self._dialplan = Dialplan(
            Tables(),
            everybody.people,
            self._trunks,
            tolls,
            find_name=finder(everybody.directory, config),
            device_name=everybody.people.device_name,
        )
        self.web = Web(
            Needs(
                site=SITE,
                boot=BOOT,
                clock=clock,
                feed=feed,
                switch=self.switch,
                directory=everybody.directory,
                devices=everybody.devices,
                groups=everybody.groups,
                preferences=everybody.preferences,
                quality=everybody.quality,
                ids=self._ids,
                owners=self.owners,
                hosts=lambda host: [host],
                users=stores.users,
                links=stores.links,
                sessions=stores.sessions,
                records=records,
                passwords=self.passwords,
                page=page,
                seen_from=self._dialplan.seen_from,
                catch_up=lambda: self._reload.look(),
            ),
            after=time.after,
            soon=loop.call_soon,
        )
        self._household = Household(
            everybody.directory,
            everybody.devices,
            everybody.groups,
            feed,
            everybody.presence,
            self._phones,
            self.web,
            self.switch,
            time.now,
            self._trunks,
            self._use,
        )
        mobiles = Mobiles(self._household, everybody.directory, feed, stores.users, stores.devices, time.unix)
        self.web.parts.provide(
            Forwarding(everybody.directory, everybody.preferences, self._dialplan, mobiles)
        )
        self._reload = Reload(
            stores.meta,
            stores.users,
            stores.devices,
            stores.groups,
            self._household,
            self.web,
            stores.plan,
        )

    async def start(self) -> None:
        """Take in what is in the database; at each phone's place there is a desk phone of the test's."""
        await self._reload.load()
        for info in list(self.directory.devices()):
            if info.kind == "phone":
                phone = DeskPhone(self._phones.party(info), self._ids, self._tell)
                self.desks[info.user] = phone
                self._devices.add(info, phone)

    async def stop(self) -> None:
        await self._trunks.stop()
        await self._phones.stop()
        self.passwords.close()

    def passes(self, seconds: float) -> None:
        self.time.passes(seconds)
        self.switch.tick(self.time.now())

    async def open_lines(self) -> None:
        """All trunks can be used from now on, though nobody is at their other end."""
        await self._phones.start()
        self._trunks.start()
        await eventually(lambda: all(state.is_open for state in self._trunks.states()), "trunks open")

    async def configure(self, text: str) -> None:
        """The administrator applies this document, and it is taken in."""
        await configure(self._database, text)
        await self._reload.look()

    async def set_line(self, user: User, settings: str) -> None:
        """These are all that is set for the line of this user."""
        await self.configure(table_of(user, settings))

    async def kept(self, user: User) -> User:
        """As the user is on disk."""
        found = await self.stores.users.by_id(user.id)
        assert found is not None, user.username
        return found

    def _use(self, tables: Tables) -> None:
        self._dialplan.use(tables)
        self._trunks.use(tables)

    def _tell(self, leg: Leg, event: LegEvent) -> None:
        self.switch.tell(leg, event, self.time.now())

    def _spent(self, user: str, day: str, toll: str, count: int) -> None:
        self.stores.tolls.keep(user, day, toll, count)

    def _keep(self, user: User, line: Line | None) -> "asyncio.Task[None]":
        writing = self.stores.users.set_preferences(
            user.id, do_not_disturb=user.do_not_disturb, call_waiting=user.call_waiting, line=line
        )
        return asyncio.get_running_loop().create_task(writing)
