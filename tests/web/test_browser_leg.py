"""A browser's leg and device: tabs come and go, the leg stays."""

from collections.abc import Callable
from typing import Any

import pytest

from offhook.calls.cause import Cause
from offhook.calls.leg import (
    Answered,
    Back,
    Digit,
    Gone,
    Leg,
    LegEvent,
    Lost,
    Outcome,
    Party,
    Ringing,
    TransferTo,
)
from offhook.calls.media import (
    G711,
    G722,
    OPUS,
    Kind,
    PortDigit,
    PortFound,
    PortLost,
    PortRenegotiate,
    PortReport,
)
from offhook.feed import Change, Feed
from offhook.media.fake import FakeEngine
from offhook.people.devices import Devices
from offhook.people.directory import DeviceInfo, Directory
from offhook.people.quality import LegQuality, QualityBoard
from offhook.web.attachment import Attachment, Renegotiate
from offhook.web.device import BrowserDevice, Browsers
from offhook.web.leg import BrowserLeg, Ground
from offhook.web.problem import Refused
from tests.web.hours import Time
from tests.web.house import offer
from tests.web.office import ANNA, BEN

ANNA_PARTY = Party("101", "Anna Berg", "hq.11")


class Browser:
    """Ben's browser device, what it told the switch, and what the feed told his tabs."""

    def __init__(self) -> None:
        self.time = Time()
        self.feed = Feed()
        self.engine = FakeEngine()
        self.bridge = self.engine.bridge()
        self.owners: dict[Any, Any] = {}
        self.events: list[LegEvent] = []
        self.places: list[int] = []
        self.news: list[Any] = []
        self.feed.follow(self, f"own.{BEN.id}")
        names = iter(f"leg{n}" for n in range(1, 9))
        ground = Ground(
            self._told,
            self.feed,
            self.owners,
            QualityBoard(self.feed),
            lambda host: [host],
            lambda: next(names),
            self.time.now,
        )
        self.device = BrowserDevice(
            DeviceInfo(BEN.device, BEN.id, "Browser", "browser"),
            Directory([ANNA, BEN]),
            ground,
            reached=lambda _, places: self.places.append(places),
            after=self.time.after,
        )

    def tell(self, change: Change, level: int | None) -> None:
        self.news.append(change.new)

    def leg(self) -> BrowserLeg:
        (leg,) = self.device.open_legs()
        assert isinstance(leg, BrowserLeg)
        return leg

    def ringing(self) -> BrowserLeg:
        leg = self.leg()
        leg.ring(ANNA_PARTY, self.bridge, like=G711)
        return leg

    def talking(self, tab: str = "one") -> BrowserLeg:
        leg = self.ringing()
        self.attach(leg, tab)
        self.bridge.join(self.engine.ports[-1])
        self.events.clear()
        return leg

    def attach(self, leg: BrowserLeg, tab: str, sdp: str = "") -> str:
        return leg.attach(tab, "192.0.2.7", sdp or offer(), self.time.now())

    def _told(self, leg: Leg, event: LegEvent, now: float) -> None:
        self.events.append(event)


class Tab:
    def __init__(self, id: str) -> None:
        self.id = id


@pytest.fixture
def ben() -> Browser:
    browser = Browser()
    browser.device.tab_came(Tab("one"))
    return browser


def refusal(do: Callable[[], object]) -> str:
    with pytest.raises(Refused) as why:
        do()
    return why.value.word


def test_the_device_is_there_while_a_tab_can_carry_sound_and_fifteen_seconds_longer() -> None:
    ben = Browser()
    assert ben.device.open_legs() == []
    one, two = Tab("one"), Tab("two")
    ben.device.tab_came(one)
    ben.device.tab_came(two)
    ben.device.tab_left(two)
    assert ben.places == [1, 2, 1]
    ben.device.tab_left(one)
    ben.time.passes(14)
    assert ben.device.open_legs()
    ben.time.passes(2)
    assert ben.device.open_legs() == []
    assert ben.places == [1, 2, 1, 0]


def test_a_tab_that_reloads_is_no_absence() -> None:
    ben = Browser()
    before, after = Tab("one"), Tab("one")
    ben.device.tab_came(before)
    leg = ben.ringing()
    ben.device.tab_left(before)
    ben.time.passes(10)
    ben.device.tab_came(after)
    ben.time.passes(60)
    assert ben.device.is_reachable
    assert 0 not in ben.places
    assert ben.attach(leg, "one")


