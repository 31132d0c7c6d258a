from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from offhook.dialplan.check import (
    Problem,
    line_problems,
    mobile_problems,
    problems,
    ringing_problems,
)
from offhook.dialplan.model import (
    ROOT,
    Diversion,
    Filter,
    FilterRow,
    Limits,
    Line,
    Location,
    Mobile,
    Node,
    Rewrite,
    Ringing,
    Tables,
    Trunk,
)

TRUNK = Trunk("Fibre", number="0", hosts=("sip.example.com",), main="+497031730090", direct="+49703173009")
BERLIN = Node("berlin", number="8", escape="9")
LAB = Node("lab", parent="berlin", number="1")
LOBBY = Filter("lobby", (FilterRow("0", "nok"), FilterRow("00800", "ok"), FilterRow("1??", "internal")))
INTERNAL = Filter("internal", (FilterRow("", "ok"), FilterRow("0", "nok")))
GOOD = Tables(
    location=Location(country="49", area="7031", external="0", subscriber=("+49703173009",)),
    nodes=(BERLIN, LAB),
    filters=(LOBBY, INTERNAL),
    trunks=(TRUNK, Trunk("Copper", number="0", priority=2, hosts=("192.0.2.1:5080", "[2001:db8::1]:5060"))),
)


def told(found: list[Problem]) -> list[tuple[str, str, str]]:
    return [(each.kind, each.name, each.key) for each in found]


def test_nothing_is_wrong_with_a_sound_configuration() -> None:
    assert problems(GOOD) == []
    assert problems(Tables()) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("country", "+49"),
        ("country", "4 9"),
        ("country", "999"),
        ("country", "٤٩"),
        ("area", "+7031"),
        ("area", "07031"),
        ("national", "+"),
        ("international", "0"),
        ("external", "x"),
        ("subscriber", ("49703173009",)),
        ("subscriber", ("+49 7031",)),
        ("subscriber", ("",)),
        ("emergency", ("+112",)),
        ("emergency", ("",)),
    ],
)
def test_a_location_has_digits_only_and_our_numbers_a_plus(key: str, value: Any) -> None:
    place = replace(GOOD.location, **{key: value})
    assert told(problems(replace(GOOD, location=place))) == [("location", "", key)]
    berlin = replace(BERLIN, location=place)
    assert told(problems(replace(GOOD, nodes=(berlin, LAB)))) == [("node", "berlin", f"location.{key}")]


def test_a_sentence_says_what_to_do() -> None:
    place = replace(GOOD.location, area="07031")
    (problem,) = problems(replace(GOOD, location=place))
    assert problem.sentence == "07031 must do without the national prefix: 7031."
    (problem,) = problems(replace(GOOD, nodes=(replace(BERLIN, parent="gone"),)))
    assert problem.sentence == "There is no node 'gone'; there are berlin, root."
    (problem,) = line_problems(Line(filter="loby"), GOOD)
    assert problem.sentence == "There is no filter 'loby'; there are internal, lobby."
    (problem,) = line_problems(Line(filter="loby"), Tables())
    assert problem.sentence == "There is no filter 'loby'; there is none at all."


@pytest.mark.parametrize("key", Limits.__struct_fields__)
def test_limits_are_not_below_nothing(key: str) -> None:
    limits = replace(Limits(), **{key: -1})
    assert told(problems(replace(GOOD, limits=limits))) == [("limits", "", key)]
    assert told(line_problems(Line(limits=limits), GOOD)) == [("line", "", f"limits.{key}")]


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"name": ""}, "name"),
        ({"name": " berlin"}, "name"),
        ({"name": "ber\nlin"}, "name"),
        ({"name": "b" * 65}, "name"),
        ({"number": ""}, "number"),
        ({"number": "+8"}, "number"),
        ({"number": "8"}, "number"),  # berlin's
        ({"escape": "x"}, "escape"),
        ({"parent": "gone"}, "parent"),
        ({"parent": ""}, "parent"),
        ({"invalid": "anna"}, "invalid"),
        ({"busy": "x"}, "busy"),
        ({"no_answer": "+"}, "no_answer"),
    ],
)
def test_a_node_is_refused(changed: dict[str, Any], key: str) -> None:
    node = replace(Node("new", number="7"), **changed)
    assert told(problems(replace(GOOD, nodes=(*GOOD.nodes, node)))) == [("node", node.name, key)]


