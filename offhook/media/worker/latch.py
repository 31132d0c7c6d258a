"""Whose packets a phone's port takes: the negotiated address, or one learnt behind NAT.

Learning happens once, in a short window after offer and answer, from the one IP
the signalling came from; afterwards everybody else is a stranger (RTP bleed and
inject, CVE-2017-14099). A new agreement opens the window again.
"""

import socket
from functools import lru_cache

from offhook.media.wire import Address
from offhook.media.worker.ice import Source

WINDOW = 5.0  # seconds


class Latch:
    def __init__(self) -> None:
        self.source: Source | None = None  # whose packets are good without a question
        self.remote: Source | None = None  # where ours go
        self._negotiated: Source | None = None
        self._learnt: Source | None = None
        self._host = ""
        self._until = 0.0

    def settle(self, remote: Address | None, host: str, now: float) -> None:
        negotiated = canonical(remote) if remote else None
        if negotiated != self._negotiated:
            self._learnt = None
        self._negotiated = negotiated
        self.remote = self._learnt or negotiated
        if host:
            self._host = canonical((host, 0))[0]
            self._until = now + WINDOW
            self.source = None
        else:
            self._host = ""
            self._learnt = None
            self.source = self.remote = negotiated

    def admits(self, source: Source, now: float) -> bool:
        """A packet that is not from `source`: may it be read? If it proves good, `follow` it."""
        if self._host and now > self._until:
            self._host = ""
            self.source = self.remote
        if not self._host:
            return source == self.source
        return source[0] == self._host or source in (self._negotiated, self._learnt)

    def follow(self, source: Source) -> None:
        if source == self._learnt and self._host:
            return  # the one we know; the window stays open for the one that may come
        self._learnt = source
        self._host = ""
        self.source = self.remote = source


def canonical(address: Address) -> Source:
    """An address as recvfrom would name it. Raises ValueError for a name."""
    host, port = address
    text = _canonical(host)
    return (text, port, 0, 0) if ":" in text else (text, port)


@lru_cache(maxsize=4096)
def _canonical(host: str) -> str:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return socket.inet_ntop(family, socket.inet_pton(family, host))
        except OSError:
            continue
    raise ValueError(f"not an address: {host!r}")
