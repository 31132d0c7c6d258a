"""Who calls, who is reached and who has sent the call on, as providers say it in their headers.

P-Asserted-Identity and P-Preferred-Identity (RFC 3325), Remote-Party-ID, Privacy (RFC 3323), Diversion
(RFC 5806), History-Info (RFC 7044, RFC 7544). Reading never raises: what cannot be read
says nothing. Whether any of it is to be believed, the reader knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from offhook.sip.headers import NameAddr, params_of, split_list
from offhook.sip.malformed import Malformed
from offhook.sip.message import Message
from offhook.sip.uri import Uri

ANONYMOUS: Final = b'"Anonymous" <sip:anonymous@anonymous.invalid>'
PRIVATE: Final = b"Privacy: id\r\n"

_HIDING: Final = frozenset((b"id", b"user", b"header"))
_NOBODY: Final = frozenset(("", "anonymous", "unknown", "unavailable", "restricted"))
_NOT_GIVEN: Final = "anonymous.invalid"

# RFC 7544 §7: what a Diversion calls by a word, History-Info calls by a number.
_CAUSES: Final = {
    "unconditional": 302, "user-busy": 486, "no-answer": 408, "deflection": 480, "unavailable": 503,
}  # fmt: skip
_UNKNOWN_CAUSE: Final = 404
_REASONS: Final = {cause: reason for reason, cause in _CAUSES.items()} | {487: "deflection"}


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody by name and address; of a tel URI the number is the `user`, and there is no host."""

    name: str
    user: str
    host: str = ""
    is_private: bool = False  # known to us, but not to be shown to others

    @property
    def is_anonymous(self) -> bool:
        """Whether it tells nobody who that is."""
        return self.user.lower() in _NOBODY or self.host == _NOT_GIVEN


@dataclass(frozen=True, slots=True)
class Diversion:
    """Who has sent a call on, and why, in the words of RFC 5806: unconditional, user-busy, no-answer…"""

    who: Identity
    reason: str = "unknown"
    count: int = 1


# -- reading


def sender(message: Message) -> Identity | None:
    """Whom the From names."""
    return _identity(message.get(b"from") or b"", is_private=False)


def asserted(message: Message) -> Identity | None:
    """Whom a P-Asserted-Identity vouches for; private if the Privacy says so."""
    return _first(message, b"p-asserted-identity")


def remote_party(message: Message) -> Identity | None:
    """The calling, or in a response the called, of a Remote-Party-ID, the forerunner of the asserted one."""
    for value in split_list(message.get(b"remote-party-id") or b""):
        given = params_of(value)
        if given.get(b"party", b"calling").lower() in (b"calling", b"called"):
            hides = given.get(b"privacy", b"off").lower() not in (b"off", b"none")
            return _identity(value, is_private=hides or wants_privacy(message))
    return None


def connected(message: Message) -> Identity | None:
    """Whom we talk to, as a network says that vouches for it."""
    return asserted(message) or remote_party(message)


def wants_privacy(message: Message) -> bool:
    """Whether who sends this wishes not to be shown."""
    value = message.get(b"privacy")
    return value is not None and not _HIDING.isdisjoint(
        value.lower().replace(b" ", b"").replace(b",", b";").split(b";")
    )


def diversions(message: Message) -> tuple[Diversion, ...]:
    """Who has sent this call on, the last one first: by Diversion, or else by History-Info."""
    found = [_diversion(value) for value in split_list(message.get(b"diversion") or b"")]
    told = [one for one in found if one is not None]
    return tuple(told or _from_history(split_list(message.get(b"history-info") or b"")))


# -- writing


def address(name: str, user: str, host: str, port: int | None = None) -> bytes:
    """A name-addr; nothing in the name or the number can become a header of its own."""
    display = "".join([letter if letter.isprintable() else " " for letter in name])
    return bytes(NameAddr(display, bytes(Uri("sip", user, host, port))))


def asserted_line(who: bytes) -> bytes:
    return b"P-Asserted-Identity: %b\r\n" % who


def preferred_line(who: bytes) -> bytes:
    return b"P-Preferred-Identity: %b\r\n" % who


def diversion_lines(diverted: Sequence[Diversion]) -> bytes:
    """One line for each, the last who sent it on first."""
    lines = []
    for one in diverted:
        who = address(one.who.name, one.who.user, one.who.host)
        privacy = b"full" if one.who.is_private else b"off"
        rest = (who, one.reason.encode("ascii", "replace"), one.count, privacy)
        lines.append(b"Diversion: %b;reason=%b;counter=%d;privacy=%b;screen=yes\r\n" % rest)
    return b"".join(lines)


def history_lines(diverted: Sequence[Diversion], target: bytes) -> bytes:
    """The way from whoever was called first to `target`, the URI that is called now (RFC 7044 §10)."""
    lines = []
    index, cause = b"1", b""
    for one in reversed(diverted):
        uri = bytes(Uri("sip", one.who.user, one.who.host))
        privacy = b"?Privacy=history" if one.who.is_private else b""
        lines.append(b"History-Info: <%b%b%b>;index=%b%b\r\n" % (uri, cause, privacy, index, _mapped(index)))
        cause = b";cause=%d" % _CAUSES.get(one.reason, _UNKNOWN_CAUSE)
        index += b".1"
    lines.append(b"History-Info: <%b%b>;index=%b%b\r\n" % (target, cause, index, _mapped(index)))
    return b"".join(lines)


# -- how


def _first(message: Message, header: bytes) -> Identity | None:
    """The first that can be read; providers give a tel URI beside the sip one, with the same number."""
    for value in split_list(message.get(header) or b""):
        found = _identity(value, is_private=wants_privacy(message))
        if found is not None:
            return found
    return None


def _identity(value: bytes, *, is_private: bool) -> Identity | None:
    try:
        found = NameAddr.parse(value)
        uri = Uri.parse(found.uri)
    except Malformed:
        return None
    number = uri.user.partition(";")[0]  # without its phone-context
    return Identity(found.display, number, uri.host, is_private)


def _diversion(value: bytes) -> Diversion | None:
    given = params_of(value)
    hides = given.get(b"privacy", b"off").lower() not in (b"off", b"no", b"none")
    who = _identity(value, is_private=hides)
    if who is None:
        return None
    count = given.get(b"counter", b"1")
    number = int(count) if count.isdigit() and len(count) < 4 else 1
    return Diversion(who, _text(given.get(b"reason", b"unknown")).lower(), number)


def _from_history(entries: list[bytes]) -> list[Diversion]:
    """Each entry with a cause was reached because the one before it sent the call on (RFC 7544 §5)."""
    found: list[Diversion] = []
    before: Identity | None = None
    for entry in entries:
        try:
            uri = Uri.parse(NameAddr.parse(entry).uri)
        except Malformed:
            before = None
            continue
        cause = uri.params.get(b"cause", b"")
        if before is not None and cause.isdigit() and len(cause) < 4:
            found.append(Diversion(before, _REASONS.get(int(cause), "unknown")))
        hides = b"history" in uri.headers.get(b"privacy", b"").lower()
        before = _identity(entry, is_private=hides)
    return found[::-1]


def _mapped(index: bytes) -> bytes:
    """Which entry this one was made of: the one it stands under."""
    above = index.rpartition(b".")[0]
    return b";mp=" + above if above else b""


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
