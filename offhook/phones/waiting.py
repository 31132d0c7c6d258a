"""An INVITE of a phone's that waits for what we say to it.

Until its first word it counts among the unanswered, by which the gate knows how far behind we are.
"""

from offhook.calls.cause import Cause
from offhook.phones.lines import Lines
from offhook.phones.words import reason
from offhook.sip.session import Session


class Waiting:
    def __init__(self, session: Session, lines: Lines) -> None:
        self._session = session
        self._lines = lines
        self._said = 100  # the last provisional response
        lines.unanswered += 1

    def proceed(self, status: int, sdp: bytes | None = None) -> None:
        """180, or 183 with sound; said once until the other is said."""
        if self._said != status:
            self.is_over()
            self._said = status
            self._session.progress(status, sdp, self._lines.now())

    def answer(self, sdp: bytes) -> None:
        self.is_over()
        self._session.answer(sdp, self._lines.now())

    def refuse(self, cause: Cause) -> None:
        headers = reason(cause)
        if cause is Cause.OVERLOADED:
            headers += b"Retry-After: 5\r\n"
        self._session.refuse(cause.sip if cause.sip >= 300 else 480, self._lines.now(), headers=headers)

    def is_over(self) -> None:
        """It has had its first word, or has given up."""
        if self._said == 100:
            self._said = 199
            self._lines.unanswered -= 1
