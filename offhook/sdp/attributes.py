"""The lines below an `m=` line, or above the first: what they say, as values.

Whatever is unknown or odd is passed over. The same lines come in every call of the same
phone, so what they say is remembered, unless there are keys in them.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import msgspec

MOST_IN_A_LIST = 128  # formats, rtpmaps, candidates of one m= line
_MOST_VALUE = 256  # characters of an rtpmap worth reading
_MOST_REMEMBERED = 2048  # characters of a section


class Direction(StrEnum):
    """Which way sound may go, seen from whoever wrote the description."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> "Direction":
        if sends:
            return cls.SENDRECV if receives else cls.SENDONLY
        return cls.RECVONLY if receives else cls.INACTIVE

    @property
    def sends(self) -> bool:
        return self is Direction.SENDRECV or self is Direction.SENDONLY

    @property
    def receives(self) -> bool:
        return self is Direction.SENDRECV or self is Direction.RECVONLY


_DIRECTIONS = {str(direction): direction for direction in Direction}


class Rtpmap(msgspec.Struct, frozen=True):
    payload: int
    name: str
    rate: int
    channels: int = 1

    def __str__(self) -> str:
        text = f"{self.payload} {self.name}/{self.rate}"
        return text if self.channels == 1 else f"{text}/{self.channels}"


@dataclass(frozen=True, slots=True)
class Crypto:
    """`a=crypto` of RFC 4568; `key` is the part after `inline:`, `params` what follows it."""

    tag: int
    suite: str
    key: str
    params: str = ""

    def __str__(self) -> str:
        return f"{self.tag} {self.suite} inline:{self.key}" + (f" {self.params}" if self.params else "")


@dataclass(frozen=True, slots=True)
class Candidate:
    """`a=candidate` of RFC 8839, as far as an ICE-lite agent cares."""

    foundation: str
    component: int
    transport: str
    priority: int
    host: str
    port: int
    type: str

    def __str__(self) -> str:
        return (
            f"{self.foundation} {self.component} {self.transport} {self.priority}"
            f" {self.host} {self.port} typ {self.type}"
        )


