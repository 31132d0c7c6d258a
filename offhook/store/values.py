"""Values of the dial plan that are kept as JSON in one column.

Written, equal values are equal texts; read, equal texts become one value in memory.
"""

from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from offhook.dialplan.model import Part
from offhook.store.database import StoreError

P = TypeVar("P", bound=Part)


def kept(value: Part) -> str:
    return msgspec.json.encode(value).decode()


def kept_or_null(value: Part | None) -> str | None:
    return None if value is None else kept(value)


def read(text: str, kind: type[P], whose: str) -> P:
    """`whose` it is, for the StoreError that says that it is none."""
    try:
        value: P = _read(text, kind)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise StoreError(
            f"{whose} cannot be read: {error} (a newer version may have written it,"
            " or somebody by hand: apply a configuration that has it anew)"
        ) from None
    return value


@lru_cache(maxsize=4096)
def _read(text: str, kind: type[Any]) -> Any:  # what `read` has asked for
    return msgspec.json.decode(text, type=kind)
