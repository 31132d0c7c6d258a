"""Call records: how each call went for each of those in it, on disk before anybody hears of it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

import pytest

from offhook.calls.cause import Cause
from offhook.calls.leg import Asked, Gone, Party, Redirect, TransferTo
from offhook.calls.routing import Plan, Round
from offhook.calls.switch import Switch
from offhook.clock import Clock
from offhook.features.records import Recorder
from offhook.feed import Change
from offhook.ids import LiveIds
from offhook.store.database import Row, Step, StoreError, Value
from offhook.store.records import Record, Records
from tests.calls.house import FakeLeg, House

DAY = 1_790_000_000.0  # Unix time at the monotonic second 0


class SlowDisk:
    """A database that has written what it was given when the test says so."""

    def __init__(self) -> None:
        self.rows: list[tuple[Value, ...]] = []
        self.commits = 0
        self.trouble = ""
        self.waiting = 0
        self._open: list[asyncio.Future[None]] = []

    def write(self, sql: str, rows: Iterable[Sequence[Value]]) -> "asyncio.Future[None]":
        self.commits += 1
        self.rows += [tuple(row) for row in rows]
        self._open.append(asyncio.get_running_loop().create_future())
        return self._open[-1]

    async def turns(self, why: Exception | None = None) -> None:
        """Everything is on disk, or is not and will not be."""
        done, self._open = self._open, []
        for future in done:
            if why is None:
                future.set_result(None)
            else:
                future.set_exception(why)
        for _ in range(3):  # several writes are waited for together
            await asyncio.sleep(0)

    async def read(self, sql: str, *values: Value) -> list[Row]:
        return []

    def transact(self, steps: Sequence[Step]) -> "asyncio.Future[list[list[Row]]]":
        raise AssertionError("without hooks rows are merely written")

    async def close(self) -> None: ...


class Office:
    """The house of the calls' tests, with a recorder, and everyone who is told of records."""

    def __init__(self) -> None:
        self.house = House(recorded=True)
        self.disk = SlowDisk()
        self.kept: list[str] = []
        self.posts: list[Record] = []
        clock = Clock(lambda: 0.0, lambda: DAY)
        self.recorder = Recorder(self.house.feed, Records(self.disk, "hq", 0), clock, self._kept)
        for user in ("anna", "ben", "carla"):
            self.house.feed.follow(self, f"own.{user}")

    def tell(self, change: Change, level: int | None) -> None:
        if isinstance(change.new, Record):
            self.posts.append(change.new)

    def _kept(self, call: str) -> None:
        self.kept.append(call)
        self.house.switch.kept(call, 0.0)

    async def is_written(self) -> None:
        self.recorder.flush()
        await self.disk.turns()

    async def calls(self, number: str = "102") -> str:
        """Anna calls; the opening rows are on disk."""
        id = self.house.switch.incoming(self.house.anna, number, 0)
        await self.is_written()
        return id

    async def of(self, user: str) -> Record:
        """The one record this user is told of."""
        await self.is_written()
        (record,) = [post for post in self.posts if post.user == user]
        return record


@pytest.fixture
async def office() -> Office:
    return Office()


async def test_both_sides_of_a_call_that_was_answered_know_with_whom_on_what_and_how_long(
    office: Office,
) -> None:
    house = office.house
    call = await office.calls()
    house.answers(house.ben_browser.leg, 2)
    house.switch.tell(house.anna, Gone(Cause.NORMAL), 62)
    anna, ben = await office.of("anna"), await office.of("ben")
    assert (anna.direction, anna.outcome, anna.number, anna.other) == ("out", "answered", "102", "ben")
    assert (ben.direction, ben.outcome, ben.number, ben.other) == ("in", "answered", "101", "anna")
    assert (anna.device, ben.device) == ("anna-desk", "ben-browser")
    for record in (anna, ben):
        assert (record.begun, record.answered, record.ended) == (DAY, DAY + 2, DAY + 62)
        assert (record.call, record.cause) == (call, "normal")


async def test_until_all_that_happened_is_on_disk_something_waits(office: Office) -> None:
    house, recorder = office.house, office.recorder
    assert recorder.waiting == 0
    await office.calls()
    house.answers(house.ben_desk.leg, 2)
    house.switch.tell(house.anna, Gone(Cause.NORMAL), 62)
    assert recorder.waiting > 0, "nobody has put it down"
    recorder.flush()
    assert recorder.waiting > 0, "it is not on disk"
    await office.disk.turns()
    assert recorder.waiting == 0


