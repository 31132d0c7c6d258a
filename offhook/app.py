"""Start and stop: every part is built here and joined to the others, top to bottom, closed in reverse."""

import asyncio
import gc
import logging
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import offhook.web
from offhook import logs, process
from offhook.books import open_books
from offhook.calls.media import Port, PortEvent
from offhook.certificates import Certificate
from offhook.clock import Clock
from offhook.config import Config, Demo
from offhook.demo import configuration, furnish
from offhook.dialplan.model import Line
from offhook.everybody import Everybody
from offhook.feed import Feed
from offhook.household import Household, Mobiles, Reload
from offhook.ids import LiveIds
from offhook.media.engine import MediaEngine, open_engine
from offhook.metrics import measure
from offhook.passwords import Passwords
from offhook.people.directory import User
from offhook.phones.edge import Phones
from offhook.places import candidates, certificate, media_hosts
from offhook.stores import Stores, open_stores
from offhook.telephony import Telephony
from offhook.web.edge import Needs, Web
from offhook.web.forwarding import Forwarding
from offhook.web.server import Listener

CHANGES_SECONDS = 2.0  # between two looks for what the command line has changed
ALIVE_SECONDS = 5.0  # between two stamps of the last living second
CERTIFICATE_SECONDS = 10.0

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

    def wall() -> float:
        return clock.wall(loop.time())

    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(config))
        boot = await stores.meta.next_boot()
        ids, feed = LiveIds(config.site, boot), Feed(_report)
        everybody = Everybody(feed, loop.time, keep=lambda user, line: _keep(stores, user, line))
        books = await stack.enter_async_context(
            open_books(
                config,
                stores.database,
                feed,
                clock,
                everybody.directory.party,
                kept=lambda call: telephony.switch.kept(call, loop.time()),
                seen=lambda party, by: telephony.dialplan.seen(party, by),
                alive=await stores.meta.last_alive(),
            )
        )
        owners: dict[Port, Any] = {}
        engine = await stack.enter_async_context(_open_engine(config, owners))
        for_browsers = certificate(config, config.web)
        for_phones = certificate(config, config.sip) if config.sip.certificate else for_browsers
        telephony = Telephony(
            config,
            stores,
            everybody,
            feed,
            engine,
            clock=clock,
            ids=ids,
            owners=owners,
            context=lambda: for_phones.context,
            reached=lambda: household.look_at_mobiles(),
        )
        passwords = Passwords()
        stack.callback(passwords.close)
        web = Web(
            Needs(
                site=config.site,
                boot=boot,
                clock=clock,
                feed=feed,
                switch=telephony.switch,
                directory=everybody.directory,
                devices=everybody.devices,
                groups=everybody.groups,
                preferences=everybody.preferences,
                quality=everybody.quality,
                ids=ids,
                owners=owners,
                hosts=lambda host: candidates(host, config),
                users=stores.users,
                links=stores.links,
                sessions=stores.sessions,
                records=books.history if config.records.call_list == "builtin" else None,
                passwords=passwords,
                page=Path(offhook.web.__file__).parent / "page",
                calls_per_user=config.limits.calls_per_user,
                catch_up=lambda: reload.look(),
                origins=(config.web.url,),
                seen_from=telephony.dialplan.seen_from,
            ),
            after=loop.call_later,
            soon=loop.call_soon,
        )
        household = Household(
            everybody.directory,
            everybody.devices,
            everybody.groups,
            feed,
            everybody.presence,
            telephony.phones,
            web,
            telephony.switch,
            loop.time,
            telephony.trunks,
            telephony.use,
        )
        mobiles = Mobiles(household, everybody.directory, feed, stores.users, stores.devices, wall)
        web.parts.provide(Forwarding(everybody.directory, everybody.preferences, telephony.dialplan, mobiles))
        reload = Reload(stores.meta, stores.users, stores.devices, stores.groups, household, web, stores.plan)
        await reload.load()
        await telephony.remember(wall())
        measure(
            web.health,
            phones=telephony.phones,
            trunks=telephony.trunks,
            switch=telephony.switch,
            engine=engine,
            database=stores.database,
            lag=telephony.lag,
            books=books,
        )
        server = web.server([_listener(config, for_browsers)])
        await server.start()
        stack.push_async_callback(server.stop)
        stack.push_async_callback(telephony.stop)
        await telephony.start()
        jobs = [
            telephony.lag.run(),
            process.every(CHANGES_SECONDS, reload.look),
            process.every(ALIVE_SECONDS, lambda: stores.meta.stamp_alive(wall())),
            process.every(CERTIFICATE_SECONDS, process.waiting_for_nothing(for_browsers.refresh)),
            process.every(CERTIFICATE_SECONDS, process.waiting_for_nothing(for_phones.refresh)),
            process.every(60.0, process.waiting_for_nothing(clock.renew)),
            process.every(3600.0, lambda: stores.sessions.forget_expired(now=wall())),
            *books.jobs(),
        ]
        tasks = [loop.create_task(job) for job in jobs]
        stack.push_async_callback(process.end, tasks)
        gc.collect()
        gc.freeze()
        yield Server(config, telephony.phones)


def _open_engine(config: Config, owners: dict[Port, Any]) -> AbstractAsyncContextManager[MediaEngine]:
    """The media workers; what they say of a port goes to its owner."""
    loop = asyncio.get_running_loop()

    def news(port: Port, event: PortEvent) -> None:
        if (owner := owners.get(port)) is not None:
            owner.heard_from_port(event, loop.time())

    workers = config.media.workers or max(1, (os.cpu_count() or 1) - 1)
    ports = config.media.ports
    return open_engine(workers, media_hosts(config), (ports.first, ports.last), news)


def _listener(config: Config, certificate: Certificate) -> Listener:
    listen = config.web.listen
    return Listener(listen.host, listen.port, certificate.context if config.web.https else None)


def _keep(stores: Stores, user: User, line: Line | None) -> "asyncio.Task[None]":
    """Write how a user wishes to be called."""
    writing = stores.users.set_preferences(
        user.id, do_not_disturb=user.do_not_disturb, call_waiting=user.call_waiting, line=line
    )
    return asyncio.get_running_loop().create_task(writing)


def _report(who: object, why: Exception) -> None:
    logger.error("%r failed at a change of the feed", who, exc_info=why)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