def test_a_connection_that_comes_back_before_the_old_one_is_missed_does_not_take_the_tab_away() -> None:
    ben = Browser()
    before, after = Tab("one"), Tab("one")
    ben.device.tab_came(before)
    ben.device.tab_came(after)
    ben.device.tab_left(before)
    assert ben.places[-1] == 1


def test_a_device_made_anew_finds_the_tabs_that_are_open() -> None:
    devices: Devices[Any] = Devices(Feed())
    browsers = Browsers(devices)
    tab = Tab("one")
    browsers.tab_came(BEN.id, tab)
    ben = Browser()
    browsers.introduce(ben.device, BEN.id)
    assert ben.device.open_legs()
    browsers.tab_left(BEN.id, tab)
    other = Browser()
    browsers.introduce(other.device, BEN.id)
    assert other.device.open_legs() == []


def test_what_rings_is_given_up_when_nobody_comes_back() -> None:
    ben = Browser()
    tab = Tab("one")
    ben.device.tab_came(tab)
    leg = ben.ringing()
    ben.device.tab_left(tab)
    ben.time.passes(15)
    assert ben.events == [Ringing(), Gone(Cause.UNREACHABLE)]
    assert refusal(lambda: ben.attach(leg, "one")) == "unknown-call"


def test_attaching_a_ringing_leg_answers_it_once(ben: Browser) -> None:
    leg = ben.ringing()
    answer = ben.attach(leg, "one")
    assert ben.events == [Ringing(), Answered()]
    (port,) = ben.engine.ports
    assert port.kind is Kind.BROWSER
    assert port.how == {"hosts": ["192.0.2.7"]}
    assert answer == port.answers[0]
    assert ben.owners[port] is leg
    assert ben.feed.get(Attachment, leg.id) == Attachment(leg.id, "one", BEN.id)


def test_the_answer_is_like_what_the_caller_speaks_and_the_leg_then_says_what_was_agreed(
    ben: Browser,
) -> None:
    leg = ben.leg()
    assert leg.codecs[0] == OPUS
    leg.ring(ANNA_PARTY, ben.bridge, like=(G722, *G711))
    ben.attach(leg, "one", offer(codecs="9 8 0"))
    assert ben.engine.ports[0].likes == [(G722, *G711)]
    assert leg.codecs == ben.engine.ports[0].codecs


def test_the_same_connection_with_new_ice_credentials_keeps_its_port(ben: Browser) -> None:
    leg = ben.talking()
    answer = ben.attach(leg, "one", offer(restart=1))
    (port,) = ben.engine.ports
    assert port.answers[1:] == [answer]
    assert ben.events == []


def test_a_reload_gets_a_new_port_and_the_old_one_is_closed(ben: Browser) -> None:
    leg = ben.talking()
    ben.attach(leg, "one", offer(2))
    old, new = ben.engine.ports
    assert old.is_closed
    assert leg.port is new
    assert list(ben.owners) == [new]
    assert new in ben.bridge.members
    assert ben.events == []


def test_another_tab_may_take_over_and_the_old_one_is_told(ben: Browser) -> None:
    leg = ben.talking("one")
    ben.attach(leg, "two", offer(2))
    assert ben.engine.open_ports == [leg.port]
    assert ben.news[-1] == Attachment(leg.id, "two", BEN.id)


def test_a_copied_offer_from_another_tab_is_a_connection_of_its_own(ben: Browser) -> None:
    leg = ben.talking("one")
    ben.attach(leg, "two", offer(1))
    assert len(ben.engine.ports) == 2


@pytest.mark.parametrize(
    "sdp", ["", "v=0\r\n", "nothing", offer().replace("a=rtcp-mux\r\n", ""), "ü" * 60000]
)
def test_an_offer_that_cannot_be_used_is_refused_and_leaves_the_leg_ringing(ben: Browser, sdp: str) -> None:
    leg = ben.ringing()
    assert refusal(lambda: leg.attach("one", "192.0.2.7", sdp, 0)) == "incompatible"
    assert ben.engine.open_ports == []
    assert leg.port is None
    assert ben.attach(leg, "one")


