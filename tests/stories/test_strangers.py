"""Whoever means us no good, or writes badly, gets a clear answer and disturbs nobody.

Strangers come from other addresses of loopback than our phones and people.
"""

import asyncio
import contextlib
import http.client
import json
import random
import re
import socket
import statistics
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.phones.phone import Call, Phone, Refused
from tests.phones.sound import Sound
from tests.sip.torture import CASES
from tests.stories.browser import Seat, needs_chromium
from tests.stories.office import PASSWORD, Office
from tests.stories.test_phones import desk, talk

pytestmark = pytest.mark.story

STRANGERS = [f"127.0.0.{n}" for n in range(60, 80)]


class Stranger:
    """A socket that writes SIP by hand."""

    def __init__(self, office: Office, host: str = STRANGERS[0]) -> None:
        self._server = ("127.0.0.1", office.sip_port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.host, self.port = self.socket.getsockname()
        self._count = 0

    def __enter__(self) -> "Stranger":
        return self

    def __exit__(self, *why: object) -> None:
        self.socket.close()

    def throw(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # too big for a datagram
            self.socket.sendto(data, self._server)

    def ask(self, method: str, name: str, more: str = "", *, within: float = 2.0) -> str:
        """The answer's text; empty if there is none in time."""
        self._count += 1
        self.throw(self.request(method, name, more))
        self.socket.settimeout(within)
        while True:
            try:
                answer = self.socket.recv(65536).decode()
            except TimeoutError:
                return ""
            if f"branch=z9hG4bK{self.port}x{self._count};" in answer:
                return answer

    def request(self, method: str, name: str, more: str = "", *, transport: str = "UDP") -> bytes:
        host, port = self._server
        lines = [
            f"{method} sip:{host}:{port} SIP/2.0",
            f"Via: SIP/2.0/{transport} {self.host}:{self.port};branch=z9hG4bK{self.port}x{self._count};rport",
            f"From: <sip:{name}@{host}>;tag=s{self._count}",
            f"To: <sip:{name}@{host}>",
            f"Call-ID: {self.port}.{self._count}",
            f"CSeq: {self._count} {method}",
            f"Contact: <sip:{name}@{self.host}:{self.port}>",
            "Max-Forwards: 70",
            *([more] if more else []),
            "Content-Length: 0",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def guess(self, name: str, *, within: float = 2.0) -> str:
        """What comes of signing in with a wrong password, after a right challenge."""
        nonce = re.search(r'nonce="([^"]+)"', self.ask("REGISTER", name))
        assert nonce is not None, "everybody is challenged"
        host, port = self._server
        proof = (
            f'Authorization: Digest username="{name}", realm="offhook", nonce="{nonce[1]}", '
            f'uri="sip:{host}:{port}", response="{random.getrandbits(128):032x}", algorithm=MD5, '
            f'cnonce="c", nc=00000001, qop=auth'
        )
        return self.ask("REGISTER", name, proof, within=within)


@contextmanager
def stranger(office: Office, host: str = STRANGERS[0]) -> Iterator[Stranger]:
    with Stranger(office, host) as each:
        yield each


def shape(answer: str) -> str:
    """An answer without what is random or the asker's own."""
    kept = [line for line in answer.splitlines() if not line.startswith(("Via", "From", "Call-ID", "CSeq"))]
    return re.sub(r"(nonce=\"|tag=|sip:)[^\">;]+", r"\1", "\n".join(kept))


def is_well(office: Office) -> bool:
    """It answers who asks."""
    with stranger(office, STRANGERS[-1]) as asker:
        return asker.ask("OPTIONS", "anybody").startswith("SIP/2.0 200")


def post(
    office: Office, path: str, body: bytes, host: str, more: dict[str, str] | None = None
) -> tuple[int, bytes, dict[str, str]]:
    headers = {"Content-Type": "application/json", "Origin": office.url, **(more or {})}
    connection = http.client.HTTPConnection("127.0.0.1", office.http_port, 10, source_address=(host, 0))
    with contextlib.closing(connection):
        connection.request("POST", f"/api/v1/{path}", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.headers)


def log_in(office: Office, name: str, password: str, host: str) -> tuple[int, bytes, dict[str, str]]:
    return post(office, "login", json.dumps({"username": name, "password": password}).encode(), host)


def seconds(ask: Callable[[], object]) -> float:
    begun = time.perf_counter()
    ask()
    return time.perf_counter() - begun


# ---- who guesses


async def test_phones_cannot_learn_which_names_exist(office: Office) -> None:
    known, unknown = [], []
    for host in STRANGERS[:5]:
        with stranger(office, host) as guesser:
            assert shape(guesser.ask("REGISTER", "ben-desk")) == shape(guesser.ask("REGISTER", "nobody"))
            assert shape(guesser.guess("ben-desk")) == shape(guesser.guess("nobody-2"))
            for method in ("INVITE", "SUBSCRIBE", "MESSAGE", "BREW"):
                assert shape(guesser.ask(method, "ben-desk")) == shape(guesser.ask(method, "nobody"))
            known.append(seconds(lambda asker=guesser: asker.guess("carla-desk")))  # type: ignore[misc]
            unknown.append(seconds(lambda asker=guesser: asker.guess("nobody-3")))  # type: ignore[misc]
    assert abs(statistics.median(known) - statistics.median(unknown)) < 0.05


async def test_people_cannot_learn_which_names_exist(office: Office) -> None:
    known, unknown = [], []
    for host in STRANGERS[:5]:
        status, said, _ = log_in(office, "kofi", "wrong", host)
        assert (status, said) == log_in(office, "nobody", "wrong", host)[:2]
        assert status == 401
        known.append(seconds(lambda host=host: log_in(office, "kofi", "wrong", host)))  # type: ignore[misc]
        unknown.append(seconds(lambda host=host: log_in(office, "nobody", "wrong", host)))  # type: ignore[misc]
    assert abs(statistics.median(known) - statistics.median(unknown)) < 0.05


async def test_a_guesser_at_phones_is_slowed_down_and_the_phone_itself_is_not(office: Office) -> None:
    async with desk(office, "david") as david, desk(office, "elif") as elif_:
        with stranger(office, STRANGERS[6]) as guesser:
            answered = sum(guesser.guess("david-desk", within=0.1) != "" for _ in range(20))
        assert answered <= 10
        await david.register()
        call, other = await talk(david, "105", elif_)
        call.hangup()
        await other.is_over()
        call, other = await talk(elif_, "104", david)
        call.hangup()
        await other.is_over()
    await office.is_quiet()


async def test_a_guesser_at_passwords_is_slowed_down_and_the_user_is_not(office: Office) -> None:
    office.sign_in("lena")
    answers = [log_in(office, "lena", "wrong", STRANGERS[7]) for _ in range(12)]
    assert [status for status, _, _ in answers] == [401] * 10 + [429] * 2
    assert int(answers[-1][2]["retry-after"]) > 0
    forwarded = {"X-Forwarded-For": "198.51.100.9"}
    body = json.dumps({"username": "lena", "password": "wrong"}).encode()
    assert post(office, "login", body, STRANGERS[7], forwarded)[0] == 429
    assert log_in(office, "lena", PASSWORD, STRANGERS[7])[0] == 429
    assert office.sign_in("lena").get("me")["username"] == "lena"


# ---- who pretends


async def test_nobody_registers_under_the_name_of_another(office: Office) -> None:
    async with desk(office, "ben") as ben, desk(office, "anna") as anna:
        thief = await Phone.open("ben-desk", PASSWORD, ("127.0.0.1", office.sip_port))
        thief.sign_as = "finn-desk"
        with pytest.raises(Refused) as refused:
            await thief.register()
        assert refused.value.status == 403
        assert len(await ben.query()) == 1
        call, other = await talk(anna, "102", ben)
        assert not thief.is_being_called
        call.hangup()
        await other.is_over()
        await thief.close()
    await office.is_quiet()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_nobody_calls_under_the_name_of_another(office: Office, transport: str) -> None:
    async with (
        desk(office, "anna") as anna,
        desk(office, "ben", "udp" if transport == "udp" else "tcp") as ben,
    ):
        ben.name, ben.sign_as = "carla-desk", "ben-desk"
        call = await ben.dial("101")
        assert await call.is_over() in (401, 403)
        assert not anna.is_being_called
        ben.name = "ben-desk"
    await office.is_quiet()


async def test_the_name_shown_is_the_directorys_and_not_the_phones(office: Office) -> None:
    async with desk(office, "anna") as anna, desk(office, "ben") as ben:
        call = await anna.dial(
            "102", headers=b'P-Asserted-Identity: "The Boss" <sip:112@boss>\r\nX-Secret: passed on\r\n'
        )
        other = await ben.is_called()
        assert other.invite is not None
        assert '"Anna Berg"' in other.caller
        assert "anna-desk" not in other.caller
        assert other.invite.get(b"p-asserted-identity") is None
        assert other.invite.get(b"x-secret") is None
        call.hangup()
        await other.is_over()
    await office.is_quiet()


# ---- what is badly written


async def test_a_description_of_twenty_two_kilobytes_is_served_over_tcp(office: Office) -> None:
    attributes = b"".join(b"a=x-padding-%04d:%b\r\n" % (n, b"y" * 80) for n in range(220))
    async with desk(office, "anna", "tcp") as anna, desk(office, "ben") as ben:
        call = await anna.dial("102", more_sdp=attributes)
        other = await ben.is_called()
        other.answer()
        await call.is_answered()
        call.sound.say(500)
        other.sound.say(700)
        await other.has_heard(500)
        await call.has_heard(700)
        call.hangup()
        await other.is_over()
    await office.is_quiet()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_messages_that_are_hard_to_read_disturb_nobody(office: Office, transport: str) -> None:
    async with desk(office, "anna") as anna, desk(office, "ben") as ben:
        call, other = await talk(anna, "102", ben)
        with stranger(office, STRANGERS[8]) as writer:
            for case in CASES:
                if transport == "udp":
                    writer.throw(case.data)
                else:
                    await throw_over_tcp(office, case.data)
        assert is_well(office)
        other.sound.forget()
        await other.has_heard(500)
        call.hangup()
        assert await other.is_over() == 200
    await office.is_quiet()
    assert office.errors() == []


async def test_bytes_without_any_sense_disturb_nobody(office: Office) -> None:
    chance = random.Random(5)
    with stranger(office, STRANGERS[9]) as writer:
        good = writer.request("INVITE", "anna-desk")
        for _ in range(500):
            broken = bytearray(good)
            for _ in range(chance.randint(1, 12)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            writer.throw(bytes(broken[: chance.randint(0, len(broken))]))
            writer.throw(chance.randbytes(chance.randrange(1400)))
    for _ in range(20):
        await throw_over_tcp(office, chance.randbytes(3000))
        await throw_over_tcp(office, b"INVITE " + b"a" * 70_000)
    assert is_well(office)
    assert office.errors() == []
    await office.is_quiet()


async def throw_over_tcp(office: Office, data: bytes) -> None:
    """On a connection of its own; what is answered, if anything, is not waited for."""
    reader, writer = await asyncio.open_connection("127.0.0.1", office.sip_port, local_addr=(STRANGERS[8], 0))
    with contextlib.suppress(OSError):
        writer.write(data)
        writer.write_eof()
        async with asyncio.timeout(5):
            await reader.read()
    writer.close()


async def test_those_who_connect_and_say_half_a_word_do_not_stop_the_others(office: Office) -> None:
    with ExitStack() as stack:
        for n in range(300):
            half = stack.enter_context(socket.socket())
            half.bind((STRANGERS[10 + n % 4], 0))
            half.connect(("127.0.0.1", office.sip_port))
            with contextlib.suppress(OSError):  # one too many
                half.send(b"INVITE sip:101@127.0.0.1 SIP/2.0\r\nVia: "[: n % 50])
        for n in range(200):
            half = stack.enter_context(socket.socket())
            half.bind((STRANGERS[10 + n % 4], 0))
            half.connect(("127.0.0.1", office.http_port))
            half.send(b"POST /api/v1/login HTTP/1.1\r\nHost: "[: 1 + n % 35])
        begun = time.monotonic()
        office.sign_in("anna")
        assert time.monotonic() - begun < 3
        async with desk(office, "anna", "tcp") as anna, desk(office, "ben", "tls") as ben:
            call, other = await talk(anna, "102", ben)
            call.hangup()
            await other.is_over()
    await office.is_quiet()


async def test_json_that_is_too_big_or_none_is_refused(office: Office) -> None:
    host = STRANGERS[14]
    assert post(office, "login", b"{" * 300, host)[0] == 400
    assert post(office, "login", b'{"username": 5}', host)[0] == 400
    assert post(office, "login", b"\xff\xfe", host)[0] == 400
    with socket.socket() as raw:
        raw.bind((host, 0))
        raw.connect(("127.0.0.1", office.http_port))
        raw.sendall(b"POST /api/v1/login HTTP/1.1\r\nHost: office\r\nContent-Type: application/json\r\n")
        raw.sendall(b"Content-Length: 1048576\r\n\r\n")
        with contextlib.suppress(OSError):  # it need not read what it will not take
            raw.sendall(b'"' + b"a" * 1048574 + b'"')
        raw.settimeout(5)
        assert raw.recv(4096).startswith(b"HTTP/1.1 413")
    anna = office.sign_in("anna")
    with pytest.raises(urllib.error.HTTPError) as refused:
        anna.do("call.dial", to=5)
    assert refused.value.code == 400


async def test_other_sites_cannot_open_our_socket_nor_use_our_commands(office: Office) -> None:
    anna = office.sign_in("anna")
    url = f"ws://127.0.0.1:{office.http_port}/api/v1/ws"
    for origin in ("http://evil.example", "null", f"http://localhost.evil:{office.http_port}"):
        with pytest.raises(Exception, match="HTTP 403"):
            await connect(url, additional_headers={"Cookie": anna.cookie, "Origin": origin})
        status, _, _ = post(
            office,
            "commands/call.hangup",
            b'{"call": "x"}',
            STRANGERS[15],
            {"Cookie": anna.cookie, "Origin": origin},
        )
        assert status == 403
    async with connect(url, additional_headers={"Cookie": anna.cookie, "Origin": office.url}):
        pass


async def test_a_socket_on_which_nonsense_is_said_disturbs_no_other(office: Office) -> None:
    url = f"ws://127.0.0.1:{office.http_port}/api/v1/ws"
    mallory, anna = office.sign_in("finn"), office.sign_in("anna")
    hello = json.dumps({"hello": {"tab": "well", "boot": 0, "n": 0, "sound": False, "visible": True}})
    async with connect(url, additional_headers={"Cookie": anna.cookie, "Origin": office.url}) as good:
        await good.send(hello)
        await good.recv()
        for nonsense in ("{", "[]", '{"hello": 7}', '{"id": 1}', b"\x00\xff", "x" * 300_000, "[" * 100_000,
                         hello + "\n" + '{"id": "x", "ask": {}}'):  # fmt: skip
            with contextlib.suppress(ConnectionClosed, TimeoutError):
                async with connect(
                    url, additional_headers={"Cookie": mallory.cookie, "Origin": office.url}
                ) as bad:
                    await bad.send(nonsense)
                    async with asyncio.timeout(1):
                        await bad.recv()
        await good.send(json.dumps({"id": 1, "ask": {"do": "call.hangup", "call": "nothing"}}))
        assert json.loads(str(await good.recv()))["refused"] == "unknown-call"
    assert office.errors() == []


# ---- who throws at sound


async def test_strangers_neither_hear_a_call_nor_are_heard_in_it(office: Office) -> None:
    async with desk(office, "anna") as anna, desk(office, "ben") as ben:
        call, other = await talk(anna, "102", ben)
        thieves = [Sound("127.0.0.1"), Sound(STRANGERS[16])]
        for thief, side in zip(thieves, (call, other), strict=True):
            thief.peer = side.sound.peer
            thief.say(1300)
        for side, tone in ((call, 700), (other, 500)):
            side.sound.forget()
            since = side.sound.received
            while side.sound.received < since + 100:
                await side.sound.next_packet()
            assert side.sound.hears(tone, seconds=1.0)
            assert not side.sound.hears(1300)
        assert [thief.received for thief in thieves] == [0, 0]
        for thief in thieves:
            thief.close()
        call.hangup()
        await other.is_over()
    await office.is_quiet()


def nonsense(chance: random.Random) -> bytes:
    """Something that begins like STUN, DTLS, RTP or RTCP and goes on anyhow."""
    first = chance.choice((0, 1, 20, 22, 23, 63, 128, 129, 144, 191, 255))
    kind = chance.choice((0, 1, 8, 101, 127, 200, 201, 203, 206))
    body = chance.randbytes(chance.choice((0, 1, 2, 6, 10, 18, 40, 160, 1200)))
    magic = b"\x21\x12\xa4\x42" if first < 4 and chance.random() < 0.7 else b""
    return (bytes([first, kind]) + len(body).to_bytes(2, "big") + magic + body)[: chance.randint(0, 1400)]


async def throw_nonsense(count: int, at: list[tuple[str, int]], beat: Call) -> None:
    """From a stranger's address, fifty with each packet that the phone hears."""
    chance = random.Random(count)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thrower:
        thrower.bind((STRANGERS[17], 0))
        for n in range(count):
            thrower.sendto(nonsense(chance), chance.choice(at))
            if n % 50 == 49:
                await beat.sound.next_packet()


async def test_five_thousand_bad_packets_leave_the_sound_of_a_call_intact(office: Office) -> None:
    async with desk(office, "anna") as anna, desk(office, "ben") as ben:
        call, other = await talk(anna, "102", ben)
        assert call.sound.peer is not None
        assert other.sound.peer is not None
        await throw_nonsense(5000, [call.sound.peer, other.sound.peer], other)
        chance = random.Random(1)
        for n in range(1000):  # a phone that has gone mad itself
            call.sound.throw(nonsense(chance))
            if n % 50 == 49:
                await other.sound.next_packet()
        for side, tone in ((other, 500), (call, 700)):
            side.sound.forget()
            await side.has_heard(tone)
        assert is_well(office)
        call.hangup()
        assert await other.is_over() == 200
    await office.is_quiet()
    assert office.errors() == []


@needs_chromium
async def test_five_thousand_bad_packets_leave_the_sound_of_a_browser_intact(
    office: Office, folder: Path
) -> None:
    async with Seat(office, folder, 500) as here, desk(office, "carla") as carla:
        anna = await here.sign_in("anna")
        await anna.dials("103")
        call = await carla.is_called()
        call.answer()
        call.sound.say(700)
        await anna.hears(700)
        await call.has_heard(500)
        sdp = await anna.page.evaluate("window.connections.at(-1).remoteDescription.sdp")
        ports = [("127.0.0.1", int(port)) for port in re.findall(r"^m=audio (\d+)", sdp, re.MULTILINE)]
        await throw_nonsense(5000, ports, call)
        call.sound.forget()
        await call.has_heard(500)
        await anna.hears(700)
        await anna.hangs_up()
        assert await call.is_over() == 200
        assert anna.problems == []
    await office.is_quiet()
    assert office.errors() == []
