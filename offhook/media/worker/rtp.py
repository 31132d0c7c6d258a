"""RTP, RFC 3550: the header, what is known of a stream that comes and of one that goes.

A receiver of ours sees one steady stream whoever is speaking: sequence numbers
and timestamps go on without a seam when the source changes, and the marker bit
says that it did.
"""

import struct
from secrets import randbits

HEADER = struct.Struct("!BBHII")
MARKER = 0x80
VERSION_2 = 0x80  # the first byte of a packet without padding, extension and CSRCs
G711_RATE = 8000
MAX_STEP = 3000  # RFC 3550 A.1: a larger jump of the sequence is another stream


def payload_of(packet: bytes) -> bytes:
    """The sound alone: CSRCs, extension and padding cut off. Raises ValueError."""
    first = packet[0]
    start = 12 + 4 * (first & 0x0F)
    end = len(packet)
    if first & 0x10:
        if start + 4 > end:
            raise ValueError("RTP extension beyond the packet")
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    if first & 0x20:
        end -= packet[-1]
        if not packet[-1]:
            raise ValueError("RTP padding of nothing")
    if start > end:
        raise ValueError("RTP header longer than the packet")
    return packet[start:end]


class Incoming:
    """One source as we receive it: loss and jitter, RFC 3550 A.3 and A.8."""

    __slots__ = (
        "_base",
        "_cycles",
        "_expected_before",
        "_received_before",
        "_transit",
        "highest",
        "jitter",
        "rate",
        "received",
        "ssrc",
    )

    def __init__(self, ssrc: int, seq: int, rate: int) -> None:
        self.ssrc = ssrc
        self.rate = rate
        self.highest = (seq - 1) & 0xFFFF
        self.received = 0
        self.jitter = 0.0  # in timestamp units
        self._base = self.highest + 1
        self._cycles = 0
        self._transit: float | None = None
        self._expected_before = 0
        self._received_before = 0

    def arrived(self, seq: int, timestamp: int, now: float) -> bool:
        """Take note of a packet of sound; True when its clock or its numbers have jumped."""
        step = (seq - self.highest) & 0xFFFF
        jumped = False
        if step == 1:
            self.highest = seq
            if not seq:
                self._cycles += 0x10000
        elif step < MAX_STEP:  # 0 is the same packet once more
            if seq < self.highest:
                self._cycles += 0x10000
            self.highest = seq
        elif step <= 0x10000 - MAX_STEP:
            self._restart(seq)
            jumped = True
        self.received += 1
        transit = now * self.rate - timestamp
        before = self._transit
        self._transit = transit
        if before is None:
            return jumped
        off = transit - before if transit > before else before - transit
        if off > self.rate:
            return True
        self.jitter += (off - self.jitter) * 0.0625
        return jumped

    def counted(self, seq: int) -> None:
        """Take note of a packet whose timestamp says nothing: a telephone-event."""
        step = (seq - self.highest) & 0xFFFF
        if 0 < step < MAX_STEP:
            if seq < self.highest:
                self._cycles += 0x10000
            self.highest = seq
        self.received += 1

    @property
    def extended_highest(self) -> int:
        return self._cycles + self.highest

    @property
    def lost(self) -> int:
        return self.extended_highest - self._base + 1 - self.received

    def fraction_lost(self) -> float:
        """The share lost since this was asked last."""
        expected = self.extended_highest - self._base + 1
        missing = (expected - self._expected_before) - (self.received - self._received_before)
        span = expected - self._expected_before
        self._expected_before = expected
        self._received_before = self.received
        return min(1.0, missing / span) if span > 0 and missing > 0 else 0.0

    def _restart(self, seq: int) -> None:
        self.highest = self._base = seq
        self._cycles = self.received = 0
        self._expected_before = self._received_before = 0


class Outgoing:
    """One SSRC of ours, whoever feeds it.

    Who takes over says at which clock rate; the timestamps go on from where they were, in the new clock.
    """

    __slots__ = ("at", "feeder", "held", "octets", "packets", "rate", "seq", "ssrc", "timestamp")

    def __init__(self, rate: int) -> None:
        self.rate = rate
        chance = randbits(79)
        self.ssrc = chance & 0xFFFFFFFF
        self.timestamp = chance >> 32 & 0xFFFFFFFF
        self.seq = chance >> 64  # the lower half: SRTP must not wrap at once (RFC 3711 §3.3.1)
        self.at = 0.0
        self.feeder: object = None  # whose packets are going out now
        self.held = False  # a digit is being dialled: nobody else may feed it
        self.packets = 0
        self.octets = 0

    def resume(self, now: float, rate: int) -> tuple[int, int]:
        """Sequence and timestamp of the next packet when another source takes over."""
        self.rate = rate
        frame = rate // 50
        passed = round((now - self.at) * rate) if self.packets else 0
        return (self.seq + 1) & 0xFFFF, (self.timestamp + max(frame, passed)) & 0xFFFFFFFF

    def next(self, feeder: object, second: int, payload: bytes, now: float, steps: int = 1) -> bytes:
        """20 ms of G.711 from somebody who feeds us on the tick; `steps` is 2 and more after a stall."""
        if self.feeder is feeder:
            self.seq = (self.seq + 1) & 0xFFFF
            self.timestamp = (self.timestamp + steps * G711_RATE // 50) & 0xFFFFFFFF
        else:
            self.feeder = feeder
            self.seq, self.timestamp = self.resume(now, G711_RATE)
            second |= MARKER
        self.at = now
        self.packets += 1
        self.octets += len(payload)
        return HEADER.pack(VERSION_2, second, self.seq, self.timestamp, self.ssrc) + payload

    def timestamp_at(self, now: float) -> int:
        return (self.timestamp + round((now - self.at) * self.rate)) & 0xFFFFFFFF
