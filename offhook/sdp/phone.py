"""Offer and answer with a phone: RTP, or SRTP keyed by SDES; one audio line, all others refused.

A re-offer keeps the number and order of the m= lines that were there before (RFC 3264 §8).
"""

from collections.abc import Callable
from typing import Literal

from offhook.calls.media import G711, Codecs, NoCommonCodec
from offhook.sdp.attributes import Crypto, Direction
from offhook.sdp.codecs import Events, Numbered, Numbers, Spoken, offered, spoken
from offhook.sdp.crypto import SUITE, Keys, key_of, our_line, usable
from offhook.sdp.description import Description, Media
from offhook.sdp.negotiate import (
    Agreement,
    Own,
    Payload,
    audio,
    is_nowhere,
    listens,
    numbered,
    payloads,
    reaches,
    read,
    refused,
    shared,
)

Srtp = Literal["off", "auto", "required"]
_PLAIN = ("RTP/AVP", "RTP/AVPF")
_SECURE = ("RTP/SAVP", "RTP/SAVPF")


class PhoneSdp:
    """Our side of one media session with a phone, over all its offers and answers."""

    def __init__(
        self, host: str, port: int, *, session: int, srtp: Srtp, secure: bool, make_key: Callable[[], bytes]
    ) -> None:
        """`secure`: the phone signals over TLS, so a key in SDP is no secret told aloud."""
        self._host = host
        self._port = port
        self._own = Own(session, host)
        self._srtp = srtp
        self._proto = _SECURE[0] if srtp == "required" or (srtp == "auto" and secure) else _PLAIN[0]
        self._make_key = make_key
        self._key = b""
        self._crypto = (1, SUITE)
        self._numbers = Numbers()
        self._like: Codecs = G711
        self._offered: Codecs = ()
        self._numbered: tuple[Numbered, Events] = (), ()
        self._before: tuple[Media, ...] = ()  # the m= lines refused before ours
        self._behind: tuple[Media, ...] = ()

    def offer(self, like: Codecs | None) -> str:
        self._like = self._liked(like)
        self._offered = offered(self._like)
        self._numbered = self._numbers.give(self._offered)
        return self._say(*self._numbered, Direction.SENDRECV)

    @property
    def offered(self) -> Codecs:
        return self._offered

    def answer(self, offer: str, like: Codecs | None) -> tuple[str, Agreement]:
        """Raises NoCommonCodec and is then as it was before."""
        description = read(offer)
        index, theirs, crypto = self._chosen(description)
        media = description.media[index]
        codecs = shared(theirs, self._liked(like))
        self._like = self._liked(like)
        self._numbers.learn(theirs)
        self._proto = media.proto
        self._before = tuple([refused(other, self._host) for other in description.media[:index]])
        self._behind = tuple([refused(other, self._host) for other in description.media[index + 1 :]])
        if crypto is not None:
            self._crypto = crypto.tag, crypto.suite
        ours = numbered(codecs, theirs)
        direction = Direction.of(sends=listens(media), receives=media.direction.sends)
        text = self._say(*ours, direction, mid=media.mid, mux=media.rtcp_mux)
        return text, self._agreement(media, codecs, payloads(*ours, *ours), crypto, mux=media.rtcp_mux)

    def accept(self, answer: str) -> Agreement:
        """Raises NoCommonCodec."""
        lines = read(answer).media
        index = len(self._before)
        if index >= len(lines):
            raise NoCommonCodec("the answer lacks our m= line")
        media = lines[index]
        theirs = spoken(media)
        codecs = tuple([codec for codec in theirs.codecs if codec in self._offered])
        if not media.port or not codecs or not reaches(self._host, media.host):
            raise NoCommonCodec(f"the answer refuses: m={media.kind} {media.port} {media.formats}")
        crypto = None
        if self._proto in _SECURE:
            crypto = usable(line for line in media.cryptos if line.suite == self._crypto[1])
        if (media.proto in _SECURE) != (crypto is not None):
            raise NoCommonCodec(f"{media.proto} in answer to {self._proto}")
        agreed = payloads(*numbered(codecs, theirs), *self._numbered)
        return self._agreement(media, codecs, agreed, crypto, mux=False)

    def _liked(self, like: Codecs | None) -> Codecs:
        """Where nobody says anew what the other side can, as at a re-INVITE, what was said before."""
        return self._like if like is None else like

    def _chosen(self, description: Description) -> tuple[int, Spoken, Crypto | None]:
        """The first audio line we can take: its place, what it speaks, how it is secured."""
        for index, media in enumerate(description.media):
            if media.kind != "audio" or not media.port or not reaches(self._host, media.host):
                continue
            crypto = None
            if media.proto in _SECURE:
                crypto = usable(media.cryptos)
                if crypto is None or self._srtp == "off":
                    continue
            elif media.proto not in _PLAIN or self._srtp == "required":
                continue
            theirs = spoken(media)
            if theirs.codecs:
                return index, theirs, crypto
        raise NoCommonCodec(f"none of {[(m.kind, m.port, m.proto, m.formats) for m in description.media]}")

    def _say(
        self, codecs: Numbered, events: Events, direction: Direction, *, mid: str = "", mux: bool = False
    ) -> str:
        cryptos: tuple[Crypto, ...] = ()
        if self._proto in _SECURE:
            self._key = self._key or self._make_key()
            tag, suite = self._crypto
            cryptos = (our_line(tag, suite, self._key),)
        ours = audio(
            self._host, self._port, self._proto, codecs, events, direction,
            cryptos=cryptos, mid=mid, rtcp_mux=mux,
        )  # fmt: skip
        return self._own.say((*self._before, ours, *self._behind))

    def _agreement(
        self, media: Media, codecs: Codecs, payloads: tuple[Payload, ...], crypto: Crypto | None, *, mux: bool
    ) -> Agreement:
        return Agreement(
            codecs,
            payloads,
            sends=listens(media),
            receives=media.direction.sends,
            remote=(media.host, media.port) if not is_nowhere(media.host) else None,
            remote_rtcp=self._rtcp(media),
            mux=mux,
            keys=Keys(crypto.suite, self._key, key_of(crypto)) if crypto else None,
        )

    def _rtcp(self, media: Media) -> tuple[str, int] | None:
        """Where `a=rtcp` wants reports, unless that is a place we cannot send to."""
        if media.rtcp is None:
            return None
        host, port = media.rtcp
        host = host or media.host
        return (host, port) if reaches(self._host, host) and not is_nowhere(host) else None
