"""No phone sits in a dead call: what each talking phone's BYE needs is on disk, and is used after a crash."""

import asyncio
import logging

from offhook.phones.edge import Phones
from offhook.sip.dialog import TalkingDialog
from offhook.store.dialogs import Dialogs, KeptDialog

GATHER_SECONDS = 0.05  # what changes within it is written together; a call that short is not written at all

logger = logging.getLogger(__name__)


class DialogsOnDisk:
    """Keeps talking dialogs without making the calls wait."""

    def __init__(self, dialogs: Dialogs) -> None:
        self._dialogs = dialogs
        self._changed: dict[str, TalkingDialog | None] = {}  # by leg; None: it has ended
        self._kept: set[str] = set()
        self._is_due = False

    def talks(self, leg: str, dialog: TalkingDialog) -> None:
        self._changed[leg] = dialog
        self._soon()

    def ended(self, leg: str) -> None:
        if leg in self._kept:
            self._changed[leg] = None
            self._soon()
        else:
            self._changed.pop(leg, None)

    async def say_farewell(self, phones: Phones) -> None:
        """At the start: end what the last run of the server left talking."""
        left = await self._dialogs.load()
        if left:
            logger.info("%d phones were left talking: they are told that their calls have ended", len(left))
        phones.farewell([kept.dialog for kept in left])
        self._dialogs.remove([kept.leg for kept in left]).add_done_callback(_written)

    def flush(self) -> None:
        """Write what has changed now."""
        self._is_due = False
        changed, self._changed = self._changed, {}
        talking = [KeptDialog(leg, dialog) for leg, dialog in changed.items() if dialog is not None]
        ended = [leg for leg, dialog in changed.items() if dialog is None]
        self._kept.update(kept.leg for kept in talking)
        self._kept.difference_update(ended)
        if talking:
            self._dialogs.put(talking).add_done_callback(_written)
        if ended:
            self._dialogs.remove(ended).add_done_callback(_written)

    def _soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self.flush)


def _written(done: "asyncio.Future[None]") -> None:
    if not done.cancelled() and (why := done.exception()) is not None:
        logger.error("dialogs could not be kept: %s", why)
