"""A phone's ears and mouth: plain RTP over a real socket, tones in and out.

It speaks A-law and hears both laws.
"""

import asyncio
import contextlib
import math
import random
import socket
import struct
from collections import deque
from collections.abc import Iterable

RATE = 8000
FRAME = 160  # samples in 20 ms


def to_alaw(sample: int) -> int:
    """G.711 A-law of one 16-bit sample."""
    sign = 0x80 if sample >= 0 else 0
    value = min(abs(sample), 32635) >> 3
    exponent = max(0, value.bit_length() - 5)
    mantissa = (value >> (exponent or 1)) & 0x0F if value >= 32 else value >> 1
    return (sign | (exponent << 4) | mantissa) ^ 0x55


def from_alaw(octet: int) -> int:
    octet ^= 0x55
    exponent, mantissa = (octet >> 4) & 7, octet & 0x0F
    value = (mantissa << 4) + 8
    if exponent:
        value = (value + 0x100) << (exponent - 1)
    return value if octet & 0x80 else -value


def from_mulaw(octet: int) -> int:
    octet ^= 0xFF
    value = ((((octet & 0x0F) << 3) + 0x84) << ((octet >> 4) & 7)) - 0x84
    return -value if octet & 0x80 else value


_HEARD = {0: [from_mulaw(octet) for octet in range(256)], 8: [from_alaw(octet) for octet in range(256)]}


