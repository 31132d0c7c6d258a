"""The worker's loop: all its sockets, its clock and its 20 ms tick.

Nothing that arrives can end it: one guard round each packet counts what raises.
After a stall the tick skips what is past and never catches up in a burst.
"""

import errno
import gc
import importlib
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import randbelow
from typing import NoReturn

import msgspec

from offhook.media.wire import FromWorker, Hello, Pair, Stock, ToWorker
from offhook.media.worker import stock
from offhook.media.worker.around import Send
from offhook.media.worker.dtls import Identity
from offhook.media.worker.ice import Source
from offhook.media.worker.port import Port
from offhook.media.worker.worker import Worker

TICK = 0.02
ANNOUNCED_TOGETHER = 16  # pairs: each message wakes the server, which costs more than reading it
MAX_DATAGRAM = 2048
MAX_UNSENT = 8 << 20  # bytes: a server that reads nothing for so long is not coming back
EXPEDITED = 0xB8  # DSCP EF


class Options(msgspec.Struct, frozen=True):
    hosts: tuple[str, ...] = ("127.0.0.1",)
    stock: int = 64
    ports: tuple[int, int] = (16384, 32767)


@dataclass(slots=True)
class Sockets:
    """A bound pair."""

    host: str
    port: int
    rtp: socket.socket
    rtcp: socket.socket

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


@dataclass(slots=True)
class Control:
    """The socketpair to the server: lists of messages with their length in front."""

    socket: socket.socket
    decoder: msgspec.msgpack.Decoder[list[ToWorker]] = field(
        default_factory=lambda: msgspec.msgpack.Decoder(list[ToWorker])
    )
    _encoder: msgspec.msgpack.Encoder = field(default_factory=msgspec.msgpack.Encoder)
    _received: bytearray = field(default_factory=bytearray)
    _told: list[FromWorker] = field(default_factory=list)
    unsent: bytearray = field(default_factory=bytearray)

    def tell(self, message: FromWorker) -> None:
        self._told.append(message)

    @property
    def has_more(self) -> bool:
        """Something is to be sent."""
        return bool(self._told or self.unsent)

    def flush(self) -> None:
        """Send what can be sent now; the rest waits."""
        if self._told:
            encoded = self._encoder.encode(self._told)
            self.unsent += len(encoded).to_bytes(4, "big") + encoded
            self._told.clear()
        try:
            sent = self.socket.send(self.unsent)
        except BlockingIOError:
            if len(self.unsent) > MAX_UNSENT:
                raise
            return
        del self.unsent[:sent]

    def receive(self) -> list[bytes] | None:
        """Whole frames; None when the server is gone."""
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return []
        except ConnectionError:
            return None
        if not data:
            return None
        received = self._received
        received += data
        frames = []
        at = 0
        while len(received) - at >= 4:
            end = at + 4 + int.from_bytes(received[at : at + 4], "big")
            if end > len(received):
                break
            frames.append(bytes(received[at + 4 : end]))
            at = end
        del received[:at]
        return frames


