"""Phones over real sockets of loopback: every transport, both families, both loops."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from offhook.certificates import own_certificate
from offhook.config import Limits
from offhook.sip.flow import Transport
from tests.phones.exchange import Exchange, MemoryStore, eventually, running
from tests.phones.phone import Refused

LOOPS = [pytest.param(asyncio.new_event_loop, id="asyncio"), pytest.param(uvloop.new_event_loop, id="uvloop")]
WAYS = [
    pytest.param("udp", "127.0.0.1", id="udp"),
    pytest.param("tcp", "127.0.0.1", id="tcp"),
    pytest.param("tls", "127.0.0.1", id="tls"),
    pytest.param("udp", "::1", id="udp6"),
    pytest.param("tcp", "::1", id="tcp6"),
    pytest.param("tls", "::1", id="tls6"),
]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], ssl.SSLContext]:
    folder: Path = tmp_path_factory.mktemp("certificate")
    certificate = own_certificate(folder, ["localhost"])
    return lambda: certificate.context


async def a_call_there_and_back(exchange: Exchange, transport: Transport) -> None:
    async with running(exchange):
        anna, ben = await exchange.phone("anna", transport), await exchange.phone("ben", transport)
        for caller, number, called in ((anna, "102", ben), (ben, "101", anna)):
            call = await caller.dial(number)
            theirs = await called.is_called()
            await call.is_ringing()
            theirs.answer()
            await call.is_answered()
            theirs.hangup()
            assert await call.is_over() == 200
            assert await theirs.is_over() == 200
        await eventually(lambda: exchange.is_idle, "nothing is left of either call")
        await anna.unregister()
        assert exchange.reached["d-anna"] == 0
        await anna.close()
        await ben.close()


@pytest.mark.parametrize("factory", LOOPS)
@pytest.mark.parametrize(("transport", "host"), WAYS)
def test_two_phones_call_each_other(
    transport: Transport,
    host: str,
    factory: Callable[[], asyncio.AbstractEventLoop],
    context: Callable[[], ssl.SSLContext],
) -> None:
    async def story() -> None:
        await a_call_there_and_back(Exchange(host, context=context), transport)

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(story())


async def test_phones_on_different_transports_meet(context: Callable[[], ssl.SSLContext]) -> None:
    async with running(Exchange("127.0.0.1", context=context)) as exchange:
        anna, ben = await exchange.phone("anna", "tls"), await exchange.phone("ben", "udp")
        call = await anna.dial("102")
        (await ben.is_called()).answer()
        await call.is_answered()
        call.hangup()
        await eventually(lambda: exchange.is_idle, "the call is over")
        await anna.close()
        await ben.close()


async def test_all_contacts_of_a_phone_ring_and_one_gets_the_call() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna = await exchange.phone("anna")
        here, there = await exchange.phone("ben"), await exchange.phone("ben", "tcp")
        assert exchange.reached["d-ben"] == 2
        call = await anna.dial("102")
        first, second = await here.is_called(), await there.is_called()
        second.answer()
        await call.is_answered()
        assert await first.is_over() == 487
        assert b"completed elsewhere" in first.reason
        call.hangup()
        await second.is_over()
        for phone in (anna, here, there):
            await phone.close()


async def test_a_caller_who_gives_up_is_heard_by_the_phone_that_rings() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna, ben = await exchange.phone("anna"), await exchange.phone("ben")
        call = await anna.dial("102")
        theirs = await ben.is_called()
        await call.is_ringing()
        call.hangup()
        assert await theirs.is_over() == 487
        assert await call.is_over() == 487
        await eventually(lambda: exchange.is_idle, "nothing is left of the call")
        await anna.close()
        await ben.close()


@pytest.mark.parametrize(
    ("number", "status"), [("999", 404), ("103", 480)], ids=["unknown number", "phone switched off"]
)
async def test_a_number_that_leads_nowhere_costs_no_port(number: str, status: int) -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna = await exchange.phone("anna")
        call = await anna.dial(number)
        assert await call.is_over() == status
        assert exchange.engine.ports == []
        await anna.close()


async def test_busy_and_declined_reach_the_caller() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna, ben = await exchange.phone("anna"), await exchange.phone("ben")
        for status in (486, 603):
            call = await anna.dial("102")
            (await ben.is_called()).refuse(status)
            assert await call.is_over() == status
        await anna.close()
        await ben.close()


async def test_an_offer_without_a_common_codec_is_refused_at_once() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna, ben = await exchange.phone("anna"), await exchange.phone("ben")
        call = await anna.dial("102", codecs="18")
        assert await call.is_over() == 488
        assert not ben.is_being_called
        await anna.close()
        await ben.close()


async def test_a_late_offer_is_answered_with_ours() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna, ben = await exchange.phone("anna"), await exchange.phone("ben")
        call = await anna.dial("102", late=True)
        (await ben.is_called()).answer()
        await call.is_answered()
        await eventually(lambda: len(exchange.engine.ports[-1].accepted) == 1, "its answer came in the ACK")
        call.hangup()
        await eventually(lambda: exchange.is_idle, "the call is over")
        await anna.close()
        await ben.close()


async def test_early_media_of_the_only_phone_reaches_the_caller() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna, ben = await exchange.phone("anna"), await exchange.phone("ben")
        ben.rings_by_itself = False
        call = await anna.dial("102")
        theirs = await ben.is_called()
        theirs.ring(183, early=True)
        await call.is_ringing()
        assert call.said == [183]
        assert call.early
        theirs.answer()
        await call.is_answered()
        assert call.their_sdp == call.early
        call.hangup()
        await eventually(lambda: exchange.is_idle, "the call is over")
        await anna.close()
        await ben.close()


async def test_hold_plays_music_to_the_other_until_it_is_taken_back() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna, ben = await exchange.phone("anna"), await exchange.phone("ben")
        call = await anna.dial("102")
        (await ben.is_called()).answer()
        await call.is_answered()
        await call.hold()
        assert exchange.engine.bridges[0].sounds == ["music"]
        assert b"a=recvonly" in call.their_sdp
        await call.resume()
        assert exchange.engine.bridges[0].sounds == []
        call.hangup()
        await anna.close()
        await ben.close()


async def test_keys_pressed_by_info_are_heard_on_the_other_side() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna, ben = await exchange.phone("anna"), await exchange.phone("ben")
        call = await anna.dial("102")
        (await ben.is_called()).answer()
        await call.is_answered()
        assert await call.press("5") == 200
        assert [port.dialled for port in exchange.engine.ports] == ["5", ""]
        assert await call.request("INFO", body=b"?", content_type=b"text/plain") == 415
        await anna.close()
        await ben.close()


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        answers = []
        for name in ("anna", "nobody"):
            with pytest.raises(Refused) as refused:
                await exchange.phone(name, password="wrong")
            answers.append(refused.value.status)
        assert answers == [401, 401]
        assert exchange.reached == {}


async def test_nobody_registers_or_calls_under_another_name() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna = await exchange.phone("anna")
        anna.sign_as = "ben-desk"
        with pytest.raises(Refused, match="403"):
            await anna.register()
        call = await anna.dial("103")
        assert await call.is_over() == 403
        await anna.close()


async def test_options_are_answered_alike_whoever_is_asked_for() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        stranger = await exchange.phone("nobody", register=False)
        answers = [await stranger.ask("OPTIONS", number) for number in ("", "101", "anna-desk", "999")]
        assert {answer.status for answer in answers if answer} == {200}
        assert len({(answer.get(b"allow"), answer.get(b"accept")) for answer in answers if answer}) == 1
        assert exchange.phones.endpoint.counters["transactions"] == 0
        await stranger.close()


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("INVITE", 401),
        ("REGISTER", 401),
        ("SUBSCRIBE", 405),
        ("REFER", 403),
        ("MESSAGE", 405),
        ("NOTIFY", 481),
        ("INFO", 481),
    ],
)
async def test_strangers_are_challenged_or_sent_away_and_nothing_is_kept_of_them(
    method: str, status: int
) -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        stranger = await exchange.phone("nobody", register=False)
        answer = await stranger.ask(method, "101")
        assert answer is not None
        assert answer.status == status
        assert exchange.phones.endpoint.counters["transactions"] == 0
        await stranger.close()


async def test_the_connection_it_registered_on_vouches_for_a_phone() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna, ben = await exchange.phone("anna", "tcp"), await exchange.phone("ben")
        anna.shows_credentials = False
        call = await anna.dial("102")
        (await ben.is_called()).answer()
        await call.is_answered()
        call.hangup()
        ben.shows_credentials = False
        assert await (await ben.dial("101")).is_over() == 401, "a UDP source can be forged"
        await anna.close()
        await ben.close()


async def test_a_ping_of_line_ends_is_answered(context: Callable[[], ssl.SSLContext]) -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        reader, writer = await asyncio.open_connection(*exchange.address("tcp"))
        writer.write(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"\r\n"
        writer.close()


async def test_too_many_strangers_of_one_address_are_cut_but_not_phones() -> None:
    async with running(Exchange("127.0.0.1", limits=Limits(connections_per_address=3))) as exchange:
        anna = await exchange.phone("anna", "tcp")
        strangers = [await asyncio.open_connection(*exchange.address("tcp")) for _ in range(4)]
        assert await strangers[3][0].read() == b""
        assert not strangers[2][0].at_eof()
        for _, writer in strangers:
            writer.close()
        await eventually(lambda: len(exchange.phones.connections) == 1, "the strangers are gone")
        assert await anna.query()
        await anna.close()


async def test_what_is_no_sip_closes_a_connection_and_hurts_nobody() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        reader, writer = await asyncio.open_connection(*exchange.address("tcp"))
        writer.write(b"GET / HTTP/1.1\r\nHost: pbx\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noise:
            for data in (b"", b"\0", b"x" * 60000, b"INVITE sip:101@pbx SIP/2.0\r\n\r\n", bytes(range(256))):
                noise.sendto(data, exchange.address("udp"))
        anna = await exchange.phone("anna")
        await anna.close()


async def test_a_phone_whose_connection_goes_is_unreachable_until_it_is_back(
    context: Callable[[], ssl.SSLContext],
) -> None:
    async with running(Exchange("127.0.0.1", context=context)) as exchange:
        ben = await exchange.phone("ben", "tls")
        assert ben.expires == 300
        await ben.close()
        await eventually(lambda: exchange.reached["d-ben"] == 0, "the connection is seen to be gone")
        again = await exchange.phone("ben", "tls")
        assert exchange.reached["d-ben"] == 1
        await again.close()


async def test_a_phone_that_listens_for_tcp_is_connected_to() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna, ben = await exchange.phone("anna"), await exchange.phone("ben", "tcp", register=False)
        await ben.listen()
        await ben.register()
        ben.lose_connection()
        await eventually(lambda: len(exchange.phones.connections) == 0, "the connection is seen to be gone")
        assert exchange.reached["d-ben"] == 1
        call = await anna.dial("102")
        (await ben.is_called()).answer()
        await call.is_answered()
        call.hangup()
        await eventually(lambda: exchange.is_idle, "the call is over")
        await anna.close()
        await ben.close()


async def test_phones_over_udp_are_reachable_at_once_after_a_restart() -> None:
    store = MemoryStore()
    async with running(Exchange("127.0.0.1", store=store)) as before:
        ben = await before.phone("ben")
        port = before.address("udp")[1]
    async with running(Exchange("127.0.0.1", store=store, ports=(port, 0, 0))) as exchange:
        exchange.phones.restore(list(store.rows.values()))
        anna = await exchange.phone("anna")
        call = await anna.dial("102")
        (await ben.is_called()).answer()
        await call.is_answered()
        call.hangup()
        await anna.close()
        await ben.close()


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_phone_that_talked_when_the_server_died_gets_its_bye(
    transport: Transport, context: Callable[[], ssl.SSLContext]
) -> None:
    async with running(Exchange("127.0.0.1", context=context)) as exchange:
        anna, ben = await exchange.phone("anna"), await exchange.phone("ben", transport)
        call = await anna.dial("102")
        theirs = await ben.is_called()
        theirs.answer()
        await call.is_answered()
        kept = dict(exchange.dialogs.rows)
        assert len(kept) == 2
        ports = (exchange.address("udp")[1], exchange.address("tcp")[1], exchange.address("tls")[1])
    async with running(Exchange("127.0.0.1", context=context, ports=ports)) as after:
        after.phones.farewell(kept.values())
        assert await call.is_over() == 200
        if transport != "udp":
            await ben.reconnect()
            await ben.register()
        assert await theirs.is_over() == 200
        await anna.close()
        await ben.close()


async def test_overload_refuses_new_calls_then_registrations_and_never_calls_that_stand() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna, ben = await exchange.phone("anna"), await exchange.phone("ben")
        call = await anna.dial("102")
        (await ben.is_called()).answer()
        await call.is_answered()
        exchange.lag = 0.06
        assert await (await ben.dial("103")).is_over() == 503
        await ben.register()
        exchange.lag = 0.2
        with pytest.raises(Refused, match="503"):
            await ben.register()
        await call.hold()
        call.hangup()
        assert await call.is_over() == 200
        await anna.close()
        await ben.close()


async def test_a_big_description_comes_through_over_tcp() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna, ben = await exchange.phone("anna", "tcp"), await exchange.phone("ben")
        call = await anna.dial("102", more_sdp=(b"a=x-padding:" + b"x" * 200 + b"\r\n") * 105)
        (await ben.is_called()).answer()
        await call.is_answered()
        call.hangup()
        await anna.close()
        await ben.close()


async def test_an_address_in_use_is_said_and_nothing_stays_open() -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        taken = exchange.address("udp")[1]
        other = Exchange("127.0.0.1", ports=(taken, 0, 0))
        with pytest.raises(OSError, match=f"listen at udp 127.0.0.1:{taken}: another program has it"):
            await other.start()
        assert other.phones.listening == []


async def test_beyond_so_many_calls_new_ones_are_told_to_come_later() -> None:
    async with running(Exchange("127.0.0.1", limits=Limits(calls=1, calls_per_user=5))) as exchange:
        anna, ben, carla = [await exchange.phone(name) for name in ("anna", "ben", "carla")]
        first = await anna.dial("102")
        (await ben.is_called()).answer()
        await first.is_answered()
        assert await (await carla.dial("102")).is_over() == 503
        first.hangup()
        await eventually(lambda: not exchange.switch.calls, "the first call has ended")
        second = await carla.dial("102")
        await second.is_ringing()
        second.hangup()
        for phone in (anna, ben, carla):
            await phone.close()


async def test_one_user_has_no_more_calls_than_allowed_from_one_phone() -> None:
    async with running(Exchange("127.0.0.1", limits=Limits(calls_per_user=1))) as exchange:
        anna, ben = await exchange.phone("anna"), await exchange.phone("ben")
        first = await anna.dial("102")
        await ben.is_called()
        assert await (await anna.dial("103")).is_over() == 486
        first.hangup()
        await first.is_over()
        for phone in (anna, ben):
            await phone.close()


@pytest.mark.parametrize("method", ["SUBSCRIBE", "MESSAGE", "PUBLISH"])
async def test_what_is_not_in_allow_is_not_taken_in_a_call_either_and_does_it_no_harm(method: str) -> None:
    async with running(Exchange("127.0.0.1")) as exchange:
        anna, ben = await exchange.phone("anna"), await exchange.phone("ben")
        call = await anna.dial("102")
        (await ben.is_called()).answer()
        await call.is_answered()
        assert await call.request(method) == 405
        assert exchange.switch.calls
        call.hangup()
        for phone in (anna, ben):
            await phone.close()
