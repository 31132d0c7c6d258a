"""Which codecs a description speaks of, and in which order we would have them.

Opus and G.722 come first where both ends have them; G.711 is always there, since our own
tones and every third party need it. Digits (telephone-event) are no codec and kept apart.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from offhook.calls.media import G711, G722, OPUS, PCMA, PCMU, Codec, Codecs
from offhook.sdp.attributes import Rtpmap, number
from offhook.sdp.description import Media

Numbered = tuple[tuple[Codec, int], ...]  # codecs with their payload types
Events = tuple[tuple[int, int], ...]  # clock rates with the payload types of digits

TELEPHONE_EVENT = "telephone-event"
EVENT_FMTP = "0-16"
OPUS_FMTP = "minptime=10;useinbandfec=1"

_STATIC = {0: PCMU, 8: PCMA, 9: G722}  # RFC 3551: needs no rtpmap
_KNOWN = {(codec.name.lower(), codec.rate, codec.channels): codec for codec in (PCMA, PCMU, G722, OPUS)}
_OUR_NUMBERS = {PCMA: 8, PCMU: 0, G722: 9, OPUS: 111}
_OUR_EVENT_NUMBERS = {8000: 101, 48000: 110}


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one m= line speaks: payload types by codec, in its order, and those of digits by clock rate."""

    codecs: Mapping[Codec, int]
    events: Mapping[int, int]


def spoken(media: Media) -> Spoken:
    return _spoken(media.formats, media.rtpmaps)


@lru_cache(maxsize=256)
def _spoken(formats: tuple[str, ...], rtpmaps: tuple[Rtpmap, ...]) -> Spoken:
    maps = {rtpmap.payload: rtpmap for rtpmap in rtpmaps}
    codecs: dict[Codec, int] = {}
    events: dict[int, int] = {}
    for word in formats:
        payload = number(word, 127)
        if payload is None:
            continue
        rtpmap = maps.get(payload)
        if rtpmap is None:
            codec = _STATIC.get(payload)
        else:
            name = rtpmap.name.lower()
            if name == TELEPHONE_EVENT:
                events.setdefault(rtpmap.rate, payload)
                continue
            codec = _KNOWN.get((name, rtpmap.rate, rtpmap.channels))
        if codec is not None:
            codecs.setdefault(codec, payload)
    return Spoken(codecs, events)


def ranked(codecs: Iterable[Codec], like: Codecs) -> Codecs:
    """Of `codecs`, what can meet somebody who speaks `like`: wideband both have, then all G.711.

    The order is that of `codecs`, but a G.711 law that both have comes before one that must be translated.
    """
    wide, both, rest = [], [], []
    for codec in codecs:
        if codec not in G711:
            if codec in like:
                wide.append(codec)
        elif codec in like:
            both.append(codec)
        else:
            rest.append(codec)
    return (*wide, *both, *rest)


@lru_cache(maxsize=256)
def offered(like: Codecs) -> Codecs:
    """What to offer to somebody when the other side speaks `like`."""
    return ranked((*like, *[law for law in G711 if law not in like]), like)


class Numbers:
    """The payload types by which we receive: once said, a number keeps its meaning (RFC 3264 §8.3.2)."""

    def __init__(self) -> None:
        self._codecs: dict[Codec, int] = {}
        self._events: dict[int, int] = {}

    def learn(self, theirs: Spoken) -> None:
        """Number as the offerer did (RFC 3264 §6.1 allows others, some phones do not)."""
        if self._codecs:
            self._forget({*theirs.codecs.values(), *theirs.events.values()})
        self._codecs.update(theirs.codecs)
        self._events.update(theirs.events)

    def give(self, codecs: Codecs) -> tuple[Numbered, Events]:
        """Numbers for `codecs` and for digits at their clock rates, known ones first."""
        if not self._codecs:
            numbered, events = _usual_numbers(codecs)
        else:
            rates = sorted({codec.rate for codec in codecs})
            numbered = tuple([(codec, self.of(codec)) for codec in codecs])
            events = tuple([(rate, self.of_event(rate)) for rate in rates])
        self._codecs.update(numbered)
        self._events.update(events)
        return numbered, events

    def of(self, codec: Codec) -> int:
        if (number := self._codecs.get(codec)) is None:
            number = self._codecs[codec] = self._free(_OUR_NUMBERS[codec])
        return number

    def of_event(self, rate: int) -> int:
        if (number := self._events.get(rate)) is None:
            number = self._events[rate] = self._free(_OUR_EVENT_NUMBERS[rate])
        return number

    def _forget(self, taken: set[int]) -> None:
        """They now mean something else by these."""
        self._codecs = {codec: n for codec, n in self._codecs.items() if n not in taken}
        self._events = {rate: n for rate, n in self._events.items() if n not in taken}

    def _free(self, wanted: int) -> int:
        taken = {*self._codecs.values(), *self._events.values()}
        return wanted if wanted not in taken else next(n for n in range(96, 128) if n not in taken)


@lru_cache(maxsize=256)
def _usual_numbers(codecs: Codecs) -> tuple[Numbered, Events]:
    rates = sorted({codec.rate for codec in codecs})
    return (
        tuple([(codec, _OUR_NUMBERS[codec]) for codec in codecs]),
        tuple([(rate, _OUR_EVENT_NUMBERS[rate]) for rate in rates]),
    )


def rtpmap_of(codec: Codec, number: int) -> Rtpmap:
    return Rtpmap(number, codec.name, codec.rate, codec.channels)
