"""Offer and answer with phones."""

import pytest

from offhook.calls.media import G711, G722, OPUS, PCMA, PCMU, NoCommonCodec
from offhook.sdp.attributes import Direction
from offhook.sdp.crypto import Keys
from offhook.sdp.description import Media, parse
from offhook.sdp.negotiate import Payload, codecs_of, holds
from offhook.sdp.phone import PhoneSdp, Srtp
from tests.sdp.samples import CHROMIUM, DESK_PHONE, IPV6_PHONE, SECURE_PHONE, VIDEO_PHONE

OUR_KEY = bytes(range(30))


def phone(host: str = "203.0.113.1", *, srtp: Srtp = "auto", secure: bool = False) -> PhoneSdp:
    return PhoneSdp(host, 20000, session=7, srtp=srtp, secure=secure, make_key=lambda: OUR_KEY)


def audio_of(text: str) -> Media:
    return next(media for media in parse(text).media if media.port)


def test_codecs_we_know_come_in_the_offerers_order() -> None:
    assert codecs_of(DESK_PHONE) == (PCMA, G722, PCMU)
    assert codecs_of(CHROMIUM) == (OPUS, G722, PCMU, PCMA)
    assert codecs_of(DESK_PHONE.replace("m=audio 49170 RTP/AVP 8 9 0 18", "m=audio 49170 RTP/AVP 18")) == ()


def test_static_payload_types_need_no_rtpmap() -> None:
    assert codecs_of("v=0\r\nm=audio 4000 RTP/AVP 0 8\r\nc=IN IP4 192.0.2.1\r\n") == (PCMU, PCMA)


def test_wideband_that_both_have_comes_before_g711() -> None:
    text, agreement = phone().answer(DESK_PHONE, (OPUS, G722, PCMU))
    assert audio_of(text).formats == ("9", "0", "8", "101")
    assert agreement.codecs == (G722, PCMU, PCMA)


def test_wideband_that_only_the_caller_has_is_left_out() -> None:
    text, agreement = phone().answer(DESK_PHONE, (PCMU,))
    assert audio_of(text).formats == ("0", "8", "101")
    assert agreement.codecs == (PCMU, PCMA)
    assert phone().answer(DESK_PHONE, None)[1].codecs == (PCMA, PCMU)


def test_an_answer_says_our_address_and_our_packet_time() -> None:
    text, agreement = phone().answer(DESK_PHONE, G711)
    ours = audio_of(text)
    assert (ours.host, ours.port, ours.proto, ours.ptime) == ("203.0.113.1", 20000, "RTP/AVP", 20)
    assert agreement.remote == ("192.0.2.10", 49170)
    assert (agreement.sends, agreement.receives, agreement.mux) == (True, True, False)


def test_payload_types_keep_the_numbers_of_the_offerer() -> None:
    offer = DESK_PHONE.replace("18 101", "18 97 98").replace("a=rtpmap:101 tel", "a=rtpmap:97 tel")
    offer = offer.replace("a=fmtp:101", "a=rtpmap:98 opus/48000/2\r\na=fmtp:97")
    sdp = phone()
    text, agreement = sdp.answer(offer, (OPUS,))
    assert audio_of(text).formats == ("98", "8", "0", "97")
    assert agreement.payloads[0] == Payload(98, 98, "opus", 48000)
    assert agreement.payloads[-1] == Payload(97, 97, "telephone-event", 8000)
    assert audio_of(sdp.offer((OPUS,))).formats == ("98", "8", "0", "97", "110")


def test_digits_are_answered_at_the_clock_rates_of_the_codecs() -> None:
    offer = DESK_PHONE.replace("18 101", "18 101 96 97") + (
        "a=rtpmap:96 opus/48000/2\r\na=rtpmap:97 telephone-event/48000\r\n"
    )
    assert audio_of(phone().answer(offer, G711)[0]).formats == ("8", "0", "101")
    assert audio_of(phone().answer(offer, (OPUS,))[0]).formats == ("96", "8", "0", "101", "97")


def test_our_offer_follows_the_other_side_and_always_has_g711() -> None:
    assert audio_of(phone().offer((OPUS, PCMU, G722))).formats == ("111", "9", "0", "8", "101", "110")
    assert audio_of(phone().offer((PCMU,))).formats == ("0", "8", "101")
    assert audio_of(phone().offer(None)).formats == ("8", "0", "101")


def test_an_answer_may_number_what_it_receives_otherwise() -> None:
    sdp = phone()
    sdp.offer((OPUS,))
    answer = phone("192.0.2.9").answer(sdp.offer((OPUS,)), (OPUS,))[0].replace("111", "120")
    agreement = sdp.accept(answer)
    assert agreement.codecs == (OPUS, PCMA, PCMU)
    assert agreement.payloads[0] == Payload(111, 120, "opus", 48000)
    assert agreement.remote == ("192.0.2.9", 20000)


