"""Frames over a socketpair."""

import asyncio
import socket

import msgspec
import pytest

from offhook.media import wire
from offhook.media.worker_link import WorkerLink


class Far:
    """The worker's end, and what the server's end heard."""

    def __init__(self) -> None:
        ours, self.sock = socket.socketpair()
        self.heard: list[wire.FromWorker] = []
        self.gone = asyncio.Event()
        self.link = WorkerLink(ours, self.heard.append, self.gone.set)

    def frames(self) -> list[wire.ToWorker]:
        data, found = self.sock.recv(1 << 20), []
        while data:
            end = 4 + int.from_bytes(data[:4], "big")
            found += msgspec.msgpack.decode(data[4:end], type=list[wire.ToWorker])
            data = data[end:]
        return found


def framed(*messages: wire.FromWorker) -> bytes:
    data = msgspec.msgpack.encode(messages)
    return len(data).to_bytes(4, "big") + data


async def turn() -> None:
    """Long enough for the loop to look at its sockets."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_messages_of_one_turn_go_out_together_and_in_order() -> None:
    far = Far()
    far.link.send(wire.Leave(1))
    far.link.send(wire.Close(1))
    await turn()
    assert far.frames() == [wire.Leave(1), wire.Close(1)]


async def test_what_was_said_before_closing_is_still_said() -> None:
    far = Far()
    far.link.send(wire.Close(1))
    far.link.close()
    far.link.send(wire.Close(2))
    assert far.frames() == [wire.Close(1)]
    assert far.sock.recv(1) == b""
    assert not far.gone.is_set()


async def test_frames_may_arrive_in_any_pieces() -> None:
    far = Far()
    messages: list[wire.FromWorker] = [wire.Lost(n) for n in range(50)]
    data = b"".join(map(framed, messages))
    for start in range(0, len(data), 7):
        far.sock.send(data[start : start + 7])
        await turn()
    assert far.heard == messages


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\0\1x", b"\xff\xff\xff\xff", b"\0\0\0\2\x81\xa0", framed(wire.Lost(1))[:-1] + b"\xc1"]
)
async def test_the_end_and_nonsense_are_the_end(data: bytes) -> None:
    far = Far()
    far.sock.send(framed(wire.Lost(7)) + data)
    if not data:
        far.sock.close()
    async with asyncio.timeout(1):
        await far.gone.wait()
    assert far.heard == [wire.Lost(7)]
    far.link.send(wire.Measure())
    far.link.close()


async def test_a_worker_that_reads_slowly_gets_everything() -> None:
    far = Far()
    far.sock.setblocking(False)
    wanted = 20_000
    for n in range(wanted):
        far.link.send(wire.Dial(n, "5"))
    received = bytearray()
    async with asyncio.timeout(10):
        while True:
            await asyncio.sleep(0)
            try:
                received += far.sock.recv(4096)
            except BlockingIOError:
                if len(received) and received.endswith(msgspec.msgpack.encode(wire.Dial(wanted - 1, "5"))):
                    break


async def test_a_worker_that_reads_nothing_is_given_up() -> None:
    far = Far()
    for n in range(200_000):
        far.link.send(wire.Open(n, n, "play", file="x" * 60))
    async with asyncio.timeout(5):
        await far.gone.wait()
