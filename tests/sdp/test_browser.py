"""Answers to browsers."""

from itertools import count

import pytest

from offhook.calls.media import G711, G722, OPUS, PCMA, PCMU, NoCommonCodec
from offhook.sdp.browser import BrowserSdp
from offhook.sdp.description import parse
from offhook.sdp.negotiate import Checks
from tests.sdp.samples import CHROMIUM, DESK_PHONE, FIREFOX, PRINT

OURS = "sha-256 AB:CD"


def browser(*hosts: str) -> BrowserSdp:
    numbers = count(1)
    return BrowserSdp(
        hosts or ("203.0.113.1",),
        20000,
        session=7,
        fingerprint=OURS,
        make_credentials=lambda: (f"ufrag{(n := next(numbers))}", f"password{n}"),
    )


def test_a_browser_gets_all_it_needs_at_once() -> None:
    text, agreement = browser("203.0.113.1", "10.0.0.1").answer(CHROMIUM, G711)
    answer = parse(text)
    audio, data = answer.media
    assert answer.ice_lite
    assert answer.bundles == (("0",),)
    assert (audio.ufrag, audio.pwd, audio.fingerprint, audio.setup) == (
        "ufrag1",
        "password1",
        OURS,
        "passive",
    )
    assert (audio.mid, audio.proto, audio.rtcp_mux) == ("0", "UDP/TLS/RTP/SAVPF", True)
    assert [(c.host, c.port, c.type) for c in audio.candidates] == [
        ("203.0.113.1", 20000, "host"), ("10.0.0.1", 20000, "host"),
    ]  # fmt: skip
    assert audio.candidates[0].priority > audio.candidates[1].priority
    assert (data.kind, data.port, data.mid) == ("application", 0, "1")
    assert agreement.codecs == (PCMU, PCMA)
    assert agreement.checks is not None
    assert (agreement.checks.far_ufrag, agreement.checks.fingerprint) == ("EsAw", PRINT)
    assert agreement.mux


def test_two_browsers_meet_on_opus_with_g711_behind_it() -> None:
    text, agreement = browser().answer(CHROMIUM, (OPUS, G722, PCMA))
    assert parse(text).media[0].formats == ("111", "9", "8", "0", "110")
    assert agreement.codecs == (OPUS, G722, PCMA, PCMU)


def test_other_browsers_number_otherwise() -> None:
    text, _ = browser().answer(FIREFOX, (OPUS,))
    assert parse(text).media[0].formats == ("109", "0", "8", "101")


def test_new_credentials_are_an_ice_restart_and_get_new_ones() -> None:
    sdp = browser()
    first, agreement = sdp.answer(CHROMIUM, G711)
    assert sdp.answer(CHROMIUM, None) == (first, agreement)
    restart = CHROMIUM.replace("EsAw", "Qm2x").replace("P2uYro0UCOQ4zxjKXaWCBui1", "0UCOQ4zxjKXaWCBui1P2uYro")
    second, again = sdp.answer(restart, None)
    assert again.checks == Checks("ufrag2", "password2", "Qm2x", "0UCOQ4zxjKXaWCBui1P2uYro", PRINT)
    assert parse(second).media[0].port == parse(first).media[0].port
    assert parse(second).origin.version == 2


def test_a_browser_that_only_listens_is_only_sent_to() -> None:
    text, agreement = browser().answer(CHROMIUM.replace("a=sendrecv", "a=recvonly"), G711)
    assert parse(text).media[0].direction == "sendonly"
    assert (agreement.sends, agreement.receives) == (True, False)


@pytest.mark.parametrize(
    "offer",
    [
        DESK_PHONE,
        CHROMIUM.replace("a=rtcp-mux\r\n", ""),
        CHROMIUM.replace("a=ice-ufrag:EsAw\r\n", ""),
        CHROMIUM.replace("a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1", "a=ice-pwd:short"),
        CHROMIUM.replace("a=fingerprint:sha-256", "a=fingerprint:md5"),
        CHROMIUM.replace("a=setup:actpass", "a=setup:passive"),
        CHROMIUM.replace("a=mid:0", "a=mid:0 1"),
        CHROMIUM.replace("SAVPF 111 63 9 0 8 13", "SAVPF 63 13"),
        "",
    ],
)
def test_what_is_no_browsers_offer_is_refused(offer: str) -> None:
    with pytest.raises(NoCommonCodec):
        browser().answer(offer, None)
