"""Ports that go from one bridge to another: where they are, who hears them, and what is left of them."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.media import OPUS, Kind, NoMedia, PortLost, PortRenegotiate
from offhook.media import wire
from offhook.media.bridge import EngineBridge
from offhook.media.ports import EnginePort
from tests.media_engine.house import House, phone
from tests.media_engine.test_bridges import narrow, wide
from tests.sdp.samples import CHROMIUM


@dataclass
class Told:
    """Where a worker's ports are, from what it was told. By port: its bridge, and what it may if it is in."""

    bridge: dict[int, int] = field(default_factory=dict)
    joined: dict[int, tuple[bool, bool]] = field(default_factory=dict)

    def hear(self, messages: list[wire.ToWorker]) -> "Told":
        for message in messages:
            match message:
                case wire.Open(port, bridge):
                    assert port not in self.bridge
                    self.bridge[port] = bridge
                case wire.Take(port, bridge):
                    assert self.bridge[port] != bridge
                    self.bridge[port] = bridge
                    self.joined.pop(port, None)
                case wire.Join(port, heard, hears):
                    assert port in self.bridge
                    self.joined[port] = heard, hears
                case wire.Leave(port):
                    del self.joined[port]
                case wire.Close(port):
                    self._close(port)
                case wire.CloseBridge(bridge):
                    for port in [port for port, where in self.bridge.items() if where == bridge]:
                        self._close(port)
                case _:
                    pass
        return self

    def beside(self, port: int) -> set[int]:
        """Who is in the same bridge of the worker."""
        where = self.bridge[port]
        return {other for other in self.joined if self.bridge[other] == where} - {port}

    def _close(self, port: int) -> None:
        del self.bridge[port]
        self.joined.pop(port, None)


def told(house: House, worker: int = 0) -> Told:
    return Told().hear(house.told[worker])


def two_bridges(workers: int = 1) -> tuple[House, EngineBridge, EngineBridge]:
    """With two workers, on one each."""
    house = House(workers)
    return house, house.engine.bridge(), house.engine.bridge()


# ---- on one worker


def test_a_taken_port_moves_without_a_detour_and_is_heard_by_nobody_until_it_joins() -> None:
    house, old, new = two_bridges()
    port, left, waiting = narrow(old), narrow(old), narrow(new)
    for bridge, member in ((old, port), (old, left), (new, waiting)):
        bridge.join(member)
    opened = len(house.said(wire.Open))
    new.take(port)
    assert told(house).bridge[port.number] == new.number
    assert port.number not in told(house).joined
    new.join(port)
    assert told(house).beside(port.number) == {waiting.number}
    assert len(house.said(wire.Open)) == opened


def test_opus_stays_opus_when_its_port_is_taken() -> None:
    house, old, new = two_bridges()
    pages = [old.open(Kind.BROWSER, hosts=["192.0.2.1"]), new.open(Kind.BROWSER, hosts=["192.0.2.1"])]
    for page in pages:
        page.answer(CHROMIUM, like=(OPUS,))
    old.join(pages[0])
    new.join(pages[1])
    new.take(pages[0])
    new.join(pages[0])
    assert [house.events(page) for page in pages] == [[], []]


def test_who_joins_without_being_taken_is_taken() -> None:
    house, old, new = two_bridges()
    port = narrow(old)
    old.join(port)
    new.join(port)
    old.close()
    assert told(house).joined == {port.number: (True, True)}


def test_taking_ones_own_port_does_nothing() -> None:
    house, bridge, _ = two_bridges()
    port = narrow(bridge)
    bridge.join(port)
    said = len(house.told[0])
    bridge.take(port)
    assert len(house.told[0]) == said


def test_a_taken_port_outlives_the_bridge_it_came_from_and_closes_with_the_one_it_is_in() -> None:
    house, old, new = two_bridges()
    port = phone(old)
    new.take(port)
    old.close()
    assert told(house).bridge == {port.number: new.number}
    new.close()
    assert told(house).bridge == {}
    assert house.engine.workers[0].ports == {}


