"""Who and what comes, changes and goes while the server runs: real parts around an engine without sound."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from offhook.calls.leg import Leg, Party
from offhook.calls.media import G711, Codecs, Port
from offhook.calls.switch import Switch
from offhook.clock import Clock
from offhook.config import Address, Config, Sip
from offhook.dialplan.model import Diversion, Line, Mobile, Tables, Trunk
from offhook.dialplan.plan import Dialplan
from offhook.features.board import Board
from offhook.feed import Feed
from offhook.household import Household, Mobiles, Reload
from offhook.ids import LiveIds
from offhook.media.fake import FakeEngine
from offhook.passwords import Passwords
from offhook.people.devices import Devices, DeviceView
from offhook.people.directory import DeviceInfo, Directory, User
from offhook.people.groups import Groups
from offhook.people.here import Here
from offhook.people.preferences import Preferences
from offhook.people.presence import Presence, PresenceKeeper
from offhook.people.quality import QualityBoard
from offhook.phones.edge import Phones
from offhook.store.bindings import Bindings
from offhook.store.database import Database, StoreError, open_database
from offhook.store.devices import Devices as KeptDevices
from offhook.store.groups import Groups as KeptGroups
from offhook.store.links import Links
from offhook.store.meta import Meta
from offhook.store.plan import Plan
from offhook.store.sessions import Sessions
from offhook.store.users import Users
from offhook.web.edge import Needs, Web
from offhook.web.forwarding import Forwarding
from offhook.web.server import Listener
from tests.blueprint.office import put
from tests.dialplan.house import Purse, Town
from tests.phones.exchange import MemoryDialogs, eventually
from tests.phones.phone import Phone, Refused
from tests.web.house import Page, offer

SECRET = "secret"
REALM = "offhook"


class OwnMobile:
    """A telephone outside that can be rung while there is a trunk to ring it by."""

    def __init__(self, info: DeviceInfo, outside: "Outside") -> None:
        assert info.mobile is not None, "only mobiles are asked for"
        self.id, self.party = info.id, Party(info.mobile.number, info.name, info.user, info.id)
        self._mobile, self._outside = info.mobile, outside

    @property
    def is_reachable(self) -> bool:
        return self._mobile.enabled and bool(self._outside.tables.trunks)

    @property
    def speaks(self) -> Codecs:
        return G711

    def open_legs(self) -> list[Leg]:
        return []


class Outside:
    """Lines outside that only listen to what they are told."""

    def __init__(self) -> None:
        self.told: list[Tables] = []

    @property
    def tables(self) -> Tables:
        return self.told[-1]

    def mobile(self, info: DeviceInfo) -> OwnMobile:
        return OwnMobile(info, self)


class SlowPlan(Plan):
    """While it is read, something else may happen."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def load(self) -> Tables:
        tables = await super().load()
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        return tables