def test_no_node_is_called_root() -> None:
    (problem,) = problems(replace(GOOD, nodes=(*GOOD.nodes, Node(ROOT, number="7"))))
    assert (problem.kind, problem.key) == ("node", "name")
    assert "there is always one of that name" in problem.sentence


def test_names_are_given_once() -> None:
    twice = replace(
        GOOD,
        nodes=(*GOOD.nodes, Node("berlin", number="7")),
        filters=(*GOOD.filters, Filter("lobby")),
        trunks=(*GOOD.trunks, replace(TRUNK, number="")),
    )
    assert told(problems(twice)) == [
        ("node", "berlin", "name"),
        ("filter", "lobby", "name"),
        ("trunk", "Fibre", "name"),
    ]


def test_nodes_of_one_parent_have_different_numbers_and_others_need_not() -> None:
    rivals = replace(GOOD, nodes=(*GOOD.nodes, Node("bonn", number="8")))
    assert told(problems(rivals)) == [("node", "bonn", "number")]
    assert problems(replace(GOOD, nodes=(*GOOD.nodes, Node("bonn", number="1")))) == []


def test_nodes_in_a_circle_are_all_named() -> None:
    nodes = (
        Node("a", parent="b", number="1"),
        Node("b", parent="a", number="2"),
        Node("c", parent="b", number="3"),
    )
    assert told(problems(Tables(nodes=nodes))) == [("node", "a", "parent"), ("node", "b", "parent")]
    assert told(problems(Tables(nodes=(Node("a", parent="a", number="1"),)))) == [("node", "a", "parent")]


@pytest.mark.parametrize("name", ["ok", "nok"])
def test_the_ends_of_a_search_are_no_names_of_filters(name: str) -> None:
    (problem,) = problems(replace(GOOD, filters=(*GOOD.filters, Filter(name))))
    assert (problem.kind, problem.name, problem.key) == ("filter", name, "name")


@pytest.mark.parametrize(
    "rows",
    [
        (FilterRow("+49", "ok"),),
        (FilterRow("0 30", "ok"),),
        (FilterRow("0", ""),),
        (FilterRow("0", "gone"),),
        (FilterRow("0", "OK"),),
        (FilterRow("0", "new"),),
        (FilterRow("0", "ok"), FilterRow("0", "nok")),
    ],
)
def test_a_row_of_a_filter_is_refused(rows: tuple[FilterRow, ...]) -> None:
    found = problems(replace(GOOD, filters=(*GOOD.filters, Filter("new", rows))))
    assert told(found) == [("filter", "new", "rows")]


