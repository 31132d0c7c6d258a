"""A browser as a leg. It belongs to its user's browser device; tabs come and go, the leg stays.

One tab at a time carries the sound. The page always offers and the server always answers, so
that dialling, answering, reload, take-over and change of network are one path: `attach`.
"""

import re
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol, assert_never

from offhook.calls.cause import Cause
from offhook.calls.leg import Answered, Back, Digit, Gone, Leg, LegEvent, Lost, Outcome, Party, Ringing
from offhook.calls.media import (
    G711,
    G722,
    OPUS,
    Bridge,
    Codecs,
    Kind,
    NoCommonCodec,
    NoMedia,
    Port,
    PortDigit,
    PortEnded,
    PortEvent,
    PortFound,
    PortLost,
    PortRenegotiate,
    PortReport,
    PortSpeaking,
)
from offhook.feed import Feed
from offhook.people.quality import QualityBoard
from offhook.web.attachment import Attachment, Renegotiate
from offhook.web.problem import Refused

SPOKEN_BY_BROWSERS: Codecs = (OPUS, G722, *G711)


class PortOwner(Protocol):
    """Whoever hears news of a port."""

    def heard_from_port(self, event: PortEvent, now: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What all browser legs stand on. `hosts`: the candidates for a tab that reached us at an address."""

    tell: Callable[[Leg, LegEvent, float], None]
    feed: Feed
    owners: MutableMapping[Port, PortOwner]
    quality: QualityBoard
    hosts: Callable[[str], Sequence[str]]
    ids: Callable[[], str]
    now: Callable[[], float]


class State(Enum):
    IDLE = auto()
    RINGING = auto()
    TALKING = auto()
    GONE = auto()


class BrowserLeg:
    """A leg we call: for an incoming call it rings in all tabs, for our own it waits for the page."""

    def __init__(self, ground: Ground, party: Party, gone: Callable[["BrowserLeg"], None]) -> None:
        self.id = ground.ids()
        self.party = party
        self.port: Port | None = None
        self.codecs = SPOKEN_BY_BROWSERS
        self.hops = 70  # a page does not send calls on
        self.takes_orders = False  # the page attaches by itself: nobody need tell it
        self.state = State.IDLE
        self._ground = ground
        self._told_gone = gone
        self._bridge: Bridge | None = None
        self._like: Codecs | None = None
        self._tab = ""
        self._connection: tuple[str, ...] = ()
        self._lost = False

    # ---- what the call asks of it

    def ring(
        self, who: Party, bridge: Bridge, *, like: Codecs | None, auto_answer: bool = False, hops: int = 70
    ) -> None:
        """All tabs see the call ring. With `auto_answer` it is the user's own: the page attaches unasked."""
        if self.state is State.IDLE:
            self.state, self._bridge, self._like = State.RINGING, bridge, like
            self._tell(Ringing(), self._ground.now())

    def proceed(self, bridge: Bridge, *, early: Codecs | None = None) -> None:
        """The call's own tones say so."""

    def answer(self, bridge: Bridge, *, like: Codecs) -> None:
        """It answered when it was attached."""

    def connected_to(self, party: Party) -> None:
        """Every tab sees the call's parties."""

    def pick_up(self) -> None:
        """Attaching answers it."""

    def hold(self, holding: bool) -> None:
        """Every tab sees the call."""

    def enter(self, bridge: Bridge) -> None:
        """After a reload or a take-over its sound comes back in the call it is in now."""
        self._bridge = bridge

    def told(self, outcome: Outcome) -> None:
        """It asks for nothing."""

    def hangup(self, cause: Cause) -> None:
        self._end()

    # ---- what the page asks of it

    def attach(self, tab: str, host: str, offer: str, now: float) -> str:
        """Carry the sound through this tab, which reached us at `host`; our answer. Raises Refused.

        The same connection come back (after a change of network) keeps its port; a new one
        (after a reload, from another tab) gets a new port, and the old one is closed.
        """
        if self._bridge is None or self.state is State.GONE:
            raise Refused("unknown-call", "This call is over.", 404)
        connection = _connection(offer)
        if self.port is not None and tab == self._tab and connection == self._connection:
            answer = self._answer_on(self.port, offer)
            self.codecs = self.port.codecs
            return answer
        port, answer = self._open(self._bridge, host, offer)
        former, self.port, self.codecs = self.port, port, port.codecs
        self._tab, self._connection = tab, connection
        if former is not None:
            self._bridge.replace(former, port)
            self._close(former)
        self._ground.feed.set(Attachment(self.id, tab, self.party.user))
        if self.state is State.RINGING:
            self.state = State.TALKING
            self._tell(Answered(), now)
        return answer

    # ---- what the engine and the device say

    def heard_from_port(self, event: PortEvent, now: float) -> None:
        match event:
            case PortDigit(key):
                self._tell(Digit(key, carried=True), now)
            case PortLost(worker=True):
                self.give_up(Cause.LOST, now)
            case PortLost():
                self._lost = True
                self._tell(Lost(), now)
            case PortFound():
                if self._lost:
                    self._lost = False
                    self._tell(Back(), now)
            case PortRenegotiate():
                self._like = G711
                self._ground.feed.post(Renegotiate(self.id, self._tab, self.party.user))
            case PortReport():
                self._ground.quality.heard(self, event, now)
            case PortEnded() | PortSpeaking():
                pass
            case _:
                assert_never(event)

    def give_up(self, cause: Cause, now: float) -> None:
        """There is no way to this leg any more."""
        if self.state is not State.GONE:
            self._end()
            self._tell(Gone(cause), now)

    # ---- inside

    def _open(self, bridge: Bridge, host: str, offer: str) -> tuple[Port, str]:
        try:
            port = bridge.open(Kind.BROWSER, hosts=list(self._ground.hosts(host)))
        except NoMedia:
            raise Refused(Cause.OVERLOADED.value, Cause.OVERLOADED.sentence, 503) from None
        try:
            answer = self._answer_on(port, offer)
        except Refused:
            port.close()
            raise
        self._ground.owners[port] = self
        return port, answer

    def _answer_on(self, port: Port, offer: str) -> str:
        try:
            return port.answer(offer, like=self._like)
        except NoCommonCodec:
            sentence = "The sound of this browser cannot be used: its offer was not understood."
            raise Refused(Cause.INCOMPATIBLE.value, sentence, 422) from None

    def _close(self, port: Port) -> None:
        self._ground.owners.pop(port, None)
        port.close()

    def _end(self) -> None:
        if self.state is State.GONE:
            return
        self.state = State.GONE
        if self.port is not None:
            self._close(self.port)
        self._ground.feed.drop(Attachment, self.id)
        self._told_gone(self)

    def _tell(self, event: LegEvent, now: float) -> None:
        self._ground.tell(self, event, now)


_ORIGIN = re.compile(r"^o=(\S+ \S+) ", re.MULTILINE)
_FINGERPRINT = re.compile(r"^a=fingerprint:(\S+ \S+)", re.MULTILINE)


def _connection(offer: str) -> tuple[str, ...]:
    """What a browser's connection keeps for life: its session's name and its keys (RFC 8829 §5.2.2)."""
    return (*_ORIGIN.findall(offer)[:1], *sorted(set(_FINGERPRINT.findall(offer))))
