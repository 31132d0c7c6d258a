"""A real worker over loopback: who hears whom, proven with tones."""

from collections.abc import Iterator

import pytest

from offhook.media import wire
from tests import tones
from tests.media.peers import PCMA, PCMU, Browser, Phone, WorkerProcess, talk


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerProcess]:
    with WorkerProcess(hosts=("127.0.0.1", "::1")) as process:
        yield process


def test_two_phones_hear_each_other_and_not_themselves(worker: WorkerProcess) -> None:
    with Phone(500) as anna, Phone(700) as boris:
        anna.call(worker.open(1), PCMA)
        boris.call(worker.open(1), PCMA)
        talk([anna, boris])
        assert tones.has(boris.sound(), 500)
        assert tones.has(anna.sound(), 700)
        assert tones.lacks(anna.sound(), 500)
    worker.tell(wire.CloseBridge(1))


def test_alaw_and_mulaw_meet(worker: WorkerProcess) -> None:
    with Phone(500, PCMA) as anna, Phone(700, PCMU) as boris:
        anna.call(worker.open(2))
        boris.call(worker.open(2))
        talk([anna, boris])
        assert tones.has(boris.sound(), 500)
        assert tones.has(anna.sound(), 700)
        assert {packet.kind for packet in boris.packets} == {0}
        assert {packet.kind for packet in anna.packets} == {8}
    worker.tell(wire.CloseBridge(2))


def test_a_browser_and_a_phone_hear_each_other(worker: WorkerProcess) -> None:
    with Browser(500) as page, Phone(700) as desk:
        desk.call(worker.open(3))
        page.call(worker.open(3, "browser"))
        page.connect()
        talk([page, desk])
        assert tones.has(desk.sound(), 500)
        assert tones.has(page.sound(), 700)
    worker.tell(wire.CloseBridge(3))
