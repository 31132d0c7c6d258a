import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from offhook.dialplan.location import canonical, clean, dialled, toll_of
from offhook.dialplan.model import ROOT, Location, Node, Tables
from offhook.dialplan.tree import Tree

SINDELFINGEN = Location(
    country="49", area="7031", external="0", subscriber=("+49703173009",), emergency=("112", "110")
)
BERLIN = Location(country="49", area="30", external="9")
COPENHAGEN = Location(country="45", national="", external="0")
WASHINGTON = Location(country="1", area="202", national="1", international="011", external="9")
MOSCOW = Location(country="7", area="495", national="8", international="810", external="9")
ROME = Location(country="39", national="", external="0")
NOWHERE_KNOWN = Location()

places = st.sampled_from([SINDELFINGEN, BERLIN, COPENHAGEN, WASHINGTON, MOSCOW, ROME, NOWHERE_KNOWN])
codes = st.sampled_from(["1", "7", "39", "43", "44", "45", "49", "876", "999"])
worldly = st.builds(
    lambda code, rest: f"+{code}{rest}", codes, st.text("0123456789", min_size=1, max_size=14)
)
keys = st.text("0123456789", min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("101", "101"),
        ("+49 7031 73009-23", "+4970317300923"),
        ("+49 (7031) 12345", "+49703112345"),
        ("(07031) 123/45", "0703112345"),
        ("+49 (0) 7031 12345", "+49703112345"),
        ("+49(0)7031.12345", "+49703112345"),
        ("0049 (0) 7031 12345", "0049703112345"),
        ("(+49) (0)30 555", "+4930555"),
        ("(0)30 555", "030555"),  # at the beginning the zero is dialled
        ("07031 73009-(0)", "0703173009" + "0"),  # and so is a switchboard's
        ("+39 (0)6 1234567", "+39061234567"),  # Italy dials its zero from abroad too
        ("tel:+49-30-555", "+4930555"),
        ("TEL:+49-30-555", "+4930555"),
        ("+49\u00a030\u2013555", "+4930555"),  # the blank and the dash of a text program
        ("\u202a+49 30 555\u202c", "+4930555"),  # marks that come with a number copied out of a contact
        ("+49 30 555", "+4930555"),
        ("٠٣٠ ٥٥٥", "030555"),
        ("*21*30#", "*21*30#"),
        ("  101  ", "101"),
        ("[101]", "101"),
    ],
)
def test_what_makes_a_number_easier_to_read_is_left_out(typed: str, number: str) -> None:
    assert clean(typed) == number


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "+", "()", "-", "+*", "++49", "12+34", "+49#1", "½", "1,5", "?", "1o1", "(o)", "1\x00"),
        *("anna", "anna@example.com", "30 x12", "0800 FLOWERS", "0" * 41, "1" + " " * 1000 + "1"),
    ],
)
def test_what_is_no_number_is_empty(typed: str) -> None:
    assert clean(typed) == ""


@given(st.text())
@example("(0)(0)")
@example("+1(0)")
@example("00(0)(0)1")
@example("(+(0)")
def test_a_clean_number_has_keys_only_and_stays_as_it_is(typed: str) -> None:
    number = clean(typed)
    assert set(number.removeprefix("+")) <= set("0123456789*#")
    assert clean(number) == number


@given(worldly, st.sampled_from([" ", "-", "/", ".", "(", ")", "\u00a0"]), st.integers(1, 12))
def test_noise_between_digits_never_changes_who_is_meant(number: str, noise: str, where: int) -> None:
    assert clean(number[:where] + noise + number[where:]) == number


@pytest.mark.parametrize(
    ("number", "place", "digits"),
    [
        ("+49 7031 73009-23", SINDELFINGEN, "23"),
        ("+49 (7031) 12345", SINDELFINGEN, "00703112345"),
        ("+49 30 555", SINDELFINGEN, "0030555"),
        ("+43 1 234", SINDELFINGEN, "000431234"),
        ("101", SINDELFINGEN, "101"),
        ("+49 7031 73009", SINDELFINGEN, "0" + "0703173009"),  # the number itself is no extension
        ("+49 7031 73008", SINDELFINGEN, "0" + "0703173008"),
        ("0030555", SINDELFINGEN, "0030555"),  # as dialled already
        ("*21*30#", SINDELFINGEN, "*21*30#"),
        ("112", SINDELFINGEN, "112"),
        ("anna", SINDELFINGEN, ""),
        ("+49 030 555", SINDELFINGEN, "0030555"),  # the zero is a mistake; in Greece nobody was meant
        ("+49 (07031) 73009-23", SINDELFINGEN, "23"),
        ("+7 812 3456789", MOSCOW, "988123456789"),  # but this 8 is Saint Petersburg's
        ("+4930555", BERLIN, "9030555"),
        ("+45 12345678", COPENHAGEN, "012345678"),
        ("+46 8 555", COPENHAGEN, "00046" + "8555"),
        ("+1 202 555 0123", WASHINGTON, "912025550123"),
        ("+49 30 555", WASHINGTON, "90114930555"),
        ("+7 495 123", MOSCOW, "98495123"),
        ("+39 06 1234", ROME, "0061234"),
        ("+4930555", NOWHERE_KNOWN, "004930555"),  # where no country is known, all of them are others
    ],
)
def test_a_number_is_dialled_as_the_place_has_it(number: str, place: Location, digits: str) -> None:
    assert dialled(number, place) == digits