class Home:
    """A server without sound, and what the command line does to its database meanwhile."""

    def __init__(self, database: Database, folder: Path) -> None:
        loop = asyncio.get_running_loop()
        clock = Clock(loop.time, time.time)
        self.database = database
        self.feed = Feed()
        self.directory = Directory()
        self.users = Users(database, "hq", announce=True)
        self.kept = KeptDevices(database, "hq", announce=True)
        self.kept_groups = KeptGroups(database, "hq", announce=True)
        self.plan = SlowPlan(database)
        self.outside = Outside()
        self.sessions = Sessions(database, "hq")
        devices: Devices[Any] = Devices(self.feed)
        owners: dict[Port, Any] = {}
        ids = LiveIds("hq", 1)
        self.groups = Groups(self.feed)
        presence = PresenceKeeper(self.feed, loop.time)
        here = Here(self.directory, devices, self.groups, presence)
        dialplan = Dialplan(Tables(), here, Town(), Purse())
        self.switch = Switch(dialplan.route, FakeEngine(), self.feed, ids)
        Board(self.feed, self.groups, loop.time)
        anywhere = (Address("127.0.0.1:0"),)
        self.phones = Phones(
            Config(sip=Sip(realm=REALM, udp=anywhere, tcp=anywhere, tls=())),
            self.directory,
            self.switch,
            clock=clock,
            store=Bindings(database, "hq"),
            reached=devices.reached,
            owners=owners,
            ids=ids,
            dialogs=MemoryDialogs(),
            lag=lambda: 0.0,
        )
        mine = Users(database, "hq")  # what the server writes itself it need not look for
        self.preferences = Preferences(
            self.directory,
            self.feed,
            lambda user, line: asyncio.ensure_future(
                mine.set_preferences(
                    user.id, do_not_disturb=user.do_not_disturb, call_waiting=user.call_waiting, line=line
                )
            ),
        )
        web = Web(
            Needs(
                site="hq",
                boot=1,
                clock=clock,
                feed=self.feed,
                switch=self.switch,
                directory=self.directory,
                devices=devices,
                groups=self.groups,
                preferences=self.preferences,
                quality=QualityBoard(self.feed),
                ids=ids,
                owners=owners,
                hosts=lambda host: [host],
                users=self.users,
                links=Links(database, "hq"),
                sessions=self.sessions,
                records=None,
                passwords=Passwords(),
                page=folder,
            ),
            after=loop.call_later,
            soon=loop.call_soon,
        )
        self.server = web.server([Listener("127.0.0.1", 0)])
        household = Household(
            self.directory,
            devices,
            self.groups,
            self.feed,
            presence,
            self.phones,
            web,
            self.switch,
            loop.time,
            self.outside,
            self.outside.told.append,
        )
        self.mobiles = Mobiles(
            household, self.directory, self.feed, mine, KeptDevices(database, "hq"), time.time
        )
        web.parts.provide(Forwarding(self.directory, self.preferences, dialplan, self.mobiles))
        self.reload = Reload(
            Meta(database), self.users, self.kept, self.kept_groups, household, web, self.plan
        )

    async def add(self, username: str, number: str) -> tuple[User, DeviceInfo]:
        """A user with a browser and a desk phone."""
        user = await self.users.add(username, username.capitalize(), number, now=0.0)
        phone = await self.kept.add_phone(
            user.id, "Desk phone", f"{username}-desk", secret=SECRET, realm=REALM, srtp="off", now=0.0
        )
        return user, phone

    async def phone(self, username: str) -> Phone:
        where = next((host, port) for kind, host, port in self.phones.listening if kind == "udp")
        phone = await Phone.open(f"{username}-desk", SECRET, where, "udp")
        await phone.register()
        return phone

    async def tab(self, user: User) -> Page:
        """A signed-in page of this user that can carry sound."""
        token = await self.sessions.make(user.id, now=time.time())
        host, port = self.server.addresses[0]
        socket = await connect(
            f"ws://{host}:{port}/api/v1/ws", additional_headers={"Cookie": f"offhook={token}"}, proxy=None
        )
        page = Page(socket, "tab1")
        await page.says({"hello": {"tab": "tab1", "sound": True}})
        page.takes(await page.hears())
        return page

    def is_reachable(self, device: str) -> bool:
        view = self.feed.get(DeviceView, device)
        return view is not None and view.reachable


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Home]:
    database = await open_database(f"sqlite://{folder}/offhook.db")
    home = Home(database, folder)
    await home.phones.start()
    await home.server.start()
    try:
        await home.reload.look()
        yield home
    finally:
        await home.server.stop()
        await home.phones.stop()
        await database.close()


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    (tmp_path / "index.html").write_text("<!doctype html>")
    async with opened(tmp_path) as home:
        yield home


async def test_who_is_added_while_the_server_runs_can_register_and_be_called(home: Home) -> None:
    anna, phone = await home.add("anna", "101")
    await home.reload.look()
    assert home.feed.get(User, anna.id) == anna
    line = await home.phone("anna")
    assert home.is_reachable(phone.id)
    await line.close()


