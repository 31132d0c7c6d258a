"""What server and media worker say to each other over their socketpair.

Messages go one way, in order, and are never answered; what is said together is one msgpack list, sent
with a four-byte big-endian length in front. A port's id and a bridge's id are numbers the server makes up.
The worker never sees SDP: the server's half of the engine turns it into these structs.
"""

from typing import Literal

import msgspec

Address = tuple[str, int]


class Pair(msgspec.Struct, frozen=True, array_like=True):
    """Two bound sockets the worker keeps in stock; RTP on the even port, RTCP one above."""

    number: int
    host: str  # the address it is bound to
    port: int


class Keys(msgspec.Struct, frozen=True, array_like=True):
    """SDES-SRTP, RFC 4568: master key and salt joined, 30 bytes for AES_CM_128_HMAC_SHA1_80."""

    suite: str
    ours: bytes
    theirs: bytes


class Ice(msgspec.Struct, frozen=True, array_like=True):
    """ICE-lite, RFC 8445: the peer checks us, we answer. `old_*` stay valid until the restart is used."""

    ufrag: str
    pwd: str
    far_ufrag: str
    far_pwd: str
    fingerprint: str  # the peer's, `sha-256 AB:CD:…`


class Format(msgspec.Struct, frozen=True, array_like=True):
    """One payload type of the session: the number we receive, the number we send, and what it is."""

    receive: int
    send: int
    name: str  # PCMA, PCMU, G722, opus, telephone-event, CN
    rate: int


# ---- server to worker


class Open(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Take `pair` out of the stock (none for files) and make it port `port`, part of bridge `bridge`."""

    port: int
    bridge: int
    kind: Literal["phone", "browser", "play", "record"]
    pair: int | None = None
    file: str = ""
    loop: bool = False


class Settle(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """What offer and answer agreed on; again whenever they agree anew."""

    port: int
    formats: tuple[Format, ...]  # the first audio one is what we send by ourselves
    sends: bool  # we may send
    receives: bool  # we take what comes
    remote: Address | None = None
    remote_rtcp: Address | None = None  # None: muxed with RTP when `mux`, else remote's port + 1
    mux: bool = False
    latch: str = ""  # behind NAT: learn the source once, within 5 s, from this IP only
    keys: Keys | None = None
    ice: Ice | None = None
    lost_after: float = 60.0  # seconds without RTP or RTCP (browser: nor STUN) until `Lost`; 0: never


class Take(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Move a port to another bridge, made if there is none; nobody hears it there before it joins."""

    port: int
    bridge: int


class Join(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Let a port into the bridge it is part of; again: change what it may say and hear."""

    port: int
    heard: bool = True
    hears: bool = True


class Leave(msgspec.Struct, frozen=True, tag=True, array_like=True):
    port: int


class Dial(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Send a digit to the port's peer as RFC 4733 events."""

    port: int
    key: str


class Close(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Give the port up; its pair goes to the back of the stock."""

    port: int


class CloseBridge(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Close a bridge and every port that is part of it."""

    bridge: int


class Measure(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Ask for `Counters`."""


ToWorker = Open | Settle | Take | Join | Leave | Dial | Close | CloseBridge | Measure

# ---- worker to server


class Hello(msgspec.Struct, frozen=True, tag=True, array_like=True):
    pid: int
    fingerprint: str  # of the worker's DTLS certificate, `sha-256 AB:CD:…`


class Stock(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """More pairs, behind those the server already knows."""

    pairs: tuple[Pair, ...]


class Digit(msgspec.Struct, frozen=True, tag=True, array_like=True):
    port: int
    key: str


class Ended(msgspec.Struct, frozen=True, tag=True, array_like=True):
    port: int


class Lost(msgspec.Struct, frozen=True, tag=True, array_like=True):
    port: int


class Found(msgspec.Struct, frozen=True, tag=True, array_like=True):
    port: int


class Speaking(msgspec.Struct, frozen=True, tag=True, array_like=True):
    port: int
    speaking: bool


class Report(msgspec.Struct, frozen=True, tag=True, array_like=True):
    port: int
    loss: float
    far_loss: float
    jitter: float
    round_trip: float | None
    far_jitter: float = 0.0


class Renegotiate(msgspec.Struct, frozen=True, tag=True, array_like=True):
    port: int


class Counters(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Since the worker's start, but for `ports` and `stock`, which are now."""

    ports: int
    stock: int
    packets_in: int
    packets_out: int
    refused: dict[str, int]  # packets dropped, by reason: "source", "payload-type", "tag", "stun", …
    cpu: float  # seconds


FromWorker = Hello | Stock | Digit | Ended | Lost | Found | Speaking | Report | Renegotiate | Counters
