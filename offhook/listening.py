"""An address that cannot be listened at, in words for whoever has chosen it."""

import errno

_WHY = {
    errno.EADDRINUSE: "another program has it; stop that one, or choose another address in the configuration",
    errno.EADDRNOTAVAIL: "this machine has no such address; see `ip address` for those it has",
    errno.EACCES: "ports below 1024 need a right of their own; systemd gives it by"
    " AmbientCapabilities=CAP_NET_BIND_SERVICE",
}


class CannotListen(OSError):
    """Nobody can reach us at an address that the configuration names."""


def cannot_listen(error: OSError, what: str, host: str, port: int) -> CannotListen:
    """`what` is the transport, such as "udp" or "https"."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    why = _WHY.get(error.errno or 0, error.strerror)
    return CannotListen(f"cannot listen at {what} {place}: {why}")
