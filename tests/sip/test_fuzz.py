"""Mutants of the torture messages: only `Malformed` comes out, and none takes long.

The seed is fixed, so a failure comes back; OFFHOOK_FUZZ=1000000 looks at that many.
"""

import gc
import os
import random
import time
from collections.abc import Iterator

import pytest

from offhook.sip.auth import Algorithm, Answerer, Challenger, Failed
from offhook.sip.flow import Flow
from offhook.sip.headers import NameAddr, Via, params_of, seconds_of, split_list, tag_of, uri_of
from offhook.sip.message import Malformed, Message, Request, parse, record_routes, response_head, validate
from offhook.sip.stream import Stream
from offhook.sip.uri import Uri
from tests.sip.torture import CASES

MUTANTS = int(os.environ.get("OFFHOOK_FUZZ", "20000"))
LONGEST = (
    0.05  # seconds of CPU for one datagram of any kind; usual are 50 µs, and collections of garbage happen
)
FLOW = Flow("udp", "192.0.2.31", 5062, "192.0.2.10", 5060)
CORPUS = [case.data for case in CASES]
# fmt: off
NASTY = [
    b"\x00", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\r\n ", b"\t", b" ", b"\xff", b"\xc3\x28", b"%00", b"%",
    b"\\", b'"', b"<", b">", b",", b";", b":", b"=", b"@", b"[", b"]", b"?", b"/", b"sip:", b"tel:", b";tag=",
    b"-1", b"0", b"65536", b"4294967296", b"9" * 400, b"SIP/2.0", b"Via: ", b"l: ", b"Content-Length: 7\r\n",
    b";branch=z9hG4bK", b";rport", b";received=::1", b"INVITE", b"CSeq: 1 ACK\r\n", b'""', b"::::", b"[::1]:",
]
MONOTONOUS = [
    *NASTY, b"Via: a\r\n", b"a=b;", b'"\\', b"<sip:a@b>,", b";a=b", b"\r\n x", b"Route: <a>\r\n", b" \t",
    b"%4", b"sip:a@", b'a="', b'a="b",', b"Digest ", b"Digest a=b,", b'"a",', b';a="', b"SIP/2.0/UDP a,",
]
# fmt: on
PLACES = ["line", "header", "via", "from", "contact", "route", "uri", "authorization"]


@pytest.fixture(autouse=True)
def _no_collections() -> Iterator[None]:
    """Of all the test run's objects, in the middle of a measurement."""
    gc.disable()
    yield
    gc.enable()


def mutants(count: int, seed: int) -> Iterator[bytes]:
    draw = random.Random(seed)
    for _ in range(count):
        data = draw.choice(CORPUS)
        for _ in range(draw.choice((1, 1, 2, 3, 8))):
            data = mutated(data, draw)
        yield data


def mutated(data: bytes, draw: random.Random) -> bytes:
    start = draw.randrange(len(data) + 1)
    end = min(len(data), start + draw.choice((1, 1, 2, 8, 40)))
    match draw.randrange(7):
        case 0:  # one octet becomes another
            return data[:start] + bytes((draw.randrange(256),)) + data[start + 1 :]
        case 1:
            return data[:start] + draw.choice(NASTY) + data[start:]
        case 2:
            return data[:start] + draw.choice(NASTY) + data[end:]
        case 3:
            return data[:start] + data[end:]
        case 4:
            return data[:start] + data[start:end] * draw.choice((2, 3, 50)) + data[end:]
        case 5:  # the front of one and the back of another
            other = draw.choice(CORPUS)
            return data[:start] + other[draw.randrange(len(other)) :]
        case _:  # lines change places, or stand twice
            lines = data.split(b"\r\n")
            lines.insert(draw.randrange(len(lines)), draw.choice(lines))
            return b"\r\n".join(lines)


def read(data: bytes) -> Message | None:
    try:
        message = parse(data)
        validate(message)
    except Malformed as fault:
        if fault.message is not None:
            ask_everything(fault.message)
        return None
    ask_everything(message)
    return message


