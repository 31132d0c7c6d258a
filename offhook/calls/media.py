"""What calls ask of a media engine. Every verb returns at once; news comes back as events.

Everyone in a bridge hears everyone else. Files are ports: music, prompts and recorders
join a bridge like any other member, so no verb is needed for them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import msgspec


class Codec(msgspec.Struct, frozen=True):
    """A way to write sound down, as RFC 4566 names it: `PCMA/8000`, `opus/48000/2`."""

    name: str
    rate: int = 8000
    channels: int = 1

    def __str__(self) -> str:
        return f"{self.name}/{self.rate}" + (f"/{self.channels}" if self.channels > 1 else "")


Codecs = tuple[Codec, ...]  # in order of preference

PCMU = Codec("PCMU")
PCMA = Codec("PCMA")
G722 = Codec("G722")  # 16 kHz sound that says 8000 for historical reasons (RFC 3551 §4.5.2)
OPUS = Codec("opus", 48000, 2)
G711: Codecs = (PCMA, PCMU)


class Kind(StrEnum):
    PHONE = "phone"  # RTP or SDES-SRTP, settled by SDP
    BROWSER = "browser"  # ICE, DTLS-SRTP, settled by SDP
    PLAY = "play"  # how: sound="ringback" | "busy" | "music" | "done", loop=bool
    RECORD = "record"  # how: file=path


class NoCommonCodec(Exception):
    """The two sides share no way to carry sound (488)."""


class NoMedia(Exception):
    """No port can be had now: the stock is empty or the worker is gone (503)."""


class Port(Protocol):
    """A leg's end in the media engine; only the engine looks inside."""

    @property
    def codecs(self) -> Codecs:
        """What was agreed, best first; what is offered until then."""

    def offer(self, *, like: Codecs | None = None) -> str:
        """Our SDP offer; again: a new version of the same session."""

    def answer(self, offer: str, *, like: Codecs | None = None) -> str:
        """Our SDP answer. Raises NoCommonCodec."""

    def accept(self, answer: str) -> None:
        """Take the answer to our offer. Raises NoCommonCodec."""

    def dial(self, key: str) -> None:
        """Send one digit to this side as a telephone-event (RFC 4733)."""

    def close(self) -> None: ...


class Bridge(Protocol):
    def open(self, kind: Kind, **how: Any) -> Port:
        """A port on this bridge's worker, not yet joined. Raises NoMedia."""

    def take(self, port: Port) -> None:
        """A port opened on another bridge belongs to this one from now on, and outlives that.

        It is in no bridge until it joins. Taking one's own port does nothing. Raises NoMedia.
        """

    def join(self, port: Port, *, heard: bool = True, hears: bool = True) -> None:
        """Let a port in; again: change what it may say and hear."""

    def replace(self, old: Port, new: Port) -> None:
        """A browser came back with a new connection: `new` takes the place of `old`."""

    def leave(self, port: Port) -> None: ...

    def close(self) -> None: ...


class Engine(Protocol):
    def bridge(self, *, near: Bridge | None = None) -> Bridge:
        """A new bridge on the least busy worker, or on that of `near`. Raises NoMedia."""


@dataclass(frozen=True, slots=True)
class PortDigit:
    """A telephone-event arrived at this port and was passed on with the sound."""

    key: str


@dataclass(frozen=True, slots=True)
class PortEnded:
    """A file has been played to its end."""


@dataclass(frozen=True, slots=True)
class PortLost:
    """Nothing has arrived for too long, or the worker died (`worker`)."""

    worker: bool = False


@dataclass(frozen=True, slots=True)
class PortFound:
    """Media arrives: for the first time, or again after `PortLost`."""


@dataclass(frozen=True, slots=True)
class PortSpeaking:
    speaking: bool


@dataclass(frozen=True, slots=True)
class PortReport:
    """What the last seconds say of the line to this side: losses are fractions, times in ms.

    The `far_` figures are what the side itself reports of the sound that goes to it, without what
    had been lost on its way to us.
    """

    loss: float
    far_loss: float
    jitter: float
    round_trip: float | None  # None until the side has reported
    far_jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class PortRenegotiate:
    """The bridge's members no longer share this port's codec: offer it G.711 only."""


PortEvent = PortDigit | PortEnded | PortLost | PortFound | PortSpeaking | PortReport | PortRenegotiate
