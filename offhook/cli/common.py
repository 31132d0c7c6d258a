"""What the commands share: the configuration, the database, whom is meant, and how it is said."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from offhook.config import Config
from offhook.configfile import load
from offhook.people.directory import User
from offhook.store.database import Database, open_database
from offhook.store.users import Users

_PLACES = (Path("offhook.toml"), Path("/etc/offhook/offhook.toml"))

Command = Callable[[argparse.Namespace], int]
Commands = Any  # what argparse's add_subparsers returns has no public name


class CannotDo(Exception):
    """Why not, as a sentence."""


def config_of(options: argparse.Namespace) -> Config:
    path: Path | None = options.config
    if path is None:
        path = next((place for place in _PLACES if place.exists()), None)
    return load(path, os.environ)


def administer(options: argparse.Namespace, work: Callable[[Config, Database], Awaitable[None]]) -> int:
    async def with_database() -> None:
        config = config_of(options)
        database = await open_database(config.database)
        try:
            await work(config, database)
        finally:
            await database.close()

    asyncio.run(with_database())
    return 0


async def user_named(users: Users, username: str) -> User:
    user = await users.by_username(username)
    if user is None:
        raise CannotDo(f"there is no user {username}; `offhook user list` shows who there is")
    return user


def user_facts(user: User) -> dict[str, str]:
    return {"id": user.id, "username": user.username, "name": user.name, "number": user.number}


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say_json(value: object) -> None:
    say(json.dumps(value, ensure_ascii=False, indent=2))


def say_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
