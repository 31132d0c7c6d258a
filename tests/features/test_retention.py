"""What is too old goes, slice by slice."""

import pytest

from offhook.features.records.retention import Retention

DAY = 86400.0
NOW = 1_790_000_000.0


class Slices:
    """So many slices are too old; knows what it was asked."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.asked: list[float] = []

    async def forget_before(self, at: float, /) -> int:
        self.asked.append(at)
        if not self.left:
            return 0
        self.left -= 1
        return 200


@pytest.mark.parametrize("keep_days", [0, 90])
async def test_records_go_after_so_many_days_if_they_go_and_the_log_after_two_weeks(
    keep_days: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    records, deliveries, pauses = Slices(3), Slices(2), []

    async def pause() -> None:
        pauses.append(1)

    await Retention(records, deliveries, lambda: NOW, keep_days=keep_days, pause=pause).tidy()
    assert deliveries.asked == [NOW - 14 * DAY] * 3
    if keep_days:
        assert records.asked == [NOW - 90 * DAY] * 4
        assert len(pauses) == 5
        assert "600 call records were older than 90 days" in caplog.text
    else:
        assert (records.asked, len(pauses)) == ([], 2)
