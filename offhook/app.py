"""Start and stop: every part is built here and joined to the others, top to bottom, closed in reverse."""

import asyncio
import gc
import logging
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import offhook.web
from offhook import logs, process
from offhook.books import open_books
from offhook.calls.cause import Cause
from offhook.calls.codes import codes
from offhook.calls.media import Port, PortEvent
from offhook.calls.routing import first_of
from offhook.calls.switch import Switch
from offhook.calls.users import everyone
from offhook.clock import Clock
from offhook.config import Config, Demo
from offhook.demo import configuration, furnish
from offhook.features.board import Board
from offhook.features.dialogs import DialogsOnDisk
from offhook.feed import Feed
from offhook.household import Household, Reload
from offhook.ids import LiveIds
from offhook.lag import LagWatch
from offhook.media.engine import open_engine
from offhook.metrics import measure
from offhook.passwords import Passwords
from offhook.people.devices import Devices
from offhook.people.directory import Directory, User
from offhook.people.groups import Groups
from offhook.people.preferences import Preferences
from offhook.people.presence import PresenceKeeper
from offhook.people.quality import QualityBoard
from offhook.phones.edge import Phones
from offhook.places import candidates, certificate, finder, media_hosts
from offhook.store.bindings import Bindings
from offhook.store.database import open_database
from offhook.store.devices import Devices as KeptDevices
from offhook.store.dialogs import Dialogs
from offhook.store.groups import Groups as KeptGroups
from offhook.store.links import Links
from offhook.store.meta import Meta
from offhook.store.sessions import Sessions
from offhook.store.users import Users
from offhook.web.edge import Needs, Web
from offhook.web.server import Listener

CHANGES_SECONDS = 2.0  # between two looks for what the command line has changed
ALIVE_SECONDS = 5.0  # between two stamps of the last living second
CERTIFICATE_SECONDS = 10.0
GOODBYE_SECONDS = 0.5  # for the BYEs of running calls to be answered

logger = logging.getLogger(__name__)


async def serve(config: Config) -> None:
    """Run the server until SIGTERM or SIGINT."""
    logs.set_up(config.log)
    stop = process.stop_signals()
    async with running(config) as server:
        for line in server.how_to_reach():
            _say(line)
        await stop.wait()
        logger.info("stopping")


async def demo(options: Demo) -> None:
    """The same with twelve users to try it out."""
    config = configuration(options)
    logs.set_up(config.log)
    stop = process.stop_signals()
    password = await furnish(config, options)
    async with running(config) as server:
        for line in server.how_to_reach(demo_password=password):
            _say(line)
        await stop.wait()
        logger.info("stopping")


