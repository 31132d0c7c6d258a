"""DTLS-SRTP: keys both sides agree on, fingerprints, lost flights and any bytes."""

import random
from collections.abc import Callable, Iterator

import pytest
from OpenSSL import SSL

from offhook.media.worker import dtls
from offhook.media.worker.dtls import MTU, Handshake, Identity, is_named
from offhook.media.worker.rtp import HEADER
from tests.media.house import IDENTITY, eventually
from tests.media.peers import Client

PACKET = HEADER.pack(0x80, 8, 1, 160, 77) + b"\xd5" * 160


def shake(ours: Handshake, client: Client, lost: Callable[[int], bool] = lambda n: False) -> None:
    """Carry datagrams to and fro until both are quiet; `lost` says which of them get lost."""
    count = 0
    to_us = client.start()
    while to_us:
        to_client: list[bytes] = []
        for datagram in to_us:
            count += 1
            to_client += [] if lost(count) else ours.receive(datagram)
        to_us = []
        for datagram in to_client:
            count += 1
            to_us += [] if lost(count) else client.receive(datagram)


@pytest.mark.parametrize("profile", ["SRTP_AEAD_AES_128_GCM", "SRTP_AES128_CM_SHA1_80"])
def test_both_sides_have_the_same_keys(profile: str) -> None:
    ours, client = Handshake(IDENTITY), Client(profile)
    shake(ours, client)
    assert ours.done
    assert client.shield is not None
    assert ours.shield().open(client.shield.seal(PACKET)) == PACKET
    assert client.shield.open(ours.shield().seal(PACKET)) == PACKET


def test_gcm_is_taken_when_both_can() -> None:
    ours, client = Handshake(IDENTITY), Client("SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM")
    shake(ours, client)
    assert client.shield is not None
    assert len(client.shield.seal(PACKET)) == len(PACKET) + 16


def test_the_peers_certificate_has_the_fingerprint_of_its_sdp_or_not() -> None:
    ours, client = Handshake(IDENTITY), Client()
    assert not is_named(ours.certificate, client.fingerprint)
    shake(ours, client)
    assert is_named(ours.certificate, client.fingerprint)
    assert is_named(ours.certificate, client.fingerprint.lower())
    assert not is_named(ours.certificate, Identity().fingerprint)
    assert not is_named(ours.certificate, "md5 " + "00:" * 15 + "00")
    assert not is_named(ours.certificate, "")


def test_we_show_the_certificate_we_announced() -> None:
    ours, client = Handshake(IDENTITY), Client()
    shake(ours, client)
    assert client.far_fingerprint == IDENTITY.fingerprint


def test_nobody_without_a_certificate_gets_through() -> None:
    with pytest.raises(SSL.Error):
        shake(Handshake(IDENTITY), Client(certificate=False))


def test_a_client_without_srtp_gets_no_keys() -> None:
    ours = Handshake(IDENTITY)
    shake(ours, Client(""))
    assert ours.done
    with pytest.raises(ValueError, match="profile"):
        ours.shield()


def test_datagrams_hold_whole_records_and_fit_the_path() -> None:
    record = bytes((22, 254, 253)) + bytes(8) + (500).to_bytes(2, "big") + bytes(500)
    cut = list(dtls.datagrams(record * 5))
    assert [len(datagram) for datagram in cut] == [1026, 1026, 513]
    assert b"".join(cut) == record * 5
    ours = Handshake(IDENTITY)
    assert all(len(datagram) <= MTU for datagram in ours.receive(Client().start()[0]))


def test_when_our_last_flight_is_lost_the_clients_repeat_brings_it_again() -> None:
    ours, client = Handshake(IDENTITY), Client()
    to_us = [flight for datagram in ours.receive(client.start()[0]) for flight in client.receive(datagram)]
    for datagram in to_us:
        ours.receive(datagram)  # what we answer is lost
    assert ours.done
    assert client.shield is None

    def repeated() -> bool:
        for datagram in client.tick():
            for answer in ours.receive(datagram):
                client.receive(answer)
        return client.shield is not None

    assert eventually(repeated)


def mutated(dice: random.Random, seed: list[bytes]) -> Iterator[bytes]:
    for _ in range(500):
        data = bytearray(dice.choice(seed))
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        yield bytes(data[: dice.randint(1, len(data))])


def test_any_bytes_end_in_nothing_or_a_named_error() -> None:
    dice = random.Random(6347)
    hello = Client().start()
    ours = Handshake(IDENTITY)
    for data in mutated(dice, hello):
        try:
            ours.receive(data)
        except SSL.Error:
            ours = Handshake(IDENTITY)
    assert not ours.done
