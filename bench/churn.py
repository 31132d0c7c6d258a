"""200 calls that are held, put through, joined, parked and dropped without pause: does anything leak?

    python -m bench.churn [--seconds 60] [--calls 200] [--rate 150] [--workers 2]

Switch, engine and media workers are the real ones; the phones are in this process. Prints what the server
and the workers hold on the way, and before and after with no call standing. Fails when something is left.
"""

import argparse
import asyncio
import gc
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from offhook.calls.call import Call
from offhook.media import wire
from offhook.media.bridge import EngineBridge
from offhook.media.engine import MediaEngine, open_engine
from offhook.media.ports import EnginePort, FilePort
from offhook.media.workers import Worker
from tests.media_engine.office import HOST, Line, Office
from tests.media_engine.test_supervisor import until

PORTS = (42000, 55999)
WARM_UP = 10.0  # seconds at most; as much churn as brings stocks and caches to their size
TOLD_EVERY = 10.0  # seconds
GROWN = 4.0  # MB a process may have grown; what leaks grows with every call


# ---- what is held


@dataclass
class Holdings:
    """What there is at a moment; memory in MB. Worker descriptors are those beyond the stock's."""

    counts: dict[str, int]
    server: float
    workers: list[float]

    def __str__(self) -> str:
        counts = "  ".join(f"{name} {n}" for name, n in self.counts.items())
        workers = " + ".join(f"{worker:.1f}" for worker in self.workers)
        return f"{counts}  server {self.server:.1f} MB  workers {workers} MB"


async def holdings(office: Office, engine: MediaEngine) -> Holdings:
    workers = list(engine.workers.values())
    counters = [await measured(worker.number, engine) for worker in workers]
    gc.collect()
    objects = Counter(_kind(thing) for thing in gc.get_objects())
    stock = sum(counter.stock for counter in counters)
    counts = {
        "calls": len(office.switch.calls),
        "lines": len(office.lines),
        "Call": objects["call"],
        "Line": objects["line"],
        "EngineBridge": objects["bridge"],
        "EnginePort": objects["port"],
        "ports": sum(counter.ports for counter in counters),
        "fds": _descriptors(os.getpid()),
        "worker fds": sum(_descriptors(worker.pid) for worker in workers) - 2 * (stock + _paired(workers)),
    }
    return Holdings(counts, _memory(os.getpid()), [_memory(worker.pid) for worker in workers])


async def measured(number: int, engine: MediaEngine) -> wire.Counters:
    worker = engine.workers[number]
    before = worker.state.counters
    worker.send(wire.Measure())
    await until(lambda: worker.state.counters is not before)
    assert worker.state.counters is not None
    return worker.state.counters


def _paired(workers: Iterable[Worker]) -> int:
    """Ports with a pair of sockets of their own: all but files."""
    return sum(not isinstance(port, FilePort) for worker in workers for port in worker.ports.values())


def _kind(thing: object) -> str:
    match thing:
        case Call():
            return "call"
        case Line():
            return "line"
        case EngineBridge():
            return "bridge"
        case EnginePort():
            return "port"
        case _:
            return ""


def _descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def _memory(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


# ---- running


async def run(asked: argparse.Namespace) -> int:
    office = Office(3 * asked.calls, sound=PORTS[1] + 1)
    async with open_engine(asked.workers, [HOST], PORTS, office.heard) as engine:
        office.use(engine)
        await office.churn(min(WARM_UP, asked.seconds / 3), asked.calls, asked.rate)
        await office.go_home()
        await asyncio.sleep(1.0)  # the workers announce what they got back twice a second
        start = await holdings(office, engine)
        print(f"start    {start}", flush=True)
        office.done.clear()
        heard, to_go = office.sources.heard, asked.seconds
        while to_go > 0:
            await office.churn(min(TOLD_EVERY, to_go), asked.calls, asked.rate)
            to_go -= TOLD_EVERY
            print(f"         {await holdings(office, engine)}", flush=True)
        await office.go_home()
        await asyncio.sleep(1.0)  # the workers announce what they got back twice a second
        end = await holdings(office, engine)
        print(f"end      {end}")
        print(_summary(office.done, asked.seconds, office.sources.heard - heard))
        print(f"refused  {dict(office.refused.most_common(6))}")
        office.close()
        left = _left(start, end, office.lost, engine.replaced)
    for what in left:
        print(f"LEFT     {what}")
    return int(bool(left))


def _summary(done: Mapping[str, int], seconds: float, heard: int) -> str:
    moves = sum(done.values())
    kinds = ", ".join(f"{name} {n}" for name, n in sorted(done.items(), key=lambda item: -item[1]))
    calls = done["call"] + done["consult"]
    return (
        f"in {seconds:.0f} s {calls} calls ({calls / seconds:.1f}/s), {moves} operations"
        f" ({moves / seconds:.0f}/s): {kinds}; {heard} packets heard"
    )


def _left(start: Holdings, end: Holdings, lost: int, replaced: int) -> list[str]:
    left = [f"{name}: {end.counts[name]}" for name in start.counts if "fds" not in name and end.counts[name]]
    left += [
        f"{name}: {start.counts[name]} became {end.counts[name]}"
        for name in ("fds", "worker fds")
        if end.counts[name] > start.counts[name]
    ]
    memory = [(start.server, end.server), *zip(start.workers, end.workers, strict=True)]
    left += [f"memory: {was:.1f} became {now:.1f} MB" for was, now in memory if now - was > GROWN]
    left += [f"{lost} ports were lost"] if lost else []
    left += [f"{replaced} workers died"] if replaced else []
    return left


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rate", type=float, default=150.0, help="operations a second")
    parser.add_argument("--workers", type=int, default=2)
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
