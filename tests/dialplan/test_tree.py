from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.routing import Device
from offhook.dialplan.location import canonical
from offhook.dialplan.model import ROOT, Location, Node, Ringing, Tables, Trunk
from offhook.dialplan.ours import Ours
from offhook.dialplan.tree import Hit, Incomplete, ToGroup, ToTrunk, ToUser, Tree, Unknown
from offhook.dialplan.world import Group, Known, Own
from offhook.people.directory import User


class Folk:
    """People who have numbers in nodes, and groups that have."""

    def __init__(self, *numbers: tuple[str, str], groups: tuple[tuple[str, str], ...] = ()) -> None:
        self._users = {
            at: User(f"{at[0]}-{at[1]}", f"u{at[1]}", f"{at[1]} of {at[0]}", at[1], node=at[0])
            for at in numbers
        }
        self._groups = {at: Group(f"group {at[1]}", Ringing(at[1], at[0]), (), ()) for at in groups}

    def user(self, id: str) -> Known | None:
        return next((each for each in self._users.values() if each.id == id), None)

    def at(self, node: str, number: str) -> Known | None:
        return self._users.get((node, number))

    def named(self, username: str) -> Known | None:
        return None

    def begins(self, node: str, digits: str) -> bool:
        everybody = (*self._users, *self._groups)
        return any(at == node and number != digits and number.startswith(digits) for at, number in everybody)

    def group(self, node: str, number: str) -> Group | None:
        return self._groups.get((node, number))

    def devices_of(self, user: str) -> Sequence[Device]:
        return ()

    def mobiles_of(self, user: str) -> Sequence[Own]:
        return ()

    def is_at_hand(self, user: str) -> bool:
        return False

    def calls_of(self, user: str) -> int:
        return 0

    def idle_since(self, user: str) -> float:
        return 0.0


# The company: headquarters in the root, Berlin with an escape and a line of its own, Munich without.
HEADQUARTERS = Location(country="49", area="7031", external="0", subscriber=("+49703173009",))
BERLIN = Location(country="49", area="30", external="0", subscriber=("+493055512",))
FIBRE = Trunk("Fibre", number="0", priority=2, direct="+49703173009", main="+497031730090")
COPPER = Trunk("Copper", number="0", priority=1, direct="+49703173009")
SPREE = Trunk("Spree", number="0", node="berlin", main="+493055512")
OLD = Trunk("Old", number="66", gateway=True)
ALONE = Trunk("Alone", main="+4989123456")
TABLES = Tables(
    location=HEADQUARTERS,
    nodes=(
        Node("berlin", number="8", escape="9", location=BERLIN),
        Node("munich", number="7"),
        Node("workshop", number="5", parent="munich"),
        Node("lab", number="1", parent="berlin", escape="#"),
    ),
    trunks=(FIBRE, COPPER, SPREE, OLD, ALONE),
)
TREE = Tree(TABLES)
FOLK = Folk(
    (ROOT, "10"),
    (ROOT, "101"),
    (ROOT, "812"),
    ("berlin", "10"),
    ("berlin", "95"),
    ("munich", "10"),
    ("munich", "33"),
    ("workshop", "40"),
    ("lab", "2"),
    groups=((ROOT, "200"), ("munich", "200")),
)


def met(hit: Hit) -> str:
    """Who or what was reached, in short."""
    match hit:
        case ToUser():
            return hit.user.name
        case ToGroup():
            return f"{hit.group.name} of {hit.node}"
        case ToTrunk():
            return f"{'+'.join(trunk.name for trunk in hit.trunks)}: {hit.digits}"
        case Incomplete():
            return "incomplete"
        case Unknown():
            return "unknown"