def test_filters_in_a_circle_are_all_named() -> None:
    circle = (
        Filter("a", (FilterRow("0", "b"),)),
        Filter("b", (FilterRow("1", "ok"), FilterRow("2", "c"))),
        Filter("c", (FilterRow("3", "a"),)),
        Filter("d", (FilterRow("3", "a"),)),
    )
    assert told(problems(Tables(filters=circle))) == [("filter", name, "rows") for name in "abc"]


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"name": ""}, "name"),
        ({"number": "x"}, "number"),
        ({"number": "8"}, "number"),  # berlin's
        ({"number": "", "gateway": True}, "number"),
        ({"node": "gone"}, "node"),
        ({"priority": 0}, "priority"),
        ({"for_numbers": ("49",)}, "for_numbers"),
        ({"for_numbers": ("+",)}, "for_numbers"),
        ({"hosts": ()}, "hosts"),
        ({"hosts": ("",)}, "hosts"),
        ({"hosts": ("sip example.com",)}, "hosts"),
        ({"hosts": ("sip.example.com:0",)}, "hosts"),
        ({"hosts": ("sip.example.com:65536",)}, "hosts"),
        ({"hosts": ("sip:sip.example.com",)}, "hosts"),
        ({"hosts": ("10.0.0.256",)}, "hosts"),
        ({"hosts": ("-a.example.com",)}, "hosts"),
        ({"hosts": ("a..example.com",)}, "hosts"),
        ({"hosts": ("[::1",)}, "hosts"),
        ({"hosts": ("[::g]:5060",)}, "hosts"),
        ({"hosts": ("a" * 64 + ".com",)}, "hosts"),
        ({"domain": "example.com:5060"}, "domain"),
        ({"domain": "exa mple"}, "domain"),
        ({"register": True}, "username"),
        ({"password": "secret"}, "username"),
        ({"expires": 59}, "expires"),
        ({"options_seconds": -1}, "options_seconds"),
        ({"no_reply_seconds": 0.0}, "no_reply_seconds"),
        ({"no_reply_seconds": float("nan")}, "no_reply_seconds"),
        ({"max_channels": -1}, "max_channels"),
        ({"main": "497031"}, "main"),
        ({"main": "", "caller_id": "main"}, "main"),
        ({"direct": "0703173009"}, "direct"),
        ({"outgoing": (Rewrite("x", ""),)}, "outgoing"),
        ({"incoming": (Rewrite("0", "1+"),)}, "incoming"),
        ({"incoming_caller": (Rewrite("0 0", "+"),)}, "incoming_caller"),
        ({"loopback": "switchboard"}, "loopback"),
        ({"incomplete": " "}, "incomplete"),
        ({"invalid": "??"}, "invalid"),
        ({"busy": "--"}, "busy"),
        ({"no_answer": "1,2"}, "no_answer"),
    ],
)
def test_a_trunk_is_refused(changed: dict[str, Any], key: str) -> None:
    trunk = replace(Trunk("New", hosts=("sip.example.com",)), **changed)
    assert told(problems(replace(GOOD, trunks=(*GOOD.trunks, trunk)))) == [("trunk", trunk.name, key)]


@pytest.mark.parametrize(
    "changed",
    [
        {"hosts": ("sip.example.com:5061", "192.0.2.1", "[::1]:5060", "::1", "provider", "x.example.")},
        {"register": True, "username": "u", "password": "p", "expires": 60},
        {"options_seconds": 0},
        {"domain": "example.com"},
        {"outgoing": (Rewrite("+", ""), Rewrite("", "9"))},
        {"loopback": "0", "busy": "-", "invalid": "+49 30 555", "no_answer": "8*1"},
        {"for_numbers": ("+49", "+1")},
    ],
)
def test_a_trunk_is_accepted(changed: dict[str, Any]) -> None:
    trunk = replace(Trunk("New", number="7", hosts=("sip.example.com",)), **changed)
    assert problems(replace(GOOD, trunks=(*GOOD.trunks, trunk))) == []


def test_a_gateway_shares_its_number_with_gateways_only() -> None:
    gateway = Trunk("Old", number="0", gateway=True, hosts=("192.0.2.9",))
    found = problems(replace(GOOD, trunks=(TRUNK, gateway)))
    assert told(found) == [("trunk", "Old", "gateway")]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (Line(filter="gone"), "filter"),
        (Line(diversion_filter="gone"), "diversion_filter"),
        (Line(seconds=0), "seconds"),
        (Line(seconds=901), "seconds"),
        (Line(busy_on=-1), "busy_on"),
        (Line(caller_id="030555"), "caller_id"),
        (Line(diversions=(Diversion("always"),)), "diversions"),
        (Line(diversions=(Diversion("always", "anna"),)), "diversions"),
        (Line(diversions=(Diversion("busy", "x", on=False),)), "diversions"),
        (Line(diversions=(Diversion("busy", "1"), Diversion("busy", "2", on=False))), "diversions"),
    ],
)
def test_a_line_is_refused(line: Line, key: str) -> None:
    assert told(line_problems(line, GOOD)) == [("line", "", key)]


