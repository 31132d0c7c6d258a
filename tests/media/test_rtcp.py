"""RTCP reports: written, read, and any bytes."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.media.worker import rtcp
from offhook.media.worker.rtp import Incoming, Outgoing

UNIX = 1_790_000_000.25


def sample() -> bytes:
    outgoing, incoming = Outgoing(8000), Incoming(7, 100, 8000)
    incoming.arrived(100, 0, 0)
    incoming.arrived(103, 480, 0.06)
    outgoing.next("x", 8, b"s" * 160, 1.0)
    return rtcp.report(
        outgoing,
        incoming,
        fraction_lost=0.5,
        since=(0x12345678, 0.5),
        name=b"offhook",
        unix=UNIX,
        now=1.5,
        sending=True,
    )


def test_what_we_report_can_be_read() -> None:
    sent, blocks = rtcp.read(sample())
    assert [report.middle for report in sent] == [rtcp.ntp(UNIX) >> 16 & 0xFFFFFFFF]
    assert blocks == [rtcp.Block(7, 0.5, 0, 0x12345678, 0x8000)]
    assert len(sample()) % 4 == 0


def test_who_sends_nothing_reports_as_a_receiver() -> None:
    packet = rtcp.report(
        Outgoing(8000), None, fraction_lost=0, since=None, name=b"offhook", unix=UNIX, now=1, sending=False
    )
    assert packet[1] == rtcp.RECEIVER
    assert rtcp.read(packet) == ([], [])


def test_round_trip_is_what_is_left_of_the_time_after_the_peers_delay() -> None:
    middle = rtcp.ntp(UNIX) >> 16 & 0xFFFFFFFF
    block = rtcp.Block(1, 0.0, 0, middle, 65536)
    assert rtcp.round_trip(block, UNIX + 1.08) == pytest.approx(0.08, abs=0.001)
    assert rtcp.round_trip(rtcp.Block(1, 0.0, 0, 0, 0), UNIX) is None
    assert rtcp.round_trip(block, UNIX - 10) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_far_as_they_make_sense(data: bytes) -> None:
    rtcp.read(data)
    rtcp.read(b"\x81\xc8\x00\x0c" + data)


def test_mutated_reports_are_read_as_far_as_they_make_sense() -> None:
    dice = random.Random(3550)
    packet = sample()
    for _ in range(20_000):
        data = bytearray(packet)
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        rtcp.read(bytes(data[: dice.randint(0, len(data))]))
