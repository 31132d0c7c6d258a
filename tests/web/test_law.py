"""The law of the mirror: an early snapshot plus later changes equals a late snapshot."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.histories import (
    KINDS,
    USERS,
    Belong,
    History,
    Put,
    Read,
    Remove,
    Renumber,
    Return,
    Say,
    Step,
    Watch,
)

TRACES = Path(__file__).parent.parent / "contract"
AUDIENCES = st.lists(st.integers(0, 3), max_size=3, unique=True).map(tuple)


def steps(*kinds: str) -> st.SearchStrategy[list[Step]]:
    kind = st.sampled_from(kinds)
    return st.lists(
        st.one_of(
            st.builds(Put, kind, st.integers(0, 3), st.integers(0, 5), AUDIENCES),
            st.builds(Remove, kind, st.integers(0, 3)),
            st.builds(Watch, AUDIENCES),
            st.builds(Belong, AUDIENCES),
            st.builds(Say, st.integers(0, 3)),
            st.builds(Renumber, st.sampled_from(["", "7", "0-"])),
            st.just(Read()),
            st.just(Return()),
        ),
        max_size=40,
    )


def check(history: list[Step]) -> None:
    live = History()
    for step in history:
        live.does(step)
    live.catches_up()
    assert live.mirror == live.late_snapshot()


@pytest.mark.parametrize("kind", KINDS)
def test_the_law_holds_for_every_kind(kind: str) -> None:
    @settings(max_examples=150, deadline=None)
    @given(steps(kind))
    def holds(history: list[Step]) -> None:
        check(history)

    holds()


@settings(max_examples=300, deadline=None)
@given(steps(*KINDS))
def test_the_law_holds_when_all_kinds_are_mixed(history: list[Step]) -> None:
    check(history)


@settings(max_examples=100, deadline=None)
@given(steps(*KINDS))
def test_every_post_to_a_client_that_stays_arrives_once(history: list[Step]) -> None:
    live = History()
    said = 0
    for step in history:
        if isinstance(step, Return):
            continue
        said += isinstance(step, Say) and step.user == 0
        live.does(step)
        live.does(Read())
    live.catches_up()
    assert len(live.posts) == said


@settings(max_examples=100, deadline=None)
@given(steps(*KINDS))
def test_a_client_that_missed_nothing_is_told_nothing_new(history: list[Step]) -> None:
    """Unless groups of its user or numbers have changed: then it gets a snapshot, to be sure."""
    live = History()
    for step in history:
        if not isinstance(step, Belong | Renumber):
            live.does(step)
    live.catches_up()
    mirror = dict(live.mirror)
    live.does(Return())
    live.catches_up()
    assert "snapshot" not in live.heard[-1]
    assert live.mirror == mirror


@pytest.mark.parametrize("seed", range(6))
def test_histories_are_written_down_for_the_clients_own_tests(seed: int) -> None:
    """Each file: what one client hears, line by line, and pictures of what its mirror must then hold."""
    draw = random.Random(seed)
    live = History()
    lines: list[dict[str, Any]] = []
    for _ in range(60):
        live.does(random_step(draw))
        if draw.random() < 0.1:
            take_down(live, lines)
    take_down(live, lines)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path = TRACES / f"history-{seed}.jsonl"
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    assert sum("picture" in line for line in lines) > 1


def take_down(live: History, lines: list[dict[str, Any]]) -> None:
    live.catches_up()
    assert live.mirror == live.late_snapshot()
    lines += [{"hears": said} for said in live.heard]
    live.heard.clear()
    picture: dict[str, dict[str, Any]] = {}
    for (kind, id), value in sorted(live.mirror.items()):
        picture.setdefault(kind, {})[id] = value
    lines.append({"picture": picture})


def random_step(draw: random.Random) -> Step:
    users = tuple(draw.sample(range(len(USERS)), draw.randint(0, 3)))
    which = draw.randint(0, 3)
    steps: list[Step] = [
        Put(draw.choice(KINDS), which, draw.randint(0, 5), users),
        Put(draw.choice(KINDS), which, draw.randint(0, 5), users),
        Remove(draw.choice(KINDS), which),
        Watch(users),
        Belong(users),
        Say(which),
        Read(),
        Return(),
    ]
    return draw.choices(steps, [6, 6, 3, 2, 1, 1, 4, 1])[0]
