"""The worker's surroundings in tests: the server's end of the socketpair, phones and browsers.

Nobody sleeps: who waits, waits for a packet, a message or the moment to send the next one.
"""

import json
import select
import socket
import struct
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from secrets import randbits, token_bytes, token_hex
from typing import Any, Literal, Self, TypeVar

import msgspec
from OpenSSL import SSL

from offhook.media import wire
from offhook.media.worker import dtls, g711, stun
from offhook.media.worker.srtp import PROFILES, SUITES, Shield
from tests import tones

M = TypeVar("M")
Kind = Literal["phone", "browser", "play", "record"]

PCMA = wire.Format(8, 8, "PCMA", 8000)
PCMU = wire.Format(0, 0, "PCMU", 8000)
EVENTS = wire.Format(101, 101, "telephone-event", 8000)

_HEADER = struct.Struct("!BBHII")
_ROOT = Path(__file__).parents[2]


class WorkerProcess:
    """A real worker; used with `with`."""

    def __init__(self, *, hosts: Sequence[str] = ("127.0.0.1",), stock: int = 16) -> None:
        self.socket, theirs = socket.socketpair()
        options = {"hosts": list(hosts), "stock": stock, "ports": [16384, 32767]}
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "offhook.media.worker", str(theirs.fileno()), json.dumps(options)],
                pass_fds=[theirs.fileno()],
                cwd=_ROOT,
            )
        self.heard: list[wire.FromWorker] = []
        self.pairs: list[wire.Pair] = []
        self._buffer = b""
        self._decoder = msgspec.msgpack.Decoder(list[wire.FromWorker])
        self._numbers = 0
        self.hello = self.expect(wire.Hello)
        self.expect(wire.Stock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self.process.wait(5)

    def tell(self, *messages: wire.ToWorker) -> None:
        encoded = msgspec.msgpack.encode(messages)
        self.socket.sendall(len(encoded).to_bytes(4, "big") + encoded)

    def read(self) -> None:
        """Take in what has come."""
        data = self.socket.recv(1 << 16)
        if not data:
            raise EOFError("the worker is gone")
        self._buffer += data
        while len(self._buffer) >= 4:
            end = 4 + int.from_bytes(self._buffer[:4], "big")
            if len(self._buffer) < end:
                break
            for message in self._decoder.decode(self._buffer[4:end]):
                if isinstance(message, wire.Stock):
                    self.pairs += message.pairs
                self.heard.append(message)
            self._buffer = self._buffer[end:]

    def of(self, kind: type[M]) -> list[M]:
        """What it has said of this kind until now."""
        self.counters()
        return [message for message in self.heard if isinstance(message, kind)]

    def expect(self, kind: type[M], within: float = 10.0) -> M:
        """The first message of this kind not expected before."""
        until = time.monotonic() + within
        while True:
            for message in self.heard:
                if isinstance(message, kind):
                    self.heard.remove(message)
                    return message
            if not select.select([self.socket], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError(f"no {kind.__name__} within {within} s")
            self.read()

    def counters(self) -> wire.Counters:
        """The worker's counters; whatever was told before has been done when they come."""
        self.tell(wire.Measure())
        return self.expect(wire.Counters)

    def open(self, bridge: int, kind: Kind = "phone", *, host: str = "127.0.0.1", **more: Any) -> "PortHere":
        self._numbers += 1
        pair = None
        if kind in ("phone", "browser"):
            pair = next(pair for pair in self.pairs if pair.host == host)
            self.pairs.remove(pair)
        opened = wire.Open(
            self._numbers,
            bridge,
            kind,
            pair.number if pair else None,
            **more,
        )
        self.tell(opened)
        return PortHere(self, self._numbers, (pair.host, pair.port) if pair else ("", 0))


class PortHere:
    """A port of the worker as its server knows it."""

    def __init__(self, worker: WorkerProcess, number: int, address: tuple[str, int]) -> None:
        self.worker = worker
        self.number = number
        self.address = address

    def settle(
        self, *formats: wire.Format, sends: bool = True, receives: bool = True, **more: Any
    ) -> "PortHere":
        self.worker.tell(wire.Settle(self.number, formats, sends, receives, **more))
        return self

    def join(self, *, heard: bool = True, hears: bool = True) -> "PortHere":
        self.worker.tell(wire.Join(self.number, heard, hears))
        return self

    def leave(self) -> None:
        self.worker.tell(wire.Leave(self.number))

    def close(self) -> None:
        self.worker.tell(wire.Close(self.number))

    def dial(self, keys: str) -> None:
        self.worker.tell(*(wire.Dial(self.number, key) for key in keys))


class Packet:
    def __init__(self, data: bytes) -> None:
        _, second, self.seq, self.timestamp, self.ssrc = _HEADER.unpack_from(data)
        self.kind: int = second & 0x7F
        self.marked = second > 127
        self.payload = data[12:]


class Phone:
    """A telephone's RTP: says a tone, remembers what it hears."""

    def __init__(
        self,
        frequency: float,
        format: wire.Format = PCMA,
        *,
        host: str = "127.0.0.1",
        shield: Shield | None = None,
    ) -> None:
        self.frequency = frequency
        self.format = format
        self.shield = shield
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.setblocking(False)
        self.address: tuple[str, int] = self.socket.getsockname()[:2]
        self.to: tuple[str, int] | None = None
        self.packets: list[Packet] = []
        self.other: list[bytes] = []  # what is not RTP
        self.ssrc = randbits(32)
        self.seq = randbits(16)
        self.timestamp = randbits(32)
        self.frames = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def call(self, port: PortHere, *formats: wire.Format, **more: Any) -> PortHere:
        """Settle and join a port as our peer."""
        self.to = port.address
        port.settle(*(formats or (self.format,)), remote=self.address, **more).join()
        port.worker.counters()  # it is done
        return port

    def rtp(self, payload: bytes, kind: int, *, marked: bool = False) -> bytes:
        header = _HEADER.pack(
            0x80, kind | marked << 7, self.seq & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc
        )
        return header + payload

    def say(self) -> None:
        """20 ms of our tone."""
        law = g711.law_of(self.format.name)
        assert law is not None
        self.send(self.rtp(tones.frame(self.frequency, self.frames, law), self.format.send))
        self.frames += 1
        self.timestamp += 160

    def press(self, key: int, format: wire.Format = EVENTS) -> None:
        """A telephone-event as a phone sends it: eight packets, the last three of them its end."""
        for n in (1, 2, 3, 4, 5, 5, 5):
            payload = struct.pack("!BBH", key, 10 | (n == 5) << 7, n * 160)
            self.send(self.rtp(payload, format.send, marked=n == 1))
        self.timestamp += 800

    def send(self, packet: bytes) -> None:
        self.seq += 1
        assert self.to is not None
        self.socket.sendto(self.shield.seal(packet) if self.shield else packet, self.to)

    def take(self, data: bytes, source: tuple[str, int]) -> None:
        if 127 < data[0] < 192 and not 192 <= data[1] <= 223:
            self.packets.append(Packet(self.shield.open(data) if self.shield else data))
        else:
            self.other.append(data)

    def sound(self) -> "array[int]":
        """What we heard, in order of arrival."""
        heard = array("h")
        for packet in self.packets:
            if packet.kind in (0, 8):
                heard += g711.decode("PCMA" if packet.kind else "PCMU", packet.payload)
        return heard

    def forget(self) -> None:
        self.packets.clear()


def talk(phones: Iterable[Phone], seconds: float = 1.4, *, until: Callable[[], bool] | None = None) -> None:
    """Everybody says his tone every 20 ms and hears what comes, until the time is over or it is so."""
    everybody = list(phones)
    begun = time.monotonic()
    sent = 0
    while (now := time.monotonic()) < begun + seconds and not (until is not None and until()):
        if now >= begun + sent * 0.02:
            sent += 1
            for phone in everybody:
                if phone.frequency and phone.to:
                    phone.say()
        listen(everybody, max(0.0, begun + sent * 0.02 - time.monotonic()))


def listen(phones: Iterable[Phone], within: float) -> bool:
    """Take what comes until nothing does for so long; False if nothing came at all."""
    by_socket = {phone.socket: phone for phone in phones}
    ready = select.select(list(by_socket), [], [], within)[0]
    for one in ready:
        try:
            while True:
                data, source = one.recvfrom(2048)
                by_socket[one].take(data, source)
        except BlockingIOError:
            pass
    return bool(ready)


def keys(suite: str = "AES_CM_128_HMAC_SHA1_80") -> tuple[wire.Keys, Shield]:
    """SDES keys for a port, and the phone's end of them."""
    _, key, salt = SUITES[suite]
    ours, theirs = token_bytes(key + salt), token_bytes(key + salt)
    return wire.Keys(suite, ours, theirs), Shield(suite, ours=theirs, theirs=ours)


class Client:
    """The active side of DTLS-SRTP over bytes, as a browser has it."""

    def __init__(self, profiles: str = ":".join(PROFILES), *, certificate: bool = True) -> None:
        identity = dtls.Identity()
        context = SSL.Context(SSL.DTLS_CLIENT_METHOD)
        if certificate:
            context.use_certificate(identity.certificate)
            context.use_privatekey(identity.key)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        if profiles:
            context.set_tlsext_use_srtp(profiles.encode())
        self.fingerprint = identity.fingerprint
        self.far_fingerprint = ""
        self.shield: Shield | None = None
        self._context = context
        self._connection: SSL.Connection | None = None

    def start(self) -> list[bytes]:
        self._connection = SSL.Connection(self._context, None)
        self._connection.set_connect_state()
        return self._step()

    def receive(self, datagram: bytes) -> list[bytes]:
        if self._connection is None:
            return []
        self._connection.bio_write(datagram)
        return self._step()

    def tick(self) -> list[bytes]:
        """The last flight again, when its time has come."""
        if self._connection is None or self.shield is not None:
            return []
        self._connection.DTLSv1_handle_timeout()
        return self._written()

    def _step(self) -> list[bytes]:
        assert self._connection is not None
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return self._written()
        if self.shield is None:
            self._finish(self._connection)
        return self._written()

    def _finish(self, connection: SSL.Connection) -> None:
        certificate = connection.get_peer_certificate(as_cryptography=True)
        assert certificate is not None
        self.far_fingerprint = dtls.fingerprint(certificate, "sha-256")
        profile = connection.get_selected_srtp_profile().decode()
        if profile:
            suite = PROFILES[profile]
            _, key, salt = SUITES[suite]
            material = connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
            client = material[:key] + material[2 * key : 2 * key + salt]
            server = material[key : 2 * key] + material[2 * key + salt :]
            self.shield = Shield(suite, ours=client, theirs=server)

    def _written(self) -> list[bytes]:
        assert self._connection is not None
        try:
            return list(dtls.datagrams(self._connection.bio_read(65536)))
        except SSL.WantReadError:
            return []


class Credentials:
    """ICE credentials of both sides, and the checks made with them."""

    def __init__(self) -> None:
        self.ufrag, self.pwd, self.port_ufrag, self.port_pwd = (token_hex(12) for _ in range(4))

    def ice(self, fingerprint: str) -> wire.Ice:
        return wire.Ice(self.port_ufrag, self.port_pwd, self.ufrag, self.pwd, fingerprint)

    def check(self, *, pwd: str = "", nominate: bool = True) -> bytes:
        """A connectivity check, RFC 8445 §7.2.2."""
        attributes = [
            (stun.USERNAME, f"{self.port_ufrag}:{self.ufrag}".encode()),
            (stun.ICE_CONTROLLING, token_bytes(8)),
            (stun.PRIORITY, (1 << 24).to_bytes(4, "big")),
        ]
        if nominate:
            attributes.append((stun.USE_CANDIDATE, b""))
        return stun.write(stun.REQUEST, token_bytes(12), attributes, (pwd or self.port_pwd).encode())


class Browser(Phone):
    """A browser's transport: ICE checks, the active side of DTLS, SRTP."""

    def __init__(self, frequency: float, format: wire.Format = PCMU, *, host: str = "127.0.0.1") -> None:
        super().__init__(frequency, format, host=host)
        self.client = Client()
        self.credentials = Credentials()
        self.lose: Callable[[bytes], bool] = lambda datagram: False  # DTLS lost on its way to us

    def call(self, port: PortHere, *formats: wire.Format, fingerprint: str = "", **more: Any) -> PortHere:
        self.to = port.address
        ice = self.credentials.ice(fingerprint or self.client.fingerprint)
        how: dict[str, Any] = {"ice": ice, "mux": True, "lost_after": 5.0} | more
        port.settle(*(formats or (self.format,)), **how).join()
        port.worker.counters()
        return port

    def check(self, **how: Any) -> None:
        self._out([self.credentials.check(**how)])

    def connect(self, within: float = 10.0) -> None:
        """Check and shake hands."""
        self.check()
        self.wait(lambda: any(data[:2] == b"\x01\x01" for data in self.other), within)
        self.shake_hands(within)

    def shake_hands(self, within: float = 10.0) -> None:
        self._out(self.client.start())
        self.wait(lambda: self.client.shield is not None, within)
        self.shield = self.client.shield

    def wait(self, until: Callable[[], bool], within: float = 10.0) -> None:
        end = time.monotonic() + within
        while not until():
            listen([self], 0.05)
            self._out(self.client.tick())
            if time.monotonic() >= end:
                raise TimeoutError

    def take(self, data: bytes, source: tuple[str, int]) -> None:
        if 19 < data[0] < 64:
            if not self.lose(data):
                self._out(self.client.receive(data))
        elif 127 < data[0] < 192 and self.shield is None:
            self.other.append(data)
        else:
            super().take(data, source)

    def _out(self, datagrams: list[bytes]) -> None:
        assert self.to is not None
        for datagram in datagrams:
            self.socket.sendto(datagram, self.to)
