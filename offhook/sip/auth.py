"""Digest authentication, both sides: RFC 7616 and RFC 8760 as SIP uses them (RFC 3261 §22).

A challenge costs no memory: a nonce is a time, a number and a keyed hash of both with the peer's
address. Only what was answered rightly is remembered, with its highest count, until it is too old.
The secret must be new with each start of the server, because that memory ends with it.
"""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final, Literal

from offhook.sip.headers import quoted, split_list
from offhook.sip.malformed import Malformed
from offhook.sip.uri import Uri

Algorithm = Literal["MD5", "SHA-256"]
Ha1 = Callable[[str, Algorithm], str | None]

NONCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Proof:
    """The peer knows this user's password."""

    user: str


@dataclass(frozen=True, slots=True)
class Failed:
    """With `stale` the password was right and only the nonce old, used or not ours: nobody is to blame."""

    user: str
    stale: bool


def ha1(user: str, realm: str, password: str, algorithm: Algorithm) -> str:
    """What is stored instead of a password."""
    return _hash(algorithm, f"{user}:{realm}:{password}".encode())


class Challenger:
    """The server's side, for one realm.

    Of nonces in use two generations are remembered, each a minute long or `remembered` many; those
    forgotten before their time are called stale, never taken again.
    """

    def __init__(self, realm: str, secret: bytes, *, remembered: int = 50_000) -> None:
        self._realm = realm.encode()
        self._key = hashlib.blake2b(secret).digest()
        self._made_up = secrets.token_hex(16)  # stands in for the HA1 of those we do not know
        self._serial = 0
        self._remembered = remembered
        self._recent: dict[int, int] = {}  # number of the nonce -> highest count
        self._older: dict[int, int] = {}
        self._recent_since = 0.0
        self._forgotten_until = -1.0  # whatever was issued until then is stale
        start = b"WWW-Authenticate: Digest realm=%s," % quoted(self._realm)
        self._starts = [start + b"algorithm=SHA-256", start + b"algorithm=MD5"]

    def challenge(self, source_host: str, now: float, *, stale: bool = False) -> bytes:
        """Header lines, the better algorithm first (RFC 8760 §2.4)."""
        self._serial = (self._serial + 1) & 0xFFFFFFFF
        stamp = b"%012x%08x" % (int(now * 1000), self._serial)
        nonce = stamp + self._seal(stamp, source_host)
        flag = b",stale=true" if stale else b""
        return b"".join([b'%s,qop="auth",nonce="%s"%s\r\n' % (start, nonce, flag) for start in self._starts])

    def verify(
        self, header: bytes, method: str, uri: bytes, source_host: str, ha1: Ha1, now: float
    ) -> Proof | Failed:
        """Whether an Authorization value proves its user, for this method, URI and source, once.

        Every answer takes the same steps, so that neither the answer nor its time tells whether a
        user exists.
        """
        given = _credentials(header, self._realm)
        user = given.get(b"username", b"").decode("utf-8", "replace")
        algorithm = _ALGORITHMS.get(given.get(b"algorithm", b"MD5").upper())
        count = given.get(b"nc", b"")
        fits = (
            algorithm is not None
            and given.get(b"qop", b"").lower() == b"auth"
            and _COUNT.match(count) is not None
            and _same_target(given.get(b"uri", b""), uri)
        )
        algorithm = algorithm or "MD5"
        nonce = given.get(b"nonce", b"")
        stored = ha1(user, algorithm)
        secret = self._made_up if stored is None else stored
        used = (nonce, count, given.get(b"cnonce", b""), given.get(b"qop", b""))
        expected = _response(algorithm, secret, method, given.get(b"uri", b""), used)
        right = compare_digest(expected, given.get(b"response", b"").lower())
        self._forget(now)
        fresh = self._is_ours(nonce, source_host, now)
        if not right or stored is None or not fits:
            return Failed(user, False)
        if not fresh or not self._counts(int(nonce[12:20], 16), int(count, 16)):
            return Failed(user, True)
        return Proof(user)

    def _seal(self, stamp: bytes, source_host: str) -> bytes:
        text = stamp + source_host.encode()
        return hashlib.blake2b(text, key=self._key, digest_size=12).hexdigest().encode()

    def _is_ours(self, nonce: bytes, source_host: str, now: float) -> bool:
        """Made by us, for this source, not long ago, and not before what has been forgotten."""
        stamp = nonce[:20]
        if not compare_digest(self._seal(stamp, source_host), nonce[20:]):
            return False
        issued = int(stamp[:12], 16) / 1000
        return self._forgotten_until < issued <= now and now - issued <= NONCE_SECONDS

    def _counts(self, serial: int, count: int) -> bool:
        """Whether this count is new for this nonce; remembers it."""
        highest = self._recent.get(serial) or self._older.get(serial, 0)
        if count <= highest:
            return False
        self._recent[serial] = count
        return True

    def _forget(self, now: float) -> None:
        """Close a generation that is old or full; never between judging a nonce and counting it."""
        if now - self._recent_since <= NONCE_SECONDS and len(self._recent) < self._remembered:
            return
        if self._older:
            # They were all issued before their generation was closed: when the one after it began.
            self._forgotten_until = self._recent_since
        self._older, self._recent, self._recent_since = self._recent, {}, now