async def test_a_removed_phone_is_out_and_its_call_ends(home: Home) -> None:
    _, gone = await home.add("anna", "101")
    await home.add("ben", "102")
    await home.reload.look()
    anna, ben = await home.phone("anna"), await home.phone("ben")
    call = await anna.dial("102")
    (await ben.is_called()).answer()
    await call.is_answered()

    await home.kept.remove(gone.id)
    await home.reload.look()
    await call.is_over()
    assert not home.switch.calls
    assert home.feed.get(DeviceView, gone.id) is None
    with pytest.raises(Refused) as refused:
        await anna.register()
    assert refused.value.status == 401
    for line in (anna, ben):
        await line.close()


async def test_a_phone_with_a_new_secret_rings_no_longer_where_the_old_one_was_used(home: Home) -> None:
    _, phone = await home.add("anna", "101")
    await home.reload.look()
    line = await home.phone("anna")
    await home.kept.set_secret(phone, secret="another", realm=REALM)
    await home.reload.look()
    assert not home.is_reachable(phone.id)
    with pytest.raises(Refused):
        await line.register()
    await line.close()


async def test_what_has_not_changed_stays_registered(home: Home) -> None:
    _, phone = await home.add("anna", "101")
    await home.reload.look()
    line = await home.phone("anna")
    await home.add("ben", "102")
    await home.reload.look()
    assert home.is_reachable(phone.id)
    await line.close()


async def test_a_removed_browser_leaves_its_call(home: Home) -> None:
    anna, _ = await home.add("anna", "101")
    await home.add("ben", "102")
    await home.reload.look()
    ben, page = await home.phone("ben"), await home.tab(anna)
    dialled = (await page.asks("call.dial", to="102", device=anna.device))["ok"]
    await page.asks("leg.attach", leg=dialled["leg"], sdp=offer())
    called = await ben.is_called()
    called.answer()
    await page.sees("call", state="talking")

    await home.kept.remove(anna.device)
    await home.reload.look()
    await called.is_over()
    await page.loses("call", dialled["call"])
    await page.socket.close()
    await ben.close()


async def test_a_removed_user_is_signed_out_and_nothing_is_left_of_them(home: Home) -> None:
    anna, phone = await home.add("anna", "101")
    await home.add("ben", "102")
    await home.reload.look()
    line, page, ben = await home.phone("anna"), await home.tab(anna), await home.phone("ben")
    call = await line.dial("102")
    await ben.is_called()

    await home.users.remove(anna.id)
    await home.reload.look()
    assert await page.is_closed() == 4001
    await call.is_over()
    await eventually(lambda: not home.switch.calls, "the call has ended")
    assert home.directory.user(anna.id) is None
    assert home.feed.get(User, anna.id) is None
    assert home.feed.get(Presence, anna.id) is None
    assert home.feed.get(DeviceView, phone.id) is None
    for open_line in (line, ben):
        await open_line.close()


async def test_a_colleagues_call_comes_into_sight_with_the_group_and_goes_with_it(home: Home) -> None:
    (anna, _), (ben, _), _ = [
        await home.add(*who) for who in (("anna", "101"), ("ben", "102"), ("carla", "103"))
    ]
    await home.reload.look()
    carla, page, _ = await home.phone("carla"), await home.tab(anna), await home.tab(ben)
    call = await carla.dial("102")
    await eventually(lambda: bool(home.switch.calls), "it rings")

    sales = await home.kept_groups.create("Sales")
    for user in (anna, ben):
        await home.kept_groups.join(sales.id, user.id)
    await home.reload.look()
    waiting = await page.sees("waiting")
    assert (waiting["caller"]["number"], waiting["called"]["number"]) == ("103", "102")

    await home.kept_groups.join(sales.id, anna.id, active=False)
    await home.reload.look()
    await page.loses("waiting", waiting["id"])

    await home.kept_groups.join(sales.id, anna.id)
    await home.reload.look()
    await page.sees("waiting")
    await home.kept_groups.delete(sales.id)
    await home.reload.look()
    await page.loses("waiting", waiting["id"])
    assert home.groups.all() == []
    call.hangup()
    await carla.close()


