"""`route`: why a number rings where it rings, rule by rule, as the database has it."""

import argparse
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from offhook.calls.cause import Cause
from offhook.calls.leg import Leg, Party
from offhook.calls.media import G711, Codecs
from offhook.calls.routing import Ask, Round
from offhook.cli.common import CannotDo, Commands, administer, say, say_json
from offhook.config import Config
from offhook.dialplan.explain import Explanation
from offhook.dialplan.model import Limits, Tables
from offhook.dialplan.plan import Dialplan
from offhook.dialplan.world import Outward, Toll
from offhook.feed import Feed
from offhook.people.devices import Devices
from offhook.people.directory import Directory, User
from offhook.people.groups import Groups
from offhook.people.here import Here
from offhook.places import finder
from offhook.store.bindings import Bindings
from offhook.store.database import Database
from offhook.store.devices import Devices as KeptDevices
from offhook.store.groups import Groups as KeptGroups
from offhook.store.plan import Plan
from offhook.store.users import Users

_TRUNK = "trunk:"
_LONGEST_TIME = 12  # digits
_TAKEN = (
    "Registrations are those in the database at that time; browsers are taken as closed, trunks as open,"
    " nobody as being on the phone, and nothing as spent."
)


def add_commands(commands: Commands, printing: argparse.ArgumentParser) -> None:
    route = commands.add_parser("route", help="who rings when a number is dialled, and why").add_subparsers(
        required=True, metavar="COMMAND"
    )
    explain = route.add_parser("explain", parents=[printing], help="rule by rule", epilog=_TAKEN)
    explain.add_argument("caller", metavar="FROM", help="a user name, a number, or trunk:NAME")
    explain.add_argument("number", metavar="NUMBER", help="as it is dialled there, or comes from the trunk")
    explain.add_argument("--at", metavar="TIME", help="2026-03-31T14:00 or Unix seconds; now if not given")
    explain.add_argument(
        "--calling", metavar="NUMBER", default="", help="who calls from outside; else hidden"
    )
    explain.set_defaults(command=_explain)


def _explain(options: argparse.Namespace) -> int:
    async def show(config: Config, database: Database) -> None:
        at = _time(options.at)
        tables = await Plan(database).load()
        registered = await Bindings(database, config.site).registered(at=at)
        directory, here = await _everybody(database, config.site, registered)
        plan = Dialplan(
            tables,
            here,
            _OpenTrunks(),
            _NothingSpent(),
            find_name=finder(directory, config),
            device_name=here.device_name,
        )
        caller = _caller(options.caller, options.calling, tables, directory)
        number = options.number.encode(errors="replace").decode()  # bytes that are no text can be typed
        explanation = plan.explain(Ask(caller, number))
        if options.json:
            say_json(_facts(explanation))
        else:
            for line in explanation.lines:
                say(line)

    return administer(options, show)


def _time(text: str | None) -> float:
    if text is None:
        return time.time()
    try:
        if text.isdecimal() and len(text) <= _LONGEST_TIME:
            return float(text)
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise CannotDo(f"{text} is no time: write it like 2026-03-31T14:00") from None


async def _everybody(database: Database, site: str, registered: frozenset[str]) -> tuple[Directory, Here]:
    feed = Feed(_fail)
    directory, devices, groups = Directory(), Devices[_Phone](feed), Groups(feed)
    for user in await Users(database, site).load_all():
        directory.put_user(user)
    for info in await KeptDevices(database, site).load_all():
        directory.put_device(info)
        party = directory.party(info.user)
        phone = _Phone(info.id, Party(party.number, party.name, party.user, info.id), info.id in registered)
        devices.add(info, phone)
    for group in await KeptGroups(database, site).load_all():
        groups.put(group)
    return directory, Here(directory, devices, groups, _Idle())


def _caller(text: str, calling: str, tables: Tables, directory: Directory) -> Party:
    if text.startswith(_TRUNK):
        if text.removeprefix(_TRUNK) not in {trunk.name for trunk in tables.trunks}:
            known = ", ".join(trunk.name for trunk in tables.trunks) or "none"
            raise CannotDo(f"there is no trunk {text.removeprefix(_TRUNK)}; there are: {known}")
        return Party(calling, device=text, outside=True)
    user = directory.by_username(text) or directory.by_number(text) or _elsewhere(text, directory.users())
    if user is None:
        raise CannotDo(f"there is no user {text}; `offhook user list` shows who there is")
    return Party(user.number, user.name, user.id, user.device)


def _elsewhere(number: str, users: Iterable[User]) -> User | None:
    found = [user for user in users if user.number == number]
    if len(found) > 1:
        names = ", ".join(f"{user.username} ({user.node})" for user in found)
        raise CannotDo(f"{number} is the number of several users; write a user name: {names}")
    return found[0] if found else None


def _facts(explanation: Explanation) -> dict[str, object]:
    plan = explanation.plan
    rounds = [_round(round) for round in plan.rounds]
    return {"lines": explanation.lines, "rounds": rounds, "otherwise": plan.otherwise.value}


def _round(round: Round) -> dict[str, object]:
    parties = [device.party for device in round.devices]
    devices = [{"device": p.device, "number": p.number, "name": p.name, "user": p.user} for p in parties]
    return {"seconds": round.seconds, "devices": devices}


def _fail(who: object, why: Exception) -> None:
    raise why


# ---- what the database does not know


@dataclass(frozen=True, slots=True)
class _Phone:
    """A device that never rings; it is only asked."""

    id: str
    party: Party
    is_reachable: bool
    speaks: Codecs = G711

    def open_legs(self) -> Sequence[Leg]:
        return ()


class _OpenTrunks:
    def is_open(self, trunk: str, *, emergency: bool = False) -> bool:
        return True

    def device(self, outward: Outward, whose: Party | None = None) -> _Phone:
        party = whose or Party(outward.number, device=f"{_TRUNK}{outward.ways[0].trunk}", outside=True)
        return _Phone(party.device, party, is_reachable=True)


class _NothingSpent:
    def refuses(self, user: str, toll: Toll, limits: Limits) -> Cause | None:
        return None


class _Idle:
    def calls_of(self, user: str) -> int:
        return 0

    def idle_since(self, user: str) -> float:
        return 0.0