@pytest.mark.parametrize(
    ("number", "place", "digits"),
    [
        ("07031 1", SINDELFINGEN, "0070311"),
        ("0049 30 555", SINDELFINGEN, "0004930555"),
        ("0043 1 234", SINDELFINGEN, "000431234"),
        ("07031 73009-23", SINDELFINGEN, "23"),
        ("0049 7031 7300923", SINDELFINGEN, "23"),
        ("07031 73009", SINDELFINGEN, "00703173009"),
        ("+49 30 555", SINDELFINGEN, "0030555"),
        ("101", SINDELFINGEN, "101"),
        ("112", SINDELFINGEN, "112"),
        ("*21#", SINDELFINGEN, "*21#"),
        ("030 555", BERLIN, "9030555"),
        ("1 202 555 0123", WASHINGTON, "912025550123"),
        ("101", COPENHAGEN, "101"),
    ],
)
def test_a_number_from_a_book_has_no_digits_for_a_line(number: str, place: Location, digits: str) -> None:
    assert dialled(number, place, from_book=True) == digits


def test_a_number_from_a_book_that_is_too_long_for_an_extension_is_outside() -> None:
    assert dialled("555 123", BERLIN, from_book=True, internal_digits=3) == "9555123"
    assert dialled("101", BERLIN, from_book=True, internal_digits=3) == "101"


@pytest.mark.parametrize(
    ("digits", "place", "number"),
    [
        ("0703112345", SINDELFINGEN, "+49703112345"),
        ("004312345", SINDELFINGEN, "+4312345"),
        ("12345", SINDELFINGEN, "+49703112345"),
        ("7300923", SINDELFINGEN, "+4970317300923"),
        ("+4930555", SINDELFINGEN, "+4930555"),
        ("+49030555", SINDELFINGEN, "+4930555"),
        ("0049030555", SINDELFINGEN, "+4930555"),
        ("110", SINDELFINGEN, ""),
        ("112", BERLIN, ""),
        ("110", BERLIN, ""),  # not among the emergency numbers there, and still nobody's in Berlin
        ("11880", SINDELFINGEN, ""),
        ("116117", SINDELFINGEN, ""),
        ("115", SINDELFINGEN, ""),
        ("", SINDELFINGEN, ""),
        ("0", SINDELFINGEN, "+49"),
        ("00", SINDELFINGEN, ""),
        ("000", SINDELFINGEN, ""),
        ("*21", SINDELFINGEN, ""),
        ("0²", SINDELFINGEN, ""),
        ("12345678", COPENHAGEN, "+4512345678"),
        ("0046812345", COPENHAGEN, "+46812345"),
        ("5550123", WASHINGTON, "+12025550123"),
        ("2125550123", WASHINGTON, "+12125550123"),  # ten digits, and no 1
        ("12125550123", WASHINGTON, "+12125550123"),
        ("0114930555", WASHINGTON, "+4930555"),
        ("911", WASHINGTON, ""),
        ("411", WASHINGTON, ""),
        ("84951234567", MOSCOW, "+74951234567"),
        ("8104930555", MOSCOW, "+4930555"),  # and not the area 104
        ("061234567", ROME, "+39061234567"),
        ("030555", NOWHERE_KNOWN, ""),
        ("004930555", NOWHERE_KNOWN, "+4930555"),
        ("12345", NOWHERE_KNOWN, ""),
    ],
)
def test_what_follows_the_line_is_a_number_of_the_world(digits: str, place: Location, number: str) -> None:
    assert canonical(digits, place) == number


def test_without_areas_a_number_that_lacks_its_national_prefix_is_none() -> None:
    assert canonical("123456789", Location(country="33")) == ""
    assert canonical("0123456789", Location(country="33")) == "+33123456789"