def test_a_bridge_all_of_whose_ports_were_taken_can_be_used_again() -> None:
    house, old, new = two_bridges()
    new.take(phone(old))
    again = phone(old)
    old.close()
    assert set(told(house).bridge.values()) == {new.number}
    assert again.is_closed


def test_the_bridge_it_came_from_may_still_say_what_no_longer_holds() -> None:
    house, old, new = two_bridges()
    port = narrow(old)
    old.join(port)
    new.take(port)
    new.join(port)
    old.leave(port)
    assert told(house).joined == {port.number: (True, True)}


def test_a_closed_port_is_not_taken_and_a_closed_bridge_takes_none() -> None:
    house, old, new = two_bridges()
    closed, kept = phone(old), phone(old)
    closed.close()
    new.take(closed)
    assert house.said(wire.Take) == []
    new.close()
    with pytest.raises(NoMedia):
        new.take(kept)
    assert not kept.is_closed
    old.join(kept)
    assert kept.number in told(house).joined


def test_a_file_can_be_taken_too() -> None:
    house, old, new = two_bridges()
    music = old.open(Kind.PLAY, sound="music", loop=True)
    new.take(music)
    old.close()
    assert told(house).bridge == {music.number: new.number}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_browser_that_reloads_after_a_transfer_takes_its_old_place(workers: int) -> None:
    house, old, new = two_bridges(workers)
    port = old.open(Kind.BROWSER, hosts=["192.0.2.1"])
    new.take(port)
    new.join(port, heard=False)
    again = new.open(Kind.BROWSER, hosts=["192.0.2.1"])
    new.replace(port, again)
    port.close()
    assert told(house, new.worker.number).joined == {again.number: (False, True)}
    assert told(house, old.worker.number).bridge.keys() == ({again.number} if workers == 1 else set())


def test_a_new_port_opened_before_the_transfer_still_takes_the_old_place() -> None:
    house, old, new = two_bridges()
    port, again = phone(old), phone(old)
    new.take(port)
    new.join(port)
    new.replace(port, again)
    old.close()
    assert told(house).joined == {again.number: (True, True)}


# ---- from one worker to another


def test_from_another_worker_a_port_is_linked_over_loopback_when_it_joins() -> None:
    house, here, there = two_bridges(2)
    host, port = narrow(here), narrow(there)
    here.join(host)
    here.take(port)
    assert told(house, 1).joined == {}
    assert len(house.said(wire.Open, 0)) == 1
    here.join(port, heard=False)
    near, far = house.said(wire.Settle, 0)[-1], house.said(wire.Settle, 1)[-1]
    near_pair, far_pair = house.said(wire.Open, 0)[-1].pair, house.said(wire.Open, 1)[-1].pair
    assert near.remote == ("127.0.0.1", 31000 + 2 * (far_pair or 0))
    assert far.remote == ("127.0.0.1", 30000 + 2 * (near_pair or 0))
    assert told(house, 0).joined == {host.number: (True, True), near.port: (False, True)}
    assert told(house, 1).beside(port.number) == {far.port}
    here.leave(port)
    assert told(house, 0).bridge.keys() == {host.number}
    assert told(house, 1).bridge.keys() == {port.number}
    assert told(house, 1).joined == {}


def test_who_was_left_on_the_other_worker_hears_nothing_of_a_port_that_was_taken() -> None:
    house, here, there = two_bridges(2)
    port, left = narrow(there), narrow(there)
    there.join(port)
    there.join(left)
    here.join(port)
    assert told(house, 1).beside(left.number) == set()


def test_a_link_carries_g711_alone() -> None:
    house, here, there = two_bridges(2)
    one, port = wide(here), wide(there)
    here.join(one)
    here.join(port)
    assert [house.events(port) for port in (one, port)] == [[PortRenegotiate()], [PortRenegotiate()]]


