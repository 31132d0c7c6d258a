"""A worker process as the server knows it: its stock of socket pairs, its open ports, its last figures.

A pair is in the stock or in one port. When a port closes, the worker announces its pair anew, behind all
others, so the longest rested is used next.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from offhook.calls.media import (
    NoMedia,
    Port,
    PortDigit,
    PortEnded,
    PortEvent,
    PortFound,
    PortLost,
    PortRenegotiate,
    PortReport,
    PortSpeaking,
)
from offhook.media import wire

if TYPE_CHECKING:
    from offhook.media.bridge import EngineBridge
    from offhook.media.ports import EnginePort

logger = logging.getLogger(__name__)

News = Callable[[Port, PortEvent], None]


@dataclass(frozen=True, slots=True)
class WorkerState:
    """For /metrics."""

    number: int
    pid: int
    ports: int
    stock: int
    counters: wire.Counters | None  # None until it was measured


class Worker:
    def __init__(self, number: int, send: Callable[[wire.ToWorker], None], news: News) -> None:
        self.number = number
        self.send = send
        self.ports: dict[int, EnginePort] = {}
        self.bridges: dict[int, EngineBridge] = {}
        self.pid = 0
        self.fingerprint = ""
        self.is_dead = False
        self.heard = 0  # messages so far: one that says nothing for long is stuck
        self._news = news
        self._stock: dict[str, deque[wire.Pair]] = {}
        self._counters: wire.Counters | None = None

    @property
    def is_ready(self) -> bool:
        """It has said who it is and shown its first sockets."""
        return bool(self.pid and self._stock) and not self.is_dead

    @property
    def state(self) -> WorkerState:
        stock = sum(len(pairs) for pairs in self._stock.values())
        return WorkerState(self.number, self.pid, len(self.ports), stock, self._counters)

    def take_pair(self, host: str) -> wire.Pair:
        """The longest rested pair by which `host`'s side can be reached. Raises NoMedia."""
        pairs = self._stock.get(host) or self._stock.get("::" if ":" in host else "0.0.0.0")
        if not pairs:  # `host` is what a router in front of us is called
            family = _family(host)
            pairs = next(
                (pairs for own, pairs in self._stock.items() if pairs and _family(own) == family), None
            )
        if self.is_dead or not pairs:
            raise NoMedia(f"media worker {self.number} has no sockets left for {host}")
        return pairs.popleft()

    def put_back(self, pair: wire.Pair) -> None:
        """It was taken for nothing."""
        self._stock[pair.host].appendleft(pair)

    def hear(self, message: wire.FromWorker) -> None:
        self.heard += 1
        match message:
            case wire.Hello(pid, fingerprint):
                self.pid, self.fingerprint = pid, fingerprint
            case wire.Stock(pairs):
                for pair in pairs:
                    self._stock.setdefault(pair.host, deque()).append(pair)
            case wire.Counters():
                self._counters = message
            case wire.Digit(port, key):
                self._tell(port, PortDigit(key))
            case wire.Ended(port):
                self._tell(port, PortEnded())
            case wire.Lost(port):
                self._tell(port, PortLost())
            case wire.Found(port):
                self._tell(port, PortFound())
            case wire.Speaking(port, speaking):
                self._tell(port, PortSpeaking(speaking))
            case wire.Report(port, loss, far_loss, jitter, round_trip, far_jitter):
                self._tell(port, PortReport(loss, far_loss, jitter, round_trip, far_jitter))
            case wire.Renegotiate(port):
                if (found := self.ports.get(port)) is not None and not found.is_narrowed:
                    found.is_narrowed = True
                    self._tell(port, PortRenegotiate())

    def die(self) -> None:
        """Everything on it is gone; whoever still holds a port or bridge may close it, to no effect."""
        self.is_dead = True
        ports, self.ports = self.ports, {}
        bridges, self.bridges = self.bridges, {}
        lost = {*ports.values()}.union(*[bridge.ports for bridge in bridges.values()])
        for port in sorted(lost, key=lambda port: port.number):
            self.tell(port, PortLost(worker=True))

    def tell(self, port: "EnginePort", event: PortEvent) -> None:
        if port.is_hidden:
            return
        try:
            self._news(port, event)
        except Exception:  # a listener's fault must not cost the other ports their news
            logger.exception("port %d: %r was not taken", port.number, event)

    def _tell(self, number: int, event: PortEvent) -> None:
        port = self.ports.get(number)  # None: closed while the message was on its way
        if port is not None:
            self.tell(port, event)


@lru_cache(maxsize=256)
def _family(host: str) -> int:
    return ip_address(host).version
