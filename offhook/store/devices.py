"""Devices: the phones, browsers and mobiles of users, with what a phone proves itself by."""
# ruff: noqa: S608  # the only words put into statements are this module's own

import re
import secrets

from offhook.dialplan.model import Mobile
from offhook.people.directory import DeviceInfo, Srtp
from offhook.sip.auth import ha1
from offhook.store.database import Conflict, Database, Row, Step, StoreError, in_slices
from offhook.store.keys import Keys
from offhook.store.meta import ANNOUNCE
from offhook.store.users import checked_name
from offhook.store.values import kept, read

_COLUMNS = "id, user_id, name, kind, sip_user, ha1_md5, ha1_sha256, srtp, no_mobility, mobile"


def new_secret() -> str:
    """128 random bits in letters that a person can type into a phone's menu."""
    return secrets.token_hex(16)


class Devices:
    """With `announce`, for a process other than the server: each change tells the server to look."""

    def __init__(self, database: Database, site: str, *, announce: bool = False) -> None:
        self._database = database
        self._keys = Keys(site)
        self._after: list[Step] = [ANNOUNCE] if announce else []

    async def load_all(self) -> list[DeviceInfo]:
        rows = await self._database.read(f"select {_COLUMNS} from devices order by id")
        return await in_slices(rows, self._device)

    async def of(self, user: str) -> list[DeviceInfo]:
        rows = await self._database.read(
            f"select {_COLUMNS} from devices where user_id = $1 order by id",
            self._keys.key(user),
        )
        return [self._device(row) for row in rows]

    async def add_phone(
        self, user: str, name: str, sip_user: str, *, secret: str, realm: str, srtp: Srtp = "auto", now: float
    ) -> DeviceInfo:
        """A phone that signs in as `sip_user` with `secret`, of which only hashes are kept.

        Raises Conflict, StoreError.
        """
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", sip_user):
            raise StoreError(
                f"{sip_user!r} cannot be a phone's user name: write 1 to 64 of A-Z a-z 0-9 . _ -"
            )
        values = (
            self._keys.key(user),
            checked_name(name),
            "phone",
            sip_user,
            ha1(sip_user, realm, secret, "MD5"),
            ha1(sip_user, realm, secret, "SHA-256"),
            srtp,
            now,
        )
        insert = (
            "insert into devices (user_id, name, kind, sip_user, ha1_md5, ha1_sha256, srtp, created)"
            f" values ($1, $2, $3, $4, $5, $6, $7, $8) returning {_COLUMNS}"
        )
        try:
            rows = await self._database.transact([(insert, values), *self._after])
        except Conflict:
            raise Conflict(f"there is a phone {sip_user} already") from None
        return self._device(rows[0][0])

    async def add_mobile(self, user: str, name: str, mobile: Mobile, *, now: float) -> DeviceInfo:
        """Raises StoreError, also when the user has been removed meanwhile."""
        values = (self._keys.key(user), checked_name(name), "mobile", kept(mobile), now)
        insert = (
            "insert into devices (user_id, name, kind, ha1_md5, ha1_sha256, mobile, created)"
            f" values ($1, $2, $3, '', '', $4, $5) returning {_COLUMNS}"
        )
        try:
            rows = await self._database.transact([(insert, values), *self._after])
        except Conflict:
            raise StoreError("the user has been removed meanwhile") from None
        return self._device(rows[0][0])

    async def set_mobile(self, id: str, name: str, mobile: Mobile) -> DeviceInfo:
        """Change a mobile. Raises StoreError, also when it has been removed meanwhile."""
        values = (checked_name(name), kept(mobile), self._keys.key(id))
        update = (
            "update devices set name = $1, mobile = $2 where id = $3 and kind = 'mobile'"
            f" returning {_COLUMNS}"
        )
        rows = await self._database.transact([(update, values), *self._after])
        if not rows[0]:
            raise StoreError("the mobile has been removed meanwhile")
        return self._device(rows[0][0])

    async def set_secret(self, device: DeviceInfo, *, secret: str, realm: str) -> None:
        """Give a phone a new secret; the old one stops working."""
        md5 = ha1(device.sip_user, realm, secret, "MD5")
        sha256 = ha1(device.sip_user, realm, secret, "SHA-256")
        await self._database.transact(
            [
                (
                    "update devices set ha1_md5 = $1, ha1_sha256 = $2 where id = $3",
                    (md5, sha256, self._keys.key(device.id)),
                ),
                *self._after,
            ]
        )

    async def remove(self, id: str) -> None:
        """Whoever had chosen it for dialling dials from the first of their others."""
        key = self._keys.key(id)
        await self._database.transact(
            [
                (
                    "update users set device = (select min(d.id) from devices d"
                    " where d.user_id = users.id and d.id <> $1) where device = $1",
                    (key,),
                ),
                ("delete from devices where id = $1", (key,)),
                *self._after,
            ]
        )

    def _device(self, row: Row) -> DeviceInfo:
        id, user, name, kind, sip_user, ha1_md5, ha1_sha256, srtp, no_mobility, mobile = row
        return DeviceInfo(
            self._keys.id(id),
            self._keys.id(user),
            name,
            kind,
            sip_user or "",
            ha1_md5,
            ha1_sha256,
            srtp,
            bool(no_mobility),  # SQLite has numbers for it
            None if mobile is None else read(mobile, Mobile, f"the mobile {name} in the database"),
        )
