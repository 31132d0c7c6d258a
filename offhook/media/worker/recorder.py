"""A port that only hears: everything said in its bridge, written to a WAV file.

The header is mended once a second, so that a file left behind by a crash can be played.
"""

import struct
from typing import BinaryIO

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MEND_EVERY = 50  # frames of 20 ms


class Recorder:
    def __init__(self, number: int, bridge: int, file: str) -> None:
        self.number = number
        self.bridge = bridge
        self._file: BinaryIO = open(file, "wb", buffering=1 << 16)  # noqa: SIM115 - closed with the port
        self._written = 0
        self._frames = 0
        self._mend()

    def write(self, samples: bytes) -> None:
        """20 ms and more of 16-bit samples, least byte first."""
        self._file.write(samples)
        self._written += len(samples)
        self._frames += 1
        if self._frames % _MEND_EVERY == 0:
            self._mend()

    def close(self) -> None:
        if not self._file.closed:
            self._mend()
            self._file.close()

    def _mend(self) -> None:
        size = self._written
        self._file.seek(0)
        self._file.write(
            _HEADER.pack(b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", size)
        )
        self._file.seek(0, 2)
        self._file.flush()