class Loop:
    def __init__(self, control: socket.socket, options: Options) -> None:
        control.setblocking(False)
        identity = Identity()
        self._control = Control(control)
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[bytes, Source, float], None]] = {}
        self._readers: dict[int, Callable[[int], tuple[bytes, Source]]] = {}
        self._taken: dict[int, Sockets] = {}
        self._stock: stock.Stock[Sockets] = stock.Stock(
            options.hosts, options.ports, options.stock, self._bind, start=randbelow(1 << 16)
        )
        self._worker = Worker(
            self,
            identity,
            self._control.tell,
            unix=time.time() - time.monotonic(),
            cpu=time.process_time,
        )
        self._unsaid: list[Pair] = []  # pairs the server does not know of yet
        self._mishap_at = 0.0
        self._watching = select.EPOLLIN
        self._epoll.register(control.fileno(), self._watching)
        self._control.tell(Hello(os.getpid(), identity.fingerprint))
        self._announce(self._stock.top_up(1 << 16))
        self._say_stock()
        self._flush()

    # ---- the worker's network

    @property
    def free(self) -> int:
        return self._stock.free

    def take(self, pair: int) -> tuple[Send, Send]:
        sockets = self._taken[pair] = self._stock.take(pair)
        return sockets.rtp.sendto, sockets.rtcp.sendto

    def attach(self, pair: int, port: Port) -> None:
        sockets = self._taken[pair]
        self._handlers[sockets.rtp.fileno()] = port.receive
        self._handlers[sockets.rtcp.fileno()] = port.receive_rtcp

    def give_back(self, pair: int) -> None:
        sockets = self._taken.pop(pair)
        self._handlers[sockets.rtp.fileno()] = self._handlers[sockets.rtcp.fileno()] = forget
        self._announce(self._stock.give_back(pair, sockets))

    def mishap(self) -> None:
        """The first of every second: who writes more is stopped by a full pipe."""
        now = time.monotonic()
        if now - self._mishap_at >= 1:
            self._mishap_at = now
            traceback.print_exc(file=sys.stderr)

    # ---- running

    def run(self) -> NoReturn:
        control = self._control.socket.fileno()
        poll, clock, worker = self._epoll.poll, time.monotonic, self._worker
        readers, handlers, refused = self._readers, self._handlers, worker.refused
        tick_at = 0.0  # none is due
        sweep_at = clock()
        while True:
            due = min(tick_at, sweep_at) if tick_at else sweep_at
            events = poll(max(0.0, due - clock()))
            now = clock()
            for fd, _ in events:
                reader = readers.get(fd)
                if reader is None:
                    if fd == control:
                        self._obey(now)
                    continue
                try:
                    data, source = reader(MAX_DATAGRAM)
                    handlers[fd](data, source, now)
                except BlockingIOError:
                    pass
                except OSError:
                    refused["unsent"] += 1
                except Exception:  # whatever a packet can do to us, it does to itself
                    refused["malformed"] += 1
            if now >= sweep_at:
                sweep_at = worker.sweep(now)
                if self._stock.is_short:
                    self._announce(self._stock.top_up())
                self._say_stock()
            if tick_at and now >= tick_at:
                steps = 1 + int((now - tick_at) / TICK)
                tick_at += steps * TICK
                worker.tick(now, steps)
            if not worker.awake:
                tick_at = 0.0
            elif not tick_at:
                tick_at = now + TICK
            if self._control.has_more:
                self._flush()

    def _obey(self, now: float) -> None:
        frames = self._control.receive()
        if frames is None:
            self._leave()
        for frame in frames:
            try:
                messages = self._control.decoder.decode(frame)
            except msgspec.DecodeError:
                self.mishap()
                continue
            for message in messages:
                try:
                    self._worker.told(message, now)
                except Exception:  # the server and we disagree: that message is lost, no call but its own
                    self.mishap()
        self._worker.lay()
        if self._stock.is_short:
            self._announce(self._stock.top_up())

    def _bind(self, host: str, port: int) -> Sockets | None:
        """A pair we listen to from now on, in rest too, so that no call hears what came before it."""
        sockets = bind(host, port)
        if sockets is not None:
            for one in (sockets.rtp, sockets.rtcp):
                fd = one.fileno()
                self._handlers[fd] = forget
                self._readers[fd] = one.recvfrom
                self._epoll.register(fd, select.EPOLLIN)
        return sockets

    def _announce(self, pairs: list[Pair]) -> None:
        self._unsaid += pairs
        if len(self._unsaid) >= ANNOUNCED_TOGETHER:
            self._say_stock()

    def _say_stock(self) -> None:
        if self._unsaid:
            self._control.tell(Stock(tuple(self._unsaid)))
            self._unsaid.clear()

    def _flush(self) -> None:
        """Send what can be sent; epoll says when the rest can."""
        try:
            self._control.flush()
        except OSError:
            self._leave()
        events = select.EPOLLIN | (select.EPOLLOUT if self._control.unsent else 0)
        if events != self._watching:
            self._watching = events
            self._epoll.modify(self._control.socket.fileno(), events)

    def _leave(self) -> NoReturn:
        self._worker.close()
        os._exit(0)


def bind(host: str, port: int) -> Sockets | None:
    """A pair on two neighbouring ports; None when one of them is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made: list[socket.socket] = []
    try:
        for n in (port, port + 1):
            one = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            made.append(one)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, EXPEDITED)
            else:
                one.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED)
            one.bind((host, n))
    except OSError as error:
        for one in made:
            one.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    return Sockets(host, port, *made)


def forget(data: bytes, source: Source, now: float) -> None:
    """What comes to a pair in rest was meant for an earlier call, or for none."""


def main(fd: int, options: str) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to understand
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    loop = Loop(socket.socket(fileno=fd), msgspec.json.decode(options, type=Options))
    importlib.import_module("offhook.media.worker.mixer")  # numpy: now, not in somebody's call
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # a port that closes leaves nothing to collect
    loop.run()