def ask_everything(message: Message) -> None:
    """What machines and features may ask of a message; nobody need be careful."""
    _ = message.branch, message.call_id, message.from_tag, message.to_tag, message.body
    _ = message.cseq, message.cseq_method
    record_routes(message)
    if isinstance(message, Request):
        head, _to = response_head(message, FLOW)
        assert b"\n" not in head.replace(b"\r\n", b"")
        assert b"\r" not in head.replace(b"\r\n", b"")
    for name in (b"from", b"to", b"contact", b"via", b"route", b"expires", b"authorization"):
        value = message.get(name) or b""
        message.all(name)
        uri_of(value), tag_of(value), params_of(value), split_list(value), seconds_of(value, 1)


def is_sip(uri: bytes) -> bool:
    return uri.partition(b":")[0].lower() in (b"sip", b"sips")


def use_what_was_validated(message: Message) -> None:
    """What `validate` let through can be read by the classes, without a second look."""
    contact = message.get(b"contact") or b"*"
    contacts = [] if contact == b"*" else split_list(contact)
    for value in (message.get(b"from") or b"", message.get(b"to") or b"", *contacts):
        uri = NameAddr.parse(value).uri
        assert uri == uri_of(value)
        if is_sip(uri):
            Uri.parse(uri)
    for value in split_list(message.get(b"via") or b""):
        Via.parse(value)
    if isinstance(message, Request) and is_sip(message.uri):
        Uri.parse(message.uri)


def nobody(_user: str, _algorithm: Algorithm) -> None:
    return None


def test_mutants_come_out_as_messages_or_malformed_and_soon() -> None:
    taken = 0
    for data in mutants(MUTANTS, seed=4475):
        begun = time.process_time()
        message = read(data)
        assert time.process_time() - begun < LONGEST, data
        if message is not None:
            taken += 1
            use_what_was_validated(message)
    assert taken > MUTANTS // 50, "the fuzzer has lost its teeth: next to nothing is well-formed any more"


def test_mutants_in_streams_never_break_more_than_their_connection() -> None:
    draw = random.Random(5118)
    stream = Stream()
    for data in mutants(MUTANTS // 4, seed=5118):
        cut = draw.randrange(len(data) + 1)
        try:
            for part in (data[:cut], data[cut:]):
                for item in stream.feed(part):
                    if isinstance(item, bytes):
                        read(item)
        except Malformed:
            stream = Stream()


def test_mutants_of_credentials_prove_nothing() -> None:
    draw = random.Random(7616)
    challenger, answerer = Challenger("rosen", b"secret"), Answerer()
    challenge = challenger.challenge("192.0.2.31", 1.0).partition(b": ")[2].partition(b"\r\n")[0]
    good = answerer.answer(challenge, "INVITE", b"sip:a@b", "101", "right")
    for _ in range(MUTANTS // 4):
        bad = good
        for _ in range(draw.choice((1, 2, 5))):
            bad = mutated(bad, draw)
        proof = challenger.verify(bad, "INVITE", b"sip:a@b", "192.0.2.31", nobody, 2.0)
        assert isinstance(proof, Failed)


@pytest.mark.parametrize("piece", MONOTONOUS)
@pytest.mark.parametrize("place", PLACES)
def test_no_text_makes_the_parser_look_twice(place: str, piece: bytes) -> None:
    """Fifteen kilobytes of one thing: whatever tries again at each octet takes a tenth of a second."""
    text = piece * (15_000 // len(piece))
    lines = {
        "line": b"INVITE sip:a@b SIP/2.0",
        "via": b"Via: SIP/2.0/UDP a;branch=z9hG4bK1",
        "from": b"From: <sip:a@b>;tag=1",
        "to": b"To: <sip:a@b>",
        "call": b"Call-ID: 1",
        "cseq": b"CSeq: 1 INVITE",
        "contact": b"Contact: <sip:a@b>",
        "route": b"Route: <sip:a@b;lr>",
        "authorization": b"Authorization: Digest ",
    }
    if place == "uri":
        lines["line"] = b"INVITE sip:" + text + b" SIP/2.0"
    elif place == "header":
        lines[place] = text
    else:
        lines[place] += text
    begun = time.process_time()
    read(b"\r\n".join(lines.values()) + b"\r\n\r\n")
    for reader in (Uri.parse, NameAddr.parse, Via.parse):
        for front in (b"", b"sip:a@b", b"<sip:", b'"', b"SIP/2.0/UDP "):
            try:
                reader(front + text)
            except Malformed:
                continue
    Challenger("rosen", b"s").verify(b"Digest " + text, "INVITE", b"sip:a@b", "h", nobody, 1.0)
    assert time.process_time() - begun < LONGEST
