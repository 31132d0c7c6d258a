"""Ports for programs that tests start.

They lie below those that the system hands out by itself, which anybody may have taken before a program is up,
and each worker has some of its own.
"""

import os
import socket
from itertools import count

_FIRST, _EACH, _WORKERS = 10_000, 1_500, 4  # the sound begins at 16384
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
_turn = count(os.getpid())  # what a test before left behind is not met again at once


def free_port(host: str = "127.0.0.1") -> int:
    """One at which nobody listens, neither by UDP nor by TCP."""
    while True:
        port = _FIRST + _worker * _EACH + next(_turn) % _EACH
        if not any(is_taken(port, kind, host) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
            return port


def is_taken(port: int, kind: socket.SocketKind = socket.SOCK_DGRAM, host: str = "127.0.0.1") -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return True
        return False
