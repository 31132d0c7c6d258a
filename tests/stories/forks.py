"""A proxy that forks: what the server sends to one contact reaches several phones (RFC 3261 §16.7).

Each phone keeps its own tag, by which what follows finds it; in its Contact it is named as the proxy.
"""

import asyncio
import re
import socket

Address = tuple[str, int]

_TO = re.compile(rb"^To\s*:.*?;tag=([^;\s]+)", re.IGNORECASE | re.MULTILINE)
_FROM = re.compile(rb"^From\s*:.*?;tag=([^;\s]+)", re.IGNORECASE | re.MULTILINE)


class Fork:
    """Phones have its `address` for their server."""

    def __init__(self, server: Address) -> None:
        self._server = server
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((server[0], 0))
        self._socket.setblocking(False)
        self.address: Address = self._socket.getsockname()
        self._phones: list[Address] = []
        self._whose: dict[bytes, Address] = {}
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        try:
            data, source = self._socket.recvfrom(65536)
        except OSError:
            return
        is_response = data.startswith(b"SIP/2.0 ")
        if source == self._server:
            tag = (_FROM if is_response else _TO).search(data)
            owner = self._whose.get(tag[1]) if tag is not None else None
            for phone in [owner] if owner is not None else self._phones:
                self._socket.sendto(data, phone)
            return
        if source not in self._phones:
            self._phones.append(source)
        if (tag := (_TO if is_response else _FROM).search(data)) is not None:
            self._whose[tag[1]] = source
        self._socket.sendto(data.replace(_at(source), _at(self.address)), self._server)


def _at(address: Address) -> bytes:
    return b"@%b:%d" % (address[0].encode(), address[1])