class Sound:
    """One RTP socket. It says a tone when told to, and knows which tones it has heard lately."""

    def __init__(self, host: str) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self.host = host
        self.port = int(self._socket.getsockname()[1])
        self.peer: tuple[str, int] | None = None
        self.received = 0  # packets
        self.events: list[int] = []  # RFC 4733: keys whose end was seen
        self._heard: deque[int] = deque(maxlen=RATE)
        self._pieces: deque[tuple[float, list[int]]] = deque(maxlen=2 * RATE // FRAME)
        self._hertz: float | None = None
        self._ssrc, self._number, self._time = random.getrandbits(32), random.getrandbits(15), 0
        self._ended_at = -1
        self._arrived = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket, self._readable)
        self._speaks = loop.create_task(self._speak())

    def describe(self, direction: str = "sendrecv", *, version: int = 1, codecs: str = "8 0 101") -> bytes:
        """An SDP of this socket."""
        kind = "IP6" if ":" in self.host else "IP4"
        maps = {"8": "PCMA/8000", "0": "PCMU/8000", "101": "telephone-event/8000", "18": "G729/8000"}
        lines = [
            "v=0",
            f"o=- {self.port} {version} IN {kind} {self.host}",
            "s=-",
            f"c=IN {kind} {self.host}",
            "t=0 0",
            f"m=audio {self.port} RTP/AVP {codecs}",
            *[f"a=rtpmap:{number} {maps[number]}" for number in codecs.split()],
            f"a={direction}",
            "",
        ]
        return "\r\n".join(lines).encode()

    def believe(self, sdp: bytes) -> None:
        """Send from now on to where this description says."""
        host, port = "", 0
        for line in sdp.decode().splitlines():
            if line.startswith("c=IN "):
                host = line.split()[2]
            elif line.startswith("m=audio "):
                port = int(line.split()[1])
        if host and port:
            self.peer = host, port

    def say(self, hertz: float | None) -> None:
        """A tone without end; None: be silent (and send nothing)."""
        self._hertz = hertz

    def press(self, key: int) -> None:
        """A key among what is said, RFC 4733; its end is told three times."""
        for ends, duration in ((0, 160), (0, 800), (0x80, 1600), (0x80, 1600), (0x80, 1600)):
            self._number = (self._number + 1) & 0xFFFF
            header = struct.pack("!BBHII", 0x80, 101, self._number, self._time, self._ssrc)
            self.throw(header + struct.pack("!BBH", key, ends | 10, duration))

    def throw(self, data: bytes) -> None:
        """Anything at all, to where the sound goes."""
        assert self.peer is not None, "there is somebody to throw it at"
        with contextlib.suppress(OSError):
            self._socket.sendto(data, self.peer)

    def hears(self, hertz: float, *, seconds: float = 0.5) -> bool:
        """Whether the last while was mostly this tone (Goertzel)."""
        wanted = int(RATE * seconds)
        samples = list(self._heard)[-wanted:]
        if len(samples) < wanted:
            return False
        power = sum(sample * sample for sample in samples)
        if power < wanted * 100.0**2:
            return False
        factor, before, last = 2 * math.cos(2 * math.pi * hertz / RATE), 0.0, 0.0
        for sample in samples:
            before, last = last, sample + factor * last - before
        tone = last * last + before * before - factor * last * before
        return tone / (power * wanted / 2) > 0.5

    def lately(self, seconds: float = 1.0) -> list[int]:
        """What arrived within the last seconds, by the clock: too few samples where nothing was sent."""
        return _since(self._pieces, asyncio.get_running_loop().time() - seconds)

    def is_loud(self) -> bool:
        """Anything but silence was heard lately."""
        return bool(self._heard) and sum(map(abs, self._heard)) / len(self._heard) > 100

    async def next_packet(self) -> None:
        self._arrived.clear()
        await self._arrived.wait()

    def forget(self) -> None:
        self._heard.clear()
        self._pieces.clear()

    def close(self) -> None:
        self._speaks.cancel()
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        while True:
            try:
                data = self._socket.recv(2048)
            except OSError:
                return
            if len(data) < 12 or data[0] >> 6 != 2 or 192 <= data[1] < 224:
                continue
            self._arrived.set()
            kind, payload = data[1] & 0x7F, data[12:]
            if kind in _HEARD:
                self.received += 1
                samples = _decoded(kind, payload)
                self._heard.extend(samples)
                self._pieces.append((asyncio.get_running_loop().time(), samples))
            elif kind == 101 and len(payload) >= 4 and payload[1] & 0x80:
                stamp = int.from_bytes(data[4:8], "big")
                if stamp != self._ended_at:
                    self._ended_at = stamp
                    self.events.append(payload[0])

    async def _speak(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        phase = 0
        while True:
            due = max(due + 0.02, loop.time())
            await asyncio.sleep(due - loop.time())
            if self._hertz is None or self.peer is None:
                continue
            angle = 2 * math.pi * self._hertz / RATE
            frame = bytes([to_alaw(int(8000 * math.sin(angle * (phase + i)))) for i in range(FRAME)])
            phase += FRAME
            self._number, self._time = (self._number + 1) & 0xFFFF, (self._time + FRAME) & 0xFFFFFFFF
            header = struct.pack("!BBHII", 0x80, 8, self._number, self._time, self._ssrc)
            try:
                self._socket.sendto(header + frame, self.peer)
            except OSError:
                continue


class Tap:
    """Hears, on the wire, what is sent to a phone's range of RTP ports. Needs a namespace of one's own."""

    def __init__(self, interface: str, ports: range) -> None:
        self._ports = ports
        self._pieces: dict[int, deque[tuple[float, list[int]]]] = {}
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETHERTYPE_IP))
        self._socket.setblocking(False)
        self._socket.bind((interface, 0))
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def lately(self, seconds: float = 1.0) -> list[list[int]]:
        """What arrived within the last seconds, at each port."""
        since = asyncio.get_running_loop().time() - seconds
        return [_since(pieces, since) for pieces in self._pieces.values()]

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        while True:
            try:
                packet, (_, _, way, *_) = self._socket.recvfrom(2048)
            except OSError:
                return
            start = 4 * (packet[0] & 0x0F)
            data = packet[start + 8 :]
            port = int.from_bytes(packet[start + 2 : start + 4], "big")
            if way != _FOR_US or packet[9] != socket.IPPROTO_UDP or port not in self._ports:
                continue
            if len(data) < 12 or data[0] >> 6 != 2 or data[1] & 0x7F not in _HEARD:
                continue
            pieces = self._pieces.setdefault(port, deque(maxlen=2 * RATE // FRAME))
            pieces.append((asyncio.get_running_loop().time(), _decoded(data[1] & 0x7F, data[12:])))


_ETHERTYPE_IP = 0x0800
_FOR_US = 0  # PACKET_HOST: on loopback each packet is seen on its way out, too


def _decoded(kind: int, payload: bytes) -> list[int]:
    heard = _HEARD[kind]
    return [heard[octet] for octet in payload]


def _since(pieces: Iterable[tuple[float, list[int]]], since: float) -> list[int]:
    return [sample for at, samples in pieces if at > since for sample in samples]
