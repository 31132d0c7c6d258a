"""What a relayed packet costs the media worker, in CPU time and as a multiple of the C floor.

    python -m bench.media [--mode rtp|webrtc|both] [--calls 200] [--seconds 3]

The floor is the cheapest relay there is, measured beside it with the same load, so that the
machine's mood cancels out. In `webrtc` one side of every call is a browser's transport: ICE
and DTLS are real, its packets are sealed beforehand because no generator seals that fast.
"""

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.media.peers import PCMA, Browser, Phone, WorkerProcess

HERE = Path(__file__).parent
ROUNDS = 3  # the best of each counts: what else runs on the machine only ever adds


@dataclass(frozen=True)
class Result:
    packets: int
    lost: float
    cpu: float  # microseconds a packet
    p50: int  # microseconds on the way
    p99: int

    def __str__(self) -> str:
        return (
            f"{self.cpu:6.2f} µs/packet, {self.packets} packets, {self.lost:.2%} lost,"
            f" delay p50 {self.p50} µs, p99 {self.p99} µs"
        )


@dataclass(frozen=True)
class Leg:
    socket: socket.socket
    port: int  # of the relay
    stream: int = -1


def compiled(name: str, into: str) -> str:
    program = f"{into}/{name}"
    subprocess.run(["gcc", "-O2", "-Wall", "-o", program, HERE / f"{name}.c"], check=True)
    return program


def cpu_of(pid: int) -> float:
    """Seconds, all threads, finer than the 10 ms of /proc/PID/stat."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def load(program: str, pid: int, legs: list[Leg], seconds: float, streams: str = "-") -> Result:
    lines = "".join(f"{leg.socket.fileno()} {leg.port} {leg.stream}\n" for leg in legs)
    before = cpu_of(pid)
    run = subprocess.run(
        [program, str(seconds), streams],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
        pass_fds=[leg.socket.fileno() for leg in legs],
    )
    used = cpu_of(pid) - before
    said = json.loads(run.stdout)
    return Result(
        said["sent"],
        1 - said["heard"] / max(1, said["sent"]),
        used * 1e6 / max(1, said["sent"]),
        said["p50"],
        said["p99"],
    )


def bound() -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    one.bind(("127.0.0.1", 0))
    return one


def floor(program: str, generator: str, calls: int, seconds: float) -> Result:
    phones = [bound() for _ in range(2 * calls)]
    sides = [bound() for _ in range(2 * calls)]
    lines = "".join(
        f"{side.fileno()} {phone.getsockname()[1]}\n" for side, phone in zip(sides, phones, strict=True)
    )
    relay = subprocess.Popen(
        [program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=[side.fileno() for side in sides],
    )
    assert relay.stdin
    assert relay.stdout
    relay.stdin.write(lines)
    relay.stdin.close()
    relay.stdout.readline()
    legs = [Leg(phone, side.getsockname()[1]) for phone, side in zip(phones, sides, strict=True)]
    try:
        return load(generator, relay.pid, legs, seconds)
    finally:
        relay.kill()
        relay.wait()
        relay.stdout.close()
        for one in phones + sides:
            one.close()


def ours(generator: str, mode: str, calls: int, seconds: float, into: str) -> tuple[Result, str]:
    count = round(seconds * 50) + 5
    with WorkerProcess(stock=2 * calls + 8) as worker, open(f"{into}/streams", "wb") as file:
        legs: list[Leg] = []
        peers: list[Phone] = []
        set_up = 0.0
        for call in range(calls):
            for side in range(2):
                before = worker.counters().cpu
                if mode == "webrtc" and side:
                    peer: Phone = Browser(0, PCMA)
                    port = peer.call(worker.open(call, "browser"))
                    assert isinstance(peer, Browser)
                    peer.connect(20)
                    set_up += worker.counters().cpu - before
                    assert peer.shield is not None
                    for _ in range(count):
                        packet = peer.shield.seal(peer.rtp(b"\xd5" * 160, 8))
                        peer.seq += 1
                        peer.timestamp += 160
                        file.write(len(packet).to_bytes(2, "big") + packet)
                    legs.append(Leg(peer.socket, port.address[1], call))
                else:
                    peer = Phone(0, PCMA)
                    port = peer.call(worker.open(call))
                    legs.append(Leg(peer.socket, port.address[1]))
                peers.append(peer)
        file.flush()
        result = load(generator, worker.process.pid, legs, seconds, file.name)
        status = Path(f"/proc/{worker.process.pid}/status").read_text()
        memory = int(status.split("VmRSS:")[1].split()[0]) / 1024
        note = f"memory {memory:.0f} MB, refused {worker.counters().refused}"
        if mode == "webrtc":
            note += f", set-up {set_up / calls * 1e3:.2f} CPU-ms a browser"
        for peer in peers:
            peer.socket.close()
    return result, note


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mode", choices=("rtp", "webrtc", "both"), default="both")
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--at-most", type=float, help="fail when the ratio to the floor is higher")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    modes = ("rtp", "webrtc") if options.mode == "both" else (options.mode,)
    with tempfile.TemporaryDirectory() as into:
        return max(run(mode, options.calls, options.seconds, options.at_most, into) for mode in modes)


def run(mode: str, calls: int, seconds: float, at_most: float | None, into: str) -> int:
    generator, cheapest = compiled("rtp_load", into), compiled("udp_floor", into)
    begun = time.monotonic()
    floors, results, note = [], [], ""
    for _ in range(ROUNDS):
        floors.append(floor(cheapest, generator, calls, seconds))
        result, note = ours(generator, mode, calls, seconds, into)
        results.append(result)
    for bottom, result in zip(floors, results, strict=True):
        print(f"C floor   {bottom}\nworker    {result}")
    ratio = min(result.cpu for result in results) / min(bottom.cpu for bottom in floors)
    print(
        f"{mode}, {calls} calls: {ratio:.2f} times the floor, the best of each; {note};"
        f" {os.cpu_count()} CPUs, {time.monotonic() - begun:.0f} s"
    )
    return int(at_most is not None and ratio > at_most)


if __name__ == "__main__":
    sys.exit(main())
