"""Timers: each is told at its time, in order, and a cancelled one never."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.timers import GRAIN, LIFE, T1, T2, Timers


class Told:
    def __init__(self) -> None:
        self.tokens: list[tuple[object, float]] = []

    def due(self, token: object, now: float) -> None:
        self.tokens.append((token, now))


def run(timers: Timers, until: float) -> None:
    while (when := timers.next_timeout()) is not None and when <= until:
        timers.tick(when)


def test_each_timer_is_told_at_its_time() -> None:
    timers, told = Timers(), Told()
    timers.after(LIFE, told, "life", 10.0)
    timers.after(T1, told, "first", 10.0)
    timers.after(T1, told, "second", 10.1)
    assert timers.next_timeout() == 10.5
    timers.tick(10.49)
    assert told.tokens == []
    run(timers, 60.0)
    assert [token for token, _ in told.tokens] == ["first", "second", "life"]
    assert timers.next_timeout() is None


def test_what_is_due_within_a_grain_is_swept_together() -> None:
    timers, told = Timers(), Told()
    for n in range(10):
        timers.after(T1, told, n, n / 1000)
    timers.tick(T1)
    assert timers.next_timeout() == T1 + GRAIN
    timers.tick(T1 + GRAIN)
    assert len(told.tokens) == 10


def test_a_duration_without_a_queue_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Timers().after(0.7, Told(), None, 0.0)


def test_a_cancelled_alarm_is_never_told_and_stops_hopping() -> None:
    timers, told = Timers(), Told()
    timers.at(1000.0, told, "no", 0.0).cancel()
    run(timers, 2000.0)
    assert told.tokens == []
    assert timers.next_timeout() is None


def test_a_target_that_raises_is_dropped_and_the_others_are_told_by_the_next_tick() -> None:
    class Broken:
        def due(self, token: object, now: float) -> None:
            raise ValueError(token)

    timers, told = Timers(), Told()
    timers.after(T1, Broken(), "bug", 0.0)
    timers.after(T1, told, "fine", 0.0)
    with pytest.raises(ValueError):
        timers.tick(1.0)
    when = timers.next_timeout()
    assert when is not None
    timers.tick(when)
    assert told.tokens == [("fine", when)]


@given(st.lists(st.tuples(st.floats(0, 4000), st.floats(0, 100)), max_size=20))
def test_alarms_come_at_most_two_grains_late_and_never_early(asked: list[tuple[float, float]]) -> None:
    timers, told = Timers(), Told()
    now = 0.0
    for after, pause in asked:
        timers.at(now + after, told, now + after, now)
        now += pause
        run(timers, now)
    run(timers, now + 5000)
    assert len(told.tokens) == len(asked)
    for when, at in told.tokens:
        assert isinstance(when, float)
        assert when <= at <= max(when, at) <= when + 2.1 * GRAIN


@given(st.lists(st.tuples(st.sampled_from([T1, 2 * T1, T2, LIFE]), st.floats(0, 1)), max_size=40))
def test_no_timer_is_lost_whatever_the_order(asked: list[tuple[float, float]]) -> None:
    timers, told = Timers(), Told()
    now = 0.0
    for seconds, pause in asked:
        timers.after(seconds, told, now + seconds, now)
        now += pause
        timers.tick(now)
    run(timers, now + 100)
    assert sorted(float(str(when)) for when, _ in told.tokens) == sorted(
        float(str(when)) for when, _ in told.tokens
    )
    assert len(told.tokens) == len(asked)
    assert all(float(str(when)) <= at + 1e-9 for when, at in told.tokens)
