"""Ids outside, numbers inside: `hq.1a` is row 10 of its table, seen from site `hq`."""

from functools import lru_cache

from offhook.ids import base32, kept_id

NO_ROW = -1  # what an id that is none of ours turns into; no row has it
_LONGEST = 13  # digits: more would not fit the database's 63 bits


class Keys:
    """Turns a site's kept ids into row numbers and back. Ids come from strangers, so none can raise."""

    def __init__(self, site: str) -> None:
        self._site = site
        self.key = lru_cache(maxsize=8192)(self._key)

    def id(self, number: int | None) -> str:
        return "" if number is None else kept_id(self._site, number)

    def key_or_null(self, id: str) -> int | None:
        return self.key(id) if id else None

    def _key(self, id: str) -> int:
        mine, _, digits = id.rpartition(".")
        if mine != self._site or not 2 <= len(digits) <= _LONGEST:
            return NO_ROW
        try:
            number = int(digits[1:], 32)
        except ValueError:
            return NO_ROW
        return number if base32(number) == digits else NO_ROW