@pytest.mark.parametrize(
    ("theirs", "ours", "sends", "receives"),
    [
        ("sendrecv", "sendrecv", True, True),
        ("sendonly", "recvonly", False, True),
        ("recvonly", "sendonly", True, False),
        ("inactive", "inactive", False, False),
    ],
)
def test_directions_are_answered_in_kind(theirs: str, ours: str, sends: bool, receives: bool) -> None:
    text, agreement = phone().answer(DESK_PHONE.replace("sendrecv", theirs), G711)
    assert audio_of(text).direction == ours
    assert (agreement.sends, agreement.receives) == (sends, receives)
    assert holds(DESK_PHONE.replace("sendrecv", theirs)) is not sends


def test_the_address_of_nowhere_is_the_old_way_to_hold() -> None:
    offer = DESK_PHONE.replace("c=IN IP4 192.0.2.10", "c=IN IP4 0.0.0.0")
    text, agreement = phone().answer(offer, G711)
    assert audio_of(text).direction is Direction.RECVONLY
    assert (agreement.remote, agreement.sends) == (None, False)
    assert holds(offer)


def test_other_media_are_refused_in_their_places() -> None:
    sdp = phone()
    text, _ = sdp.answer(VIDEO_PHONE, G711)
    assert [(media.kind, media.port > 0) for media in parse(text).media] == [
        ("image", False), ("video", False), ("audio", True),
    ]  # fmt: skip
    assert [media.kind for media in parse(sdp.offer(None)).media] == ["image", "video", "audio"]
    assert sdp.accept(text.replace("m=audio 20000", "m=audio 4000")).remote == ("203.0.113.1", 4000)


def test_a_second_audio_line_is_refused() -> None:
    text, _ = phone().answer(DESK_PHONE + "m=audio 5000 RTP/AVP 0\r\n", G711)
    assert [media.port for media in parse(text).media] == [20000, 0]


def test_an_unchanged_session_keeps_its_version() -> None:
    sdp = phone()
    first, _ = sdp.answer(DESK_PHONE, G711)
    assert sdp.answer(DESK_PHONE.replace(" 2890844527 ", " 2890844528 "), None)[0] == first
    held, _ = sdp.answer(DESK_PHONE.replace("sendrecv", "sendonly"), None)
    assert parse(held).origin.version == parse(first).origin.version + 1
    assert parse(held).origin.session == parse(first).origin.session


def test_a_refresh_keeps_to_the_codecs_agreed_before() -> None:
    sdp = phone()
    first, _ = sdp.answer(DESK_PHONE, (G722,))
    assert sdp.answer(DESK_PHONE, None)[0] == first


def test_reports_go_where_the_phone_wants_them() -> None:
    assert phone().answer(DESK_PHONE + "a=rtcp:53020\r\n", None)[1].remote_rtcp == ("192.0.2.10", 53020)
    elsewhere = DESK_PHONE + "a=rtcp:53020 IN IP4 192.0.2.11\r\n"
    assert phone().answer(elsewhere, None)[1].remote_rtcp == ("192.0.2.11", 53020)
    nowhere = DESK_PHONE + "a=rtcp:53020 IN IP6 ::1\r\n"
    assert phone().answer(nowhere, None)[1].remote_rtcp is None


def test_reports_share_the_port_when_the_phone_offers_it() -> None:
    text, agreement = phone().answer(DESK_PHONE + "a=rtcp-mux\r\n", None)
    assert agreement.mux
    assert audio_of(text).rtcp_mux


def test_srtp_offered_by_a_phone_is_taken() -> None:
    text, agreement = phone().answer(SECURE_PHONE, G711)
    (line,) = audio_of(text).cryptos
    assert (line.tag, line.suite) == (3, "AES_CM_128_HMAC_SHA1_80")
    assert audio_of(text).proto == "RTP/SAVP"
    assert agreement.keys is not None
    assert (agreement.keys.ours, len(agreement.keys.theirs)) == (OUR_KEY, 30)


def test_srtp_is_offered_where_the_signalling_hides_the_key() -> None:
    assert audio_of(phone(srtp="auto", secure=True).offer(None)).proto == "RTP/SAVP"
    assert audio_of(phone(srtp="auto", secure=False).offer(None)).proto == "RTP/AVP"
    assert audio_of(phone(srtp="off", secure=True).offer(None)).proto == "RTP/AVP"
    assert audio_of(phone(srtp="required", secure=False).offer(None)).proto == "RTP/SAVP"


