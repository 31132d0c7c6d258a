import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.dialplan.incoming import called, caller
from offhook.dialplan.model import Location, Node, Rewrite, Tables, Trunk
from offhook.dialplan.tree import Tree

PLACE = Location(country="49", area="7031", external="0", subscriber=("+49703173009",))
AMERICA = Location(country="1", area="202", national="1", international="011", external="9")
DIRECT = Trunk("Direct", direct="+49703173009", main="+497031730090")
ACCOUNT = Trunk("Account", main="+4989123456", node="munich")
SPREE = Trunk("Spree", direct="+493055512", node="berlin")
GATEWAY = Trunk("Old", number="66", gateway=True)
TREE = Tree(
    Tables(
        location=PLACE,
        nodes=(Node("berlin", number="8", escape="9"), Node("munich", number="7")),
        trunks=(DIRECT, ACCOUNT, SPREE, GATEWAY),
    )
)


@pytest.mark.parametrize(
    ("trunk", "raw", "extension"),
    [
        # whichever way a provider writes it
        (DIRECT, "+4970317300923", "23"),
        (DIRECT, "4970317300923", "23"),
        (DIRECT, "004970317300923", "23"),
        (DIRECT, "070317300923", "23"),
        (DIRECT, "7300923", "23"),
        (DIRECT, "+49 7031 73009-23", "23"),
        (DIRECT, "tel:+49-7031-73009-23", "23"),
        # the number itself
        (DIRECT, "+497031730090", ""),
        (DIRECT, "07031730090", ""),
        (DIRECT, "+49703173009", ""),
        (ACCOUNT, "+4989123456", ""),
        (ACCOUNT, "089123456", ""),
        # and what may stand behind it
        (ACCOUNT, "+498912345610", "10"),
        # numbers of another trunk or place, as they are dialled in this trunk's node
        (SPREE, "+493055512" + "10", "10"),
        (SPREE, "+4970317300923", "923"),
        (DIRECT, "+493055512" + "10", "810"),
        (ACCOUNT, "+4970317300923", "23"),
        # nobody's
        (DIRECT, "+4930444", None),
        (DIRECT, "23", None),
        (DIRECT, "", None),
        (DIRECT, "anna", None),
        (DIRECT, "110", None),
        (GATEWAY, "23", None),
        (GATEWAY, "+4970317300923", "23"),
    ],
)
def test_what_was_called_is_an_extension_of_ours_or_not(
    trunk: Trunk, raw: str, extension: str | None
) -> None:
    assert called(trunk, raw, TREE) == extension


@pytest.mark.parametrize("format", ["+e164", "e164", "national", "international", "dialled"])
@pytest.mark.parametrize("raw", ["+4970317300923", "4970317300923", "070317300923", "7300923"])
def test_it_does_not_matter_how_the_provider_wants_numbers_itself(format: str, raw: str) -> None:
    trunk = Trunk("Any", direct="+49703173009", format=format)  # type: ignore[arg-type]
    assert called(trunk, raw, TREE) == "23"


def test_rewrites_come_first() -> None:
    account = Trunk("A", main="+4989123456", incoming=(Rewrite("s", "x"), Rewrite("99", "+4989123456")))
    tree = Tree(Tables(location=PLACE, trunks=(account,)))
    assert called(account, "9910", tree) == "10"
    assert called(account, "99", tree) == ""
    assert called(account, "+9910", tree) is None


@pytest.mark.parametrize(
    ("trunk", "raw", "number"),
    [
        (DIRECT, "+4930555", "+4930555"),
        (DIRECT, "+49 (30) 555", "+4930555"),
        (DIRECT, "4930555123", "+4930555123"),  # the plus was lost on the way
        (DIRECT, "004930555", "+4930555"),
        (DIRECT, "030555", "+4930555"),
        (DIRECT, "0043123456", "+43123456"),
        (DIRECT, "555123", "+497031555123"),
        (DIRECT, "110", "110"),
        (DIRECT, "11880", "11880"),
        (DIRECT, "anonymous", ""),
        (DIRECT, "Restricted", ""),
        (DIRECT, "", ""),
        (DIRECT, "0", "+49"),
        (GATEWAY, "23", "23"),
        (GATEWAY, "0030555", "0030555"),
        (GATEWAY, "+4930555", "+4930555"),
    ],
)
def test_who_calls_is_a_number_of_the_world_wherever_it_can_be(trunk: Trunk, raw: str, number: str) -> None:
    assert caller(trunk, raw, TREE) == number


@pytest.mark.parametrize(
    ("format", "raw", "number"),
    [
        ("+e164", "2125550123", "+12125550123"),
        ("national", "2125550123", "+12125550123"),
        ("national", "5550123", "+12025550123"),
        ("+e164", "12125550123", "+12125550123"),
        ("+e164", "493055512345", "+493055512345"),
        ("national", "0114930555", "+4930555"),
    ],
)
def test_callers_in_america_are_known_too(format: str, raw: str, number: str) -> None:
    trunk = Trunk("Bell", format=format)  # type: ignore[arg-type]
    assert caller(trunk, raw, Tree(Tables(location=AMERICA, trunks=(trunk,)))) == number


def test_a_callers_number_can_be_rewritten() -> None:
    trunk = Trunk("Odd", incoming_caller=(Rewrite("000", "00"), Rewrite("1", "")))
    assert caller(trunk, "0004312345", TREE) == "+4312345"
    assert caller(trunk, "1030555", TREE) == "+4930555"


@given(
    st.text() | st.text("+0123456789*#()", max_size=20), st.sampled_from([DIRECT, ACCOUNT, SPREE, GATEWAY])
)
def test_no_text_of_a_stranger_breaks_it(raw: str, trunk: Trunk) -> None:
    assert set(called(trunk, raw, TREE) or "") <= set("0123456789*#")
    assert set(caller(trunk, raw, TREE).removeprefix("+")) <= set("0123456789*#")


@given(st.text("0123456789", max_size=6), st.sampled_from(["+49", "49", "0049", "0", ""]))
def test_every_way_of_writing_a_number_leads_to_the_same_extension(extension: str, code: str) -> None:
    area = "" if code == "" else "7031"
    wanted = "" if extension == "0" else extension
    assert called(DIRECT, f"{code}{area}73009{extension}", TREE) == wanted