def test_a_bad_offer_in_a_running_call_changes_nothing(ben: Browser) -> None:
    leg = ben.talking()
    port = leg.port
    assert refusal(lambda: leg.attach("two", "192.0.2.7", "nothing", 0)) == "incompatible"
    assert leg.port is port
    assert ben.engine.open_ports == [port]


def test_without_a_free_port_the_page_is_told_to_try_again(ben: Browser) -> None:
    leg = ben.ringing()
    ben.engine.is_empty = True
    assert refusal(lambda: ben.attach(leg, "one")) == "overloaded"
    ben.engine.is_empty = False
    assert ben.attach(leg, "one")


def test_lost_and_found_sound_is_reported_once_each(ben: Browser) -> None:
    leg = ben.talking()
    leg.heard_from_port(PortFound(), 1)
    leg.heard_from_port(PortLost(), 6)
    leg.heard_from_port(PortFound(), 8)
    assert ben.events == [Lost(), Back()]


def test_a_lost_leg_is_back_when_its_new_port_is_heard(ben: Browser) -> None:
    leg = ben.talking()
    leg.heard_from_port(PortLost(), 6)
    ben.attach(leg, "one", offer(2))
    assert ben.events == [Lost()]
    leg.heard_from_port(PortFound(), 8)
    assert ben.events == [Lost(), Back()]


def test_a_dead_worker_ends_the_leg(ben: Browser) -> None:
    leg = ben.talking()
    leg.heard_from_port(PortLost(worker=True), 6)
    assert ben.events == [Gone(Cause.LOST)]
    assert ben.feed.get(Attachment, leg.id) is None


def test_a_key_pressed_in_the_browser_is_already_on_its_way(ben: Browser) -> None:
    leg = ben.talking()
    leg.heard_from_port(PortDigit("5"), 1)
    assert ben.events == [Digit("5", carried=True)]


def test_a_change_of_coding_is_asked_of_the_tab_and_then_offered_as_g711(ben: Browser) -> None:
    leg = ben.leg()
    leg.ring(ANNA_PARTY, ben.bridge, like=(G722, *G711))
    ben.attach(leg, "one", offer(codecs="9 8 0"))
    leg.heard_from_port(PortRenegotiate(), 3)
    assert ben.news[-1] == Renegotiate(leg.id, "one", BEN.id)
    ben.attach(leg, "one", offer(codecs="9 8 0"))
    assert ben.engine.ports[0].likes[-1] == G711


def test_its_user_is_told_how_it_sounds(ben: Browser) -> None:
    leg = ben.talking()
    leg.heard_from_port(PortReport(0.25, 0.0, 12.0, None), ben.time.now())
    assert isinstance(ben.news[-1], LegQuality)
    assert (ben.news[-1].id, ben.news[-1].loss) == (leg.id, 0.25)


def test_after_a_transfer_a_reload_brings_the_sound_back_in_the_new_call(ben: Browser) -> None:
    leg = ben.talking()
    former, new = leg.port, ben.engine.bridge()
    assert former is not None
    new.take(former)
    new.join(former)
    leg.enter(new)
    ben.attach(leg, "one", offer(2))
    assert leg.port in new.members
    assert former not in new.members


def test_the_page_needs_no_orders(ben: Browser) -> None:
    leg = ben.ringing()
    leg.pick_up()
    leg.hold(True)
    leg.told(Outcome(TransferTo("102"), Cause.NORMAL))
    assert not leg.takes_orders
    assert ben.events == [Ringing()]
    assert ben.engine.ports == []


def test_hanging_up_closes_everything_and_says_nothing(ben: Browser) -> None:
    leg = ben.talking()
    leg.hangup(Cause.NORMAL)
    leg.hangup(Cause.NORMAL)
    assert ben.events == []
    assert ben.engine.open_ports == []
    assert ben.owners == {}
    assert ben.feed.get(Attachment, leg.id) is None


def test_every_command_is_legal_at_any_time(ben: Browser) -> None:
    leg = ben.leg()
    leg.hangup(Cause.CANCELLED)
    leg.ring(ANNA_PARTY, ben.bridge, like=None)
    leg.proceed(ben.bridge)
    leg.answer(ben.bridge, like=G711)
    leg.connected_to(ANNA_PARTY)
    leg.heard_from_port(PortLost(), 1)
    leg.give_up(Cause.LOST, 2)
    assert refusal(lambda: ben.attach(leg, "one")) == "unknown-call"
    assert [event for event in ben.events if not isinstance(event, Lost)] == []
