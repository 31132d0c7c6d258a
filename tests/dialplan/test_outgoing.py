import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.leg import Party
from offhook.dialplan.model import ROOT, Line, Location, Node, Rewrite, Tables, Trunk
from offhook.dialplan.outgoing import Why, fitting, rewritten, ways
from offhook.dialplan.tree import Tree
from offhook.dialplan.world import Way
from offhook.people.directory import User

PLACE = Location(country="49", area="7031", external="0")
DIRECT = "+49703173009"
MAIN = "+497031730090"
FIBRE = Trunk("Fibre", number="0", direct=DIRECT, main=MAIN)

ANNA = User("a", "anna", "Anna", "23")
SHY = User("s", "shy", "Shy", "24", line=Line(hide_number=True))
HOTLINE = User("h", "hotline", "Hot Line", "25", line=Line(caller_id="+498001234567"))
BERT = User("b", "bert", "Bert", "10", node="berlin")
OUTSIDER = Party("+4940777", "Otto", device="trunk:Fibre", outside=True)
HIDDEN = Party("", "Nobody", device="trunk:Fibre", outside=True)


def trunk(**other: object) -> Trunk:
    return Trunk(**({"name": "Fibre", "number": "0", "direct": DIRECT, "main": MAIN} | other))  # type: ignore[arg-type]


def way(
    by: Trunk,
    who: User | Party = ANNA,
    number: str = "+4930555",
    *,
    payer: User | None = None,
    diverting: User | None = None,
    why: Why = "",
    emergency: bool = False,
    dialled: str = "",
    place: Location = PLACE,
) -> Way:
    """How a call of a user or of somebody outside leaves by this trunk."""
    line = who if isinstance(who, User) else None
    caller = who if isinstance(who, Party) else Party(who.number, who.name, who.id)
    tree = Tree(Tables(location=place, nodes=(Node("berlin", number="8"),), trunks=(by,)))
    (found,) = ways(
        (by,),
        number,
        tree=tree,
        caller=caller,
        caller_line=line,
        payer=payer,
        diverting=diverting,
        why=why,
        emergency=emergency,
        dialled=dialled,
    )
    return found


@pytest.mark.parametrize(
    ("format", "number", "called"),
    [
        ("+e164", "+4930555", "+4930555"),
        ("e164", "+4930555", "4930555"),
        ("national", "+4930555", "030555"),
        ("national", "+431234", "00431234"),
        ("international", "+4930555", "004930555"),
        ("international", "+431234", "00431234"),
        ("dialled", "+4930555", "555"),
        ("+e164", "110", "110"),
        ("e164", "11880", "11880"),
        ("international", "112", "112"),
    ],
)
def test_each_trunk_gets_the_number_as_it_wants_it(format: str, number: str, called: str) -> None:
    assert way(trunk(format=format), number=number, dialled="555").number == called


def test_a_number_nobody_dialled_is_written_nationally_where_it_should_be_as_dialled() -> None:
    assert way(trunk(format="dialled")).number == "030555"
    assert way(trunk(format="dialled"), dialled="+4930555").number == "030555"


def test_where_no_country_is_known_every_number_is_abroad() -> None:
    assert way(trunk(format="national"), place=Location()).number == "004930555"


def test_the_rewrite_with_the_longest_beginning_is_made_at_the_very_end() -> None:
    rewrites = (Rewrite("0", "1"), Rewrite("00", "011"), Rewrite("0049", ""))
    assert way(trunk(format="national", outgoing=rewrites)).number == "130555"
    assert way(trunk(format="national", outgoing=rewrites), number="+431").number == "011431"
    assert way(trunk(format="international", outgoing=rewrites)).number == "30555"


def test_a_rewrite_of_nothing_puts_something_before_every_number() -> None:
    assert rewritten("123", (Rewrite("", "9"),)) == "9123"
    assert rewritten("", (Rewrite("", "9"),)) == "9"
    assert rewritten("123", ()) == "123"


