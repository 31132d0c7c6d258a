"""The way back to a peer: responses and in-dialog requests go where the last message came from."""

from typing import Literal, NamedTuple

Transport = Literal["udp", "tcp", "tls"]


class Flow(NamedTuple):
    """One UDP address pair or one TCP or TLS connection. Hosts are plain addresses, IPv6 without brackets."""

    transport: Transport
    host: str
    port: int
    local_host: str
    local_port: int
    connection: int = 0  # which connection, for TCP and TLS; never used twice in one run of the server

    @property
    def is_reliable(self) -> bool:
        return self.transport != "udp"
