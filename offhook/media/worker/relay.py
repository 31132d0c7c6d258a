"""The straight way from one port to another: the same sound under our own header."""

from offhook.media.worker.around import NOBODY
from offhook.media.worker.port import Port
from offhook.media.worker.rtp import HEADER, MARKER, VERSION_2, Outgoing

_pack = HEADER.pack


class Relay:
    """Carries one port's packets of one clock rate to another port.

    Loss and disorder on the way in are passed on as they are, under numbers that
    follow those the receiver has already seen from us.
    """

    __slots__ = ("_seq", "_ssrc", "_stream", "_timestamp", "_transmit")

    def __init__(self, to: Port, rate: int) -> None:
        self._stream: Outgoing = to.stream(rate)
        self._transmit = to.transmit
        self._ssrc = -1
        self._seq = 0
        self._timestamp = 0

    def carry(
        self,
        second: int,
        table: bytes | None,
        seq: int,
        timestamp: int,
        ssrc: int,
        payload: bytes,
        now: float,
    ) -> None:
        stream = self._stream
        if stream.feeder is not self or ssrc != self._ssrc:
            if stream.held:
                return
            next_seq, next_timestamp = stream.resume(now)
            self._seq = next_seq - seq
            self._timestamp = next_timestamp - timestamp
            self._ssrc = ssrc
            stream.feeder = self
            second |= MARKER
        if table is not None:
            payload = payload.translate(table)
        seq = (seq + self._seq) & 0xFFFF
        timestamp = (timestamp + self._timestamp) & 0xFFFFFFFF
        if not (seq - stream.seq) & 0x8000:
            stream.seq = seq
            stream.timestamp = timestamp
            stream.at = now
        stream.packets += 1
        stream.octets += len(payload)
        self._transmit(_pack(VERSION_2, second, seq, timestamp, stream.ssrc) + payload)

    def break_off(self) -> None:
        self._ssrc = -1


def wire(source: Port, hearers: list[tuple[Port, dict[int, Relay]]]) -> None:
    """Lay the links of a source to those who hear it alone; `Relay`s are kept by clock rate."""
    links: dict[int, tuple[tuple[Relay, int, bytes | None], ...]] = {}
    for code in source.formats.codes if hearers else ():
        for hearer, relays in hearers:
            way = hearer.formats.to_send(code)
            if way is None:
                continue
            ours, table = way
            relay = relays.get(ours.rate)
            if relay is None:
                relay = relays[ours.rate] = Relay(hearer, ours.rate)
            for marker in (0, MARKER):
                second = code.receive | marker
                links[second] = *links.get(second, ()), (relay, ours.send | marker, table)
    source.links = NOBODY
    if links:
        source.links = NOBODY.copy()
        for second, ways in links.items():
            source.links[second] = ways