@pytest.mark.parametrize(
    "line",
    [
        Line(),
        Line(filter="lobby", diversion_filter="internal", seconds=900, busy_on=2, caller_id="+498001234567"),
        Line(
            diversions=(
                Diversion("always", "-"),
                Diversion("busy", "0030555"),
                Diversion("no-answer", on=False),
            )
        ),
        Line(
            diversions=(
                Diversion("busy", "1"),
                Diversion("busy", "2", by="admin"),
                Diversion("busy", "3", by="admin"),
            )
        ),
    ],
)
def test_a_line_is_accepted(line: Line) -> None:
    assert line_problems(line, GOOD) == []


@pytest.mark.parametrize(
    ("mobile", "key"),
    [
        (Mobile(""), "number"),
        (Mobile("-"), "number"),
        (Mobile("my mobile"), "number"),
        (Mobile("+49171", delay=-1), "delay"),
        (Mobile("+49171", min_alert=901), "min_alert"),
        (Mobile("+49171", max_alert=-1), "max_alert"),
        (Mobile("+49171", min_alert=10, max_alert=10), "max_alert"),
    ],
)
def test_a_mobile_is_refused(mobile: Mobile, key: str) -> None:
    assert told(mobile_problems(mobile)) == [("mobile", "", key)]


@pytest.mark.parametrize(
    "mobile", [Mobile("+49 171 123"), Mobile("00171", min_alert=5), Mobile("1", max_alert=5)]
)
def test_a_mobile_is_accepted(mobile: Mobile) -> None:
    assert mobile_problems(mobile) == []


@pytest.mark.parametrize(
    ("ringing", "key"),
    [
        (Ringing(""), "number"),
        (Ringing("+49"), "number"),
        (Ringing("8"), "number"),
        (Ringing("0"), "number"),
        (Ringing("1", "berlin"), "number"),
        (Ringing("200", "gone"), "node"),
        (Ringing("200", seconds=0), "seconds"),
        (Ringing("200", seconds=901), "seconds"),
        (Ringing("200", each=0), "each"),
        (Ringing("200", otherwise="anna"), "otherwise"),
    ],
)
def test_a_group_that_rings_is_refused(ringing: Ringing, key: str) -> None:
    assert set(told(ringing_problems(ringing, GOOD))) == {("ringing", "", key)}


def test_a_group_that_rings_is_accepted() -> None:
    assert ringing_problems(Ringing("200", otherwise="0030555"), GOOD) == []
    assert ringing_problems(Ringing("8", "berlin"), GOOD) == []


NAMES = st.sampled_from(["", ROOT, "a", "b", "ok", "nok"]) | st.text(max_size=3)
TEXTS = st.sampled_from(["", "0", "+49", "-"]) | st.text(max_size=4)
WILD = st.builds(
    Tables,
    location=st.builds(Location, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, st.tuples(TEXTS), st.tuples(TEXTS)),
    limits=st.builds(Limits, st.integers(), st.integers(), st.integers(), st.integers()),
    nodes=st.lists(st.builds(Node, NAMES, NAMES, TEXTS, TEXTS), max_size=4).map(tuple),
    filters=st.lists(
        st.builds(Filter, NAMES, st.lists(st.builds(FilterRow, TEXTS, NAMES), max_size=3).map(tuple)),
        max_size=4,
    ).map(tuple),
    trunks=st.lists(
        st.builds(
            Trunk, NAMES, TEXTS, NAMES, st.integers(), hosts=st.tuples(TEXTS), domain=TEXTS, main=TEXTS
        ),
        max_size=3,
    ).map(tuple),
)


@given(WILD)
def test_whatever_is_written_there_are_sentences_and_no_traceback(tables: Tables) -> None:
    for problem in problems(tables):
        assert problem.key
        assert problem.sentence.endswith(".")


@given(TEXTS, TEXTS, st.integers(), TEXTS)
def test_nothing_a_user_writes_breaks_it(number: str, node: str, seconds: int, to: str) -> None:
    line = Line(number, node, seconds, caller_id=number, diversions=(Diversion("always", to),))
    ringing = Ringing(number, node, seconds=seconds, otherwise=to)
    for problem in [
        *line_problems(line, GOOD),
        *mobile_problems(Mobile(number, delay=seconds)),
        *ringing_problems(ringing, GOOD),
    ]:
        assert problem.sentence.endswith(".")
