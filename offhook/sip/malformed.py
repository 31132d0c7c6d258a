"""What is raised for bytes that are not SIP; nothing else ever leaves the parsers."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.sip.message import Message

_SHOWN = 120  # bytes of the offending text that an error quotes: a log line, not a copy of the attack


class Malformed(Exception):
    """A peer's mistake: the status that answers it, why, and in `str()` the offending text.

    `message` is what could be read in spite of it, so that a request can still be answered.
    """

    def __init__(
        self, reason: str, text: bytes = b"", *, status: int = 400, message: "Message | None" = None
    ) -> None:
        quoted = text[:_SHOWN]
        super().__init__(f"{reason}: {quoted!r}{'…' if len(text) > _SHOWN else ''}")
        self.status = status
        self.reason = reason
        self.message = message
