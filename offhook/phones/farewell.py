"""Phones that were talking when the server died sit in a dead call: each gets its BYE.

Over UDP at once, over TCP by connecting to where it listens; whoever cannot be reached hears it when
something from its address has signed in over a connection of the same kind.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from offhook.phones.binding import listens_at
from offhook.sip.dialog import TalkingDialog
from offhook.sip.endpoint import Endpoint
from offhook.sip.flow import Flow
from offhook.sip.malformed import Malformed

PATIENCE_SECONDS = 600.0  # twice as long as a phone on a connection may take to register again


class Farewells:
    """The dialogs that are still to be ended."""

    def __init__(self, endpoint: Endpoint, connect: Callable[[str, int], Flow]) -> None:
        self._endpoint = endpoint
        self._connect = connect
        self._waiting: list[TalkingDialog] = []
        self._until = 0.0
        self._told: set[tuple[int, bytes]] = set()

    def say(self, dialogs: Iterable[TalkingDialog], now: float) -> None:
        """End what was left of another run of the server."""
        self._until = now + PATIENCE_SECONDS
        for dialog in dialogs:
            if dialog.flow.transport == "udp":
                self._endpoint.farewell(dialog, now)
                continue
            self._waiting.append(dialog)
            if dialog.flow.transport == "tcp" and (target := _listens(dialog)) is not None:
                self._over(self._connect(*target), dialog, now)

    def came_back(self, flow: Flow, now: float) -> None:
        """Somebody has signed in over this connection; a phone that does not know the dialog just says so."""
        if now >= self._until:
            self._waiting.clear()
            self._told.clear()
        for dialog in self._waiting:
            if (dialog.flow.transport, dialog.flow.host) == (flow.transport, flow.host):
                self._over(flow, dialog, now)

    @property
    def is_done(self) -> bool:
        return not self._waiting

    def _over(self, flow: Flow, dialog: TalkingDialog, now: float) -> None:
        if (flow.connection, dialog.call_id) not in self._told:
            self._told.add((flow.connection, dialog.call_id))
            self._endpoint.farewell(replace(dialog, flow=flow), now)


def _listens(dialog: TalkingDialog) -> tuple[str, int] | None:
    """Where its Contact says it listens, if that is where it was: no NAT lay between."""
    try:
        target = listens_at(dialog.target)
    except Malformed:
        return None
    return target if target is not None and target[0] == dialog.flow.host else None
