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
    return msgspec.json.encode(plain(value)).decode()


def kept_or_null(value: Part | None) -> str | None:
    return None if value is None else kept(value)


def read(text: str, kind: type[P], whose: str) -> P:
    """`whose` it is, for the StoreError that says that it is none."""
    try:
        value: P = _read(text, kind)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise StoreError(
            f"{whose} cannot be read: {error} (a newer version may have written it,"
            " or somebody by hand: put it back from a backup)"
        ) from None
    return value


@lru_cache(maxsize=4096)
def _read(text: str, kind: type[Any]) -> Any:  # what `read` has asked for
    return msgspec.json.decode(text, type=kind)


def plain(value: msgspec.Struct) -> dict[str, object]:
    """As dictionaries, lists, texts and numbers; without what is as by default.

    (msgspec's own way leaves out a default text only where it is the very same object.)
    """
    found: dict[str, object] = {}
    if tag := value.__struct_config__.tag:
        found[str(value.__struct_config__.tag_field)] = tag
    for key, inner in given(value).items():
        if isinstance(inner, msgspec.Struct):
            found[key] = plain(inner)
        elif isinstance(inner, tuple):
            found[key] = [plain(one) if isinstance(one, msgspec.Struct) else one for one in inner]
        else:
            found[key] = inner
    return found


def given(value: msgspec.Struct) -> dict[str, object]:
    """The keys that are not as by default, with their values."""
    defaults = _defaults(type(value))
    found = {key: getattr(value, key) for key in value.__struct_fields__}
    return {key: inner for key, inner in found.items() if inner != defaults.get(key, msgspec.NODEFAULT)}


@lru_cache
def _defaults(kind: type[msgspec.Struct]) -> dict[str, object]:
    return {field.name: field.default for field in msgspec.structs.fields(kind)}
