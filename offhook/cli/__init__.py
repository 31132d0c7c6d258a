"""The command line: start the server, and administer what is in its database.

Commands work on the database directly, whether or not the server runs; a running server notices
within two seconds. Exit codes: 0 done, 1 it could not be done, 2 wrongly asked or wrongly configured.
Each module here adds its commands to the grammar and carries them out.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from offhook import __version__
from offhook.blueprint.source import Rejected
from offhook.certificates import CertificateError
from offhook.cli import blueprint, devices, groups, records, route, servers, users
from offhook.cli.common import CannotDo, Command
from offhook.config import ConfigError
from offhook.store.database import StoreError


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        command: Command = options.command
        return command(options)
    except (ConfigError, Rejected) as error:
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

    servers.add_commands(commands, configured, printing)
    users.add_commands(commands, printing)
    devices.add_commands(commands, printing)
    groups.add_commands(commands, printing)
    blueprint.add_commands(commands, configured, printing)
    route.add_commands(commands, printing)
    records.add_commands(commands, configured, printing)
    return parser


def _fail(error: Exception, code: int) -> int:
    sys.stderr.write(f"offhook: {error}\n")
    return code
