"""What users are doing follows from their devices and calls."""

import pytest

from offhook.calls.cause import Cause
from offhook.calls.leg import Gone, Party
from offhook.people.devices import Devices, DeviceView
from offhook.people.directory import DeviceInfo, Directory, User
from offhook.people.presence import Presence, PresenceKeeper
from tests.calls.house import FakeDevice, FakeLeg, House


class Office(House):
    def __init__(self) -> None:
        super().__init__()
        self.time = 7.0
        self.keeper = PresenceKeeper(self.feed, lambda: self.time)
        self.keeper.introduce("carla")
        self.devices: Devices[FakeDevice] = Devices(self.feed)
        for device in (self.desk, self.ben_desk, self.ben_browser, self.carla):
            info = DeviceInfo(device.id, device.party.user, "Desk phone", "phone")
            self.devices.add(info, device)

    def of(self, user: str) -> str:
        presence = self.feed.get(Presence, user)
        return presence.state if presence else "unknown"


@pytest.fixture
def office() -> Office:
    return Office()


def test_who_has_a_reachable_device_is_available_and_who_has_none_is_offline() -> None:
    office = Office()
    assert (office.of("anna"), office.of("carla")) == ("available", "offline")
    office.devices.reached("anna-desk", 0)
    assert office.of("anna") == "offline"


def test_a_mobile_that_could_be_rung_makes_nobody_available() -> None:
    """It says nothing of where its user is."""
    office = Office()
    mobile = FakeDevice(Party("103", "Carla Diaz", "carla", "carla-mobile"))
    office.devices.add(DeviceInfo("carla-mobile", "carla", "Mobile", "mobile"), mobile)
    assert mobile.is_reachable
    assert office.of("carla") == "offline"


def test_a_call_shows_as_ringing_then_on_a_call_then_nothing() -> None:
    office = Office()
    office.switch.incoming(office.anna, "102", 0)
    assert (office.of("anna"), office.of("ben")) == ("on-call", "ringing")
    office.answers(office.ben_desk.leg, 1)
    assert office.of("ben") == "on-call"
    office.switch.tell(office.anna, Gone(Cause.NORMAL), 2)
    assert (office.of("anna"), office.of("ben")) == ("available", "available")


def test_a_device_that_is_removed_is_no_longer_shown() -> None:
    office = Office()
    office.devices.remove("anna-desk")
    assert office.feed.get(DeviceView, "anna-desk") is None
    assert office.of("anna") == "offline"


def test_the_directory_finds_users_and_devices_by_every_key_and_forgets_old_ones() -> None:
    directory = Directory(
        [User("u1", "Anna", "Anna Berg", "101")], [DeviceInfo("d1", "u1", "Desk", "phone", "anna-desk")]
    )
    assert directory.by_username("aNNA") is directory.by_number("101") is directory.user("u1")
    directory.put_user(User("u1", "anna", "Anna Berg", "111"))
    assert directory.by_number("101") is None
    assert directory.by_number("111") is not None
    directory.put_device(DeviceInfo("d1", "u1", "Desk", "phone", "anna-2"))
    assert directory.by_sip_user("anna-desk") is None
    assert [device.sip_user for device in directory.devices_of("u1")] == ["anna-2"]


def test_two_users_may_swap_their_numbers_one_after_the_other() -> None:
    directory = Directory([User("u1", "anna", "Anna Berg", "101"), User("u2", "ben", "Ben Cole", "102")])
    directory.put_user(User("u1", "anna", "Anna Berg", "102"))
    directory.put_user(User("u2", "ben", "Ben Cole", "101"))
    found = [directory.by_number(number) for number in ("101", "102")]
    assert [user.username for user in found if user] == ["ben", "anna"]


def test_who_does_not_want_to_be_disturbed_shows_it_while_doing_nothing_else() -> None:
    office = Office()
    anna, quiet = User("anna", "anna", "Anna", "101"), User("anna", "anna", "Anna", "101", "", True)
    office.feed.set(anna)
    assert office.of("anna") == "available"
    office.feed.set(quiet)
    assert office.of("anna") == "dnd"
    office.switch.incoming(office.anna, "102", 0)
    assert office.of("anna") == "on-call"
    office.switch.tell(office.anna, Gone(Cause.NORMAL), 2)
    assert office.of("anna") == "dnd"
    office.devices.reached("anna-desk", 0)
    assert office.of("anna") == "offline"
    office.devices.reached("anna-desk", 1)
    office.feed.set(anna)
    assert office.of("anna") == "available"


def test_on_the_phone_is_who_talks_or_calls_and_not_for_whom_it_rings() -> None:
    office = Office()
    assert not office.keeper.calls_of("anna")
    office.switch.incoming(office.anna, "102", 0)
    assert office.keeper.calls_of("anna")
    assert not office.keeper.calls_of("ben")
    office.answers(office.ben_desk.leg, 1)
    assert office.keeper.calls_of("ben")
    assert not office.keeper.calls_of("nobody")


def test_the_calls_of_a_user_are_those_they_talk_in_or_make(office: Office) -> None:
    assert office.keeper.calls_of("anna") == 0
    office.switch.incoming(office.anna, "102", 0)
    assert (office.keeper.calls_of("anna"), office.keeper.calls_of("ben")) == (1, 0)
    office.answers(office.ben_desk.leg, 1)
    office.switch.incoming(FakeLeg(office.ben_desk.party), "104", 2)
    assert (office.keeper.calls_of("anna"), office.keeper.calls_of("ben")) == (1, 2)
    office.switch.tell(office.anna, Gone(Cause.NORMAL), 3)
    assert (office.keeper.calls_of("anna"), office.keeper.calls_of("ben")) == (0, 1)


def test_who_has_left_a_call_is_idle_since_then_and_who_was_only_rung_is_not(office: Office) -> None:
    office.switch.incoming(office.anna, "102", 0)
    assert office.keeper.idle_since("anna") == 0
    office.answers(office.ben_desk.leg, 1)
    office.time = 20.0
    office.switch.tell(office.anna, Gone(Cause.NORMAL), 20)
    assert (office.keeper.idle_since("anna"), office.keeper.idle_since("ben")) == (20, 20)
    assert office.keeper.idle_since("dora") == 0
    office.time = 30.0
    office.switch.incoming(FakeLeg(office.dora.party), "102", 30)
    office.switch.tick(60)
    assert office.keeper.idle_since("ben") == 20


def test_a_user_who_is_gone_and_forgotten_does_not_come_back_when_their_call_ends(office: Office) -> None:
    office.switch.incoming(office.anna, "102", 0)
    office.answers(office.ben_desk.leg, 1)
    office.keeper.forget("ben")
    office.switch.tell(office.anna, Gone(Cause.NORMAL), 2)
    assert office.of("ben") == "unknown"
    assert office.keeper.calls_of("ben") == 0
