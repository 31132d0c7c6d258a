"""Digest: who knows the password gets in once per count; who does not learns nothing."""

import hashlib
from collections.abc import Callable

import pytest
import sipmessage
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.auth import Algorithm, Answerer, Challenger, Failed, Proof, ha1
from offhook.sip.malformed import Malformed

REALM, SECRET, HOST, URI = "rosen", b"a secret of the server", "192.0.2.31", b"sip:102@pbx.rosen.example"
USERS = {"101": "correct horse", 'odd "name"\\': "pä:ss"}


def stored(user: str, algorithm: Algorithm) -> str | None:
    return ha1(user, REALM, USERS[user], algorithm) if user in USERS else None


def challenges(challenger: Challenger, now: float, host: str = HOST) -> list[bytes]:
    """The values of the two WWW-Authenticate lines."""
    block = challenger.challenge(host, now)
    assert block.endswith(b"\r\n")
    return [line.partition(b": ")[2] for line in block.split(b"\r\n")[:-1]]


class Peer:
    """A phone that answers one challenge as often as it likes."""

    def __init__(self, challenger: Challenger, now: float = 100.0, which: int = 0, host: str = HOST) -> None:
        self.challenge = challenges(challenger, now, host)[which]
        self.answerer = Answerer()

    def answer(self, user: str = "101", password: str = "correct horse", uri: bytes = URI) -> bytes:
        return self.answerer.answer(self.challenge, "INVITE", uri, user, password)


@pytest.fixture
def challenger() -> Challenger:
    return Challenger(REALM, SECRET)


def test_the_better_algorithm_is_offered_first_with_the_same_nonce(challenger: Challenger) -> None:
    first, second = (sipmessage.AuthChallenge.parse(value.decode()) for value in challenges(challenger, 1.0))
    assert [one.parameters["algorithm"] for one in (first, second)] == ["SHA-256", "MD5"]
    assert first.parameters["nonce"] == second.parameters["nonce"]
    assert {one.parameters["qop"] for one in (first, second)} == {"auth"}
    assert b"stale" not in challenger.challenge(HOST, 1.0)
    assert challenger.challenge(HOST, 1.0, stale=True).count(b",stale=true\r\n") == 2


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("user", list(USERS))
def test_the_right_password_proves_the_user(challenger: Challenger, which: int, user: str) -> None:
    header = Peer(challenger, which=which).answer(user, USERS[user])
    assert challenger.verify(header, "INVITE", URI, HOST, stored, 101.0) == Proof(user)


