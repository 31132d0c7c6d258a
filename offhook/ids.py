"""Ids: unique over restarts and sites, sortable, fit for a URL.

Kept things are `<site>.<n>` (n from the database), live ones `<site>.<boot>.<n>`;
the numbers are written in base 32 with as many leading digits as keep them sortable.
"""

_DIGITS = "0123456789abcdefghijklmnopqrstuv"


def base32(number: int) -> str:
    """`number` in lower-case base 32, led by its own length so that longer sorts later."""
    digits = ""
    while True:
        number, digit = divmod(number, 32)
        digits = _DIGITS[digit] + digits
        if not number:
            return _DIGITS[len(digits)] + digits


def kept_id(site: str, number: int) -> str:
    """The id of something the database counts: a user, a device, a record."""
    return f"{site}.{base32(number)}"


class LiveIds:
    """Ids for what lives no longer than this start of the server: calls, legs."""

    def __init__(self, site: str, boot: int) -> None:
        self._prefix = f"{site}.{base32(boot)}."
        self._last = 0

    def __call__(self) -> str:
        self._last += 1
        return self._prefix + base32(self._last)
