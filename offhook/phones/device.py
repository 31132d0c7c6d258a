"""A desk phone as something that can ring: reachable while it is registered, one leg for each contact."""

from collections.abc import Callable

from offhook.calls.leg import Leg, Party
from offhook.calls.media import G711, Codecs
from offhook.people.directory import DeviceInfo
from offhook.phones.binding import Contact
from offhook.phones.leg import PhoneLeg
from offhook.phones.lines import Lines, Place
from offhook.phones.registrar import Registrar


class PhoneDevice:
    """The live side of one registered device, for routing."""

    def __init__(
        self,
        info: DeviceInfo,
        party: Callable[[DeviceInfo], Party],  # asked each time: users are renamed
        registrar: Registrar,
        lines: Lines,
        *,
        ids: Callable[[], str],
        connect: Callable[[Contact], None],  # to a contact that listens for TCP
    ) -> None:
        self._info = info
        self._party = party
        self._registrar = registrar
        self._lines = lines
        self._ids = ids
        self._connect = connect

    @property
    def id(self) -> str:
        return self._info.id

    @property
    def party(self) -> Party:
        return self._party(self._info)

    @property
    def is_reachable(self) -> bool:
        return self._registrar.reachable(self._info.id) > 0

    @property
    def speaks(self) -> Codecs:
        return G711  # many know more; each says so in its own descriptions

    def open_legs(self) -> list[Leg]:
        legs: list[Leg] = []
        for contact in self._registrar.contacts(self._info.id):
            if contact.flow is None:
                self._connect(contact)
            if contact.flow is not None:
                binding = contact.binding
                route = b"Route: %b\r\n" % contact.path if contact.path else b""
                place = Place(contact.flow, binding.contact, binding.nat, route, contact.takes_orders)
                legs.append(PhoneLeg(self._ids(), self.party, self._info, place, self._lines))
        return legs