class Server:
    """All the parts, running."""

    def __init__(self, config: Config, phones: Phones) -> None:
        self.config = config
        self._phones = phones

    def how_to_reach(self, *, demo_password: str = "") -> list[str]:
        """What whoever started it wants to read: the page's address, and how a phone is registered."""
        ports: dict[str, list[str]] = {}
        for transport, _, port in self._phones.listening:
            if (found := str(port)) not in ports.setdefault(transport.upper(), []):
                ports[transport.upper()].append(found)
        ways = "; ".join(f"{transport} {', '.join(found)}" for transport, found in ports.items())
        server = f"server {self.config.sip.domain} ({ways})"
        lines = [f"Offhook is ready, open {self.config.web.url}"]
        if demo_password:
            lines.append(f"Sign in as anna, ben, carla … lena; the password is {demo_password}")
            lines.append(f"To register a phone, enter {server}, user name anna-desk and the same password")
        else:
            lines.append(f"To register a phone, enter {server} and what `offhook device add USER` prints")
        return lines


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Server]:
    """The whole server, from the first open file to the last closed one."""
    process.prepare()
    loop = asyncio.get_running_loop()
    clock = Clock(loop.time, time.time)
    async with AsyncExitStack() as stack:
        database = await open_database(config.database)
        stack.push_async_callback(database.close)
        meta, bindings = Meta(database), Bindings(database, config.site)
        await meta.realm(config.sip.realm)  # refuses another than the phones' secrets were made for
        boot = await meta.next_boot()
        ids = LiveIds(config.site, boot)

        feed = Feed(_report)
        directory = Directory()
        books = await stack.enter_async_context(
            open_books(
                config,
                database,
                feed,
                clock,
                directory.party,
                kept=lambda call: switch.kept(call, loop.time()),
                alive=await meta.last_alive(),
            )
        )
        devices: Devices[Any] = Devices(feed)
        owners: dict[Port, Any] = {}

        def news(port: Port, event: PortEvent) -> None:
            if (owner := owners.get(port)) is not None:
                owner.heard_from_port(event, loop.time())

        hosts = media_hosts(config)
        ports = config.media.ports
        workers = config.media.workers or max(1, (os.cpu_count() or 1) - 1)
        engine = await stack.enter_async_context(open_engine(workers, hosts, (ports.first, ports.last), news))

        groups = Groups(feed)
        presence = PresenceKeeper(feed, loop.time)
        users = Users(database, config.site)

        def keep(user: User) -> "asyncio.Task[None]":
            wanted = {"do_not_disturb": user.do_not_disturb, "call_waiting": user.call_waiting}
            return loop.create_task(users.set_preferences(user.id, **wanted))

        preferences = Preferences(directory, feed, keep)

        def quiet(user: str, wanted: bool) -> None:
            preferences.set(user, do_not_disturb=wanted)

        find = finder(directory, config)
        rules = [
            codes(find, directory.user, groups.colleagues, quiet),
            everyone(find, devices.of, busy=presence.is_on_the_phone),
        ]
        route = first_of(rules)
        alarm = process.Alarm(loop)
        limits = config.limits
        switch = Switch(
            route,
            engine,
            feed,
            ids,
            devices_of=devices.of,
            recorded=True,
            calls_at_most=limits.calls,
            ringing_legs=limits.ringing_legs,
            due=alarm.set,
        )
        alarm.ring = lambda: switch.tick(loop.time())
        Board(feed, groups, loop.time)
        quality = QualityBoard(feed)

        lag = LagWatch()
        for_browsers = certificate(config, config.web)
        for_phones = certificate(config, config.sip) if config.sip.certificate else for_browsers
        dialogs = DialogsOnDisk(Dialogs(database))
        phones = Phones(
            config,
            directory,
            switch,
            clock=clock,
            store=bindings,
            reached=devices.reached,
            owners=owners,
            ids=ids,
            dialogs=dialogs,
            reported=quality.heard,
            lag=lag.own_p90,
            context=lambda: for_phones.context,
        )
        stack.callback(dialogs.flush)

        passwords = Passwords()
        stack.callback(passwords.close)
        sessions = Sessions(database, config.site)
        web = Web(
            Needs(
                site=config.site,
                boot=boot,
                clock=clock,
                feed=feed,
                switch=switch,
                directory=directory,
                devices=devices,
                groups=groups,
                preferences=preferences,
                quality=quality,
                ids=ids,
                owners=owners,
                hosts=lambda host: candidates(host, config),
                users=users,
                links=Links(database, config.site),
                sessions=sessions,
                records=books.history if config.records.call_list == "builtin" else None,
                passwords=passwords,
                page=Path(offhook.web.__file__).parent / "page",
                calls_per_user=limits.calls_per_user,
                catch_up=lambda: reload.look(),
                origins=(config.web.url,),
            ),
            after=loop.call_later,
            soon=loop.call_soon,
        )
        household = Household(directory, devices, groups, feed, presence, phones, web, switch, loop.time)
        reload = Reload(
            meta,
            users,
            KeptDevices(database, config.site),
            KeptGroups(database, config.site),
            household,
            web,
        )
        await reload.load()
        phones.restore(await bindings.load(now=clock.wall(loop.time())))
        measure(
            web.health,
            phones=phones,
            switch=switch,
            engine=engine,
            database=database,
            lag=lag,
            webhooks=books.webhooks,
        )

        listener = Listener(
            config.web.listen.host, config.web.listen.port, for_browsers.context if config.web.https else None
        )
        server = web.server([listener])
        await server.start()
        stack.push_async_callback(server.stop)
        await phones.start()
        stack.push_async_callback(phones.stop)
        await dialogs.say_farewell(phones)
        stack.push_async_callback(_end_calls, switch, loop)

        tasks = [
            lag.run(),
            process.every(CHANGES_SECONDS, reload.look),
            process.every(ALIVE_SECONDS, lambda: meta.stamp_alive(clock.wall(loop.time()))),
            process.every(CERTIFICATE_SECONDS, process.waiting_for_nothing(for_browsers.refresh)),
            process.every(CERTIFICATE_SECONDS, process.waiting_for_nothing(for_phones.refresh)),
            process.every(60.0, process.waiting_for_nothing(clock.renew)),
            process.every(3600.0, lambda: sessions.forget_expired(now=clock.wall(loop.time()))),
            *books.jobs(),
        ]
        running_tasks = [loop.create_task(task) for task in tasks]
        stack.push_async_callback(process.end, running_tasks)
        gc.collect()
        gc.freeze()
        yield Server(config, phones)


async def _end_calls(switch: Switch, loop: asyncio.AbstractEventLoop) -> None:
    if switch.calls:
        switch.end_all(Cause.RESTART, loop.time())
        await asyncio.sleep(GOODBYE_SECONDS)


def _report(who: object, why: Exception) -> None:
    logger.error("%r failed at a change of the feed", who, exc_info=why)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