@given(worldly, places)
def test_what_is_dialled_for_a_number_leads_to_that_number(number: str, place: Location) -> None:
    home = f"+{place.country}"
    assume(not (place.country and number.startswith(home) and number.removeprefix(home)[:1] in "01"))
    digits = dialled(number, place)
    if number.startswith(place.subscriber or "-") and number not in place.subscriber:
        assert number.endswith(digits)
    else:
        assert digits.startswith(place.external)
        found = canonical(digits.removeprefix(place.external), place)
        # Where all of a number is always dialled, a short one may be a service.
        assert found == number or (found == "" and not place.national)


@given(st.text(), places, st.booleans())
def test_no_text_is_too_odd_to_be_looked_at(text: str, place: Location, from_book: bool) -> None:
    number = canonical(text, place)
    assert number == "" or set(number.removeprefix("+")) <= set("0123456789")
    assert toll_of(text, place) in ("free", "external", "international")
    assert set(dialled(text, place, from_book=from_book)) <= set("0123456789*#")


@pytest.mark.parametrize(
    ("number", "place", "toll"),
    [
        ("+4930555", SINDELFINGEN, "external"),
        ("+491711234567", SINDELFINGEN, "external"),
        ("+498001234567", SINDELFINGEN, "external"),
        ("+43123456", SINDELFINGEN, "international"),
        ("+499001234567", SINDELFINGEN, "international"),  # the premium rate
        ("+4990012345670000", SINDELFINGEN, "international"),  # more digits do not make it cheaper
        ("+870772001234", SINDELFINGEN, "international"),  # a ship
        ("110", SINDELFINGEN, "free"),
        ("112", SINDELFINGEN, "free"),
        ("11880", SINDELFINGEN, "external"),
        ("0012", SINDELFINGEN, "international"),
        ("+12125550123", WASHINGTON, "external"),
        ("+18005550123", WASHINGTON, "external"),
        ("+18765551234", WASHINGTON, "international"),  # Jamaica
        ("+187655512340000", WASHINGTON, "international"),
        ("+14165550123", WASHINGTON, "international"),  # Canada
        ("+19005550123", WASHINGTON, "international"),
        ("+441534712345", Location(country="44", area="20"), "international"),  # Jersey
        ("+442079460000", Location(country="44", area="20"), "external"),
        ("+4930555", NOWHERE_KNOWN, "international"),
        ("+447012345678", Location(country="44", area="20"), "international"),  # follows somebody anywhere
        ("+3400431234", Location(country="34", national=""), "international"),  # 00 43 1234 from within Spain
        ("+710431234", MOSCOW, "international"),  # 810 43 1234
        ("4312345", NOWHERE_KNOWN, "international"),  # some would take it for Vienna
        ("0304312345", NOWHERE_KNOWN, "external"),
        ("431234", NOWHERE_KNOWN, "external"),
        ("", SINDELFINGEN, "external"),
    ],
)
def test_dear_calls_are_told_from_others(number: str, place: Location, toll: str) -> None:
    assert toll_of(number, place) == toll


@given(st.text("0123456789", max_size=14))
def test_another_country_is_never_taken_for_the_own(rest: str) -> None:
    assert toll_of("+43" + rest, SINDELFINGEN) == "international"


@given(keys)
def test_whatever_is_dialled_behind_the_international_prefix_costs_as_such(rest: str) -> None:
    digits = "00" + rest
    number = canonical(digits, SINDELFINGEN) or digits
    assert toll_of(number, SINDELFINGEN) == "international" or number.startswith("+49")


def test_a_node_has_the_location_of_the_nearest_node_above() -> None:
    tables = Tables(
        location=SINDELFINGEN,
        nodes=(Node("berlin", number="8", location=BERLIN), Node("lab", parent="berlin", number="1")),
    )
    assert Tree(tables).location(ROOT) == SINDELFINGEN
    assert Tree(tables).location("berlin") == BERLIN
    assert Tree(tables).location("lab") == BERLIN
    assert Tree(tables).location("gone") == SINDELFINGEN


def test_behind_an_escape_a_line_is_taken_by_the_escape_and_the_digits_above() -> None:
    tables = Tables(
        location=BERLIN,
        nodes=(Node("lab", number="8", escape="0"), Node("cell", parent="lab", number="1", escape="7")),
    )
    assert Tree(tables).location("lab").external == "09"
    assert Tree(tables).location("cell").external == "709"


def test_parents_in_a_circle_have_the_location_of_the_root() -> None:
    tables = Tables(location=BERLIN, nodes=(Node("a", parent="b"), Node("b", parent="a")))
    assert Tree(tables).location("a") == BERLIN
