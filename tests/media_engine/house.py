"""An engine whose workers are lists: what they were told can be read, what they say is said by the test."""

from collections.abc import Callable
from typing import TypeVar

from offhook.calls.media import Kind, Port, PortEvent
from offhook.media import wire
from offhook.media.bridge import EngineBridge
from offhook.media.engine import MediaEngine
from offhook.media.ports import EnginePort
from offhook.media.workers import Worker
from tests.sdp.samples import PRINT

M = TypeVar("M")


class House:
    def __init__(self, workers: int = 1, hosts: tuple[str, ...] = ("0.0.0.0", "::"), pairs: int = 20) -> None:
        self.later: list[Callable[[], None]] = []
        self.news: list[tuple[Port, PortEvent]] = []
        self.told: list[list[wire.ToWorker]] = [[] for _ in range(workers)]
        self.engine = MediaEngine(self.later.append)
        for number in range(workers):
            worker = Worker(number, self.told[number].append, self._hear)
            worker.hear(wire.Hello(1000 + number, PRINT))
            for place, host in enumerate(hosts):
                first = 100 * place
                worker.hear(
                    wire.Stock(
                        tuple(
                            wire.Pair(first + n, host, 30000 + 1000 * number + 2 * (first + n))
                            for n in range(pairs)
                        )
                    )
                )
            self.engine.workers[number] = worker

    def said(self, kind: type[M], worker: int = 0) -> list[M]:
        """All messages of a kind that a worker was told."""
        return [message for message in self.told[worker] if isinstance(message, kind)]

    def events(self, port: Port) -> list[PortEvent]:
        """What was heard of a port, once everything put off has been done."""
        while self.later:
            self.later.pop(0)()
        return [event for of, event in self.news if of is port]

    def _hear(self, port: Port, event: PortEvent) -> None:
        self.news.append((port, event))


def phone(bridge: EngineBridge, host: str = "192.0.2.1") -> EnginePort:
    return bridge.open(Kind.PHONE, flow_host=host, peer="192.0.2.10")
