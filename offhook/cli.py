"""The command line: start the server, and administer what is in its database.

Commands work on the database directly, whether or not the server runs; a running server notices
within two seconds. Exit codes: 0 done, 1 it could not be done, 2 wrongly asked or wrongly configured.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

from offhook import __version__
from offhook.certificates import Certificate, CertificateError
from offhook.config import Address, Config, ConfigError, Demo
from offhook.configfile import as_dict, load, shown
from offhook.passwords import Passwords, weakness
from offhook.people.directory import DeviceInfo, Srtp, User
from offhook.store.database import Database, StoreError, open_database
from offhook.store.devices import Devices, new_secret
from offhook.store.links import LIFETIME, Links
from offhook.store.meta import Meta
from offhook.store.sessions import Sessions
from offhook.store.users import Users

_PLACES = (Path("offhook.toml"), Path("/etc/offhook/offhook.toml"))

Command = Callable[[argparse.Namespace], int]


class CannotDo(Exception):
    """Why not, as a sentence."""


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        command: Command = options.command
        return command(options)
    except ConfigError as error:
        return _fail(error, 2)
    except (CannotDo, StoreError, CertificateError) as error:
        return _fail(error, 1)
    except BrokenPipeError:  # `offhook user list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(error, 1)
    except KeyboardInterrupt:
        return 130


# ---- servers


def _serve(options: argparse.Namespace) -> int:
    config = _config(options)
    from offhook.app import serve  # here: the other commands start in a tenth of the time without it

    return _run_server(serve(config))


def _demo(options: argparse.Namespace) -> int:
    demo = Demo(options.data, options.http, options.sip, options.sips, options.password or "")
    if not demo.is_local and not demo.password:
        raise CannotDo(
            "the demo listens on this machine only, as everybody who can reach it can use it; "
            "to open it to others choose a password: --password WORD"
        )
    from offhook.app import demo as run_demo

    return _run_server(run_demo(demo))


def _run_server(main: Coroutine[Any, Any, object]) -> int:
    factory = None
    if os.environ.get("OFFHOOK_LOOP") != "asyncio":
        try:
            import uvloop

            factory = uvloop.new_event_loop
        except ImportError:  # it is faster, and nothing relies on it
            pass
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)
    return 0


# ---- users


def _user_add(options: argparse.Namespace) -> int:
    async def add(config: Config, database: Database) -> None:
        now = time.time()
        user = await Users(database, config.site, announce=True).add(
            options.username, options.name, options.number, now=now
        )
        link = await _welcome_link(config, database, user, now)
        if options.json:
            _say_json({**_user_facts(user), "link": link})
        else:
            _say(f"{user.name} ({user.username}) has number {user.number}.")
            _say_link(link)

    return _administer(options, add)


def _user_list(options: argparse.Namespace) -> int:
    async def show(config: Config, database: Database) -> None:
        users = await Users(database, config.site).load_all()
        if options.json:
            _say_json([_user_facts(user) for user in users])
        else:
            _say_table(
                ("NUMBER", "USER NAME", "NAME", "ID"), [(u.number, u.username, u.name, u.id) for u in users]
            )

    return _administer(options, show)


def _user_passwd(options: argparse.Namespace) -> int:
    async def change(config: Config, database: Database) -> None:
        users = Users(database, config.site, announce=True)
        user = await _user(users, options.username)
        if not options.stdin:
            link = await _welcome_link(config, database, user, time.time())
            if options.json:
                _say_json({**_user_facts(user), "link": link})
            else:
                _say_link(link)
            return
        password = sys.stdin.readline().rstrip("\r\n")
        if why := weakness(password):
            raise CannotDo(why)
        await Sessions(database, config.site).end_all(user.id)
        await users.set_password_hash(user.id, await Passwords().hash(password))
        _say(f"{user.username} has a new password and is signed out everywhere.")

    return _administer(options, change)


def _user_remove(options: argparse.Namespace) -> int:
    async def remove(config: Config, database: Database) -> None:
        users = Users(database, config.site, announce=True)
        user = await _user(users, options.username)
        await users.remove(user.id)
        if options.json:
            _say_json(_user_facts(user))
        else:
            _say(f"{user.name} ({user.username}) is removed; the number {user.number} is free.")

    return _administer(options, remove)


# ---- devices


def _device_add(options: argparse.Namespace) -> int:
    async def add(config: Config, database: Database) -> None:
        user = await _user(Users(database, config.site), options.username)
        secret = new_secret()
        device = await Devices(database, config.site, announce=True).add_phone(
            user.id,
            options.name,
            options.sip_user or f"{user.username}-desk",
            secret=secret,
            realm=await Meta(database).realm(config.sip.realm),
            srtp=options.srtp or config.sip.srtp,
            now=time.time(),
        )
        if options.json:
            facts = {"id": device.id, "user": user.id, "sip_user": device.sip_user, "secret": secret}
            _say_json({**facts, "domain": config.sip.domain})
            return
        ports = [
            f"{name} {', '.join(str(address.port) for address in addresses)}"
            for name, addresses in (("UDP", config.sip.udp), ("TCP", config.sip.tcp), ("TLS", config.sip.tls))
            if addresses
        ]
        _say_table(
            ("Enter in the phone", ""),
            [
                ("Server", f"{config.sip.domain} ({'; '.join(ports)})"),
                ("User name", device.sip_user),
                ("Password", f"{secret}   (shown this once)"),
            ],
        )

    return _administer(options, add)


def _device_list(options: argparse.Namespace) -> int:
    async def show(config: Config, database: Database) -> None:
        users = Users(database, config.site)
        devices = Devices(database, config.site)
        if options.username:
            owners = [await _user(users, options.username)]
            found = await devices.of(owners[0].id)
        else:
            owners, found = await users.load_all(), await devices.load_all()
        names = {user.id: user.username for user in owners}
        if options.json:
            _say_json([_device_facts(device) for device in found])
        else:
            _say_table(
                ("USER", "NAME", "KIND", "SIP USER", "SRTP", "ID"),
                [(names[d.user], d.name, d.kind, d.sip_user or "-", d.srtp, d.id) for d in found],
            )

    return _administer(options, show)


def _device_remove(options: argparse.Namespace) -> int:
    async def remove(config: Config, database: Database) -> None:
        devices = Devices(database, config.site, announce=True)
        device = next((device for device in await devices.load_all() if device.id == options.id), None)
        if device is None:
            raise CannotDo(f"there is no device {options.id}; `offhook device list` shows which there are")
        await devices.remove(device.id)
        if options.json:
            _say_json(_device_facts(device))
        else:
            _say(f"{device.name} ({device.sip_user or device.kind}) is removed.")

    return _administer(options, remove)


# ---- configuration


def _config_check(options: argparse.Namespace) -> int:
    config = _config(options)
    for section in (config.web, config.sip):
        if section.certificate:
            Certificate(Path(section.certificate), Path(section.key))
    if options.json:
        _say_json(as_dict(config))
    else:
        _say(shown(config).rstrip())
    return 0


def _config(options: argparse.Namespace) -> Config:
    path: Path | None = options.config
    if path is None:
        path = next((place for place in _PLACES if place.exists()), None)
    return load(path, os.environ)


# ---- what the commands share


def _administer(options: argparse.Namespace, work: Callable[[Config, Database], Awaitable[None]]) -> int:
    async def with_database() -> None:
        config = _config(options)
        database = await open_database(config.database)
        try:
            await work(config, database)
        finally:
            await database.close()

    asyncio.run(with_database())
    return 0


async def _user(users: Users, username: str) -> User:
    user = await users.by_username(username)
    if user is None:
        raise CannotDo(f"there is no user {username}; `offhook user list` shows who there is")
    return user


async def _welcome_link(config: Config, database: Database, user: User, now: float) -> str:
    token = await Links(database, config.site).make(user.id, now=now)
    return f"{config.web.url.rstrip('/')}/#welcome={token}"


def _user_facts(user: User) -> dict[str, str]:
    return {"id": user.id, "username": user.username, "name": user.name, "number": user.number}


def _device_facts(device: DeviceInfo) -> dict[str, str]:
    keys = ("id", "user", "name", "kind", "sip_user", "srtp")
    return {key: getattr(device, key) for key in keys}


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _say_json(value: object) -> None:
    _say(json.dumps(value, ensure_ascii=False, indent=2))


def _say_link(link: str) -> None:
    _say(f"To choose a password, open this link within {LIFETIME / 86400:.0f} days; it works once:")
    _say(link)


def _say_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        _say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _fail(error: Exception, code: int) -> int:
    sys.stderr.write(f"offhook: {error}\n")
    return code


# ---- the grammar


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="offhook", description="A telephone system in one process.")
    parser.add_argument("--version", action="version", version=f"offhook {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    configured = argparse.ArgumentParser(add_help=False)
    configured.add_argument(
        "--config", type=Path, metavar="FILE", help="offhook.toml here or in /etc/offhook if not given"
    )
    printing = argparse.ArgumentParser(add_help=False, parents=[configured])
    printing.add_argument("--json", action="store_true", help="for programs")

    serve = commands.add_parser("serve", parents=[configured], help="run the server")
    serve.set_defaults(command=_serve)

    demo = commands.add_parser("demo", help="run a server with twelve users, to try it out")
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    demo.add_argument(
        "--data", type=Path, metavar="DIR", default=home / "offhook-demo", help="keeps its data here"
    )
    demo.add_argument("--http", type=_address, metavar="HOST:PORT", default="127.0.0.1:8080", help="the page")
    demo.add_argument(
        "--sip", type=_address, metavar="HOST:PORT", default="127.0.0.1:5060", help="UDP and TCP"
    )
    demo.add_argument("--sips", type=_address, metavar="HOST:PORT", default="127.0.0.1:5061", help="TLS")
    demo.add_argument("--password", metavar="WORD", help="of all users and phones; made up if not given")
    demo.set_defaults(command=_demo)

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

    device = commands.add_parser("device", help="phones and browsers").add_subparsers(
        required=True, metavar="COMMAND"
    )
    add = device.add_parser("add", parents=[printing], help="a new phone; prints its password, once")
    add.add_argument("username", help="whose phone it is")
    add.add_argument("--name", default="Desk phone", help='"Desk phone" if not given')
    add.add_argument("--sip-user", metavar="NAME", help="what it signs in as; <username>-desk if not given")
    add.add_argument("--srtp", choices=get_args(Srtp), help="encrypted sound; [sip] srtp if not given")
    add.set_defaults(command=_device_add)
    devices = device.add_parser("list", parents=[printing], help="all devices, or those of one user")
    devices.add_argument("username", nargs="?")
    devices.set_defaults(command=_device_list)
    remove = device.add_parser("remove", parents=[printing], help="a phone or browser, for ever")
    remove.add_argument("id", metavar="ID", help="as `offhook device list` shows it")
    remove.set_defaults(command=_device_remove)

    config = commands.add_parser("config", help="the configuration").add_subparsers(
        required=True, metavar="COMMAND"
    )
    check = config.add_parser("check", parents=[printing], help="say what is wrong, or print all of it")
    check.set_defaults(command=_config_check)
    return parser


def _address(text: str) -> Address:
    try:
        return Address(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no address: write HOST:PORT, such as 127.0.0.1:8080"
        ) from None
