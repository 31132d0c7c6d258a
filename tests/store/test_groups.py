"""Groups: who belongs to which, and what users wish for themselves."""

import pytest

from offhook.dialplan.model import Ringing
from offhook.people.directory import User
from offhook.people.groups import Group
from offhook.store.database import Conflict, Database, StoreError
from offhook.store.groups import Groups
from offhook.store.meta import Meta
from offhook.store.users import Users
from tests.blueprint.office import put

NOW = 1_790_000_000.0


@pytest.fixture
def groups(database: Database) -> Groups:
    return Groups(database, "hq")


@pytest.fixture
async def anna(database: Database) -> User:
    return await Users(database, "hq").add("anna", "Anna Berg", "101", now=NOW)


@pytest.fixture
async def ben(database: Database) -> User:
    return await Users(database, "hq").add("ben", "Ben Cole", "102", now=NOW)


async def test_a_new_group_is_empty_and_found_in_any_capitals(groups: Groups) -> None:
    sales = await groups.create("  Sales  East ")
    assert sales == Group(sales.id, "Sales East", ())
    assert await groups.load_all() == [sales]
    assert await groups.by_name("SALES east") == sales
    assert await groups.by_name("Sales") is None


async def test_members_are_active_or_not_and_may_change_their_mind(
    groups: Groups, anna: User, ben: User
) -> None:
    sales = await groups.create("Sales")
    await groups.join(sales.id, anna.id)
    await groups.join(sales.id, ben.id, active=False)
    assert (await groups.load_all())[0].members == ((anna.id, True), (ben.id, False))
    await groups.join(sales.id, ben.id, active=True)
    await groups.leave(sales.id, anna.id)
    assert (await groups.load_all())[0].members == ((ben.id, True),)


async def test_members_come_in_the_order_in_which_they_joined_until_it_is_another(
    database: Database, groups: Groups, anna: User, ben: User
) -> None:
    carla = await Users(database, "hq").add("carla", "Carla Diaz", "103", now=NOW)
    sales = await groups.create("Sales")
    for user in (carla, anna, ben):
        await groups.join(sales.id, user.id)

    async def members() -> list[str]:
        (group,) = await groups.load_all()
        assert await groups.by_name("Sales") == group
        return [user for user, _ in group.members]

    assert await members() == [carla.id, anna.id, ben.id]
    await groups.join(sales.id, anna.id, active=False)
    assert await members() == [carla.id, anna.id, ben.id], "a member again keeps the place"
    await put(database, '[[group]]\nname = "Sales"\nmembers = ["ben", "anna", "carla"]\n')
    assert await members() == [ben.id, anna.id, carla.id]
    await groups.leave(sales.id, anna.id)
    await groups.join(sales.id, anna.id)
    assert await members() == [ben.id, carla.id, anna.id]


async def test_a_group_may_have_a_number_where_it_rings(
    database: Database, groups: Groups, anna: User
) -> None:
    await put(
        database,
        """
        node = [{ name = "works", number = "7" }]
        group = [
            { name = "Sales", ringing = { number = "201", node = "works" } },
            { name = "Service", ringing = { number = "200", mode = "in-turn", otherwise = "101" } },
            { name = "Staff" },
        ]
        """,
    )
    in_turn = Ringing("200", mode="in-turn", otherwise="101")
    sales, service, staff = await groups.load_all()
    assert [one.ringing for one in (sales, service, staff)] == [Ringing("201", node="works"), in_turn, None]
    assert await groups.by_name("Service") == service
    await put(database, 'group = [{ name = "Sales" }, { name = "Staff", ringing = { number = "202" } }]')
    assert [group.ringing for group in await groups.load_all()] == [None, in_turn, Ringing("202")]


async def test_two_groups_cannot_have_one_name(groups: Groups) -> None:
    await groups.create("Sales")
    with pytest.raises(Conflict, match="there is a group SALES already"):
        await groups.create("SALES")
    assert [group.name for group in await groups.load_all()] == ["Sales"]


async def test_who_is_not_here_cannot_join_and_what_is_not_here_cannot_be_joined(
    groups: Groups, anna: User
) -> None:
    sales = await groups.create("Sales")
    for group, user in ((sales.id, "hq.1v"), ("hq.1v", anna.id)):
        with pytest.raises(StoreError, match="removed meanwhile"):
            await groups.join(group, user)


async def test_a_group_that_goes_leaves_its_members_and_a_user_who_goes_leaves_the_groups(
    database: Database, groups: Groups, anna: User, ben: User
) -> None:
    sales, service = await groups.create("Sales"), await groups.create("Service")
    for group in (sales, service):
        for user in (anna, ben):
            await groups.join(group.id, user.id)
    await groups.delete(sales.id)
    await Users(database, "hq").remove(anna.id)
    assert await groups.load_all() == [Group(service.id, "Service", ((ben.id, True),))]
    assert await Users(database, "hq").load_all() == [ben]


async def test_a_change_by_another_process_tells_the_server_to_look(database: Database, anna: User) -> None:
    before = await Meta(database).changes()
    groups = Groups(database, "hq", announce=True)
    sales = await groups.create("Sales")
    await groups.join(sales.id, anna.id)
    await groups.leave(sales.id, anna.id)
    await groups.delete(sales.id)
    assert await Meta(database).changes() == before + 4


async def test_a_new_user_may_be_disturbed_and_has_call_waiting_until_told_otherwise(
    database: Database, anna: User
) -> None:
    users = Users(database, "hq")
    assert (anna.do_not_disturb, anna.call_waiting) == (False, True)
    await users.set_preferences(anna.id, do_not_disturb=True, call_waiting=False)
    (kept,) = await users.load_all()
    assert (kept.do_not_disturb, kept.call_waiting) == (True, False)
