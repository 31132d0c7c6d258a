"""Whom a call from outside says that it is from, and for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.message import Malformed
from offhook.trunks.arrivals import called_of, caller_of
from tests.phones.requests import request

ASSERTED = 'P-Asserted-Identity: "Zoe" <sip:+43155@provider>'


@pytest.mark.parametrize(
    ("headers", "trust", "caller"),
    [
        ((), True, ("anna-desk", "")),
        ((ASSERTED,), True, ("+43155", "Zoe")),
        ((ASSERTED,), False, ("anna-desk", "")),
        (("P-Asserted-Identity: <tel:+43-155>",), True, ("+43-155", "")),
        (("P-Asserted-Identity: <sip:provider>",), True, ("anna-desk", "")),
        (("Remote-Party-ID: <sip:+43155@provider>;party=calling",), True, ("+43155", "")),
        (("Remote-Party-ID: <sip:+43155@provider>;privacy=full",), True, ("", "")),
        (("P-Asserted-Identity: nonsense<<",), True, ("anna-desk", "")),
        ((ASSERTED, "Privacy: id"), True, ("", "")),
        ((ASSERTED, "Privacy: header; critical"), True, ("", "")),
        ((ASSERTED, "Privacy: none"), True, ("+43155", "Zoe")),
    ],
)
def test_the_caller_is_who_the_provider_says_if_it_is_believed(
    headers: tuple[str, ...], trust: bool, caller: tuple[str, str]
) -> None:
    assert caller_of(request("INVITE", *headers), trust=trust) == caller


@pytest.mark.parametrize("name", ["anonymous", "Anonymous"])
def test_who_calls_himself_anonymous_is_nobody_whatever_is_asserted(name: str) -> None:
    assert caller_of(request("INVITE", ASSERTED, name=name), trust=True) == ("", "")


@pytest.mark.parametrize(
    ("uri", "to", "number"),
    [
        ("sip:+4930555102@pbx", "x", "+4930555102"),
        ("sip:token@pbx", "+4930555102", "+4930555102"),
        ("sip:4930555@pbx", "+4930555102", "+4930555102"),  # the account's name
        ("sip:pbx", "+4930555102", "+4930555102"),
        ("tel:+49-30-555", "x", "+49-30-555"),
        ("sip:token@pbx", "", "token"),
    ],
)
def test_the_called_is_in_the_request_or_in_to_if_that_is_only_our_account(
    uri: str, to: str, number: str
) -> None:
    invite = request("INVITE", uri=uri, name=to)
    assert called_of(invite, ("token", "4930555")) == number


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["P-Asserted-Identity", "Remote-Party-ID", "Privacy", "Diversion"]),
            st.text('<>"\\;:,@=% sipteland+0123456789\t\x00é', max_size=40),
        ),
        max_size=4,
    ),
    st.text("sip:<>@;,tel+%0", max_size=30),
)
def test_nothing_that_a_header_says_is_more_than_a_strange_caller(
    headers: list[tuple[str, str]], name: str
) -> None:
    try:
        invite = request("INVITE", *[f"{header}: {value}" for header, value in headers], name=name)
    except Malformed:
        return
    number, shown = caller_of(invite, trust=True)
    assert isinstance(called_of(invite, ("token",)), str)
    assert len(number) <= 128
    assert not shown or number, "who has no number has no name either"