class Section:
    """What the lines said; empty or None where they said nothing."""

    __slots__ = (
        "bundles", "candidates", "cryptos", "direction", "fingerprint", "fmtps", "host", "ice_lite", "mid",
        "msid", "origin", "ptime", "pwd", "rtcp", "rtcp_mux", "rtpmaps", "setup", "ufrag",
    )  # fmt: skip

    def __init__(self, lines: str) -> None:
        self.host = self.mid = self.msid = self.fingerprint = self.ufrag = self.pwd = self.setup = ""
        self.origin: list[str] = []
        self.direction: Direction | None = None
        self.ptime: int | None = None
        self.rtcp: tuple[str, int] | None = None
        self.rtcp_mux = self.ice_lite = False
        self.rtpmaps: tuple[Rtpmap, ...] = ()
        self.fmtps: tuple[tuple[int, str], ...] = ()
        self.cryptos: tuple[Crypto, ...] = ()
        self.candidates: tuple[Candidate, ...] = ()
        self.bundles: tuple[tuple[str, ...], ...] = ()
        for line in lines.split("\n"):
            kind = line[:2]
            if kind == "a=":
                name, _, value = line[2:].partition(":")
                name = name.rstrip()
                if (direction := _DIRECTIONS.get(name)) is not None:
                    self.direction = direction
                elif (take := _TAKES.get(name)) is not None:
                    take(self, value)
            elif kind == "c=":
                self.host = host_of(line[2:].split())
            elif kind == "o=":
                self.origin = line[2:].split()

    def take_rtpmap(self, value: str) -> None:
        fits = len(value) <= _MOST_VALUE and len(self.rtpmaps) < MOST_IN_A_LIST
        if fits and (rtpmap := _rtpmap(value)) is not None:
            self.rtpmaps += (rtpmap,)

    def take_fmtp(self, value: str) -> None:
        first, _, text = value.partition(" ")
        payload, text = number(first, 127), text.strip()
        if payload is not None and text and len(self.fmtps) < MOST_IN_A_LIST:
            self.fmtps += ((payload, text),)

    def take_ptime(self, value: str) -> None:
        self.ptime = number(value.strip(), 10_000) or None

    def take_crypto(self, value: str) -> None:
        words = value.split()
        if len(words) < 3 or len(self.cryptos) == MOST_IN_A_LIST or not words[2].startswith("inline:"):
            return
        tag = number(words[0], 999_999_999)
        if tag is not None and len(words[2]) > 7:
            self.cryptos += (Crypto(tag, words[1], words[2][7:], " ".join(words[3:])),)

    def take_candidate(self, value: str) -> None:
        words = value.split()
        if len(words) < 8 or words[6] != "typ" or len(self.candidates) == MOST_IN_A_LIST:
            return
        component, priority = number(words[1], 256), number(words[3], 2**32 - 1)
        port = number(words[5], 65535)
        if component is not None and priority is not None and port is not None:
            candidate = Candidate(words[0], component, words[2], priority, words[4], port, words[7])
            self.candidates += (candidate,)

    def take_rtcp(self, value: str) -> None:
        words = value.split()
        if words and (port := number(words[0], 65535)):
            self.rtcp = host_of(words[1:]), port

    def take_rtcp_mux(self, value: str) -> None:
        self.rtcp_mux = True

    def take_ice_lite(self, value: str) -> None:
        self.ice_lite = True

    def take_group(self, value: str) -> None:
        words = value.split()
        if words and words[0] == "BUNDLE" and len(self.bundles) < MOST_IN_A_LIST:
            self.bundles += (tuple(words[1 : MOST_IN_A_LIST + 1]),)

    def take_fingerprint(self, value: str) -> None:
        words = value.split()
        if len(words) == 2 and (not self.fingerprint or words[0].lower() == "sha-256"):
            self.fingerprint = f"{words[0].lower()} {words[1].upper()}"

    def take_ufrag(self, value: str) -> None:
        self.ufrag = value.strip()

    def take_pwd(self, value: str) -> None:
        self.pwd = value.strip()

    def take_setup(self, value: str) -> None:
        self.setup = value.strip()

    def take_mid(self, value: str) -> None:
        self.mid = value.strip()

    def take_msid(self, value: str) -> None:
        self.msid = value.strip()


def read(lines: str) -> Section:
    """Not to be changed: it may be another's too."""
    if len(lines) > _MOST_REMEMBERED or "inline:" in lines or "a=ice-pwd" in lines:
        return Section(lines)
    return _remembered(lines)


_remembered = lru_cache(maxsize=256)(Section)

_TAKES = {
    "rtpmap": Section.take_rtpmap,
    "fmtp": Section.take_fmtp,
    "ptime": Section.take_ptime,
    "crypto": Section.take_crypto,
    "candidate": Section.take_candidate,
    "rtcp": Section.take_rtcp,
    "rtcp-mux": Section.take_rtcp_mux,
    "ice-lite": Section.take_ice_lite,
    "group": Section.take_group,
    "fingerprint": Section.take_fingerprint,
    "ice-ufrag": Section.take_ufrag,
    "ice-pwd": Section.take_pwd,
    "setup": Section.take_setup,
    "mid": Section.take_mid,
    "msid": Section.take_msid,
}


def host_of(words: list[str]) -> str:
    """The address of `IN IP4 192.0.2.1/127`, "" if there is none."""
    return words[2].partition("/")[0] if len(words) >= 3 and words[0] == "IN" else ""


@lru_cache(maxsize=512)
def _rtpmap(value: str) -> Rtpmap | None:
    first, _, encoding = value.partition(" ")
    payload = number(first, 127)
    parts = encoding.split("/")
    if payload is None or len(parts) < 2:
        return None
    name, rate = parts[0].strip(), number(parts[1].strip(), 1_000_000)
    channels = number(parts[2].strip(), 255) if len(parts) > 2 else 1
    if not (rate and channels and name.split() == [name]):
        return None
    return Rtpmap(payload, name, rate, channels)


def number(text: str, most: int) -> int | None:
    if len(text) > 20 or not (text.isascii() and text.isdigit()):
        return None
    value = int(text)
    return value if value <= most else None
