"""One address of a trunk: the way there, and whether anybody answers.

                two questions without an answer, or an INVITE without one
        alive ─────────────────────────────────────────────────────────────► silent
              ◄─────────────────────────────────────────────────────────────
                          anything it says

A connection that is gone says nothing of who is at its end: it is opened again.
"""

from offhook.phones.addresses import same_host
from offhook.sip.flow import Flow, Transport
from offhook.trunks.names import Target, split

MISSES = 2


class Peer:
    """Believed to be alive until it proves silent."""

    __slots__ = ("_misses", "flow", "host", "is_alive", "is_known_silent", "target", "transport")

    def __init__(self, target: Target, transport: Transport, host: str) -> None:
        self.target = target
        self.transport: Transport = transport
        self.host = host  # as the trunk names it, a port included
        self.flow: Flow | None = None  # None: to be opened
        self.is_alive = True
        self.is_known_silent = False  # that it is silent has been asked and said
        self._misses = 0

    def heard(self) -> None:
        """It has said something."""
        self.is_alive, self._misses = True, 0

    def missed(self) -> None:
        """A question stayed without an answer."""
        self._misses += 1
        if self._misses >= MISSES:
            self.is_alive = False

    def failed(self) -> None:
        """A call could not even be offered."""
        self.is_alive = False

    def is_at(self, flow: Flow) -> bool:
        if flow.is_reliable:
            return flow == self.flow
        return self._is_host(flow) and flow.port == self.target.port

    def sends_from(self, flow: Flow) -> bool:
        """Connections come from any port; over UDP too, if the administrator has named none."""
        if not self._is_host(flow):
            return False
        return flow.is_reliable or flow.port == self.target.port or split(self.host)[1] is None

    def _is_host(self, flow: Flow) -> bool:
        return flow.transport == self.transport and same_host(flow.host, self.target.host)

    def __str__(self) -> str:
        host = f"[{self.target.host}]" if ":" in self.target.host else self.target.host
        return f"{self.transport} {host}:{self.target.port}"
