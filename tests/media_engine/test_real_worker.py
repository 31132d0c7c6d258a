"""The engine with the worker it is made for: sound passes, and a killed worker is replaced."""

import asyncio
import os
import signal
import socket
import struct
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from offhook.calls.media import PCMA, PCMU, Codec, Kind, Port, PortEvent, PortLost
from offhook.media.engine import open_engine
from offhook.media.worker import g711
from offhook.sdp.description import parse
from offhook.sdp.phone import PhoneSdp
from tests import tones
from tests.media_engine.test_supervisor import soon, until

RANGE = (41000, 41199)


class Phone:
    """A telephone in a test: SDP by our own negotiator, sound by a UDP socket."""

    def __init__(self, sock: socket.socket, law: Codec) -> None:
        self._sock = sock
        self._law = law
        self.sdp = PhoneSdp(
            "127.0.0.1",
            sock.getsockname()[1],
            session=1,
            srtp="off",
            secure=False,
            make_key=lambda: bytes(30),
        )
        self.remote = ("", 0)

    def answer(self, offer: str) -> str:
        text, agreement = self.sdp.answer(offer, (self._law,))
        assert agreement.remote is not None
        self.remote = agreement.remote
        return text

    def says(self, frequency: float, n: int) -> None:
        law: g711.Law = "PCMA" if self._law is PCMA else "PCMU"
        head = struct.pack("!BBHII", 0x80, 8 if self._law is PCMA else 0, n, n * 160, 0x1234)
        self._sock.sendto(head + tones.frame(frequency, n, law), self.remote)

    def hears(self) -> "array[int]":
        """Everything that has arrived until now."""
        sound = array("h")
        while True:
            try:
                packet = self._sock.recv(2048)
            except BlockingIOError:
                return sound
            if (law := {0: "PCMU", 8: "PCMA"}.get(packet[1] & 0x7F)) is not None:
                sound.extend(g711.decode("PCMA" if law == "PCMA" else "PCMU", packet[12:]))


@contextmanager
def phone(law: Codec) -> Iterator[Phone]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        yield Phone(sock, law)


@pytest.mark.parametrize("workers", [1, 2])
async def test_two_phones_hear_each_other(workers: int) -> None:
    """With two workers, each phone's port is on its own, and they are linked."""
    async with open_engine(workers, ["127.0.0.1"], RANGE, lambda port, event: None) as engine:
        bridges = [engine.bridge()]
        bridges.append(engine.bridge() if workers == 2 else bridges[0])
        with phone(PCMA) as one, phone(PCMU) as other:
            for bridge, end in zip(bridges, (one, other), strict=True):
                port = bridge.open(Kind.PHONE, flow_host="127.0.0.1", peer="127.0.0.1")
                port.accept(end.answer(port.offer(like=(PCMA, PCMU))))
                bridges[0].join(port)
            heard, heard_back = array("h"), array("h")
            async with asyncio.timeout(20):
                for n in count():
                    one.says(500, n)
                    other.says(700, n)
                    await asyncio.sleep(0.02)
                    heard.extend(other.hears())
                    heard_back.extend(one.hears())
                    if n > 50 and n % 10 == 0 and tones.has(heard, 500) and tones.has(heard_back, 700):
                        break
            assert tones.lacks(heard, 700)
            assert tones.lacks(heard_back, 500)


@pytest.mark.parametrize("workers", [1, 2])
async def test_three_in_a_room_hear_the_other_two_and_after_one_was_taken_away_the_two_that_are_left(
    workers: int,
) -> None:
    """As when two calls are joined to one, and when one of three goes on with somebody else."""
    pitches = (500, 700, 900)
    async with open_engine(workers, ["127.0.0.1"], RANGE, lambda port, event: None) as engine:
        room, other = engine.bridge(), engine.bridge()
        assert (room.worker is other.worker) is (workers == 1)
        with phone(PCMA) as one, phone(PCMU) as two, phone(PCMA) as three:
            ends, ports = (one, two, three), list[Port]()
            for end, bridge in zip(ends, (room, other, other), strict=True):
                port = bridge.open(Kind.PHONE, flow_host="127.0.0.1", peer="127.0.0.1")
                port.accept(end.answer(port.offer(like=(PCMA, PCMU))))
                bridge.join(port)
                ports.append(port)

            async def hear(wanted: tuple[set[int], set[int], set[int]]) -> None:
                """Talk until each hears just these tones; a second long, too."""
                heard = array("h"), array("h"), array("h")
                async with asyncio.timeout(20):
                    for n in count():
                        for end, pitch in zip(ends, pitches, strict=True):
                            end.says(pitch, n)
                        await asyncio.sleep(0.02)
                        for end, sound in zip(ends, heard, strict=True):
                            sound.extend(end.hears())
                        if n > 50 and n % 10 == 0 and tuple(map(found, heard)) == wanted:
                            return

            def found(sound: "array[int]") -> set[int]:
                last = sound[-8000:]
                return {pitch for pitch in pitches if len(last) == 8000 and tones.level(last, pitch) > -8}

            await hear((set(), {900}, {700}))
            for guest in ports[1:]:
                room.take(guest)
                room.join(guest)
            other.close()
            await hear(({700, 900}, {500, 900}, {500, 700}))
            other = engine.bridge()
            other.take(ports[1])
            await hear(({900}, set(), {500}))
            other.join(ports[1])
            other.take(ports[2])
            other.join(ports[2])
            await hear((set(), {900}, {700}))


async def test_a_killed_worker_is_replaced_within_half_a_second() -> None:
    news: list[tuple[Port, PortEvent]] = []
    async with open_engine(1, ["127.0.0.1"], RANGE, lambda port, event: news.append((port, event))) as engine:
        port = engine.bridge().open(Kind.PHONE, flow_host="127.0.0.1", peer="127.0.0.1")
        port.offer()
        os.kill(port.worker.pid, signal.SIGKILL)
        await until(lambda: (port, PortLost(worker=True)) in news, soon())
        await until(lambda: 0 in engine.workers and engine.workers[0].is_ready, soon())
        with phone(PCMA) as end:
            again = engine.bridge().open(Kind.PHONE, flow_host="127.0.0.1", peer="127.0.0.1")
            again.accept(end.answer(again.offer()))
            assert parse(again.offer()).media[0].port in range(*RANGE)


async def test_ringback_reaches_a_phone_that_waits() -> None:
    async with open_engine(1, ["127.0.0.1"], RANGE, lambda port, event: None) as engine:
        bridge = engine.bridge()
        port = bridge.open(Kind.PHONE, flow_host="127.0.0.1", peer="127.0.0.1")
        with phone(PCMA) as end:
            port.accept(end.answer(port.offer()))
            bridge.join(port, heard=False)
            bridge.join(bridge.open(Kind.PLAY, sound="ringback", loop=True), hears=False)
            heard = array("h")

            def rings() -> bool:
                heard.extend(end.hears())
                return any(abs(sample) > 500 for sample in heard)

            await until(rings)