def test_an_island_goes_with_its_port() -> None:
    house, here, there = two_bridges(2)
    port, other = narrow(there), narrow(there)
    here.join(port)
    there.close()
    assert told(house, 1).bridge.keys() == {port.number, house.said(wire.Settle, 1)[-1].port}
    assert other.is_closed
    port.close()
    assert (told(house, 0).bridge, told(house, 1).bridge) == ({}, {})
    assert house.engine.workers[1].ports == {}
    assert house.engine.workers[1].bridges == {}


def test_a_bridge_closes_what_it_took_from_elsewhere() -> None:
    house, here, there = two_bridges(2)
    joined, waiting = narrow(there), narrow(there)
    here.join(joined)
    here.take(waiting)
    here.close()
    assert (told(house, 0).bridge, told(house, 1).bridge) == ({}, {})
    assert [len(worker.ports) for worker in house.engine.workers.values()] == [0, 0]
    assert joined.is_closed
    assert waiting.is_closed


def test_a_port_goes_from_bridge_to_bridge_and_back() -> None:
    house = House(2)
    home, far = house.engine.bridge(), house.engine.bridge()
    near = house.engine.bridge(near=home)
    port = wide(home)
    islands = set()
    for bridge in (far, near, far, home, near, home):
        bridge.take(port)
        bridge.join(port)
        where = told(house).bridge[port.number]
        assert (where == bridge.number) is (bridge is not far)
        islands |= {where} - {near.number, home.number}
    assert len(islands) == 2  # a new one for each time it was away
    assert len(told(house).bridge) == 1
    assert told(house, 1).bridge == {}


def test_between_two_other_workers_a_port_stays_on_its_island() -> None:
    house = House(3)
    first, second, third = (house.engine.bridge() for _ in range(3))
    port = narrow(first)
    second.join(port)
    island = told(house).bridge[port.number]
    third.join(port)
    assert told(house).bridge[port.number] == island
    assert told(house, 1).bridge == {}
    assert len(told(house, 2).bridge) == 1


def test_no_sockets_for_a_link_is_no_media_and_costs_none() -> None:
    house = House(workers=2, hosts=("0.0.0.0",), pairs=1)
    here, there = house.engine.bridge(), house.engine.bridge()
    port = phone(there)
    with pytest.raises(NoMedia):
        here.join(port)
    assert here.worker.state.stock == 1
    port.close()
    assert told(house, 1).bridge == {}


# ---- workers that die


def test_a_bridge_on_a_dead_worker_takes_nothing() -> None:
    house, here, there = two_bridges(2)
    port = narrow(there)
    there.join(port)
    here.worker.die()
    for move in (here.take, here.join):
        with pytest.raises(NoMedia):
            move(port)
    assert told(house, 1).joined == {port.number: (True, True)}


def test_all_that_belongs_to_a_bridge_on_a_dead_worker_is_lost_with_it() -> None:
    house, here, there = two_bridges(2)
    joined, waiting, own, stranger = narrow(there), narrow(there), narrow(here), narrow(there)
    here.join(joined)
    here.take(waiting)
    here.worker.die()
    assert [house.events(port) for port in (joined, waiting, own)] == [[PortLost(worker=True)]] * 3
    assert house.events(stranger) == []
    joined.close()
    waiting.close()
    assert told(house, 1).bridge.keys() == {stranger.number}


def test_a_dead_island_costs_the_port_on_it_and_nobody_else() -> None:
    house, here, there = two_bridges(2)
    port, host = narrow(there), narrow(here)
    here.join(host)
    here.join(port)
    there.worker.die()
    assert house.events(port) == [PortLost(worker=True)]
    assert house.events(host) == []
    here.join(port, heard=False)
    port.close()
    assert told(house, 0).bridge.keys() == {host.number}


