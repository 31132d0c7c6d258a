"""A real worker over loopback: who hears whom, proven with tones, and how it ends."""

import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
import wave
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from offhook.media import wire
from offhook.media.worker import stun
from tests import tones
from tests.media.peers import EVENTS, PCMA, PCMU, Browser, Phone, WorkerProcess, keys, listen, talk


@pytest.fixture(scope="module")
def running() -> Iterator[WorkerProcess]:
    with WorkerProcess(hosts=("127.0.0.1", "::1")) as process:
        yield process


@pytest.fixture
def worker(running: WorkerProcess) -> Iterator[WorkerProcess]:
    """One worker for all; each test leaves bridges 1 and 2 as they were."""
    running.heard.clear()
    yield running
    running.tell(wire.CloseBridge(1), wire.CloseBridge(2))
    assert running.counters().ports == 0
    assert running.process.poll() is None


# ---- two at a time


def test_two_phones_hear_each_other_and_not_themselves(worker: WorkerProcess) -> None:
    with Phone(500) as anna, Phone(700) as boris:
        anna.call(worker.open(1))
        boris.call(worker.open(1))
        talk([anna, boris])
        assert tones.has(boris.sound(), 500)
        assert tones.has(anna.sound(), 700)
        assert tones.lacks(anna.sound(), 500)
        assert tones.lacks(boris.sound(), 700)


def test_alaw_and_mulaw_meet(worker: WorkerProcess) -> None:
    with Phone(500, PCMA) as anna, Phone(700, PCMU) as boris:
        anna.call(worker.open(1))
        boris.call(worker.open(1))
        talk([anna, boris])
        assert tones.has(boris.sound(), 500)
        assert tones.has(anna.sound(), 700)
        assert {packet.kind for packet in boris.packets} == {0}
        assert {packet.kind for packet in anna.packets} == {8}


def test_the_old_and_the_new_internet_meet(worker: WorkerProcess) -> None:
    with Phone(500) as anna, Phone(700, host="::1") as boris:
        anna.call(worker.open(1))
        boris.call(worker.open(1, host="::1"))
        talk([anna, boris])
        assert tones.has(boris.sound(), 500)
        assert tones.has(anna.sound(), 700)


