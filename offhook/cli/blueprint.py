"""`export`, `diff`, `apply`, `undo`, `changes`: configuration as code."""

import argparse
import contextlib
import getpass
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from offhook.blueprint.apply import Draft, apply, compare, export, undo
from offhook.blueprint.difference import Difference
from offhook.blueprint.writer import write
from offhook.cli.common import CannotDo, Commands, administer, say, say_json, say_table
from offhook.config import Config
from offhook.store.changes import Change, Changes
from offhook.store.database import Database

_STANDARD = Path("-")  # input or output
_LARGEST = 32 << 20  # bytes; a hundred thousand users fit into it


def add_commands(
    commands: Commands, configured: argparse.ArgumentParser, printing: argparse.ArgumentParser
) -> None:
    out = commands.add_parser("export", parents=[configured], help="all that is configured, as TOML")
    out.add_argument(
        "file", nargs="?", type=Path, default=_STANDARD, metavar="FILE", help="printed if not given"
    )
    out.set_defaults(command=_export)
    compared = commands.add_parser("diff", parents=[printing], help="what applying a file would change")
    _add_file(compared)
    compared.set_defaults(command=_diff)
    applied = commands.add_parser(
        "apply", parents=[printing], help="put a file in place, all of it or nothing"
    )
    applied.add_argument("--dry-run", action="store_true", help="only say what would change, as diff does")
    _add_file(applied)
    applied.set_defaults(command=_apply)
    back = commands.add_parser("undo", parents=[printing], help="put back what an apply has changed")
    back.add_argument(
        "id", nargs="?", type=int, metavar="ID", help="as `offhook changes` shows it; or the last"
    )
    back.set_defaults(command=_undo)
    listed = commands.add_parser("changes", parents=[printing], help="what was applied, when and by whom")
    listed.set_defaults(command=_changes)


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="- for standard input")
    parser.add_argument(
        "--prune", action="store_true", help="remove what the file does not have, of the kinds that it has"
    )


def _export(options: argparse.Namespace) -> int:
    async def show(config: Config, database: Database) -> None:
        text = write(await export(database))
        if options.file == _STANDARD:
            sys.stdout.write(text)
        else:
            _keep(options.file, text)

    return administer(options, show)


def _diff(options: argparse.Namespace) -> int:
    async def show(config: Config, database: Database) -> None:
        draft = _draft(options.file)
        _tell(options, await compare(database, draft, prune=options.prune, realm=config.sip.realm))

    return administer(options, show)


def _apply(options: argparse.Namespace) -> int:
    if options.dry_run:
        return _diff(options)

    async def put(config: Config, database: Database) -> None:
        applied = await apply(
            database,
            _draft(options.file),
            prune=options.prune,
            realm=config.sip.realm,
            who=_who(),
            now=time.time(),
        )
        _tell(options, applied.differences)
        if applied.change and not options.json:
            say(f"Done; `offhook undo {applied.change}` puts it back.")

    return administer(options, put)


def _undo(options: argparse.Namespace) -> int:
    async def back(config: Config, database: Database) -> None:
        change, applied = await undo(
            database, options.id, realm=config.sip.realm, who=_who(), now=time.time()
        )
        _tell(options, applied.differences)
        if not options.json:
            say(f"Change {change.id} is undone ({change.summary}).")

    return administer(options, back)


def _changes(options: argparse.Namespace) -> int:
    async def show(config: Config, database: Database) -> None:
        found = await Changes(database).newest()
        if options.json:
            say_json([asdict(change) for change in found])
            return
        say_table(("ID", "AT", "WHO", "WHAT", ""), [_row(change) for change in found])

    return administer(options, show)


def _row(change: Change) -> tuple[str, ...]:
    undone = "" if change.undone is None else f"undone {_time(change.undone)}"
    return str(change.id), _time(change.at), change.who, change.summary, undone


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _tell(options: argparse.Namespace, lines: Sequence[Difference]) -> None:
    if options.json:
        say_json([asdict(line) for line in lines])
    elif lines:
        say("\n".join(map(str, lines)))
    else:
        say("Nothing differs.")


def _draft(file: Path) -> Draft:
    name = "standard input" if file == _STANDARD else str(file)
    raw = _read(file, name)
    try:
        draft = Draft.from_text(raw.decode("utf-8"), name)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise CannotDo(f"{name}, line {line}: this is not UTF-8: save the file in that encoding") from None
    if not draft.source.raw:  # what was to make it has failed, most likely
        raise CannotDo(f"{name} says nothing: there is no table in it, such as [location] or [[user]]")
    return draft


def _read(file: Path, name: str) -> bytes:
    try:
        if file != _STANDARD:
            with file.open("rb") as source:
                raw = source.read(_LARGEST + 1)
        elif sys.stdin is None:
            raise CannotDo(f"{name} is closed")
        else:
            raw = sys.stdin.buffer.read(_LARGEST + 1)
    except OSError as error:
        raise CannotDo(f"{name} cannot be read: {error.strerror}") from None
    if len(raw) > _LARGEST:
        raise CannotDo(f"{name} is larger than {_LARGEST >> 20} MiB: is it another file?")
    return raw


def _keep(file: Path, text: str) -> None:
    """For its owner alone, as there are hashes and passwords in it; whole or not at all."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        if file.is_dir():
            raise CannotDo(f"{file} is a directory: write the name of a file in it")
        with open(
            os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as out:
            out.write(text)
        beside.replace(file)
    except OSError as error:
        raise CannotDo(f"{file} cannot be written: {error.strerror}") from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _who() -> str:
    """The login name; who became root by sudo is still themselves."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return str(os.getuid())
