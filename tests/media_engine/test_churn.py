"""Whatever people do with their calls, nothing of it is left when they have gone home."""

from offhook.media import wire
from offhook.media.engine import open_engine
from tests.media_engine.office import HOST, Office
from tests.media_engine.test_supervisor import until

PORTS = (41200, 41797)


async def test_after_a_busy_time_nothing_is_left_in_server_and_workers() -> None:
    office = Office(40, sound=PORTS[1] + 1)
    async with open_engine(2, [HOST], PORTS, office.heard) as engine:
        office.use(engine)
        await office.churn(2.0, calls=12, rate=100)
        assert len(office.done) >= 8, office.done
        await office.go_home()
        assert (office.lines, office.owners, office.lost) == ({}, {}, 0)
        for worker in engine.workers.values():
            assert (worker.ports, worker.bridges) == ({}, {})
            worker.send(wire.Measure())
            await until(lambda worker=worker: worker.state.counters.ports == 0)  # type: ignore[misc]  # mypy: lambda defaults
    assert office.sources.heard > 100
    office.close()
