"""One at a time: what makes locks unnecessary."""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns(Generic[T]):
    """Hands items to `handle` in order; those added meanwhile wait their turn.

    An item whose handling raises is lost; those behind it are still handled, and the
    first exception then reaches whoever began the turn.
    """

    def __init__(self, handle: Callable[[T], None]) -> None:
        self._handle = handle
        self._waiting: deque[T] = deque()
        self._busy = False

    def add(self, item: T) -> None:
        self._waiting.append(item)
        if self._busy:
            return
        self._busy = True
        failure: Exception | None = None
        waiting, handle = self._waiting, self._handle
        while waiting:
            try:
                handle(waiting.popleft())
            except Exception as why:
                failure = failure or why
        self._busy = False
        if failure is not None:
            raise failure
