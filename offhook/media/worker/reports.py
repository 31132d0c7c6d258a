"""What a port and its peer tell each other of their sound every five seconds, and we the server.

A peer that misses packets counts those, too, that had been lost before they came to us and were passed
on as gaps. They are not its line's, so they are taken out of what the server is told.
"""

from collections.abc import Collection
from dataclasses import dataclass
from random import uniform

from offhook.media.wire import Report
from offhook.media.worker import rtcp
from offhook.media.worker.rtp import Incoming, Outgoing

EVERY = 5.0  # seconds, half a second more or less (RFC 3550 §6.2)
FIRST = 2.0  # after sound is agreed on, and again until there is some


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a stream of ours was."""

    seq: int
    packets: int


class Reporter:
    def __init__(self, unix: float) -> None:
        self._unix = unix  # Unix time minus monotonic time
        self._due = 0.0
        self._sent = 0  # packets when we reported last
        self._received = 0
        self._far_sent: tuple[int, float] | None = None  # the peer's last report: its time, and ours
        self._marks: dict[int, _Mark] = {}  # by SSRC, when its receiver reported last
        self._far_loss = 0.0
        self._far_jitter = 0.0  # seconds
        self._round_trip: float | None = None

    def start(self, now: float) -> None:
        """Port by port at another time, so that they do not all report at once."""
        if not self._due:
            self._due = now + FIRST * uniform(0.75, 1.25)  # noqa: S311  # spreads work, guards nothing

    def is_due(self, now: float) -> bool:
        if not self._due or now < self._due:
            return False
        self._due = now + EVERY + uniform(-0.5, 0.5)  # noqa: S311  # the same
        return True

    def take(self, data: bytes, incoming: Incoming | None, streams: Collection[Outgoing], now: float) -> None:
        """A report of the peer's, in the clear."""
        sent, blocks = rtcp.read(data)
        for report in sent:
            if incoming is not None and report.ssrc == incoming.ssrc:
                self._far_sent = report.middle, now
        ours = {stream.ssrc: stream for stream in streams}
        known = [(ours[block.ssrc], block) for block in blocks if block.ssrc in ours]
        if known:
            self._far_loss = 0.0
        for stream, block in known:
            trip = rtcp.round_trip(block, self._unix + now)
            self._round_trip = self._round_trip if trip is None else trip
            if (missing := self._missing(stream)) is not None:
                self._far_loss = max(0.0, block.fraction_lost - missing) / (1 - missing)
                self._far_jitter = block.jitter / stream.rate

    def make(
        self, port: int, incoming: Incoming | None, streams: Collection[Outgoing], received: int, now: float
    ) -> tuple[Report | None, bytes | None]:
        """What to tell the server and the peer; `received` counts all packets until now."""
        lost = incoming.fraction_lost() if incoming is not None else 0.0
        packets = sum(stream.packets for stream in streams)
        heard, sent = received - self._received, packets - self._sent
        self._received, self._sent = received, packets
        stream = max(streams, key=lambda stream: stream.at, default=None)
        told = None
        if incoming is not None and (heard or sent):
            told = Report(
                port,
                loss=lost,
                far_loss=self._far_loss,
                jitter=incoming.jitter * 1000 / incoming.rate,
                round_trip=None if self._round_trip is None else self._round_trip * 1000,
                far_jitter=self._far_jitter * 1000,
            )
        if not received and not packets:
            self._due = min(self._due, now + FIRST)
        if stream is None:
            return told, None
        for one in streams:
            self._marks.setdefault(one.ssrc, _Mark(one.seq, one.packets))
        since = self._far_sent
        return told, rtcp.report(
            stream,
            incoming,
            fraction_lost=lost,
            since=None if since is None else (since[0], now - since[1]),
            name=b"offhook",
            unix=self._unix + now,
            now=now,
            sending=bool(sent),
        )

    def _missing(self, stream: Outgoing) -> float | None:
        """The share of its numbers that were never sent since this was asked last; None when none were."""
        before = self._marks.get(stream.ssrc, _Mark(stream.seq - stream.packets, 0))
        self._marks[stream.ssrc] = _Mark(stream.seq, stream.packets)
        sent, numbers = stream.packets - before.packets, (stream.seq - before.seq) & 0xFFFF
        if sent <= 0:
            return None
        return max(0.0, 1 - sent / numbers) if numbers else 0.0
