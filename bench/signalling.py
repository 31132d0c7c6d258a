"""What a call and a REGISTER cost the whole server, beside Kamailio as a plain proxy in the same run.

    python -m bench.signalling [--rate N] [--rounds N] [--beside DIR] [--python PROGRAM]

CPU-µs of all our processes per call: media ports opened, records and bindings written, digest verified.
`--beside` measures a second server in the same run: that of another checkout or unpacked wheel, or this one
run by another Python. All servers are up and take turns, one under load at a time. Of the rounds the best
counts, for what else runs on the machine only ever adds; the median tells how much it did. Each load
registers phones of its own, one contact each, and takes them back at its end: no call rings where nobody
answers. A call to the outside goes through a trunk, whose provider the load plays.

The goals: at most 600 with a nonce reused, 750 with a challenge for each INVITE; at most 1.25 times the
first among 1,000 standing calls; 120 for a REGISTER with its challenge, 40 of them in flight.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bench.media import cpu_of

HERE = Path(__file__).parent
PASSWORD = "benchmark"
RATE = 600.0  # calls a second: what a large house does at its worst, and half of what one core can
CALLERS = 40
CALLS = 2000
STANDING = 1000
REGISTERS = 4000
ROUNDS = 3
SOUND = ("16384-24575", "24576-32767")  # a range for each server, none where sockets get theirs by chance

TRUNK = """
[location]
country = "49"
area = "30"
external = "0"

[limits]
external_at_once = 100000
external_per_day = 1000000
international_at_once = 100000
international_per_day = 1000000

[[trunk]]
name = "Provider"
number = "0"
hosts = ["127.0.0.1:PORT"]
options_seconds = 0
main = "+4930900"
"""

Job = Mapping[str, object]


@dataclass(frozen=True)
class Build:
    """What is run: a tree with the package `offhook` in it, and the Python that runs it."""

    tree: Path
    python: str

    def run(self, *words: str, **how: IO[bytes] | int) -> subprocess.Popen[bytes]:
        environment = dict(os.environ, PYTHONPATH=str(self.tree))
        return subprocess.Popen([self.python, *words], cwd=self.tree, env=environment, **how)  # type: ignore[call-overload,no-any-return]  # passed on as given


@dataclass(frozen=True)
class Target:
    """A server under load: where it listens, which processes it is, and what a load must do differently."""

    server: tuple[str, int]
    pids: list[int]
    changes: Job = field(default_factory=dict)
    provider: int = 0  # the port at which its trunk is; 0: it has none

    def cpu(self) -> float:
        return sum(cpu_of(pid) for pid in self.pids)


@dataclass(frozen=True)
class Cost:
    """CPU-µs per unit: in the best round, and in the middle one; and what became of the best one's load."""

    best: float
    median: float
    result: dict[str, float]


