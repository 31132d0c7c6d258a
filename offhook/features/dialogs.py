"""No phone sits in a dead call: what each talking phone's BYE needs is on disk, and is used after a crash."""

import asyncio
import logging

from offhook.phones.edge import Phones
from offhook.sip.dialog import TalkingDialog
from offhook.store.dialogs import Dialogs, KeptDialog

logger = logging.getLogger(__name__)


class DialogsOnDisk:
    """Keeps talking dialogs without making the calls wait."""

    def __init__(self, dialogs: Dialogs) -> None:
        self._dialogs = dialogs

    def talks(self, leg: str, dialog: TalkingDialog) -> None:
        self._dialogs.put(KeptDialog(leg, "", dialog)).add_done_callback(_written)

    def ended(self, leg: str) -> None:
        self._dialogs.remove(leg).add_done_callback(_written)

    async def say_farewell(self, phones: Phones) -> None:
        """At the start: end what the last run of the server left talking."""
        left = await self._dialogs.load()
        if left:
            logger.info("%d phones were left talking: they are told that their calls have ended", len(left))
        phones.farewell([kept.dialog for kept in left])
        for kept in left:
            self.ended(kept.leg)


def _written(done: "asyncio.Future[None]") -> None:
    if not done.cancelled() and (why := done.exception()) is not None:
        logger.error("a dialog could not be kept: %s", why)
