"""What a call and a REGISTER cost the whole server, beside Kamailio as a plain proxy in the same run.

    python -m bench.signalling [calls per second]

CPU-µs of all our processes per call: media ports opened, records and bindings written, digest verified.
Of three rounds the best counts, for what else runs on the machine only ever adds. Each load registers
phones of its own, one contact each, and takes them back at its end: no call rings where nobody answers.
The goals: at most 600 with a nonce reused, 750 with a challenge for each INVITE; at most 1.25 times the
first among 1,000 standing calls; 120 for a REGISTER with its challenge, 40 of them in flight.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bench.media import cpu_of
from offhook.store.database import open_database
from offhook.store.devices import Devices
from offhook.store.users import Users

HERE = Path(__file__).parent
PASSWORD = "benchmark"
RATE = 600.0  # calls a second: what a large house does at its worst, and half of what one core can
CALLERS = 40
CALLS = 2000
STANDING = 1000
REGISTERS = 4000
ROUNDS = 3


class Target:
    """A server under load: where it listens and which processes it is."""

    def __init__(self, server: tuple[str, int], pids: list[int]) -> None:
        self.server = server
        self.pids = pids

    def cpu(self) -> float:
        return sum(cpu_of(pid) for pid in self.pids)


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


def measured(target: Target, units: int, **job: object) -> tuple[float, dict[str, float]]:
    """CPU-µs per unit of what a load does, and what became of it, in the best round.

    That is the cheapest of those in which least failed: what is refused costs little.
    """
    rounds = []
    for _ in range(ROUNDS):
        generator = Generator(**job)
        before = target.cpu()
        result = generator.go()
        time.sleep(0.3)  # for records to be written
        rounds.append(((target.cpu() - before) / units * 1e6, result))
        generator.end()
    return min(rounds, key=lambda each: (undone(each[1]), each[0]))


def undone(result: dict[str, float]) -> float:
    return result.get("failed", 0) + result.get("stuck", 0)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def furnish(database: str) -> None:
    opened = await open_database(database)
    users, devices = Users(opened, "hq"), Devices(opened, "hq")
    for n in range(CALLERS * 4):
        user = await users.add(f"u{n}", f"User {n}", str(1000 + n), now=time.time())
        await devices.add_phone(
            user.id, "Desk", f"u{n}-desk", secret=PASSWORD, realm="offhook", srtp="auto", now=time.time()
        )
    await opened.close()


@contextmanager
def offhook(folder: Path) -> Iterator[Target]:
    sip, http = free_port(), free_port()
    config = folder / "offhook.toml"
    config.write_text(
        f'data = "{folder}"\ndatabase = "sqlite:///{folder}/bench.db"\n'
        f'[web]\nlisten = "127.0.0.1:{http}"\nhttps = false\n'
        f'[sip]\ndomain = "127.0.0.1"\nudp = ["127.0.0.1:{sip}"]\ntcp = []\ntls = []\n'
        '[media]\nhosts = ["127.0.0.1"]\nports = "16384-65535"\n'
        "[limits]\ncalls = 100000\ncalls_per_user = 100000\nrequests_per_second = 100000\n"
    )
    asyncio.run(furnish(f"sqlite:///{folder}/bench.db"))
    with (folder / "offhook.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "offhook", "serve", "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        begun = time.monotonic()
        while time.monotonic() < begun + 30:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{http}/readyz", timeout=1).close()
                break
            except OSError:
                time.sleep(0.02)
        print(f"ready after start: {time.monotonic() - begun:.2f} s")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        pids = [process.pid, *map(int, children)]
        memory = sum(_pss(pid) for pid in pids)
        print(f"server and worker idle: {memory:.0f} MB   goal 120: {'met' if memory <= 120 else 'MISSED'}")
        yield Target(("127.0.0.1", sip), pids)
    finally:
        process.terminate()
        process.wait(15)


def _pss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def kamailio(folder: Path, following: int) -> Iterator[Target]:
    port = free_port()
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
        yield Target(("127.0.0.1", port), [process.pid, *map(int, children)])
    finally:
        process.terminate()
        process.wait(15)


def say(
    what: str, cost: float, reference: float, result: dict[str, float], goal: float | None = None
) -> None:
    ratio = f"{cost / reference:5.1f} × Kamailio" if reference else ""
    is_met = goal is not None and cost <= goal and not undone(result)
    wanted = f"   goal {goal:.0f}: {'met' if is_met else 'MISSED'}" if goal else ""
    figures = ", ".join(f"{name} {value:.4g}" for name, value in result.items())
    print(f"{what:42} {cost:7.0f} µs   {ratio}{wanted}\n    {figures}", flush=True)


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
    rate = float(sys.argv[1]) if len(sys.argv) > 1 else RATE
    print(f"{rate:.0f} calls a second")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference = 0.0
        if shutil.which("kamailio"):
            reference = _kamailio_cost(folder, rate)
        else:
            print("kamailio is not here: no reference")
        with offhook(folder) as target:
            job: dict[str, object] = {**phones(0), "server": target.server, "rate": rate, "calls": CALLS}
            alone, result = measured(target, CALLS, **job, digest="reuse")
            say("a call, nonce: reuse", alone, reference, result, 600.0)
            cost, result = measured(target, CALLS, **job, digest="each")
            say("a call, nonce: each", cost, reference, result, 750.0)
            cost, result = measured(target, REGISTERS, **{**job, "calls": 0}, registers=REGISTERS)
            say("a REGISTER with its challenge", cost, 0, result, 120.0)
            others = {**job, **phones(2 * CALLERS), "calls": STANDING, "rate": 200.0}
            standing = Generator(**others, digest="reuse", stands=True)
            print(f"    {standing.go()['standing']:.0f} calls stand")
            cost, result = measured(target, CALLS, **job, digest="reuse")
            say(f"a call among {STANDING:,} standing", cost, reference, result, 1.25 * alone)
            standing.end()


def _kamailio_cost(folder: Path, rate: float) -> float:
    port = free_port()
    job = {**phones(0), "called": [], "rate": rate, "calls": CALLS, "digest": "none", "answer_at": port}
    with kamailio(folder, port) as target:
        cost, result = measured(target, CALLS, **job, server=target.server)
    say("Kamailio as a proxy, the same call", cost, 0, result)
    return cost


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
