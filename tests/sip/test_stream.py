"""Streams: the same messages come out, however the bytes were cut on their way."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.malformed import Malformed
from offhook.sip.message import MAX_HEAD, MAX_MESSAGE, Request
from offhook.sip.stream import Keepalive, Stream

HEAD = b"MESSAGE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c;branch=z9hG4bK1\r\nCall-ID: 1\r\n"
PING = b"\r\n\r\n"


def message(body: bytes = b"", name: bytes = b"Content-Length") -> bytes:
    return HEAD + b"%s: %d\r\n\r\n%s" % (name, len(body), body)


ONE, TWO, THREE = message(b"hello"), message(name=b"l"), message(b"\r\n\r\nSIP/2.0 200 OK\r\n\r\n")


def test_whole_messages_come_out_as_they_are() -> None:
    stream = Stream()
    assert stream.feed(ONE) == [ONE]
    assert stream.feed(TWO + THREE) == [TWO, THREE]
    assert stream.waiting == 0


PARTS = st.lists(st.sampled_from([ONE, TWO, THREE, PING, b"\r\n"]), max_size=6)


@given(PARTS, st.lists(st.integers(0, 900), max_size=12))
def test_messages_do_not_depend_on_where_the_bytes_were_cut(parts: list[bytes], cuts: list[int]) -> None:
    sent = b"".join(parts)
    borders = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    stream, whole = Stream(), []
    for start, end in pairwise(borders):
        whole += [item for item in stream.feed(sent[start:end]) if isinstance(item, bytes)]
    assert whole == [part for part in parts if part not in (PING, b"\r\n")]


def test_a_double_crlf_is_a_ping_and_a_single_one_nothing() -> None:
    stream = Stream()
    assert stream.feed(b"\r\n") == []
    assert stream.feed(b"\r\n") == [Keepalive.PING]
    assert stream.feed(b"\r\n" + ONE) == [ONE]
    assert stream.feed(PING + ONE + PING) == [Keepalive.PING, ONE, Keepalive.PING]
    assert stream.feed(PING * 10_000) == [Keepalive.PING]


@pytest.mark.parametrize(
    "data",
    [
        HEAD.replace(b"\r\n", b"\n") + b"Content-Length: 2\n\nab",
        HEAD + b"content-LENGTH \t:\r\n  2 \r\n\r\nab",
        HEAD + b"Subject: x\r\n Content-Length: 9\r\nL: 0000000000000000000002\r\n\r\nab",
    ],
)
def test_the_length_is_found_however_it_is_written(data: bytes) -> None:
    stream = Stream()
    assert stream.feed(data + data) == [data, data]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (HEAD + b"\r\n", 400),
        (HEAD + b"Content-Length: 5\r\nl: 5\r\n\r\nhello", 400),
        (HEAD + b"Content-Length: -5\r\n\r\n", 400),
        (HEAD + b"Content-Length: 5, 5\r\n\r\n", 400),
        (HEAD + b"Content-Length:\r\n\r\n", 400),
        (HEAD + b"Content-Length: " + b"9" * 10_000 + b"\r\n\r\n", 413),
        (HEAD + b"Content-Length: %d\r\n\r\n" % MAX_MESSAGE, 413),
    ],
)
def test_when_nobody_knows_where_the_next_message_begins_it_is_over(data: bytes, status: int) -> None:
    stream = Stream()
    with pytest.raises(Malformed) as refused:
        stream.feed(data)
    assert refused.value.status == status
    assert isinstance(refused.value.message, Request)
    assert refused.value.message.call_id == b"1"
    assert stream.is_broken
    with pytest.raises(Malformed):
        stream.feed(ONE)


@pytest.mark.parametrize("rubbish", [b"x" * (MAX_HEAD + 5), b"x: y\r\n" * 3_000, b"\x16\x03\x01" * 6_000])
def test_a_head_without_end_is_cut_off(rubbish: bytes) -> None:
    stream = Stream()
    pieces = [rubbish[start : start + 500] for start in range(0, len(rubbish), 500)]
    with pytest.raises(Malformed) as refused:
        list(map(stream.feed, pieces))
    assert refused.value.status == 413
    assert stream.waiting == 0


def test_messages_before_a_fault_are_handed_out_first() -> None:
    stream = Stream()
    assert stream.feed(ONE + PING + TWO + HEAD + b"\r\n") == [ONE, Keepalive.PING, TWO]
    assert stream.is_broken
    with pytest.raises(Malformed):
        stream.feed(b"")


@given(
    st.lists(st.binary(max_size=40) | st.sampled_from([ONE, HEAD, PING, b"Content-Length: 3\r\n", b"\r\n"]))
)
def test_any_bytes_are_messages_or_malformed(chunks: list[bytes]) -> None:
    stream = Stream()
    try:
        for chunk in chunks:
            stream.feed(chunk)
    except Malformed:
        assert stream.is_broken
    assert stream.waiting <= MAX_MESSAGE
