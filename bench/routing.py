"""What a decision of the dial plan costs, in an office of 10,000 with 100 filter rows and 20 trunks.

    python -m bench.routing

Prints CPU-µs per decision and its ratio to a plain look-up in a dictionary of as many numbers; and how
many forks a second the pure core makes of a user with two phones, a browser and a mobile.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from offhook.calls.cause import Cause
from offhook.calls.leg import Leg, Party
from offhook.calls.media import G711, Codecs
from offhook.calls.routing import Ask
from offhook.dialplan.model import (
    Diversion,
    Filter,
    FilterRow,
    Limits,
    Line,
    Location,
    Mobile,
    Node,
    Ringing,
    Tables,
    Trunk,
)
from offhook.dialplan.plan import Dialplan
from offhook.dialplan.world import Outward, Toll
from offhook.feed import Feed
from offhook.people.devices import Devices
from offhook.people.directory import DeviceInfo, Directory, User
from offhook.people.groups import Group, Groups
from offhook.people.here import Here

USERS = 10_000
GOAL_MICROSECONDS = 30.0  # an internal decision
GOAL_FORKS = 10_000  # a second


@dataclass(frozen=True, slots=True)
class Phone:
    id: str
    party: Party
    is_reachable: bool = True
    speaks: Codecs = G711

    def open_legs(self) -> Sequence[Leg]:
        return ()


class Open:
    """Every trunk has a line free."""

    def is_open(self, trunk: str, *, emergency: bool = False) -> bool:
        return True

    def device(self, outward: Outward, whose: Party | None = None) -> Phone:
        return Phone("trunk", whose or Party(outward.number, outside=True))


class Rich:
    def refuses(self, user: str, toll: Toll, limits: Limits) -> Cause | None:
        return None


class Idle:
    def calls_of(self, user: str) -> int:
        return 0

    def idle_since(self, user: str) -> float:
        return 0.0


def tables() -> Tables:
    rows = [FilterRow(f"00{n:02}{n:02}", "ok") for n in range(97)]
    rows += [FilterRow("00", "ok"), FilterRow("000", "nok"), FilterRow("00043?1", "ok")]
    trunks = [Trunk(f"T{n}", number="0", priority=n // 4 + 1, hosts=("a.example",)) for n in range(20)]
    trunks[0] = Trunk("T0", number="0", hosts=("a.example",), main="+497031730090", direct="+49703173009")
    return Tables(
        Location("49", "7031", external="0", subscriber=("+49703173009",)),
        nodes=(Node("Munich", number="9", escape="8"),),
        filters=(Filter("office", tuple(rows)),),
        trunks=tuple(trunks),
    )


def lines() -> dict[int, Line]:
    """What some of them have set: the first diverts inside, the second outside, the third when busy."""
    return {
        0: Line(filter="office", diversions=(Diversion("always", "10005"),)),
        1: Line(filter="office", diversions=(Diversion("always", "0030555"),)),
        2: Line(filter="office", diversions=(Diversion("busy", "10005"), Diversion("no-answer", "10006"))),
    }


def office() -> Dialplan:
    feed = Feed(_fail)
    directory, devices, groups = Directory(), Devices[Phone](feed), Groups(feed)
    set_by = lines()
    for n in range(USERS):
        number, id = str(10000 + n), f"u{n}"
        directory.put_user(User(id, f"user{n}", f"User {n}", number, line=set_by.get(n, Line("office"))))
        for kind in ("desk", "dect", "browser"):
            info = DeviceInfo(f"{id}-{kind}", id, kind, "browser" if kind == "browser" else "phone")
            directory.put_device(info)
            devices.add(info, Phone(info.id, Party(number, f"User {n}", id, info.id)))
    directory.put_device(
        DeviceInfo("u7-mobile", "u7", "Mobile", "mobile", mobile=Mobile("+4917155", delay=5))
    )
    groups.put(Group("g1", "Service", tuple((f"u{n}", True) for n in range(10, 20)), Ringing("200")))
    here = Here(directory, devices, groups, Idle())
    return Dialplan(tables(), here, Open(), Rich())


def _fail(who: object, why: Exception) -> None:
    raise why


def cpu(work: Callable[[], object], times: int) -> float:
    """CPU-µs per execution of `work`, the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        begun = time.process_time()
        for _ in range(times):
            work()
        best = min(best, time.process_time() - begun)
    return best / times * 1e6


def main() -> None:
    plan = office()
    book = {str(10000 + n): f"u{n}" for n in range(USERS)}
    reference = cpu(lambda: book.get("15000"), 200_000)
    print(f"reference, a look-up in a dictionary:     {reference:8.3f} µs")
    caller = Party("15000", "User 5000", "u5000", "u5000-desk")
    outside = Party("+4989123", device="trunk:T0", outside=True)
    asked = {
        "internal": Ask(caller, "15001"),
        "internal, diverted": Ask(caller, "10000"),
        "internal, diversions not used": Ask(caller, "10002"),
        "internal, with a mobile": Ask(caller, "10007"),
        "a group of ten": Ask(caller, "200"),
        "nobody's number": Ask(caller, "77777"),
        "outside, over 20 trunks": Ask(caller, "0030555"),
        "diverted outside": Ask(caller, "10001"),
        "barred": Ask(caller, "00044123"),
        "emergency": Ask(caller, "112"),
        "from outside": Ask(outside, "+4970317300915001"),
    }
    costs = {}
    for name, ask in asked.items():
        costs[name] = cost = cpu(lambda ask=ask: plan.route(ask), 2000)  # type: ignore[misc]  # lambda defaults
        print(f"{name + ':':41} {cost:8.1f} µs   {cost / reference:7.0f} × reference")
    forks = len(plan.route(asked["internal, with a mobile"]).rounds[0].devices)
    rate = forks / costs["internal, with a mobile"] * 1e6
    print(f"forks of a user with three devices and a mobile: {rate:,.0f} a second (goal {GOAL_FORKS:,})")
    print(f"a decision within the house: {costs['internal']:.1f} µs (goal {GOAL_MICROSECONDS:g})")
    if costs["internal"] > GOAL_MICROSECONDS or rate < GOAL_FORKS:
        sys.exit("slower than it must be")


if __name__ == "__main__":
    main()
