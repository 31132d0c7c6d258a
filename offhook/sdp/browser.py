"""Answers to a browser: ICE-lite, DTLS with us passive, one bundled audio line, all candidates at once.

The page always offers. An offer with new ICE credentials is a restart: it gets new ones of ours,
on the same port; any other offer gets those it has seen.
"""

from collections.abc import Callable, Sequence

from offhook.calls.media import G711, Codecs, NoCommonCodec
from offhook.sdp.attributes import Candidate, Direction
from offhook.sdp.codecs import Events, Numbered, Spoken, spoken
from offhook.sdp.description import Description, Media
from offhook.sdp.negotiate import Agreement, Checks, Own, audio, numbered, payloads, read, refused, shared

_PROTO = "UDP/TLS/RTP/SAVPF"
_HOST_TYPE = 126 << 24  # RFC 8445 §5.1.2.1: type, local preference, component
_FINGERPRINTS = ("sha-256 ", "sha-384 ", "sha-512 ")


class BrowserSdp:
    """Our side of one media session with a browser."""

    def __init__(
        self,
        hosts: Sequence[str],
        port: int,
        *,
        session: int,
        fingerprint: str,
        make_credentials: Callable[[], tuple[str, str]],
    ) -> None:
        self._host = hosts[0]
        self._port = port
        self._own = Own(session, hosts[0])
        self._fingerprint = fingerprint
        self._make_credentials = make_credentials
        self._ours = "", ""
        self._theirs = "", ""
        self._like: Codecs = G711
        self._candidates = tuple(
            Candidate(str(n), 1, "udp", _HOST_TYPE | (65535 - n) << 8 | 255, host, port, "host")
            for n, host in enumerate(hosts, 1)
        )

    def answer(self, offer: str, like: Codecs | None) -> tuple[str, Agreement]:
        """Raises NoCommonCodec and is then as it was before."""
        description = read(offer)
        index, theirs = _chosen(description)
        media = description.media[index]
        codecs = shared(theirs, self._like if like is None else like)
        self._like = self._like if like is None else like
        if (media.ufrag, media.pwd) != self._theirs:
            self._theirs = media.ufrag, media.pwd
            self._ours = self._make_credentials()
        formats = _numbered(codecs, theirs)
        sends, receives = media.direction.receives, media.direction.sends
        ours = audio(
            self._host,
            self._port,
            _PROTO,
            *formats,
            Direction.of(sends=sends, receives=receives),
            ufrag=self._ours[0],
            pwd=self._ours[1],
            candidates=self._candidates,
            fingerprint=self._fingerprint,
            setup="passive",
            mid=media.mid,
            msid="offhook sound" if sends else "",
            rtcp_mux=True,
        )
        lines = [refused(other, self._host) for other in description.media]
        lines[index] = ours
        text = self._own.say(tuple(lines), ((media.mid,),) if media.mid else (), ice_lite=True)
        checks = Checks(*self._ours, *self._theirs, media.fingerprint)
        return text, Agreement(codecs, payloads(*formats, *formats), sends, receives, mux=True, checks=checks)


def _numbered(codecs: Codecs, theirs: Spoken) -> tuple[Numbered, Events]:
    """With digits at one clock rate, that of the sound where there is one.

    Chromium given both takes 8000 whatever it talks in, and counts by the sound's clock: 120 ms become 20.
    """
    numbers, events = numbered(codecs, theirs)
    return numbers, tuple([event for event in events if event[0] == codecs[0].rate]) or events


def _chosen(description: Description) -> tuple[int, Spoken]:
    for index, media in enumerate(description.media):
        if media.kind == "audio" and media.port and media.proto == _PROTO and _is_safe(media):
            theirs = spoken(media)
            if theirs.codecs:
                return index, theirs
    raise NoCommonCodec(f"none of {[(m.kind, m.port, m.proto, m.formats) for m in description.media]}")


def _is_safe(media: Media) -> bool:
    """All that ICE and DTLS need is there, and it will be the DTLS client; its id is fit to be repeated."""
    return (
        media.rtcp_mux
        and len(media.ufrag) >= 4
        and len(media.pwd) >= 22
        and media.fingerprint.startswith(_FINGERPRINTS)
        and media.setup in ("actpass", "active")
        and not media.mid.split()[1:]
    )
