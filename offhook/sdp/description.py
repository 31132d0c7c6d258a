"""SDP (RFC 8866): `parse` takes what phones and browsers send, `str` writes what they understand.

Whatever is missing, unknown or odd without harm is passed over; what could hurt (size, counts, a broken
`m=` line) raises `BadSdp` and nothing else does. What the session says for all its media stands in each.
"""

from functools import lru_cache

import msgspec

from offhook.sdp.attributes import MOST_IN_A_LIST, Candidate, Crypto, Direction, Rtpmap, Section, number, read

MOST_BYTES = 64 * 1024
_MOST_MEDIA = 32


class BadSdp(Exception):
    """This is no session description; says why."""


class Origin(msgspec.Struct, frozen=True):
    """`o=`: who described which session in which version."""

    user: str = "-"
    session: str = "0"
    version: int = 0
    host: str = "0.0.0.0"

    def __str__(self) -> str:
        return f"{self.user} {self.session} {self.version} {_network(self.host)}"


class Media(msgspec.Struct, frozen=True):
    """One `m=` line with what belongs to it."""

    kind: str
    port: int
    proto: str
    formats: tuple[str, ...]
    host: str = ""  # from its own c= or the session's
    direction: Direction = Direction.SENDRECV
    rtpmaps: tuple[Rtpmap, ...] = ()
    fmtps: tuple[tuple[int, str], ...] = ()
    ptime: int | None = None
    cryptos: tuple[Crypto, ...] = ()
    ufrag: str = ""
    pwd: str = ""
    candidates: tuple[Candidate, ...] = ()
    fingerprint: str = ""  # `sha-256 AB:CD:…`
    setup: str = ""
    mid: str = ""
    msid: str = ""
    rtcp: tuple[str, int] | None = None  # its host is empty where only the port was given
    rtcp_mux: bool = False


class Description(msgspec.Struct, frozen=True):
    origin: Origin
    media: tuple[Media, ...]
    bundles: tuple[tuple[str, ...], ...] = ()  # a=group:BUNDLE, each a list of mids
    ice_lite: bool = False

    def __str__(self) -> str:
        hosts = {media.host for media in self.media}
        common = len(hosts) == 1
        lines = ["v=0", f"o={self.origin}", "s=-"]
        if common and (host := self.media[0].host):
            lines.append(f"c={_network(host)}")
        lines.append("t=0 0")
        if self.ice_lite:
            lines.append("a=ice-lite")
        lines += [f"a=group:BUNDLE {' '.join(mids)}" for mids in self.bundles]
        for media in self.media:
            _write_media(media, lines, with_host=not common)
        lines.append("")
        return "\r\n".join(lines)


def parse(text: bytes | str) -> Description:
    """Raises `BadSdp`, whatever the bytes. A text seen lately costs nothing."""
    if len(text) > MOST_BYTES:
        raise BadSdp(f"{len(text)} bytes of SDP")
    return _parse(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)


# The same offer is read when a call comes in and when it is answered, an answer by leg and port.
@lru_cache(maxsize=32)
def _parse(text: str) -> Description:
    head, *parts = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n").split("\nm=")
    if head[:4].rstrip() != "v=0":
        raise BadSdp(f"begins with {head[:40]!r}")
    if len(parts) > _MOST_MEDIA:
        raise BadSdp(f"{len(parts)} m= lines")
    session = Section(head)
    media = tuple([_media(part, session) for part in parts])
    return Description(_origin(session.origin), media, session.bundles, session.ice_lite)


def _media(text: str, session: Section) -> Media:
    """The rest of an `m=` line and the lines below it."""
    line, _, lines = text.partition("\n")
    words = line.split()
    port = number(words[1].partition("/")[0], 65535) if len(words) > 3 else None
    if port is None or len(words) > 3 + MOST_IN_A_LIST:
        raise BadSdp(f"m={line[:80]}")
    own = read(lines)
    return Media(
        words[0],
        port,
        words[2],
        tuple(words[3:]),
        own.host or session.host,
        own.direction or session.direction or Direction.SENDRECV,
        own.rtpmaps,
        own.fmtps,
        own.ptime,
        own.cryptos,
        own.ufrag or session.ufrag,
        own.pwd or session.pwd,
        own.candidates,
        own.fingerprint or session.fingerprint,
        own.setup or session.setup,
        own.mid,
        own.msid,
        own.rtcp,
        own.rtcp_mux,
    )


def _origin(words: list[str]) -> Origin:
    if len(words) < 6:
        return Origin()
    return Origin(words[0], words[1], number(words[2], 2**64 - 1) or 0, words[5])


def _write_media(media: Media, lines: list[str], *, with_host: bool) -> None:
    lines.append(f"m={media.kind} {media.port} {media.proto} {' '.join(media.formats)}")
    if with_host and media.host:
        lines.append(f"c={_network(media.host)}")
    lines += _codec_lines(media.rtpmaps, media.fmtps)
    if media.ptime is not None:
        lines.append(f"a=ptime:{media.ptime}")
    lines += [f"a=crypto:{crypto}" for crypto in media.cryptos]
    if media.mid:
        lines.append(f"a=mid:{media.mid}")
    if media.msid:
        lines.append(f"a=msid:{media.msid}")
    if media.ufrag:
        lines.append(f"a=ice-ufrag:{media.ufrag}")
    if media.pwd:
        lines.append(f"a=ice-pwd:{media.pwd}")
    if media.fingerprint:
        lines.append(f"a=fingerprint:{media.fingerprint}")
    if media.setup:
        lines.append(f"a=setup:{media.setup}")
    lines += [f"a=candidate:{candidate}" for candidate in media.candidates]
    if media.rtcp is not None:
        host, port = media.rtcp
        lines.append(f"a=rtcp:{port} {_network(host)}" if host else f"a=rtcp:{port}")
    if media.rtcp_mux:
        lines.append("a=rtcp-mux")
    lines.append(f"a={media.direction}")


@lru_cache(maxsize=256)
def _codec_lines(rtpmaps: tuple[Rtpmap, ...], fmtps: tuple[tuple[int, str], ...]) -> tuple[str, ...]:
    return (
        *[f"a=rtpmap:{rtpmap}" for rtpmap in rtpmaps],
        *[f"a=fmtp:{payload} {text}" for payload, text in fmtps],
    )


def _network(host: str) -> str:
    return f"IN IP6 {host}" if ":" in host else f"IN IP4 {host}"
