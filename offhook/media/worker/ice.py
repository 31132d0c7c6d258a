"""ICE-lite, RFC 8445: the peer checks our one address, we answer and follow what it chose.

An address counts only after a check signed with our password came from it; DTLS
and SRTP from anywhere else are not looked at.
"""

from offhook.media.wire import Ice
from offhook.media.worker import stun

Source = tuple[str, int] | tuple[str, int, int, int]

KEPT = 8  # addresses the peer may have proved at a time
PLAIN_PER_SECOND = 10.0  # answers to requests that show no credentials


class Doorbell:
    """Answers plain STUN: who asks is told his address, a few times a second."""

    def __init__(self) -> None:
        self._left = PLAIN_PER_SECOND
        self._at = 0.0

    def answer(self, request: stun.Message, source: Source, now: float) -> bytes | None:
        self._left = min(PLAIN_PER_SECOND, self._left + (now - self._at) * PLAIN_PER_SECOND)
        self._at = now
        if self._left < 1:
            return None
        self._left -= 1
        if request.unknown:
            return stun.error(request, 420, None)
        return stun.success(request, source[0], source[1], None)


class Agent:
    """Our side of one connection's checks."""

    def __init__(self) -> None:
        self.remote: Source | None = None  # where we send: nominated, or the first that was proved
        self._nominated = False
        self._proved: dict[Source, None] = {}
        self._now: Ice | None = None
        self._before: Ice | None = None  # credentials of before the restart, until the new ones are used

    def settle(self, ice: Ice) -> None:
        before = self._now
        if before and (before.ufrag, before.pwd, before.far_ufrag) != (ice.ufrag, ice.pwd, ice.far_ufrag):
            self._before = before
        self._now = ice

    def has_proved(self, source: Source) -> bool:
        return source in self._proved

    def answer(self, request: stun.Message, source: Source) -> bytes | None:
        """The answer to a check; None when it is not signed by our peer."""
        ice = self._signer(request)
        if ice is None:
            return None
        password = ice.pwd.encode()
        if request.unknown:
            return stun.error(request, 420, password)
        if stun.ICE_CONTROLLED in request.attributes:  # a lite agent never controls (RFC 8445 §6.1.1)
            return stun.error(request, 487, password)
        if ice is self._now and self._before is not None:
            self._before = None
            self._nominated = False  # the restart is used: what it nominates counts
        self._prove(source, nominated=stun.USE_CANDIDATE in request.attributes)
        return stun.success(request, source[0], source[1], password)

    def _signer(self, request: stun.Message) -> Ice | None:
        username = request.attributes.get(stun.USERNAME)
        for ice in (self._now, self._before):
            if (
                ice is not None
                and username == f"{ice.ufrag}:{ice.far_ufrag}".encode()
                and request.is_signed_with(ice.pwd.encode())
            ):
                return ice
        return None

    def _prove(self, source: Source, *, nominated: bool) -> None:
        self._proved.pop(source, None)
        self._proved[source] = None
        if nominated or (self.remote is None or (not self._nominated and len(self._proved) == 1)):
            self.remote = source
        self._nominated = self._nominated or nominated
        if len(self._proved) > KEPT:
            oldest = next(known for known in self._proved if known not in (self.remote, source))
            del self._proved[oldest]
