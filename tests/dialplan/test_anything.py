"""Whatever people and administrators write, and whoever dials what: a plan comes of it, and it ends."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.calls.cause import Cause
from offhook.calls.routing import Plan
from offhook.dialplan.model import (
    Diversion,
    Filter,
    FilterRow,
    Line,
    Location,
    Mobile,
    Node,
    Rewrite,
    Ringing,
    Tables,
    Trunk,
)
from tests.dialplan.house import TABLES, House

USERS = ("anna", "ben", "carla", "dora", "emil", "max", "mia", "moritz")
CAUSES = (Cause.BUSY, Cause.NO_ANSWER)

digits = st.text("0179", max_size=4)
numbers = st.one_of(
    st.sampled_from(
        ["10", "20", "30", "40", "721", "920", "200", "300", "7", "9", "-", "112", "0112", "ben"]
    ),
    st.sampled_from(
        ["0030555", "+4930555", "+4917155", "+4970317300920", "+497031730090", "8123", "0", "99"]
    ),
    digits.map(lambda text: "0" + text),
    digits.map(lambda text: "+49" + text),
    st.text(max_size=6),
)
diversions = st.builds(
    Diversion,
    when=st.sampled_from(["always", "busy", "no-answer"]),
    to=numbers,
    on=st.booleans(),
    by=st.sampled_from(["user", "admin"]),
    callers=st.sampled_from(["all", "internal", "external"]),
    first=st.booleans(),
)
lines = st.builds(
    Line,
    filter=st.sampled_from(["", "house", "office", "round", "lost"]),
    diversion_filter=st.sampled_from(["", "house", "no-mobiles"]),
    seconds=st.integers(-1, 900),
    busy_on=st.integers(-1, 3),
    reject_external=st.booleans(),
    reject_anonymous=st.booleans(),
    diversions=st.lists(diversions, max_size=3).map(tuple),
)
names = st.sampled_from(["root", "Munich", "Bern", "Rome", "nowhere"])
nodes = st.builds(
    Node,
    name=names,
    parent=names,
    number=digits,
    escape=st.sampled_from(["", "9", "0"]),
    location=st.none() | st.builds(Location, country=digits, area=digits, external=digits),
    invalid=numbers,
    busy=numbers,
    no_answer=numbers,
)
rewrites = st.lists(st.builds(Rewrite, begins=digits, instead=digits), max_size=2).map(tuple)
trunks = st.builds(
    Trunk,
    name=st.sampled_from(["Fibre", "Copper"]),
    number=st.sampled_from(["", "0", "8", "2"]),
    node=names,
    gateway=st.booleans(),
    for_numbers=st.sampled_from([(), ("+49",)]),
    incoming=rewrites,
    main=st.sampled_from(["", "+497031730090", "+49"]),
    direct=st.sampled_from(["", "+49703173009"]),
    loopback=numbers,
    incomplete=numbers,
    invalid=numbers,
    busy=numbers,
    no_answer=numbers,
    overlap=st.booleans(),
)
tables = st.one_of(
    st.just(TABLES),
    st.builds(
        Tables,
        location=st.just(TABLES.location) | st.builds(Location, country=digits, external=digits),
        nodes=st.lists(nodes, max_size=3).map(tuple),
        filters=st.just(
            (*TABLES.filters, Filter("round", (FilterRow("", "round"), FilterRow("0", "house"))))
        ),
        trunks=st.lists(trunks, max_size=3).map(tuple),
    ),
)
groups = st.builds(
    Ringing,
    number=st.sampled_from(["200", "300", "2", ""]),
    mode=st.sampled_from(["all", "in-turn", "longest-idle", "broadcast"]),
    seconds=st.integers(-1, 60),
    each=st.integers(-1, 20),
    otherwise=numbers,
)
callers = st.sampled_from([*USERS, "Fibre:+4930555", "Fibre:+4917155", "Copper:", "Gone:+4930555"])


def ends(plan: Plan, depth: int = 0) -> bool:
    """Every way through the plan comes to an end."""
    assert depth < 30, "a call is sent on for ever"
    assert all(round.seconds > 0 for round in plan.rounds)
    onward = [round.onward(cause) for round in plan.rounds if round.onward is not None for cause in CAUSES]
    return all(ends(further, depth + 1) for further in onward if further is not None)


@settings(max_examples=150, deadline=None)
@given(
    tables=tables,
    lines=st.dictionaries(st.sampled_from(USERS), lines, max_size=4),
    mobiles=st.dictionaries(st.sampled_from(USERS), st.builds(Mobile, number=numbers), max_size=2),
    groups=st.lists(groups, max_size=2),
    calls=st.dictionaries(st.sampled_from(USERS), st.integers(0, 3), max_size=3),
    closed=st.sets(st.sampled_from(["Fibre", "Copper"])),
    caller=callers,
    number=numbers,
    talks=st.just("") | callers,
)
def test_no_configuration_and_no_number_raises_and_every_call_ends(
    tables: Tables,
    lines: dict[str, Line],
    mobiles: dict[str, Mobile],
    groups: list[Ringing],
    calls: dict[str, int],
    closed: set[str],
    caller: str,
    number: str,
    talks: str,
) -> None:
    house = House(tables)
    for user, line in lines.items():
        house.line(user, **msgspec.structs.asdict(line))
    for user, mobile in mobiles.items():
        house.mobile(user, mobile)
    for position, ringing in enumerate(groups):
        house.group(f"Group {position}", ringing, "ben", "carla", "dora")
    house.staff.calls.update(calls)
    house.town.closed.update(closed)
    plan = house.dial(caller, number, talks)
    assert ends(plan)
    if caller.startswith(("Fibre", "Copper", "Gone")):
        assert all(o.payer.device == "" for o in house.town.rung.values()), "who is outside pays for nothing"
    assert house.plan.explain(house.ask(caller, number, talks)).plan.otherwise is plan.otherwise
    for user in USERS:
        house.plan.effect(user)
        house.plan.may_divert(user, number)
