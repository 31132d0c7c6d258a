"""Groups make colleagues; what changes in them is told once it can be looked up."""

from hypothesis import given
from hypothesis import strategies as st

from offhook.feed import Feed
from offhook.people.groups import Group, Groups, Membership

SALES = Group("g1", "Sales", (("anna", True), ("ben", True), ("carla", False)))
SERVICE = Group("g2", "Service", (("ben", True), ("dora", True)))


def office() -> Groups:
    groups = Groups(Feed())
    groups.put(SALES)
    groups.put(SERVICE)
    return groups


def test_those_who_are_active_in_one_group_share_it() -> None:
    groups = office()
    assert groups.share("anna", "ben")
    assert groups.share("dora", "ben")
    assert not groups.share("anna", "dora")


def test_who_is_passive_shares_nothing() -> None:
    groups = office()
    assert groups.of("carla") == []
    assert not groups.share("anna", "carla")
    assert groups.colleagues("carla") == ()


def test_colleagues_are_those_of_all_ones_groups_without_oneself() -> None:
    assert office().colleagues("ben") == ("anna", "dora")
    assert office().colleagues("nobody") == ()


def test_who_comes_and_who_goes_is_told_once_it_can_be_looked_up() -> None:
    groups = office()
    told: list[tuple[list[str], bool]] = []
    groups.watch(lambda users: told.append((sorted(users), groups.share("anna", "dora"))))
    groups.put(Group("g2", "Service", (("anna", True), ("ben", False), ("dora", True))))
    assert told == [(["anna", "ben"], True)]
    groups.put(Group("g2", "Helpdesk", (("anna", True), ("ben", False), ("dora", True))))
    assert told[1:] == [], "only its name has changed"
    groups.remove("g2")
    assert told[1:] == [(["anna", "dora"], False)]


def test_the_feed_knows_each_users_groups_so_that_nobody_returns_to_an_old_picture() -> None:
    feed = Feed()
    groups = Groups(feed)
    groups.put(SALES)
    before = feed.latest(["own.anna"])
    groups.put(SERVICE)
    assert feed.latest(["own.anna"]) == before
    groups.remove("g1")
    assert feed.latest(["own.anna"]) > before
    assert feed.get(Membership, "anna") is None
    assert feed.get(Membership, "ben") == Membership("ben", ("g2",))


USERS = ("anna", "ben", "carla")
MEMBERS = st.lists(st.tuples(st.sampled_from(USERS), st.booleans()), unique_by=lambda member: member[0])
STEPS = st.lists(st.tuples(st.sampled_from(("g1", "g2", "g3")), st.none() | MEMBERS.map(tuple)))


@given(STEPS)
def test_whatever_happens_each_user_is_in_the_groups_that_say_so(
    steps: list[tuple[str, tuple[tuple[str, bool], ...] | None]],
) -> None:
    groups, now = Groups(Feed()), dict[str, Group]()
    for id, members in steps:
        if members is None:
            groups.remove(id)
            now.pop(id, None)
        else:
            now[id] = Group(id, id, members)
            groups.put(now[id])
    for user in USERS:
        of = {id for id, group in now.items() if (user, True) in group.members}
        assert {group.id for group in groups.of(user)} == of
        for other in USERS:
            both = any({(user, True), (other, True)} <= set(group.members) for group in now.values())
            assert groups.share(user, other) == both
