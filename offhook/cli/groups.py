"""`group`: users who may take each other's calls."""

import argparse

from offhook.cli.common import CannotDo, Commands, administer, say, say_json, say_table, user_named
from offhook.config import Config
from offhook.people.groups import Group
from offhook.store.database import Database
from offhook.store.groups import Groups
from offhook.store.users import Users


def add_commands(commands: Commands, printing: argparse.ArgumentParser) -> None:
    group = commands.add_parser("group", help="users who take each other's calls").add_subparsers(
        required=True, metavar="COMMAND"
    )
    add = group.add_parser("add", parents=[printing], help="a new group, without members")
    add.add_argument("group", metavar="NAME", help="such as Sales")
    add.set_defaults(command=_group_add)
    groups = group.add_parser("list", parents=[printing], help="all groups and who is in them")
    groups.set_defaults(command=_group_list)
    join = group.add_parser("join", parents=[printing], help="let a user take the group's calls")
    join.add_argument("group", metavar="NAME")
    join.add_argument("username", metavar="USER")
    join.add_argument("--passive", action="store_true", help="only listed, until joined again without this")
    join.set_defaults(command=_group_join)
    leave = group.add_parser("leave", parents=[printing], help="take a user out of a group")
    leave.add_argument("group", metavar="NAME")
    leave.add_argument("username", metavar="USER")
    leave.set_defaults(command=_group_leave)
    remove = group.add_parser("remove", parents=[printing], help="remove a group; its users stay")
    remove.add_argument("group", metavar="NAME")
    remove.set_defaults(command=_group_remove)


def _group_add(options: argparse.Namespace) -> int:
    async def add(config: Config, database: Database) -> None:
        group = await Groups(database, config.site, announce=True).create(options.group)
        _tell(options, group, f"There is a group {group.name} now; `offhook group join` gives it members.")

    return administer(options, add)


def _group_list(options: argparse.Namespace) -> int:
    async def show(config: Config, database: Database) -> None:
        groups = await Groups(database, config.site).load_all()
        if options.json:
            say_json([_group_facts(group) for group in groups])
            return
        names = {user.id: user.username for user in await Users(database, config.site).load_all()}
        rows = []
        for group in groups:
            members = [
                names[user] if active else f"{names[user]} (passive)" for user, active in group.members
            ]
            rows.append((group.name, ", ".join(members) or "-", group.id))
        say_table(("NAME", "MEMBERS", "ID"), rows)

    return administer(options, show)


def _group_join(options: argparse.Namespace) -> int:
    async def join(config: Config, database: Database) -> None:
        groups = Groups(database, config.site, announce=True)
        group = await _group_named(groups, options.group)
        user = await user_named(Users(database, config.site), options.username)
        await groups.join(group.id, user.id, active=not options.passive)
        how = "a passive" if options.passive else "an active"
        group = await _group_named(groups, options.group)
        _tell(options, group, f"{user.name} is {how} member of {group.name} now.")

    return administer(options, join)


def _group_leave(options: argparse.Namespace) -> int:
    async def leave(config: Config, database: Database) -> None:
        groups = Groups(database, config.site, announce=True)
        group = await _group_named(groups, options.group)
        user = await user_named(Users(database, config.site), options.username)
        if user.id not in dict(group.members):
            raise CannotDo(f"{user.username} is not in {group.name}")
        await groups.leave(group.id, user.id)
        group = await _group_named(groups, options.group)
        _tell(options, group, f"{user.name} is no longer in {group.name}.")

    return administer(options, leave)


def _group_remove(options: argparse.Namespace) -> int:
    async def remove(config: Config, database: Database) -> None:
        groups = Groups(database, config.site, announce=True)
        group = await _group_named(groups, options.group)
        await groups.delete(group.id)
        _tell(options, group, f"{group.name} is removed; its users stay.")

    return administer(options, remove)


async def _group_named(groups: Groups, name: str) -> Group:
    group = await groups.by_name(name)
    if group is None:
        raise CannotDo(f"there is no group {name}; `offhook group list` shows which there are")
    return group


def _tell(options: argparse.Namespace, group: Group, sentence: str) -> None:
    if options.json:
        say_json(_group_facts(group))
    else:
        say(sentence)


def _group_facts(group: Group) -> dict[str, object]:
    members = [{"user": user, "active": active} for user, active in group.members]
    return {"id": group.id, "name": group.name, "members": members}
