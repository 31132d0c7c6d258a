"""Any document that can be applied: small worlds in which names and numbers meet often."""

from typing import get_args

from hypothesis import strategies as st

from offhook.blueprint.document import Browser, Device, Document, Group, Mobile, Phone, Srtp, User
from offhook.blueprint.writer import write
from offhook.dialplan.model import (
    Diversion,
    Filter,
    FilterRow,
    Limits,
    Location,
    Node,
    Rewrite,
    Ringing,
    Trunk,
)

PEOPLE = ("anna", "ben", "carla", "Zoë")
_names = (
    st.text(alphabet="aB ü\"\\'#=[]{}", min_size=1, max_size=8)
    .map(str.strip)
    .filter(lambda name: name and "  " not in name)
)
_numbers = st.sampled_from([str(number) for number in range(100, 130)])
_targets = st.sampled_from(["102", "+4930123", "-"])
_limits = st.builds(Limits, st.integers(0, 9), st.integers(0, 500))


@st.composite
def worlds(draw: st.DrawFn) -> Document:
    """A whole document: what it refers to is in it, and no number is there twice."""
    nodes = draw(st.lists(st.sampled_from(["east", "west"]), unique=True))
    filters = draw(st.lists(st.sampled_from(["house", "guests"]), unique=True))
    numbers = iter(draw(st.permutations([str(number) for number in range(100, 130)])))
    people = draw(st.lists(st.sampled_from(PEOPLE), unique=True))
    users = [draw(_users(name, next(numbers), ["root", *nodes], ["", *filters])) for name in people]
    groups = [
        draw(_groups(name, next(numbers), people))
        for name in draw(st.lists(st.sampled_from(["Sales", "Service"]), unique=True))
    ]
    return Document(
        realm="offhook" if any(isinstance(one, Phone) for user in users for one in user.devices) else "",
        location=Location(
            "49", draw(st.sampled_from(["30", "89"])), external=draw(st.sampled_from(["", "0"]))
        ),
        limits=draw(_limits),
        node=tuple(
            [
                Node(name, number=str(8 + n), escape=draw(st.sampled_from(["", "7"])))
                for n, name in enumerate(nodes)
            ]
        ),
        filter=tuple([Filter(name, draw(_rows())) for name in filters]),
        trunk=tuple(draw(st.lists(_trunks(), max_size=2, unique_by=lambda trunk: trunk.name))),
        user=tuple(users),
        group=tuple(groups),
    )


def documents() -> st.SearchStrategy[str]:
    return worlds().map(write)


@st.composite
def _users(draw: st.DrawFn, username: str, number: str, nodes: list[str], filters: list[str]) -> User:
    devices = draw(st.lists(_devices(username), max_size=3, unique_by=lambda device: device.name))
    return User(
        username,
        draw(_names),
        number,
        draw(st.sampled_from(nodes)),
        do_not_disturb=draw(st.none() | st.booleans()),
        call_waiting=draw(st.none() | st.booleans()),
        dials_from=draw(st.sampled_from(["", *[device.name for device in devices]])),
        filter=draw(st.sampled_from(filters)),
        seconds=draw(st.none() | st.integers(1, 900)),
        limits=draw(st.none() | _limits),
        diversion=draw(st.none() | diversions()),
        device=tuple(devices),
    )


@st.composite
def diversions(draw: st.DrawFn) -> tuple[Diversion, ...]:
    """One at most of the user's own for each case, and any of the administrator's among them."""
    cases = st.sampled_from(["always", "busy", "no-answer"])
    own = st.builds(Diversion, cases, _targets, st.booleans())
    theirs = st.builds(Diversion, cases, _targets, by=st.just("admin"), first=st.booleans())
    found = draw(st.lists(own, max_size=3, unique_by=lambda one: one.when))
    return tuple(draw(st.permutations([*found, *draw(st.lists(theirs, max_size=2))])))


@st.composite
def _devices(draw: st.DrawFn, username: str) -> Device:
    name = draw(_names)
    match draw(st.sampled_from(["phone", "browser", "mobile"])):
        case "phone":
            letters = name.encode().hex()
            srtp = draw(st.sampled_from(get_args(Srtp)))
            return Phone(name, f"{username[0]}-{letters}", "0" * 32, "1" * 64, srtp=srtp)
        case "mobile":
            return Mobile(
                name, draw(st.sampled_from(["+491711234567", "+431234567"])), delay=draw(st.integers(0, 9))
            )
        case _:
            return Browser(name, draw(st.booleans()))


@st.composite
def _groups(draw: st.DrawFn, name: str, number: str, people: list[str]) -> Group:
    order = draw(st.permutations(people))
    active = draw(st.integers(0, len(order)))
    ringing = draw(st.none() | st.builds(Ringing, st.just(number), seconds=st.integers(1, 900)))
    return Group(name, tuple(order[:active]), tuple(order[active:]), ringing)


def _rows() -> st.SearchStrategy[tuple[FilterRow, ...]]:
    row = st.builds(FilterRow, st.sampled_from(["0", "00", "0?9"]), st.sampled_from(["ok", "nok"]))
    return st.lists(row, max_size=3, unique_by=lambda row: row.number).map(tuple)


def _trunks() -> st.SearchStrategy[Trunk]:
    rewrites = st.lists(st.builds(Rewrite, st.just("+49"), st.sampled_from(["", "0"])), max_size=1).map(tuple)
    return st.builds(
        Trunk,
        st.sampled_from(["north", "south"]),
        st.just("0"),
        hosts=st.sampled_from([("a.example",), ("a.example", "192.0.2.7:5070")]),
        username=st.just("office"),
        password=_names,
        no_reply_seconds=st.sampled_from([0.5, 2.0, 4.25]),
        outgoing=rewrites,
    )
