"""A jitter buffer for what is mixed: packets in as they come, 20 ms out on every tick.

Its depth follows the line: a late packet deepens it, quiet time makes it shallower.
What is missing is filled with the last frame fading away, then with silence.
"""

from offhook.media.worker import g711
from offhook.media.worker.g711 import FRAME

MIN_DEPTH, MAX_DEPTH = 2, 10  # frames
FADES = 3  # frames a gap is filled before it is silence
CALM = 500  # frames without trouble before the depth shrinks
_FAR = 8000  # samples: a jump of the clock, not a delay
_MOST = 200  # packets kept, whatever their size


class Jitter:
    __slots__ = ("_calm", "_chunks", "_faded", "_last", "_law", "_newest", "_position", "_starved", "depth")

    def __init__(self) -> None:
        self.depth = MIN_DEPTH
        self._chunks: dict[int, bytes] = {}  # by timestamp
        self._law: g711.Law = "PCMA"
        self._position: int | None = None  # the timestamp to be played next
        self._newest = 0
        self._last = b""
        self._faded = FADES
        self._starved = 0
        self._calm = 0

    def put(self, law: g711.Law, timestamp: int, payload: bytes) -> None:
        if law != self._law:
            self._chunks.clear()
            self._position = None
            self._law = law
        position = self._position
        if position is not None:
            ahead = _signed(timestamp - position)
            if ahead < -_FAR or ahead > _FAR:
                position = None
            elif ahead < 0:
                self._late(-ahead)
                position = self._position
                if (timestamp - (position or 0)) & 0x80000000:
                    return
        if position is None or len(self._chunks) > _MOST:
            self._chunks.clear()
            self._position = (timestamp - self.depth * FRAME) & 0xFFFFFFFF
            self._newest = timestamp
        if len(payload) == FRAME:
            self._chunks[timestamp] = payload
        else:
            for at in range(0, len(payload), FRAME):
                self._chunks[(timestamp + at) & 0xFFFFFFFF] = payload[at : at + FRAME]
        if not (timestamp - self._newest) & 0x80000000:
            self._newest = timestamp
        self._starved = 0

    def take(self) -> tuple[g711.Law, bytes]:
        """The next 20 ms, always."""
        law = self._law
        position = self._position
        if position is None:
            return law, g711.SILENCE[law]
        chunk = self._chunks.pop(position, None)
        self._position = (position + FRAME) & 0xFFFFFFFF
        if chunk is None or len(chunk) != FRAME:
            chunk = self._assembled(position, chunk)
        if chunk is not None:
            self._last = chunk
            self._faded = 0
            self._settle_down()
            return law, chunk
        self._starved += 1
        if self._starved > 50:  # a second without anything: begin anew with whatever comes
            self._position = None
            self._chunks.clear()
        if self._faded >= FADES:
            return law, g711.SILENCE[law]
        self._faded += 1
        self._last = self._last.translate(g711.HALVE[law])
        return law, self._last

    @property
    def waiting(self) -> int:
        """Samples from what is played next to the newest packet."""
        return 0 if self._position is None else _signed(self._newest - self._position)

    def _late(self, by: int) -> None:
        """A packet came after its turn: play later from now on."""
        self._calm = 0
        assert self._position is not None
        if self.depth < MAX_DEPTH:
            frames = min(MAX_DEPTH - self.depth, -(-by // FRAME))
            self.depth += frames
            self._position = (self._position - frames * FRAME) & 0xFFFFFFFF
        elif not self._chunks:  # as deep as it gets, and still everything is late: their clock moved
            self._position = (self._position - by) & 0xFFFFFFFF

    def _settle_down(self) -> None:
        """Give delay back that has not been needed for long."""
        assert self._position is not None
        waiting = self.waiting
        if waiting < self.depth * FRAME:
            self._calm += 1
        else:
            self._calm += 4  # more is waiting than we ask for: their clock runs faster than ours
        if self._calm < CALM:
            return
        self._calm = 0
        if waiting >= self.depth * FRAME or self.depth > MIN_DEPTH:
            self.depth = max(MIN_DEPTH, self.depth - 1)
            self._chunks.pop(self._position, None)
            self._position = (self._position + FRAME) & 0xFFFFFFFF

    def _assembled(self, position: int, first: bytes | None) -> bytes | None:
        """A frame out of packets that are not cut at its edges (10 or 30 ms each)."""
        end = position + FRAME
        whole = bytearray(g711.SILENCE[self._law])
        found = first is not None
        if first is not None:
            whole[: len(first)] = first
        for start, timestamp in sorted((_signed(t - position), t) for t in self._chunks):
            if start >= FRAME:
                break
            chunk = self._chunks.pop(timestamp)
            if start + len(chunk) <= 0:
                continue  # its turn is over
            found = True
            if start < 0:
                chunk, start = chunk[-start:], 0
            whole[start : start + len(chunk)] = chunk[: FRAME - start]
            if len(chunk) > FRAME - start:
                self._chunks[end & 0xFFFFFFFF] = chunk[FRAME - start :]
        return bytes(whole) if found else None


def _signed(difference: int) -> int:
    """A difference of timestamps as the nearer of its two readings."""
    return (difference + 0x80000000 & 0xFFFFFFFF) - 0x80000000
