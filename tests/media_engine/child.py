"""A worker that has no sockets: it greets, shows ten pairs, and tells every message on one line of a file.

`python -m tests.media_engine.child LOG FD SETTINGS`. Dialling "s" on a port makes it say nothing any more.
"""

import json
import os
import socket
import sys

import msgspec

from offhook.media import wire


def main(log: str, fd: str, settings: str) -> None:
    server = socket.socket(fileno=int(fd))
    hosts, (first, _) = json.loads(settings)["hosts"], json.loads(settings)["ports"]
    pairs = tuple(wire.Pair(n, hosts[0], first + 2 * n) for n in range(10))
    say(server, wire.Hello(os.getpid(), "sha-256 AB"))
    say(server, wire.Stock(pairs))
    silent = False
    with server.makefile("rb") as reader, open(log, "a") as file:
        while head := reader.read(4):
            said = reader.read(int.from_bytes(head, "big"))
            for message in msgspec.msgpack.decode(said, type=list[wire.ToWorker]):
                print(message, file=file, flush=True)
                if isinstance(message, wire.Dial):
                    silent = message.key == "s"
                    say(server, wire.Digit(message.port, message.key))
                elif isinstance(message, wire.Measure) and not silent:
                    say(server, wire.Counters(0, 10, 0, 0, {}, 0.0))


def say(server: socket.socket, message: wire.FromWorker) -> None:
    data = msgspec.msgpack.encode([message])
    server.sendall(len(data).to_bytes(4, "big") + data)


if __name__ == "__main__":
    main(*sys.argv[1:])