@pytest.mark.parametrize(
    ("node", "digits", "reached"),
    [
        # in one node by the bare number
        (ROOT, "10", "10 of root"),
        (ROOT, "101", "101 of root"),
        (ROOT, "200", "group 200 of root"),
        ("berlin", "10", "10 of berlin"),
        ("lab", "2", "2 of lab"),
        # incomplete and unknown
        (ROOT, "1", "incomplete"),
        (ROOT, "20", "incomplete"),
        (ROOT, "102", "unknown"),
        (ROOT, "4", "unknown"),
        (ROOT, "", "incomplete"),
        (ROOT, "6", "incomplete"),
        (ROOT, "*", "unknown"),
        (ROOT, "+49", "unknown"),
        # down
        (ROOT, "810", "10 of berlin"),
        (ROOT, "812", "812 of root"),  # a number as a whole before a beginning
        (ROOT, "813", "unknown"),
        (ROOT, "81", "incomplete"),
        (ROOT, "8", "incomplete"),
        (ROOT, "895", "95 of berlin"),  # from above an escape is a digit like others
        (ROOT, "8120", "unknown"),
        (ROOT, "7540", "40 of workshop"),
        (ROOT, "7200", "group 200 of munich"),
        # up, where there is no escape
        ("munich", "33", "33 of munich"),
        ("munich", "10", "10 of munich"),
        ("munich", "101", "101 of root"),
        ("munich", "733", "33 of munich"),
        ("munich", "810", "10 of berlin"),
        ("munich", "0030555", "Copper+Fibre: 030555"),
        ("munich", "3", "incomplete"),
        ("munich", "4", "unknown"),
        ("workshop", "33", "33 of munich"),
        ("workshop", "812", "812 of root"),
        ("workshop", "4", "incomplete"),
        # up, by an escape only
        ("berlin", "101", "unknown"),
        ("berlin", "910", "10 of root"),
        ("berlin", "9101", "101 of root"),
        ("berlin", "95", "unknown"),  # the escape wins over 95, and 5 is nobody
        ("berlin", "9", "incomplete"),
        ("berlin", "9733", "33 of munich"),
        ("lab", "10", "unknown"),
        ("lab", "#10", "10 of berlin"),
        ("lab", "#910", "10 of root"),
        ("lab", "#", "incomplete"),
        # lines
        (ROOT, "0030555", "Copper+Fibre: 030555"),
        (ROOT, "0", "incomplete"),
        (ROOT, "0*21*030555#", "unknown"),  # orders to the provider
        (ROOT, "66*21", "Old: 66*21"),
        (ROOT, "66", "Old: 66"),
        (ROOT, "66123", "Old: 66123"),
        ("berlin", "030555", "Spree: 30555"),
        ("berlin", "90030555", "Copper+Fibre: 030555"),
        (ROOT, "80030555", "Spree: 030555"),  # the line of another node
        # nobody goes up again after having gone down
        (ROOT, "8910", "unknown"),
        (ROOT, "70030555", "unknown"),
        (ROOT, "7101", "unknown"),
        ("gone", "10", "10 of root"),
    ],
)
def test_digits_lead_through_the_tree(node: str, digits: str, reached: str) -> None:
    assert met(TREE.resolve(node, digits, FOLK)) == reached


def test_a_beginning_of_a_number_here_may_be_somebodys_number_above() -> None:
    assert met(TREE.resolve("munich", "1", Folk(("munich", "12"), (ROOT, "1")))) == "1 of root"
    assert met(TREE.resolve("munich", "1", Folk(("munich", "12"), (ROOT, "3")))) == "incomplete"


def test_a_node_below_is_meant_before_a_number_above() -> None:
    assert met(TREE.resolve("munich", "57", Folk((ROOT, "57"), ("workshop", "40")))) == "unknown"


def test_a_part_of_an_escape_is_incomplete() -> None:
    tree = Tree(Tables(nodes=(Node("a", number="8", escape="99"),)))
    assert met(tree.resolve("a", "9", Folk((ROOT, "10")))) == "incomplete"
    assert met(tree.resolve("a", "9910", Folk((ROOT, "10")))) == "10 of root"
    assert met(tree.resolve("a", "98", Folk((ROOT, "10")))) == "unknown"


@given(
    st.from_regex(r"\+[1-9][0-9]{3,13}", fullmatch=True),
    st.sampled_from([ROOT, "munich", "workshop", "berlin", "lab"]),
)
def test_every_number_of_the_world_can_be_dialled_from_every_node(number: str, node: str) -> None:
    hit = TREE.resolve(node, TREE.dialled(number, node), FOLK)
    if TREE.ours(number) is None and number[1:4] != "490":
        assert isinstance(hit, ToTrunk)
        assert canonical(hit.digits, TREE.location(hit.node)) == number