async def test_how_one_wants_to_be_called_is_kept(home: Home) -> None:
    anna, _ = await home.add("anna", "101")
    await home.reload.look()
    page = await home.tab(anna)
    assert "ok" in await page.asks("me.set", do_not_disturb=True, call_waiting=False)
    (kept,) = await home.users.load_all()
    assert (kept.do_not_disturb, kept.call_waiting) == (True, False)
    assert home.directory.user(anna.id) == kept
    await page.socket.close()


# ---- the plan

TRUNK = Trunk("amt", "0", hosts=("192.0.2.1",))
WITH_TRUNK = '[[trunk]]\nname = "amt"\nnumber = "0"\nhosts = ["192.0.2.1"]\n'
ANNA = '[[user]]\nusername = "anna"\nname = "Anna"\nnumber = "101"\n'


async def test_a_plan_is_told_once_and_again_when_it_is_another(home: Home) -> None:
    await home.reload.load()
    assert home.outside.told == [Tables()]
    await home.add("anna", "101")
    await home.reload.look()
    assert home.outside.told == [Tables()], "somebody has come; the plan is as it was"
    await put(home.database, WITH_TRUNK)
    await home.reload.look()
    assert home.outside.told == [Tables(), Tables(trunks=(TRUNK,))]


async def test_a_user_who_moves_is_found_at_the_new_number_only(home: Home) -> None:
    anna, _ = await home.add("anna", "101")
    await home.reload.look()
    moved = ANNA.replace("101", "55") + 'node = "works"\nseconds = 12\n'
    await put(home.database, moved + '[[node]]\nname = "works"\nnumber = "7"\n')
    await home.reload.look()
    found = home.directory.by_number("55", "works")
    assert found is not None
    assert (found.id, found.line.seconds) == (anna.id, 12)
    assert home.directory.by_number("101") is None


async def test_a_group_gets_a_number_and_loses_it(home: Home) -> None:
    sales = await home.kept_groups.create("Sales")
    await put(home.database, '[[group]]\nname = "Sales"\nringing = { number = "200" }\n')
    await home.reload.look()
    found = home.groups.at("root", "200")
    assert found is not None
    assert found.id == sales.id
    await put(home.database, '[[group]]\nname = "Sales"\n')
    await home.reload.look()
    assert home.groups.at("root", "200") is None


async def test_a_browser_that_stands_for_the_mobiles_stays_open(home: Home) -> None:
    anna, _ = await home.add("anna", "101")
    await home.reload.look()
    page = await home.tab(anna)
    assert home.is_reachable(anna.device)
    needless = '{ kind = "browser", name = "Browser", no_mobility = true }'
    await put(home.database, f"{ANNA}device = [{needless}]\n")
    await home.reload.look()
    browser = home.directory.device(anna.device)
    assert browser is not None
    assert browser.no_mobility
    assert home.is_reachable(anna.device)
    await page.socket.close()


async def test_what_cannot_be_read_leaves_everything_as_it_is_until_it_can(home: Home) -> None:
    await put(home.database, WITH_TRUNK)
    await home.reload.look()
    ((body,),) = await home.database.read("select body from plan")
    await home.database.write("update plan set body = $1", [("{",)])
    anna, _ = await home.add("anna", "101")
    with pytest.raises(StoreError, match="the trunk amt in the database cannot be read"):
        await home.reload.look()
    assert home.outside.tables == Tables(trunks=(TRUNK,))
    assert home.directory.user(anna.id) is None

    await home.database.write("update plan set body = $1", [(body.replace("192.0.2.1", "192.0.2.2"),)])
    await home.reload.look()
    assert [trunk.hosts for trunk in home.outside.tables.trunks] == [("192.0.2.2",)]
    assert home.directory.user(anna.id) == anna


async def test_what_a_user_changes_while_the_database_is_read_is_not_taken_back(home: Home) -> None:
    anna, _ = await home.add("anna", "101")
    await home.reload.look()
    diverted = Line(diversions=(Diversion("always", "102"),))
    home.plan.meanwhile = lambda: home.preferences.set(anna.id, line=diverted)
    await home.add("ben", "102")
    await home.reload.look()
    changed = home.directory.user(anna.id)
    assert changed is not None
    assert changed.line == diverted


