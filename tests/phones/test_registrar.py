"""Bindings: what a REGISTER changes, what a restart keeps, and who is woken when."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.phones.registrar import CONTACTS_PER_DEVICE, Registrar
from offhook.sip.flow import Flow
from tests.phones.exchange import MemoryStore
from tests.phones.requests import flow, request

HERE = "<sip:anna@192.0.2.10:5060>"
THERE = "<sip:anna@192.0.2.10:5070>"
WALL = 1_700_000_000.0


@dataclass
class Desk:
    """A registrar, its store, and what it said of reachability."""

    store: MemoryStore = field(default_factory=MemoryStore)
    news: list[tuple[str, int]] = field(default_factory=list)
    cseq: int = 0

    def __post_init__(self) -> None:
        self.registrar = Registrar(self.store, lambda now: WALL + now, self._changed)

    def _changed(self, device: str, count: int) -> None:
        self.news.append((device, count))

    def register(
        self,
        *contacts: str,
        expires: int | None = None,
        by: Flow | None = None,
        now: float = 0.0,
        sent_by: str = "192.0.2.10:5060",
        device: str = "anna",
        call_id: str = "one",
        cseq: int | None = None,
        more: tuple[str, ...] = (),
    ) -> tuple[int, dict[str, int], bytes]:
        """The status, the contacts listed with their seconds, and all headers."""
        self.cseq += 1
        headers = [f"Contact: {contact}" for contact in contacts]
        if expires is not None:
            headers.append(f"Expires: {expires}")
        message = request(
            "REGISTER", *headers, *more, sent_by=sent_by, call_id=call_id, cseq=cseq or self.cseq
        )
        status, answer = self.registrar.register(message, by or flow(), device, now)
        listed = {}
        for line in answer.decode().splitlines():
            if line.startswith("Contact: "):
                uri, _, seconds = line.removeprefix("Contact: ").partition(";expires=")
                listed[uri] = int(seconds)
        return status, listed, answer


def test_a_contact_lasts_as_long_as_it_asked_for() -> None:
    desk = Desk()
    assert desk.register(HERE, expires=120)[:2] == (200, {HERE: 120})
    assert desk.news == [("anna", 1)]
    desk.registrar.tick(119.9)
    assert desk.registrar.reachable("anna") == 1
    desk.registrar.tick(120.0)
    assert desk.news == [("anna", 1), ("anna", 0)]
    desk.registrar.flush()
    assert desk.store.rows == {}


@pytest.mark.parametrize(
    ("contact", "expires", "status", "granted"),
    [
        (HERE, None, 200, 3600),
        (HERE, 100, 200, 100),
        (HERE + ";expires=200", 100, 200, 200),
        (HERE, 7200, 200, 3600),
        (HERE, 60, 200, 60),
        (HERE, 59, 423, None),
        (HERE + ";expires=1", 3600, 423, None),
        (HERE + ";expires=soon", 100, 200, 3600),
        (HERE + ";expires=99999999999999999999", 100, 200, 3600),
        ("<sip:anna@192.0.2.10", 100, 400, None),
        ("<mailto:anna@example.org>", 100, 416, None),
    ],
)
def test_how_long_is_granted(contact: str, expires: int | None, status: int, granted: int | None) -> None:
    answer, listed, headers = Desk().register(contact, expires=expires)
    assert answer == status
    assert list(listed.values()) == ([] if granted is None else [granted])
    assert (b"Min-Expires: 60" in headers) is (status == 423)


def test_what_can_only_come_back_by_itself_is_told_to_do_so_soon() -> None:
    for by, sent_by, granted in [
        (flow(transport="tls", connection=1), "192.0.2.10:5060", 300),
        (flow(transport="tcp", connection=2), "192.0.2.10:5060", 3600),
        (flow(transport="tcp", connection=3), "10.0.0.4:5060", 300),
        (flow(), "10.0.0.4:5060", 3600),
    ]:
        assert Desk().register(HERE, by=by, sent_by=sent_by)[1] == {HERE: granted}


def test_no_contact_asks_and_an_expiry_of_nothing_takes_away() -> None:
    desk = Desk()
    desk.register(HERE, THERE)
    assert desk.register()[1] == {HERE: 3600, THERE: 3600}
    assert desk.register(HERE, expires=0)[1] == {THERE: 3600}
    assert desk.registrar.reachable("anna") == 1


def test_a_star_takes_all_away_but_only_with_nothing_left_to_live() -> None:
    desk = Desk()
    desk.register(HERE, THERE)
    assert desk.register("*", expires=60)[0] == 400
    assert desk.register("*")[0] == 400
    assert desk.register("*, " + HERE, expires=0)[0] == 400
    assert desk.registrar.reachable("anna") == 2
    assert desk.register("*", expires=0)[:2] == (200, {})
    assert desk.news[-1] == ("anna", 0)


def test_an_older_request_of_the_same_call_changes_nothing() -> None:
    desk = Desk()
    desk.register(HERE, cseq=7)
    assert desk.register(HERE, THERE, expires=0, cseq=6)[0] == 500
    assert desk.register("*", expires=0, cseq=7)[0] == 500
    assert desk.registrar.reachable("anna") == 1
    assert desk.register(HERE, expires=0, cseq=1, call_id="two")[:2] == (200, {})


def test_all_of_a_request_happens_or_nothing() -> None:
    desk = Desk()
    assert desk.register(HERE, THERE + ";expires=5")[0] == 423
    assert desk.register()[1] == {}


@pytest.mark.parametrize(
    "spelling",
    [
        "<sip:anna@192.0.2.10:5060>",
        "<SIP:anna@192.0.2.10:5060>",
        "sip:anna@192.0.2.10:5060",
        "<sip:%61nna@192.0.2.10:5060>",
    ],
)
def test_one_contact_is_known_by_any_spelling(spelling: str) -> None:
    desk = Desk()
    desk.register(HERE)
    assert len(desk.register(spelling)[1]) == 1


def test_a_phone_with_a_new_address_takes_the_place_of_its_former_self() -> None:
    desk = Desk()
    desk.register(HERE + ';+sip.instance="<urn:uuid:1>"')
    assert list(desk.register(THERE + ';+sip.instance="<urn:uuid:1>"')[1]) == [THERE]
    assert len(desk.register(HERE + ';+sip.instance="<urn:uuid:2>"')[1]) == 2


def test_of_two_ways_to_one_phone_the_later_rings() -> None:
    desk = Desk()
    desk.register(HERE + ';reg-id=1;+sip.instance="<urn:uuid:1>"')
    desk.register(THERE + ';reg-id=2;+sip.instance="<urn:uuid:1>"', now=1)
    assert len(desk.register(now=1)[1]) == 2
    assert [contact.binding.contact for contact in desk.registrar.contacts("anna")] == [THERE[1:-1].encode()]


def test_whoever_was_silent_longest_makes_room_for_one_more() -> None:
    desk = Desk()
    for number in range(CONTACTS_PER_DEVICE):
        desk.register(f"<sip:anna@192.0.2.10:{6000 + number}>", now=number)
    desk.register("<sip:anna@192.0.2.10:6000>", now=50)
    listed = desk.register("<sip:anna@192.0.2.10:7000>", now=51)[1]
    assert len(listed) == CONTACTS_PER_DEVICE
    assert "<sip:anna@192.0.2.10:6001>" not in listed
    many = ", ".join(f"<sip:anna@192.0.2.10:{8000 + number}>" for number in range(CONTACTS_PER_DEVICE + 1))
    assert desk.register(many)[0] == 403


def test_without_nat_a_phone_is_reached_where_it_says_it_listens() -> None:
    desk = Desk()
    desk.register(HERE, by=flow(port=40000), sent_by="192.0.2.10:40000")
    assert desk.registrar.contacts("anna")[0].flow == flow(port=5060)


def test_behind_nat_a_phone_is_reached_the_way_it_came_and_kept_awake() -> None:
    desk = Desk()
    came = flow("198.51.100.7", 31000)
    desk.register("<sip:anna@10.0.0.4:5060>", by=came, sent_by="10.0.0.4:5060")
    assert desk.registrar.contacts("anna")[0].flow == came
    woken = [now for now in range(121) if desk.registrar.tick(float(now))]
    assert woken[0] <= 31
    assert all(25 <= later - earlier <= 31 for earlier, later in pairwise(woken))


def test_a_refresh_from_another_port_moves_a_phone_behind_nat() -> None:
    desk = Desk()
    for port in (31000, 32000):
        desk.register("<sip:anna@10.0.0.4:5060>", by=flow("198.51.100.7", port), sent_by="10.0.0.4:5060")
    assert desk.registrar.contacts("anna")[0].flow == flow("198.51.100.7", 32000)
    assert not desk.registrar.is_registered(flow("198.51.100.7", 31000), "anna")
    assert desk.registrar.is_registered(flow("198.51.100.7", 32000), "anna")


def test_a_closed_connection_leaves_a_tls_phone_unreachable_until_it_proves_itself_again() -> None:
    desk = Desk()
    first, second = flow(transport="tls", connection=1), flow(port=40000, transport="tls", connection=2)
    desk.register("<sip:anna@192.0.2.10:5060;transport=tls>", by=first)
    desk.registrar.flow_closed(first)
    assert desk.news == [("anna", 1), ("anna", 0)]
    desk.registrar.came_back("anna", b"sip:anna@192.0.2.10:5060;transport=tls", second)
    assert desk.news[-1] == ("anna", 1)
    assert desk.registrar.contacts("anna")[0].flow == second


def test_a_tcp_phone_without_nat_can_be_connected_to() -> None:
    desk = Desk()
    first = flow(transport="tcp", connection=1)
    desk.register("<sip:anna@192.0.2.10:5062;transport=tcp>", by=first)
    desk.registrar.flow_closed(first)
    (contact,) = desk.registrar.contacts("anna")
    assert contact.flow is None
    assert contact.entry.target == ("192.0.2.10", 5062)
    assert desk.news == [("anna", 1)]


def test_bindings_survive_a_restart() -> None:
    before = Desk()
    before.register(HERE, expires=600, now=0)
    before.register(THERE, expires=100, now=0)
    before.register("<sip:anna@192.0.2.10;transport=tcp>", by=flow(transport="tcp", connection=4), now=0)
    before.register("<sip:anna@192.0.2.11;transport=tls>", by=flow(transport="tls", connection=5), now=0)
    before.registrar.tick(1.0)
    after = Desk(store=before.store)
    after.registrar.restore(list(before.store.rows.values()), 200.0)
    assert after.news == [("anna", 2)]
    assert after.register(now=200.0)[1][HERE] == 400
    assert THERE not in after.register(now=200.0)[1]
    assert [contact.flow for contact in after.registrar.contacts("anna")] == [flow(), None]


def test_changes_are_gathered_before_they_are_written() -> None:
    desk = Desk()
    desk.register(HERE, now=10.0)
    desk.register(HERE, now=10.01)
    assert desk.store.rows == {}
    due = desk.registrar.next_timeout()
    assert due is not None
    assert due <= 10.06
    desk.registrar.tick(due)
    assert [row.cseq for row in desk.store.rows.values()] == [2]


def test_a_path_is_given_back_and_kept_for_requests() -> None:
    desk = Desk()
    answer = desk.register(HERE, more=("Path: <sip:edge.example;lr>",))[2]
    assert b"Path: <sip:edge.example;lr>\r\n" in answer
    assert desk.registrar.contacts("anna")[0].path == b"<sip:edge.example;lr>"


def test_a_device_that_is_taken_away_is_forgotten() -> None:
    desk = Desk()
    desk.register(HERE, THERE)
    desk.registrar.forget("anna", 1.0)
    assert desk.news[-1] == ("anna", 0)
    assert not desk.registrar.is_registered(flow(), "anna")


MOVES = st.lists(
    st.one_of(
        st.tuples(
            st.just("register"),
            st.sampled_from(["a", "b"]),
            st.lists(st.integers(1, 4), min_size=1, max_size=3),
            st.sampled_from([0, 60, 300]),
            st.integers(1, 3),
        ),
        st.tuples(st.just("close"), st.integers(1, 3)),
        st.tuples(st.just("wait"), st.integers(1, 200)),
    ),
    max_size=30,
)


@given(MOVES)
def test_table_store_and_news_always_agree(moves: list[tuple[object, ...]]) -> None:
    desk, now = Desk(), 0.0
    model: dict[tuple[str, int], float] = {}
    for move in moves:
        match move:
            case ("register", str(device), list(ports), int(seconds), int(connection)):
                contacts = [f"<sip:{device}@192.0.2.10:{5060 + port}>" for port in ports]
                by = flow(port=5060 + connection, transport="tls", connection=connection)
                status, listed, _ = desk.register(*contacts, expires=seconds, by=by, device=device, now=now)
                assert status == 200
                for port in ports:
                    model.pop((device, port), None)
                    if seconds:
                        model[device, port] = now + seconds
                assert len(listed) == sum(owner == device for owner, _ in model)
            case ("close", int(connection)):
                desk.registrar.flow_closed(
                    flow(port=5060 + connection, transport="tls", connection=connection)
                )
            case ("wait", int(seconds)):
                now += seconds
                desk.registrar.tick(now)
                model = {key: until for key, until in model.items() if until > now}
        assert len(desk.registrar) == len(model)
        latest = dict(desk.news)
        for device in ("a", "b"):
            assert desk.registrar.reachable(device) == latest.get(device, 0)
    desk.registrar.flush()
    assert {(device, int(contact[-4:]) - 5060) for device, contact in desk.store.rows} == set(model)
