"""What all legs of phones share, and where one phone is for the length of a call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from offhook.calls.leg import Leg, LegEvent
from offhook.calls.media import Bridge, Kind, Port, PortEvent, PortReport
from offhook.people.directory import Srtp
from offhook.phones.addresses import Addresses
from offhook.sip.dialog import TalkingDialog
from offhook.sip.endpoint import Endpoint
from offhook.sip.flow import Flow

HOPS = 70  # for calls of our own


class PortOwner(Protocol):
    """Whoever wants to hear what becomes of a port."""

    def heard_from_port(self, event: PortEvent, now: float) -> None: ...


class DialogKeeper(Protocol):
    """Keeps over a crash what a BYE needs. Both calls return at once."""

    def talks(self, leg: str, dialog: TalkingDialog) -> None: ...

    def ended(self, leg: str) -> None: ...


Reported = Callable[[Leg, PortReport, float], None]  # told how a leg sounds


def unheard(leg: Leg, report: PortReport, now: float) -> None:
    """Nobody wants to know."""


class Lines:
    """What all legs of phones share, and how many of them there are."""

    def __init__(
        self,
        endpoint: Endpoint,
        tell: Callable[[Leg, LegEvent, float], None],
        now: Callable[[], float],
        addresses: Addresses,
        owners: dict[Port, PortOwner],
        dialogs: DialogKeeper,
        reported: Reported = unheard,
    ) -> None:
        self.endpoint = endpoint
        self.tell = tell
        self.now = now
        self.addresses = addresses
        self.owners = owners
        self.dialogs = dialogs
        self.reported = reported
        self.unanswered = 0  # INVITEs that have had no 18x and no final answer
        self._of: dict[str, int] = {}

    def open_port(self, owner: PortOwner, bridge: Bridge, place: "Place", srtp: Srtp) -> Port:
        """A port for the sound of the phone at `place`. Raises NoMedia."""
        flow = place.flow
        port = bridge.open(
            Kind.PHONE,
            flow_host=self.addresses.host(flow),
            peer=flow.host,
            nat=place.nat,
            srtp=srtp,
            secure=flow.transport == "tls",
        )
        self.owners[port] = owner
        return port

    def close_port(self, port: Port) -> None:
        self.owners.pop(port, None)
        port.close()

    def calls_of(self, device: str) -> int:
        return self._of.get(device, 0)

    def add(self, device: str) -> None:
        self._of[device] = self._of.get(device, 0) + 1

    def remove(self, device: str) -> None:
        left = self._of[device] - 1
        if left:
            self._of[device] = left
        else:
            del self._of[device]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a phone is, for one call."""

    flow: Flow
    uri: bytes  # its Contact
    nat: bool
    route: bytes = b""  # a Route header, if its REGISTER came by a Path
    takes_orders: bool = False  # by what it said when it registered

    def may_have_keys(self, srtp: Srtp) -> bool:
        """Whether SRTP is offered to it only as far as it knows it."""
        return srtp == "auto" and self.flow.transport == "tls"
