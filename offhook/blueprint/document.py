"""What a document may hold: the tables and keys of the file, under the names the model has for them.

A key that is not there has its default, for an object that is there. What users set themselves is other:
of those keys None says that a document is silent, and then they stay as they are, for nobody should lose
the way in, or a diversion, to a file that was about numbers. An export is silent about nothing.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

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
    do_not_disturb: bool | None = None
    call_waiting: bool | None = None
    dials_from: str | None = None  # the device that calls begin at, by its label; "" for none
    filter: str = ""
    diversion_filter: str = ""
    seconds: int | None = None
    busy_on: int = 0
    reject_external: bool = False
    reject_anonymous: bool = False
    caller_id: str = ""
    hide_number: bool = False
    limits: Limits | None = None
    diversion: tuple[Diversion, ...] | None = None
    device: tuple[Device, ...] | None = None

    @property
    def line(self) -> Line:
        return Line(*[getattr(self, "diversion" if k == "diversions" else k) for k in Line.__struct_fields__])

    @property
    def devices(self) -> tuple[Device, ...]:
        return self.device or ()


# What users set themselves, as a new one has it.
USUAL: dict[str, object] = {"do_not_disturb": False, "call_waiting": True, "seconds": 30, "diversion": ()}


def settled(user: User, former: User | None = None) -> User:
    """With what it is silent about as it was, or as new users have it."""
    silent = [key for key in USUAL if getattr(user, key) is None]
    return replace(user, **{key: getattr(former, key) if former else USUAL[key] for key in silent})


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
