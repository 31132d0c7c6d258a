"""SDP as text: what is read, what is written, what is refused."""

import pytest

from offhook.sdp.attributes import Candidate, Crypto, Direction, Rtpmap
from offhook.sdp.description import BadSdp, Origin, parse
from tests.sdp.samples import CHROMIUM, DESK_PHONE, FIREFOX, IPV6_PHONE, PRINT, SECURE_PHONE, VIDEO_PHONE

SAMPLES = [DESK_PHONE, SECURE_PHONE, VIDEO_PHONE, IPV6_PHONE, CHROMIUM, FIREFOX]


def test_a_phones_offer_is_understood() -> None:
    description = parse(DESK_PHONE)
    (audio,) = description.media
    assert description.origin == Origin("alice", "2890844526", 2890844527, "192.0.2.10")
    assert (audio.kind, audio.port, audio.proto, audio.host) == ("audio", 49170, "RTP/AVP", "192.0.2.10")
    assert audio.formats == ("8", "9", "0", "18", "101")
    assert Rtpmap(9, "G722", 8000) in audio.rtpmaps
    assert audio.fmtps == ((18, "annexb=no"), (101, "0-15"))
    assert (audio.ptime, audio.direction) == (30, Direction.SENDRECV)


def test_a_browsers_offer_is_understood() -> None:
    description = parse(CHROMIUM)
    audio, data = description.media
    assert description.bundles == (("0", "1"),)
    assert (audio.mid, audio.ufrag, audio.setup, audio.rtcp_mux) == ("0", "EsAw", "actpass", True)
    assert audio.fingerprint == PRINT
    assert Rtpmap(111, "opus", 48000, 2) in audio.rtpmaps
    assert audio.candidates[0] == Candidate(
        "1467250027", 1, "udp", 2122260223, "192.168.0.196", 46243, "host"
    )
    assert audio.rtcp == ("0.0.0.0", 9)
    assert data.formats == ("webrtc-datachannel",)


def test_keys_of_sdes_are_understood() -> None:
    crypto = parse(SECURE_PHONE).media[0].cryptos[1]
    assert crypto == Crypto(3, "AES_CM_128_HMAC_SHA1_80", "B" * 40 + "|2^31")


@pytest.mark.parametrize("text", SAMPLES)
def test_what_was_read_is_written_so_that_it_reads_the_same(text: str) -> None:
    assert parse(str(parse(text))) == parse(text)


@pytest.mark.parametrize("text", SAMPLES)
def test_lines_may_end_with_lf_alone(text: str) -> None:
    assert parse(text.replace("\r\n", "\n")) == parse(text)


def test_what_the_session_says_holds_for_all_its_media() -> None:
    description = parse(FIREFOX)
    assert description.media[0].fingerprint == PRINT
    held = parse(DESK_PHONE.replace("a=sendrecv\r\n", "").replace("t=0 0\r\n", "t=0 0\r\na=sendonly\r\n"))
    assert held.media[0].direction is Direction.SENDONLY


def test_what_a_media_section_says_overrules_the_session() -> None:
    text = DESK_PHONE.replace("t=0 0\r\n", "t=0 0\r\na=fingerprint:sha-256 AA\r\na=inactive\r\n")
    (audio,) = parse(text + "c=IN IP4 198.51.100.1\r\na=fingerprint:sha-384 BB\r\n").media
    assert (audio.host, audio.direction, audio.fingerprint) == ("198.51.100.1", "sendrecv", "sha-384 BB")


def test_media_with_addresses_of_their_own_are_written_with_them() -> None:
    text = VIDEO_PHONE.replace("m=audio", "c=IN IP4 198.51.100.1\r\nm=audio")
    assert [media.host for media in parse(text).media] == ["192.0.2.10", "198.51.100.1", "192.0.2.10"]
    assert parse(str(parse(text))) == parse(text)


@pytest.mark.parametrize(
    "change",
    [
        ("s=call\r\n", ""),
        ("t=0 0\r\n", ""),
        ("o=alice 2890844526 2890844527 IN IP4 192.0.2.10\r\n", ""),
        ("o=alice 2890844526", "o="),
        ("a=ptime:30", "a=ptime:soon"),
        ("a=ptime:30", "a=ptime:99999999999999999999999"),
        ("a=ptime:30", "a=x-unknown:1\r\nk=clear:secret\r\nnonsense\r\n=\r\n"),
        ("a=rtpmap:18 G729/8000", "a=rtpmap:18"),
        ("a=rtpmap:18 G729/8000", "a=rtpmap:999 G729/8000"),
        ("v=0\r\n", "\r\nv=0\r\n"),
    ],
)
def test_what_is_missing_or_odd_without_harm_is_passed_over(change: tuple[str, str]) -> None:
    (audio,) = parse(DESK_PHONE.replace(*change)).media
    assert audio.port == 49170
    assert Rtpmap(8, "PCMA", 8000) in audio.rtpmaps


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "v=1\r\n",
        DESK_PHONE.replace("m=audio 49170", "m=audio 70000"),
        DESK_PHONE.replace("m=audio 49170", "m=audio -1"),
        DESK_PHONE.replace("m=audio 49170", "m=audio ٣"),
        DESK_PHONE.replace("m=audio 49170", "m=audio " + "9" * 5000),
        DESK_PHONE.replace("m=audio 49170 RTP/AVP 8 9 0 18 101", "m=audio"),
        DESK_PHONE.replace("8 9 0 18 101", "8 " * 200),
        DESK_PHONE + "m=audio 4000 RTP/AVP 0\r\n" * 40,
        DESK_PHONE + "a=x:" + "x" * 65536,
    ],
)
def test_what_could_hurt_is_refused(text: str) -> None:
    with pytest.raises(BadSdp):
        parse(text)


def test_22_kilobytes_are_no_trouble() -> None:
    text = DESK_PHONE + "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n" * 400
    assert len(text) < 22_000
    (audio,) = parse(text.ljust(22_000, "\n")).media
    assert audio.port == 49170
    assert len(audio.candidates) == 128


def test_bytes_that_are_no_text_are_read_as_far_as_they_go() -> None:
    data = DESK_PHONE.encode().replace(b"s=call", b"s=\xff\xfe\x00")
    assert parse(data) == parse(DESK_PHONE)
