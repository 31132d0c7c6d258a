"""A browser's way to a port: ICE says from where it may speak, DTLS with which keys.

The keys count only when the certificate shown in the handshake is the one its SDP
named, whichever of the two comes first.
"""

from collections import Counter

from cryptography import x509
from OpenSSL import SSL

from offhook.media.wire import Ice
from offhook.media.worker import stun
from offhook.media.worker.dtls import Handshake, Identity, is_named
from offhook.media.worker.ice import Agent, Source
from offhook.media.worker.srtp import Shield

KEPT = 20.0  # seconds in which the peer may still ask for our last flight


class Association:
    def __init__(self, identity: Identity, refused: Counter[str]) -> None:
        self.shield: Shield | None = None  # there once the peer has proved who it is
        self._identity = identity
        self._refused = refused
        self._agent = Agent()
        self._wanted = ""  # fingerprint
        self._handshake: Handshake | None = None
        self._peer: x509.Certificate | None = None
        self._secured_at = 0.0

    @property
    def remote(self) -> Source | None:
        return self._agent.remote

    @property
    def handshaking(self) -> bool:
        return self._handshake is not None and not self._handshake.done

    def settle(self, ice: Ice, now: float) -> None:
        self._agent.settle(ice)
        self._wanted = ice.fingerprint
        if self.shield is not None and not is_named(self._peer, ice.fingerprint):
            self.shield = self._handshake = self._peer = None  # another: it has to shake hands itself
        self._secure(now)

    def has_proved(self, source: Source) -> bool:
        return self._agent.has_proved(source)

    def check(self, request: stun.Message, source: Source) -> bytes | None:
        """The answer to a connectivity check; None when our peer did not sign it."""
        return self._agent.answer(request, source)

    def receive(self, data: bytes, source: Source, now: float) -> list[bytes]:
        """DTLS from an address; what to send back there.

        Strangers get nothing, or a forged ClientHello would take the call
        (CVE-2023-49786).
        """
        if not self._agent.has_proved(source):
            self._refused["source"] += 1
            return []
        if self._handshake is None:
            if self.shield is not None:
                return []  # long done
            self._handshake = Handshake(self._identity)
        try:
            flights = self._handshake.receive(data)
        except SSL.Error:
            self._refused["dtls"] += 1
            if not self._handshake.done:
                self._handshake = None
            return []
        self._secure(now)
        return flights

    def sweep(self, now: float) -> list[bytes]:
        """What is to be sent once more, to `remote`."""
        if self._handshake is None:
            return []
        if not self._handshake.done:
            return self._handshake.tick()
        if self.shield is not None and now - self._secured_at > KEPT:
            self._handshake = None
        return []

    def _secure(self, now: float) -> None:
        handshake = self._handshake
        if self.shield is not None or not self._wanted or handshake is None or not handshake.done:
            return
        if not is_named(handshake.certificate, self._wanted):
            self._refused["fingerprint"] += 1
            self._handshake = None
            return
        try:
            self.shield = handshake.shield()
        except ValueError:  # no profile of ours: no sound
            self._refused["dtls"] += 1
            self._handshake = None
            return
        self._peer = handshake.certificate
        self._secured_at = now