def test_both_ends_of_srtp_have_the_same_keys() -> None:
    ours = phone(srtp="required")
    theirs = PhoneSdp("192.0.2.9", 4000, session=1, srtp="auto", secure=False, make_key=lambda: bytes(30))
    answer, far = theirs.answer(ours.offer(None), None)
    near = ours.accept(answer)
    assert near.keys == Keys("AES_CM_128_HMAC_SHA1_80", OUR_KEY, bytes(30))
    assert far.keys == Keys("AES_CM_128_HMAC_SHA1_80", bytes(30), OUR_KEY)


def test_of_two_lines_the_one_we_may_take_is_taken() -> None:
    both = SECURE_PHONE + "m=audio 5000 RTP/AVP 8\r\n"
    assert [media.port > 0 for media in parse(phone(srtp="off").answer(both, None)[0]).media] == [False, True]
    assert [media.port > 0 for media in parse(phone().answer(both, None)[0]).media] == [True, False]


@pytest.mark.parametrize(
    ("offer", "srtp"),
    [
        (SECURE_PHONE, "off"),
        (DESK_PHONE, "required"),
        (SECURE_PHONE.replace("|2^31", "|2^31|1:4"), "auto"),
        (SECURE_PHONE.replace("B" * 40, "B" * 39), "auto"),
        (SECURE_PHONE.replace("|2^31", "|2^31 UNENCRYPTED_SRTP"), "auto"),
        (DESK_PHONE.replace("RTP/AVP 8 9 0 18", "RTP/AVP 18"), "auto"),
        (DESK_PHONE.replace("m=audio 49170", "m=audio 0"), "auto"),
        (DESK_PHONE.replace("m=audio", "m=video"), "auto"),
        (DESK_PHONE.replace("RTP/AVP", "UDP/TLS/RTP/SAVP"), "auto"),
        (DESK_PHONE.replace("c=IN IP4 192.0.2.10", "c=IN IP4 phone.example.com"), "auto"),
        (DESK_PHONE.replace("c=IN IP4 192.0.2.10", "c=IN IP4 224.0.0.1"), "auto"),
        (DESK_PHONE.replace("c=IN IP4 192.0.2.10\r\n", ""), "auto"),
        (IPV6_PHONE, "auto"),
        (CHROMIUM, "auto"),
        ("nonsense", "auto"),
    ],
)
def test_what_we_cannot_do_has_no_common_codec(offer: str, srtp: Srtp) -> None:
    with pytest.raises(NoCommonCodec):
        phone(srtp=srtp).answer(offer, None)


def test_a_caller_with_wideband_alone_meets_only_its_like() -> None:
    offer = DESK_PHONE.replace("RTP/AVP 8 9 0 18", "RTP/AVP 9")
    assert phone().answer(offer, (G722,))[1].codecs == (G722,)
    with pytest.raises(NoCommonCodec):
        phone().answer(offer, (PCMA,))


@pytest.mark.parametrize(
    "change",
    [
        ("m=audio 49170", "m=audio 0"),
        ("RTP/AVP 8 9 0 18 101", "RTP/AVP 18 101"),
        ("m=audio 49170 RTP/AVP", "m=audio 49170 RTP/SAVP"),
        ("c=IN IP4 192.0.2.10", "c=IN IP6 ::1"),
        ("v=0", "v=2"),
    ],
)
def test_an_answer_that_refuses_has_no_common_codec(change: tuple[str, str]) -> None:
    sdp = phone()
    sdp.offer(None)
    with pytest.raises(NoCommonCodec):
        sdp.accept(DESK_PHONE.replace(*change))


def test_keys_in_an_answer_to_a_plain_offer_are_ignored() -> None:
    sdp = phone()
    sdp.offer(None)
    assert sdp.accept(SECURE_PHONE.replace("RTP/SAVP", "RTP/AVP")).keys is None


def test_an_answer_with_another_cipher_than_ours_is_refused() -> None:
    sdp = phone(srtp="required")
    sdp.offer(None)
    with pytest.raises(NoCommonCodec):
        sdp.accept(SECURE_PHONE.replace("HMAC_SHA1_80", "HMAC_SHA1_32"))


def test_a_refused_offer_changes_nothing() -> None:
    sdp = phone()
    first, _ = sdp.answer(DESK_PHONE, (G722,))
    with pytest.raises(NoCommonCodec):
        sdp.answer(DESK_PHONE.replace("RTP/AVP 8 9 0 18", "RTP/AVP 9"), (PCMA,))
    assert sdp.answer(DESK_PHONE, None)[0] == first


def test_ipv6_is_like_ipv4() -> None:
    text, agreement = phone("2001:db8::1").answer(IPV6_PHONE, G711)
    assert "c=IN IP6 2001:db8::1\r\n" in text
    assert agreement.remote == ("2001:db8::10", 49170)