def test_the_bridge_a_port_was_taken_from_may_lose_its_worker() -> None:
    house = House(3)
    first, second, third = (house.engine.bridge() for _ in range(3))
    port = narrow(first)
    second.take(port)
    third.take(port)
    second.worker.die()
    assert house.events(port) == []


# ---- whatever happens


OFTEN = ["open", "take", "join", "listen", "leave", "replace"]
MOVES = st.tuples(
    st.sampled_from([*OFTEN, "open", *["join"] * 6, "close", "hang up", "die"]),
    st.integers(0, 2),
    st.integers(0, 7),
)


@given(st.lists(MOVES, min_size=10, max_size=40))
def test_everybody_hears_those_of_his_bridge_and_nobody_else_whatever_is_moved(
    moves: list[tuple[str, int, int]],
) -> None:
    house = House(2, pairs=60)
    bridges = [house.engine.bridge() for _ in range(3)]  # two on the first worker, one on the other
    ports: list[EnginePort] = []
    members: dict[EnginePort, EngineBridge] = {}
    closed: set[EngineBridge] = set()
    for move, which, n in moves:
        bridge = bridges[which]
        is_gone = bridge in closed or bridge.worker.is_dead
        if move == "open" and not is_gone:
            ports.append(wide(bridge))
        if not ports:
            continue
        port = ports[n % len(ports)]
        foreign = port.bridge is not bridge and not port.is_closed
        match move:
            case "take" if foreign and is_gone:
                with pytest.raises(NoMedia):
                    bridge.take(port)
            case "take":
                bridge.take(port)
                if foreign:
                    members.pop(port, None)
            case "join" | "listen" if foreign and is_gone and bridge not in closed:
                with pytest.raises(NoMedia):
                    bridge.join(port)
            case "join" | "listen":
                bridge.join(port, heard=move == "join")
                if foreign and not is_gone:
                    members.pop(port, None)
                if not (is_gone or port.is_closed or port.worker.is_dead):
                    members[port] = bridge
            case "leave":
                bridge.leave(port)
                if members.get(port) is bridge:
                    del members[port]
            case "replace" if not is_gone and not port.bridge.worker.is_dead and not port.worker.is_dead:
                new = wide(bridge)
                ports.append(new)
                bridge.replace(port, new)
                if members.get(port) is bridge:
                    del members[port]
                    members[new] = bridge
            case "close":
                bridge.close()
                closed.add(bridge)
            case "hang up":
                port.close()
            case "die" if n == 7:
                bridge.worker.die()
            case _:
                pass
        for gone in [p for p in members if p.is_closed or p.worker.is_dead or p.bridge.worker.is_dead]:
            del members[gone]
        check(house, ports, members)
    for worker in house.engine.workers.values():
        for lost in list(worker.ports.values()):
            lost.close()
    for bridge in bridges:
        bridge.close()
    for number, worker in house.engine.workers.items():
        assert worker.ports == {}
        assert worker.bridges == {}
        assert worker.is_dead or told(house, number).bridge == {}


def check(house: House, ports: list[EnginePort], members: dict[EnginePort, EngineBridge]) -> None:
    """The workers were told what brings together those who belong together, and only those."""
    states = {number: told(house, number) for number in house.engine.workers}
    for port in ports:
        if port.is_closed or port.worker.is_dead or port.bridge.worker.is_dead:
            continue  # it has been told so
        state, bridge = states[port.worker.number], members.get(port)
        together = {p for p, b in members.items() if b is bridge and p is not port}
        if bridge is None:
            assert port.number not in state.joined
        elif port.worker is bridge.worker:
            assert state.bridge[port.number] == bridge.number
            own = {p.number for p in together if p.worker is bridge.worker}
            beside = state.beside(port.number)
            assert own <= beside
            assert len(beside) == len(together)  # each of the others: here, or by its link
        else:
            assert len(state.beside(port.number)) == 1  # its link
            near = states[bridge.worker.number]
            here = [p for p in near.joined if near.bridge[p] == bridge.number]
            assert len(here) == len(together) + 1
