"""How users want to be called: on disk first, then in force, then known."""

import asyncio

import pytest

from offhook.dialplan.model import Diversion, Line
from offhook.feed import Feed
from offhook.people.directory import Directory, User
from offhook.people.preferences import Preferences

ANNA = User("u1", "anna", "Anna Berg", "101")


class Disk:
    """Writes when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[User, asyncio.Future[None]]] = []
        self.lines: list[Line | None] = []
        self.directory = Directory([ANNA])
        self.feed = Feed()
        self.preferences = Preferences(self.directory, self.feed, self._keep)

    def _keep(self, user: User, line: Line | None) -> "asyncio.Future[None]":
        self.lines.append(line)
        self.waiting.append((user, asyncio.get_running_loop().create_future()))
        return self.waiting[-1][1]

    async def writes(self) -> User:
        user, kept = self.waiting.pop(0)
        kept.set_result(None)
        await asyncio.sleep(0)
        return user

    @property
    def anna(self) -> User:
        user = self.directory.user("u1")
        assert user is not None
        return user


async def test_a_wish_counts_once_it_is_on_disk() -> None:
    disk = Disk()
    kept = disk.preferences.set("u1", do_not_disturb=True)
    assert disk.anna == ANNA
    written = await disk.writes()
    await kept
    assert written.do_not_disturb
    assert disk.feed.get(User, "u1") == disk.anna == written


async def test_two_wishes_at_once_both_come_true() -> None:
    disk = Disk()
    disk.preferences.set("u1", do_not_disturb=True)
    disk.preferences.set("u1", call_waiting=False)
    await disk.writes()
    last = await disk.writes()
    assert (last.do_not_disturb, last.call_waiting) == (True, False), "the disk ends with both"
    assert (disk.anna.do_not_disturb, disk.anna.call_waiting) == (True, False)


async def test_what_else_changed_meanwhile_stays() -> None:
    disk = Disk()
    disk.preferences.set("u1", do_not_disturb=True)
    disk.directory.put_user(User("u1", "anna", "Anna Berg-Diaz", "111"))
    await disk.writes()
    assert disk.anna == User("u1", "anna", "Anna Berg-Diaz", "111", do_not_disturb=True)


async def test_a_user_who_is_removed_meanwhile_stays_removed() -> None:
    disk = Disk()
    disk.preferences.set("u1", do_not_disturb=True)
    disk.directory.remove_user("u1")
    await disk.writes()
    assert disk.directory.user("u1") is None
    assert disk.feed.get(User, "u1") is None


async def test_what_could_not_be_written_changes_nothing() -> None:
    disk = Disk()
    kept = disk.preferences.set("u1", do_not_disturb=True)
    disk.waiting[0][1].set_exception(OSError("disk full"))
    with pytest.raises(OSError, match="disk full"):
        await kept
    assert disk.anna == ANNA


TO_BEN = Line(diversions=(Diversion("always", "102"),))
BARRED = Line(filter="no-abroad")


async def test_a_line_counts_once_it_is_on_disk() -> None:
    disk = Disk()
    kept = disk.preferences.set("u1", line=TO_BEN)
    assert disk.anna == ANNA
    await disk.writes()
    await kept
    assert disk.lines == [TO_BEN]
    assert disk.anna.line == TO_BEN
    assert disk.feed.get(User, "u1") == disk.anna


async def test_a_line_that_is_not_wished_otherwise_is_left_to_the_administrator() -> None:
    disk = Disk()
    disk.preferences.set("u1", do_not_disturb=True)
    disk.directory.put_user(User("u1", "anna", "Anna Berg", "101", line=BARRED))
    await disk.writes()
    assert disk.lines == [None]
    assert disk.anna == User("u1", "anna", "Anna Berg", "101", do_not_disturb=True, line=BARRED)


async def test_a_wish_after_a_line_under_way_keeps_that_line() -> None:
    disk = Disk()
    disk.preferences.set("u1", line=TO_BEN)
    disk.preferences.set("u1", do_not_disturb=True)
    disk.waiting.pop(0)[1].set_exception(OSError("disk full"))
    await disk.writes()
    assert disk.lines == [TO_BEN, TO_BEN], "what one write misses the next one brings"
    assert (disk.anna.do_not_disturb, disk.anna.line) == (True, TO_BEN)


async def test_a_line_may_go_back_to_what_it_was_while_it_is_on_its_way() -> None:
    disk = Disk()
    disk.preferences.set("u1", line=TO_BEN)
    disk.preferences.set("u1", line=Line())
    await disk.writes()
    await disk.writes()
    assert disk.lines == [TO_BEN, Line()]
    assert disk.anna.line == Line()
