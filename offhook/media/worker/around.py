"""What surrounds a port: its way to send, those it is passed on to, its bridge, its worker."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from offhook.media.wire import FromWorker
from offhook.media.worker.dtls import Identity
from offhook.media.worker.ice import Source

Send = Callable[[bytes, Source], object]


class Link(Protocol):
    """Somebody this port's packets are passed on to."""

    def carry(
        self,
        second: int,
        table: bytes | None,
        seq: int,
        timestamp: int,
        ssrc: int,
        payload: bytes,
        now: float,
    ) -> None: ...

    def break_off(self) -> None:
        """The source's clock or numbers have jumped."""


Links = list[Sequence[tuple[Link, int, bytes | None]]]  # by second byte
NOBODY: Links = [()] * 256


class Owner(Protocol):
    """The bridge, told what concerns its wiring."""

    def changed(self) -> None: ...

    def dialled(self, port: int, key: str) -> None: ...


class Shared(Protocol):
    """What all ports of a worker have in common."""

    identity: Identity
    refused: Counter[str]
    unix: float  # Unix time minus monotonic time

    def tell(self, message: FromWorker) -> None: ...
