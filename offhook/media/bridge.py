"""A bridge: who is in it, what they may say and hear, and whether they still share their codecs.

A port belongs to one bridge: that on which it was opened, until another takes it. On the same worker
it moves there; else it stays with its sockets, alone on an island, and while it is in the bridge a pair
of plain G.711 ports on loopback links the two. So nobody can hear it where it is no longer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

from offhook.calls.media import Codecs, Kind, NoMedia, Port, PortRenegotiate
from offhook.media import wire
from offhook.media.ports import BrowserPort, EnginePort, FilePort, LinkPort, PhonePort
from offhook.media.workers import Worker

if TYPE_CHECKING:
    from offhook.media.engine import MediaEngine

_LINK_FORMATS = (wire.Format(8, 8, "PCMA", 8000), wire.Format(101, 101, "telephone-event", 8000))
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True, slots=True)
class _Link:
    near: LinkPort  # in the bridge
    far: LinkPort  # on the port's island


class EngineBridge:
    def __init__(self, number: int, worker: Worker, engine: "MediaEngine") -> None:
        self.number = number
        self.worker = worker
        self.ports: set[EnginePort] = set()  # those that belong to it
        self._engine = engine
        self._members: dict[EnginePort, tuple[bool, bool]] = {}  # heard, hears
        self._links: dict[EnginePort, _Link] = {}
        self._is_closed = False
        self._compares = False  # it will, when the present moves are over
        worker.bridges[number] = self

    def open(self, kind: Kind, **how: Any) -> EnginePort:  # what `how` holds depends on the kind
        self._need_worker()
        number = self._engine.next_number()
        port: EnginePort
        match kind:
            case Kind.PHONE:
                pair = self.worker.take_pair(how["flow_host"])
                port = PhonePort(number, self, pair, session=self._engine.next_session(), **how)
                message = wire.Open(number, self.number, "phone", pair.number)
            case Kind.BROWSER:
                hosts, pair = self._sockets_for(how["hosts"])
                port = BrowserPort(number, self, pair, session=self._engine.next_session(), hosts=hosts)
                message = wire.Open(number, self.number, "browser", pair.number)
            case Kind.PLAY:
                port = FilePort(number, self, records=False)
                message = wire.Open(
                    number, self.number, "play", file=how["sound"], loop=how.get("loop", False)
                )
            case Kind.RECORD:
                port = FilePort(number, self, records=True)
                message = wire.Open(number, self.number, "record", file=how["file"])
            case _:
                assert_never(kind)
        self.ports.add(port)
        self.worker.send(message)
        return port

    def take(self, port: Port) -> None:
        """Raises NoMedia when this bridge or its worker is gone; then nothing has changed."""
        assert isinstance(port, EnginePort)  # another engine's port would be our own mistake
        former = port.bridge
        if former is self or port.is_closed:
            return
        self._need_worker()
        former.leave(port)
        former.forget(port)
        self.ports.add(port)
        port.bridge = self
        if port.worker is self.worker:
            port.move(self.number)
        elif port.worker is former.worker:
            port.move(self._engine.next_number())
        # else it is on its island already

    def join(self, port: Port, *, heard: bool = True, hears: bool = True) -> None:
        """Another bridge's port is taken first. Raises NoMedia also when there are no sockets for a link."""
        assert isinstance(port, EnginePort)
        if self._is_closed or port.is_closed or self._members.get(port) == (heard, hears):
            return
        self.take(port)
        if self.worker.is_dead or port.worker.is_dead:
            return
        if port.worker is self.worker:
            port.say(wire.Join(port.number, heard, hears))
        else:
            if port not in self._links:
                self._links[port] = self._link(port)
                port.say(wire.Join(port.number))
            near = self._links[port].near
            near.say(wire.Join(near.number, heard, hears))
        port.is_narrowed = False  # who did not listen to it the last time is asked again
        self._members[port] = heard, hears
        self.compare_codecs()

    def replace(self, old: Port, new: Port) -> None:
        assert isinstance(old, EnginePort)
        rights = self._members.get(old)
        self.leave(old)
        self.take(new)
        if rights is not None:
            self.join(new, heard=rights[0], hears=rights[1])

    def leave(self, port: Port) -> None:
        assert isinstance(port, EnginePort)
        if self._members.pop(port, None) is None:
            return
        port.is_narrowed = False
        port.say(wire.Leave(port.number))
        if (link := self._links.pop(port, None)) is not None:
            link.near.close()
            link.far.close()

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        for port in [port for port in self.ports if port.worker is not self.worker]:
            port.close()
        if self.ports and not self.worker.is_dead:  # an empty one the worker has forgotten already
            self.worker.send(wire.CloseBridge(self.number))
        for port in self.ports:
            port.forget()
        self.ports.clear()
        self._members.clear()
        self.worker.bridges.pop(self.number, None)

    def forget(self, port: EnginePort) -> None:
        """It has closed, or belongs to another bridge."""
        self.ports.discard(port)

    def compare_codecs(self) -> None:
        """Have it looked at whether all still share their codecs, once all that happens now has happened."""
        if not self._compares and any(port.wideband for port in self._members):
            self._compares = True
            self._engine.soon(self._compare)

    def _compare(self) -> None:
        """Ask those to renegotiate whose Opus or G.722 somebody here cannot take as it is."""
        self._compares = False
        parties = [port for port in self._members if port.is_settled]
        for port in [party for party in parties if party.wideband]:
            if port.is_narrowed or (_all_speak(port.wideband, parties) and not self._mixes(parties)):
                continue
            port.is_narrowed = True
            port.worker.tell(port, PortRenegotiate())

    def _mixes(self, parties: list[EnginePort]) -> bool:
        """Whether sound must be decoded here, instead of passing from one party to the other."""
        files = [port for port in self._members if isinstance(port, FilePort)]
        return (
            len(parties) > 2
            or bool(self._links)
            or any(file.records for file in files)
            or (bool(files) and len(parties) > 1)
        )

    def _sockets_for(self, hosts: Sequence[str]) -> tuple[list[str], wire.Pair]:
        """A pair of the first family there is one of, and the addresses it can be reached by."""
        for host in hosts:
            try:
                pair = self.worker.take_pair(host)
            except NoMedia:
                continue
            return [other for other in hosts if (":" in other) == (":" in host)], pair
        raise NoMedia(f"media worker {self.worker.number} has no sockets for {', '.join(hosts)}")

    def _link(self, port: EnginePort) -> _Link:
        near_pair, far_pair = _link_pairs(self.worker, port.worker)
        near = self._link_end(self.worker, self.number, near_pair, far_pair)
        far = self._link_end(port.worker, port.place, far_pair, near_pair)
        far.say(wire.Join(far.number))
        return _Link(near, far)

    def _link_end(self, worker: Worker, place: int, own: wire.Pair, other: wire.Pair) -> LinkPort:
        end = LinkPort(self._engine.next_number(), self, worker, place)
        end.say(wire.Open(end.number, place, "phone", own.number))
        end.settle(
            wire.Settle(
                end.number,
                _LINK_FORMATS,
                sends=True,
                receives=True,
                remote=(_LOOPBACK.get(other.host, other.host), other.port),
                lost_after=0.0,
            )
        )
        return end

    def _need_worker(self) -> None:
        if self._is_closed or self.worker.is_dead:
            raise NoMedia(f"the bridge on media worker {self.worker.number} is gone")


def _all_speak(codecs: Codecs, parties: list[EnginePort]) -> bool:
    return all(codec in port.codecs for port in parties for codec in codecs)


def _link_pairs(near: Worker, far: Worker) -> tuple[wire.Pair, wire.Pair]:
    for host in ("127.0.0.1", "::1"):
        try:
            pair = near.take_pair(host)
        except NoMedia:
            continue
        try:
            return pair, far.take_pair(host)
        except NoMedia:
            near.put_back(pair)
    raise NoMedia(f"no sockets to link media workers {near.number} and {far.number}")