class Generator:
    """The load, in a process of its own."""

    def __init__(self, **job: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.sip_load", json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self._out.readline()
        if not line:
            raise SystemExit("the load did not begin")
        self.port = int(json.loads(line)["ready"])

    @property
    def _out(self) -> IO[str]:
        assert self._process.stdout is not None, "it is a pipe"
        return self._process.stdout

    def go(self) -> dict[str, float]:
        self._say()
        result: dict[str, float] = json.loads(self._out.readline())
        return result

    def end(self) -> None:
        self._say()
        self._process.wait(30)

    def _say(self) -> None:
        assert self._process.stdin is not None, "it is a pipe"
        self._process.stdin.write("\n")
        self._process.stdin.flush()


def measured(targets: list[Target], units: int, job: Job, rounds: int) -> list[Cost]:
    """What a load costs each target, which take turns.

    The best round is the cheapest of those in which least failed: what is refused costs little.
    """
    costs: list[list[tuple[float, dict[str, float]]]] = [[] for _ in targets]
    for _ in range(rounds):
        for target, kept in zip(targets, costs, strict=True):
            generator = Generator(**{**job, "server": target.server, **target.changes})
            before = target.cpu()
            result = generator.go()
            time.sleep(0.3)  # for records to be written
            kept.append(((target.cpu() - before) / units * 1e6, result))
            generator.end()
    found = []
    for kept in costs:
        best, result = min(kept, key=lambda each: (undone(each[1]), each[0]))
        found.append(Cost(best, statistics.median(cost for cost, _ in kept), result))
    return found


def undone(result: dict[str, float]) -> float:
    return result.get("failed", 0) + result.get("stuck", 0)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def offhook(folder: Path, build: Build, sound: str) -> Iterator[Target]:
    sip, http = free_port(), free_port()
    config = folder / "offhook.toml"
    config.write_text(
        f'data = "{folder}"\ndatabase = "sqlite:///{folder}/bench.db"\n'
        f'[web]\nlisten = "127.0.0.1:{http}"\nhttps = false\n'
        f'[sip]\ndomain = "127.0.0.1"\nudp = ["127.0.0.1:{sip}"]\ntcp = []\ntls = []\n'
        f'[media]\nhosts = ["127.0.0.1"]\nports = "{sound}"\n'
        "[limits]\ncalls = 100000\ncalls_per_user = 100000\nrequests_per_second = 100000\n"
    )
    database = f"sqlite:///{folder}/bench.db"
    if build.run("-P", str(HERE / "furnish.py"), database, str(CALLERS * 4), PASSWORD).wait():
        raise SystemExit(f"{build.tree} cannot be furnished with users as this version is")
    with (folder / "offhook.log").open("wb") as log:
        words = ["-m", "offhook", "serve", "--config", str(config)]
        process = build.run(*words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        begun = time.monotonic()
        while time.monotonic() < begun + 30:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{http}/readyz", timeout=1).close()
                break
            except OSError:
                time.sleep(0.02)
        print(f"{build.tree}, by {build.python}")
        print(f"ready after start: {time.monotonic() - begun:.2f} s")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        pids = [process.pid, *map(int, children)]
        memory = sum(_pss(pid) for pid in pids)
        print(f"server and worker idle: {memory:.0f} MB   goal 120: {'met' if memory <= 120 else 'MISSED'}")
        yield Target(("127.0.0.1", sip), pids, provider=lay_line(folder, build, config))
    finally:
        process.terminate()
        process.wait(15)


def lay_line(folder: Path, build: Build, config: Path) -> int:
    """A line to the outside; returns the port at which the provider is looked for, 0 if there can be none."""
    port, file = free_port(), folder / "trunk.toml"
    file.write_text(TRUNK.replace("PORT", str(port)))
    words = ["-m", "offhook", "apply", "--config", str(config), str(file)]
    if build.run(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait():
        return 0
    time.sleep(3.0)  # the running server looks for changes every two seconds
    return port


def _pss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def kamailio(folder: Path) -> Iterator[Target]:
    port, following = free_port(), free_port()
    text = (HERE / "kamailio.cfg").read_text()
    config = folder / "kamailio.cfg"
    config.write_text(text.replace("LISTEN", f"127.0.0.1:{port}").replace("NEXT", f"127.0.0.1:{following}"))
    command = ["kamailio", "-DD", "-E", "-f", str(config), "-Y", str(folder)]
    command += ["-x", "tlsf", "-X", "tlsf", "-m", "512"]  # its fastest allocators
    with (folder / "kamailio.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        time.sleep(1.0)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        changes = {"called": [], "digest": "none", "answer_at": following}
        yield Target(("127.0.0.1", port), [process.pid, *map(int, children)], changes)
    finally:
        process.terminate()
        process.wait(15)


def say(what: str, costs: list[Cost], reference: float = 0.0, goal: float = 0.0) -> None:
    """The cost of ours, beside the reference, the goal, and that of the second server if there is one."""
    ours, *beside = costs
    ratio = f"   {ours.best / reference:5.1f} × Kamailio" if reference else ""
    is_met = ours.best <= goal and not undone(ours.result)
    wanted = f"   goal {goal:.0f}: {'met' if is_met else 'MISSED'}" if goal else ""
    print(f"{what:32} {ours.best:7.0f} µs (median {ours.median:.0f}){ratio}{wanted}")
    _say_result(ours.result)
    for other in beside:
        ratio = f"   {other.best / reference:5.1f} × Kamailio" if reference else ""
        compared = f"   ours is {ours.best / other.best:.2f} × of it"
        print(f"{'    the one beside':32} {other.best:7.0f} µs (median {other.median:.0f}){ratio}{compared}")
        _say_result(other.result)


def _say_result(result: dict[str, float]) -> None:
    figures = ", ".join(f"{name} {value:.4g}" for name, value in result.items())
    print(f"    {figures}", flush=True)


def phones(first: int) -> dict[str, object]:
    """Who calls and whom: two groups of phones, each caller with a partner of its own."""
    called = range(first + CALLERS, first + 2 * CALLERS)
    return {
        "callers": [f"u{n}-desk" for n in range(first, first + CALLERS)],
        "called": [f"u{n}-desk" for n in called],
        "numbers": [str(1000 + n) for n in called],
        "password": PASSWORD,
    }


def main() -> None:
    options = argparse.ArgumentParser(prog="bench signalling")
    options.add_argument("--rate", type=float, default=RATE, metavar="N", help="calls a second")
    options.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    options.add_argument(
        "--beside", type=Path, metavar="DIR", help="a checkout or unpacked wheel to measure too"
    )
    options.add_argument(
        "--python", default=sys.executable, metavar="PROGRAM", help="what runs the one beside"
    )
    asked = options.parse_args()
    os.environ.setdefault("PYTHONHASHSEED", "0")
    here = HERE.parent
    builds = [Build(here, sys.executable)]
    if asked.beside or asked.python != sys.executable:
        builds.append(Build((asked.beside or here).resolve(), asked.python))
    print(f"{asked.rate:.0f} calls a second, {asked.rounds} rounds")
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(3)]
        places = zip(folders, builds, SOUND, strict=False)
        servers = [stack.enter_context(offhook(*place)) for place in places]
        references = []
        if shutil.which("kamailio"):
            references = [stack.enter_context(kamailio(folders[2]))]
        else:
            print("kamailio is not here: no reference")
        measure(servers, references, asked.rate, asked.rounds)


def measure(servers: list[Target], references: list[Target], rate: float, rounds: int) -> None:
    """All loads. The reference is there for the plain call, where it does something comparable."""
    job = {**phones(0), "rate": rate, "calls": CALLS, "digest": "reuse"}
    costs = measured([*servers, *references], CALLS, job, rounds)
    alone = costs[: len(servers)]
    reference = 0.0
    for cost in costs[len(servers) :]:
        say("Kamailio as a proxy, that call", [cost])
        reference = cost.best
    say("a call, nonce: reuse", alone, reference, 600.0)
    challenged = measured(servers, CALLS, {**job, "digest": "each"}, rounds)
    say("a call, nonce: each", challenged, reference, 750.0)
    for server, inside in zip(servers, alone, strict=True):
        if server.provider:
            numbers = [f"0089{10000 + n}" for n in range(CALLERS)]
            outside = {**job, "called": [], "numbers": numbers, "answer_at": server.provider}
            (cost,) = measured([server], CALLS, outside, rounds)
            say("a call to the outside", [cost], reference)
            print(f"    {cost.best / inside.best:.2f} × one inside")
    registers = {**job, "calls": 0, "registers": REGISTERS, "digest": "each"}
    say("a REGISTER with its challenge", measured(servers, REGISTERS, registers, rounds), goal=120.0)
    others = {**job, **phones(2 * CALLERS), "calls": STANDING, "rate": 200.0, "stands": True}
    standing = [Generator(**others, server=server.server) for server in servers]
    for generator in standing:
        print(f"    {generator.go()['standing']:.0f} calls stand")
    busy = measured(servers, CALLS, job, rounds)
    say(f"a call among {STANDING:,} standing", busy, reference, 1.25 * alone[0].best)
    for generator in standing:
        generator.end()


if __name__ == "__main__":
    main()
