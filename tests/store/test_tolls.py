"""What users have spent today lasts over a restart."""

from offhook.people.directory import User
from offhook.store.database import Database
from offhook.store.tolls import Tolls
from offhook.store.users import Users


async def anna(database: Database) -> User:
    return await Users(database, "hq").add("anna", "Anna Berg", "101", now=1_790_000_000.0)


async def test_the_newest_count_of_each_toll_is_kept(database: Database) -> None:
    user, tolls = await anna(database), Tolls(database, "hq")
    for count in (1, 2):
        await tolls.keep(user.id, "2026-11-23", "external", count)
    await tolls.keep(user.id, "2026-11-23", "international", 1)
    assert sorted(await tolls.load("2026-11-23")) == [
        (user.id, "2026-11-23", "external", 2),
        (user.id, "2026-11-23", "international", 1),
    ]


async def test_what_was_spent_on_other_days_is_not_todays_and_the_past_is_forgotten(
    database: Database,
) -> None:
    user, tolls = await anna(database), Tolls(database, "hq")
    await tolls.keep(user.id, "2026-11-22", "external", 9)
    await tolls.keep(user.id, "2026-11-23", "external", 1)
    assert await tolls.load("2026-11-23") == [(user.id, "2026-11-23", "external", 1)]
    assert await tolls.load("2026-11-22") == []


async def test_what_somebody_who_is_no_user_of_ours_spends_is_not_kept(database: Database) -> None:
    tolls = Tolls(database, "hq")
    await tolls.keep("elsewhere.u1", "2026-11-23", "external", 1)
    assert await tolls.load("2026-11-23") == []
