"""Start and stop: every part is built here and joined to the others, top to bottom, closed in reverse."""

import asyncio
import gc
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import offhook.web
from offhook import logs
from offhook.calls.cause import Cause
from offhook.calls.media import Port, PortEvent
from offhook.calls.routing import first_of
from offhook.calls.switch import Switch
from offhook.calls.users import everyone
from offhook.certificates import Certificate, names_of_this_machine, own_certificate
from offhook.clock import Clock
from offhook.config import Config, Demo, Sip
from offhook.config import Web as WebSection
from offhook.demo import configuration, furnish
from offhook.features.dialogs import DialogsOnDisk
from offhook.features.records import Recorder
from offhook.feed import Feed
from offhook.household import Household, Reload
from offhook.ids import LiveIds
from offhook.lag import LagWatch
from offhook.media.engine import open_engine
from offhook.metrics import measure
from offhook.passwords import Passwords
from offhook.people.devices import Devices
from offhook.people.directory import Directory, User
from offhook.people.presence import PresenceKeeper
from offhook.phones.addresses import address_towards
from offhook.phones.edge import Phones
from offhook.sip.malformed import Malformed
from offhook.sip.uri import Uri
from offhook.store.bindings import Bindings
from offhook.store.database import open_database
from offhook.store.devices import Devices as KeptDevices
from offhook.store.dialogs import Dialogs
from offhook.store.links import Links
from offhook.store.meta import Meta
from offhook.store.records import Records
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
    stop = _stop_signals()
    async with running(config) as server:
        for line in server.how_to_reach():
            _say(line)
        await stop.wait()
        logger.info("stopping")


async def demo(options: Demo) -> None:
    """The same with twelve users to try it out."""
    config = configuration(options)
    logs.set_up(config.log)
    stop = _stop_signals()
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
    _prepare_process()
    loop = asyncio.get_running_loop()
    clock = Clock(loop.time, time.time)
    async with AsyncExitStack() as stack:
        database = await open_database(config.database)
        stack.push_async_callback(database.close)
        meta, bindings = Meta(database), Bindings(database, config.site)
        records = await Records.open(database, config.site)
        if (alive := await meta.last_alive()) is not None:
            await records.close_open(alive)  # what a crash left open ended then
        await meta.realm(config.sip.realm)  # refuses another than the phones' secrets were made for
        boot = await meta.next_boot()
        ids = LiveIds(config.site, boot)

        feed = Feed(_report)
        directory = Directory()
        devices: Devices[Any] = Devices(feed)
        owners: dict[Port, Any] = {}

        def news(port: Port, event: PortEvent) -> None:
            if (owner := owners.get(port)) is not None:
                owner.heard_from_port(event, loop.time())

        hosts = config.media.hosts or _all_hosts()
        ports = config.media.ports
        workers = config.media.workers or max(1, (os.cpu_count() or 1) - 1)
        engine = await stack.enter_async_context(open_engine(workers, hosts, (ports.first, ports.last), news))

        route = first_of([everyone(_finder(directory, config), devices.of)])
        alarm = Alarm(loop)
        limits = config.limits
        switch = Switch(
            route,
            engine,
            feed,
            ids,
            recorded=True,
            calls_at_most=limits.calls,
            ringing_legs=limits.ringing_legs,
            due=alarm.set,
        )
        alarm.ring = lambda: switch.tick(loop.time())
        presence = PresenceKeeper(feed, loop.time)

        lag = LagWatch()
        certificate = _certificate(config, config.web)
        for_phones = _certificate(config, config.sip) if config.sip.certificate else certificate
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
            lag=lag.p90,
            context=lambda: for_phones.context,
        )
        recorder = Recorder(feed, records, clock, lambda call: switch.kept(call, loop.time()))
        stack.callback(recorder.flush)
        stack.callback(dialogs.flush)

        passwords = Passwords()
        stack.callback(passwords.close)
        users, sessions = Users(database, config.site), Sessions(database, config.site)
        web = Web(
            Needs(
                site=config.site,
                boot=boot,
                clock=clock,
                feed=feed,
                switch=switch,
                directory=directory,
                devices=devices,
                ids=ids,
                owners=owners,
                hosts=lambda host: _candidates(host, config),
                users=users,
                links=Links(database, config.site),
                sessions=sessions,
                records=records,
                passwords=passwords,
                page=Path(offhook.web.__file__).parent / "page",
                calls_per_user=limits.calls_per_user,
                catch_up=lambda: reload.look(),
                origins=(config.web.url,),
            ),
            after=loop.call_later,
            soon=loop.call_soon,
        )
        household = Household(directory, devices, feed, presence, phones, web, switch, loop.time)
        reload = Reload(meta, users, KeptDevices(database, config.site), household, web)
        await reload.load()
        phones.restore(await bindings.load(now=clock.wall(loop.time())))
        measure(web.health, phones=phones, switch=switch, engine=engine, database=database, lag=lag)

        listener = Listener(
            config.web.listen.host, config.web.listen.port, certificate.context if config.web.https else None
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
            _every(CHANGES_SECONDS, reload.look),
            _every(ALIVE_SECONDS, lambda: meta.stamp_alive(clock.wall(loop.time()))),
            _every(CERTIFICATE_SECONDS, _now(certificate.refresh)),
            _every(CERTIFICATE_SECONDS, _now(for_phones.refresh)),
            _every(60.0, _now(clock.renew)),
            _every(3600.0, lambda: sessions.forget_expired(now=clock.wall(loop.time()))),
        ]
        running_tasks = [loop.create_task(task) for task in tasks]
        stack.push_async_callback(_cancelled, running_tasks)
        gc.collect()
        gc.freeze()
        yield Server(config, phones)


