"""Proving to others who we are: the client's side of digest, for calls and registrations with providers.

RFC 7616 and RFC 3261 §22. Each challenge is answered once: a peer that asks again and does not say
that only its nonce was stale has refused us, and a realm that the password is not for is never answered.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from offhook.sip.auth import Answerer, Challenge, challenges
from offhook.sip.client import Done
from offhook.sip.message import Response

_MOST_TRIES: Final = 3  # of one request in one realm: the first, and two more if the nonces were stale
_MOST_REALMS: Final = 4  # that ask on one way: the provider's proxies
MOST_AGAIN: Final = _MOST_TRIES * _MOST_REALMS  # how often one request goes out again at the most


@dataclass(frozen=True, slots=True)
class Credentials:
    """Those for one peer; without `realms` for whichever it names."""

    username: str
    password: str = field(repr=False)
    realms: frozenset[str] = frozenset()


class _Asker(NamedTuple):
    """Who wants proof: the other end or a proxy on the way, and of which realm."""

    is_proxy: bool
    realm: bytes


class Answers:
    """What one peer has asked us to prove, in one session or registration: later requests bring it along."""

    __slots__ = ("_credentials", "_known", "of_invite")

    def __init__(self, credentials: Credentials) -> None:
        self.of_invite = b""  # what the newest INVITE carried: so does its ACK (RFC 3261 §22.1)
        self._credentials = credentials
        self._known: dict[_Asker, tuple[Challenge, Answerer]] = {}

    def lines(self, method: str, uri: bytes) -> bytes:
        """The header lines of one more request to `uri`."""
        if not self._known:
            return b""
        name, password = self._credentials.username, self._credentials.password
        lines = b"".join(
            [
                b"%b: %b\r\n"
                % (
                    b"Proxy-Authorization" if asker.is_proxy else b"Authorization",
                    answerer.prove(challenge, method, uri, name, password),
                )
                for asker, (challenge, answerer) in self._known.items()
            ]
        )
        if method == "INVITE":
            self.of_invite = lines
        return lines

    def asked(self, response: Response) -> dict[_Asker, Challenge]:
        """The challenges of a 401 or 407 that these credentials are for, one of each realm."""
        found: dict[_Asker, Challenge] = {}
        realms = self._credentials.realms
        for header, is_proxy in ((b"www-authenticate", False), (b"proxy-authenticate", True)):
            for value in response.all(header):
                for challenge in challenges(value):
                    if not realms or challenge.realm.decode("utf-8", "replace") in realms:
                        asker = _Asker(is_proxy, challenge.realm)
                        better = found.setdefault(asker, challenge)
                        if better.algorithm == "MD5" and challenge.algorithm != "MD5":
                            found[asker] = challenge
        return found

    def learn(self, asker: _Asker, challenge: Challenge) -> None:
        _, answerer = self._known.get(asker) or (challenge, Answerer())
        if asker not in self._known and len(self._known) >= _MOST_REALMS:
            self._known.clear()
        self._known[asker] = challenge, answerer

    def forget(self, asker: _Asker) -> None:
        self._known.pop(asker, None)


class Trial:
    """One request of ours, with whatever we have answered for its sake."""

    __slots__ = ("_answers", "_tries")

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._tries: dict[_Asker, int] = {}

    def may_repeat(self, response: Response) -> bool:
        """Whether to send it again: it was challenged, and we have an answer not yet given."""
        if response.status not in (401, 407):
            return False
        asked = self._answers.asked(response)
        for asker, challenge in asked.items():
            tries = self._tries.get(asker, 0)
            is_again = tries > 0 and not (challenge.is_stale and tries < _MOST_TRIES)
            if is_again or (not tries and len(self._tries) >= _MOST_REALMS):
                for one in asked:
                    self._answers.forget(one)  # the next request begins anew: the password may be right then
                return False
            self._tries[asker] = tries + 1
            self._answers.learn(asker, challenge)
        return bool(asked)


class Again:
    """Hears the response to a request that may be challenged, and has it written once more for an answer."""

    __slots__ = ("_done", "_trial", "_write")

    def __init__(self, answers: Answers, write: Callable[[Done, float], None], done: Done) -> None:
        self._trial = Trial(answers)
        self._write = write
        self._done = done

    def __call__(self, response: Response | None, now: float) -> None:
        if response is not None and self._trial.may_repeat(response):
            self._write(self, now)
        else:
            self._done(response, now)