def test_a_user_calls_from_the_direct_number() -> None:
    assert way(FIBRE) == Way("Fibre", "+4930555", DIRECT + "23", "Anna", asserted=DIRECT + "23")


def test_a_user_of_another_node_calls_from_the_number_that_leads_back_there() -> None:
    assert way(FIBRE, BERT).calling == DIRECT + "810"


def test_without_direct_numbers_the_main_one_and_its_extensions_are_shown() -> None:
    assert way(trunk(direct="", main=DIRECT)).calling == DIRECT + "23"


def test_a_main_number_that_is_an_extension_itself_has_none_behind_it() -> None:
    place = Location(country="49", area="7031", subscriber=(DIRECT,))
    assert way(trunk(direct=""), place=place).calling == DIRECT + "23"


@pytest.mark.parametrize("who", [ANNA, SHY, HOTLINE, OUTSIDER, HIDDEN, Party("?")])
def test_without_any_number_of_our_own_nothing_is_asserted(who: User | Party) -> None:
    assert way(trunk(direct="", main=""), who).asserted == ""


def test_a_trunk_that_knows_its_main_number_only_shows_that_for_everybody() -> None:
    by = trunk(caller_id="main")
    assert way(by) == Way("Fibre", "+4930555", MAIN, "Anna", asserted=MAIN)
    assert way(by, HOTLINE).calling == MAIN
    assert way(by, OUTSIDER, payer=ANNA) == Way("Fibre", "+4930555", MAIN, "Otto", asserted=MAIN)


def test_an_anonymous_trunk_hides_everybody_and_still_says_who_answers_for_it() -> None:
    assert way(trunk(caller_id="anonymous")) == Way("Fibre", "+4930555", "", asserted=DIRECT + "23")


def test_who_hides_the_number_shows_neither_number_nor_name() -> None:
    assert way(FIBRE, SHY) == Way("Fibre", "+4930555", "", asserted=DIRECT + "24")


def test_a_caller_id_of_ones_own_is_shown_and_the_true_number_asserted() -> None:
    assert way(FIBRE, HOTLINE) == Way(
        "Fibre", "+4930555", "+498001234567", "Hot Line", asserted=DIRECT + "25"
    )


@pytest.mark.parametrize("by", [FIBRE, trunk(caller_id="anonymous")])
def test_in_an_emergency_nobody_is_hidden(by: Trunk) -> None:
    found = way(by, SHY, "112", emergency=True)
    assert (found.number, found.calling, found.name) == ("112", DIRECT + "24", "Shy")


def test_who_calls_from_outside_and_is_sent_on_keeps_the_number() -> None:
    found = way(FIBRE, OUTSIDER, payer=ANNA, diverting=ANNA, why="user-busy")
    assert (found.calling, found.name, found.asserted) == ("+4940777", "Otto", DIRECT + "23")
    assert (found.diverting, found.diverting_why) == (DIRECT + "23", "user-busy")


def test_a_mobile_shows_who_calls_and_its_user_answers_for_it() -> None:
    found = way(FIBRE, OUTSIDER, payer=ANNA)
    assert (found.calling, found.asserted) == ("+4940777", DIRECT + "23")
    assert (found.diverting, found.diverting_why) == ("", "")


def test_who_hides_a_number_outside_stays_hidden_when_sent_on() -> None:
    found = way(FIBRE, HIDDEN, diverting=ANNA, why="no-answer")
    assert (found.calling, found.name, found.asserted) == ("", "", DIRECT + "23")


def test_a_trunk_may_want_the_diverting_user_as_caller() -> None:
    by = trunk(calling="diverting")
    found = way(by, OUTSIDER, diverting=ANNA, why="unconditional")
    assert (found.calling, found.name) == (DIRECT + "23", "Anna")
    assert way(by, BERT, diverting=ANNA, why="unconditional").calling == DIRECT + "23"
    assert way(by, HIDDEN, diverting=SHY, why="unconditional").calling == ""
    assert way(by, OUTSIDER, payer=ANNA).calling == "+4940777"  # nobody has diverted it


