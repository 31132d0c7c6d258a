"""Which dialog a Replaces names, in a header of its own or within a Refer-To (RFC 3891).

The tags are as the receiver of the INVITE sees them: `to_tag` is his own.
"""

from dataclasses import dataclass

from offhook.sip.grammar import CALL_ID, WORD
from offhook.sip.malformed import Malformed


@dataclass(frozen=True, slots=True)
class Replaces:
    call_id: bytes
    to_tag: bytes
    from_tag: bytes
    early_only: bool = False  # it must not have been answered

    @classmethod
    def parse(cls, value: bytes) -> "Replaces":
        """Raises Malformed, also where there are two, or where a tag is missing or given twice (§6.1)."""
        call_id, *params = [part.strip() for part in value.split(b";")]
        tags: dict[bytes, bytes] = {}
        for param in params:
            name, _, text = [word.strip() for word in param.partition(b"=")]
            name = name.lower()
            if name in tags or not WORD.match(name):
                raise Malformed("Bad Replaces", value)
            tags[name] = text
        to_tag, from_tag = tags.get(b"to-tag", b""), tags.get(b"from-tag", b"")
        if not (CALL_ID.match(call_id) and WORD.match(to_tag) and WORD.match(from_tag)):
            raise Malformed("Bad Replaces", value)
        return cls(call_id, to_tag, from_tag, b"early-only" in tags)
