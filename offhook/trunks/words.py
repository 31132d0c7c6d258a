"""What an INVITE to a trunk says of who is called, who calls and who has sent the call on.

The number shown stands in From; the one that is ours for certain in P-Asserted- or P-Preferred-Identity,
which Privacy keeps from everybody behind the provider.
"""

from dataclasses import dataclass

from offhook.dialplan.model import Trunk
from offhook.dialplan.world import Way
from offhook.sip import identity
from offhook.sip.compose import RELIABLY
from offhook.sip.identity import ANONYMOUS, PRIVATE, Diversion, Identity
from offhook.sip.uri import Uri
from offhook.trunks.names import split


@dataclass(frozen=True, slots=True)
class Invitation:
    uri: bytes
    local: bytes
    remote: bytes
    headers: bytes


def invitation(way: Way, trunk: Trunk, *, theirs: str, ours: str) -> Invitation:
    """`theirs` is what the other end calls itself, `ours` our own address; both may carry a port."""
    called = address(way.number, theirs)
    domain = trunk.domain or (theirs if trunk.register else ours)
    local = _named(way.name, way.calling, domain) if way.calling else ANONYMOUS
    headers = _identity(way, trunk, domain) + _history(way, trunk, domain, called)
    if trunk.prack:
        headers += RELIABLY
    return Invitation(called, local, b"<%b>" % called, headers)


def account(trunk: Trunk) -> bytes:
    """The address of our account there."""
    return address(trunk.username, trunk.domain or next(iter(trunk.hosts), ""))


def address(user: str, host: str) -> bytes:
    """`host` may carry a port."""
    name, port = split(host)
    return bytes(Uri("sip", user, name, port))


def _named(name: str, user: str, host: str) -> bytes:
    return identity.address(name, user, *split(host))


def _identity(way: Way, trunk: Trunk, domain: str) -> bytes:
    headers = b"" if way.calling else PRIVATE
    number = way.asserted or way.calling
    if not number or trunk.identity == "none":
        return headers
    who = _named(way.name if way.calling else "", number, domain)
    line = identity.asserted_line if trunk.identity == "asserted" else identity.preferred_line
    return headers + line(who)


def _history(way: Way, trunk: Trunk, domain: str, called: bytes) -> bytes:
    if not way.diverting or not way.diverting_why or trunk.diversion_header == "none":
        return b""
    who = Identity("", way.diverting, split(domain)[0])
    if trunk.diversion_header == "diversion":
        return identity.diversion_lines([Diversion(who, way.diverting_why)])
    why = "unconditional" if way.diverting_why == "follow-me" else way.diverting_why  # it knows no other word
    return identity.history_lines([Diversion(who, why)], called)
