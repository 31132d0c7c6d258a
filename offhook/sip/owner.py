"""Who is in a call: what a session tells, and nobody, who owns the sessions that have ended."""

from typing import Final, Protocol

from offhook.sip.message import Request


class SessionOwner(Protocol):
    """Who is in the call. Nothing here is called from within a call of its own."""

    def progressed(self, status: int, sdp: bytes, now: float) -> None:
        """It rings (18x). Of several places that ring, the newest with a description counts."""

    def answered(self, sdp: bytes, now: float) -> None:
        """The first 2xx to our INVITE: its answer, or, if we sent no offer, what `offered` has settled."""

    def offered(self, sdp: bytes, now: float) -> bytes | int:
        """Their offer: our answer, or a status such as 488. b"": they want an offer of ours."""

    def agreed(self, sdp: bytes, now: float) -> None:
        """Their answer to an offer of ours."""

    def disagreed(self, status: int, now: float) -> None:
        """They refused a change we offered; all stays as it was."""

    def confirmed(self, now: float) -> None:
        """They have our 200."""

    def requested(self, request: Request, now: float) -> tuple[int, bytes]:
        """INFO, NOTIFY: the status and header lines of the response."""

    def redirected(self, contacts: list[bytes], now: float) -> None:
        """A 3xx and where it points; `ended` follows."""

    def ended(self, status: int, reason: bytes, now: float) -> None:
        """Once, and the last word: 200 BYE, 487 cancelled, 408 no answer or ACK, or how it was refused."""


class _Nobody:
    """Owns what has ended, so that it keeps nobody alive."""

    def progressed(self, status: int, sdp: bytes, now: float) -> None:
        pass

    def answered(self, sdp: bytes, now: float) -> None:
        pass

    def offered(self, sdp: bytes, now: float) -> bytes | int:
        return 481

    def agreed(self, sdp: bytes, now: float) -> None:
        pass

    def disagreed(self, status: int, now: float) -> None:
        pass

    def confirmed(self, now: float) -> None:
        pass

    def requested(self, request: Request, now: float) -> tuple[int, bytes]:
        return 481, b""

    def redirected(self, contacts: list[bytes], now: float) -> None:
        pass

    def ended(self, status: int, reason: bytes, now: float) -> None:
        pass


NOBODY: Final[SessionOwner] = _Nobody()
