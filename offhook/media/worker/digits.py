"""Digits on their way with the sound: telephone-events, RFC 4733, read and written."""

import math
from array import array
from collections import deque
from functools import cache

from offhook.media.worker import g711
from offhook.media.worker.rtp import HEADER, MARKER, VERSION_2, Outgoing

KEYS = "0123456789*#ABCD"
FRAMES = 8  # 160 ms of tone
PAUSE = 4  # 80 ms of silence before the next
LAST_REPEATS = 3  # the packet that ends an event goes out thrice (§2.5.1.4)
FORGOTTEN = 0.2  # seconds after which an event whose end was lost has ended

_VOLUME = 10  # -10 dBm0
_ROWS = (697, 770, 852, 941)
_COLUMNS = (1209, 1336, 1477, 1633)
_PAD = "123A456B789C*0#D"


class Listener:
    """Tells each digit once, however often its packets are repeated."""

    def __init__(self) -> None:
        self._event: tuple[int, int] | None = None  # SSRC and timestamp of the newest
        self._key = ""  # not told yet
        self._at = 0.0

    def hear(self, ssrc: int, timestamp: int, payload: bytes, now: float) -> list[str]:
        told: list[str] = []
        if len(payload) < 4:
            return told
        if self._event != (ssrc, timestamp):
            if self._event and ssrc == self._event[0] and (timestamp - self._event[1]) & 0x80000000:
                return told  # a straggler of an older event
            told += self._tell()
            self._event = (ssrc, timestamp)
            self._key = KEYS[payload[0]] if payload[0] < len(KEYS) else ""
        self._at = now
        if payload[1] & 0x80:
            told += self._tell()
        return told

    def sweep(self, now: float) -> list[str]:
        """The digit whose end never came, when its time is over."""
        return self._tell() if self._key and now - self._at > FORGOTTEN else []

    def _tell(self) -> list[str]:
        key, self._key = self._key, ""
        return [key] if key else []


class Dialler:
    """Sends digits, one after the other, in place of the sound of a stream of ours.

    As events where the peer takes them (`event` is their payload type), else as
    tones in G.711.
    """

    def __init__(self, stream: Outgoing, *, event: int | None, rate: int, law: g711.Law, audio: int) -> None:
        self._stream = stream
        self._rate = rate  # of the events
        self._event = event
        self._law: g711.Law = law
        self._audio = audio
        self._keys: deque[str] = deque()
        self._frame = 0
        self._began = 0

    def dial(self, key: str) -> None:
        if key in KEYS:
            self._keys.append(key)

    @property
    def busy(self) -> bool:
        return bool(self._keys)

    def tick(self, now: float) -> list[bytes]:
        """The packets of this 20 ms."""
        if not self._keys:
            return []
        stream = self._stream
        frame = self._frame
        stream.held = True
        packets: list[bytes] = []
        if self._event is not None:
            if frame < FRAMES + LAST_REPEATS - 1:
                packets.append(self._as_event(self._event, frame, now))
        elif frame < FRAMES:
            packets.append(self._as_tone(frame, now))
        self._frame += 1
        if self._frame >= FRAMES + PAUSE:
            self._frame = 0
            self._keys.popleft()
            stream.held = bool(self._keys)
        return packets

    def _as_event(self, second: int, frame: int, now: float) -> bytes:
        stream = self._stream
        if frame == 0:
            self._began = stream.resume(now, self._rate)[
                1
            ]  # all packets of an event say when it began (§2.5.1.2)
            stream.feeder = self
            stream.timestamp = self._began
            stream.at = now
            second |= MARKER
        duration = min(frame + 1, FRAMES) * self._rate // 50
        ended = frame >= FRAMES - 1
        payload = bytes((KEYS.index(self._keys[0]), ended << 7 | _VOLUME)) + duration.to_bytes(2, "big")
        stream.seq = (stream.seq + 1) & 0xFFFF
        stream.packets += 1
        stream.octets += len(payload)
        return HEADER.pack(VERSION_2, second, stream.seq, self._began, stream.ssrc) + payload

    def _as_tone(self, frame: int, now: float) -> bytes:
        sound = _tone(self._law, self._keys[0])[frame * g711.FRAME : (frame + 1) * g711.FRAME]
        return self._stream.next(self, self._audio, sound, now)


@cache
def _tone(law: g711.Law, key: str) -> bytes:
    row, column = divmod(_PAD.index(key), 4)
    low, high = (2 * math.pi * f / 8000 for f in (_ROWS[row], _COLUMNS[column]))
    samples = (round(6000 * (math.sin(low * n) + math.sin(high * n))) for n in range(FRAMES * g711.FRAME))
    return g711.encode(law, array("h", samples))
