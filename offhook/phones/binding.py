"""One contact of one device: as it is kept, as it lives, and as a REGISTER writes it."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from offhook.phones.addresses import literal, same_host
from offhook.sip.flow import Flow
from offhook.sip.headers import NameAddr, Via, seconds_of, split_list, uri_of
from offhook.sip.message import Malformed, Request
from offhook.sip.uri import Uri, reference
from offhook.store.bindings import KeptBinding

LONGEST = 3600  # seconds, whatever a phone asks for


class BindingStore(Protocol):
    """Keeps bindings over a restart. Both calls return at once; what is written last wins."""

    def put(self, bindings: Sequence[KeptBinding], /) -> object: ...

    def remove(self, contacts: Sequence[tuple[str, bytes]], /) -> object: ...


class Entry(NamedTuple):
    """What one value of a Contact header asks for."""

    uri: bytes
    instance: bytes  # +sip.instance and reg-id, b"" without
    nat: bool  # its Via or Contact names another address than the one its packets come from
    target: tuple[str, int] | None  # where it listens, if we may send there
    seconds: int | None  # its own expires parameter


class Contact:
    """A binding as it lives. `flow` is where requests go, None while there is no way."""

    __slots__ = (
        "binding", "due", "entry", "expires", "flow", "head", "heard", "path", "raw", "source",
        "takes_orders",
    )  # fmt: skip

    def __init__(self, binding: KeptBinding, entry: Entry, expires: float, source: Flow | None) -> None:
        self.binding = binding
        self.entry = entry
        self.expires = expires
        self.head = b"Contact: <%b>;expires=" % binding.contact
        self.raw = b""  # the Contact header as it came: a refresh is recognised by it
        self.path = b""  # RFC 3327: becomes the Route of requests to it
        self.takes_orders = False
        self.heard = 0.0
        self.due: float | None = None  # when the registrar looks at it again; None: it is in no table
        self.source: Flow | None = None
        self.flow: Flow | None = None
        self.arrive(source)

    def arrive(self, source: Flow | None) -> None:
        """It registered over `source`."""
        self.source = self.flow = source
        target = self.entry.target
        if source is not None and source.transport == "udp" and target is not None and target != source[1:3]:
            self.flow = Flow("udp", *target, source.local_host, source.local_port)

    @property
    def can_be_connected_to(self) -> bool:
        return self.binding.flow.transport == "tcp" and self.entry.target is not None

    @property
    def is_reachable(self) -> bool:
        return self.flow is not None or self.can_be_connected_to

    @property
    def needs_keepalive(self) -> bool:
        return self.binding.nat and self.binding.flow.transport == "udp"


def read_entry(value: bytes, via_host: str, flow: Flow) -> Entry:
    """Understand one value of a Contact header. Raises Malformed."""
    address = NameAddr.parse(value)
    if address.uri == b"*":
        raise Malformed("* beside other contacts", value)
    host = Uri.parse(address.uri).host
    params = address.params
    instance = params.get(b"+sip.instance", b"")
    if instance:
        instance = b"%b %b" % (instance, params.get(b"reg-id", b"0"))
    nat = not (same_host(host, flow.host) and same_host(via_host, flow.host))
    uri = address.uri
    own = seconds_of(params[b"expires"], LONGEST) if b"expires" in params else None
    return Entry(uri, instance, nat, None if nat else listens_at(uri), own)


def is_behind_nat(request: Request, flow: Flow) -> bool:
    """Whether a request's Via or Contact names another address than the one it comes from."""
    via, contact = request.get(b"via") or b"", request.get(b"contact") or b""
    sent_by, spelt = b" %b" % reference(flow.host).encode(), b"@%b" % reference(flow.host).encode()
    if via.startswith((sent_by + b":", sent_by + b";"), via.find(b" ")):
        at = contact.find(spelt)
        if at >= 0 and contact[at + len(spelt) : at + len(spelt) + 1] in (b":", b";", b">", b""):
            return False  # nearly always so, and found without reading either
    try:
        via_host = Via.parse(split_list(via)[0]).host
        return not (same_host(via_host, flow.host) and same_host(Uri.parse(uri_of(contact)).host, flow.host))
    except Malformed:
        return False


def listens_at(contact: bytes) -> tuple[str, int] | None:
    """The address in a contact's URI; None for a name, which we do not look up on the way of a call."""
    uri = Uri.parse(contact)
    return None if literal(uri.host) is None else (uri.host, uri.effective_port)
