"""What there will be once a document is applied: what is there, with what the document says in its place."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from msgspec.structs import replace

from offhook.blueprint.checks import in_our_words
from offhook.blueprint.document import (
    KINDS,
    SINGLE,
    Browser,
    Device,
    Document,
    Group,
    Mobile,
    Phone,
    User,
    labels,
    settled,
)
from offhook.blueprint.kept import Kept, Key, State, name_key
from offhook.blueprint.positions import Path
from offhook.blueprint.source import Problem
from offhook.dialplan.check import mobile_problems
from offhook.dialplan.model import Diversion
from offhook.sip.auth import ha1
from offhook.store.database import StoreError
from offhook.store.users import checked_name, checked_number, checked_username, username_key

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The objects, where in the document those that it has are, and what was wrong with it."""

    objects: dict[Key, Kept]
    paths: dict[Key, Path]
    problems: list[Problem]


def wanted(state: State, document: Document, *, prune: bool, realm: str) -> Wanted:
    """With `prune`, what is missing among the kinds that the document has goes."""
    merge = _Merge(state, document, prune=prune, realm=realm)
    merge.all()
    return Wanted(merge.objects, merge.paths, merge.problems)


class _Merge:
    def __init__(self, state: State, document: Document, *, prune: bool, realm: str) -> None:
        self.objects = dict(state.objects)
        self.paths: dict[Key, Path] = {}
        self.problems: list[Problem] = []
        self._former = state.objects
        self._document = document
        self._prune = prune
        self._realm = state.realm or realm

    def all(self) -> None:
        for kind in KINDS:
            value = getattr(self._document, kind)
            if kind in SINGLE and value is not None:
                self._put(Kept(kind, value), (kind,))
            elif isinstance(value, tuple):
                for n, member in enumerate(value):
                    self._member(Kept(kind, member), (kind, n))
                if self._prune:
                    self._drop([key for key in self._former if key[0] == kind and key not in self.paths])
        self._realms()
        self._members_who_are_gone()

    def _drop(self, keys: list[Key]) -> None:
        for key in keys:
            del self.objects[key]

    def _member(self, new: Kept, path: Path) -> None:
        if isinstance(new.value, User):
            new = self._user(new.value, path)
        elif isinstance(new.value, Group):
            new = Kept("group", self._group(new.value, path))
        former = self._former.get(new.key)
        self._put(replace_row(new, former.row if former else 0), path)

    def _put(self, new: Kept, path: Path) -> None:
        if new.key in self.paths:
            also = self.paths[new.key][-1]
            assert isinstance(also, int), "of the others there is one only"
            self._wrong(path, f"{new.kind} no. {also + 1} has this name already: names must differ")
            return
        self.paths[new.key] = path
        self.objects[new.key] = new

    # ---- users

    def _user(self, user: User, path: Path) -> Kept:
        user = replace(
            user,
            username=self._checked(checked_username, user.username, (*path, "username")),
            name=self._checked(checked_name, user.name, (*path, "name")),
            number=self._checked(checked_number, user.number, (*path, "number")),
        )
        kept = self._former.get(("user", name_key(user)))
        former = kept.value if kept and isinstance(kept.value, User) else None
        ids = kept.devices if kept else ()
        devices, ids = self._devices(user, former, ids, path)
        if user.password_hash is None:
            user = replace(user, password_hash=former.password_hash if former else None)
        elif not re.fullmatch(r"\$argon2id\$[!-~]{20,}", user.password_hash):
            self._wrong(
                (*path, "password_hash"),
                "this is no hash of Argon2id: leave it out and use `offhook user passwd`",
            )
        named = labels([device.name for device in devices])
        if user.dials_from is None:
            user = replace(user, dials_from=_dials_from(devices, ids, kept))
        elif user.dials_from and user.dials_from not in named:
            have = ", ".join(named) or "none"
            self._wrong(
                (*path, "dials_from"), f"there is no such device: {user.username}'s devices are {have}"
            )
        user = replace(user, diversion=self._diversions(user, former), device=devices)
        return Kept("user", settled(user, former), 0, ids)

    def _diversions(self, user: User, former: User | None) -> tuple[Diversion, ...]:
        """The administrator's are those of the document. The user's own stay, each at its place, for cases
        that it has no other for; unless it says that there are none at all."""
        if user.diversion is not None and (self._prune or not user.diversion):
            return user.diversion
        found = list(user.diversion or ())
        cases = {one.when for one in found if one.by == "user"}
        for place, one in enumerate(former.diversion or () if former else ()):
            if one.by == "user" and one.when not in cases:
                found.insert(place, one)
        return tuple(found)

    def _devices(
        self, user: User, former: User | None, ids: tuple[int, ...], path: Path
    ) -> tuple[tuple[Device, ...], tuple[int, ...]]:
        """Those there were, in their order, and the new ones after them."""
        if user.device is None:
            return (former.devices, ids) if former else ((Browser("Browser"),), (0,))
        there = (
            dict(zip(_identities(former.devices), zip(former.devices, ids, strict=True), strict=True))
            if former
            else {}
        )
        new = {}
        for n, (identity, device) in enumerate(zip(_identities(user.devices), user.devices, strict=True)):
            place = (*path, "device", n)
            if identity in new:
                self._wrong(place, f"there is a phone {identity[1]} already: give it another sip_user")
            old, id = there.get(identity, (None, 0))
            new[identity] = self._device(device, old, place), id
        if self._prune:
            there = {identity: kept for identity, kept in there.items() if identity in new}
        result = list((there | new).values())
        return tuple([device for device, _ in result]), tuple([id for _, id in result])

    def _device(self, device: Device, old: Device | None, path: Path) -> Device:
        device = replace(device, name=self._checked(checked_name, device.name, (*path, "name")))
        if isinstance(device, Mobile):
            for problem in mobile_problems(device.telephone):
                self._wrong((*path, problem.key), in_our_words(problem.sentence))
        return self._phone(device, old, path) if isinstance(device, Phone) else device

    def _phone(self, phone: Phone, old: Device | None, path: Path) -> Phone:
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", phone.sip_user):
            self._wrong((*path, "sip_user"), "write 1 to 64 of A-Z a-z 0-9 . _ -")
        hashes = (phone.ha1_md5, phone.ha1_sha256)
        if phone.secret:
            if any(hashes):
                self._wrong((*path, "secret"), "write the secret or the two hashes, not both")
            hashes = (self._ha1(phone, "MD5"), self._ha1(phone, "SHA-256"))
        elif hashes == ("", ""):
            if isinstance(old, Phone):
                hashes = (old.ha1_md5, old.ha1_sha256)
            else:
                self._wrong(path, 'this phone is new: add secret = "…", the password it signs in with')
        for key, hash, letters in (("ha1_md5", hashes[0], 32), ("ha1_sha256", hashes[1], 64)):
            if any(hashes) and not re.fullmatch(rf"[0-9a-f]{{{letters}}}", hash):
                self._wrong((*path, key), f"both hashes are needed, this one with {letters} letters 0-9 a-f")
        return replace(phone, secret="", ha1_md5=hashes[0], ha1_sha256=hashes[1])

    def _ha1(self, phone: Phone, algorithm: str) -> str:
        return ha1(phone.sip_user, self._realm, phone.secret, "MD5" if algorithm == "MD5" else "SHA-256")

    # ---- groups

    def _group(self, group: Group, path: Path) -> Group:
        seen: set[str] = set()
        return replace(
            group,
            name=self._checked(checked_name, group.name, (*path, "name")),
            members=self._usernames(group.members, (*path, "members"), seen),
            passive=self._usernames(group.passive, (*path, "passive"), seen),
        )

    def _usernames(self, names: Sequence[str], path: Path, seen: set[str]) -> tuple[str, ...]:
        """Each as its user writes it."""
        found = []
        for n, name in enumerate(names):
            user = self.objects.get(("user", username_key(name)))
            if user is None:
                self._wrong((*path, n), f"there is no user {name}: add a [[user]], or take the name out")
            elif user.name in seen:
                self._wrong((*path, n), f"{name} is in this group already: take one of them out")
            else:
                seen.add(user.name)
                found.append(user.name)
        return tuple(found)

    def _members_who_are_gone(self) -> None:
        """Who is removed leaves the groups that the document does not speak of."""
        names = {key[1]: kept.name for key, kept in self.objects.items() if key[0] == "user"}
        for key, kept in self.objects.items():
            if isinstance(kept.value, Group) and key not in self.paths:
                there = [
                    tuple([names[username_key(name)] for name in members if username_key(name) in names])
                    for members in (kept.value.members, kept.value.passive)
                ]
                value = replace(kept.value, members=there[0], passive=there[1])
                self.objects[key] = Kept("group", value, kept.row)

    # ---- all of them

    def _realms(self) -> None:
        """Hashes are worth nothing in another realm; secrets are hashed for ours."""
        users = self._document.user or ()
        phones = [device for user in users for device in user.devices if isinstance(device, Phone)]
        if self._document.realm not in ("", self._realm) and any(phone.ha1_sha256 for phone in phones):
            self._wrong(
                ("realm",),
                f"the hashes of phones were made for {self._document.realm!r}, and this server's realm is"
                f" {self._realm!r}: give the phones a secret each in their place, or take the other realm"
                " under [sip] on a server without phones",
            )

    def _checked(self, check: Callable[[str], str], text: str, path: Path) -> str:
        try:
            return check(text)
        except StoreError as error:
            self._wrong(path, str(error))
            return text

    def _wrong(self, path: Path, what: str) -> None:
        self.problems.append(Problem(path, what))


def replace_row(kept: Kept, row: int) -> Kept:
    return Kept(kept.kind, kept.value, row, kept.devices)


def _identities(devices: Sequence[Device]) -> list[tuple[str, str]]:
    """What devices of a user are told apart by: phones by whom they sign in as, others by their name."""
    named = labels([f"{type(device).__name__} {device.name}" for device in devices])
    return [
        ("phone", device.sip_user) if isinstance(device, Phone) else ("", name)
        for device, name in zip(devices, named, strict=True)
    ]


def _dials_from(devices: Sequence[Device], ids: Sequence[int], former: Kept | None) -> str:
    """The device chosen before, as long as it is there; for a new user the browser."""
    named = labels([device.name for device in devices])
    if former is not None and isinstance(former.value, User):
        old = dict(zip(labels([device.name for device in former.value.devices]), former.devices, strict=True))
        if not former.value.dials_from:
            return ""
        chosen = old.get(former.value.dials_from)
        if chosen in ids:
            return named[ids.index(chosen)]
    browsers = [name for name, device in zip(named, devices, strict=True) if isinstance(device, Browser)]
    return next(iter(browsers or named), "")
