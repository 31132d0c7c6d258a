"""`serve` and `demo` run a server; `config check` says whether one could run."""

import argparse
import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from offhook.certificates import Certificate
from offhook.cli.common import CannotDo, Commands, config_of, say, say_json
from offhook.config import Address, Demo
from offhook.configfile import as_dict, shown


def add_commands(
    commands: Commands, configured: argparse.ArgumentParser, printing: argparse.ArgumentParser
) -> None:
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

    config = commands.add_parser("config", help="the configuration").add_subparsers(
        required=True, metavar="COMMAND"
    )
    check = config.add_parser("check", parents=[printing], help="say what is wrong, or print all of it")
    check.set_defaults(command=_config_check)


def _serve(options: argparse.Namespace) -> int:
    config = config_of(options)
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


def _config_check(options: argparse.Namespace) -> int:
    config = config_of(options)
    for section in (config.web, config.sip):
        if section.certificate:
            Certificate(Path(section.certificate), Path(section.key))
    if options.json:
        say_json(as_dict(config))
    else:
        say(shown(config).rstrip())
    return 0


def _address(text: str) -> Address:
    try:
        return Address(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no address: write HOST:PORT, such as 127.0.0.1:8080"
        ) from None
