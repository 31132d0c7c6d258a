"""G.711: the two laws as tables of bytes, made once, without any arithmetic library."""

from array import array
from typing import Literal

Law = Literal["PCMA", "PCMU"]
LAWS: tuple[Law, ...] = ("PCMA", "PCMU")
FRAME = 160  # samples in 20 ms


def _decode_alaw(code: int) -> int:
    code ^= 0x55
    value = (code & 0x0F) << 4
    segment = (code & 0x70) >> 4
    value += 8 if segment == 0 else 0x108
    if segment > 1:
        value <<= segment - 1
    return value if code & 0x80 else -value


def _decode_ulaw(code: int) -> int:
    code = ~code & 0xFF
    value = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return -value if code & 0x80 else value


def _encoder(decoded: tuple[int, ...]) -> bytes:
    """Nearest code of every 16-bit sample; a negative sample counts from the end, as an index does."""
    codes = sorted(range(256), key=lambda code: (decoded[code], code))
    codes = [code for i, code in enumerate(codes) if i == 255 or decoded[code] != decoded[codes[i + 1]]]
    runs = bytearray()
    for code, following in zip(codes, [*codes[1:], codes[-1]], strict=True):
        until = 32768 if code == following else (decoded[code] + decoded[following] + 1) // 2
        runs += bytes([code]) * (until + 32768 - len(runs))
    return bytes(runs[32768:] + runs[:32768])


DECODE: dict[Law, tuple[int, ...]] = {
    "PCMA": tuple(map(_decode_alaw, range(256))),
    "PCMU": tuple(map(_decode_ulaw, range(256))),
}
ENCODE: dict[Law, bytes] = {law: _encoder(table) for law, table in DECODE.items()}
SILENCE: dict[Law, bytes] = {"PCMA": b"\xd5" * FRAME, "PCMU": b"\xff" * FRAME}
TRANSLATE: dict[tuple[Law, Law], bytes] = {
    (a, b): bytes(ENCODE[b][value] for value in DECODE[a]) for a in DECODE for b in DECODE if a != b
}
HALVE: dict[Law, bytes] = {
    law: bytes(ENCODE[law][value // 2] for value in table) for law, table in DECODE.items()
}


def law_of(name: str) -> Law | None:
    match name.upper():
        case "PCMA":
            return "PCMA"
        case "PCMU":
            return "PCMU"
        case _:
            return None


def encode(law: Law, samples: "array[int]") -> bytes:
    return bytes(map(ENCODE[law].__getitem__, samples))


def decode(law: Law, payload: bytes) -> "array[int]":
    return array("h", map(DECODE[law].__getitem__, payload))
