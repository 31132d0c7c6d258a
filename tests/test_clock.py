"""Unix time follows the machine's clock; what has happened keeps its date."""

from hypothesis import given
from hypothesis import strategies as st

from offhook.clock import Clock


class Times:
    """Two clocks in the hands of a test."""

    def __init__(self) -> None:
        self.monotonic = 100.0
        self.unix = 1_790_000_000.0
        self.clock = Clock(lambda: self.monotonic, lambda: self.unix)

    def pass_by(self, seconds: float, *, jump: float = 0.0) -> None:
        self.monotonic += seconds
        self.unix += seconds + jump


def test_unix_time_is_as_far_from_the_start_as_monotonic_time() -> None:
    times = Times()
    assert times.clock.wall(102.5) == 1_790_000_002.5
    assert times.clock.wall(90.0) == 1_789_999_990.0


def test_a_clock_set_forward_counts_for_new_events_only() -> None:
    times = Times()
    times.pass_by(60, jump=3600)
    assert times.clock.wall(160) == 1_790_000_060
    times.clock.renew()
    assert times.clock.wall(160) == 1_790_003_660
    assert times.clock.wall(159) == 1_790_000_059


def test_a_trimmed_clock_ties_a_new_knot_only_when_it_matters() -> None:
    times = Times()
    for _ in range(10):
        times.pass_by(60, jump=0.01)
        times.clock.renew()
    assert abs(times.clock.wall(times.monotonic) - times.unix) < 0.05


def test_a_time_from_disk_turns_back() -> None:
    times = Times()
    times.pass_by(10, jump=-7200)
    times.clock.renew()
    assert times.clock.monotonic(times.unix + 300) == times.monotonic + 300


@given(st.lists(st.tuples(st.floats(0.001, 1e5), st.floats(-1e5, 1e5)), max_size=30), st.floats(-1e6, 1e7))
def test_a_moment_keeps_its_date_whatever_the_clock_does_later(
    steps: list[tuple[float, float]], moment: float
) -> None:
    times = Times()
    dated: float | None = None
    for seconds, jump in steps:
        if times.monotonic > moment and dated is None:
            dated = times.clock.wall(moment)
        times.pass_by(seconds, jump=jump)
        times.clock.renew()
        if dated is not None:
            assert times.clock.wall(moment) == dated


def test_a_clock_that_is_set_every_minute_for_days_is_remembered_only_so_far() -> None:
    times = Times()
    for _ in range(3000):
        times.pass_by(60, jump=1)
        times.clock.renew()
    assert times.clock.wall(times.monotonic) == times.unix
