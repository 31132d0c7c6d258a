"""What holds for every description, every offer and every byte."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.media import G722, OPUS, PCMA, PCMU, Codecs, NoCommonCodec
from offhook.sdp.attributes import Candidate, Crypto, Direction, Rtpmap
from offhook.sdp.browser import BrowserSdp
from offhook.sdp.description import BadSdp, Description, Media, Origin, parse
from offhook.sdp.negotiate import codecs_of, holds
from offhook.sdp.phone import PhoneSdp, Srtp
from tests.sdp.samples import CHROMIUM, DESK_PHONE, SECURE_PHONE, VIDEO_PHONE

words = st.text("abcXYZ019-_.!", min_size=1, max_size=12)
numbers = st.integers(0, 65535)
hosts = st.sampled_from(["192.0.2.1", "198.51.100.7", "2001:db8::1", "0.0.0.0", "phone.example.com"])
maps = st.sampled_from(
    [
        Rtpmap(0, "PCMU", 8000), Rtpmap(8, "PCMA", 8000), Rtpmap(9, "G722", 8000), Rtpmap(18, "G729", 8000),
        Rtpmap(96, "opus", 48000, 2), Rtpmap(111, "opus", 48000, 2), Rtpmap(97, "PCMA", 8000),
        Rtpmap(101, "telephone-event", 8000), Rtpmap(110, "telephone-event", 48000),
        Rtpmap(98, "L16", 44100, 2),
    ]
)  # fmt: skip
optional_word = st.just("") | words


@st.composite
def medias(draw: st.DrawFn) -> Media:
    rtpmaps = draw(st.lists(maps, max_size=6, unique_by=lambda rtpmap: rtpmap.payload))
    formats = [str(rtpmap.payload) for rtpmap in rtpmaps] or [draw(words)]
    return Media(
        draw(st.sampled_from(["audio", "audio", "audio", "video", "image"])),
        draw(st.sampled_from([0, 4000, 65535])),
        draw(st.sampled_from(["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "UDP/TLS/RTP/SAVPF", "udptl"])),
        tuple(formats),
        draw(st.sampled_from(["192.0.2.1", "192.0.2.1", "0.0.0.0", "", "2001:db8::1"])),
        draw(st.sampled_from(Direction)),
        tuple(rtpmaps),
        tuple(draw(st.lists(st.tuples(st.integers(0, 127), words), max_size=3))),
        draw(st.none() | st.integers(1, 100)),
        tuple(
            draw(
                st.lists(
                    st.builds(
                        Crypto,
                        st.integers(0, 99),
                        st.sampled_from(["AES_CM_128_HMAC_SHA1_80", "X"]),
                        st.sampled_from(["A" * 40, "B" * 40, "B" * 40 + "|2^20", "short"]),
                        optional_word,
                    ),
                    max_size=2,
                )
            )
        ),
        draw(optional_word),
        draw(optional_word),
        tuple(
            draw(
                st.lists(
                    st.builds(Candidate, words, st.integers(0, 256), words, numbers, hosts, numbers, words),
                    max_size=3,
                )
            )
        ),
        draw(st.sampled_from(["", "sha-256 AB:CD"])),
        draw(optional_word),
        draw(optional_word),
        draw(optional_word),
        draw(st.none() | st.tuples(st.just("") | hosts, st.integers(1, 65535))),
        draw(st.booleans()),
    )


origins = st.builds(Origin, words, words, st.integers(0, 2**64 - 1), hosts)
descriptions = st.builds(
    Description,
    origins,
    st.lists(medias(), max_size=4).map(tuple),
    st.lists(st.lists(words, max_size=3).map(tuple), max_size=2).map(tuple),
    st.booleans(),
)
likes = st.none() | st.lists(st.sampled_from([PCMA, PCMU, G722, OPUS]), unique=True).map(tuple)
policies = st.sampled_from(["off", "auto", "required"])


def phone(srtp: Srtp = "auto") -> PhoneSdp:
    return PhoneSdp("203.0.113.1", 20000, session=1, srtp=srtp, secure=False, make_key=lambda: bytes(30))


def browser() -> BrowserSdp:
    return BrowserSdp(
        ["203.0.113.1"],
        20000,
        session=1,
        fingerprint="sha-256 AB",
        make_credentials=lambda: ("ufrag", "pwd"),
    )


@given(descriptions)
def test_what_is_written_is_read_back(description: Description) -> None:
    assert parse(str(description)) == description


def acceptable(offer: Description, text: str) -> None:
    """What RFC 3264 §6 asks of an answer to this offer."""
    answer = parse(text)
    assert len(answer.media) == len(offer.media)
    for theirs, ours in zip(offer.media, answer.media, strict=True):
        assert (ours.kind, ours.proto) == (theirs.kind, theirs.proto)
        assert set(ours.formats) <= set(theirs.formats)
        if ours.port:
            assert theirs.port
            assert theirs.direction.receives or not ours.direction.sends
            assert theirs.direction.sends or not ours.direction.receives
            assert {(m.payload, m.name, m.rate) for m in ours.rtpmaps} <= {
                (m.payload, m.name, m.rate) for m in theirs.rtpmaps
            }
    assert sum(media.port > 0 for media in answer.media) == 1


@given(descriptions, likes, policies)
def test_an_answer_is_always_acceptable_to_the_offerer(
    offer: Description, like: Codecs | None, srtp: Srtp
) -> None:
    with suppress(NoCommonCodec):
        acceptable(offer, phone(srtp).answer(str(offer), like)[0])


@given(likes, likes, likes)
def test_our_own_offers_can_be_answered_and_agree_on_the_same(
    first: Codecs | None, second: Codecs | None, third: Codecs | None
) -> None:
    caller, called = phone(), phone()
    for like in (first, second):
        offer = caller.offer(like)
        text, there = called.answer(offer, third)
        acceptable(parse(offer), text)
        here = caller.accept(text)
        assert here.codecs == there.codecs
        assert [(p.send, p.receive) for p in here.payloads] == [(p.receive, p.send) for p in there.payloads]
        caller, called = called, caller


@given(descriptions, likes, likes)
def test_a_reoffer_keeps_the_lines_and_numbers_of_the_session(
    offer: Description, first: Codecs | None, second: Codecs | None
) -> None:
    sdp = phone()
    try:
        answer = parse(sdp.answer(str(offer), first)[0])
    except NoCommonCodec:
        return
    again = parse(sdp.offer(second))
    assert [media.kind for media in again.media] == [media.kind for media in answer.media]
    assert [media.port for media in again.media] == [media.port for media in answer.media]
    meant = {rtpmap.payload: rtpmap for media in answer.media for rtpmap in media.rtpmaps}
    for rtpmap in next(media for media in again.media if media.port).rtpmaps:
        assert meant.get(rtpmap.payload, rtpmap).name.lower() == rtpmap.name.lower()


def only_the_right_refusals(data: bytes) -> None:
    try:
        description = parse(data)
    except BadSdp:
        return
    assert parse(str(description)) == description
    codecs_of(data)
    holds(data)
    text = data.decode("utf-8", "replace")
    for answer in (phone().answer, browser().answer):
        with suppress(NoCommonCodec):
            answer(text, None)
    with suppress(NoCommonCodec):
        phone().accept(text)


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda data: b"v=0\r\n" + data))
def test_bytes_are_a_description_or_bad_sdp(data: bytes) -> None:
    only_the_right_refusals(data)


@given(
    st.sampled_from([DESK_PHONE, SECURE_PHONE, VIDEO_PHONE, CHROMIUM]),
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 0.1), st.binary(max_size=8) | st.just(b"\r\n")), max_size=4
    ),
)
def test_damaged_offers_do_no_damage(text: str, damage: list[tuple[float, float, bytes]]) -> None:
    data = text.encode()
    for place, length, bytes_there in damage:
        at = int(place * len(data))
        data = data[:at] + bytes_there + data[at + int(length * len(data)) :]
    only_the_right_refusals(data)