def test_the_way_is_told_step_by_step() -> None:
    assert TREE.resolve("munich", "810", FOLK).steps == (
        "810 is nobody's number in munich.",
        "munich has no escape, so 810 is looked up above it, in root.",
        "8 leads from root into the node berlin.",
        "10 in berlin is 10 of berlin.",
    )
    assert TREE.resolve("berlin", "90030555", FOLK).steps == (
        "9 leads out of berlin, to root.",
        "0 in root takes an outside line: Copper, Fibre.",
    )
    assert TREE.resolve(ROOT, "20", FOLK).steps == ("20 is the beginning of a number in root.",)
    assert TREE.resolve(ROOT, "0", FOLK).steps == (
        "0 takes an outside line.",
        "More digits must follow in root.",
    )


def test_it_is_told_where_the_search_ended() -> None:
    assert TREE.resolve(ROOT, "813", FOLK).node == "lab"
    assert TREE.resolve("munich", "4", FOLK).node == ROOT
    assert TREE.resolve(ROOT, "752", FOLK).node == "workshop"


@pytest.mark.parametrize(
    ("number", "of", "from_", "digits"),
    [
        ("10", ROOT, ROOT, "10"),
        ("10", "berlin", "berlin", "10"),
        ("10", "berlin", ROOT, "810"),
        ("2", "lab", ROOT, "812"),
        ("2", "lab", "berlin", "12"),
        ("10", ROOT, "berlin", "910"),
        ("10", ROOT, "lab", "#910"),
        ("10", "berlin", "lab", "#10"),
        ("33", "munich", "berlin", "9733"),
        ("40", "workshop", "lab", "#97540"),
        ("10", ROOT, "munich", "10"),
        ("10", "berlin", "workshop", "810"),
        ("33", "munich", "workshop", "33"),
        ("40", "workshop", "munich", "540"),
        ("10", "gone", "berlin", "910"),
    ],
)
def test_a_number_is_dialled_with_escapes_and_prefixes(number: str, of: str, from_: str, digits: str) -> None:
    assert TREE.as_dialled(number, of, from_) == digits


@pytest.mark.parametrize(
    ("number", "node", "extension"),
    [
        ("+4970317300923", ROOT, "23"),
        ("+49703173009", ROOT, ""),
        ("+497031730090", ROOT, ""),  # the switchboard: a number of its own, though an extension
        ("+4930555121", "berlin", "1"),
        ("+4989123456", ROOT, ""),
        ("+498912345610", ROOT, "10"),
    ],
)
def test_our_own_numbers_are_known(number: str, node: str, extension: str) -> None:
    found = TREE.ours(number)
    assert found is not None
    assert (found.node, found.extension) == (node, extension)


def test_of_our_numbers_the_one_that_says_most_counts() -> None:
    wide, narrow = Trunk("Wide", direct="+497031", node="a"), Trunk("Narrow", direct="+49703173", node="b")
    for trunks in ((wide, narrow), (narrow, wide)):
        tree = Tree(Tables(nodes=(Node("a", number="1"), Node("b", number="2")), trunks=trunks))
        assert tree.ours("+497031735") == Ours("b", "5")
        assert tree.ours("+4970315") == Ours("a", "5")


@pytest.mark.parametrize("number", ["+4970317300", "+4930555", "", "10", "49703173009", "+"])
def test_other_numbers_are_not_ours(number: str) -> None:
    assert TREE.ours(number) is None


@pytest.mark.parametrize(
    ("number", "node", "digits"),
    [
        ("+49 7031 73009-23", ROOT, "23"),
        ("+49 7031 73009-23", "berlin", "923"),
        ("+49 7031 73009-23", "munich", "23"),
        ("+49 30 55512-10", ROOT, "810"),
        ("+49 30 55512-10", "berlin", "10"),
        ("+49 30 55512-10", "lab", "#10"),
        ("+49 (0)7031 73009-23", ROOT, "23"),
        ("+49 07031 73009-23", ROOT, "23"),
        ("+49 30 444", "munich", "0030444"),
        ("+49 30 444", "berlin", "0030444"),
        ("+49 30 444", "lab", "#0030444"),
        ("+49 7031 73009-0", ROOT, "007031730090"),
        ("101", ROOT, "101"),
    ],
)
def test_a_number_from_a_list_is_dialled_inside_if_it_is_ours(number: str, node: str, digits: str) -> None:
    assert TREE.dialled(number, node) == digits


