"""`user`: who can sign in and be called."""

import argparse
import sys
import time

from offhook.cli.common import (
    CannotDo,
    Commands,
    administer,
    say,
    say_json,
    say_table,
    user_facts,
    user_named,
)
from offhook.config import Config
from offhook.dialplan.model import ROOT
from offhook.passwords import Passwords, weakness
from offhook.people.directory import User
from offhook.store.database import Database
from offhook.store.groups import Groups
from offhook.store.links import LIFETIME, Links
from offhook.store.plan import Plan
from offhook.store.sessions import Sessions
from offhook.store.users import Users


def add_commands(commands: Commands, printing: argparse.ArgumentParser) -> None:
    user = commands.add_parser("user", help="users").add_subparsers(required=True, metavar="COMMAND")
    add = user.add_parser("add", parents=[printing], help="a new user; prints a link to sign in with")
    add.add_argument("username", help="to sign in with, such as anna")
    add.add_argument("--name", required=True, help='such as "Anna Berg"')
    add.add_argument("--number", required=True, help="such as 101")
    add.set_defaults(command=_user_add)
    users = user.add_parser("list", parents=[printing], help="all users")
    users.set_defaults(command=_user_list)
    passwd = user.add_parser("passwd", parents=[printing], help="a new link to choose a password with")
    passwd.add_argument("username")
    passwd.add_argument(
        "--stdin", action="store_true", help="read the new password from standard input instead"
    )
    passwd.set_defaults(command=_user_passwd)
    remove = user.add_parser("remove", parents=[printing], help="a user and all that is theirs, for ever")
    remove.add_argument("username")
    remove.set_defaults(command=_user_remove)


def _user_add(options: argparse.Namespace) -> int:
    async def add(config: Config, database: Database) -> None:
        now = time.time()
        if owner := (await _leading(config, database)).get(options.number):
            raise CannotDo(f"the number {options.number} belongs to the {owner} already")
        user = await Users(database, config.site, announce=True).add(
            options.username, options.name, options.number, now=now
        )
        link = await _welcome_link(config, database, user, now)
        if options.json:
            say_json({**user_facts(user), "link": link})
        else:
            say(f"{user.name} ({user.username}) has number {user.number}.")
            _say_link(link)

    return administer(options, add)


def _user_list(options: argparse.Namespace) -> int:
    async def show(config: Config, database: Database) -> None:
        users = await Users(database, config.site).load_all()
        if options.json:
            say_json([user_facts(user) for user in users])
        else:
            say_table(
                ("NUMBER", "USER NAME", "NAME", "ID"), [(u.number, u.username, u.name, u.id) for u in users]
            )

    return administer(options, show)


def _user_passwd(options: argparse.Namespace) -> int:
    async def change(config: Config, database: Database) -> None:
        users = Users(database, config.site, announce=True)
        user = await user_named(users, options.username)
        if not options.stdin:
            link = await _welcome_link(config, database, user, time.time())
            if options.json:
                say_json({**user_facts(user), "link": link})
            else:
                _say_link(link)
            return
        password = sys.stdin.readline().rstrip("\r\n")
        if why := weakness(password):
            raise CannotDo(why)
        await Sessions(database, config.site).end_all(user.id)
        await users.set_password_hash(user.id, await Passwords().hash(password))
        say(f"{user.username} has a new password and is signed out everywhere.")

    return administer(options, change)


def _user_remove(options: argparse.Namespace) -> int:
    async def remove(config: Config, database: Database) -> None:
        users = Users(database, config.site, announce=True)
        user = await user_named(users, options.username)
        await users.remove(user.id)
        if options.json:
            say_json(user_facts(user))
        else:
            say(f"{user.name} ({user.username}) is removed; the number {user.number} is free.")

    return administer(options, remove)


async def _leading(config: Config, database: Database) -> dict[str, str]:
    """What the numbers in the root lead to that are nobody's own."""
    tables = await Plan(database).load()
    groups = await Groups(database, config.site).load_all()
    return {
        **{
            each.number: f"group {group.name}"
            for group in groups
            if (each := group.ringing) and each.node == ROOT
        },
        **{node.number: f"node {node.name}" for node in tables.nodes if node.parent == ROOT},
        **{trunk.number: f"trunk {trunk.name}" for trunk in tables.trunks if trunk.node == ROOT},
    }


async def _welcome_link(config: Config, database: Database, user: User, now: float) -> str:
    token = await Links(database, config.site).make(user.id, now=now)
    return f"{config.web.url.rstrip('/')}/#welcome={token}"


def _say_link(link: str) -> None:
    say(f"To choose a password, open this link within {LIFETIME / 86400:.0f} days; it works once:")
    say(link)