async def test_what_the_disk_will_never_take_waits_no_longer(office: Office) -> None:
    office.house.switch.incoming(office.house.anna, "102", 0)
    office.recorder.flush()
    await office.disk.turns(why=StoreError("no"))
    assert office.recorder.waiting == 0


def nobody_comes(house: House) -> None:
    house.switch.tick(30)


def ben_declines(house: House) -> None:
    house.switch.decline(next(iter(house.switch.calls)), "ben", 3)


def everything_is_busy(house: House) -> None:
    for device in (house.ben_desk, house.ben_browser):
        house.switch.tell(device.leg, Gone(Cause.BUSY), 3)


def anna_gives_up(house: House) -> None:
    house.switch.tell(house.anna, Gone(Cause.CANCELLED), 3)


def something_breaks(house: House) -> None:
    for device in (house.ben_desk, house.ben_browser):
        house.switch.tell(device.leg, Gone(Cause.FAILED), 3)


@pytest.mark.parametrize(
    ("happens", "for_caller", "for_called"),
    [
        (nobody_comes, "missed", "missed"),
        (ben_declines, "declined", "declined"),
        (everything_is_busy, "busy", "missed"),
        (anna_gives_up, "cancelled", "missed"),
        (something_breaks, "failed", "missed"),
    ],
)
async def test_a_call_that_nobody_took_ended_differently_for_each_side(
    office: Office, happens: Callable[[House], None], for_caller: str, for_called: str
) -> None:
    await office.calls()
    happens(office.house)
    anna, ben = await office.of("anna"), await office.of("ben")
    assert (anna.outcome, ben.outcome) == (for_caller, for_called)
    assert anna.answered is None
    assert ben.answered is None
    assert anna.ended == ben.ended
    assert anna.ended is not None


async def test_a_call_to_a_number_of_nobody_is_the_callers_alone(office: Office) -> None:
    office.house.switch.incoming(office.house.anna, "999", 0)
    record = await office.of("anna")
    assert (record.outcome, record.number, record.other, record.cause) == (
        "failed", "999", "", "unknown-number",
    )  # fmt: skip
    assert [post.user for post in office.posts] == ["anna"]


async def test_what_a_colleague_took_was_answered_elsewhere_and_is_not_missed(office: Office) -> None:
    house = office.house
    house.carla.is_reachable = True
    team = Plan((Round((house.ben_desk, house.carla)),), called=Party("200", "Team"))
    house.switch = Switch(lambda ask: team, house.engine, house.feed, LiveIds("hq", 2))
    await office.calls("200")
    house.answers(house.carla.leg, 2)
    house.switch.tell(house.anna, Gone(Cause.NORMAL), 9)
    anna, ben, carla = [await office.of(user) for user in ("anna", "ben", "carla")]
    assert (ben.outcome, ben.answered, carla.outcome) == ("elsewhere", None, "answered")
    assert (anna.outcome, anna.number, anna.name, anna.other) == ("answered", "103", "Carla", "carla")


async def test_a_call_that_was_sent_on_is_with_whoever_answered_and_forwarded_by_who_sent_it(
    office: Office,
) -> None:
    house = office.house
    house.carla.is_reachable = True
    house.ben_browser.is_reachable = False
    await office.calls()
    house.switch.tell(house.ben_desk.leg, Asked(Redirect("103")), 1)
    house.switch.tell(house.ben_desk.leg, Gone(Cause.NO_ANSWER), 1)
    house.answers(house.carla.leg, 4)
    house.switch.tell(house.carla.leg, Gone(Cause.NORMAL), 9)
    anna, ben, carla = [await office.of(user) for user in ("anna", "ben", "carla")]
    assert (anna.outcome, anna.number, anna.other) == ("answered", "103", "carla")
    assert (ben.direction, ben.outcome, ben.to.user) == ("in", "forwarded", "carla")
    assert (carla.direction, carla.outcome, carla.number) == ("in", "answered", "101")


