"""What an administrator and the users have laid down: plain values, checked where they are written.

All of it is kept in the database, exported to TOML and applied from there under these very names.
Things refer to each other by name. A number that somebody is to be rung at (`to`, `otherwise`, `invalid`,
`busy`, …) is written as it would be dialled from where it stands: an extension, an outside number with the
digits that take a line, or a number that begins with + and a country code. "-" stands for nobody: no
diversion, and no other rule of the house in its place.
"""

from typing import Literal

import msgspec

ROOT = "root"  # the node above all others; it is always there
NOWHERE = "-"


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all of them share."""


# ---- numbering


class Location(Part, frozen=True):
    """How numbers are written and dialled at a place; what is taken by `external` is an outside line."""

    country: str = ""  # 49
    area: str = ""  # 7031; empty where there are no areas
    national: str = "0"  # before an area code
    international: str = "00"  # before a country code
    external: str = ""  # digits that take an outside line: 0
    subscriber: tuple[str, ...] = ()  # our own numbers as far as the extension: +49703173009
    emergency: tuple[str, ...] = ("112", "911")


class Node(Part, frozen=True):
    """A numbering area. Within it people dial bare numbers; from above, `number` comes before them.

    With an `escape` nothing above can be reached without it. `invalid`, `busy` and `no_answer` are where
    calls from other nodes go instead; what users themselves have set comes first.
    """

    name: str
    parent: str = ROOT
    number: str = ""  # its prefix in the parent; the root has none
    escape: str = ""
    location: Location | None = None  # None: that of the parent
    invalid: str = ""
    busy: str = ""
    no_answer: str = ""


# ---- rights


class FilterRow(Part, frozen=True):
    """`number` is compared with the beginning of what is dialled, `?` being any digit; the longest wins."""

    number: str
    next: str  # ok, nok, or the name of the filter to look at next


class Filter(Part, frozen=True):
    """What may be dialled. A number that no row fits may."""

    name: str
    rows: tuple[FilterRow, ...] = ()


class Limits(Part, frozen=True):
    """How much a user may telephone outside at the company's cost, unless the user's line says otherwise."""

    external_at_once: int = 4
    external_per_day: int = 200
    international_at_once: int = 2
    international_per_day: int = 20


# ---- lines of users


class Diversion(Part, frozen=True):
    """Where calls go instead. One the administrator made may be for some callers only.

    Of several for the same case: one that is `first`; for no-answer the administrator's own for just these
    callers; the user's; the administrator's, in their order.
    """

    when: Literal["always", "busy", "no-answer"]
    to: str = ""
    on: bool = True
    by: Literal["user", "admin"] = "user"
    callers: Literal["all", "internal", "external"] = "all"
    first: bool = False


class Line(Part, frozen=True):
    """How a user's line works."""

    filter: str = ""  # of what may be dialled
    diversion_filter: str = ""  # of where calls may be sent
    seconds: int = 30  # it rings, until it counts as unanswered
    busy_on: int = 0  # calls from which on it is busy; 0: never
    reject_external: bool = False
    reject_anonymous: bool = False
    caller_id: str = ""  # shown outside; empty: the direct number, or the trunk's main one
    hide_number: bool = False  # outside
    limits: Limits | None = None  # None: those of the house
    diversions: tuple[Diversion, ...] = ()


class Mobile(Part, frozen=True):
    """A telephone outside that rings with a user's devices, and that calls can be made from."""

    number: str
    enabled: bool = True
    delay: int = 0  # seconds after the others
    min_alert: int = 0  # seconds it must ring before an answer is believed: a mailbox answers sooner
    max_alert: int = 0  # seconds it rings at most; 0: as long as the others
    call_waiting: bool = True  # it rings too while its user is on the phone


class Ringing(Part, frozen=True):
    """A group that can be called.

    `all`: every active member who is free, at once. `in-turn`: one after the other, in the group's order.
    `longest-idle`: one after the other, who has not talked for longest first. `broadcast`: everybody in the
    group, active or not, whatever they do.
    """

    number: str
    node: str = ROOT
    mode: Literal["all", "in-turn", "longest-idle", "broadcast"] = "all"
    seconds: int = 60  # in all
    each: int = 15  # seconds, where one follows the other
    otherwise: str = ""  # who is rung then


# ---- the world outside


class Rewrite(Part, frozen=True):
    """A number that begins with `begins` loses that beginning and gets `instead`; the longest one fits."""

    begins: str
    instead: str = ""


class Trunk(Part, frozen=True):
    """A way outside: a provider, another telephone system, a gateway.

    A `gateway` is called like a user: `number` and any digits after it are passed on as they are.
    """

    name: str
    number: str = ""  # that takes it; trunks with the same number stand in for each other
    node: str = ROOT
    priority: int = 1  # 1 before 2
    for_numbers: tuple[str, ...] = ()  # beginnings of +E.164 numbers it is for; empty: all
    gateway: bool = False
    # how it is reached
    hosts: tuple[str, ...] = ()  # name or address, perhaps with a port; several stand in for each other
    transport: Literal["udp", "tcp", "tls"] = "udp"
    register: bool = False
    domain: str = ""  # of the account's address; empty: the first host
    username: str = ""  # of the account, for REGISTER and for proving ourselves
    login: str = ""  # where it proves itself by another name than it registers
    password: str = ""
    expires: int = 600
    options_seconds: int = 30  # between two looks whether it is there; 0: none
    no_reply_seconds: float = 2.0  # without a word to an INVITE, then the next way is tried
    srtp: Literal["off", "auto", "required"] = "off"
    prack: bool = False
    max_channels: int = 0  # calls at once; 0: any number
    emergency: bool = True  # may be used for emergency numbers
    # numbers
    format: Literal["+e164", "e164", "national", "international", "dialled"] = "+e164"  # of who is called
    outgoing: tuple[Rewrite, ...] = ()  # of who is called, at the very end
    incoming: tuple[Rewrite, ...] = ()  # of who is called, at the very beginning
    incoming_caller: tuple[Rewrite, ...] = ()
    main: str = ""  # our number there, +E.164
    direct: str = ""  # +E.164 as far as the extension; empty: `main` and its extensions
    caller_id: Literal["own", "main", "anonymous"] = "own"
    identity: Literal["asserted", "preferred", "none"] = "asserted"  # P-…-Identity, RFC 3325
    trust_identity: bool = True  # believe the P-Asserted-Identity that comes from there
    diversion_header: Literal["diversion", "history-info", "none"] = "diversion"
    calling: Literal["caller", "diverting"] = "caller"  # whom a diverted call names as calling
    # instead
    loopback: str = ""  # for calls to its own number: the switchboard
    incomplete: str = ""
    invalid: str = ""
    busy: str = ""
    no_answer: str = ""
    overlap: bool = False  # digits come one by one: wait four seconds for more
    external_transfer: bool = False  # two outside may be joined by who leaves them


class Tables(Part, frozen=True):
    """All that is not a user's, a group's or a device's."""

    location: Location = Location()  # the root's
    limits: Limits = Limits()
    nodes: tuple[Node, ...] = ()
    filters: tuple[Filter, ...] = ()
    trunks: tuple[Trunk, ...] = ()
