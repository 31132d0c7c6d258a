"""Cuts what a TCP or TLS connection brings into whole messages (RFC 3261 §18.3, RFC 5626 §4.4.1).

The end of a head is looked for once per byte, and nothing is kept beyond the limits of a message.
"""

import re
from enum import Enum
from typing import Final

from offhook.sip.malformed import Malformed
from offhook.sip.message import MAX_HEAD, MAX_MESSAGE, Message, parse


class Keepalive(Enum):
    """What is no message but wants an answer: a single CRLF."""

    PING = b"\r\n\r\n"


class Stream:
    """One connection's bytes. After `Malformed` the connection can only be closed."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._searched = 0  # no head ends before this
        self._needed = 0  # length of the message whose head is complete
        self._broken: Malformed | None = None

    def feed(self, data: bytes) -> list[bytes | Keepalive]:
        """The messages completed by these bytes.

        Whole messages before a fault are handed out first; the fault is raised by the next call,
        `feed(b"")` if need be (`is_broken` tells).
        """
        if self._broken is not None:
            raise self._broken
        self._waiting += data
        out: list[bytes | Keepalive] = []
        try:
            while self._skip_line_ends(out) and self._is_complete():
                out.append(bytes(self._waiting[: self._needed]))
                self._drop(self._needed)
        except Malformed as fault:
            self._broken = fault
            self._waiting.clear()
            if not out:
                raise
        return out

    @property
    def is_broken(self) -> bool:
        return self._broken is not None

    @property
    def waiting(self) -> int:
        """Bytes of a message that has begun; who lets it stand too long is up to something."""
        return len(self._waiting)

    def _skip_line_ends(self, out: list[bytes | Keepalive]) -> bool:
        """Each double CRLF between messages is a ping, a single one means nothing; False: nothing left."""
        waiting = self._waiting
        if self._needed or not waiting or waiting[0] not in b"\r\n":
            return bool(waiting)
        pings = 0
        while waiting.startswith(Keepalive.PING.value, 4 * pings):
            pings += 1
        if pings:
            out.append(Keepalive.PING)  # however many: one answer, or they would be an amplifier
        rest = 4 * pings
        if len(waiting) - rest <= 3 and Keepalive.PING.value.startswith(waiting[rest:]):
            self._drop(rest)  # may yet become a ping
            return False
        while rest < len(waiting) and waiting[rest] in b"\r\n":
            rest += 1
        self._drop(rest)
        return bool(waiting)

    def _is_complete(self) -> bool:
        if self._needed:
            return len(self._waiting) >= self._needed
        end = _HEAD_END.search(self._waiting, self._searched, MAX_HEAD + 4)
        if end is None:
            if len(self._waiting) > MAX_HEAD:
                raise Malformed("Headers without end", bytes(self._waiting[:200]), status=413)
            self._searched = max(0, len(self._waiting) - 3)
            return False
        head = bytes(self._waiting[: end.end()])
        self._needed = end.end() + self._body_length(head)
        if self._needed > MAX_MESSAGE:
            raise _answerable(Malformed("Message too big", head, status=413), head)
        return len(self._waiting) >= self._needed

    def _body_length(self, head: bytes) -> int:
        lengths = _LENGTHS.findall(head)
        if len(lengths) != 1:
            # Without it nobody knows where the next message begins: RFC 3261 §18.3.
            wrong = "Content-Length given twice" if lengths else "Missing content-length"
            raise _answerable(Malformed(wrong, head), head)
        digits = lengths[0].strip()
        if not digits.isdigit():
            raise _answerable(Malformed("Bad Content-Length", digits), head)
        digits = digits.lstrip(b"0")
        return int(digits or b"0") if len(digits) < 10 else MAX_MESSAGE

    def _drop(self, length: int) -> None:
        del self._waiting[:length]
        self._searched = self._needed = 0


def _answerable(fault: Malformed, head: bytes) -> Malformed:
    """With the message in it, if its head can be read, so that the peer is told before it is cut off."""
    message: Message | None
    try:
        message = parse(head)
    except Malformed as worse:
        message = worse.message
    fault.message = message
    return fault


_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTHS: Final = re.compile(
    rb"\n(?:content-length|l)[ \t]*+:((?>(?:[^\r\n]++|\r?+\n[ \t]++|\r(?!\n))*))", re.IGNORECASE
)
