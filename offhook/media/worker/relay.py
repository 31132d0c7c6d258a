"""The straight way from one port to another: the same sound under our own header."""

from collections.abc import Sequence
from functools import lru_cache

from offhook.media.worker.around import NOBODY, Link
from offhook.media.worker.formats import Code, Formats
from offhook.media.worker.port import Port
from offhook.media.worker.rtp import HEADER, MARKER, VERSION_2, Outgoing

_pack = HEADER.pack


class Relay:
    """Carries one port's packets of one clock rate to another port.

    Loss and disorder on the way in are passed on as they are, under numbers that
    follow those the receiver has already seen from us.
    """

    __slots__ = ("_seq", "_ssrc", "_stream", "_timestamp", "_transmit", "rate")

    def __init__(self, to: Port, rate: int) -> None:
        self.rate = rate
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
            next_seq, next_timestamp = stream.resume(now, self.rate)
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

    def number(self, seq: int, ssrc: int) -> int | None:
        """Under which number this packet of the source's would go on; None while others feed the stream."""
        if self._stream.feeder is not self or ssrc != self._ssrc:
            return None
        return seq + self._seq & 0xFFFF


class EventRelay:
    """Carries digits that are counted by another clock than they go out with.

    They take the sound's numbers; each begins where our stream is when it comes, and lasts as long as it did.
    """

    __slots__ = ("_began", "_event", "_ours", "_seq", "_sound", "_ssrc", "_stream", "_theirs", "_transmit")

    def __init__(self, to: Port, sound: Relay, *, theirs: int, ours: int) -> None:
        """`sound` is what they go out with, `theirs` and `ours` the clock rates of their durations."""
        self._stream: Outgoing = to.stream(sound.rate)
        self._transmit = to.transmit
        self._sound = sound
        self._theirs = theirs
        self._ours = ours
        self._event = -1, 0  # SSRC and timestamp of the newest
        self._began = 0
        self._ssrc = -1
        self._seq = 0

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
        last_ssrc, last = self._event
        is_new = (ssrc, timestamp) != self._event
        if len(payload) < 4 or (is_new and ssrc == last_ssrc and (timestamp - last) & 0x80000000):
            return  # half an event, or a straggler that would be a digit once more
        number = self._sound.number(seq, ssrc)
        if number is None:
            if stream.feeder is not self or ssrc != self._ssrc:
                if stream.held:
                    return
                number, stream.timestamp = stream.resume(now, self._sound.rate)
                self._seq = number - seq
                self._ssrc = ssrc
                stream.feeder = self
                stream.at = now
                is_new = True
            number = seq + self._seq & 0xFFFF
        if is_new:
            self._event = ssrc, timestamp
            self._began = stream.timestamp_at(now)
            second |= MARKER
        if not (number - stream.seq) & 0x8000:
            stream.seq = number
        duration = min(0xFFFF, int.from_bytes(payload[2:4], "big") * self._ours // self._theirs)
        stream.packets += 1
        stream.octets += 4
        header = _pack(VERSION_2, second, number, self._began, stream.ssrc)
        self._transmit(header + payload[:2] + duration.to_bytes(2, "big"))

    def break_off(self) -> None:
        self._ssrc = -1


class Way:
    """From one port to another: its relays, kept while the one hears the other."""

    __slots__ = ("_events", "_sound", "to")

    def __init__(self, to: Port) -> None:
        self.to = to
        self._sound: dict[int, Relay] = {}  # by clock rate
        self._events: dict[tuple[int, int, int], EventRelay] = {}

    def sound(self, rate: int) -> Relay:
        relay = self._sound.get(rate)
        if relay is None:
            relay = self._sound[rate] = Relay(self.to, rate)
        return relay

    def events(self, theirs: Code, ours: Code, rate: int) -> Link:
        """For digits of theirs that go out as ours beside sound of this clock rate."""
        sound = self.sound(rate if self.to.one_stream else ours.rate)
        if theirs.rate == ours.rate == sound.rate:
            return sound
        clocks = theirs.rate, ours.rate, sound.rate
        relay = self._events.get(clocks)
        if relay is None:
            relay = self._events[clocks] = EventRelay(self.to, sound, theirs=theirs.rate, ours=ours.rate)
        return relay


def wire(source: Port, ways: Sequence[Way]) -> None:
    """Lay the links of a source to those who hear it alone."""
    links = NOBODY.copy() if ways else NOBODY
    for way in ways:
        for code, out, table, rate in _outlets(source.formats, way.to.formats):
            link = way.events(code, out, rate) if code.is_event else way.sound(rate)
            for marker in (0, MARKER):
                second = code.receive | marker
                links[second] = *links[second], (link, out.send | marker, table)
    source.links = links


@lru_cache(maxsize=1024)  # a few dozen combinations make up all calls
def _outlets(theirs: Formats, ours: Formats) -> tuple[tuple[Code, Code, bytes | None, int], ...]:
    """What of theirs can go out as what of ours, by which table, and at which rate sound goes with it."""
    outlets: list[tuple[Code, Code, bytes | None, int]] = []
    first = theirs.first
    sound = first and ours.to_send(first)
    for code in theirs.codes:
        if not code.is_event:
            if (found := ours.to_send(code)) is not None:
                outlets.append((code, *found, found[0].rate))
            continue
        rate = sound[0].rate if sound else code.rate
        if (event := ours.event_at(rate)) is not None:
            outlets.append((code, event, None, rate))
    return tuple(outlets)
