"""Offer and answer for the port of one line (RFC 3264): what was said is kept, so that nothing is said twice.

Whoever asks hands in the port. NoCommonCodec is raised through, and nothing has changed then.
"""

from offhook.calls.media import G711, Codecs, Port
from offhook.sdp.description import BadSdp
from offhook.sdp.negotiate import holds


class Negotiation:
    def __init__(self) -> None:
        self.offer = b""  # the caller's, kept until it is answered; b"" is a late one
        self.answer = b""  # ours to it
        self.is_holding = False  # the phone, by the direction it gave last
        self._last: tuple[bytes, bytes] | None = None  # their latest re-offer and our answer to it
        self._like: Codecs | None = None

    def propose(self, port: Port, like: Codecs | None) -> bytes:
        """Our offer to a phone we call."""
        self._like = like
        return port.offer(like=like).encode()

    def settle(self, port: Port, like: Codecs) -> None:
        """Make our `answer` to a caller; a late offer is answered with ours."""
        if self.offer:
            self.answer = port.answer(_text(self.offer), like=like).encode()
        else:
            self.answer = port.offer(like=like).encode()
        self._like = like

    def propose_again(self, port: Port) -> bytes:
        """They want a new offer of ours."""
        self._last = None
        return port.offer(like=self._like).encode()

    def repeated(self, sdp: bytes) -> bytes | None:
        """What we answered to this offer before, if it is their latest and changes nothing."""
        return self._last[1] if self._last is not None and self._last[0] == sdp else None

    def answer_again(self, port: Port, sdp: bytes) -> bytes:
        """Our answer to a new offer of theirs."""
        ours = port.answer(_text(sdp), like=self._like).encode()
        self._last = sdp, ours
        return ours

    def propose_g711(self, port: Port) -> bytes:
        """Our offer of what everybody speaks."""
        self._last = None
        return self.propose(port, G711)

    def accept(self, port: Port, sdp: bytes) -> None:
        port.accept(_text(sdp))

    def turns(self, sdp: bytes) -> bool:
        """Whether the phone puts us on hold with this, or takes us back."""
        try:
            holding = holds(sdp)
        except BadSdp:
            return False
        was, self.is_holding = self.is_holding, holding
        return was != holding


def _text(sdp: bytes) -> str:
    return sdp.decode("utf-8", "replace")
