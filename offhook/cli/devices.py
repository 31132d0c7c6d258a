"""`device`: the phones and browsers of users."""

import argparse
import time
from typing import get_args

from offhook.cli.common import CannotDo, Commands, administer, say, say_json, say_table, user_named
from offhook.config import Config
from offhook.people.directory import DeviceInfo, Srtp
from offhook.store.database import Database
from offhook.store.devices import Devices, new_secret
from offhook.store.meta import Meta
from offhook.store.users import Users


def add_commands(commands: Commands, printing: argparse.ArgumentParser) -> None:
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


def _device_add(options: argparse.Namespace) -> int:
    async def add(config: Config, database: Database) -> None:
        user = await user_named(Users(database, config.site), options.username)
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
            say_json({**facts, "domain": config.sip.domain})
            return
        ports = [
            f"{name} {', '.join(str(address.port) for address in addresses)}"
            for name, addresses in (("UDP", config.sip.udp), ("TCP", config.sip.tcp), ("TLS", config.sip.tls))
            if addresses
        ]
        say_table(
            ("Enter in the phone", ""),
            [
                ("Server", f"{config.sip.domain} ({'; '.join(ports)})"),
                ("User name", device.sip_user),
                ("Password", f"{secret}   (shown this once)"),
            ],
        )

    return administer(options, add)


def _device_list(options: argparse.Namespace) -> int:
    async def show(config: Config, database: Database) -> None:
        users = Users(database, config.site)
        devices = Devices(database, config.site)
        if options.username:
            owners = [await user_named(users, options.username)]
            found = await devices.of(owners[0].id)
        else:
            owners, found = await users.load_all(), await devices.load_all()
        names = {user.id: user.username for user in owners}
        if options.json:
            say_json([_device_facts(device) for device in found])
        else:
            say_table(
                ("USER", "NAME", "KIND", "SIP USER", "SRTP", "ID"),
                [(names[d.user], d.name, d.kind, d.sip_user or "-", d.srtp, d.id) for d in found],
            )

    return administer(options, show)


def _device_remove(options: argparse.Namespace) -> int:
    async def remove(config: Config, database: Database) -> None:
        devices = Devices(database, config.site, announce=True)
        device = next((device for device in await devices.load_all() if device.id == options.id), None)
        if device is None:
            raise CannotDo(f"there is no device {options.id}; `offhook device list` shows which there are")
        await devices.remove(device.id)
        if options.json:
            say_json(_device_facts(device))
        else:
            say(f"{device.name} ({device.sip_user or device.kind}) is removed.")

    return administer(options, remove)


def _device_facts(device: DeviceInfo) -> dict[str, str]:
    keys = ("id", "user", "name", "kind", "sip_user", "srtp")
    return {key: getattr(device, key) for key in keys}
