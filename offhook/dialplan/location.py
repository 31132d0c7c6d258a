"""Numbers as a place writes and dials them, and as the world does: +E.164."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberType,
    is_possible_number,
    is_valid_number,
    number_type,
    parse,
    region_code_for_country_code,
    region_code_for_number,
    shortnumberinfo,
)

from offhook.dialplan.model import ROOT, Location, Node
from offhook.dialplan.world import Toll

_LONGEST = 40  # characters; E.164 has fifteen, and some prefixes come before them
_KEYS = frozenset("0123456789*#")
_DIALLED = re.compile(r"[0-9]+", re.ASCII)
_NOISE = frozenset("-/.[]{}")  # besides blanks, dashes of all kinds and what nobody sees
_WITH_ZERO = re.compile(r"(\+|00)([1-9][0-9]{0,2})o(.*)", re.ASCII)
_KEEPS_ZERO = ("39", "378")  # Italy and San Marino dial it from abroad too
_DEAR = (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.PERSONAL_NUMBER)
_SHORTEST = 7  # digits of a number of any country, with its code, that could be somebody's


# ---- as typed


def clean(typed: str) -> str:
    """A number without what people write into it to read it better; empty for what is no number."""
    if _DIALLED.fullmatch(typed) and len(typed) <= _LONGEST:
        return typed
    typed = typed.strip()
    if len(typed) > 4 * _LONGEST:
        return ""
    kept = "".join(_read(c) for c in (typed[4:] if typed[:4].lower() == "tel:" else typed))
    if "?" in kept:
        return ""
    # A zero in brackets is only dialled within the country: +49 (0) 30 555.
    kept = kept.replace("(0)", "o").replace("(", "").replace(")", "")
    if (found := _WITH_ZERO.fullmatch(kept)) and found[2] not in _KEEPS_ZERO:
        kept = found[1] + found[2] + found[3]
    kept = kept.replace("o", "0")
    digits = kept.removeprefix("+")
    if not digits or len(kept) > _LONGEST or "+" in digits:
        return ""
    if digits != kept and not digits.isdigit():
        return ""  # stars have no place in a number of the world
    return kept


def _read(char: str) -> str:
    """What a character stands for; "?" if it belongs to no number."""
    if char in _KEYS or char in "+()":
        return char
    if char in _NOISE or char.isspace() or unicodedata.category(char) in ("Pd", "Cf"):
        return ""
    if char == "＋":
        return "+"
    return str(value) if (value := unicodedata.decimal(char, -1)) >= 0 else "?"


# ---- as dialled


def dialled(number: str, location: Location, *, from_book: bool = False, internal_digits: int = 0) -> str:
    """What is dialled here to reach a number as it is written in a book or shown in a list.

    What a person dials on a phone is taken as dialled, unless it begins with +. A number `from_book`
    is one that was written down for everybody: with a national prefix, and without digits for a line;
    one of more than `internal_digits` is outside too, where it is known how many those have at most.
    """
    digits = clean(number)
    if digits.startswith("+"):
        digits = canonical(digits, location) or digits
        return _extension(digits, location) or _abroad_or_home(digits, location)
    if not from_book or not digits.isdigit() or digits in location.emergency:
        return digits
    national, international = location.national, location.international
    if (international and digits.startswith(international)) or (national and digits.startswith(national)):
        return _extension(canonical(digits, location), location) or location.external + digits
    if internal_digits and len(digits) > internal_digits:
        return location.external + digits
    return digits


def _extension(number: str, location: Location) -> str:
    ours = [own for own in location.subscriber if number.startswith(own)]
    return number.removeprefix(max(ours, key=len)) if ours else ""


def _abroad_or_home(number: str, location: Location) -> str:
    if location.country and number.startswith(home := f"+{location.country}"):
        return location.external + location.national + number.removeprefix(home)
    return location.external + location.international + number[1:]


# ---- as the world knows it


@lru_cache(4096)
def canonical(digits: str, location: Location) -> str:
    """+E.164 of what follows the digits for an outside line; empty if it has none, like 110 or 11880."""
    if digits.startswith("+"):
        return _worldly(digits[1:], location)
    if not _DIALLED.fullmatch(digits) or digits in location.emergency:
        return ""
    # The longer prefix first: of 8 and 810 the shorter is the beginning of the longer one.
    for prefix in sorted((location.international, location.national), key=len, reverse=True):
        if prefix and digits.startswith(prefix):
            rest = digits.removeprefix(prefix)
            if prefix == location.international:
                return _worldly(rest, location)
            return _worldly(location.country + rest, location) if location.country else ""
    return _within(digits, location)


def _within(digits: str, location: Location) -> str:
    """Without any prefix: a number of the area, or of the country where people always dial all of it."""
    if not location.country or _is_service(digits, location.country):
        return ""
    whole = location.country + digits
    if location.area and location.national:
        local = location.country + location.area + digits
        if _is_possible(local) or not _is_possible(whole):
            return f"+{local}"
        return f"+{whole}"  # ten digits in America
    return "" if location.national else f"+{whole}"


def _worldly(digits: str, location: Location) -> str:
    """No length is refused: the networks do not look at what is too much, so it must not hide what it is."""
    if not _DIALLED.fullmatch(digits) or digits[0] == "0":
        return ""
    # +49 030 555 is a common mistake, and with its zero would be dialled as a number in Greece.
    home = location.country
    if home and location.national == "0" and digits.startswith(home):
        return f"+{home}{digits.removeprefix(home).lstrip('0')}"
    return f"+{digits}"


def _is_service(digits: str, country: str) -> bool:
    region = _region(country)
    try:
        return shortnumberinfo.is_valid_short_number_for_region(parse(digits, region), region)
    except NumberParseException:
        return len(digits) <= 2  # too short for anybody's number


# ---- what it costs


@lru_cache(4096)
def toll_of(number: str, location: Location) -> Toll:
    """Who calls +E.164, or digits that have none, pays for this.

    Whatever costs more than a call within the country counts as international: premium rates, numbers
    that follow a person anywhere, and other countries that share the code.
    """
    if number in location.emergency:
        return "free"
    if not number.startswith("+"):
        abroad = _is_abroad(number, location) or may_be_abroad(number, location)
        return "international" if abroad else "external"
    home = f"+{location.country}"
    if not location.country or not number.startswith(home):
        return "international"
    if _is_abroad(location.national + number.removeprefix(home), location):
        return "international"  # so it would be, where it is dialled as a number within the country
    if (somebody := _somebody(number)) is None:
        return "external"
    kind = number_type(somebody)
    if kind == PhoneNumberType.TOLL_FREE:
        return "external"
    return "international" if kind in _DEAR or _is_foreign(somebody, location) else "external"


def may_be_abroad(digits: str, location: Location) -> bool:
    """Whether a provider may take digits for a number of the world of which we know no such one."""
    is_national = bool(location.national) and digits.startswith(location.national)
    return len(digits) >= _SHORTEST and not is_national


def _is_abroad(digits: str, location: Location) -> bool:
    return bool(location.international) and digits.startswith(location.international)


def _somebody(number: str) -> PhoneNumber | None:
    """The longest beginning that is a number of somebody: digits behind it do not change who is called."""
    for end in range(min(len(number), 16), _SHORTEST, -1):
        if (found := _parsed(number[1:end])) and is_valid_number(found):
            return found
    return None


def _is_foreign(number: PhoneNumber, location: Location) -> bool:
    """Jamaica has the country code of the United States, and Jersey that of the United Kingdom."""
    region = region_code_for_number(number)
    return region is not None and region != _region(location.country, location.area)


@lru_cache(64)
def _region(country: str, area: str = "") -> str:
    if not country.isdigit():
        return "ZZ"
    if area and (home := _parsed(country + area + "5550123")) and (region := region_code_for_number(home)):
        return region
    return region_code_for_country_code(int(country))


def _is_possible(digits: str) -> bool:
    return (found := _parsed(digits)) is not None and is_possible_number(found)


def _parsed(digits: str) -> PhoneNumber | None:
    try:
        return parse(f"+{digits}")
    except NumberParseException:
        return None


# ---- in the tree


@dataclass(frozen=True, slots=True)
class Sited:
    """The location of a node, and the node it was laid down for: extensions of its numbers are there."""

    node: str
    location: Location


def sited(node: str, nodes: dict[str, Node], top: Location) -> Sited:
    """The location of a node: its own, or that of the nearest node above that has one.

    Where an escape is between them, it comes before the digits that take an outside line.
    """
    escapes = ""
    for here in upwards(node, nodes):
        if here.location is not None:
            return Sited(here.name, _behind(escapes, here.location))
        escapes += here.escape
    return Sited(ROOT, _behind(escapes, top))


def upwards(node: str, nodes: dict[str, Node]) -> Iterator[Node]:
    """A node and those above it, without the root; it ends even if they should go in a circle."""
    seen: set[str] = set()
    while node != ROOT and node not in seen and (here := nodes.get(node)) is not None:
        yield here
        seen.add(node)
        node = here.parent


def _behind(escapes: str, location: Location) -> Location:
    return msgspec.structs.replace(location, external=escapes + location.external) if escapes else location