# ---- mobiles

MOBILE = Mobile("+49170555")


async def test_a_mobile_lives_as_soon_as_its_user_has_written_it_down(home: Home) -> None:
    anna, _ = await home.add("anna", "101")
    await put(home.database, WITH_TRUNK)
    await home.reload.look()
    mobile = await home.mobiles.add(anna.id, "Mobile", MOBILE)
    assert home.directory.device(mobile.id) == mobile
    assert home.is_reachable(mobile.id)
    assert mobile in await home.kept.of(anna.id)

    await home.mobiles.change(mobile.id, "Private", Mobile("+49170556", enabled=False))
    view = home.feed.get(DeviceView, mobile.id)
    assert view is not None
    assert (view.name, view.kind, view.reachable) == ("Private", "mobile", False)
    assert home.directory.devices_of(anna.id) == await home.kept.of(anna.id)

    await home.mobiles.remove(mobile.id)
    assert home.feed.get(DeviceView, mobile.id) is None
    assert home.directory.devices_of(anna.id) == await home.kept.of(anna.id)


async def test_another_number_of_a_mobile_is_news_even_if_its_name_stays(home: Home) -> None:
    anna, _ = await home.add("anna", "101")
    await home.reload.look()
    mobile = await home.mobiles.add(anna.id, "Mobile", MOBILE)
    before = home.feed.latest([f"own.{anna.id}"])
    await home.mobiles.change(mobile.id, "Mobile", Mobile("+49170556"))
    assert home.feed.latest([f"own.{anna.id}"]) > before


async def test_who_dialled_from_a_mobile_that_is_removed_dials_from_another_device(home: Home) -> None:
    anna, _ = await home.add("anna", "101")
    await home.reload.look()
    mobile = await home.mobiles.add(anna.id, "Mobile", MOBILE)
    await home.users.set_device(anna.id, mobile.id)
    await home.reload.look()
    await home.mobiles.remove(mobile.id)
    assert home.feed.get(User, anna.id) == home.directory.user(anna.id) == anna


async def test_a_mobile_that_the_command_line_adds_or_removes_comes_and_goes(home: Home) -> None:
    anna, _ = await home.add("anna", "101")
    hers = '[[user.device]]\nkind = "mobile"\nname = "Mobile"\nnumber = "+49170555"\n'
    await put(home.database, ANNA + hers)
    *_, mobile = await home.kept.of(anna.id)
    await home.reload.look()
    assert home.feed.get(DeviceView, mobile.id) is not None
    await home.kept.remove(mobile.id)
    await home.reload.look()
    assert home.feed.get(DeviceView, mobile.id) is None
    assert home.directory.device(mobile.id) is None


async def test_mobiles_can_be_rung_when_there_is_a_trunk_and_no_longer_when_it_goes(home: Home) -> None:
    anna, _ = await home.add("anna", "101")
    mobile = await home.kept.add_mobile(anna.id, "Mobile", MOBILE, now=0.0)
    await home.reload.look()
    assert not home.is_reachable(mobile.id)
    await put(home.database, WITH_TRUNK)
    await home.reload.look()
    assert home.is_reachable(mobile.id)
    await put(home.database, "trunk = []", prune=True)
    await home.reload.look()
    assert not home.is_reachable(mobile.id)


async def test_what_is_no_mobile_is_neither_changed_nor_removed_as_one(home: Home) -> None:
    anna, phone = await home.add("anna", "101")
    await home.reload.look()
    for id in (phone.id, anna.device, "hq.1v", ""):
        with pytest.raises(StoreError, match="mobile"):
            await home.mobiles.change(id, "Mobile", MOBILE)
        with pytest.raises(StoreError, match="mobile"):
            await home.mobiles.remove(id)
    assert len(await home.kept.of(anna.id)) == 2
