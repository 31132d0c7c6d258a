"""One at a time, in order, whatever the handler does."""

import pytest

from offhook.turns import Turns


def test_what_is_added_while_another_is_handled_waits_its_turn() -> None:
    seen: list[str] = []

    def handle(item: str) -> None:
        seen.append(f"begin {item}")
        if item == "a":
            turns.add("b")
        seen.append(f"end {item}")

    turns: Turns[str] = Turns(handle)
    turns.add("a")
    assert seen == ["begin a", "end a", "begin b", "end b"]


def test_a_handler_that_raises_does_not_stop_those_behind_it() -> None:
    seen: list[str] = []

    def handle(item: str) -> None:
        if item == "a":
            turns.add("b")
            raise ValueError("a")
        seen.append(item)

    turns: Turns[str] = Turns(handle)
    with pytest.raises(ValueError, match="a"):
        turns.add("a")
    turns.add("c")
    assert seen == ["b", "c"]
