"""RTP bleed and inject (CVE-2017-14099): whose packets a phone's port takes."""

import pytest

from offhook.media.worker.latch import WINDOW, Latch, canonical

SAID = ("10.0.0.5", 4000)
NAT = ("192.0.2.9", 31000)
NAT_AGAIN = ("192.0.2.9", 31002)
STRANGER = ("203.0.113.66", 4000)


def latch(host: str = "", now: float = 0.0) -> Latch:
    made = Latch()
    made.settle(SAID, host, now)
    return made


def test_without_nat_only_the_negotiated_address_counts() -> None:
    ours = latch()
    assert ours.source == ours.remote == SAID
    assert not ours.admits(STRANGER, 0.1)
    assert not ours.admits((SAID[0], 4002), 0.1)


def test_behind_nat_the_first_packet_from_the_signalling_ip_is_followed_once() -> None:
    ours = latch(NAT[0])
    assert not ours.admits(STRANGER, 0.1)
    assert ours.admits(NAT, 0.2)
    ours.follow(NAT)
    assert ours.source == ours.remote == NAT
    assert not ours.admits(NAT_AGAIN, 0.3)
    assert not ours.admits(SAID, 0.3)


def test_the_negotiated_address_closes_the_window_too() -> None:
    ours = latch(NAT[0])
    assert ours.admits(SAID, 0.1)
    ours.follow(SAID)
    assert not ours.admits(NAT, 0.2)


def test_after_the_window_nobody_is_learnt_any_more() -> None:
    ours = latch(NAT[0])
    assert not ours.admits(NAT, WINDOW + 0.1)
    assert ours.source == SAID
    assert ours.admits(SAID, WINDOW + 0.2)


def test_a_new_agreement_opens_the_window_again_and_the_old_source_stays_good() -> None:
    ours = latch(NAT[0])
    ours.follow(NAT)
    ours.settle(SAID, NAT[0], 60.0)
    assert ours.remote == NAT
    assert ours.admits(NAT, 60.1)
    ours.follow(NAT)
    assert ours.admits(NAT_AGAIN, 60.2)
    ours.follow(NAT_AGAIN)
    assert not ours.admits(NAT, 60.3)


def test_the_old_source_is_kept_when_nothing_new_comes() -> None:
    ours = latch(NAT[0])
    ours.follow(NAT)
    ours.settle(SAID, NAT[0], 60.0)
    assert ours.admits(NAT, 66.0)
    assert ours.source == NAT


def test_an_address_that_moved_is_learnt_anew() -> None:
    ours = latch(NAT[0])
    ours.follow(NAT)
    ours.settle(("10.0.0.5", 4100), NAT[0], 60.0)
    assert ours.remote == ("10.0.0.5", 4100)


def test_addresses_are_compared_as_the_socket_names_them() -> None:
    assert canonical(("2001:DB8::0:1", 5)) == ("2001:db8::1", 5, 0, 0)
    with pytest.raises(ValueError, match=r"phone\.example"):
        canonical(("phone.example", 5))
