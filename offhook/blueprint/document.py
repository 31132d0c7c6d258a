"""What a document may hold: the tables and keys of the file, under the names the model has for them.

A key that is not there has its default, for an object that is there. Three things are other: a user's
`password_hash`, `device` and `dials_from` stay as they are when a document is silent about them, for
nobody should lose the way in to a file that was about numbers.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from offhook.dialplan.model import (
    ROOT,
    Diversion,
    Filter,
    Limits,
    Line,
    Location,
    Node,
    Part,
    Ringing,
    Trunk,
)
from offhook.dialplan.model import Mobile as Telephone

Srtp = Literal["off", "auto", "required"]
Kind = Literal["location", "limits", "node", "filter", "trunk", "user", "group"]
KINDS: tuple[Kind, ...] = ("location", "limits", "node", "filter", "trunk", "user", "group")
SINGLE = ("location", "limits")  # there is one of them


class Phone(Part, frozen=True, tag_field="kind", tag="phone"):
    """A phone that signs in as `sip_user`, with a secret of which only the hashes are kept."""

    name: str
    sip_user: str
    ha1_md5: str = ""
    ha1_sha256: str = ""
    secret: str = ""  # as a person writes it; it is never written out
    srtp: Srtp = "auto"
    no_mobility: bool = False


class Browser(Part, frozen=True, tag_field="kind", tag="browser"):
    """The page, wherever its user has it open."""

    name: str
    no_mobility: bool = False


class Mobile(Part, frozen=True, tag_field="kind", tag="mobile"):
    """A telephone outside."""

    name: str
    number: str
    enabled: bool = True
    delay: int = 0
    min_alert: int = 0
    max_alert: int = 0
    call_waiting: bool = True

    @property
    def telephone(self) -> Telephone:
        return Telephone(*[getattr(self, key) for key in Telephone.__struct_fields__])


Device = Phone | Browser | Mobile


class User(Part, frozen=True):
    """Somebody, with their devices and their line."""

    username: str
    name: str
    number: str
    node: str = ROOT
    password_hash: str | None = None
    do_not_disturb: bool = False
    call_waiting: bool = True
    dials_from: str | None = None  # the device that calls begin at, by its label; "" for none
    filter: str = ""
    diversion_filter: str = ""
    seconds: int = 30
    busy_on: int = 0
    reject_external: bool = False
    reject_anonymous: bool = False
    caller_id: str = ""
    hide_number: bool = False
    limits: Limits | None = None
    diversion: tuple[Diversion, ...] = ()
    device: tuple[Device, ...] | None = None

    @property
    def line(self) -> Line:
        return Line(*[getattr(self, "diversion" if k == "diversions" else k) for k in Line.__struct_fields__])

    @property
    def devices(self) -> tuple[Device, ...]:
        return self.device or ()


def as_keys(line: Line) -> dict[str, object]:
    """A line as keys of its user."""
    return {("diversion" if k == "diversions" else k): getattr(line, k) for k in Line.__struct_fields__}


class Group(Part, frozen=True):
    """Users, by their names; `passive` ones are only listed."""

    name: str
    members: tuple[str, ...] = ()
    passive: tuple[str, ...] = ()
    ringing: Ringing | None = None


Object = Location | Limits | Node | Filter | Trunk | User | Group


class Document(Part, frozen=True):
    """All of it. A kind of which a document says nothing is None; an empty list says that there are none."""

    realm: str = ""  # that the phones' hashes were made for
    location: Location | None = None
    limits: Limits | None = None
    node: tuple[Node, ...] | None = None
    filter: tuple[Filter, ...] | None = None
    trunk: tuple[Trunk, ...] | None = None
    user: tuple[User, ...] | None = None
    group: tuple[Group, ...] | None = None


def labels(names: Sequence[str]) -> list[str]:
    """The names, each told apart from the same one before it: Browser, Browser (2)."""
    seen: dict[str, int] = {}
    told = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        told.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return told


def plain(value: msgspec.Struct) -> dict[str, object]:
    """As dictionaries, lists, texts and numbers; without what is as by default.

    (msgspec's own way leaves out a default text only where it is the very same object.)
    """
    found: dict[str, object] = {}
    if tag := value.__struct_config__.tag:
        found[str(value.__struct_config__.tag_field)] = tag
    for key, inner in given(value).items():
        if isinstance(inner, msgspec.Struct):
            found[key] = plain(inner)
        elif isinstance(inner, tuple):
            found[key] = [plain(one) if isinstance(one, msgspec.Struct) else one for one in inner]
        else:
            found[key] = inner
    return found


def given(value: msgspec.Struct) -> dict[str, object]:
    """The keys that are not as by default, with their values."""
    defaults = _defaults(type(value))
    found = {key: getattr(value, key) for key in value.__struct_fields__}
    return {key: inner for key, inner in found.items() if inner != defaults.get(key, msgspec.NODEFAULT)}


@lru_cache
def _defaults(kind: type[msgspec.Struct]) -> dict[str, object]:
    return {field.name: field.default for field in msgspec.structs.fields(kind)}
