"""What a call costs the heart (feed, switch, dial plan, call, presence), without SIP, sound or sockets.

    python -m bench.heart

Prints CPU-µs per call alone and among standing calls, per change with followers who may not
see it, and the ratio to a reference: as many plain dictionary updates as a call has moves.
"""

import time
from collections.abc import Callable

from offhook.calls.cause import Cause
from offhook.calls.leg import Gone, Ringing
from offhook.feed import Change
from offhook.people.presence import Presence, PresenceKeeper
from tests.calls.house import FakeLeg, House


class Deaf:
    """A follower of somebody else's affairs."""

    def tell(self, change: Change, level: int | None) -> None:
        raise AssertionError("not its business")


def cpu(work: Callable[[], object], times: int) -> float:
    """CPU-µs per execution of `work`, the best of three rounds."""
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        for _ in range(times):
            work()
        best = min(best, time.process_time() - begun)
    return best / times * 1e6


def one_call(house: House) -> None:
    caller = FakeLeg(house.desk.party)
    house.switch.incoming(caller, "102", 0)
    called = house.ben_desk.leg
    house.switch.tell(called, Ringing(), 0)
    house.answers(called, 1)
    house.switch.tell(caller, Gone(Cause.NORMAL), 2)
    house.news.clear()
    house.engine.bridges.clear()
    for device in (house.ben_desk, house.ben_browser):
        device.legs.clear()


def standing(house: House, calls: int) -> None:
    for _ in range(calls):
        house.switch.incoming(FakeLeg(house.desk.party), "102", 0)
        house.answers(house.ben_desk.leg, 1)


def main() -> None:
    book: dict[int, tuple[int, str]] = {}
    reference = cpu(lambda: book.update((n % 97, (n, "x")) for n in range(100)), 2000)
    print(f"reference, 100 dictionary updates: {reference:8.1f} µs")
    for calls in (0, 1000, 2000):
        house = House()
        PresenceKeeper(house.feed, lambda: 0.0)
        standing(house, calls)
        cost = cpu(lambda house=house: one_call(house), 1000)  # type: ignore[misc]  # mypy: lambda defaults
        print(f"a call with {calls:5} standing:         {cost:8.1f} µs   {cost / reference:5.1f} × reference")
    for followers in (10, 5000):
        house = House()
        for n in range(followers):
            house.feed.follow(Deaf(), f"user.{n}")
        state = iter(range(10**9))
        cost = cpu(lambda: house.feed.set(Presence("x", "available", float(next(state)))), 20000)  # noqa: B023
        print(
            f"a change {followers:5} may not see:      {cost:8.1f} µs   {cost / reference:5.1f} × reference"
        )


if __name__ == "__main__":
    main()