@pytest.mark.parametrize("suite", ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"])
def test_a_phone_with_keys_hears_and_is_heard(worker: WorkerProcess, suite: str) -> None:
    theirs, shield = keys(suite)
    with Phone(500, shield=shield) as anna, Phone(700) as boris:
        anna.call(worker.open(1), keys=theirs)
        boris.call(worker.open(1))
        talk([anna, boris])
        assert tones.has(boris.sound(), 500)
        assert tones.has(anna.sound(), 700)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_browser_and_a_phone_hear_each_other(worker: WorkerProcess, host: str) -> None:
    with Browser(500, host=host) as page, Phone(700) as desk:
        desk.call(worker.open(1))
        page.call(worker.open(1, "browser", host=host))
        page.connect()
        assert page.client.far_fingerprint == worker.hello.fingerprint
        talk([page, desk])
        assert tones.has(desk.sound(), 500)
        assert tones.has(page.sound(), 700)


def test_a_lost_flight_delays_a_browser_and_no_more(worker: WorkerProcess) -> None:
    lost: list[bytes] = []

    def first_two(datagram: bytes) -> bool:
        if len(lost) < 2:
            lost.append(datagram)
            return True
        return False

    with Browser(500) as page, Phone(700) as desk:
        desk.call(worker.open(1))
        page.call(worker.open(1, "browser"))
        page.lose = first_two
        page.connect()
        assert len(lost) == 2
        talk([page, desk])
        assert tones.has(desk.sound(), 500)
        assert tones.has(page.sound(), 700)


def test_with_the_wrong_fingerprint_nobody_hears_anything(worker: WorkerProcess) -> None:
    with Browser(500) as page, Phone(700) as desk:
        desk.call(worker.open(1))
        page.call(worker.open(1, "browser"), fingerprint="sha-256 " + ":".join(["AB"] * 32))
        page.connect()
        talk([page, desk], 0.4)
        assert desk.packets == []
        assert page.packets == []


def test_the_browser_may_move_to_another_network(worker: WorkerProcess) -> None:
    with Browser(500) as page, Phone(700) as desk:
        desk.call(worker.open(1))
        page.call(worker.open(1, "browser"))
        page.connect()
        page.socket.close()
        page.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        page.socket.bind(("127.0.0.1", 0))
        page.socket.setblocking(False)
        page.other.clear()
        page.check()
        page.wait(lambda: bool(page.other))
        talk([page, desk])
        assert tones.has(desk.sound(), 500)
        assert tones.has(page.sound(), 700)


# ---- files, rooms, digits


def test_ringback_then_the_callee_then_music(worker: WorkerProcess) -> None:
    with Phone(500) as caller, Phone(700, PCMU) as callee:
        caller.call(worker.open(1))
        ringback = worker.open(1, "play", file="ringback", loop=True).join()
        talk([caller], 0.9)
        assert tones.level(caller.sound(), 425) > -1
        ringback.close()
        port = callee.call(worker.open(1))
        caller.forget()
        talk([caller, callee])
        assert tones.has(caller.sound(), 700)
        assert tones.has(callee.sound(), 500)
        port.leave()
        worker.open(1, "play", file="music", loop=True).join()
        worker.counters()
        listen([caller], 0.0)
        caller.forget()
        talk([caller])
        heard = caller.sound()
        assert max(map(abs, heard)) > 1000
        assert tones.lacks(heard, 700)
        assert len({packet.ssrc for packet in caller.packets}) == 1


def test_three_in_a_room_hear_the_other_two(worker: WorkerProcess, tmp_path: Path) -> None:
    pitches = (500, 700, 900)
    with Phone(500) as anna, Phone(700, PCMU) as boris, Browser(900) as page:
        anna.call(worker.open(1))
        boris.call(worker.open(1))
        page.call(worker.open(1, "browser"))
        page.connect()
        worker.open(1, "record", file=str(tmp_path / "room.wav")).join()
        everybody = [anna, boris, page]
        talk(everybody, 1.6)
        for phone in everybody:
            heard = phone.sound()[-8000:]
            for pitch in pitches:
                if pitch == phone.frequency:
                    assert tones.level(heard, pitch) < -25
                else:
                    assert tones.level(heard, pitch) > -5
    worker.tell(wire.CloseBridge(1))
    worker.counters()
    with wave.open(str(tmp_path / "room.wav")) as file:
        kept = array("h", file.readframes(file.getnframes()))
    assert all(tones.level(kept[-8000:], pitch) > -7 for pitch in pitches)


def test_digits_come_in_and_go_through(worker: WorkerProcess) -> None:
    with Phone(500) as anna, Phone(700) as boris:
        port = anna.call(worker.open(1), PCMA, EVENTS)
        boris.call(worker.open(1), PCMA, wire.Format(96, 96, "telephone-event", 8000))
        for key in (7, 3, 11):
            anna.press(key)
        assert [worker.expect(wire.Digit) for _ in range(3)] == [
            wire.Digit(port.number, key) for key in "73#"
        ]
        talk([boris], 2.0, until=lambda: len(boris.packets) == 21)
        assert [packet.payload[0] for packet in boris.packets] == [7] * 7 + [3] * 7 + [11] * 7
        assert {packet.kind for packet in boris.packets} == {96}


def test_digits_go_out(worker: WorkerProcess) -> None:
    with Phone(500) as anna:
        port = anna.call(worker.open(1), PCMA, EVENTS)
        port.dial("4*")
        talk([anna], 3.0, until=lambda: len(anna.packets) == 20)
        assert [packet.payload[0] for packet in anna.packets] == [4] * 10 + [10] * 10


# ---- strangers


def test_strangers_neither_hear_nor_are_heard(worker: WorkerProcess) -> None:
    """RTP bleed and RTP inject, CVE-2017-14099."""
    with Phone(500) as anna, Phone(700) as boris, Phone(1500) as mallory:
        mallory.to = anna.call(worker.open(1)).address
        boris.call(worker.open(1))
        talk([anna, boris, mallory])
        assert mallory.packets == []
        assert tones.lacks(boris.sound(), 1500)
        assert tones.has(boris.sound(), 500)
        assert worker.counters().refused["source"] >= 50


def test_behind_nat_the_one_who_comes_first_keeps_the_line(worker: WorkerProcess) -> None:
    with Phone(500) as anna, Phone(700) as boris, Phone(1500) as mallory:
        port = worker.open(1).settle(PCMA, remote=("192.0.2.77", 4000), latch="127.0.0.1").join()
        anna.to = mallory.to = port.address
        boris.call(worker.open(1))
        anna.say()
        worker.counters()
        talk([anna, boris, mallory])
        assert tones.has(anna.sound(), 700)
        assert mallory.packets == []
        assert tones.lacks(boris.sound(), 1500)


def test_what_came_before_the_call_is_not_heard_in_it(worker: WorkerProcess) -> None:
    with Phone(500) as anna, Phone(700) as boris:
        pair = next(pair for pair in worker.pairs if pair.host == "127.0.0.1")
        anna.to = (pair.host, pair.port)
        for _ in range(100):
            anna.say()
        before = worker.counters().packets_in
        assert anna.call(worker.open(1)).address == (pair.host, pair.port)
        boris.call(worker.open(1))
        anna.say()
        assert listen([boris], 5.0)
        assert len(boris.packets) == 1
        assert worker.counters().packets_in == before + 1


def test_plain_stun_tells_anybody_his_address(worker: WorkerProcess) -> None:
    with Phone(500) as anna:
        anna.call(worker.open(1))
        assert anna.to
        anna.socket.sendto(stun.write(stun.REQUEST, bytes(12), [], None), anna.to)
        assert listen([anna], 5.0)
        answer = stun.read(anna.other[0])
        assert answer is not None
        assert answer.attributes[stun.XOR_MAPPED_ADDRESS] == stun.mapped(*anna.address, bytes(12))


def test_ten_thousand_bad_packets_cost_no_call(worker: WorkerProcess) -> None:
    theirs, shield = keys()
    with Phone(500, shield=shield) as anna, Browser(700) as page:
        anna.call(worker.open(1), keys=theirs, mux=True)
        page.call(worker.open(1, "browser"))
        page.connect()
        dice = random.Random(5)
        for n in range(10_000):
            first = dice.choice(
                (b"", b"\x00", b"\x00\x01\x00", b"\x80", b"\x80\xc8", b"\x16\xfe\xfd", b"\x90\x08")
            )
            for phone in (anna, page):
                assert phone.to
                phone.socket.sendto(first + dice.randbytes(dice.choice((0, 3, 20, 40, 200))), phone.to)
            if n % 50 == 0:
                worker.counters()  # do not run ahead of it: what the kernel drops tests nothing
        talk([anna, page])
        assert tones.has(anna.sound(), 700)
        assert tones.has(page.sound(), 500)
        assert worker.counters().refused["malformed"] > 1000


# ---- life and death of the process


def test_pairs_are_neighbours_and_come_back_at_the_end_of_the_line(worker: WorkerProcess) -> None:
    assert all(pair.port % 2 == 0 for pair in worker.pairs)
    stock = worker.counters().stock
    port = worker.open(1)
    worker.counters()
    port.close()
    assert worker.counters().stock >= stock
    while (worker.pairs[-1].host, worker.pairs[-1].port) != port.address:
        worker.expect(wire.Stock)  # several are said together, twice a second at least


def test_the_stock_is_topped_up_as_it_is_used(worker: WorkerProcess) -> None:
    for _ in range(40):  # more than there were at first
        worker.open(1)
        worker.counters()
    assert worker.counters().ports == 40


def test_a_port_of_the_stock_is_bound(worker: WorkerProcess) -> None:
    pair = worker.pairs[0]
    family = socket.AF_INET6 if ":" in pair.host else socket.AF_INET
    for port in (pair.port, pair.port + 1):
        with socket.socket(family, socket.SOCK_DGRAM) as one, pytest.raises(OSError, match="in use"):
            one.bind((pair.host, port))


def test_it_says_hello_soon_and_stays_small() -> None:
    begun = time.monotonic()
    with WorkerProcess() as process:
        took = time.monotonic() - begun
        process.counters()
        status = Path(f"/proc/{process.process.pid}/status").read_text()
        assert took < 3.0  # 0.2 s on a quiet machine
        assert int(status.split("VmRSS:")[1].split()[0]) < 64 * 1024


def test_it_ends_when_the_server_is_gone() -> None:
    process = WorkerProcess()
    process.socket.close()
    assert process.process.wait(5) == 0


def test_it_ends_when_the_server_is_killed() -> None:
    """The server's end closes with it, whatever killed it."""
    script = (
        "import sys, time; sys.path.insert(0, '.'); from tests.media.peers import WorkerProcess;"
        "worker = WorkerProcess(); print(worker.process.pid, flush=True); time.sleep(60)"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=root) as server:
        assert server.stdout
        watch = os.pidfd_open(int(server.stdout.readline()))
        server.kill()
        assert select.select([watch], [], [], 5.0)[0]
        os.close(watch)


def test_interrupting_the_terminal_leaves_it_to_the_server_to_end_it() -> None:
    with WorkerProcess() as process:
        process.process.send_signal(signal.SIGINT)
        process.counters()
        assert process.process.poll() is None


def test_nonsense_from_the_server_costs_only_itself() -> None:
    with WorkerProcess() as process:
        process.socket.sendall(b"\x00\x00\x00\x05hello")
        process.tell(
            wire.Join(4711), wire.Open(1, 1, "phone", 4711), wire.Open(2, 1, "play", file="/nowhere.wav")
        )
        assert process.counters().ports == 0


def test_an_address_we_do_not_have_costs_only_itself() -> None:
    with WorkerProcess(hosts=("127.0.0.1", "192.0.2.1")) as process:
        assert {pair.host for pair in process.pairs} == {"127.0.0.1"}