def test_a_colleague_who_is_sent_on_is_shown_and_answers_for_it() -> None:
    found = way(FIBRE, BERT, payer=ANNA, diverting=ANNA, why="unconditional")
    assert (found.calling, found.asserted, found.diverting) == (DIRECT + "810", DIRECT + "810", DIRECT + "23")


def test_who_diverts_and_hides_the_number_is_told_by_the_main_one() -> None:
    assert way(FIBRE, OUTSIDER, diverting=SHY, why="unconditional").diverting == MAIN


def test_a_call_sent_on_by_the_house_shows_the_main_number() -> None:
    assert way(FIBRE, Party(MAIN, "Fibre")).asserted == MAIN


def test_behind_a_gateway_a_colleague_is_known_by_the_extension() -> None:
    by = trunk(name="Old", number="66", gateway=True, format="+e164")
    assert way(by, number="66123") == Way("Old", "66123", "23", "Anna", asserted="23")
    assert way(by, BERT, number="66123").calling == "810"
    assert way(by, HOTLINE, number="66123").calling == "25"
    assert way(by, OUTSIDER, number="66123").calling == "+4940777"


def test_there_is_one_way_for_each_trunk_in_their_order() -> None:
    tree = Tree(Tables(location=PLACE, trunks=(FIBRE,)))
    trunks = [trunk(name="A", format="e164"), trunk(name="B")]
    found = ways(trunks, "+4930555", tree=tree, caller=Party("23", user="a"), caller_line=ANNA)
    assert [(each.trunk, each.number) for each in found] == [("A", "4930555"), ("B", "+4930555")]


def test_trunks_for_other_numbers_do_not_fit() -> None:
    near, far = (
        trunk(name="Near", for_numbers=("+4989", "+49"), priority=2),
        trunk(name="Far", for_numbers=("+1",)),
    )
    any, last = trunk(name="Any", priority=3), trunk(name="Last", priority=3)
    assert fitting((any, near, far, last), "+4930555") == (near, any, last)
    assert fitting((near, far), "+331") == ()
    assert fitting((any, near), "11880") == (any,)


NUMBERS = st.from_regex(r"\+?[0-9]{0,16}", fullmatch=True)
REWRITES = st.lists(
    st.builds(Rewrite, st.text("+04", max_size=3), st.text("+04", max_size=3)), max_size=3
).map(tuple)
TRUNKS = st.builds(
    trunk,
    format=st.sampled_from(["+e164", "e164", "national", "international", "dialled"]),
    gateway=st.booleans(),
    direct=st.sampled_from(["", DIRECT]),
    main=st.sampled_from(["", MAIN, DIRECT]),
    caller_id=st.sampled_from(["own", "main", "anonymous"]),
    calling=st.sampled_from(["caller", "diverting"]),
    outgoing=REWRITES,
    node=st.sampled_from([ROOT, "berlin", "gone"]),
)
USERS = st.sampled_from([ANNA, SHY, HOTLINE, BERT])


@given(
    TRUNKS,
    USERS | st.sampled_from([OUTSIDER, HIDDEN]),
    NUMBERS,
    st.none() | USERS,
    st.none() | USERS,
    st.text(),
)
def test_whatever_is_laid_down_who_hides_is_not_shown_and_no_number_breaks_it(
    by: Trunk, who: User | Party, number: str, payer: User | None, diverting: User | None, dialled: str
) -> None:
    found = way(by, who, number, payer=payer, diverting=diverting, why="unconditional", dialled=dialled)
    named_by = diverting if diverting is not None and by.calling == "diverting" else who
    if named_by is SHY or (named_by is HIDDEN and by.caller_id != "main"):
        assert (found.calling, found.name) == ("", "")
    if by.caller_id == "anonymous":
        assert (found.calling, found.name) == ("", "")
    assert (found.diverting != "") <= (diverting is not None)
