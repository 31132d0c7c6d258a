"""SRTP: two directions, and what a wrong key or a repeat is worth."""

from secrets import token_bytes

import pytest

from offhook.media.worker.rtp import HEADER
from offhook.media.worker.srtp import SUITES, Error, Shield


def packet(seq: int) -> bytes:
    return HEADER.pack(0x80, 8, seq, seq * 160, 77) + b"\xd5" * 160


def pair(suite: str) -> tuple[Shield, Shield]:
    _, key, salt = SUITES[suite]
    a, b = token_bytes(key + salt), token_bytes(key + salt)
    return Shield(suite, ours=a, theirs=b), Shield(suite, ours=b, theirs=a)


@pytest.mark.parametrize("suite", SUITES)
def test_what_one_seals_the_other_opens(suite: str) -> None:
    here, there = pair(suite)
    sealed = here.seal(packet(1))
    assert sealed[12:172] != packet(1)[12:]
    assert there.open(sealed) == packet(1)
    report = bytes.fromhex("80c90001 0000004d".replace(" ", ""))
    assert there.open_rtcp(here.seal_rtcp(report)) == report


@pytest.mark.parametrize("suite", SUITES)
def test_a_changed_packet_or_one_seen_before_is_not_opened(suite: str) -> None:
    here, there = pair(suite)
    sealed = here.seal(packet(1))
    changed = sealed[:50] + bytes([sealed[50] ^ 1]) + sealed[51:]
    with pytest.raises(Error):
        there.open(changed)
    there.open(sealed)
    with pytest.raises(Error):
        there.open(sealed)


@pytest.mark.parametrize("suite", SUITES)
def test_a_number_is_never_sealed_twice(suite: str) -> None:
    here, _ = pair(suite)
    here.seal(packet(5))
    with pytest.raises(Error):
        here.seal(packet(5)[:-1] + b"?")


def test_keys_of_the_wrong_length_are_refused() -> None:
    with pytest.raises(ValueError, match="30 bytes"):
        Shield("AES_CM_128_HMAC_SHA1_80", ours=bytes(30), theirs=bytes(29))