async def test_dialled_from_the_page_and_not_picked_up_at_ones_own_desk_is_cancelled(office: Office) -> None:
    house = office.house
    house.switch.dial(house.desk, "102", 0)
    house.switch.hangup(house.desk.leg.id, 3)
    record = await office.of("anna")
    assert (record.direction, record.outcome, record.number, record.device) == (
        "out", "cancelled", "102", "anna-desk",
    )  # fmt: skip


async def test_who_puts_others_through_hears_of_the_call_at_once_and_its_row_follows_it_to_the_end(
    office: Office,
) -> None:
    house = office.house
    house.carla.is_reachable = True
    await office.calls()
    house.answers(house.ben_desk.leg, 2)
    ben = house.ben_desk.leg
    house.switch.tell(ben, Asked(TransferTo("103")), 5)
    house.answers(house.carla.leg, 7)
    await office.is_written()
    assert [(post.user, post.outcome, post.complete) for post in office.posts] == [("ben", "answered", True)]
    house.switch.tell(house.anna, Gone(Cause.NORMAL), 60)
    await office.is_written()
    assert sorted(post.user for post in office.posts) == ["anna", "ben", "carla"]
    assert "transferred" in {row[3] for row in office.disk.rows[-3:]}


async def test_a_call_between_strangers_needs_no_disk(office: Office) -> None:
    house = office.house
    house.switch.route = lambda ask: Plan((Round((stranger,)),))
    stranger = House.device("", "Mallory", "0171", "")
    caller = FakeLeg(Party("0172"))
    house.switch.incoming(caller, "0171", 0)
    house.answers(stranger.leg, 1)
    assert caller.told_ == []
    office.recorder.flush()
    assert caller.told_ == ["answer"]
    assert office.disk.commits == 0


# ---- the disk


async def test_nobody_hears_of_a_record_before_it_is_on_disk(office: Office) -> None:
    await office.calls()
    anna_gives_up(office.house)
    office.recorder.flush()
    await asyncio.sleep(0)
    assert office.posts == []
    await office.disk.turns()
    assert {post.user for post in office.posts} == {"anna", "ben"}


async def test_a_call_is_kept_when_its_opening_rows_are_on_disk_and_only_then(office: Office) -> None:
    house = office.house
    call = house.switch.incoming(house.anna, "102", 0)
    house.answers(house.ben_desk.leg, 0)
    office.recorder.flush()
    assert len(office.disk.rows) == 2
    assert (office.kept, house.anna.told_) == ([], [])
    await office.disk.turns()
    assert (office.kept, house.anna.told_) == ([call], ["answer"])


async def test_a_disk_that_waits_makes_no_call_wait_longer_than_fifty_milliseconds(office: Office) -> None:
    house = office.house
    house.switch.incoming(house.anna, "102", 0)
    office.recorder.flush()
    house.answers(house.ben_desk.leg, 1)
    house.switch.tick(1.04)
    assert house.anna.told_ == []
    house.switch.tick(1.05)
    assert house.anna.told_ == ["answer"]
    house.switch.tell(house.anna, Gone(Cause.NORMAL), 9)
    assert not house.switch.calls
    assert (await office.of("anna")).outcome == "answered"


async def test_what_changes_together_is_one_write_and_each_row_is_as_it_is_then(office: Office) -> None:
    house = office.house
    house.switch.incoming(house.anna, "102", 0)
    house.switch.tick(30)
    await office.is_written()
    assert office.disk.commits == 1
    assert len(office.disk.rows) == 2
    assert {post.outcome for post in office.posts} == {"missed"}


async def test_rows_are_written_a_moment_after_they_change_without_anybody_asking(office: Office) -> None:
    office.house.switch.incoming(office.house.anna, "102", 0)
    async with asyncio.timeout(10):
        while not office.disk.commits:  # noqa: ASYNC110  # the recorder's own timer, which tells nobody
            await asyncio.sleep(0.005)


async def test_a_record_that_could_not_be_kept_is_said_in_the_log_and_announced_to_nobody(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.house.switch.incoming(office.house.anna, "999", 0)
    office.recorder.flush()
    await office.disk.turns(RuntimeError("no room"))
    assert office.posts == []
    assert "could not be kept: no room" in caplog.text


async def test_a_call_that_is_over_leaves_nothing_behind(office: Office) -> None:
    await office.calls()
    anna_gives_up(office.house)
    await office.is_written()
    rows = len(office.disk.rows)
    office.recorder.flush()
    assert len(office.disk.rows) == rows
