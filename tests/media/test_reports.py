"""What ports and their peers tell each other of their sound, and the server: when, and whose fault it is."""

from itertools import pairwise

import pytest

from offhook.media import wire
from offhook.media.worker import rtcp
from offhook.media.worker.rtp import Incoming, Outgoing
from tests.media.house import House, Line
from tests.media.peers import PCMA, Packet
from tests.media.test_access import Page

SOUND = b"s" * 160


class Listener:
    """A peer's receiver, which says what it misses of the stream it gets."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._incoming: Incoming | None = None
        self._taken = 0

    def report(self, loses: int = 0) -> bytes:
        """Its receiver report on all that has come since the last; it loses every so-many-th packet."""
        packets = self.line.heard
        for n, packet in enumerate(packets[self._taken :]):
            if self._incoming is None:
                self._incoming = Incoming(packet.ssrc, packet.seq, 8000)
            if not loses or n % loses:
                self._incoming.arrived(packet.seq, packet.timestamp, packet.timestamp / 8000)
        self._taken = len(packets)
        assert self._incoming is not None
        return receiver_report(self._incoming)

    def sends(self, report: bytes) -> None:
        source = self.line.address[0], self.line.address[1] + 1
        house = self.line.house
        house.ports[self.line.number].receive_rtcp(report, source, house.now)


def receiver_report(incoming: Incoming, since: tuple[int, float] | None = None) -> bytes:
    return rtcp.report(
        Outgoing(8000), incoming, fraction_lost=incoming.fraction_lost(), since=since,
        name=b"peer", unix=0, now=0, sending=False,
    )  # fmt: skip


def reports(line: Line) -> list[wire.Report]:
    return [report for report in line.house.told(wire.Report) if report.port == line.number]


def talk(lines: list[Line], frames: int, *, loses: Line | None = None) -> None:
    """Everybody says something; a fifth of what one says does not arrive."""
    for n in range(frames):
        for line in lines:
            if line is loses and n % 5 == 0:
                line.seq += 1
                line.timestamp += 160
            else:
                line.says()
        lines[0].house.pass_time(0.02)


def test_the_first_report_comes_after_two_seconds_and_the_next_every_five() -> None:
    house = House()
    lines = [house.phone(), house.phone()]
    times: list[float] = []
    for _ in range(1500):
        before = len(reports(lines[0]))
        talk(lines, 1)
        if len(reports(lines[0])) > before:
            times.append(house.now - 1000)
    assert 1.5 <= times[0] <= 3.1  # looked at every half second
    assert all(4.0 <= later - earlier <= 6.1 for earlier, later in pairwise(times))
    assert len(house.sent_rtcp[lines[0].number]) == len(times)


def test_until_there_is_sound_the_first_report_waits_for_it() -> None:
    house = House()
    lines = [house.phone(), house.phone()]
    house.pass_time(20.0)
    assert house.told(wire.Report) == []
    talk(lines, 160)
    assert len(reports(lines[0])) == len(reports(lines[1])) == 1


def test_what_a_peer_loses_of_our_sound_is_told() -> None:
    house = House()
    anna, boris = house.phone(), house.phone()
    ears = Listener(boris)
    talk([anna, boris], 150)
    ears.sends(ears.report())
    talk([anna, boris], 250)
    ears.sends(ears.report(loses=4))
    talk([anna, boris], 320)
    assert reports(boris)[-1].far_loss == pytest.approx(0.25, abs=0.01)
    assert reports(boris)[-1].loss == 0
    assert reports(anna)[-1].loss == reports(anna)[-1].far_loss == 0


def test_what_was_lost_before_it_came_to_us_is_not_put_down_to_the_listeners_line() -> None:
    house = House()
    anna, boris = house.phone(), house.phone()
    ears = Listener(boris)
    for loses, far_loss in ((0, 0.0), (10, 0.1)):
        talk([anna, boris], 250, loses=anna)
        ears.sends(ears.report())
        talk([anna, boris], 250, loses=anna)
        ears.sends(ears.report(loses))
        talk([anna, boris], 320, loses=anna)
        assert reports(anna)[-1].loss == pytest.approx(0.2, abs=0.02)
        assert reports(boris)[-1].far_loss == pytest.approx(far_loss, abs=0.02)
        assert reports(boris)[-1].loss == 0


def test_who_hears_nothing_loses_nothing() -> None:
    house = House()
    anna, boris = house.phone(), house.phone()
    ears = Listener(boris)
    talk([anna, boris], 250)
    ears.sends(ears.report(loses=4))
    anna.leave()
    talk([anna, boris], 250)
    ears.sends(ears.report())
    talk([anna, boris], 320)
    assert reports(boris)[-1].far_loss == 0


def test_the_peers_jitter_is_told_in_milliseconds() -> None:
    house = House()
    anna, boris = house.phone(), house.phone()
    talk([anna, boris], 150)
    incoming = Incoming(boris.heard[0].ssrc, boris.heard[0].seq, 8000)
    incoming.jitter = 240.0
    Listener(boris).sends(receiver_report(incoming))
    talk([anna, boris], 400)
    assert reports(boris)[-1].far_jitter == pytest.approx(30.0)


def test_a_browser_reports_under_its_keys_beside_the_sound() -> None:
    house = House()
    desk, page = house.phone(), Page(house)
    page.connect()
    shield = page.client.shield
    assert shield is not None
    for n in range(900):
        desk.says()
        page.says()
        house.pass_time(0.02)
        if n == 500:
            ours = [shield.open_rtcp(data) for data in page.heard if 192 <= data[1] <= 223]
            sent, _ = rtcp.read(ours[-1])
            first = Packet(shield.open(next(data for data in page.heard if not 192 <= data[1] <= 223)))
            incoming = Incoming(first.ssrc, first.seq, 8000)
            for gap in (0, 1, 3):
                incoming.arrived(first.seq + gap, first.timestamp + 160 * gap, 0.02 * gap)
            report = receiver_report(incoming, (sent[0].middle, 0.25))
            page.line.arrives(report)  # in the clear it may be anybody's
            assert house.worker.refused["tag"] == 1
            page.line.arrives(shield.seal_rtcp(report))
    last = reports(page.line)[-1]
    assert last.far_loss == pytest.approx(0.25, abs=0.01)
    assert last.round_trip is not None
    assert last.loss == 0
    assert len(reports(page.line)) >= 3


def test_of_two_streams_the_one_that_goes_out_counts() -> None:
    house = House()
    opus = wire.Format(111, 111, "opus", 48000)
    anna, boris = house.phone(opus, PCMA), house.phone(opus, PCMA)
    for kind, frame in ((8, 160), (111, 960)):
        anna.frame = frame
        for _ in range(150):
            anna.says(kind=kind)
            boris.says(kind=kind)
            house.pass_time(0.02)
    idle, busy = (Incoming(packet.ssrc, packet.seq, 8000) for packet in (boris.heard[0], boris.heard[-1]))
    ears = Listener(boris)
    for incoming in (busy, idle):
        ears.sends(receiver_report(incoming))
    anna.says(kind=111)
    busy.arrived(busy.highest + 1, 0, 0)
    busy.arrived(busy.highest + 4, 0, 0)
    ears.sends(receiver_report(busy))
    for _ in range(320):
        boris.says(kind=111)
        house.pass_time(0.02)
    assert reports(boris)[-1].far_loss == pytest.approx(0.6, abs=0.01)
