"""Who is here, as the dial plan asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from offhook.calls.leg import Leg, Party
from offhook.calls.media import G711, Codecs
from offhook.dialplan.model import Mobile, Ringing
from offhook.dialplan.world import Group as RingingGroup
from offhook.dialplan.world import Own, People
from offhook.feed import Feed
from offhook.people.devices import Devices
from offhook.people.directory import DeviceInfo, Directory, User
from offhook.people.groups import Group, Groups
from offhook.people.here import Here


@dataclass(frozen=True)
class Phone:
    id: str
    party: Party
    is_reachable: bool = True
    speaks: Codecs = G711

    def open_legs(self) -> Sequence[Leg]:
        return ()


class OneCall:
    """Everybody is in one call, and left one at noon."""

    def calls_of(self, user: str) -> int:
        return 1

    def idle_since(self, user: str) -> float:
        return 43200.0


ANNA = User("u1", "anna", "Anna", "101")
BEN = User("u2", "ben", "Ben", "102", node="Munich")
MOBILE = Mobile("+4917155")
DEVICES = [
    DeviceInfo("d1", "u1", "Desk phone", "phone"),
    DeviceInfo("d2", "u1", "App", "phone", no_mobility=True),
    DeviceInfo("d3", "u1", "Mobile", "mobile", mobile=MOBILE),
]


def failing(who: object, why: Exception) -> None:
    raise why


def here(*reachable: str) -> People:
    feed = Feed(failing)
    directory, devices, groups = Directory([ANNA, BEN], DEVICES), Devices[Phone](feed), Groups(feed)
    for info in DEVICES:
        party = Party("101", "Anna", info.user, info.id)
        devices.add(info, Phone(info.id, party, is_reachable=info.id in reachable))
    groups.put(Group("g1", "Service", (("u1", True), ("u2", False)), Ringing("200")))
    groups.put(Group("g2", "Kitchen", (("u1", True),)))
    return Here(directory, devices, groups, OneCall())


def test_users_are_found_by_their_number_in_their_node() -> None:
    people = here()
    assert people.at("root", "101") == ANNA
    assert people.at("root", "102") is None
    assert people.at("Munich", "102") == BEN


def test_users_are_found_by_id_and_by_user_name() -> None:
    people = here()
    assert people.user("u2") == BEN
    assert people.named("BEN") == BEN
    assert people.user("u3") is None


def test_numbers_of_users_and_groups_begin_with_what_may_become_one() -> None:
    people = here()
    begun = [digits for digits in ("1", "10", "101", "2", "20", "200", "3") if people.begins("root", digits)]
    assert begun == ["1", "10", "2", "20"]
    assert people.begins("Munich", "10")
    assert not people.begins("Munich", "2")


def test_a_group_is_found_by_its_number_with_those_who_are_passive_too() -> None:
    people = here()
    assert people.group("root", "200") == RingingGroup("Service", Ringing("200"), ("u1",), ("u1", "u2"))
    assert people.group("Munich", "200") is None
    assert people.group("root", "") is None  # the kitchen cannot be called


def test_mobiles_are_not_among_the_devices_that_ring_by_themselves() -> None:
    people = here("d1", "d2", "d3")
    assert [device.id for device in people.devices_of("u1")] == ["d1", "d2"]
    assert people.mobiles_of("u1") == [Own("d3", "Mobile", MOBILE)]
    assert people.devices_of("u2") == []
    assert people.mobiles_of("u2") == []


def test_a_device_that_replaces_the_mobiles_does_so_while_it_is_registered() -> None:
    assert not here("d1").is_at_hand("u1")
    assert here("d1", "d2").is_at_hand("u1")


def test_calls_are_counted_by_whoever_knows() -> None:
    people = here()
    assert people.calls_of("u1") == 1
    assert people.idle_since("u1") == 43200.0


def test_a_device_is_known_by_its_owner_and_its_name() -> None:
    people = here()
    assert isinstance(people, Here)
    assert people.device_name("d1") == "Anna: Desk phone"
    assert people.device_name("d9") == "d9"
