"""Dialogs of talking calls: what it takes to end them with a BYE after a restart.

A leg's row is kept while it talks, and forgotten when it ends. What a crash leaves behind, the
next start hangs up.
"""
# ruff: noqa: S608  # the only words put into statements are this module's own

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from offhook.sip.dialog import TalkingDialog
from offhook.sip.flow import Flow
from offhook.store.database import Database, Row, Value

_COLUMNS = "leg, call_id, local, remote, cseq, target, routes, transport, host, port, local_host, local_port"
_PUT = (
    f"insert into dialogs ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    " on conflict (leg) do update set call_id = excluded.call_id, local = excluded.local,"
    " remote = excluded.remote, cseq = excluded.cseq, target = excluded.target,"
    " routes = excluded.routes, transport = excluded.transport, host = excluded.host,"
    " port = excluded.port, local_host = excluded.local_host, local_port = excluded.local_port"
)


@dataclass(frozen=True, slots=True)
class KeptDialog:
    """The dialog of one leg; the id is of the start that made it."""

    leg: str
    dialog: TalkingDialog


class Dialogs:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> list[KeptDialog]:
        rows = await self._database.read(f"select {_COLUMNS} from dialogs")
        return [_kept(row) for row in rows]

    def put(self, talking: Iterable[KeptDialog]) -> "asyncio.Future[None]":
        return self._database.write(_PUT, [_row(kept) for kept in talking])

    def remove(self, legs: Iterable[str]) -> "asyncio.Future[None]":
        return self._database.write("delete from dialogs where leg = $1", [(leg,) for leg in legs])


def _row(kept: KeptDialog) -> tuple[Value, ...]:
    dialog, flow = kept.dialog, kept.dialog.flow
    return (
        kept.leg,
        dialog.call_id,
        dialog.local,
        dialog.remote,
        dialog.cseq,
        dialog.target,
        b"\n".join(dialog.routes),
        flow.transport,
        flow.host,
        flow.port,
        flow.local_host,
        flow.local_port,
    )


def _kept(row: Row) -> KeptDialog:
    leg, call_id, local, remote, cseq, target, routes, transport, host, port, local_host, local_port = row
    flow = Flow(transport, host, port, local_host, local_port)
    hops = tuple(routes.split(b"\n")) if routes else ()
    return KeptDialog(leg, TalkingDialog(call_id, local, remote, cseq, target, hops, flow))
