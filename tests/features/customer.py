"""A customer's HTTP server, which takes call records, fails, hangs, and comes back."""

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SECRET = "sixteen letters!"
HANG = 0  # a status with which nobody ever answers


class Customer:
    """An HTTP server that answers as the test says, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[int] = []  # the next ones; 200 when there is none
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/calls?key=1"

    @property
    def heard_of(self) -> list[str]:
        return [json.loads(body)["record"]["id"] for _, body in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                self.requests.append((headers, await reader.readexactly(int(headers["content-length"]))))
                status = self.answers.pop(0) if self.answers else 200
                if status == HANG:
                    await reader.read()  # until the other side has had enough
                    break
                where = "location: http://127.0.0.1:1/\r\n" if status == 302 else ""
                writer.write(f"HTTP/1.1 {status} So\r\n{where}content-length: 0\r\n\r\n".encode())
        writer.close()


@asynccontextmanager
async def customers(count: int) -> AsyncIterator[list[Customer]]:
    found = [Customer() for _ in range(count)]
    servers = [await asyncio.start_server(one.serve, "127.0.0.1", 0) for one in found]
    for one, server in zip(found, servers, strict=True):
        one.port = server.sockets[0].getsockname()[1]
    yield found
    for server in servers:
        server.close()


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    """Whether the secret proves who sent it."""
    at, made = [part.split("=", 1)[1] for part in headers["offhook-signature"].split(",")]
    return made == hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
