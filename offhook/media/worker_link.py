"""The server's end of a worker's socketpair: frames out, frames in, and the news that it is gone.

No task and no waiting: what is said in one turn of the loop goes out in one frame, what arrives is
handed on at once. A worker that stops reading or talks nonsense is as good as dead.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator

import msgspec

from offhook.media.wire import FromWorker, ToWorker

_MOST_UNSENT = 8 * 1024 * 1024
_MOST_IN_A_FRAME = 1024 * 1024

logger = logging.getLogger(__name__)
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[list[FromWorker]] = msgspec.msgpack.Decoder(list[FromWorker])


class WorkerLink:
    """`heard` gets every message, `gone` is called once, when nothing more can be said or heard."""

    def __init__(
        self, sock: socket.socket, heard: Callable[[FromWorker], None], gone: Callable[[], None]
    ) -> None:
        sock.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._heard = heard
        self._gone = gone
        self._said: list[ToWorker] = []  # in this turn of the loop
        self._out = bytearray()
        self._in = bytearray()
        self._flushing = False  # a flush is on its way, soon or when the socket can be written
        self._closed = False
        self._loop.add_reader(sock, self._readable)

    def send(self, message: ToWorker) -> None:
        if self._closed:
            return
        self._said.append(message)
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Say what can still be said at once; the worker ends when it reads the end."""
        if self._closed:
            return
        self._flush()
        self._shut()

    def _flush(self) -> None:
        if self._closed:
            return
        if self._said:
            self._out += frame(self._said)
            self._said.clear()
        try:
            sent = self._sock.send(self._out) if self._out else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._lost()
            return
        del self._out[:sent]
        if not self._out:
            self._flushing = False
            self._loop.remove_writer(self._sock)
        elif len(self._out) > _MOST_UNSENT:
            logger.error("a media worker reads nothing any more")
            self._lost()
        else:
            self._loop.add_writer(self._sock, self._flush)

    def _readable(self) -> None:
        try:
            data = self._sock.recv(262144)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
            return
        self._in += data
        for frame in self._frames():
            self._take(frame)

    def _frames(self) -> Iterator[bytes]:
        """Whole frames, each removed before it is handed on; nothing more once the link is closed."""
        received = self._in
        while not self._closed and len(received) >= 4:
            end = 4 + int.from_bytes(received[:4], "big")
            if end > _MOST_IN_A_FRAME:
                logger.error("a media worker sent a frame of %d bytes", end)
                self._lost()
            if self._closed or len(received) < end:
                return
            frame = bytes(received[4:end])
            del received[:end]
            yield frame

    def _take(self, frame: bytes) -> None:
        try:
            messages = _decoder.decode(frame)
        except msgspec.DecodeError:
            logger.exception("a media worker sent what are no messages: %r", frame[:80])
            self._lost()
            return
        for message in messages:
            if not self._closed:
                self._heard(message)

    def _lost(self) -> None:
        if not self._closed:
            self._shut()
            self._gone()

    def _shut(self) -> None:
        self._closed = True
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()


def frame(messages: list[ToWorker]) -> bytes:
    """Messages as they go over the socketpair, with their length in front."""
    data = _encoder.encode(messages)
    return len(data).to_bytes(4, "big") + data