@dataclass(frozen=True, slots=True)
class Challenge:
    """One that we can answer. `counts`: it asks for a count and a nonce of ours (qop=auth)."""

    realm: bytes
    nonce: bytes
    algorithm: Algorithm
    counts: bool
    opaque: bytes | None
    is_stale: bool


def challenges(value: bytes) -> list[Challenge]:
    """What a WWW-Authenticate or Proxy-Authenticate value asks of us, the better algorithm first.

    Without qop a digest is as old as RFC 2069, and still what many a proxy asks for by default.
    """
    found = []
    for asked in _digests(value):
        algorithm = _ALGORITHMS.get(asked.get(b"algorithm", b"MD5").upper())
        offered = [word.strip().lower() for word in asked.get(b"qop", b"").split(b",")]
        if algorithm is None or not {b"auth", b""} & {*offered} or not asked.keys() >= {b"realm", b"nonce"}:
            continue
        stale = asked.get(b"stale", b"").lower() == b"true"
        found.append(
            Challenge(
                asked[b"realm"], asked[b"nonce"], algorithm, b"auth" in offered, asked.get(b"opaque"), stale
            )
        )
    return sorted(found, key=lambda one: one.algorithm == "MD5")


class Answerer:
    """The client's side: phones of the tests, trunks. Counts the uses of a nonce."""

    def __init__(self, cnonce: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self._cnonce = cnonce
        self._nonce = b""
        self._count = 0

    def answer(
        self,
        challenge: bytes,
        method: str,
        uri: bytes,
        user: str,
        password: str,
        *,
        realm: str | None = None,
    ) -> bytes:
        """The Authorization value for the best challenge we can answer; raises `Malformed` if none.

        With `realm`, others are not answered: a peer must not collect digests for somewhere else.
        """
        for asked in challenges(challenge):
            if realm is None or asked.realm == realm.encode():
                return self.prove(asked, method, uri, user, password)
        raise Malformed("No challenge that can be answered", challenge, status=401)

    def prove(self, asked: Challenge, method: str, uri: bytes, user: str, password: str) -> bytes:
        self._count = self._count + 1 if asked.nonce == self._nonce else 1
        self._nonce = asked.nonce
        secret = _hash(asked.algorithm, b"%s:%s:%s" % (user.encode(), asked.realm, password.encode()))
        used: tuple[bytes, ...] = (asked.nonce,)
        counted: tuple[bytes, ...] = ()
        if asked.counts:
            count, cnonce = b"%08x" % self._count, self._cnonce().encode()
            used = (asked.nonce, count, cnonce, b"auth")
            counted = (b'cnonce="%s"' % cnonce, b"qop=auth", b"nc=" + count)
        response = _response(asked.algorithm, secret, method, uri, used)
        fields = [
            b"username=" + quoted(user.encode()),
            b"realm=" + quoted(asked.realm),
            b"nonce=" + quoted(asked.nonce),
            b'uri="%s"' % uri,
            b'response="%s"' % response,
            b"algorithm=" + asked.algorithm.encode(),
            *counted,
        ]
        if asked.opaque is not None:
            fields.append(b"opaque=" + quoted(asked.opaque))
        return b"Digest " + b",".join(fields)


_ALGORITHMS: Final[dict[bytes, Algorithm]] = {b"MD5": "MD5", b"SHA-256": "SHA-256"}
_COUNT = re.compile(rb"[0-9A-Fa-f]{8}\Z")
# The look-behind keeps a long word without "=" from being tried again at each of its letters.
_PARAM = re.compile(
    rb'(?<![\w*-])([\w*-]++)[ \t]*+=[ \t]*+(?:"((?>(?:[^"\\]++|\\.)*))"|([^\s",]++))', re.DOTALL
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def _hash(algorithm: Algorithm, text: bytes) -> str:
    if algorithm == "MD5":
        return hashlib.md5(text, usedforsecurity=False).hexdigest()
    return hashlib.sha256(text, usedforsecurity=False).hexdigest()


def _response(algorithm: Algorithm, secret: str, method: str, uri: bytes, used: tuple[bytes, ...]) -> bytes:
    """`used`: nonce, nc, cnonce, qop, as they stand in the header; without qop the nonce alone."""
    request = _hash(algorithm, b"%s:%s" % (method.encode(), uri))
    return _hash(algorithm, b"%s:%s:%s" % (secret.encode(), b":".join(used), request.encode())).encode()


def _credentials(header: bytes, realm: bytes) -> dict[bytes, bytes]:
    """Those for our realm; a phone may send others along (RFC 3261 §22.3)."""
    for given in _digests(header):
        if given.get(b"realm") == realm:
            return given
    return {}


def _digests(value: bytes) -> list[dict[bytes, bytes]]:
    """Each "Digest …" of a header, also where several were joined by commas; other schemes are left out."""
    if value.startswith(b"Digest ") and value.find(b"igest ", 7) < 0:
        return [_params(value[7:])]
    found: list[dict[bytes, bytes]] = []
    current: list[bytes] = []
    takes = False
    for element in split_list(value):
        scheme, space, rest = element.partition(b" ")
        if space and b"=" not in scheme and not rest.lstrip().startswith(b"="):
            if takes:
                found.append(_params(b",".join(current)))
            takes, current = scheme.lower() == b"digest", [rest]
        else:
            current.append(element)
    if takes:
        found.append(_params(b",".join(current)))
    return found


def _params(text: bytes) -> dict[bytes, bytes]:
    """Nothing at all if one is given twice: whoever asks would see the one, whoever checks the other."""
    found = _PARAM.findall(text)
    if b"\\" in text:
        found = [(name, _ESCAPED.sub(rb"\1", in_quotes), bare) for name, in_quotes, bare in found]
    params: dict[bytes, bytes] = {name.lower(): in_quotes or bare for name, in_quotes, bare in found}
    return params if len(params) == len(found) else {}


def _same_target(said: bytes, real: bytes) -> bool:
    """Whether the digest's uri is the request's.

    Phones differ in what they leave out or change: URI parameters, the port, the case of the host,
    sip for sips, escapes. The user part and the host must agree: they say who is called.
    """
    if said == real:
        return True
    try:
        ours, theirs = Uri.parse(real), Uri.parse(said)
    except Malformed:
        return False
    return (
        ours.user == theirs.user
        and ours.host == theirs.host
        and (ours.port == theirs.port or None in (ours.port, theirs.port))
    )
