"""A bridge: who of its members hears whom, and by which way.

Who hears exactly one other hears it straight: packets are passed on (`relay`) or a
file is read to him. Who hears several hears a mix; so does a recorder. The ways
are laid anew after whatever has changed together, and every hearer sees one steady stream.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from offhook.media.wire import Ended, FromWorker, Renegotiate
from offhook.media.worker import g711, relay
from offhook.media.worker.g711 import FRAME, LAWS
from offhook.media.worker.jitter import MAX_DEPTH, Jitter
from offhook.media.worker.player import Player
from offhook.media.worker.port import Port
from offhook.media.worker.recorder import Recorder

AnyPort = Port | Player | Recorder
Frame = tuple[g711.Law, bytes]


@dataclass(slots=True)
class Member:
    port: AnyPort
    heard: bool
    hears: bool


class Bridge:
    """`wake` asks for ticks until `ticking` is no longer so.

    Who joins or leaves is heard, or no longer heard, once `changed` has laid the ways anew.
    """

    def __init__(
        self, number: int, tell: Callable[[FromWorker], None], wake: Callable[["Bridge"], None]
    ) -> None:
        self.number = number
        self.ports: dict[int, AnyPort] = {}
        self._tell = tell
        self._wake = wake
        self._members: dict[int, Member] = {}
        self._ways: dict[tuple[int, int], relay.Way] = {}  # by source and hearer
        self._listeners: list[tuple[Player, Port]] = []  # who is read a file
        self._sources: list[Port | Player] = []
        self._mixed: list[Port] = []
        self._recorders: list[Recorder] = []
        self._leaving: list[Frame] = []  # the last 20 ms of those who were mixed until now

    def add(self, port: AnyPort) -> None:
        self.ports[port.number] = port

    def remove(self, port: AnyPort) -> None:
        self.leave(port)
        del self.ports[port.number]

    def close(self) -> None:
        """Its last port has gone."""
        self._ways.clear()
        self._listeners, self._sources, self._mixed, self._recorders = [], [], [], []

    def join(self, port: AnyPort, *, heard: bool, hears: bool) -> None:
        self._members[port.number] = Member(port, heard, hears)

    def leave(self, port: AnyPort) -> None:
        self._members.pop(port.number, None)

    def changed(self) -> None:
        """Lay all ways anew."""
        sources = [m.port for m in self._members.values() if m.heard and not isinstance(m.port, Recorder)]
        speaking = [p for p in sources if (p.can_speak if isinstance(p, Port) else not p.ended)]
        numbers = {port.number for port in speaking}
        straight: dict[int, list[Port]] = {port.number: [] for port in speaking}
        self._mixed = []
        self._recorders = [m.port for m in self._members.values() if isinstance(m.port, Recorder)]
        for member in self._members.values():
            port = member.port
            if not member.hears or not isinstance(port, Port) or not port.can_hear:
                continue
            others = len(speaking) - (port.number in numbers)
            if others == 1:
                other = next(p for p in speaking if p is not port)
                straight[other.number].append(port)
            elif others > 1 and port.formats.g711 is not None:
                self._mixed.append(port)
        before, self._sources = self._sources, speaking if self._mixed or self._recorders else []
        gone = [port for port in before if port not in self._sources and isinstance(port, Port)]
        self._leaving = [port.jitter.take() for port in gone if port.jitter is not None]
        self._listeners = [(p, to) for p in speaking if isinstance(p, Player) for to in straight[p.number]]
        self._lay(speaking, straight)
        if self.ticking:
            self._wake(self)

    def dial(self, port: Port, key: str) -> None:
        port.dial(key)
        self._wake(self)

    @property
    def ticking(self) -> bool:
        return bool(self._listeners or self._sources) or any(p.dialling for p in self._phones())

    def tick(self, now: float, steps: int) -> None:
        """20 ms have passed, or `steps` times that after a stall."""
        for port in self._phones():
            if port.dialling:
                port.tick(now)
        ended = [player for player in self._audible() if player.advance()]
        for player in ended:
            self._tell(Ended(player.number))
        if ended:
            self.changed()
        for player, port in self._listeners:
            code = port.formats.g711
            if code is not None and code.law is not None:
                _emit(port, player, player.frame(code.law), now, steps)
        if self._sources:
            self._mix(now, steps)

    def dialled(self, port: int, key: str) -> None:
        """A digit came in: who hears this port but takes no events is dialled to anew."""
        member = self._members.get(port)
        if member is None or not member.heard or not isinstance(member.port, Port):
            return
        if member.port.jitter is not None:
            return  # in a room digits are for us alone
        for other in self._members.values():
            if (
                other is not member
                and other.hears
                and isinstance(other.port, Port)
                and other.port.can_hear
                and other.port.formats.event is None
            ):
                self.dial(other.port, key)

    def _phones(self) -> Iterable[Port]:
        return (port for port in self.ports.values() if isinstance(port, Port))

    def _audible(self) -> set[Player]:
        players = {player for player, _ in self._listeners}
        return players | {source for source in self._sources if isinstance(source, Player)}

    def _lay(self, speaking: list[Port | Player], straight: dict[int, list[Port]]) -> None:
        kept = {}
        for port in self._phones():
            hearers = []
            for hearer in straight.get(port.number, ()):
                ends = port.number, hearer.number
                way = kept[ends] = self._ways.get(ends) or relay.Way(hearer)
                hearers.append(way)
            relay.wire(port, hearers)
            mixed = bool(self._sources) and port in speaking
            if mixed and port.jitter is None:
                port.jitter = Jitter()
            elif not mixed:
                port.jitter = None
            self._ask_for_g711(port, [way.to for way in hearers], mixed=mixed)
        self._ways = kept

    def _ask_for_g711(self, port: Port, hearers: list[Port], *, mixed: bool) -> None:
        first = port.formats.first
        if first is None or first.law is not None or port.wants_g711:
            return
        if mixed or any(hearer.formats.to_send(first) is None for hearer in hearers):
            port.wants_g711 = True
            self._tell(Renegotiate(port.number))

    def _mix(self, now: float, steps: int) -> None:
        from offhook.media.worker.mixer import Mix  # numpy takes its time; the worker has it by then

        voices = {source: n for n, source in enumerate(self._sources)}
        mix = Mix([_frame(source, steps) for source in self._sources], self._leaving)
        self._leaving = []
        for law in LAWS:
            ports = [port for port in self._mixed if port.formats.g711 and port.formats.g711.law == law]
            speakers = [port for port in ports if port in voices]
            if speakers:
                sound = mix.others(law, [voices[port] for port in speakers])
                for n, port in enumerate(speakers):
                    _emit(port, self, sound[n * FRAME : (n + 1) * FRAME], now, steps)
            if len(ports) > len(speakers):
                sound = mix.all(law)
                for port in ports:
                    if port not in voices:
                        _emit(port, self, sound, now, steps)
        for recorder in self._recorders:
            recorder.write(mix.samples() + bytes(2 * FRAME * (steps - 1)))


def _frame(source: Port | Player, steps: int) -> Frame:
    if isinstance(source, Player):
        return "PCMA", source.frame("PCMA")
    assert source.jitter is not None
    for _ in range(min(steps, MAX_DEPTH) - 1):
        source.jitter.take()  # what should have been heard during a stall
    return source.jitter.take()


def _emit(port: Port, feeder: object, sound: bytes, now: float, steps: int) -> None:
    code = port.formats.g711
    assert code is not None
    stream = port.stream(code.rate)
    if not stream.held:
        port.transmit(stream.next(feeder, code.send, sound, now, steps))
