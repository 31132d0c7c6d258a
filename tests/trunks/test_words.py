"""What an INVITE to a trunk says: who is called, who calls, who has sent the call on."""

import pytest

from offhook.dialplan.model import Trunk
from offhook.dialplan.world import Way
from offhook.sip.headers import NameAddr, uri_of
from offhook.sip.uri import Uri
from offhook.trunks.words import invitation

OURS, THEIRS = "192.0.2.1:5060", "sip.provider.example"
WAY = Way("Fibre", "+43155", "+4930555101", "Anna")


def said(way: Way = WAY, /, **settings: object) -> dict[str, str]:
    """The headers beside From, by name."""
    trunk = Trunk(name="Fibre", **settings)  # type: ignore[arg-type]  # settings by name
    lines = invitation(way, trunk, theirs=THEIRS, ours=OURS).headers.decode().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def sender(way: Way = WAY, /, **settings: object) -> str:
    trunk = Trunk(name="Fibre", **settings)  # type: ignore[arg-type]  # settings by name
    return invitation(way, trunk, theirs=THEIRS, ours=OURS).local.decode()


def test_the_called_is_addressed_where_the_provider_is() -> None:
    invite = invitation(WAY, Trunk(name="Fibre"), theirs="192.0.2.9:5070", ours=OURS)
    assert invite.uri == b"sip:+43155@192.0.2.9:5070"
    assert invite.remote == b"<sip:+43155@192.0.2.9:5070>"


@pytest.mark.parametrize(
    ("settings", "domain"),
    [
        ({}, OURS),
        ({"domain": "office.example"}, "office.example"),
        ({"register": True, "username": "us"}, THEIRS),
    ],
)
def test_the_caller_is_at_the_accounts_domain_or_at_our_address(
    settings: dict[str, object], domain: str
) -> None:
    assert sender(**settings) == f'"Anna" <sip:+4930555101@{domain}>'


def test_the_number_that_is_ours_is_asserted_whoever_is_shown() -> None:
    passed_on = Way("Fibre", "+43155", "+33144", "Zoe", asserted="+4930555101")
    assert sender(passed_on) == f'"Zoe" <sip:+33144@{OURS}>'
    assert said(passed_on) == {"P-Asserted-Identity": f'"Zoe" <sip:+4930555101@{OURS}>'}
    assert said(passed_on, identity="preferred") == {
        "P-Preferred-Identity": f'"Zoe" <sip:+4930555101@{OURS}>'
    }
    assert said(passed_on, identity="none") == {}


def test_who_hides_is_known_to_the_provider_alone() -> None:
    hidden = Way("Fibre", "+43155", "", "Anna", asserted="+4930555101")
    assert sender(hidden) == '"Anonymous" <sip:anonymous@anonymous.invalid>'
    assert said(hidden) == {"Privacy": "id", "P-Asserted-Identity": f"<sip:+4930555101@{OURS}>"}
    assert said(hidden, identity="none") == {"Privacy": "id"}


@pytest.mark.parametrize(
    ("why", "cause"), [("unconditional", 302), ("user-busy", 486), ("no-answer", 408), ("follow-me", 302)]
)
def test_a_call_sent_on_says_by_whom_and_why(why: str, cause: int) -> None:
    way = Way("Fibre", "+43155", "+33144", "", "", "+4930555102", why)  # type: ignore[arg-type]  # of the table
    assert said(way, identity="none") == {
        "Diversion": f"<sip:+4930555102@192.0.2.1>;reason={why};counter=1;privacy=off;screen=yes"
    }
    uri, invite = (
        b"sip:+43155@" + THEIRS.encode(),
        Trunk(name="F", identity="none", diversion_header="history-info"),
    )
    assert invitation(way, invite, theirs=THEIRS, ours=OURS).headers == (
        b"History-Info: <sip:+4930555102@192.0.2.1>;index=1\r\n"
        b"History-Info: <%b;cause=%d>;index=1.1;mp=1\r\n" % (uri, cause)
    )
    assert said(way, identity="none", diversion_header="none") == {}


def test_progress_may_be_asked_for_reliably() -> None:
    assert said(identity="none", prack=True) == {"Supported": "100rel"}
    assert said(identity="none") == {}


@pytest.mark.parametrize("text", ['Anna "Bo" \\ <x>', "Änne\r\nVia: evil", "日本", "", "a;tag=1"])
def test_no_name_breaks_out_of_its_header(text: str) -> None:
    local = sender(Way("Fibre", "+43155", "+4930555101", text)).encode()
    assert b"\r" not in local
    assert b"\n" not in local
    assert uri_of(local) == f"sip:+4930555101@{OURS}".encode()
    assert NameAddr.parse(local).params == {}


@pytest.mark.parametrize("number", ["*31#030", "12;evil=1", "a b@c", "ä"])
def test_no_number_breaks_out_of_its_address(number: str) -> None:
    uri = Uri.parse(invitation(Way("F", number, ""), Trunk(name="F"), theirs=THEIRS, ours=OURS).uri)
    assert (uri.user, uri.host, uri.params) == (number, THEIRS, {})
