"""One UDP socket of ours, and a peer."""

import asyncio
import contextlib
import socket

from offhook.phones.udp import UdpListener
from offhook.sip.flow import Flow

REQUEST = b"OPTIONS sip:pbx SIP/2.0\r\n"


async def test_what_all_that_came_makes_us_say_goes_out_when_all_is_dealt_with() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.setblocking(False)
        dealt_with = asyncio.Event()
        too_early: list[bytes] = []

        def receive(data: bytes, flow: Flow, now: float) -> None:
            listener.send(data, flow)
            with contextlib.suppress(BlockingIOError):
                too_early.append(peer.recv(100))

        def pumped(now: float) -> None:
            listener.flush()
            dealt_with.set()

        listener = UdpListener("127.0.0.1", 0, receive, pumped=pumped, is_banned=lambda host: False)
        for n in range(3):
            peer.sendto(REQUEST + b"%d" % n, (listener.host, listener.port))
        listener.start(asyncio.get_running_loop())
        async with asyncio.timeout(5):
            await dealt_with.wait()
        assert too_early == []
        assert [peer.recv(100) for _ in range(3)] == [REQUEST + b"%d" % n for n in range(3)]
        listener.close()


async def test_what_was_said_is_still_sent_when_it_closes() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        listener = UdpListener(
            "127.0.0.1", 0, lambda *_: None, pumped=lambda now: None, is_banned=lambda host: False
        )
        listener.send(REQUEST, listener.flow_to(*peer.getsockname()))
        listener.close()
        assert peer.recv(100) == REQUEST
