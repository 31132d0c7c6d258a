"""Who rings when somebody's number is dialled, and who does not want to."""

from offhook.calls.cause import Cause
from offhook.calls.leg import Party
from offhook.calls.routing import Ask, Plan
from offhook.calls.users import everyone
from tests.calls.house import FakeDevice, Someone

STRANGER = Party("0711")


def plan(ben: Someone, *, caller: Party = STRANGER, busy: bool = False) -> Plan:
    devices = [FakeDevice(Party("102", "Ben", "ben", name)) for name in ("ben-desk", "ben-browser")]
    rule = everyone({"102": ben}.get, lambda user: devices, busy=lambda user: busy)
    found = rule(Ask(caller, "102"))
    assert found is not None
    return found


def rung(plan: Plan) -> list[str]:
    return [device.id for round in plan.rounds for device in round.devices]


def test_all_devices_ring_together() -> None:
    assert rung(plan(Someone("ben", "Ben", "102"))) == ["ben-desk", "ben-browser"]


def test_nothing_rings_for_who_does_not_want_to_be_disturbed() -> None:
    quiet = plan(Someone("ben", "Ben", "102", do_not_disturb=True))
    assert quiet == Plan((), Cause.DO_NOT_DISTURB, Party("102", "Ben", "ben"))


def test_a_second_call_rings_unless_its_user_wants_no_call_waiting() -> None:
    assert rung(plan(Someone("ben", "Ben", "102"), busy=True)) == ["ben-desk", "ben-browser"]
    one_at_a_time = Someone("ben", "Ben", "102", call_waiting=False)
    assert plan(one_at_a_time, busy=True) == Plan((), Cause.BUSY, Party("102", "Ben", "ben"))
    assert rung(plan(one_at_a_time)) == ["ben-desk", "ben-browser"]


def test_who_calls_their_own_number_reaches_their_other_devices_whatever_they_want() -> None:
    ben = Someone("ben", "Ben", "102", do_not_disturb=True, call_waiting=False)
    own = Party("102", "Ben", "ben", "ben-desk")
    assert rung(plan(ben, caller=own, busy=True)) == ["ben-browser"]
