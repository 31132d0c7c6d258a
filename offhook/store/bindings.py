"""Bindings: where registered phones can be reached, kept so that a restart forgets none.

The registrar's memory is the truth while the server runs; this is its copy on disk.
What a phone wrote is kept as the bytes it wrote. Times are Unix seconds.
"""
# ruff: noqa: S608  # the only words put into statements are this module's own

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from offhook.sip.flow import Flow
from offhook.store.database import Database, Row, in_slices
from offhook.store.keys import Keys

_COLUMNS = (
    "device, contact, transport, host, port, local_host, local_port,"
    " instance, call_id, cseq, expires_at, nat, user_agent"
)


@dataclass(frozen=True, slots=True)
class KeptBinding:
    """One Contact of one device, RFC 3261 §10.3; `flow` is the way its REGISTER came (RFC 5626)."""

    device: str
    contact: bytes
    flow: Flow  # its `connection` means nothing after a restart
    instance: bytes
    call_id: bytes
    cseq: int
    expires_at: float
    nat: bool
    user_agent: bytes


class Bindings:
    def __init__(self, database: Database, site: str) -> None:
        self._database = database
        self._keys = Keys(site)

    async def load(self, *, now: float) -> list[KeptBinding]:
        """What has not expired; the rest is forgotten."""
        await self._database.write("delete from bindings where expires_at <= $1", [(now,)])
        rows = await self._database.read(f"select {_COLUMNS} from bindings")
        return await in_slices(rows, self._binding)

    async def registered(self, *, at: float) -> frozenset[str]:
        """The devices that were, are or will be registered at that time; nothing is forgotten by asking."""
        rows = await self._database.read("select device from bindings where expires_at > $1", at)
        return frozenset([self._keys.id(key) for (key,) in rows])

    def put(self, bindings: Sequence[KeptBinding]) -> "asyncio.Future[None]":
        """Keep these, each in place of the former one with the same device and contact."""
        return self._database.write(
            f"insert into bindings ({_COLUMNS})"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
            " on conflict (device, contact) do update set transport = excluded.transport,"
            " host = excluded.host, port = excluded.port, local_host = excluded.local_host,"
            " local_port = excluded.local_port, instance = excluded.instance, call_id = excluded.call_id,"
            " cseq = excluded.cseq, expires_at = excluded.expires_at, nat = excluded.nat,"
            " user_agent = excluded.user_agent",
            [
                (
                    self._keys.key(b.device),
                    b.contact,
                    b.flow.transport,
                    b.flow.host,
                    b.flow.port,
                    b.flow.local_host,
                    b.flow.local_port,
                    b.instance,
                    b.call_id,
                    b.cseq,
                    b.expires_at,
                    b.nat,
                    b.user_agent,
                )
                for b in bindings
            ],
        )

    def remove(self, contacts: Sequence[tuple[str, bytes]]) -> "asyncio.Future[None]":
        """Forget these pairs of device and contact."""
        return self._database.write(
            "delete from bindings where device = $1 and contact = $2",
            [(self._keys.key(device), contact) for device, contact in contacts],
        )

    def _binding(self, row: Row) -> KeptBinding:
        device, contact, transport, host, port, local_host, local_port, *rest = row
        instance, call_id, cseq, expires_at, nat, user_agent = rest
        flow = Flow(transport, host, port, local_host, local_port)
        return KeptBinding(
            self._keys.id(device), contact, flow, instance, call_id, cseq, expires_at, bool(nat), user_agent
        )
