"""Where each phone can be reached: REGISTER, RFC 3261 §10, and what it takes to keep reaching them.

The table in memory is the truth; what changes is told to a `BindingStore`, gathered for a moment, so
that a phone which refreshes costs no disk of its own. Requests go to a phone over its flow: the way its
REGISTER came, or, over UDP without NAT in between, to the Contact it named.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from heapq import heapify, heappop, heappush

from offhook.phones.binding import (
    LONGEST,
    BindingStore,
    Contact,
    Entry,
    listens_at,
    read_entry,
)
from offhook.phones.words import obeys
from offhook.sip.flow import Flow
from offhook.sip.headers import Via, seconds_of, split_list
from offhook.sip.message import Malformed, Request
from offhook.sip.uri import Uri
from offhook.store.bindings import KeptBinding

CONTACTS_PER_DEVICE = 10
SHORTEST = 60  # seconds; less is refused with 423
LONGEST_OVER_A_CONNECTION = 300  # where only the phone itself can come back after we were away
GATHER_SECONDS = 0.05  # changes wait this long to be written together
KEEPALIVE_SECONDS = (25.0, 30.0)  # a NAT forgets a silent UDP flow after 30 s at the earliest

Change = tuple[Contact | None, Contact | None]  # a contact there was, and the one that takes its place


class Registrar:
    """All bindings. No method looks at more than one device's."""

    def __init__(
        self,
        store: BindingStore,
        wall: Callable[[float], float],  # Unix time, given `now`
        changed: Callable[[str, int], None],  # a device's id, and in how many places it can be reached now
    ) -> None:
        self._store = store
        self._wall = wall
        self._changed = changed
        self._of: dict[str, list[Contact]] = {}
        self._by_source: dict[Flow, list[Contact]] = {}
        self._by_flow: dict[Flow, list[Contact]] = {}  # connections only
        self._due: list[tuple[float, int, Contact]] = []
        self._pushed = 0
        self._put: dict[tuple[str, bytes], KeptBinding] = {}
        self._removed: dict[tuple[str, bytes], None] = {}
        self._flush_at: float | None = None

    def register(self, request: Request, flow: Flow, device: str, now: float) -> tuple[int, bytes]:
        """Carry out a REGISTER of this device, all of it or nothing: status and headers of the answer."""
        raw = request.get(b"contact")
        if raw is None:
            return 200, self._listed(device, now)
        try:
            changes = self._read(request, raw, flow, device, now)
        except Malformed as why:
            return why.status, b""
        if isinstance(changes, int):
            return changes, b"Min-Expires: %d\r\n" % SHORTEST if changes == 423 else b""
        before = self.reachable(device)
        for old, new in changes:
            self._replace(old, new, now)
        self._trim(device, now)
        if (count := self.reachable(device)) != before:
            self._changed(device, count)
        headers = self._listed(device, now)
        if (path := request.get(b"path")) is not None:
            headers += b"Path: " + path + b"\r\n"
        return 200, headers

    def contacts(self, device: str) -> list[Contact]:
        """Where this device can ring: of several ways to one instance, the latest."""
        best: dict[bytes, Contact] = {}
        for contact in self._of.get(device, ()):
            if contact.is_reachable:
                instance = contact.binding.instance.partition(b" ")[0] or contact.binding.contact
                if instance not in best or best[instance].heard < contact.heard:
                    best[instance] = contact
        return list(best.values())

    def reachable(self, device: str) -> int:
        return sum([contact.is_reachable for contact in self._of.get(device, ())])

    def is_registered(self, flow: Flow, device: str) -> bool:
        """Whether this device registered over this very flow."""
        return any(contact.binding.device == device for contact in self._by_source.get(flow, ()))

    def takes_orders(self, device: str, uri: bytes) -> bool:
        """Whether the phone at this contact said that it can be told to answer and to hold."""
        return any(each.takes_orders for each in self._of.get(device, ()) if each.binding.contact == uri)

    def attach(self, contact: Contact, flow: Flow) -> None:
        """From now on this contact is reached over `flow`, a connection."""
        before = self.reachable(contact.binding.device)
        self._forget_flow(contact)
        contact.flow = flow
        self._by_flow.setdefault(flow, []).append(contact)
        if (count := self.reachable(contact.binding.device)) != before:
            self._changed(contact.binding.device, count)

    def came_back(self, device: str, uri: bytes, flow: Flow) -> None:
        """A device has proved itself on this connection: a contact that had lost its way is found again."""
        for contact in self._of.get(device, ()):
            if contact.flow is None and flow.is_reliable and contact.binding.contact == uri:
                contact.source = flow
                self._by_source.setdefault(flow, []).append(contact)
                self.attach(contact, flow)

    def flow_closed(self, flow: Flow) -> None:
        """A connection is gone: who cannot be connected to waits until it comes back."""
        for contact in self._by_source.pop(flow, ()):
            contact.source = None
        for contact in self._by_flow.pop(flow, ()):
            device = contact.binding.device
            before = self.reachable(device)
            contact.flow = None
            if (count := self.reachable(device)) != before:
                self._changed(device, count)

    def forget(self, device: str, now: float) -> None:
        """The device is no longer one of ours."""
        for contact in list(self._of.get(device, ())):
            self._drop(contact, now)
        self._changed(device, 0)

    def restore(self, rows: Iterable[KeptBinding], now: float) -> None:
        """Take bindings back in after a restart. Over UDP their flow is as good as before."""
        wall = self._wall(now)
        found: set[str] = set()
        for row in rows:
            if row.expires_at <= wall:
                continue
            source = row.flow if row.flow.transport == "udp" else None
            entry = Entry(
                row.contact, row.instance, row.nat, None if row.nat else listens_at(row.contact), None
            )
            contact = Contact(row, entry, now + row.expires_at - wall, source)
            self._file(contact)
            contact.due = self._look_again(contact, now, first=True)
            self._pushed += 1
            self._due.append((contact.due, self._pushed, contact))
            found.add(row.device)
        heapify(self._due)
        for device in found:
            self._changed(device, self.reachable(device))

    def next_timeout(self) -> float | None:
        """When `tick` is due."""
        due = self._due[0][0] if self._due else None
        if self._flush_at is None or (due is not None and due < self._flush_at):
            return due
        return self._flush_at

    def tick(self, now: float) -> list[Contact]:
        """Forget what has expired, write what has changed. Returns whom to send a keep-alive."""
        silent: list[Contact] = []
        while self._due and self._due[0][0] <= now:
            at, _, contact = heappop(self._due)
            if contact.due != at:
                continue
            if contact.expires <= now:
                device = contact.binding.device
                self._drop(contact, now)
                self._changed(device, self.reachable(device))
            else:
                if contact.needs_keepalive:
                    silent.append(contact)
                self._push(contact, self._look_again(contact, now))
        if self._flush_at is not None and self._flush_at <= now:
            self.flush()
        return silent

    def flush(self) -> None:
        """Hand what has changed to the store."""
        self._flush_at = None
        if self._removed:
            removed, self._removed = list(self._removed), {}
            self._store.remove(removed)
        if self._put:
            put, self._put = list(self._put.values()), {}
            self._store.put(put)

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    # ---- reading

    def _read(self, request: Request, raw: bytes, flow: Flow, device: str, now: float) -> list[Change] | int:
        """What it asks for; or the status of a refusal."""
        have = self._of.get(device, [])
        call_id, cseq = request.call_id, request.cseq
        default = seconds_of(request.get(b"expires"), LONGEST)
        if raw.strip() == b"*":
            if default != 0:
                return 400  # it may only take all away (RFC 3261 §10.2.2)
            return 500 if any(_is_late(old, call_id, cseq) for old in have) else [(old, None) for old in have]
        if len(have) == 1 and have[0].raw == raw and have[0].source == flow:
            entries = [have[0].entry]
        else:
            via_host = Via.parse(split_list(request.get(b"via") or b"")[0]).host
            values = split_list(raw)
            if len(values) > CONTACTS_PER_DEVICE:
                return 403
            entries = _without_repeats([read_entry(value, via_host, flow) for value in values])
        changes: list[Change] = []
        left = list(have)
        for entry in entries:
            if (old := _find(left, entry)) is not None:
                left.remove(old)
            if old is not None and _is_late(old, call_id, cseq):
                return 500  # RFC 3261 §10.3, step 7
            lasting = min(default if entry.seconds is None else entry.seconds, LONGEST)
            if 0 < lasting < SHORTEST:
                return 423
            if lasting == 0:
                changes.append((old, None))
                continue
            if flow.transport == "tls" or (flow.transport == "tcp" and entry.nat):
                lasting = min(lasting, LONGEST_OVER_A_CONNECTION)
            user_agent = (request.get(b"user-agent") or b"")[:200]
            expires_at = self._wall(now) + lasting
            binding = KeptBinding(
                device, entry.uri, flow, entry.instance, call_id, cseq, expires_at, entry.nat, user_agent
            )
            new = Contact(binding, entry, now + lasting, flow)
            new.raw, new.heard = raw if len(entries) == 1 else b"", now
            new.path = request.get(b"path") or b""
            new.takes_orders = obeys(request.get(b"allow-events") or b"")
            changes.append((old, new))
        return changes

    def _listed(self, device: str, now: float) -> bytes:
        there = self._of.get(device, ())
        return b"".join([b"%b%d\r\n" % (each.head, max(1, round(each.expires - now))) for each in there])

    # ---- the table

    def _replace(self, old: Contact | None, new: Contact | None, now: float) -> None:
        if old is not None and new is not None and old.binding.contact == new.binding.contact:
            self._refresh(old, new, now)
            return
        if old is not None:
            self._drop(old, now)
        if new is not None:
            self._file(new)
            self._push(new, self._look_again(new, now, first=True))
            self._keep(new.binding, now)

    def _refresh(self, old: Contact, new: Contact, now: float) -> None:
        """The same contact again, perhaps by another way."""
        if old.source != new.source or old.entry != new.entry:
            self._unfile_flows(old)
            old.entry = new.entry
            old.arrive(new.source)
            self._file_flows(old)
        old.binding, old.expires, old.heard = new.binding, new.expires, now
        old.raw, old.path, old.takes_orders = new.raw, new.path, new.takes_orders
        if old.due is None or new.expires < old.due:
            self._push(old, self._look_again(old, now))
        self._keep(new.binding, now)

    def _file(self, contact: Contact) -> None:
        self._of.setdefault(contact.binding.device, []).append(contact)
        self._file_flows(contact)

    def _drop(self, contact: Contact, now: float) -> None:
        contact.due = None
        key = contact.binding.device, contact.binding.contact
        self._put.pop(key, None)
        self._removed[key] = None
        self._write_soon(now)
        self._unfile_flows(contact)
        have = self._of[contact.binding.device]
        have.remove(contact)
        if not have:
            del self._of[contact.binding.device]

    def _trim(self, device: str, now: float) -> None:
        """Those not heard of for longest make room."""
        have = self._of.get(device, [])
        while len(have) > CONTACTS_PER_DEVICE:
            self._drop(min(have, key=lambda contact: contact.heard), now)

    def _file_flows(self, contact: Contact) -> None:
        if contact.source is not None:
            self._by_source.setdefault(contact.source, []).append(contact)
        if contact.flow is not None and contact.flow.is_reliable:
            self._by_flow.setdefault(contact.flow, []).append(contact)

    def _unfile_flows(self, contact: Contact) -> None:
        if contact.source is not None:
            _discard(self._by_source, contact.source, contact)
        self._forget_flow(contact)

    def _forget_flow(self, contact: Contact) -> None:
        if contact.flow is not None and contact.flow.is_reliable:
            _discard(self._by_flow, contact.flow, contact)

    def _keep(self, binding: KeptBinding, now: float) -> None:
        key = binding.device, binding.contact
        self._removed.pop(key, None)
        self._put[key] = binding
        self._write_soon(now)

    def _write_soon(self, now: float) -> None:
        if self._flush_at is None:
            self._flush_at = now + GATHER_SECONDS

    # ---- when to look at a contact again: one valid entry each, `contact.due`

    def _push(self, contact: Contact, at: float) -> None:
        contact.due = at
        self._pushed += 1
        heappush(self._due, (at, self._pushed, contact))

    def _look_again(self, contact: Contact, now: float, *, first: bool = False) -> float:
        if not contact.needs_keepalive:
            return contact.expires
        soonest, latest = KEEPALIVE_SECONDS
        wait = random.uniform(0.0 if first else soonest, latest)  # noqa: S311  # spreads work, guards nothing
        return min(contact.expires, now + wait)


def _find(have: Sequence[Contact], entry: Entry) -> Contact | None:
    """The contact that this entry is about."""
    return next((contact for contact in have if _are_one(contact.entry, entry)), None)


def _without_repeats(entries: Sequence[Entry]) -> list[Entry]:
    """Of what is named twice in one request, the last counts."""
    return [
        entry
        for place, entry in enumerate(entries)
        if not any(_are_one(entry, later) for later in entries[place + 1 :])
    ]


def _are_one(one: Entry, other: Entry) -> bool:
    """The same phone by its own word, or else the same URI (RFC 3261 §19.1.4)."""
    if one.uri == other.uri:
        return True
    if one.instance and other.instance:
        return one.instance == other.instance
    return Uri.parse(one.uri).same_as(Uri.parse(other.uri))


def _is_late(contact: Contact, call_id: bytes, cseq: int) -> bool:
    return contact.binding.call_id == call_id and cseq <= contact.binding.cseq


def _discard(table: dict[Flow, list[Contact]], flow: Flow, contact: Contact) -> None:
    there = table.get(flow)
    if there is not None and contact in there:
        there.remove(contact)
        if not there:
            del table[flow]
