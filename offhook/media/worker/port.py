"""A port towards a phone or a browser: what comes in is checked, what goes out is ours.

A packet is read only from an address that may speak, with a payload type that was
agreed and, where there are keys, a right tag. With ICE nothing moves in either
direction before the peer's certificate is the one its SDP named.
"""

from collections.abc import Callable
from enum import Enum
from typing import TypeGuard

from offhook.media.wire import Digit, Found, Ice, Keys, Lost, Settle
from offhook.media.worker import srtp, stun
from offhook.media.worker.around import NOBODY, Links, Owner, Send, Shared
from offhook.media.worker.association import Association
from offhook.media.worker.digits import Dialler, Listener
from offhook.media.worker.formats import NOTHING, Codes, formats_of
from offhook.media.worker.ice import Doorbell, Source
from offhook.media.worker.jitter import Jitter
from offhook.media.worker.latch import Latch, canonical
from offhook.media.worker.reports import Reporter
from offhook.media.worker.rtp import HEADER, Incoming, Outgoing, payload_of

_unpack = HEADER.unpack_from


class Life(Enum):
    NEW = "new"
    HEARD = "heard"
    LOST = "lost"


class Port:
    def __init__(
        self,
        number: int,
        bridge: int,
        shared: Shared,
        owner: Owner,
        *,
        send: Send,
        send_rtcp: Send,
        one_stream: bool,
    ) -> None:
        """`one_stream`: everything goes out on one SSRC, else each clock rate has its own (RFC 7160)."""
        self.number = number
        self.bridge = bridge
        self.one_stream = one_stream
        self.formats = formats_of(())
        self.sends = False
        self.links: Links = NOBODY
        self.jitter: Jitter | None = None  # there while somebody hears us mixed
        self.wants_g711 = False  # the server was asked to agree on it
        self.remote: Source | None = None
        self.packets_in = 0
        self._shared = shared
        self._refused = shared.refused
        self._owner = owner
        self._send = send
        self._send_rtcp = send_rtcp
        self._receives = False
        self._codes: Codes = NOTHING  # empty while nobody may speak
        self._source: Source | None = None
        self._latch = Latch()
        self._association: Association | None = None
        self._doorbell = Doorbell()
        self._keys: Keys | None = None
        self._shield: srtp.Shield | None = None
        self._open: Callable[[bytes], bytes] | None = None
        self._seal: Callable[[bytes], bytes] | None = None
        self._mux = False
        self._rtcp_remote: Source | None = None
        self._rtcp_learns = False
        self._incoming: Incoming | None = None
        self._streams: dict[int, Outgoing] = {}
        self._life = Life.NEW
        self._heard_at = 0.0
        self._lost_after = 0.0
        self._digits = Listener()
        self._dialler: Dialler | None = None
        self._reporter = Reporter(shared.unix)

    # ---- told by the server

    def settle(self, message: Settle, now: float) -> None:
        self.formats = formats_of(message.formats)
        self.sends = message.sends
        self.wants_g711 = False
        self._receives = message.receives
        self._mux = message.mux
        self._lost_after = message.lost_after
        self._heard_at = now
        self._dialler = None
        for stream in self._streams.values():
            stream.held = False
        first = self.formats.first
        if self._incoming is not None and first is not None and first.rate != self._incoming.rate:
            self._incoming = None  # the same SSRC may go on by another clock, which would pass for jitter
        self._reporter.start(now)
        if message.ice is not None:
            self._settle_ice(message.ice, now)
        else:
            self._settle_plain(message, now)

    def dial(self, key: str) -> None:
        if self._dialler is None:
            event, sound = self.formats.event, self.formats.g711
            if event is None and sound is None:
                return
            self._dialler = Dialler(
                self.stream(event.rate if event else 8000),
                event=event.send if event else None,
                rate=event.rate if event else 8000,
                law=(sound.law if sound else None) or "PCMA",
                audio=sound.send if sound else 0,
            )
        self._dialler.dial(key)

    def moved(self, owner: Owner) -> None:
        """It is part of another bridge now."""
        self._owner = owner
        self.wants_g711 = False

    def close(self) -> None:
        """Let go of all that leads back here: what is closed is to be gone at once, without a collector."""
        self.links = NOBODY
        for stream in self._streams.values():
            stream.feeder = None

    # ---- asked by the bridge

    @property
    def can_speak(self) -> bool:
        return self._receives and self._codes is not NOTHING

    @property
    def can_hear(self) -> bool:
        return self.sends and self.remote is not None and self._codes is not NOTHING

    @property
    def dialling(self) -> bool:
        return self._dialler is not None and self._dialler.busy

    @property
    def packets_out(self) -> int:
        return sum(stream.packets for stream in self._streams.values())

    def stream(self, rate: int) -> Outgoing:
        key = 0 if self.one_stream else rate
        stream = self._streams.get(key)
        if stream is None:
            stream = self._streams[key] = Outgoing(rate)
        return stream

    def transmit(self, packet: bytes) -> None:
        """One packet of RTP to the peer, sealed if need be."""
        remote = self.remote
        if remote is None:
            return
        try:
            self._send(packet if self._seal is None else self._seal(packet), remote)
        except OSError:
            self._refused["unsent"] += 1
        except srtp.Error:  # a number that went out before: a repeat, or from before a change of source
            self._refused["repeat"] += 1

    def tick(self, now: float) -> None:
        """Called every 20 ms while `dialling`."""
        if self._dialler is not None:
            for packet in self._dialler.tick(now):
                if self.can_hear:
                    self.transmit(packet)

    # ---- told by the network

    def receive(self, data: bytes, source: Source, now: float) -> None:
        """A datagram on the RTP socket. May raise for malformed ones: the guard counts them."""
        first = data[0]
        if 127 < first < 192:
            second = data[1]
            code = self._codes[second]
            if code is None:
                self._other(data, second, source, now)
                return
            if source == self._source:
                if self._open is not None:
                    try:
                        data = self._open(data)
                    except srtp.Error:
                        self._refused["tag"] += 1
                        return
            else:
                opened = self._from_elsewhere(data, source, now)
                if opened is None:
                    return
                data = opened
            first, second, seq, timestamp, ssrc = _unpack(data)
            payload = data[12:] if first == 0x80 else payload_of(data)
            self.packets_in += 1
            self._heard_at = now
            if self._life is not Life.HEARD:
                self._found()
            incoming = self._incoming
            if incoming is None or incoming.ssrc != ssrc:
                incoming = self._incoming = Incoming(ssrc, seq, code.rate)
            if code.is_event:
                incoming.counted(seq)
            elif incoming.arrived(seq, timestamp, now):
                for link, _, _ in self.links[second]:
                    link.break_off()
            for link, out, table in self.links[second]:
                link.carry(out, table, seq, timestamp, ssrc, payload, now)
            if code.is_event:
                if self._receives:
                    self._told(self._digits.hear(ssrc, timestamp, payload, now))
            elif self.jitter is not None and code.law is not None and payload:
                self.jitter.put(code.law, timestamp, payload)
        elif first < 4:
            self._stun(data, source, now)
        elif 19 < first < 64:
            self._dtls(data, source, now)
        else:
            self._refused["unknown"] += 1

    def receive_rtcp(self, data: bytes, source: Source, now: float) -> None:
        """A datagram on the RTCP socket."""
        if 127 < data[0] < 192:
            if self._mux or (self._rtcp_remote != source and not self._learns_rtcp_from(source)):
                self._refused["source"] += 1
            elif self._rtcp(data, now):
                self._rtcp_remote = source
                self._rtcp_learns = False
        elif data[0] < 4:
            message = stun.read(data)
            answer = self._doorbell.answer(message, source, now) if _is_plain(message) else None
            if message is None or answer is None:
                self._refused["stun"] += 1
            else:
                self._send_rtcp(answer, source)
        else:
            self._refused["unknown"] += 1

    def sweep(self, now: float) -> None:
        """Called twice a second and more often while `handshaking`."""
        self._told(self._digits.sweep(now))
        if self._lost_after and self._life is not Life.LOST and now - self._heard_at > self._lost_after:
            self._life = Life.LOST
            self._shared.tell(Lost(self.number))
        if self._reporter.is_due(now):
            self._report(now)
        if self._association is not None:
            self._flights(self._association.sweep(now), self.remote)

    @property
    def handshaking(self) -> bool:
        return self._association is not None and self._association.handshaking

    # ---- settling

    def _settle_plain(self, message: Settle, now: float) -> None:
        if message.keys != self._keys or self._association is not None:
            keys = message.keys
            shield = srtp.Shield(keys.suite, keys.ours, keys.theirs) if keys else None
            self._association = None
            self._keys = keys
            self._use(shield)
        self._codes = self.formats.by_second
        self._latch.settle(message.remote, message.latch, now)
        self._source, self.remote = self._latch.source, self._latch.remote
        self._rtcp_learns = bool(message.latch)
        if message.remote_rtcp is not None:
            self._rtcp_remote = canonical(message.remote_rtcp)
        elif message.remote is not None and not self._mux:
            self._rtcp_remote = canonical((message.remote[0], message.remote[1] + 1))

    def _settle_ice(self, ice: Ice, now: float) -> None:
        if self._association is None:
            self._association = Association(self._shared.identity, self._refused)
            self._keys = None
            self.remote = self._source = None
        self._mux = True
        self._association.settle(ice, now)
        self._follow_shield(self._association)

    def _follow_shield(self, association: Association) -> None:
        """No keys, no sound."""
        if association.shield is not self._shield:
            self._use(association.shield)
        self._codes = self.formats.by_second if self._shield is not None else NOTHING

    def _use(self, shield: srtp.Shield | None) -> None:
        self._shield = shield
        self._open = shield.open if shield else None
        self._seal = shield.seal if shield else None
        for stream in self._streams.values():
            stream.feeder = None

    # ---- what is not plain sound from the known address

    def _from_elsewhere(self, data: bytes, source: Source, now: float) -> bytes | None:
        """A packet from another address, opened; None if it is a stranger's."""
        association = self._association
        if not (association.has_proved(source) if association else self._latch.admits(source, now)):
            self._refused["source"] += 1
            return None
        if self._open is not None:
            try:
                data = self._open(data)
            except srtp.Error:
                self._refused["tag"] += 1
                return None
        else:
            _unpack(data)  # nobody is followed for half a packet
            payload_of(data)
        if association is None:
            self._latch.follow(source)
            self._source = self._latch.source
            if self.remote != self._latch.remote:
                self.remote = self._latch.remote
                self._owner.changed()
        return data

    def _other(self, data: bytes, second: int, source: Source, now: float) -> None:
        """What has no payload type of ours: RTCP on the same socket, or nothing of ours."""
        association = self._association
        if association is not None and self._shield is None:
            self._refused["unsecured"] += 1
        elif not (self._mux and 192 <= second <= 223):
            self._refused["payload-type"] += 1
        elif source == self._source or (association is not None and association.has_proved(source)):
            self._rtcp(data, now)
        else:
            self._refused["source"] += 1

    def _stun(self, data: bytes, source: Source, now: float) -> None:
        message = stun.read(data)
        answer = None
        if _is_plain(message):
            answer = self._doorbell.answer(message, source, now)
        elif message is not None and message.kind == stun.REQUEST and self._association is not None:
            answer = self._association.check(message, source)
            if answer is not None:
                self._heard_at = now
                if self._life is Life.LOST:
                    self._found()
                if self.remote != self._association.remote:
                    self.remote = self._source = self._association.remote
                    self._owner.changed()
        elif message is not None and message.kind == stun.INDICATION:
            return  # a keep-alive
        if answer is None:
            self._refused["stun"] += 1
        else:
            self._send(answer, source)

    def _dtls(self, data: bytes, source: Source, now: float) -> None:
        association = self._association
        if association is None:
            self._refused["source"] += 1
            return
        self._flights(association.receive(data, source, now), source)
        if association.shield is not self._shield:
            self._follow_shield(association)
            self._owner.changed()

    def _flights(self, flights: list[bytes], to: Source | None) -> None:
        if to is not None:
            for flight in flights:
                self._send(flight, to)

    def _found(self) -> None:
        self._life = Life.HEARD
        self._shared.tell(Found(self.number))

    def _told(self, keys: list[str]) -> None:
        for key in keys:
            self._shared.tell(Digit(self.number, key))
            self._owner.dialled(self.number, key)

    # ---- RTCP

    def _learns_rtcp_from(self, source: Source) -> bool:
        return self._rtcp_learns and self.remote is not None and source[0] == self.remote[0]

    def _rtcp(self, data: bytes, now: float) -> bool:
        if self._shield is not None:
            try:
                data = self._shield.open_rtcp(data)
            except srtp.Error:
                self._refused["tag"] += 1
                return False
        self._heard_at = now
        if self._life is Life.LOST:
            self._found()
        self._reporter.take(data, self._incoming, self._streams.values(), now)
        return True

    def _report(self, now: float) -> None:
        """Our report to the peer, and what we know to the server."""
        if self._incoming is not None:
            self.stream(self._incoming.rate)  # it reports, even when it has nothing to say
        told, packet = self._reporter.make(
            self.number, self._incoming, self._streams.values(), self.packets_in, now
        )
        if told is not None:
            self._shared.tell(told)
        to = self.remote if self._mux else self._rtcp_remote
        if to is None or packet is None or self._codes is NOTHING:
            return
        if self._shield is not None:
            packet = self._shield.seal_rtcp(packet)
        try:
            (self._send if self._mux else self._send_rtcp)(packet, to)
        except OSError:
            self._refused["unsent"] += 1


def _is_plain(message: stun.Message | None) -> TypeGuard[stun.Message]:
    return message is not None and message.kind == stun.REQUEST and stun.USERNAME not in message.attributes
