"""Numbers as people write them."""

import re
from functools import lru_cache

from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

_WORLDLY = re.compile(r"\+[0-9]{4,15}", re.ASCII)


@lru_cache(8192)
def written(number: str) -> str:
    """+4930555 as +49 30 555; anything else as it is."""
    if not _WORLDLY.fullmatch(number):
        return number
    try:
        shown = format_number(parse(number), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return number
    # A number that is nobody's may lose a zero on the way; what is shown must be what is dialled.
    return shown if re.sub(r"[^0-9+]", "", shown) == number else number