def test_the_response_is_the_one_of_the_rfc() -> None:
    """The example of RFC 7616 §3.9.1, worked by its formula."""
    challenge = (
        b'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, '
        b'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        b'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    header = Answerer(lambda: cnonce).answer(challenge, "GET", b"/dir/index.html", "Mufasa", "Circle of Life")
    assert b'response="8ca523f5e9506fed4657c9700eebdbec"' in header
    assert b'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' in header


def test_an_unknown_user_and_a_wrong_password_fail_alike(challenger: Challenger) -> None:
    wrong, unknown = Peer(challenger).answer("101", "guess"), Peer(challenger).answer("999", "guess")
    assert challenger.verify(wrong, "INVITE", URI, HOST, stored, 101.0) == Failed("101", False)
    assert challenger.verify(unknown, "INVITE", URI, HOST, stored, 101.0) == Failed("999", False)
    assert challenger.verify(wrong, "INVITE", URI, HOST, stored, 500.0) == Failed("101", False)
    assert challenger.verify(unknown, "INVITE", URI, HOST, stored, 500.0) == Failed("999", False)


def test_the_store_is_asked_in_the_same_way_for_everybody(challenger: Challenger) -> None:
    asked: list[tuple[str, str]] = []

    def ask(user: str, algorithm: Algorithm) -> None:
        asked.append((user, algorithm))

    for user, which in (("101", 0), ("999", 1)):
        challenger.verify(Peer(challenger, which=which).answer(user), "INVITE", URI, HOST, ask, 101.0)
    challenger.verify(b"Palmistry left=long", "INVITE", URI, HOST, ask, 101.0)
    assert asked == [("101", "SHA-256"), ("999", "MD5"), ("", "MD5")]


def test_a_nonce_serves_again_with_a_higher_count_and_never_with_the_same(challenger: Challenger) -> None:
    peer = Peer(challenger)
    one, two, three = peer.answer(), peer.answer(), peer.answer()

    def verify(header: bytes) -> Proof | Failed:
        return challenger.verify(header, "INVITE", URI, HOST, stored, 101.0)

    assert verify(one) == Proof("101")
    assert verify(one) == Failed("101", True)
    assert verify(three) == Proof("101")
    assert verify(two) == Failed("101", True)


def test_a_nonce_is_good_for_sixty_seconds(challenger: Challenger) -> None:
    young, old, early = Peer(challenger, 100.0), Peer(challenger, 100.0), Peer(challenger, 300.0)
    assert challenger.verify(young.answer(), "INVITE", URI, HOST, stored, 160.0) == Proof("101")
    assert challenger.verify(old.answer(), "INVITE", URI, HOST, stored, 160.1) == Failed("101", True)
    assert challenger.verify(early.answer(), "INVITE", URI, HOST, stored, 160.1) == Failed("101", True)


def test_a_nonce_is_bound_to_the_address_it_was_given_to(challenger: Challenger) -> None:
    header = Peer(challenger, host="192.0.2.99").answer()
    assert challenger.verify(header, "INVITE", URI, HOST, stored, 101.0) == Failed("101", True)


def test_a_nonce_of_another_server_is_stale_and_not_a_failure(challenger: Challenger) -> None:
    header = Peer(Challenger(REALM, b"another secret")).answer()
    assert challenger.verify(header, "INVITE", URI, HOST, stored, 101.0) == Failed("101", True)


@pytest.mark.parametrize(
    "nonce", [b"", b"0", b"0" * 44, b"f" * 44, b"\xff" * 44, b"9" * 20_000, b"-" * 20 + b"0" * 24]
)
def test_a_made_up_nonce_is_stale(challenger: Challenger, nonce: bytes) -> None:
    challenge = b'Digest realm="rosen",qop="auth",nonce="%s"' % nonce
    header = Answerer().answer(challenge, "INVITE", URI, "101", "correct horse")
    assert challenger.verify(header, "INVITE", URI, HOST, stored, 101.0) == Failed("101", True)


def test_a_digest_is_bound_to_its_method(challenger: Challenger) -> None:
    header = Peer(challenger).answer()
    assert challenger.verify(header, "REGISTER", URI, HOST, stored, 101.0) == Failed("101", False)


@pytest.mark.parametrize(
    "said",
    [
        URI,
        b"sip:102@PBX.rosen.example",
        b"sip:102@pbx.rosen.example:5060",
        b"sip:102@pbx.rosen.example;transport=tcp",
        b"sips:102@pbx.rosen.example",
        b"sip:%3102@pbx.rosen.example",
    ],
)
def test_phones_may_leave_out_of_the_uri_what_says_nothing(challenger: Challenger, said: bytes) -> None:
    header = Peer(challenger).answer(uri=said)
    assert challenger.verify(header, "INVITE", URI, HOST, stored, 101.0) == Proof("101")


@pytest.mark.parametrize(
    "said",
    [b"sip:103@pbx.rosen.example", b"sip:102@other.example", b"sip:pbx.rosen.example", b"tel:102", b"", b"*"],
)
def test_a_digest_for_another_uri_is_not_for_this_one(challenger: Challenger, said: bytes) -> None:
    header = Peer(challenger).answer(uri=said)
    assert challenger.verify(header, "INVITE", URI, HOST, stored, 101.0) == Failed("101", False)


SPOILERS: list[Callable[[bytes], bytes]] = [
    lambda header: header.replace(b"qop=auth", b"qop=auth-int"),
    lambda header: header.replace(b",qop=auth", b""),
    lambda header: header.replace(b"nc=00000001", b"nc=1"),
    lambda header: header.replace(b",nc=00000001", b""),
    lambda header: header.replace(b"algorithm=SHA-256", b"algorithm=SHA-256-sess"),
    lambda header: header.replace(b"algorithm=SHA-256", b"algorithm=plain"),
    lambda header: header.replace(b"algorithm=SHA-256", b"algorithm=MD5"),
    lambda header: header.replace(b'realm="rosen"', b'realm="tulip"'),
    lambda header: header + b',username="102"',
    lambda header: header.replace(b"Digest", b"Basic"),
    lambda header: header.replace(b'response="', b'response="0'),
    lambda _header: b"Digest",
    lambda _header: b"",
]


@pytest.mark.parametrize("spoil", SPOILERS)
def test_what_was_not_offered_is_refused(challenger: Challenger, spoil: Callable[[bytes], bytes]) -> None:
    header = spoil(Peer(challenger).answer())
    answer = challenger.verify(header, "INVITE", URI, HOST, stored, 101.0)
    assert isinstance(answer, Failed)
    assert not answer.stale


def test_a_digest_without_qop_is_refused_even_if_it_is_right(challenger: Challenger) -> None:
    nonce = Peer(challenger).challenge.partition(b'nonce="')[2].partition(b'"')[0].decode()
    request = hashlib.md5(b"INVITE:" + URI).hexdigest()
    response = hashlib.md5(f"{stored('101', 'MD5')}:{nonce}:{request}".encode()).hexdigest()
    header = f'Digest username="101",realm="rosen",nonce="{nonce}",uri="{URI.decode()}"'
    header += f',response="{response}"'
    assert challenger.verify(header.encode(), "INVITE", URI, HOST, stored, 101.0) == Failed("101", False)


def test_spacing_letter_case_and_order_do_not_matter(challenger: Challenger) -> None:
    header = Peer(challenger, which=1).answer()
    words = sorted(header.removeprefix(b"Digest ").split(b","), reverse=True)
    odd = b"digest  " + b" ,\t ".join(word.replace(b"=", b" = ", 1) for word in words)
    odd = odd.replace(b"qop = auth", b'QOP = "auth"').replace(b"algorithm = MD5", b"Algorithm = md5")
    assert challenger.verify(odd, "INVITE", URI, HOST, stored, 101.0) == Proof("101")


def test_credentials_for_other_realms_may_come_along(challenger: Challenger) -> None:
    other = Answerer().answer(b'Digest realm="tulip",qop="auth",nonce="n"', "INVITE", URI, "101", "x")
    header = b"Palmistry left=long, right=short, " + other + b", " + Peer(challenger).answer()
    assert challenger.verify(header, "INVITE", URI, HOST, stored, 101.0) == Proof("101")


def test_what_was_used_is_forgotten_and_still_never_taken_again() -> None:
    """More nonces than are remembered: the first become stale, none can be replayed."""
    challenger = Challenger(REALM, SECRET, remembered=100)
    headers = [Peer(challenger, 100.0 + n / 50).answer() for n in range(500)]
    for n, header in enumerate(headers):
        assert challenger.verify(header, "INVITE", URI, HOST, stored, 100.01 + n / 50) == Proof("101")
        for used in headers[: n + 1 : 17]:
            assert challenger.verify(used, "INVITE", URI, HOST, stored, 100.01 + n / 50) == Failed(
                "101", True
            )


def test_the_client_takes_the_first_challenge_it_knows_and_counts() -> None:
    offered = (
        b'Digest realm="a",nonce="n",algorithm=SHA-512-256,qop="auth", '
        b'Digest realm="a",nonce="n",qop="auth-int,auth"'
    )
    answerer = Answerer(lambda: "c")
    one, two = (answerer.answer(offered, "INVITE", URI, "u", "p") for _ in range(2))
    assert b"algorithm=MD5" in one
    assert (one[-8:], two[-8:]) == (b"00000001", b"00000002")
    again = answerer.answer(offered.replace(b'"n"', b'"m"'), "INVITE", URI, "u", "p")
    assert again[-8:] == b"00000001"


def test_the_client_takes_the_better_algorithm_wherever_it_stands() -> None:
    offered = (
        b'Digest realm="a",nonce="n",qop="auth", Digest realm="a",nonce="m",algorithm=sha-256,qop="auth"'
    )
    answer = Answerer().answer(offered, "INVITE", URI, "u", "p")
    assert b"algorithm=SHA-256" in answer
    assert b'nonce="m"' in answer


def test_the_client_answers_without_a_count_where_none_is_asked_for() -> None:
    """The older digest, RFC 3261 §22.4: worked by its formula."""
    answer = Answerer().answer(b'Digest realm="rosen",nonce="n"', "INVITE", URI, "101", "correct horse")
    request = hashlib.md5(b"INVITE:" + URI).hexdigest()
    response = hashlib.md5(f"{stored('101', 'MD5')}:n:{request}".encode()).hexdigest()
    assert f'response="{response}"'.encode() in answer
    assert not any(word in answer for word in (b"qop", b"nc=", b"cnonce"))


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b'Basic realm="a"',
        b'Digest realm="a",qop="auth"',
        b'Digest realm="a",nonce="n",nonce="m"',
        b'Digest realm="a",nonce="n",qop="auth-int"',
        b'Digest realm="a",nonce="n",qop="auth",algorithm=plain',
        b'Digest realm="elsewhere",nonce="n",qop="auth"',
    ],
)
def test_the_client_answers_nothing_else_and_no_other_realm(challenge: bytes) -> None:
    with pytest.raises(Malformed):
        Answerer().answer(challenge, "INVITE", URI, "u", "p", realm="a")


@given(
    st.binary(max_size=120) | st.text('Digest realm="rosen",\\nonce=uri auth', max_size=100).map(str.encode)
)
def test_any_bytes_fail(text: bytes) -> None:
    challenger = Challenger(REALM, SECRET)
    for header in (text, b"Digest " + text, b'Digest realm="rosen",username="101",' + text):
        assert isinstance(challenger.verify(header, "INVITE", URI, HOST, stored, 1.0), Failed)
