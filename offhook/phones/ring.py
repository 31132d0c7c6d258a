"""The INVITE by which we ring a phone: for whom, in which bridge, and how it is to go about it."""

from dataclasses import dataclass

from offhook.calls.leg import Party
from offhook.calls.media import Bridge, Codecs
from offhook.phones.lines import Lines, Place
from offhook.phones.words import address_of, auto_answer
from offhook.sip.owner import SessionOwner
from offhook.sip.session import Session


@dataclass(frozen=True, slots=True)
class Ring:
    who: Party
    bridge: Bridge
    like: Codecs | None
    auto_answer: bool
    hops: int

    def invite(self, owner: SessionOwner, called: Party, place: Place, lines: Lines, sdp: bytes) -> Session:
        host = lines.addresses.hostport(place.flow)
        return lines.endpoint.invite(
            place.uri,
            place.flow,
            owner,
            local=address_of(self.who, host),
            remote=address_of(called, host),
            sdp=sdp,
            headers=place.route + (auto_answer(host) if self.auto_answer else b""),
            max_forwards=self.hops,
            now=lines.now(),
        )
