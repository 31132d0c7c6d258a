"""STUN against the test vectors of RFC 5769, and against any bytes at all."""

import random

from hypothesis import given
from hypothesis import strategies as st

from offhook.media.worker import stun

PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)
TRANSACTION = REQUEST[8:20]


def test_the_request_of_rfc_5769_is_read_and_its_signature_right() -> None:
    message = stun.read(REQUEST)
    assert message is not None
    assert message.kind == stun.REQUEST
    assert message.attributes[stun.USERNAME] == b"evtj:h6vY"
    assert message.is_signed_with(PASSWORD)
    assert not message.is_signed_with(PASSWORD + b"x")


def test_addresses_are_mapped_as_in_rfc_5769() -> None:
    four = stun.mapped("192.0.2.1", 32853, TRANSACTION)
    six = stun.mapped("2001:db8:1234:5678:11:2233:4455:6677", 32853, TRANSACTION)
    assert four.hex() == "0001a147e112a643"
    assert six.hex() == "0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"


def test_what_we_write_we_can_read_and_is_signed() -> None:
    request = stun.read(REQUEST)
    assert request is not None
    answer = stun.read(stun.success(request, "192.0.2.1", 32853, PASSWORD))
    assert answer is not None
    assert answer.kind == stun.SUCCESS
    assert answer.transaction == TRANSACTION
    assert answer.attributes[stun.XOR_MAPPED_ADDRESS].hex() == "0001a147e112a643"
    assert answer.is_signed_with(PASSWORD)


def test_what_follows_the_signature_is_not_believed() -> None:
    signed = stun.write(stun.REQUEST, TRANSACTION, [(stun.USERNAME, b"a:b")], PASSWORD)[:-8]
    forged = signed[:2] + (len(signed) - 20 + 4).to_bytes(2, "big") + signed[4:] + b"\x00\x25\x00\x00"
    message = stun.read(forged)
    assert message is not None
    assert message.is_signed_with(PASSWORD)
    assert stun.USE_CANDIDATE not in message.attributes


def test_unknown_attributes_we_must_understand_are_named() -> None:
    message = stun.read(stun.write(stun.REQUEST, TRANSACTION, [(0x0077, b"?"), (0x8077, b"!")], None))
    assert message is not None
    assert message.unknown == [0x0077]
    answer = stun.read(stun.error(message, 420, None))
    assert answer is not None
    assert answer.attributes[stun.UNKNOWN_ATTRIBUTES] == b"\x00\x77"


def test_every_single_changed_bit_is_noticed() -> None:
    for at in range((len(REQUEST) - 8) * 8):  # without the fingerprint, which nobody signs
        changed = bytearray(REQUEST)
        changed[at // 8] ^= 1 << at % 8
        message = stun.read(bytes(changed))
        assert message is None or not message.is_signed_with(PASSWORD), at


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    stun.read(data)
    stun.read(REQUEST[:20] + data)


def test_mutated_requests_are_read_or_refused() -> None:
    dice = random.Random(5769)
    for _ in range(20_000):
        data = bytearray(REQUEST)
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        message = stun.read(bytes(data[: dice.randint(0, len(data))]))
        if message is not None:
            message.is_signed_with(PASSWORD)
            stun.error(message, 420, PASSWORD)
