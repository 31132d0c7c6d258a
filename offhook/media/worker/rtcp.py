"""RTCP, RFC 3550 §6: sender and receiver reports, read and written.

`read` takes any bytes and gives what it understands of them, up to the first
part that does not fit; feedback and application packets are passed over.
"""

import struct
from dataclasses import dataclass

from offhook.media.worker.rtp import Incoming, Outgoing

SENDER, RECEIVER, DESCRIPTION, GOODBYE = 200, 201, 202, 203

_HEAD = struct.Struct("!BBHI")
_SENDER = struct.Struct("!QIII")
_BLOCK = struct.Struct("!IIIIII")
_UNIX_TO_NTP = 2_208_988_800


@dataclass(frozen=True, slots=True)
class Block:
    """What a receiver says of one of our streams."""

    ssrc: int
    fraction_lost: float
    jitter: int
    last_sent: int  # middle 32 bits of the NTP time of our last report it saw, 0 if none
    delay: int  # since then, in 1/65536 s


@dataclass(frozen=True, slots=True)
class Sent:
    """When a sender sent its report, by its own clock."""

    ssrc: int
    middle: int  # of its NTP time


def read(data: bytes) -> tuple[list[Sent], list[Block]]:
    sent: list[Sent] = []
    blocks: list[Block] = []
    at = 0
    while at + 8 <= len(data):
        first, kind, words, ssrc = _HEAD.unpack_from(data, at)
        end = at + 4 * (words + 1)
        if first >> 6 != 2 or end > len(data):
            break
        start = at + 8
        if kind == SENDER and start + _SENDER.size <= end:
            ntp = _SENDER.unpack_from(data, start)[0]
            sent.append(Sent(ssrc, ntp >> 16 & 0xFFFFFFFF))
            start += _SENDER.size
        elif kind != RECEIVER:
            first = 0  # no blocks in it
        for _ in range(first & 0x1F):
            if start + _BLOCK.size > end:
                break
            of, lost, _highest, jitter, last, delay = _BLOCK.unpack_from(data, start)
            blocks.append(Block(of, (lost >> 24) / 256, jitter, last, delay))
            start += _BLOCK.size
        at = end
    return sent, blocks


def report(
    outgoing: Outgoing,
    incoming: Incoming | None,
    *,
    fraction_lost: float,
    since: tuple[int, float] | None,
    name: bytes,
    unix: float,
    now: float,
    sending: bool,
) -> bytes:
    """SR (or RR when we have sent nothing lately) and SDES; `since` is the peer's last SR and its age."""
    block = b""
    if incoming is not None:
        middle, age = since or (0, 0.0)
        lost = max(-0x800000, min(0x7FFFFF, incoming.lost)) & 0xFFFFFF
        block = _BLOCK.pack(
            incoming.ssrc,
            min(255, int(fraction_lost * 256)) << 24 | lost,
            incoming.extended_highest & 0xFFFFFFFF,
            int(incoming.jitter) & 0xFFFFFFFF,
            middle,
            min(0xFFFFFFFF, int(age * 65536)),
        )
    count = 0x80 | bool(block)
    if sending:
        body = _SENDER.pack(
            ntp(unix), outgoing.timestamp_at(now), outgoing.packets & 0xFFFFFFFF, outgoing.octets & 0xFFFFFFFF
        )
        kind = SENDER
    else:
        body, kind = b"", RECEIVER
    words = (4 + len(body) + len(block)) // 4
    item = b"\x01" + bytes([len(name)]) + name
    item += bytes(4 - len(item) % 4)  # at least one zero ends the list
    return (
        _HEAD.pack(count, kind, words, outgoing.ssrc)
        + body
        + block
        + _HEAD.pack(0x81, DESCRIPTION, 1 + len(item) // 4, outgoing.ssrc)
        + item
    )


def ntp(unix: float) -> int:
    return int((unix + _UNIX_TO_NTP) * 4294967296.0) & 0xFFFFFFFFFFFFFFFF


def round_trip(block: Block, unix: float) -> float | None:
    """Seconds, RFC 3550 §6.4.1; None when the peer had seen no report of ours."""
    if not block.last_sent:
        return None
    units = ((ntp(unix) >> 16) - block.last_sent - block.delay) & 0xFFFFFFFF
    return units / 65536 if units < 60 * 65536 else None  # a clock that leaps gives no round trip
