"""The stock of bound pairs."""

import pytest

from offhook.media.worker.stock import Stock


def stock(size: int = 4, *, ports: tuple[int, int] = (100, 139), taken: tuple[int, ...] = ()) -> Stock[str]:
    def bind(host: str, port: int) -> str | None:
        return None if port in taken else f"{host}:{port}"

    return Stock(("v4", "v6"), ports, size, bind, start=0)


def test_every_host_gets_its_share_of_even_ports() -> None:
    pairs = stock().top_up(100)
    assert [(pair.host, pair.port) for pair in pairs] == [
        (host, port) for host in ("v4", "v6") for port in (100, 102, 104, 106)
    ]
    assert len({pair.number for pair in pairs}) == 8


def test_an_odd_first_port_is_passed_over() -> None:
    assert stock(1, ports=(101, 104)).top_up(100)[0].port == 102


def test_ports_of_others_are_passed_over() -> None:
    assert [pair.port for pair in stock(taken=(100, 104)).top_up(100)][:4] == [102, 106, 108, 110]


def test_what_is_taken_is_replaced_a_little_more_each_time() -> None:
    ours = stock()
    pairs = ours.top_up(100)
    for pair in pairs[:4]:
        assert ours.take(pair.number) == f"v4:{pair.port}"
    assert ours.is_short
    assert len(ours.top_up(100)) == 5
    assert not ours.is_short


def test_a_pair_given_back_comes_last_under_a_new_number() -> None:
    ours = stock(2)
    pairs = ours.top_up(100)
    ours.take(pairs[0].number)
    back = ours.give_back(pairs[0].number, "fresh")
    assert [(pair.host, pair.port) for pair in back] == [("v4", 100)]
    assert back[0].number > pairs[-1].number
    assert ours.take(back[0].number) == "fresh"


def test_a_pair_that_could_not_be_bound_again_is_forgotten_and_may_be_tried_later() -> None:
    ours = stock(1, ports=(100, 101))
    pair = ours.top_up(100)[0]
    ours.take(pair.number)
    assert ours.give_back(pair.number, None) == []
    assert ours.top_up(100)[0].port == 100


def test_nobody_takes_a_pair_twice_or_one_that_never_was() -> None:
    ours = stock()
    pair = ours.top_up(100)[0]
    ours.take(pair.number)
    with pytest.raises(KeyError):
        ours.take(pair.number)
    with pytest.raises(KeyError):
        ours.take(4711)


def test_when_all_ports_are_used_it_asks_no_more() -> None:
    ours = stock(100)
    assert len(ours.top_up(1000)) == 40
    assert not ours.is_short
    assert ours.top_up(1000) == []


def test_an_address_we_do_not_have_is_tried_once() -> None:
    asked = []

    def bind(host: str, port: int) -> str | None:
        asked.append(port)
        raise OSError("Cannot assign requested address")

    ours: Stock[str] = Stock(("192.0.2.1",), (100, 200), 4, bind, start=0)
    assert ours.top_up(100) == []
    assert not ours.is_short
    assert len(asked) == 1
