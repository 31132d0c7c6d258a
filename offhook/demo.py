"""The demo office: what demo.toml says, and one password for all."""

import secrets
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from msgspec.structs import replace

from offhook.blueprint.apply import Draft, apply, export
from offhook.blueprint.document import Document, Group, Phone, User
from offhook.config import Config, Demo, Media, Sip, Web, is_loopback
from offhook.dialplan.model import Location
from offhook.passwords import Passwords
from offhook.sip.auth import ha1
from offhook.store.database import Database, open_database
from offhook.store.devices import Devices
from offhook.store.users import Users


def office() -> Document:
    """What demo.toml says."""
    draft = Draft.from_text(files("offhook").joinpath("demo.toml").read_text(encoding="utf-8"), "demo.toml")
    assert not draft.problems, draft.problems
    return draft.document


PEOPLE = tuple([(user.username, user.name) for user in office().user or ()])


def configuration(options: Demo) -> Config:
    """Loopback over plain HTTP, as browsers trust it; anything else over HTTPS, or there is no microphone."""
    https = not is_loopback(options.http.host)
    scheme = "https" if https else "http"
    hosts = () if not options.is_local else tuple(dict.fromkeys([options.http.host, options.sip.host]))
    return Config(
        data=str(options.data),
        web=Web(listen=options.http, https=https, url=f"{scheme}://{options.http}"),
        sip=Sip(domain=options.sip.host, udp=(options.sip,), tcp=(options.sip,), tls=(options.sips,)),
        media=Media(hosts=hosts),
    ).completed()


async def furnish(config: Config, options: Demo) -> str:
    """Make the office the first time, and give everybody the password asked for. Returns the password."""
    kept = options.data / "password"
    word = options.password or (kept.read_text().strip() if kept.exists() else secrets.token_urlsafe(9))
    database = await open_database(config.database)
    passwords = Passwords()
    try:
        await _passwords(config, database, passwords, word)
        hashed = await passwords.hash(word)  # one for all: they share the word anyway
        document = _missing(await export(database), word, hashed)
        draft = Draft.of(document, "demo.toml")
        await apply(database, draft, realm=config.sip.realm, who="demo", now=time.time())
    finally:
        passwords.close()
        await database.close()
    _keep(kept, word)
    return word


def _missing(there: Document, word: str, hashed: str) -> Document:
    """The office without what is there: people may have changed that to their liking."""
    wanted = office()
    users = {user.username for user in there.user or ()}
    taken = {user.number for user in there.user or ()} | _led_elsewhere(there)
    new = [user for user in wanted.user or () if user.username not in users and user.number not in taken]
    users.update([user.username for user in new])
    return Document(
        location=wanted.location if there.location == Location() else None,
        user=tuple([_with(user, word, hashed) for user in new]),
        group=tuple(_groups(wanted, there, users, taken)),
    )


def _groups(wanted: Document, there: Document, users: set[str], taken: set[str]) -> Iterator[Group]:
    """Those that are missing, and a number for those that had none when they were made."""
    kept = {group.name: group for group in there.group or ()}
    for group in wanted.group or ():
        ringing = group.ringing if group.ringing and group.ringing.number not in taken else None
        former = kept.get(group.name)
        if former is None:
            members = tuple([name for name in group.members if name in users])
            yield replace(group, members=members, ringing=ringing)
        elif former.ringing is None and ringing is not None:
            yield replace(former, ringing=ringing)


def _led_elsewhere(there: Document) -> set[str]:
    """The numbers that lead to groups, nodes and trunks."""
    groups = {group.ringing.number for group in there.group or () if group.ringing}
    return groups | {node.number for node in there.node or ()} | {trunk.number for trunk in there.trunk or ()}


def _with(user: User, word: str, hashed: str) -> User:
    devices = [replace(one, secret=word) if isinstance(one, Phone) else one for one in user.devices]
    return replace(user, password_hash=hashed, device=tuple(devices))


async def _passwords(config: Config, database: Database, passwords: Passwords, word: str) -> None:
    """Whoever of the office is here has this word from now on, and so have their phones."""
    users, devices = Users(database, config.site), Devices(database, config.site)
    phones = {device.sip_user: device for device in await devices.load_all() if device.kind == "phone"}
    names = dict(PEOPLE)
    hashed = ""
    for user in [user for user in await users.load_all() if user.username in names]:
        if not await passwords.verify(await users.password_hash(user.id), word):
            hashed = hashed or await passwords.hash(word)
            await users.set_password_hash(user.id, hashed)
        phone = phones.get(f"{user.username}-desk")
        if phone is not None and phone.ha1_sha256 != ha1(phone.sip_user, config.sip.realm, word, "SHA-256"):
            await devices.set_secret(phone, secret=word, realm=config.sip.realm)


def _keep(path: Path, word: str) -> None:
    path.touch(mode=0o600)
    path.write_text(word + "\n")
