"""Ports: a phone's, a browser's, a file's. What SDP settles goes to the worker as one `Settle`.

Each verb returns at once and is harmless on a closed port or a dead worker. The worker hears
of an agreement only when it differs from the last.
"""

from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from secrets import token_bytes
from typing import TYPE_CHECKING

from offhook.calls.media import G711, Codecs
from offhook.media import wire
from offhook.media.workers import Worker
from offhook.sdp.browser import BrowserSdp
from offhook.sdp.crypto import KEY_BYTES
from offhook.sdp.negotiate import Agreement, Payload
from offhook.sdp.phone import PhoneSdp, Srtp

if TYPE_CHECKING:
    from offhook.media.bridge import EngineBridge

PHONE_LOST_SECONDS = 60.0
BROWSER_LOST_SECONDS = 5.0


class EnginePort:
    """What all ports have in common: a number, a worker, and the bridge it belongs to.

    `place` is the worker's name for where it is: that bridge if it is on the same worker, else a place
    of its own.
    """

    is_hidden = False  # nobody outside the engine knows it

    def __init__(self, number: int, bridge: "EngineBridge", worker: Worker, place: int) -> None:
        self.number = number
        self.bridge = bridge
        self.worker = worker
        self.place = place
        self.is_narrowed = False  # its bridge cannot carry more than G.711
        self.is_closed = False
        self.wideband: Codecs = ()  # what it agreed on beside G.711
        self._codecs: Codecs = G711
        self._settled: wire.Settle | None = None
        self.worker.ports[number] = self

    @property
    def codecs(self) -> Codecs:
        return self._codecs

    @property
    def is_settled(self) -> bool:
        return self._settled is not None

    def offer(self, *, like: Codecs | None = None) -> str:
        raise TypeError(f"{type(self).__name__} makes no offers")

    def answer(self, offer: str, *, like: Codecs | None = None) -> str:
        raise TypeError(f"{type(self).__name__} answers no offers")

    def accept(self, answer: str) -> None:
        raise TypeError(f"{type(self).__name__} makes no offers")

    def dial(self, key: str) -> None:
        self.say(wire.Dial(self.number, key))

    def close(self) -> None:
        if self.is_closed:
            return
        self.bridge.leave(self)
        self.bridge.forget(self)
        self.say(wire.Close(self.number))
        self.forget()

    def move(self, place: int) -> None:
        """Be elsewhere on its worker, where it is not let in yet."""
        self.place = place
        self.say(wire.Take(self.number, place))

    def forget(self) -> None:
        """The worker gives it up; its pair comes back when the worker says so."""
        self.is_closed = True
        self.worker.ports.pop(self.number, None)

    def say(self, message: wire.ToWorker) -> None:
        if not self.is_closed and not self.worker.is_dead:
            self.worker.send(message)

    def settle(self, settled: wire.Settle) -> None:
        if settled != self._settled:
            self._settled = settled
            self.say(settled)

    def _agree(self, agreement: Agreement, *, latch: str, lost_after: float) -> None:
        self._codecs = agreement.codecs
        self.wideband = tuple([codec for codec in agreement.codecs if codec not in G711])
        keys, checks = agreement.keys, agreement.checks
        self.settle(
            wire.Settle(
                self.number,
                _formats(agreement.payloads),
                agreement.sends,
                agreement.receives,
                agreement.remote,
                agreement.remote_rtcp,
                agreement.mux,
                latch,
                wire.Keys(keys.suite, keys.ours, keys.theirs) if keys else None,
                wire.Ice(checks.ufrag, checks.pwd, checks.far_ufrag, checks.far_pwd, checks.fingerprint)
                if checks
                else None,
                lost_after,
            )
        )
        self.bridge.compare_codecs()

    def _allowed(self, like: Codecs | None) -> Codecs | None:
        return G711 if self.is_narrowed else like


class PhonePort(EnginePort):
    def __init__(
        self,
        number: int,
        bridge: "EngineBridge",
        pair: wire.Pair,
        *,
        session: int,
        flow_host: str,
        peer: str = "",
        nat: bool = False,
        srtp: Srtp = "auto",
        secure: bool = False,
    ) -> None:
        """`flow_host` is the address of ours to tell it, `peer` where its signalling comes from."""
        super().__init__(number, bridge, bridge.worker, bridge.number)
        self._latch = peer if nat else ""
        self._sdp = PhoneSdp(
            flow_host, pair.port, session=session, srtp=srtp, secure=secure, make_key=_srtp_key
        )

    def offer(self, *, like: Codecs | None = None) -> str:
        text = self._sdp.offer(self._allowed(like))
        if not self.is_settled:
            self._codecs = self._sdp.offered
        return text

    def answer(self, offer: str, *, like: Codecs | None = None) -> str:
        text, agreement = self._sdp.answer(offer, self._allowed(like))
        self._hear(agreement)
        return text

    def accept(self, answer: str) -> None:
        self._hear(self._sdp.accept(answer))

    def _hear(self, agreement: Agreement) -> None:
        flows = agreement.sends and agreement.receives  # on hold many phones fall silent, and rightly
        self._agree(agreement, latch=self._latch, lost_after=PHONE_LOST_SECONDS if flows else 0.0)


class BrowserPort(EnginePort):
    def __init__(
        self, number: int, bridge: "EngineBridge", pair: wire.Pair, *, session: int, hosts: Sequence[str]
    ) -> None:
        super().__init__(number, bridge, bridge.worker, bridge.number)
        self._sdp = BrowserSdp(
            hosts,
            pair.port,
            session=session,
            fingerprint=self.worker.fingerprint,
            make_credentials=_ice_credentials,
        )

    def answer(self, offer: str, *, like: Codecs | None = None) -> str:
        text, agreement = self._sdp.answer(offer, self._allowed(like))
        self._agree(agreement, latch="", lost_after=BROWSER_LOST_SECONDS)
        return text


class FilePort(EnginePort):
    """Music, a prompt, a recorder: joined like a party, without a say in codecs."""

    def __init__(self, number: int, bridge: "EngineBridge", *, records: bool) -> None:
        super().__init__(number, bridge, bridge.worker, bridge.number)
        self.records = records


class LinkPort(EnginePort):
    """One end of the wire between two bridges, on loopback."""

    is_hidden = True


@lru_cache(maxsize=256)
def _formats(payloads: tuple[Payload, ...]) -> tuple[wire.Format, ...]:
    return tuple([wire.Format(p.receive, p.send, p.name, p.rate) for p in payloads])


def _srtp_key() -> bytes:
    return token_bytes(KEY_BYTES)


def _ice_credentials() -> tuple[str, str]:
    """48 and 144 random bits; RFC 8445 §5.3 asks for 24 and 128."""
    return b64encode(token_bytes(6)).decode(), b64encode(token_bytes(18)).decode()
