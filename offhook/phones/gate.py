"""The gate: who may ask us for anything. Asked for every request outside a known dialog or transaction.

In this order: overload, neighbours, rate, digest, rights, limits. Nothing is kept for whoever has not
proved himself, and known and unknown names get the same answers in the same time.
"""

import random
from collections.abc import Callable

from offhook.people.directory import DeviceInfo
from offhook.phones.dialects import signed_uri, suited
from offhook.phones.identity import Neighbour, PhoneIdentity, user_of, user_of_uri
from offhook.phones.registrar import Registrar
from offhook.phones.throttle import Throttle
from offhook.sip.auth import Challenger, Failed
from offhook.sip.compose import ALLOW, SUPPORTED
from offhook.sip.endpoint import Refusal
from offhook.sip.flow import Flow
from offhook.sip.message import Request

LAG_SECONDS = 0.05  # of the loop, p90 of the last second: beyond it new calls are refused
UNANSWERED = 500  # INVITEs waiting for a first word: beyond it new calls are refused


class PhoneGate:
    """Admits devices by digest, or by the TCP or TLS connection on which they registered."""

    def __init__(
        self,
        challenger: Challenger,
        by_sip_user: Callable[[str], DeviceInfo | None],
        registrar: Registrar,
        throttle: Throttle,
        *,
        may_speak_as: Callable[[DeviceInfo, str], bool],  # besides its own name, say, its user's number
        lag: Callable[[], float],
        unanswered: Callable[[], int],
        calls_of: Callable[[str], int],  # live calls of a device
        calls_per_device: int,
        is_full: Callable[[], bool] = lambda: False,  # there are as many calls as may be
        is_emergency: Callable[[str], bool] = lambda number: False,
        proved: Callable[[Flow], None] = lambda flow: None,  # somebody signed in rightly over this flow
        neighbour: Callable[[Request, Flow], Neighbour | None] = lambda request, flow: None,
    ) -> None:
        self._challenger = challenger
        self._by_sip_user = by_sip_user
        self._registrar = registrar
        self._throttle = throttle
        self._may_speak_as = may_speak_as
        self._lag = lag
        self._unanswered = unanswered
        self._calls_of = calls_of
        self._calls_per_device = calls_per_device
        self._is_full = is_full
        self._is_emergency = is_emergency
        self._proved = proved
        self._neighbour = neighbour

    def admit(self, request: Request, flow: Flow, now: float) -> PhoneIdentity | Neighbour | Refusal | None:
        method = request.method
        if method == "OPTIONS":
            return _CAPABLE  # whatever the name: who asks learns nothing
        if self._is_overloaded(method, request):
            return _come_later()
        name = user_of(request.get(b"to" if method == "REGISTER" else b"from") or b"")
        if flow.is_reliable and method != "REGISTER":
            device = self._by_sip_user(name)
            if device is not None and self._registrar.is_registered(flow, device.id):
                return self._within_limits(device, request)
        proof = request.get(b"authorization")
        if proof is None and (neighbour := self._neighbour(request, flow)) is not None:
            return neighbour
        if proof is None:
            return (
                self._challenge(request, flow, now) if self._throttle.may_ask(flow.host, name, now) else None
            )
        return self._judge(request, proof, name, flow, now)

    def _judge(
        self, request: Request, proof: bytes, name: str, flow: Flow, now: float
    ) -> PhoneIdentity | Refusal | None:
        if not self._throttle.may_try(flow.host, name, now) and not self._is_on_its_own_flow(flow, name):
            return None
        uri = signed_uri(proof, request.uri)
        verdict = self._challenger.verify(proof, request.method, uri, flow.host, self._ha1, now)
        if isinstance(verdict, Failed):
            if verdict.stale:
                return self._challenge(request, flow, now, stale=True)
            is_answered = self._throttle.failed(flow.host, name, now)
            if is_answered or self._is_on_its_own_flow(flow, name):
                return self._challenge(request, flow, now)
            return None
        device = self._by_sip_user(verdict.user)
        if device is None:
            return _FORBIDDEN
        self._throttle.succeeded(flow.host, name, now)
        self._proved(flow)
        if name != device.sip_user and not self._may_speak_as(device, name):
            return _FORBIDDEN
        return self._within_limits(device, request)

    def _within_limits(self, device: DeviceInfo, request: Request) -> PhoneIdentity | Refusal:
        """As many calls as a device may have; for help there is always one more."""
        if (
            request.method == "INVITE"
            and self._calls_of(device.id) >= self._calls_per_device
            and not self._is_emergency(user_of_uri(request.uri))
        ):
            return _TOO_MANY_CALLS
        return PhoneIdentity(device)

    def _challenge(self, request: Request, flow: Flow, now: float, *, stale: bool = False) -> Refusal:
        challenges = self._challenger.challenge(flow.host, now, stale=stale)
        return Refusal(401, suited(challenges, request.get(b"user-agent")))

    def _ha1(self, name: str, algorithm: str) -> str | None:
        device = self._by_sip_user(name)
        if device is None:
            return None
        return (device.ha1_sha256 if algorithm == "SHA-256" else device.ha1_md5) or None

    def _is_on_its_own_flow(self, flow: Flow, name: str) -> bool:
        device = self._by_sip_user(name)
        return device is not None and self._registrar.is_registered(flow, device.id)

    def _is_overloaded(self, method: str, request: Request) -> bool:
        """New calls are refused first, then registrations; emergency calls never."""
        match method:
            case "INVITE":
                if self._lag() <= LAG_SECONDS and self._unanswered() <= UNANSWERED and not self._is_full():
                    return False
                return not self._is_emergency(user_of_uri(request.uri))
            case "REGISTER":
                return self._lag() > 2 * LAG_SECONDS or self._unanswered() > 2 * UNANSWERED
            case _:
                return False


def _come_later() -> Refusal:
    """Everybody at another time, or all would be back at once."""
    return Refusal(503, b"Retry-After: %d\r\n" % random.randint(5, 30))  # noqa: S311  # spreads work, guards nothing


_CAPABLE = Refusal(
    200,
    ALLOW + SUPPORTED + b"Accept: application/sdp\r\nAccept-Encoding: identity\r\nAccept-Language: en\r\n",
)
_FORBIDDEN = Refusal(403)
_TOO_MANY_CALLS = Refusal(486)
