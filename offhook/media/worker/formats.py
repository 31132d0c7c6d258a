"""Payload types: what a second byte of RTP means at one port, and what it becomes at another."""

from dataclasses import dataclass
from functools import lru_cache

from offhook.media.wire import Format
from offhook.media.worker import g711
from offhook.media.worker.rtp import MARKER


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """One payload type as agreed with a peer."""

    name: str  # lower case
    rate: int
    receive: int
    send: int
    law: g711.Law | None
    is_event: bool


Codes = list[Code | None]  # by second byte, marker bit included
NOTHING: Codes = [None] * 256


class Formats:
    """What a port has agreed on, best first. Not to be changed: by `formats_of` many ports share one."""

    def __init__(self, formats: tuple[Format, ...] = ()) -> None:
        self.codes = tuple(
            Code(
                name=f.name.lower(),
                rate=f.rate,
                receive=f.receive,
                send=f.send,
                law=g711.law_of(f.name),
                is_event=f.name.lower() == "telephone-event",
            )
            for f in formats
        )
        self.by_second: Codes = list(NOTHING)
        for code in reversed(self.codes):
            self.by_second[code.receive] = self.by_second[code.receive | MARKER] = code
        sound = [code for code in self.codes if not code.is_event and code.name != "cn"]
        self.first = sound[0] if sound else None
        self.g711 = next((code for code in sound if code.law is not None), None)
        self._events = [code for code in self.codes if code.is_event]
        self.event = self.event_at(self.first.rate if self.first else 8000)

    def event_at(self, rate: int) -> Code | None:
        """How digits go out beside sound of this clock rate; None if they cannot."""
        events = self._events
        return next((code for code in events if code.rate == rate), events[0] if events else None)

    def to_send(self, code: Code) -> tuple[Code, bytes | None] | None:
        """How what is `code` elsewhere goes out here, and through which table; None if it cannot."""
        for ours in self.codes:
            if ours.name == code.name and ours.rate == code.rate:
                return ours, None
        if code.law is not None and self.g711 is not None and self.g711.law is not None:
            return self.g711, g711.TRANSLATE[code.law, self.g711.law]
        return None


@lru_cache(maxsize=256)  # a few dozen combinations make up all calls
def formats_of(formats: tuple[Format, ...]) -> Formats:
    return Formats(formats)
