"""Who has a number, and whether there are longer ones: users and groups, whatever comes, moves and goes."""

from hypothesis import given
from hypothesis import strategies as st

from offhook.dialplan.model import ROOT, Ringing
from offhook.feed import Feed
from offhook.people.directory import Directory, User
from offhook.people.groups import Group, Groups
from offhook.people.numbers import Beginnings

numbers = st.text("12", max_size=4)
nodes = st.sampled_from([ROOT, "works"])


def test_a_number_has_begun_until_it_is_complete() -> None:
    directory = Directory([User("u1", "anna", "Anna Berg", "101")])
    assert [directory.has_longer(ROOT, digits) for digits in ("", "1", "10")] == [True, True, True]
    assert not directory.has_longer(ROOT, "101")
    assert not directory.has_longer(ROOT, "11")
    assert not directory.has_longer("works", "10")


def test_who_moves_to_another_numbering_area_leaves_nothing_behind() -> None:
    directory = Directory([User("u1", "anna", "Anna Berg", "101")])
    moved = User("u1", "anna", "Anna Berg", "7", node="works")
    directory.put_user(moved)
    assert directory.by_number("101") is None
    assert not directory.has_longer(ROOT, "1")
    assert directory.by_number("7", "works") == moved


def test_two_who_swap_their_numbers_are_both_found() -> None:
    directory = Directory([User("u1", "anna", "Anna", "101"), User("u2", "ben", "Ben", "102")])
    anna, ben = User("u1", "anna", "Anna", "102"), User("u2", "ben", "Ben", "101")
    directory.put_user(anna)
    directory.put_user(ben)
    assert (directory.by_number("102"), directory.by_number("101")) == (anna, ben)


def test_each_change_of_the_directory_is_counted() -> None:
    directory = Directory()
    seen = [directory.changes]
    directory.put_user(User("u1", "anna", "Anna", "101"))
    seen.append(directory.changes)
    directory.remove_user("u1")
    seen.append(directory.changes)
    assert seen == sorted(set(seen))


def test_a_group_is_found_by_its_number_until_it_has_another() -> None:
    groups = Groups(Feed())
    service = Group("g1", "Service", (), Ringing("200"))
    groups.put(service)
    assert groups.at(ROOT, "200") == service
    assert groups.at("works", "200") is None
    assert (groups.has_longer(ROOT, "20"), groups.has_longer(ROOT, "200")) == (True, False)
    groups.put(Group("g1", "Service", (), Ringing("300", node="works")))
    assert groups.at(ROOT, "200") is None
    assert not groups.has_longer(ROOT, "20")
    assert groups.at("works", "300") is not None
    groups.remove("g1")
    assert groups.at("works", "300") is None


def test_two_groups_that_swap_their_numbers_are_both_found() -> None:
    groups = Groups(Feed())
    groups.put(Group("g1", "Sales", (), Ringing("200")))
    groups.put(Group("g2", "Service", (), Ringing("201")))
    sales, service = Group("g1", "Sales", (), Ringing("201")), Group("g2", "Service", (), Ringing("200"))
    groups.put(sales)
    groups.put(service)
    assert (groups.at(ROOT, "201"), groups.at(ROOT, "200")) == (sales, service)


@given(
    st.lists(st.tuples(nodes, numbers)),
    st.lists(st.tuples(nodes, numbers)),
    st.tuples(nodes, numbers),
)
def test_what_came_and_went_again_counts_no_more(
    stay: list[tuple[str, str]], leave: list[tuple[str, str]], asked: tuple[str, str]
) -> None:
    beginnings = Beginnings()
    for node, number in (*leave, *stay):
        beginnings.add(node, number)
    for node, number in leave:
        beginnings.remove(node, number)
    node, digits = asked
    longer = [n for at, n in stay if at == node and n.startswith(digits) and n != digits]
    assert beginnings.has_longer(node, digits) == bool(longer)