@pytest.mark.parametrize(
    ("trunk", "number", "node", "world"),
    [
        (FIBRE, "23", ROOT, "+4970317300923"),
        (FIBRE, "10", "munich", "+49703173009710"),
        (SPREE, "10", "berlin", "+493055512" + "10"),
        (SPREE, "10", ROOT, "+493055512" + "910"),
        (ALONE, "23", ROOT, "+498912345623"),
        (OLD, "23", ROOT, "+4970317300923"),  # nothing said there: the number of the place
        (FIBRE, "", ROOT, ""),
    ],
)
def test_an_extension_has_a_number_at_a_trunk(trunk: Trunk, number: str, node: str, world: str) -> None:
    assert TREE.number_at(trunk, number, node) == world


def test_without_numbers_of_our_own_an_extension_has_none_outside() -> None:
    bare = Trunk("Bare", number="0")
    assert Tree(Tables(trunks=(bare,))).number_at(bare, "10", ROOT) == ""


@pytest.mark.parametrize("number", ["23", "101", "10"])
@pytest.mark.parametrize("node", [ROOT, "munich", "workshop"])
def test_who_calls_back_a_number_reaches_who_had_it(number: str, node: str) -> None:
    """The number shown outside leads back to the same extension."""
    ours = TREE.ours(TREE.number_at(FIBRE, number, node))
    assert ours is not None
    folk = Folk((node, number))
    assert met(TREE.resolve(ours.node, ours.extension, folk)) == f"{number} of {node}"


def test_a_gateway_and_a_line_of_the_same_number_are_not_mixed() -> None:
    tree = Tree(Tables(trunks=(Trunk("A", number="0"), Trunk("B", number="0", gateway=True, priority=2))))
    assert met(tree.resolve(ROOT, "012", FOLK)) == "A: 12"


def test_the_root_cannot_be_laid_down_again() -> None:
    tree = Tree(Tables(nodes=(Node(ROOT, number="9", escape="1"),)))
    assert met(tree.resolve(ROOT, "10", FOLK)) == "10 of root"
    found = tree.node(ROOT)
    assert found is not None
    assert found.escape == ""


NAMES = st.sampled_from([ROOT, "a", "b", "c", "d", "gone"])
NUMBERS = st.text("12#", max_size=2)
NODES = st.lists(
    st.builds(Node, NAMES, parent=NAMES, number=NUMBERS, escape=NUMBERS), unique_by=lambda node: node.name
)
TRUNKS = st.lists(
    st.builds(
        Trunk,
        st.sampled_from("xyz"),
        number=NUMBERS,
        node=NAMES,
        gateway=st.booleans(),
        priority=st.integers(),
    )
)
PEOPLE = st.lists(st.tuples(NAMES, st.text("12#", max_size=3)), max_size=6)


@given(NODES, TRUNKS, PEOPLE, NAMES, st.text("12#+", max_size=6))
def test_no_tree_is_so_tangled_that_a_search_does_not_end(
    nodes: list[Node], trunks: list[Trunk], people: list[tuple[str, str]], node: str, digits: str
) -> None:
    tree = Tree(Tables(nodes=tuple(nodes), trunks=tuple(trunks)))
    hit = tree.resolve(node, digits, Folk(*people))
    assert digits.endswith(hit.digits)
    assert hit.steps
    assert tree.as_dialled("5", node, hit.node).endswith("5")


@given(NAMES, NAMES, st.sampled_from(["3", "44", "555"]))
def test_with_numbers_that_do_not_get_in_each_others_way_everybody_is_reached_as_shown(
    of: str, from_: str, number: str
) -> None:
    tree = Tree(
        Tables(
            nodes=(
                Node("a", number="61", escape="9"),
                Node("b", number="62"),
                Node("c", parent="a", number="63", escape="*"),
                Node("d", parent="b", number="64"),
            )
        )
    )
    folk = Folk((of if of != "gone" else ROOT, number))
    hit = tree.resolve(from_, tree.as_dialled(number, of, from_), folk)
    assert isinstance(hit, ToUser)
