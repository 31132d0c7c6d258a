"""Whether a single value of a configuration can be used, or the sentence that says what it should be."""

import ipaddress
import re

from offhook.dialplan.location import clean
from offhook.dialplan.model import NOWHERE

_OWN = re.compile(r"\+[1-9][0-9]{3,14}", re.ASCII)
_BEGINNING = re.compile(r"\+[1-9][0-9]{0,14}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,16}", re.ASCII)
_DIALLED = re.compile(r"[0-9*#]{1,32}", re.ASCII)
_PATTERN = re.compile(r"[0-9*#?]{0,32}", re.ASCII)
_PART = re.compile(r"\+?[0-9*#]{0,32}", re.ASCII)
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)", re.ASCII)
_WITH_PORT = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?", re.ASCII)


def name(text: str) -> str:
    if not text or len(text) > 64 or text != text.strip() or not text.isprintable():
        return f"{text!r} cannot be a name: use 1 to 64 visible characters."
    return ""


def digits(text: str) -> str:
    return "" if _DIGITS.fullmatch(text) else f"{text!r} must be digits only, without + or blanks."


def dialled(text: str) -> str:
    """A number within the house."""
    return "" if _DIALLED.fullmatch(text) else f"{text!r} must be 1 to 32 of the keys 0-9, * and #."


def pattern(text: str) -> str:
    if _PATTERN.fullmatch(text):
        return ""
    return f"{text!r} must be the keys 0-9, * and #, as they are dialled, or ? for any digit."


def part(text: str) -> str:
    """What a rewrite takes away or puts in."""
    return "" if _PART.fullmatch(text) else f"{text!r} must be digits, with a + at most at the beginning."


def own(text: str) -> str:
    return (
        "" if _OWN.fullmatch(text) else f"{text!r} must be + and digits, with the country code: +49703173009."
    )


def beginning(text: str) -> str:
    return "" if _BEGINNING.fullmatch(text) else f"{text!r} must be + and digits, as in +49 or +4989."


def target(text: str) -> str:
    if text == NOWHERE or clean(text):
        return ""
    return f"{text!r} cannot be dialled: write digits, or + and a country code, or {NOWHERE!r} for nobody."


def telephone(text: str) -> str:
    return "" if clean(text) else f"{text!r} is no telephone number: write it as in +49 171 1234567."


def between(value: float, least: float, most: float, unit: str = "") -> str:
    if least <= value <= most:
        return ""
    return f"{value} must be {least} to {most}{unit and ' ' + unit}."


def host(text: str, *, port: bool = True) -> str:
    """A name or an address; IPv6 in square brackets where a port may follow."""
    remedy = (
        f"{text!r} is no host: write a name or an address, perhaps with a port, as in sip.example.com:5061."
    )
    found = _WITH_PORT.fullmatch(text)
    if found is None:
        return "" if _is_address(text) else remedy
    where, number = found[1], found[2]
    if number is not None and not (port and 1 <= int(number) <= 65535):
        return remedy
    if where.startswith("["):
        return "" if _is_address(where[1:-1]) else remedy
    return "" if _is_name(where) else remedy


def _is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _is_name(text: str) -> bool:
    labels = text.removesuffix(".").split(".")
    if not (len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels)):
        return False
    return _is_address(text) or not labels[-1].isdigit()  # 10.0.0.256 is neither
