"""The demo office: twelve users with a desk phone and a browser each, two groups, one password for all."""

import secrets
import time
from pathlib import Path

from offhook.config import Config, Demo, Media, Sip, Web, is_loopback
from offhook.passwords import Passwords
from offhook.sip.auth import ha1
from offhook.store.database import Database, open_database
from offhook.store.devices import Devices
from offhook.store.groups import Groups
from offhook.store.meta import Meta
from offhook.store.users import Users

PEOPLE = (
    ("anna", "Anna Berg"),
    ("ben", "Ben Cole"),
    ("carla", "Carla Diaz"),
    ("david", "David Okafor"),
    ("elif", "Elif Yılmaz"),
    ("finn", "Finn Petersen"),
    ("greta", "Greta Sommer"),
    ("henrik", "Henrik Lund"),
    ("ines", "Inês Moreira"),
    ("jonas", "Jonas Weber"),
    ("kofi", "Kofi Mensah"),
    ("lena", "Lena Novak"),
)
FIRST_NUMBER = 101
GROUPS = {
    "Sales": ("anna", "ben", "carla", "david"),
    "Service": ("david", "elif", "finn", "greta", "henrik"),
}


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
    try:
        await _people(config, database, word)
        await _groups(config, database)
    finally:
        await database.close()
    _keep(kept, word)
    return word


async def _people(config: Config, database: Database, word: str) -> None:
    users, devices = Users(database, config.site), Devices(database, config.site)
    realm = await Meta(database).realm(config.sip.realm)
    passwords = Passwords()
    known = {user.username: user for user in await users.load_all()}
    phones = {device.sip_user: device for device in await devices.load_all()}
    hashed = await passwords.hash(word)  # one for all: they share the word anyway
    for offset, (username, name) in enumerate(PEOPLE):
        user = known.get(username)
        if user is None:
            user = await users.add(username, name, str(FIRST_NUMBER + offset), now=time.time())
        if not await passwords.verify(await users.password_hash(user.id), word):
            await users.set_password_hash(user.id, hashed)
        phone = phones.get(f"{username}-desk")
        if phone is None:
            await devices.add_phone(
                user.id,
                "Desk phone",
                f"{username}-desk",
                secret=word,
                realm=realm,
                srtp="auto",
                now=time.time(),
            )
        elif phone.ha1_sha256 != ha1(phone.sip_user, realm, word, "SHA-256"):
            await devices.set_secret(phone, secret=word, realm=realm)
    passwords.close()


async def _groups(config: Config, database: Database) -> None:
    groups = Groups(database, config.site)
    ids = {user.username: user.id for user in await Users(database, config.site).load_all()}
    for name, members in GROUPS.items():
        if await groups.by_name(name) is None:
            group = await groups.create(name)
            for username in members:
                await groups.join(group.id, ids[username])


def _keep(path: Path, word: str) -> None:
    path.touch(mode=0o600)
    path.write_text(word + "\n")
