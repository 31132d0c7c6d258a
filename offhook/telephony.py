"""Where numbers become calls: the dial plan, the switch, the phones and the trunks, joined."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from typing import Any

from offhook.calls.cause import Cause
from offhook.calls.media import Port
from offhook.calls.moments import Moment, What
from offhook.calls.routing import first_of
from offhook.calls.switch import Switch
from offhook.clock import Clock
from offhook.config import Config
from offhook.dialplan.codes import codes
from offhook.dialplan.model import Tables
from offhook.dialplan.plan import Dialplan
from offhook.dialplan.world import Toll
from offhook.everybody import Everybody
from offhook.features.dialogs import DialogsOnDisk
from offhook.feed import Feed
from offhook.lag import LagWatch
from offhook.media.engine import MediaEngine
from offhook.people.tolls import TollBook
from offhook.phones.edge import Phones
from offhook.places import finder
from offhook.process import Alarm
from offhook.stores import Stores
from offhook.trunks.trunks import Trunks

GOODBYE_SECONDS = 0.5  # for the BYEs of running calls to be answered

logger = logging.getLogger(__name__)


class Telephony:
    """`context` is asked for at each TLS connection of a phone, `reached` told when trunks come or go."""

    def __init__(
        self,
        config: Config,
        stores: Stores,
        everybody: Everybody,
        feed: Feed,
        engine: MediaEngine,
        *,
        clock: Clock,
        ids: Callable[[], str],
        owners: dict[Port, Any],
        context: Callable[[], ssl.SSLContext],
        reached: Callable[[], None],
    ) -> None:
        self._stores = stores
        self._directory = everybody.directory
        self._loop = loop = asyncio.get_running_loop()
        self.lag = LagWatch()
        self.tolls = TollBook(_today, self._alarm, self._keep)
        find = finder(everybody.directory, config)
        limits = config.limits

        alarm = Alarm(loop)
        star_codes = codes(
            lambda number, user: self.dialplan.whose(number, user),
            everybody.directory.user,
            everybody.groups.colleagues,
            everybody.quiet,
        )
        self.switch = Switch(
            first_of([star_codes, lambda ask: self.dialplan.route(ask)]),
            engine,
            feed,
            ids,
            devices_of=everybody.people.devices_of,
            seen=lambda party, by: self.dialplan.seen(party, by),
            may_join=lambda by, one, other: self.dialplan.may_join(by, one, other),
            recorded=True,
            calls_at_most=limits.calls,
            ringing_legs=limits.ringing_legs,
            due=alarm.set,
        )
        alarm.ring = lambda: self.switch.tick(loop.time())
        self.dialogs = DialogsOnDisk(stores.dialogs)
        self.phones = Phones(
            config,
            everybody.directory,
            self.switch,
            clock=clock,
            store=stores.bindings,
            reached=everybody.devices.reached,
            owners=owners,
            ids=ids,
            dialogs=self.dialogs,
            reported=everybody.quality.heard,
            lag=self.lag.own_p90,
            context=context,
            is_emergency=lambda number: self.dialplan.is_emergency(number),
        )
        self.trunks = Trunks(
            self.phones,
            everybody.directory,
            self.switch,
            tolls=self.tolls,
            ids=ids,
            outward_of=lambda user, device: self.dialplan.mobile(user, device),
            changed=reached,
        )
        self.dialplan = Dialplan(
            Tables(),
            everybody.people,
            self.trunks,
            self.tolls,
            find_name=find,
            refused=self._refused,
            device_name=everybody.people.device_name,
        )

        feed.watch(Moment, self._happened)

    def use(self, tables: Tables) -> None:
        """From now on these tables count."""
        self.dialplan.use(tables)
        self.trunks.use(tables)

    async def remember(self, now: float) -> None:
        """Take in what was kept over a restart: who is registered, and what was spent today."""
        self.tolls.load(await self._stores.tolls.load(_today()))
        self.phones.restore(await self._stores.bindings.load(now=now))

    async def start(self) -> None:
        """Take calls, from phones and from outside. Raises OSError when an address cannot be had."""
        await self.phones.start()
        await self.dialogs.say_farewell(self.phones)
        self.trunks.start()

    async def stop(self) -> None:
        """Hang up, sign off, close."""
        if self.switch.calls:
            self.switch.end_all(Cause.RESTART, self._loop.time())
            await asyncio.sleep(GOODBYE_SECONDS)
        await self.trunks.stop()
        await self.phones.stop()
        self.dialogs.flush()

    def _keep(self, user: str, day: str, toll: str, count: int) -> None:
        self._stores.tolls.keep(user, day, toll, count).add_done_callback(_complain)

    def _alarm(self, user: str, toll: Toll, count: int, limit: int) -> None:
        logger.warning(
            "%s has made %d of %d %s calls that are allowed in a day", self._name(user), count, limit, toll
        )

    def _refused(self, user: str, to: str, cause: Cause) -> None:
        logger.warning("calls of %s are not sent to %s: %s", self._name(user), to, cause.sentence)

    def _happened(self, former: Moment | None, moment: Moment | None) -> None:
        if moment is not None and moment.what is What.REFUSED and moment.cause is not None:
            who = self._name(moment.party.user) or moment.party.number
            why = moment.cause.sentence
            logger.warning("%s may not send a call to %s: %s", who, moment.other.number, why)

    def _name(self, user: str) -> str:
        known = self._directory.user(user)
        return known.username if known is not None else user


def _today() -> str:
    return time.strftime("%Y-%m-%d")


def _complain(written: "asyncio.Future[None]") -> None:
    if not written.cancelled() and (why := written.exception()) is not None:
        logger.error("what a user has spent could not be written: %s", why)
