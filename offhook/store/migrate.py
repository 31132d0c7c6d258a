"""Bring a database to the newest schema: `python -m offhook.store.migrate [URL]`.

The server starts this as a child process when the stamp in the database differs, so that SQLAlchemy
and Alembic are never loaded beside the calls. Without URL the variable OFFHOOK_DATABASE is used.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine

from offhook.store.sqlite import sqlite_path


def upgrade(url: str) -> None:
    do(url, lambda config: command.upgrade(config, "head"))


def do(url: str, work: Callable[[Config], object]) -> None:
    """Have one of Alembic's commands work on this database."""

    def through(connection: Connection) -> None:
        config = settings()
        config.attributes["connection"] = connection
        work(config)

    if url.startswith("sqlite:"):
        engine = create_engine(URL.create("sqlite", database=sqlite_path(url)))
        with engine.begin() as connection:
            connection.exec_driver_sql("begin immediate")  # else each change of a table would stand alone
            through(connection)
        engine.dispose()
    else:
        asyncio.run(_through_asyncpg(url, through))


def settings() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


async def _through_asyncpg(url: str, through: Callable[[Connection], None]) -> None:
    async def connect() -> Any:  # asyncpg comes without types
        return await asyncpg.connect(url)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
    async with engine.begin() as connection:
        await connection.run_sync(through)
    await engine.dispose()


if __name__ == "__main__":
    upgrade(sys.argv[1] if len(sys.argv) > 1 else os.environ["OFFHOOK_DATABASE"])
