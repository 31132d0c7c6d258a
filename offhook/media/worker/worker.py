"""The worker without its sockets: the server's messages come in, ports and bridges do the rest."""

from collections import Counter
from collections.abc import Callable
from typing import Protocol, assert_never

from offhook.media.wire import (
    Close,
    CloseBridge,
    Counters,
    Dial,
    FromWorker,
    Join,
    Leave,
    Measure,
    Open,
    Settle,
    Take,
    ToWorker,
)
from offhook.media.worker import player
from offhook.media.worker.around import Send
from offhook.media.worker.bridge import AnyPort, Bridge
from offhook.media.worker.dtls import Identity
from offhook.media.worker.port import Port
from offhook.media.worker.recorder import Recorder

SWEEP, SWEEP_IN_HANDSHAKE = 0.5, 0.05  # seconds


class Network(Protocol):
    """The loop, as we see it."""

    @property
    def free(self) -> int:
        """Pairs in stock."""

    def take(self, pair: int) -> tuple[Send, Send]:
        """Ways to send from a pair's RTP and RTCP socket. Raises KeyError."""

    def attach(self, pair: int, port: Port) -> None:
        """From now on what arrives at the pair is the port's."""

    def give_back(self, pair: int) -> None: ...

    def mishap(self) -> None:
        """An exception of ours is being handled: write it down."""


class Worker:
    def __init__(
        self,
        network: Network,
        identity: Identity,
        tell: Callable[[FromWorker], None],
        *,
        unix: float,
        cpu: Callable[[], float],  # seconds used so far
    ) -> None:
        self.identity = identity
        self.refused: Counter[str] = Counter()
        self.unix = unix
        self.tell = tell
        self._cpu = cpu
        self._network = network
        self._ports: dict[int, AnyPort] = {}
        self._pairs: dict[int, int] = {}  # port to pair
        self._bridges: dict[int, Bridge] = {}
        self._changed: dict[Bridge, None] = {}  # those whose ways are to be laid anew
        self._awake: dict[Bridge, None] = {}  # those with something to do on the tick
        self._gone_in = 0  # packets of ports that are closed
        self._gone_out = 0
        self._sweep_at = 0.0

    def told(self, message: ToWorker, now: float) -> None:
        """Do what the server says, `lay` to follow. Raises when it says what cannot be."""
        match message:
            case Open():
                self._open(message)
            case Settle(port=number):
                port = self._ports[number]
                assert isinstance(port, Port)
                port.settle(message, now)
                self._changed[self._bridges[port.bridge]] = None
            case Take(number, place):
                self._take(self._ports[number], place)
            case Join(number, heard, hears):
                port = self._ports[number]
                bridge = self._bridges[port.bridge]
                bridge.join(port, heard=heard, hears=hears)
                self._changed[bridge] = None
            case Leave(number):
                port = self._ports[number]
                bridge = self._bridges[port.bridge]
                bridge.leave(port)
                self._changed[bridge] = None
            case Dial(number, key):
                port = self._ports[number]
                if isinstance(port, Port):
                    self._bridges[port.bridge].dial(port, key)
            case Close(number):
                self._close(self._ports[number])
            case CloseBridge(number):
                for port in list(self._bridges[number].ports.values()) if number in self._bridges else ():
                    self._close(port)
            case Measure():
                self.tell(self._counters())
            case _:
                assert_never(message)

    def lay(self) -> None:
        """After all that was said together: lay the ways of the bridges it was about."""
        for bridge in self._changed:
            try:
                bridge.changed()
            except Exception:
                self._network.mishap()
        self._changed.clear()

    @property
    def awake(self) -> bool:
        """Whether `tick` is to be called every 20 ms."""
        return bool(self._awake)

    def tick(self, now: float, steps: int) -> None:
        for bridge in list(self._awake):
            if not bridge.ticking:
                del self._awake[bridge]
                continue
            try:
                bridge.tick(now, steps)
            except Exception:  # our mistake costs this bridge its 20 ms and the others nothing
                self._network.mishap()

    def _wake(self, bridge: Bridge) -> None:
        self._awake[bridge] = None

    def sweep(self, now: float) -> float:
        """Look after what needs no packet to happen; gives the time to be called again."""
        if now >= self._sweep_at:
            again = SWEEP
            for port in list(self._ports.values()):
                if not isinstance(port, Port):
                    continue
                try:
                    port.sweep(now)
                except Exception:
                    self._network.mishap()
                if port.handshaking:
                    again = SWEEP_IN_HANDSHAKE
            self._sweep_at = now + again
        return self._sweep_at

    def close(self) -> None:
        """The server is gone: only files want an end."""
        for port in self._ports.values():
            if isinstance(port, Recorder):
                port.close()

    def _open(self, message: Open) -> None:
        bridge = self._bridge(message.bridge)
        port: AnyPort
        match message.kind:
            case "phone" | "browser":
                if message.pair is None:
                    raise ValueError(f"no pair for port {message.port}")
                send, send_rtcp = self._network.take(message.pair)
                port = Port(
                    message.port,
                    bridge.number,
                    self,
                    bridge,
                    send=send,
                    send_rtcp=send_rtcp,
                    one_stream=message.kind == "browser",  # it follows one SSRC through all codecs, not two
                )
                self._network.attach(message.pair, port)
                self._pairs[message.port] = message.pair
            case "play":
                sound = player.load(message.file)
                port = player.Player(message.port, bridge.number, sound, loop=message.loop)
            case "record":
                port = Recorder(message.port, bridge.number, message.file)
            case _:
                assert_never(message.kind)
        self._ports[port.number] = port
        self._bridges[bridge.number] = bridge
        bridge.add(port)

    def _bridge(self, number: int) -> Bridge:
        """A new one counts only when it has a port."""
        return self._bridges.get(number) or Bridge(number, self.tell, self._wake)

    def _take(self, port: AnyPort, number: int) -> None:
        if port.bridge == number:
            return
        self._remove(port)
        bridge = self._bridges[number] = self._bridge(number)
        port.bridge = number
        if isinstance(port, Port):
            port.moved(bridge)
        bridge.add(port)
        self._changed[bridge] = None

    def _close(self, port: AnyPort) -> None:
        self._remove(port)
        del self._ports[port.number]
        if isinstance(port, Recorder):
            port.close()
        elif isinstance(port, Port):
            port.close()
            self._gone_in += port.packets_in
            self._gone_out += port.packets_out
            self._network.give_back(self._pairs.pop(port.number))

    def _remove(self, port: AnyPort) -> None:
        """Take it out of its bridge, which goes with its last port."""
        bridge = self._bridges[port.bridge]
        bridge.remove(port)
        if bridge.ports:
            self._changed[bridge] = None
        else:
            bridge.close()
            del self._bridges[bridge.number]
            self._changed.pop(bridge, None)
            self._awake.pop(bridge, None)

    def _counters(self) -> Counters:
        phones = [port for port in self._ports.values() if isinstance(port, Port)]
        return Counters(
            ports=len(self._ports),
            stock=self._network.free,
            packets_in=self._gone_in + sum(port.packets_in for port in phones),
            packets_out=self._gone_out + sum(port.packets_out for port in phones),
            refused=dict(self.refused),
            cpu=self._cpu(),
        )