class Alarm:
    """One timer for the switch: rings no later than the earliest time it was set for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.ring: Callable[[], None] = lambda: None
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._at = float("inf")

    def set(self, at: float) -> None:
        if at < self._at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._at = self._loop.call_at(at, self._due), at

    def _due(self) -> None:
        self._timer, self._at = None, float("inf")
        self.ring()


# ---- what the parts are given


def _finder(directory: Directory, config: Config) -> Callable[[str], User | None]:
    """Who is meant by what was dialled: a number, a user name, or either as a SIP address of ours."""
    ours = {config.sip.domain, config.net.public, *names_of_this_machine()}

    def find(dialled: str) -> User | None:
        if dialled.lower().startswith(("sip:", "sips:", "tel:")):
            try:
                uri = Uri.parse(dialled.encode())
            except Malformed:
                return None
            if uri.host and uri.host not in ours:
                return None
            dialled = uri.user
        return directory.by_number(dialled) or directory.by_username(dialled)

    return find


def _all_hosts() -> tuple[str, ...]:
    """Everywhere; IPv6 too where the machine has it."""
    return ("0.0.0.0", "::") if Path("/proc/net/if_inet6").exists() else ("0.0.0.0",)


def _candidates(reached_at: str, config: Config) -> list[str]:
    """Where a browser that reached us at this address finds our media."""
    if config.media.hosts:
        return list(config.media.hosts)
    found = [reached_at, config.net.public, config.net.public6, address_towards("192.0.2.1")]
    return list(dict.fromkeys(host for host in found if host))


def _certificate(config: Config, section: WebSection | Sip) -> Certificate:
    """The one given for this section, or one of our own for every name we go by."""
    if section.certificate:
        return Certificate(Path(section.certificate), Path(section.key))
    names = [urlsplit(config.web.url).hostname, config.sip.domain, config.net.public, config.net.public6]
    listening = [config.web.listen.host, *[address.host for address in config.sip.tls]]
    everywhere = ("", None, "0.0.0.0", "::")
    own = [*names_of_this_machine(), *[name for name in [*names, *listening] if name not in everywhere]]
    return own_certificate(Path(config.data), [name for name in own if name])


async def _end_calls(switch: Switch, loop: asyncio.AbstractEventLoop) -> None:
    if switch.calls:
        switch.end_all(Cause.RESTART, loop.time())
        await asyncio.sleep(GOODBYE_SECONDS)


# ---- the process


def _prepare_process() -> None:
    """Sockets for every call, short turns beside busy threads, and no collector's pauses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sys.setswitchinterval(0.0005)
    gc.set_threshold(50_000, 20, 100)


def _stop_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    return stop


async def _every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            logger.exception("something that is done every %g s failed", seconds)
        await asyncio.sleep(seconds)


def _now(work: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    async def done() -> None:
        work()

    return done


async def _cancelled(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _report(who: object, why: Exception) -> None:
    logger.error("%r failed at a change of the feed", who, exc_info=why)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
