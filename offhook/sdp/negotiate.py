"""Offer and answer (RFC 3264): what was agreed, and the rules that phones and browsers share.

Callers give what chance decides (session numbers, keys); nothing here makes any up.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import msgspec

from offhook.calls.media import Codecs, NoCommonCodec
from offhook.sdp.attributes import Direction, Rtpmap
from offhook.sdp.codecs import (
    EVENT_FMTP,
    OPUS_FMTP,
    TELEPHONE_EVENT,
    Events,
    Numbered,
    Spoken,
    ranked,
    rtpmap_of,
    spoken,
)
from offhook.sdp.crypto import Keys
from offhook.sdp.description import BadSdp, Description, Media, Origin, parse

PTIME = 20
_OPUS = "opus"


class Payload(msgspec.Struct, frozen=True):
    """A payload type both ends know, by the number we receive and the number we send."""

    receive: int
    send: int
    name: str
    rate: int


class Checks(msgspec.Struct, frozen=True):
    """ICE: our credentials, theirs, and the certificate they announced."""

    ufrag: str
    pwd: str
    far_ufrag: str
    far_pwd: str
    fingerprint: str


class Agreement(msgspec.Struct, frozen=True):
    """What an offer and its answer came to, seen from us."""

    codecs: Codecs  # best first
    payloads: tuple[Payload, ...]
    sends: bool
    receives: bool
    remote: tuple[str, int] | None = None
    remote_rtcp: tuple[str, int] | None = None
    mux: bool = False
    keys: Keys | None = None
    checks: Checks | None = None


def codecs_of(sdp: bytes | str) -> Codecs:
    """The codecs we know of its first audio line that has any, in its order. Raises BadSdp."""
    for media in parse(sdp).media:
        if media.kind == "audio" and media.port and (codecs := spoken(media).codecs):
            return tuple(codecs)
    return ()


def holds(sdp: bytes | str) -> bool:
    """Whether its writer stopped listening: sendonly, inactive, or an address of nowhere. Raises BadSdp."""
    for media in parse(sdp).media:
        if media.kind == "audio" and media.port:
            return not listens(media)
    return False


def listens(media: Media) -> bool:
    return media.direction.receives and not is_nowhere(media.host)


def is_nowhere(host: str) -> bool:
    """0.0.0.0 and ::, by which phones said "on hold" before they could say sendonly."""
    return _place(host).is_nowhere


def read(sdp: bytes | str) -> Description:
    """As `parse`, for those who can only say 488."""
    try:
        return parse(sdp)
    except BadSdp as why:
        raise NoCommonCodec(str(why)) from why


def reaches(host: str, peer: str) -> bool:
    """Whether a socket on `host` could send to `peer`, or the peer only says that it does not listen."""
    place = _place(peer)
    return place.is_known and place.version == _place(host).version


def shared(theirs: Spoken, like: Codecs) -> Codecs:
    """The codecs of our answer, best first. Raises NoCommonCodec."""
    codecs = ranked(theirs.codecs, like)
    if not codecs:
        raise NoCommonCodec(f"they speak {list(map(str, theirs.codecs))}, the others {list(map(str, like))}")
    return codecs


def numbered(codecs: Codecs, theirs: Spoken) -> tuple[Numbered, Events]:
    """An answer's codecs by the offerer's numbers, with digits at the clock rates those codecs have."""
    rates = [codec.rate for codec in codecs]
    return (
        tuple([(codec, theirs.codecs[codec]) for codec in codecs]),
        tuple([event for event in theirs.events.items() if event[0] in rates]),
    )


def audio(
    host: str, port: int, proto: str, codecs: Numbered, events: Events, direction: Direction, **rest: Any
) -> Media:
    """Our m= line; `rest` are further fields of it."""
    formats, rtpmaps, fmtps = _maps(codecs, events)
    return Media("audio", port, proto, formats, host, direction, rtpmaps, fmtps, PTIME, **rest)


@lru_cache(maxsize=256)  # a few dozen combinations make up all calls
def payloads(
    sent: Numbered, sent_events: Events, received: Numbered, received_events: Events
) -> tuple[Payload, ...]:
    """Their numbers, by which we send, beside ours, by which we receive; digits only where both know them."""
    ours, our_events = dict(received), dict(received_events)
    return (
        *[Payload(ours[codec], number, codec.name, codec.rate) for codec, number in sent],
        *[
            Payload(our_events[rate], number, TELEPHONE_EVENT, rate)
            for rate, number in sent_events
            if rate in our_events
        ],
    )


@lru_cache(maxsize=256)
def _maps(
    codecs: Numbered, events: Events
) -> tuple[tuple[str, ...], tuple[Rtpmap, ...], tuple[tuple[int, str], ...]]:
    rtpmaps = [rtpmap_of(codec, number) for codec, number in codecs]
    fmtps = [(number, OPUS_FMTP) for codec, number in codecs if codec.name == _OPUS]
    for rate, number in events:
        rtpmaps.append(Rtpmap(number, TELEPHONE_EVENT, rate))
        fmtps.append((number, EVENT_FMTP))
    return tuple([str(rtpmap.payload) for rtpmap in rtpmaps]), tuple(rtpmaps), tuple(fmtps)


def refused(media: Media, host: str) -> Media:
    """The m= line that says no to `media` (port 0), in its place."""
    return Media(media.kind, 0, media.proto, media.formats[:1], host, Direction.INACTIVE, mid=media.mid)


class Own:
    """What we last said of ourselves. The version in `o=` moves only when something else did."""

    def __init__(self, session: int, host: str) -> None:
        self._session = str(session)
        self._host = host
        self._version = 0
        self._said: tuple[Media, ...] = ()
        self._text = ""

    def say(
        self, media: tuple[Media, ...], bundles: tuple[tuple[str, ...], ...] = (), *, ice_lite: bool = False
    ) -> str:
        if media != self._said:
            self._said = media
            self._version += 1
            origin = Origin("-", self._session, self._version, self._host)
            self._text = str(Description(origin, media, bundles, ice_lite))
        return self._text


@dataclass(frozen=True, slots=True)
class _Place:
    is_known: bool  # an address one could send to, or that of nowhere
    is_nowhere: bool
    version: int


@lru_cache(maxsize=4096)
def _place(host: str) -> _Place:
    try:
        address = ip_address(host)
    except ValueError:
        return _Place(is_known=False, is_nowhere=False, version=0)
    everyone = address.is_multicast or host == "255.255.255.255"
    return _Place(is_known=not everyone, is_nowhere=address.is_unspecified, version=address.version)
