"""Dialogs of talking calls: what it takes to end them with a BYE after a restart.

A leg's row is kept when it starts to talk and whenever its dialog's target or CSeq moves, and
forgotten when it ends. What a crash leaves behind, the next start hangs up.
"""
# ruff: noqa: S608  # the only words put into statements are this module's own

import asyncio
from dataclasses import dataclass

from offhook.sip.dialog import TalkingDialog
from offhook.sip.flow import Flow
from offhook.store.database import Database, Row

_COLUMNS = (
    "leg, call, call_id, local, remote, cseq, target, routes, transport, host, port, local_host, local_port"
)


@dataclass(frozen=True, slots=True)
class KeptDialog:
    """The dialog of one leg of one call; both ids are of the start that made them."""

    leg: str
    call: str
    dialog: TalkingDialog


class Dialogs:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> list[KeptDialog]:
        rows = await self._database.read(f"select {_COLUMNS} from dialogs")
        return [_kept(row) for row in rows]

    def put(self, kept: KeptDialog) -> "asyncio.Future[None]":
        dialog, flow = kept.dialog, kept.dialog.flow
        return self._database.write(
            f"insert into dialogs ({_COLUMNS})"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
            " on conflict (leg) do update set call_id = excluded.call_id, local = excluded.local,"
            " remote = excluded.remote, cseq = excluded.cseq, target = excluded.target,"
            " routes = excluded.routes, transport = excluded.transport, host = excluded.host,"
            " port = excluded.port, local_host = excluded.local_host, local_port = excluded.local_port",
            [
                (
                    kept.leg,
                    kept.call,
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
            ],
        )

    def remove(self, leg: str) -> "asyncio.Future[None]":
        return self._database.write("delete from dialogs where leg = $1", [(leg,)])


def _kept(row: Row) -> KeptDialog:
    leg, call, call_id, local, remote, cseq, target, routes, *flow = row
    return KeptDialog(
        leg,
        call,
        TalkingDialog(
            call_id=call_id,
            local=local,
            remote=remote,
            cseq=cseq,
            target=target,
            routes=tuple(routes.split(b"\n")) if routes else (),
            flow=Flow(*flow),
        ),
    )
