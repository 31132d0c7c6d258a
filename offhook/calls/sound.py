"""What each party of a call hears: it follows from the call's state, here and nowhere else."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from offhook.calls.media import Bridge, Kind, Port
from offhook.calls.member import LegState, Member, State


@dataclass(slots=True)
class Scene:
    """Who is in the bridge, as (is heard, hears), and which file plays to them."""

    ports: dict[Port, tuple[bool, bool]] = field(default_factory=dict)
    plays: str | None = None


def scene(state: State, caller: Member | None, members: Iterable[Member], closing: str = "busy") -> Scene:
    """What should be heard in this state of a call; `closing` by a caller with nobody to talk to."""
    found = Scene()
    waiting = caller.leg.port if caller is not None else None
    match state:
        case State.RINGING if waiting is not None:
            found.ports[waiting] = False, True
            singer = next((m.leg.port for m in members if m.is_called and m.sings and m.leg.port), None)
            if singer is not None:
                found.ports[singer] = True, False
            else:
                found.plays = "ringback"
        case State.CLOSING if waiting is not None:
            found.ports[waiting] = False, True
            found.plays = closing
        case State.PARKED if waiting is not None:
            found.ports[waiting] = False, True
            found.plays = "music"
        case State.TALKING:
            active = [
                m for m in members if m.state is LegState.TALKING and not m.holding and m.lost_since is None
            ]
            for member in active:
                if member.leg.port is not None:
                    found.ports[member.leg.port] = not member.muted, True
            if len(active) == 1 and found.ports:
                found.plays = "music"
        case _:
            pass  # nobody hears anything
    return found


class Sound:
    """Makes a call's bridge match one scene after another, by as few moves as it takes."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._joined: dict[Port, tuple[bool, bool]] = {}
        self._player: tuple[str, Port] | None = None

    def show(self, scene: Scene) -> None:
        """Raises NoMedia when a file cannot be played."""
        for port in [port for port in self._joined if port not in scene.ports]:
            self.leave(port)
        self._play(scene.plays)
        for port, part in scene.ports.items():
            if self._joined.get(port) != part:
                self._joined[port] = part
                heard, hears = part
                self._bridge.join(port, heard=heard, hears=hears)

    def leave(self, port: Port) -> None:
        if self._joined.pop(port, None) is not None:
            self._bridge.leave(port)

    def forget(self, port: Port) -> None:
        """It was taken to another bridge."""
        self._joined.pop(port, None)

    def close(self) -> None:
        """The bridge and all its ports at once: one word to the engine instead of two for each."""
        self._joined.clear()
        self._player = None
        self._bridge.close()

    def _play(self, sound: str | None) -> None:
        if self._player is not None and self._player[0] != sound:
            self._player[1].close()
            self._player = None
        if sound is not None and self._player is None:
            player = self._bridge.open(Kind.PLAY, sound=sound, loop=True)
            self._player = sound, player
            self._bridge.join(player, heard=True, hears=False)
