"""An engine that only remembers, for the tests of those who use one.

Its SDP is real: phones and browsers can settle with it. There are no sockets and no sound, and
events come only from the test.
"""

from typing import Any

from offhook.calls.media import G711, Bridge, Codecs, Kind, NoMedia, Port
from offhook.sdp.browser import BrowserSdp
from offhook.sdp.crypto import KEY_BYTES
from offhook.sdp.negotiate import Agreement
from offhook.sdp.phone import PhoneSdp

FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)


class FakePort:
    """What it was told stands in `offers`, `answers`, `accepted` and `dialled`, in order."""

    def __init__(self, bridge: "FakeBridge", number: int, kind: Kind, how: dict[str, Any]) -> None:
        self.bridge = bridge
        self.number = number
        self.kind = kind
        self.how = how  # as `open` was told
        self.offers: list[str] = []  # ours
        self.answers: list[str] = []  # ours
        self.accepted: list[str] = []  # theirs
        self.likes: list[Codecs | None] = []  # of each offer and answer
        self.dialled = ""
        self.is_closed = False
        self.agreement: Agreement | None = None
        self._codecs: Codecs = G711
        self._phone = PhoneSdp(
            how.get("flow_host", "192.0.2.1"),
            self.rtp_port,
            session=number,
            srtp=how.get("srtp", "auto"),
            secure=how.get("secure", False),
            make_key=lambda: bytes(KEY_BYTES),
        )
        self._browser = BrowserSdp(
            how.get("hosts", ["192.0.2.1"]),
            self.rtp_port,
            session=number,
            fingerprint=FINGERPRINT,
            make_credentials=lambda: (f"ufrag{number}", f"password-of-22-letters{number}"),
        )

    @property
    def rtp_port(self) -> int:
        return 20000 + 2 * self.number

    @property
    def codecs(self) -> Codecs:
        return self._codecs

    def offer(self, *, like: Codecs | None = None) -> str:
        self.likes.append(like)
        self.offers.append(self._phone.offer(like))
        if self.agreement is None:
            self._codecs = self._phone.offered
        return self.offers[-1]

    def answer(self, offer: str, *, like: Codecs | None = None) -> str:
        self.likes.append(like)
        sdp = self._browser if self.kind is Kind.BROWSER else self._phone
        text, self.agreement = sdp.answer(offer, like)
        self._codecs = self.agreement.codecs
        self.answers.append(text)
        return text

    def accept(self, answer: str) -> None:
        self.accepted.append(answer)
        self.agreement = self._phone.accept(answer)
        self._codecs = self.agreement.codecs

    def dial(self, key: str) -> None:
        self.dialled += key

    def close(self) -> None:
        self.is_closed = True
        self.bridge.members.pop(self, None)


class FakeBridge:
    """`members` says who is in it and what each may: (heard, hears)."""

    def __init__(self, engine: "FakeEngine", near: Bridge | None) -> None:
        self.engine = engine
        self.near = near
        self.ports: list[FakePort] = []  # every one opened on it or taken by it, and not taken since
        self.members: dict[FakePort, tuple[bool, bool]] = {}
        self.is_closed = False

    def open(self, kind: Kind, **how: Any) -> FakePort:
        if self.engine.is_empty or self.is_closed:
            raise NoMedia("none, as the test wished")
        port = FakePort(self, len(self.engine.ports) + 1, kind, how)
        self.ports.append(port)
        self.engine.ports.append(port)
        return port

    def take(self, port: Port) -> None:
        assert isinstance(port, FakePort)
        if port.bridge is self or port.is_closed:
            return
        if self.is_closed:
            raise NoMedia("this bridge is closed")
        port.bridge.members.pop(port, None)
        port.bridge.ports.remove(port)
        port.bridge = self
        self.ports.append(port)

    def join(self, port: Port, *, heard: bool = True, hears: bool = True) -> None:
        assert isinstance(port, FakePort)
        if not port.is_closed and not self.is_closed:
            self.take(port)
            self.members[port] = heard, hears

    def replace(self, old: Port, new: Port) -> None:
        assert isinstance(old, FakePort)
        rights = self.members.pop(old, None)
        self.take(new)
        if rights is not None:
            self.join(new, heard=rights[0], hears=rights[1])

    def leave(self, port: Port) -> None:
        assert isinstance(port, FakePort)
        self.members.pop(port, None)

    def close(self) -> None:
        self.is_closed = True
        for port in self.ports:
            port.close()

    @property
    def sounds(self) -> list[str]:
        """The files that play in it now."""
        return [port.how["sound"] for port in self.members if port.kind is Kind.PLAY]


class FakeEngine:
    """`is_empty` makes everything that needs a port fail with NoMedia."""

    def __init__(self) -> None:
        self.bridges: list[FakeBridge] = []
        self.ports: list[FakePort] = []
        self.is_empty = False

    def bridge(self, *, near: Bridge | None = None) -> FakeBridge:
        bridge = FakeBridge(self, near)
        self.bridges.append(bridge)
        return bridge

    @property
    def open_ports(self) -> list[FakePort]:
        return [port for port in self.ports if not port.is_closed]
