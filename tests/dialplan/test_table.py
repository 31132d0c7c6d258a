"""The dial plan as a table: in which state who dials what, who rings then, and how it ends.

A row reads `caller, number, course`; "Fibre:+4930555" is somebody outside who comes by the trunk Fibre.
A course is `device … seconds > device … seconds > cause`; in brackets behind a round stands what comes when
it is busy or declined, and else. A device outside is a number and the trunks that are tried, in order;
behind a mobile stands (+delay, seconds until an answer counts, seconds it rings at most).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
import pytest

from offhook.calls.routing import Plan
from offhook.dialplan.model import Diversion, Limits, Mobile, Rewrite, Ringing
from offhook.dialplan.world import Toll
from tests.dialplan.house import House, Somebody, course

Row = tuple[str, str, str]


def nothing(house: House) -> None:
    pass


@dataclass(frozen=True)
class Given:
    state: str
    change: Callable[[House], object]
    rows: tuple[Row, ...] = field(default=())


def given(state: str, change: Callable[[House], object], *rows: Row) -> Given:
    return Given(state, change, rows)


def every(*changes: Callable[[House], object]) -> Callable[[House], object]:
    return lambda house: [change(house) for change in changes]


def diverts(user: str, when: str, to: str, **how: object) -> Callable[[House], object]:
    diversion = msgspec.convert({"when": when, "to": to, **how}, Diversion)
    return lambda house: house.divert(user, diversion)


def on_the_phone(**calls: int) -> Callable[[House], object]:
    return lambda house: house.staff.calls.update(calls)


def quiet(user: str) -> Callable[[House], object]:
    return lambda house: house.set(user, do_not_disturb=True)


def has_spent(user: str, toll: Toll) -> Callable[[House], object]:
    return lambda house: house.purse.empty.add((user, toll))


def one_call_at_a_time(house: House) -> None:
    house.set("ben", call_waiting=False)


def line(user: str, **changes: object) -> Callable[[House], object]:
    return lambda house: house.line(user, **changes)


def mobile(user: str, number: str = "+4917155", **how: object) -> Callable[[House], object]:
    return lambda house: house.mobile(user, msgspec.structs.replace(Mobile(number), **how))


def trunk(name: str, **changes: object) -> Callable[[House], object]:
    return lambda house: house.trunk(name, **changes)


def node(name: str, **changes: object) -> Callable[[House], object]:
    return lambda house: house.node(name, **changes)


def group(
    name: str, number: str, *active: str, passive: tuple[str, ...] = (), **how: object
) -> Callable[[House], object]:
    ringing = msgspec.structs.replace(Ringing(number), **how)
    return lambda house: house.group(name, ringing, *active, passive=passive)


def unplugged(*users: str) -> Callable[[House], object]:
    return lambda house: house.unplug(*users)


def closed(*trunks: str) -> Callable[[House], object]:
    return lambda house: house.town.closed.update(trunks)


ALL = ("Fibre", "Copper", "Sea", "Old")
BEN = "ben-desk ben-tab 30 > no-answer"
DIRECT = "+49703173009"

TABLE = (
    given(
        "nothing is set: inside",
        nothing,
        ("anna", "20", BEN),
        ("anna", "30", "carla-desk 30 > no-answer"),
        ("anna", "2 0", BEN),
        ("anna", "(2)-0", BEN),
        ("anna", "ben", BEN),
        ("anna", "BEN", BEN),
        ("anna", "sip:ben@pbx.example", BEN),
        ("anna", "sip:20@pbx.example", BEN),
        ("anna", "sip:ben@elsewhere.example", "unknown-number"),
        ("anna", "tel:20", BEN),
        ("anna", "10", "anna-tab 30 > no-answer"),
        ("anna", "11", "emil-desk 30 > no-answer"),
        ("emil", "11", "unreachable"),
        ("anna", "1", "incomplete"),
        ("anna", "2", "incomplete"),
        ("anna", "201", "unknown-number"),
        ("anna", "99", "unknown-number"),
        ("anna", "", "unknown-number"),
        ("anna", "nobody", "unknown-number"),
        ("anna", "+", "unknown-number"),
        ("anna", "*99", "unknown-number"),
        ("anna", "1" * 500, "unknown-number"),
        ("anna", "200", "ben-desk ben-tab carla-desk dora-desk 60 > no-answer"),
        ("ben", "200", "carla-desk dora-desk 60 > no-answer"),
    ),
    given(
        "nothing is set: from node to node",
        nothing,
        ("anna", "721", "max-desk 30 > no-answer"),
        ("anna", "7", "incomplete"),
        ("anna", "72", "incomplete"),
        ("anna", "799", "unknown-number"),
        ("anna", "7920", "unknown-number"),  # the escape leads up from inside only
        ("anna", "21", "unknown-number"),
        ("mia", "21", "max-desk 30 > no-answer"),
        ("max", "21", "unreachable"),
        ("max", "20", "unknown-number"),  # with an escape nothing above can be reached without it
        ("max", "920", BEN),
        ("max", "9200", "ben-desk ben-tab carla-desk dora-desk 60 > no-answer"),
        ("max", "9", "incomplete"),
        ("max", "9722", "mia-desk 30 > no-answer"),
        ("max", "0030555", "unknown-number"),
        ("max", "90030555", "+4930555@Fibre+Copper 180 > no-answer"),
        ("max", "+4930555", "+4930555@Fibre+Copper 180 > no-answer"),
    ),
    given(
        "nothing is set: outside",
        nothing,
        ("anna", "0030555", "+4930555@Fibre+Copper 180 > no-answer"),
        ("anna", "0 030/555", "+4930555@Fibre+Copper 180 > no-answer"),
        ("anna", "+49 30 555", "+4930555@Fibre+Copper 180 > no-answer"),
        ("anna", "+49 (0) 30 555", "+4930555@Fibre+Copper 180 > no-answer"),
        ("anna", "tel:+49-30-555", "+4930555@Fibre+Copper 180 > no-answer"),
        ("anna", "012345", "+49703112345@Fibre+Copper 180 > no-answer"),
        ("anna", "00043 1 234", "+431234@Fibre+Copper 180 > no-answer"),
        ("anna", "+43 1 234", "+431234@Fibre+Copper 180 > no-answer"),
        ("anna", "+44 20 7946 0000", "+442079460000@Fibre+Copper+Sea 180 > no-answer"),
        ("anna", "011833", "11833@Fibre+Copper 180 > no-answer"),
        ("anna", "0", "incomplete"),
        ("anna", "00703173009-20", BEN),  # our own number stays inside
        ("anna", DIRECT + "20", BEN),
        ("anna", DIRECT + "721", "max-desk 30 > no-answer"),
        ("max", DIRECT + "20", BEN),
        ("anna", DIRECT + "10", "anna-tab 30 > no-answer"),
        ("anna", DIRECT + "99", "unknown-number"),
        ("anna", DIRECT + "0", "unknown-number"),
        ("anna", "00703173009-00030555", "unknown-number"),  # but it is no way out again
        ("anna", "8123", "8123@Old 180 > no-answer"),
        ("anna", "00703173009-8123", "8123@Old 180 > no-answer"),
    ),
    given(
        "nothing is set: from outside",
        nothing,
        ("Fibre:+4930555", DIRECT + "20", BEN),
        ("Fibre:+4930555", "070317300920", BEN),
        ("Fibre:+4930555", "7300920", BEN),
        ("Fibre:+4930555", DIRECT[1:] + "20", BEN),
        ("Fibre:+4930555", DIRECT + "721", "max-desk 30 > no-answer"),
        ("Fibre:+4930555", DIRECT + "200", "ben-desk ben-tab carla-desk dora-desk 60 > no-answer"),
        ("Fibre:", DIRECT + "20", BEN),
        ("Fibre:+4930555", DIRECT, "unknown-number"),
        ("Fibre:+4930555", DIRECT + "0", "unknown-number"),
        ("Fibre:+4930555", DIRECT + "2", "incomplete"),
        ("Fibre:+4930555", DIRECT + "99", "unknown-number"),
        ("Fibre:+4930555", "+4989123", "unknown-number"),
        ("Fibre:+4930555", "20", "unknown-number"),
        ("Fibre:+4930555", "anna", "unknown-number"),
        ("Fibre:+4930555", "", "unknown-number"),
        ("Copper:+4930555", "+497031999" + "20", BEN),
        ("Old:123", "20", BEN),
        ("Old:123", "99", "unknown-number"),
        ("Gone:+4930555", "20", BEN),
        # nobody outside takes a line of ours
        ("Fibre:+4930555", DIRECT + "0030555", "barred"),
        ("Fibre:+4930555", DIRECT + "8123", "barred"),
        ("Fibre:+4930555", "0030555", "unknown-number"),
        ("Fibre:+4930555", DIRECT + "112", "unknown-number"),
        ("Old:123", "0030555", "barred"),
        ("Gone:+4930555", "0030555", "barred"),
    ),
    given(
        "emergency",
        every(
            line("anna", filter="house", diversion_filter="house"),
            lambda house: house.purse.empty.update({("anna", "external"), ("anna", "international")}),
            lambda house: house.town.full.update({"Fibre", "Copper"}),
            diverts("anna", "always", "20"),
            quiet("anna"),
        ),
        ("anna", "112", "112@Fibre+Copper 180 > no-answer"),
        ("anna", "0112", "112@Fibre+Copper 180 > no-answer"),
        ("anna", "1 1 0", "110@Fibre+Copper 180 > no-answer"),
        ("anna", "+112", "112@Fibre+Copper 180 > no-answer"),
        ("max", "112", "112@Fibre+Copper 180 > no-answer"),
        ("max", "0112", "112@Fibre+Copper 180 > no-answer"),
        ("max", "90112", "112@Fibre+Copper 180 > no-answer"),
        ("max", "9112", "112@Fibre+Copper 180 > no-answer"),
        ("anna", "1121", "unknown-number"),
    ),
    given(
        "emergency, and the first trunk is not there",
        closed("Fibre"),
        ("anna", "112", "112@Copper+Fibre 180 > no-answer"),
    ),
    given(
        "emergency, and the first trunk is full, which does not count",
        lambda house: house.town.full.add("Fibre"),
        ("anna", "112", "112@Fibre+Copper 180 > no-answer"),
    ),
    given(
        "emergency, and no trunk is there",
        closed(*ALL),
        ("anna", "112", "112@Fibre+Copper 180 > no-answer"),
    ),
    given(
        "no trunk is for emergency numbers",
        every(trunk("Fibre", emergency=False), trunk("Copper", emergency=False)),
        ("anna", "112", "no-line"),
    ),
    given(
        "no trunk is for emergency numbers, and one of them is an extension",
        every(
            trunk("Fibre", emergency=False),
            trunk("Copper", emergency=False),
            lambda house: house.staff.move_in(Somebody("Lena", "112")),
            diverts("ben", "always", "112"),
        ),
        ("anna", "112", "lena-desk 30 > no-answer"),
        ("anna", "20", "lena-desk 30 > no-answer"),
    ),
    given(
        "an emergency number is an extension",
        lambda house: house.staff.move_in(Somebody("Lena", "112")),
        ("anna", "112", "112@Fibre+Copper 180 > no-answer"),
        ("Fibre:+4930555", DIRECT + "112", "lena-desk 30 > no-answer"),
    ),
    given(
        "emergency, with a trunk of the node's own",
        trunk("Copper", node="Munich"),
        ("max", "112", "112@Copper+Fibre 180 > no-answer"),
        ("anna", "112", "112@Fibre+Copper 180 > no-answer"),
    ),
    given(
        "trunks are not there",
        closed("Fibre"),
        ("anna", "0030555", "+4930555@Copper 180 > no-answer"),
        ("anna", "+44207946", "+44207946@Copper+Sea 180 > no-answer"),
    ),
    given(
        "no trunk is there",
        closed(*ALL),
        ("anna", "0030555", "no-line"),
        ("anna", "8123", "no-line"),
        ("anna", "20", BEN),
    ),
    given(
        "a trunk is full",
        lambda house: house.town.full.add("Fibre"),
        ("anna", "0030555", "+4930555@Copper 180 > no-answer"),
    ),
    given(
        "a trunk is for one country only",
        trunk("Fibre", for_numbers=("+49",)),
        ("anna", "+431234", "+431234@Copper 180 > no-answer"),
        ("anna", "+4930555", "+4930555@Fibre+Copper 180 > no-answer"),
    ),
    given(
        "Anna may call nobody outside",
        line("anna", filter="house"),
        ("anna", "0030555", "barred"),
        ("anna", "+4930555", "barred"),
        ("anna", "+49 (0) 30 555", "barred"),
        ("anna", "tel:+4930555", "barred"),
        ("anna", "0", "barred"),
        ("anna", "00703173009-20", "barred"),
        ("anna", DIRECT + "20", BEN),
        ("anna", "20", BEN),
        ("anna", "ben", BEN),
    ),
    given(
        "Anna may call Vienna, and no other place abroad",
        line("anna", filter="office"),
        ("anna", "0030555", "+4930555@Fibre+Copper 180 > no-answer"),
        ("anna", "00044207946", "barred"),
        ("anna", "0004311", "+4311@Fibre+Copper 180 > no-answer"),
        ("anna", "+43 1 1", "+4311@Fibre+Copper 180 > no-answer"),
        ("anna", "+43 2 00", "barred"),
        ("anna", "+43 900 1", "barred"),
    ),
    given(
        "Anna may not call what is behind the gateway",
        line("anna", filter="not-the-old"),
        ("anna", "8123", "barred"),
        ("anna", "00703173009-8123", "barred"),
    ),
    given("Anna has a filter that is gone", line("anna", filter="lost"), ("anna", "20", "barred")),
    given(
        "Anna has spent what she may",
        has_spent("anna", "international"),
        ("anna", "+431234", "limited"),
        ("anna", "+4930555", "+4930555@Fibre+Copper 180 > no-answer"),
        ("anna", "8123", "8123@Old 180 > no-answer"),
        ("ben", "+431234", "+431234@Fibre+Copper 180 > no-answer"),
    ),
    given(
        "Ben diverts all calls to Carla",
        diverts("ben", "always", "30"),
        ("anna", "20", "carla-desk 30 > no-answer"),
        ("Fibre:+4930555", DIRECT + "20", "carla-desk 30 > no-answer"),
        ("carla", "20", BEN),  # it would lead back to who calls
        ("ben", "20", "ben-tab 30 > no-answer"),
        ("anna", "200", "ben-desk ben-tab carla-desk dora-desk 60 > no-answer"),
    ),
    given("Ben's diversion is off", diverts("ben", "always", "30", on=False), ("anna", "20", BEN)),
    given("Ben's diversion has no target", diverts("ben", "always", ""), ("anna", "20", BEN)),
    given("Ben diverts to nobody", diverts("ben", "always", "99"), ("anna", "20", BEN)),
    given("Ben diverts to half a number", diverts("ben", "always", "1"), ("anna", "20", BEN)),
    given("Ben diverts to himself", diverts("ben", "always", "20"), ("anna", "20", BEN)),
    given("Ben diverts to himself outside", diverts("ben", "always", DIRECT + "20"), ("anna", "20", BEN)),
    given("Ben diverts to 112", diverts("ben", "always", "0112"), ("anna", "20", BEN)),
    given(
        "Ben diverts to a name",
        diverts("ben", "always", "carla"),
        ("anna", "20", "carla-desk 30 > no-answer"),
    ),
    given(
        "Ben diverts outside",
        diverts("ben", "always", "0030555"),
        ("anna", "20", "+4930555@Fibre+Copper 180 > no-answer"),
        ("Fibre:+4989123", DIRECT + "20", "+4930555@Fibre+Copper 180 > no-answer"),
        ("Fibre:+4930555", DIRECT + "20", BEN),  # it would lead back to who calls
        ("mia", "920", "+4930555@Fibre+Copper 180 > no-answer"),
    ),
    given(
        "Ben diverts outside, and no trunk is there",
        every(diverts("ben", "always", "0030555"), closed(*ALL)),
        ("anna", "20", BEN),
    ),
    given(
        "Ben diverts outside, where he may not call",
        every(diverts("ben", "always", "0030555"), line("ben", filter="house")),
        ("anna", "20", BEN),
    ),
    given(
        "Ben diverts to a mobile, where he may not divert to",
        every(diverts("ben", "always", "+491715"), line("ben", diversion_filter="no-mobiles")),
        ("anna", "20", BEN),
        ("ben", "+491715", "+491715@Fibre+Copper 180 > no-answer"),
    ),
    given(
        "Ben diverts abroad, and has spent what he may",
        every(
            diverts("ben", "always", "+431234"),
            has_spent("ben", "international"),
        ),
        ("anna", "20", BEN),
    ),
    given(
        "Ben diverts outside, and it is Anna who has spent what she may",
        every(
            diverts("ben", "always", "+431234"),
            has_spent("anna", "international"),
        ),
        ("anna", "20", "+431234@Fibre+Copper 180 > no-answer"),
    ),
    given(
        "Max diverts as it is dialled in Munich",
        diverts("max", "always", "22"),
        ("anna", "721", "mia-desk 30 > no-answer"),
    ),
    given(
        "Max diverts out of Munich",
        diverts("max", "always", "920"),
        ("anna", "721", BEN),
        ("mia", "21", BEN),
    ),
    given(
        "Max forgets the escape", diverts("max", "always", "20"), ("anna", "721", "max-desk 30 > no-answer")
    ),
    given(
        "Anna diverts to Carla, and Ben to Anna",  # 10 to 30, and 20 to 10
        every(diverts("anna", "always", "30"), diverts("ben", "always", "10")),
        ("carla", "20", "anna-desk anna-tab 30 > no-answer"),
        ("dora", "20", "carla-desk 30 > no-answer"),
        ("carla", "10", "anna-desk anna-tab 30 > no-answer"),
        ("anna", "20", BEN),
    ),
    given(
        "Anna and Ben divert to each other",
        every(diverts("anna", "always", "20"), diverts("ben", "always", "10")),
        ("dora", "10", BEN),
        ("dora", "20", "anna-desk anna-tab 30 > no-answer"),
    ),
    given(
        "Ben diverts when he is busy",
        diverts("ben", "busy", "30"),
        ("anna", "20", "ben-desk ben-tab 30 [busy: carla-desk 30 > no-answer] > no-answer"),
        ("carla", "20", BEN),
    ),
    given(
        "Ben diverts when he is busy, and is on the phone",
        every(diverts("ben", "busy", "30"), on_the_phone(ben=1)),
        ("anna", "20", "ben-desk ben-tab 30 [busy: carla-desk 30 > no-answer] > no-answer"),
    ),
    given(
        "Ben diverts when he is busy, and is so",
        every(diverts("ben", "busy", "30"), on_the_phone(ben=1), line("ben", busy_on=1)),
        ("anna", "20", "carla-desk 30 > no-answer"),
        ("carla", "20", "busy"),
    ),
    given(
        "Ben is busy with two calls, and has one",
        every(line("ben", busy_on=2), on_the_phone(ben=1)),
        ("anna", "20", BEN),
    ),
    given(
        "Ben is busy with two calls, and has two",
        every(line("ben", busy_on=2), on_the_phone(ben=2)),
        ("anna", "20", "busy"),
        ("ben", "20", "ben-tab 30 > no-answer"),
    ),
    given(
        "Ben wants no second call, and has one",
        every(one_call_at_a_time, on_the_phone(ben=1)),
        ("anna", "20", "busy"),
    ),
    given("Ben wants no second call", one_call_at_a_time, ("anna", "20", BEN)),
    given(
        "Ben does not want to be disturbed",
        quiet("ben"),
        ("anna", "20", "do-not-disturb"),
        ("ben", "20", "ben-tab 30 > no-answer"),
        ("Fibre:+4930555", DIRECT + "20", "do-not-disturb"),
        ("anna", "200", "carla-desk dora-desk 60 > no-answer"),
    ),
    given(
        "Ben does not want to be disturbed, and diverts when he is busy",
        every(quiet("ben"), diverts("ben", "busy", "30")),
        ("anna", "20", "carla-desk 30 > no-answer"),
    ),
    given(
        "Ben does not want to be disturbed, and diverts all calls",
        every(quiet("ben"), diverts("ben", "always", "30"), diverts("ben", "busy", "40")),
        ("anna", "20", "carla-desk 30 > no-answer"),
    ),
    given(
        "Ben diverts when he does not answer",
        every(diverts("ben", "no-answer", "30"), line("ben", seconds=12)),
        ("anna", "20", "ben-desk ben-tab 12 [else: carla-desk 30 > no-answer] > no-answer"),
        ("carla", "20", "ben-desk ben-tab 12 > no-answer"),
    ),
    given(
        "Ben diverts when he does not answer, and Carla to Dora, who diverts back",
        every(
            diverts("ben", "no-answer", "30"),
            diverts("carla", "no-answer", "40"),
            diverts("dora", "always", "20"),
        ),
        (
            "anna",
            "20",
            "ben-desk ben-tab 30 [else: carla-desk 30 [else: dora-desk 30 > no-answer] > no-answer]"
            " > no-answer",
        ),
    ),
    given(
        "Ben's phones are off", unplugged("ben"), ("anna", "20", "unreachable"), ("ben", "20", "unreachable")
    ),
    given(
        "Ben's phones are off, and he diverts when he does not answer",
        every(unplugged("ben"), diverts("ben", "no-answer", "30")),
        ("anna", "20", "carla-desk 30 > no-answer"),
    ),
    given(
        "Ben's phones are off, and he diverts when he is busy",
        every(unplugged("ben"), diverts("ben", "busy", "30")),
        ("anna", "20", "unreachable"),
    ),
    given(
        "Ben diverts to Carla, whose phone is off",
        every(diverts("ben", "always", "30"), unplugged("carla")),
        ("anna", "20", "unreachable"),
    ),
    given(
        "Ben takes no calls from outside",
        line("ben", reject_external=True),
        ("Fibre:+4930555", DIRECT + "20", "not-from-outside"),
        ("anna", "20", BEN),
    ),
    given(
        "Ben takes no calls from outside, whatever he diverts",
        every(line("ben", reject_external=True), diverts("ben", "always", "30")),
        ("Fibre:+4930555", DIRECT + "20", "not-from-outside"),
    ),
    given(
        "Ben takes no calls without a number",
        line("ben", reject_anonymous=True),
        ("Fibre:", DIRECT + "20", "hidden-caller"),
        ("Fibre:+4930555", DIRECT + "20", BEN),
        ("anna", "20", BEN),
    ),
    given(
        "the administrator diverts Ben's calls from outside",
        diverts("ben", "always", "40", by="admin", callers="external"),
        ("Fibre:+4930555", DIRECT + "20", "dora-desk 30 > no-answer"),
        ("anna", "20", BEN),
    ),
    given(
        "the administrator diverts Ben's calls from inside",
        diverts("ben", "always", "40", by="admin", callers="internal"),
        ("Fibre:+4930555", DIRECT + "20", BEN),
        ("anna", "20", "dora-desk 30 > no-answer"),
    ),
    given(
        "Ben diverts all calls, and the administrator some: Ben's come first",
        every(diverts("ben", "always", "40", by="admin", callers="external"), diverts("ben", "always", "30")),
        ("Fibre:+4930555", DIRECT + "20", "carla-desk 30 > no-answer"),
        ("anna", "20", "carla-desk 30 > no-answer"),
    ),
    given(
        "the administrator's diversion is first",
        every(diverts("ben", "always", "30"), diverts("ben", "always", "40", by="admin", first=True)),
        ("anna", "20", "dora-desk 30 > no-answer"),
    ),
    given(
        "nobody answers, and the administrator's own for these callers comes before Ben's",
        every(
            diverts("ben", "no-answer", "30"),
            diverts("ben", "no-answer", "40", by="admin", callers="external"),
        ),
        (
            "Fibre:+4930555",
            DIRECT + "20",
            "ben-desk ben-tab 30 [else: dora-desk 30 > no-answer] > no-answer",
        ),
        ("anna", "20", "ben-desk ben-tab 30 [else: carla-desk 30 > no-answer] > no-answer"),
    ),
    given(
        "Ben's diversion leads nowhere, and the administrator has another",
        every(diverts("ben", "always", "99"), diverts("ben", "always", "40", by="admin")),
        ("anna", "20", "dora-desk 30 > no-answer"),
    ),
    given(
        "Ben wants no diversion, whatever the administrator has",
        every(diverts("ben", "always", "-"), diverts("ben", "always", "40", by="admin")),
        ("anna", "20", BEN),
    ),
    given(
        "Ben has a mobile",
        mobile("ben"),
        ("anna", "20", "ben-desk ben-tab ben-mobile 30 > no-answer"),
        ("Fibre:+4930555", DIRECT + "20", "ben-desk ben-tab ben-mobile 30 > no-answer"),
        ("Fibre:+4917155", DIRECT + "20", BEN),  # that is where he calls from
        ("ben", "20", "ben-tab 30 > no-answer"),
        ("anna", "200", "ben-desk ben-tab carla-desk dora-desk 60 > no-answer"),
    ),
    given(
        "Ben's mobile has its manners",
        mobile("ben", delay=5, min_alert=3, max_alert=15),
        ("anna", "20", "ben-desk ben-tab ben-mobile(+5,3,15) 30 > no-answer"),
    ),
    given(
        "Ben's mobile is all that rings, so it does not wait",
        every(unplugged("ben"), mobile("ben", delay=5, min_alert=3)),
        ("anna", "20", "ben-mobile(+0,3,0) 30 > no-answer"),
    ),
    given(
        "Ben has two mobiles, the one with a delay",
        every(mobile("ben", "+4917155", delay=5), mobile("ben", "0017166")),
        ("anna", "20", "ben-desk ben-tab ben-mobile(+5,0,0) ben-mobile2 30 > no-answer"),
    ),
    given("Ben's mobile is off", mobile("ben", enabled=False), ("anna", "20", BEN)),
    given(
        "Ben has a device that replaces his mobile",
        every(mobile("ben"), lambda house: house.staff.at_hand.add("ben")),
        ("anna", "20", BEN),
    ),
    given(
        "Ben's mobile rings during calls",
        every(mobile("ben"), on_the_phone(ben=1)),
        ("anna", "20", "ben-desk ben-tab ben-mobile 30 > no-answer"),
    ),
    given(
        "Ben's mobile does not ring during calls",
        every(mobile("ben", call_waiting=False), on_the_phone(ben=1)),
        ("anna", "20", BEN),
    ),
    given(
        "Ben's mobile is where he may not call",
        every(mobile("ben"), line("ben", filter="house")),
        ("anna", "20", BEN),
    ),
    given(
        "Ben's mobile is beyond what he may spend",
        every(mobile("ben"), has_spent("ben", "external")),
        ("anna", "20", BEN),
    ),
    given("Ben's mobile is his own desk", mobile("ben", DIRECT + "20"), ("anna", "20", BEN)),
    given("Ben's mobile is a colleague", mobile("ben", "30"), ("anna", "20", BEN)),
    given("Ben's mobile is no number", mobile("ben", "at home"), ("anna", "20", BEN)),
    given("Ben's mobile is 112", mobile("ben", "112"), ("anna", "20", BEN)),
    given("Ben's mobile cannot be reached", every(mobile("ben"), closed(*ALL)), ("anna", "20", BEN)),
    given(
        "Ben does not want to be disturbed, on his mobile neither",
        every(mobile("ben"), quiet("ben")),
        ("anna", "20", "do-not-disturb"),
    ),
    given(
        "Ben has a mobile, and diverts to it when he does not answer",
        every(mobile("ben"), diverts("ben", "no-answer", "+4917155")),
        (
            "anna",
            "20",
            "ben-desk ben-tab ben-mobile 30 [else: +4917155@Fibre+Copper 180 > no-answer] > no-answer",
        ),
    ),
    given(
        "Carla diverts to Ben, whose mobile rings too",
        every(mobile("ben"), diverts("carla", "always", "20")),
        ("anna", "30", "ben-desk ben-tab ben-mobile 30 > no-answer"),
    ),
    given(
        "the group rings one after the other",
        group("Service", "200", "dora", "carla", mode="in-turn", seconds=40, each=15),
        ("anna", "200", "dora-desk 15 > carla-desk 15 > dora-desk 10 > no-answer"),
        ("dora", "200", "carla-desk 15 > carla-desk 15 > carla-desk 10 > no-answer"),
    ),
    given(
        "the group rings who has been idle for longest",
        every(
            group("Service", "200", "dora", "carla", "ben", mode="longest-idle", seconds=45, each=15),
            lambda house: house.staff.idle.update(dora=300.0, carla=100.0, ben=200.0),
        ),
        ("anna", "200", "carla-desk 15 > ben-desk ben-tab 15 > dora-desk 15 > no-answer"),
    ),
    given(
        "the group is a broadcast",
        every(
            group("Service", "200", "carla", passive=("dora",), mode="broadcast", seconds=20),
            on_the_phone(carla=1),
            quiet("dora"),
        ),
        ("anna", "200", "carla-desk dora-desk 20 > no-answer"),
        ("carla", "200", "dora-desk 20 > no-answer"),
    ),
    given(
        "passive members do not ring",
        group("Service", "200", "carla", passive=("dora",)),
        ("anna", "200", "carla-desk 60 > no-answer"),
    ),
    given(
        "one of the group is on the phone",
        on_the_phone(ben=1),
        ("anna", "200", "carla-desk dora-desk 60 > no-answer"),
    ),
    given("all of the group are on the phone", on_the_phone(ben=1, carla=1, dora=1), ("anna", "200", "busy")),
    given("nobody of the group is there", unplugged("ben", "carla", "dora"), ("anna", "200", "unreachable")),
    given(
        "nobody of the group is there, but one, who is busy",
        every(unplugged("ben", "carla"), on_the_phone(dora=1)),
        ("anna", "200", "busy"),
    ),
    given("the group is empty", group("Service", "200"), ("anna", "200", "unreachable")),
    given(
        "the group has somebody else for its calls",
        group("Service", "200", "carla", otherwise="11"),
        (
            "anna",
            "200",
            "carla-desk 60 [busy: emil-desk 30 > no-answer] [else: emil-desk 30 > no-answer] > no-answer",
        ),
        ("carla", "200", "emil-desk 30 > no-answer"),
        ("emil", "200", "carla-desk 60 > no-answer"),
    ),
    given(
        "the group sends its calls outside, which the administrator may",
        every(group("Service", "200", otherwise="0030555"), line("anna", filter="house")),
        ("anna", "200", "+4930555@Fibre+Copper 180 > no-answer"),
        ("Fibre:+4989123", DIRECT + "200", "+4930555@Fibre+Copper 180 > no-answer"),
    ),
    given(
        "the group in turn sends its calls on after the last",
        group("Service", "200", "carla", "dora", mode="in-turn", seconds=20, each=10, otherwise="11"),
        (
            "anna",
            "200",
            "carla-desk 10 > dora-desk 10 [busy: emil-desk 30 > no-answer] [else: emil-desk 30 > no-answer]"
            " > no-answer",
        ),
    ),
    given(
        "two groups send their calls to each other",
        every(group("Service", "200", otherwise="300"), group("Sales", "300", otherwise="200")),
        ("anna", "200", "unreachable"),
    ),
    given(
        "Ben diverts to his group",
        diverts("ben", "always", "200"),
        ("anna", "20", "carla-desk dora-desk 60 > no-answer"),
    ),
    given(
        "the trunk has a switchboard for its own number",
        trunk("Fibre", loopback="40"),
        ("Fibre:+4930555", DIRECT + "0", "dora-desk 30 > no-answer"),
        ("anna", DIRECT + "0", "dora-desk 30 > no-answer"),
        ("Copper:+4930555", "+497031999", "unknown-number"),
    ),
    given(
        "the trunk has somebody for wrong numbers",
        trunk("Fibre", invalid="40"),
        ("Fibre:+4930555", DIRECT + "99", "dora-desk 30 > no-answer"),
        ("Fibre:+4930555", "+4989123", "dora-desk 30 > no-answer"),
        ("Fibre:+4930555", DIRECT + "2", "incomplete"),
        ("Copper:+4930555", "+49703199999", "unknown-number"),
        ("anna", "99", "unknown-number"),
    ),
    given(
        "the trunk has somebody for incomplete numbers",
        trunk("Fibre", incomplete="40"),
        ("Fibre:+4930555", DIRECT + "2", "dora-desk 30 > no-answer"),
    ),
    given(
        "the trunk waits for more digits",
        trunk("Fibre", incomplete="40", overlap=True),
        ("Fibre:+4930555", DIRECT + "2", "4 > dora-desk 30 > no-answer"),
        ("Fibre:+4930555", DIRECT + "20", BEN),
    ),
    given(
        "the trunk waits for more digits, and has nobody for them",
        trunk("Fibre", overlap=True),
        ("Fibre:+4930555", DIRECT + "2", "4 > incomplete"),
    ),
    given(
        "the trunk has somebody for busy lines and for calls that are not answered",
        trunk("Fibre", busy="40", no_answer="11"),
        (
            "Fibre:+4930555",
            DIRECT + "20",
            "ben-desk ben-tab 30 [busy: dora-desk 30 [else: emil-desk 30 > no-answer] > no-answer]"
            " [else: emil-desk 30 [busy: dora-desk 30 > no-answer] > no-answer] > no-answer",
        ),
        ("anna", "20", BEN),
        ("Copper:+4930555", "+49703199920", BEN),
    ),
    given(
        "the trunk has somebody for busy lines, and Ben his own",
        every(trunk("Fibre", busy="40"), diverts("ben", "busy", "30"), quiet("ben")),
        ("Fibre:+4930555", DIRECT + "20", "carla-desk 30 [busy: dora-desk 30 > no-answer] > no-answer"),
    ),
    given(
        "the trunk has somebody for busy lines, and Ben wants none",
        every(trunk("Fibre", busy="40"), diverts("ben", "busy", "-"), quiet("ben")),
        ("Fibre:+4930555", DIRECT + "20", "do-not-disturb"),
    ),
    given(
        "the trunk sends wrong numbers outside, which the administrator may",
        trunk("Fibre", invalid="0030555"),
        ("Fibre:+4989123", DIRECT + "99", "+4930555@Fibre+Copper 180 > no-answer"),
        ("Fibre:+4930555", DIRECT + "99", "unknown-number"),  # it would lead back to who calls
    ),
    given(
        "the trunk takes busy calls of a group",
        every(trunk("Fibre", busy="11"), on_the_phone(ben=1, carla=1, dora=1)),
        ("Fibre:+4930555", DIRECT + "200", "emil-desk 30 > no-answer"),
    ),
    given(
        "the trunk rewrites what comes",
        trunk("Fibre", incoming=(Rewrite("5", DIRECT),)),
        ("Fibre:+4930555", "520", BEN),
    ),
    given(
        "Munich has somebody for calls from elsewhere",
        node("Munich", invalid="22", busy="22", no_answer="23"),
        ("anna", "799", "mia-desk 30 [else: moritz-desk 30 > no-answer] > no-answer"),
        ("max", "99", "unknown-number"),
        (
            "anna",
            "721",
            "max-desk 30 [busy: mia-desk 30 [else: moritz-desk 30 > no-answer] > no-answer]"
            " [else: moritz-desk 30 [busy: mia-desk 30 > no-answer] > no-answer] > no-answer",
        ),
        ("mia", "21", "max-desk 30 > no-answer"),
        ("Fibre:+4930555", DIRECT + "799", "mia-desk 30 [else: moritz-desk 30 > no-answer] > no-answer"),
    ),
    given(
        "Munich's comes before the trunk's",
        every(node("Munich", busy="22"), trunk("Fibre", busy="40"), quiet("max")),
        ("Fibre:+4930555", DIRECT + "721", "mia-desk 30 [busy: dora-desk 30 > no-answer] > no-answer"),
        ("anna", "721", "mia-desk 30 > no-answer"),
    ),
    given(
        "limits of the user's own count",
        every(
            line("anna", limits=Limits(international_per_day=0)),
            has_spent("anna", "international"),
        ),
        ("anna", "+431234", "limited"),
    ),
)

ROWS = [
    pytest.param(each, *row, id=f"{each.state}: {row[0]} dials {row[1][:20]}")
    for each in TABLE
    for row in each.rows
]


@pytest.mark.parametrize(("state", "who", "number", "expected"), ROWS)
def test_who_rings(state: Given, who: str, number: str, expected: str) -> None:
    house = House()
    state.change(house)
    assert course(house.dial(who, number)) == expected


@pytest.mark.parametrize(("state", "who", "number", "expected"), ROWS)
def test_the_explanation_ends_with_the_devices_that_ring(
    state: Given, who: str, number: str, expected: str
) -> None:
    house = House()
    state.change(house)
    explained = house.plan.explain(house.ask(who, number))
    assert course(explained.plan) == expected
    told = [line for line in explained.lines if not line.startswith(" ")]
    rounds = [line for line in told if re.match(r"It rings|Then|For \d", line)]
    for line_, devices in zip(rounds, _devices(explained.plan), strict=True):
        assert [name for name in devices if name not in line_] == []
    assert told[-1].endswith(explained.plan.otherwise.sentence)
    assert house.refused == []  # who asks why tells nobody of it


def _devices(plan: Plan) -> Iterator[list[str]]:
    for round in plan.rounds:
        yield [d.party.number if d.party.outside else d.id for d in round.devices]


def test_the_table_is_long_enough_to_be_one() -> None:
    assert len(ROWS) >= 150
