"""`records`: call records for whoever runs the server."""

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO, get_args
from urllib.parse import urlsplit

from offhook.calls.leg import Party
from offhook.cli.common import Commands, administer, say_json, say_table, user_named
from offhook.config import Config
from offhook.people.directory import User
from offhook.store.database import Database
from offhook.store.deliveries import Deliveries, Delivery
from offhook.store.export import Format, exported, in_pages
from offhook.store.history import NEVER, History
from offhook.store.users import Users


def add_commands(
    commands: Commands, configured: argparse.ArgumentParser, printing: argparse.ArgumentParser
) -> None:
    records = commands.add_parser("records", help="call records").add_subparsers(
        required=True, metavar="COMMAND"
    )
    export = records.add_parser("export", parents=[configured], help="calls that are over, as a file")
    export.add_argument("--user", metavar="USER", help="of this user alone")
    export.add_argument("--from", dest="first", type=_day, metavar="DATE", help="such as 2026-09-01")
    export.add_argument("--to", dest="last", type=_day, metavar="DATE", help="the last day, included")
    export.add_argument("--format", choices=get_args(Format), default="csv")
    export.add_argument("--output", type=Path, metavar="FILE", help="standard output if not given")
    export.set_defaults(command=_export)
    deliveries = records.add_parser("deliveries", parents=[printing], help="what webhooks were sent")
    deliveries.add_argument("--failed", action="store_true", help="only what they have not taken")
    deliveries.add_argument(
        "--limit", type=int, default=100, metavar="N", help="the last N; 100 if not given"
    )
    deliveries.set_defaults(command=_deliveries)


def _export(options: argparse.Namespace) -> int:
    since = 0.0 if options.first is None else _midnight(options.first)
    until = NEVER if options.last is None else _midnight(options.last + timedelta(days=1))

    async def export(config: Config, database: Database) -> None:
        users = Users(database, config.site)
        only = "" if options.user is None else (await user_named(users, options.user)).id
        everybody = {user.id: user for user in await users.load_all()}
        read = partial(History(database, config.site).everybodys, user=only, since=since, until=until)
        async for piece in exported(in_pages(read), options.format, _who(everybody)):
            file.write(piece)

    with _opened(options.output) as file:
        done = administer(options, export)
        file.flush()
    return done


def _deliveries(options: argparse.Namespace) -> int:
    async def show(config: Config, database: Database) -> None:
        log = await Deliveries(database, config.site).log(failed=options.failed, limit=options.limit)
        if options.json:
            say_json([_facts(delivery) for delivery in log])
            return
        rows = [
            (d.id, d.record, _host(d.hook), str(d.attempts), _state(d), _time(d.next_try or d.finished))
            for d in log
        ]
        say_table(("ID", "RECORD", "HOOK", "ATTEMPTS", "STATE", "NEXT TRY OR END"), rows)

    return administer(options, show)


def _who(users: dict[str, User]) -> Callable[[str], Party]:
    def who(id: str) -> Party:
        user = users.get(id)
        return Party("") if user is None else Party(user.number, user.name, id)

    return who


def _opened(path: Path | None) -> "nullcontext[BinaryIO] | BinaryIO":
    if path is None:
        return nullcontext(sys.stdout.buffer)
    # Who called whom is nobody else's business on this machine.
    return open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date: write such as 2026-09-01") from None


def _midnight(day: date) -> float:
    """When this day begins here: Unix seconds."""
    return datetime(day.year, day.month, day.day).astimezone().timestamp()


def _time(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _host(url: str) -> str:
    """Without what may be a password or a key."""
    parts = urlsplit(url)
    return (parts.hostname or "") + parts.path


def _state(delivery: Delivery) -> str:
    if delivery.problem:
        return delivery.problem
    return "waits" if delivery.finished is None else f"taken ({delivery.status})"


def _facts(delivery: Delivery) -> dict[str, object]:
    keys = ("id", "record", "created", "attempts", "next_try", "finished", "status", "problem")
    return {"hook": _host(delivery.hook), **{key: getattr(delivery, key) for key in keys}}
