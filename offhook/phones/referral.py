"""A phone sends its call on: REFER, and the NOTIFYs that tell what became of it (RFC 3515, RFC 4488).

A REFER itself is refused for its form only, and only with answers after which the call goes on (RFC 5057
§5.1): a 404 or 481 would end it. What the switch makes of the wish, the last NOTIFY says.
"""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from offhook.calls.cause import Cause
from offhook.calls.leg import Asked, Connect, Leg, TransferTo, Wish
from offhook.phones.identity import LONGEST_NUMBER, user_of_uri
from offhook.phones.lines import Lines
from offhook.sip.compose import status_line
from offhook.sip.endpoint import Endpoint
from offhook.sip.headers import NameAddr, split_list
from offhook.sip.malformed import Malformed
from offhook.sip.message import Request, Response
from offhook.sip.replaces import Replaces
from offhook.sip.session import Session
from offhook.sip.uri import Uri

SIPFRAG = b"message/sipfrag;version=2.0"
SECONDS = 60  # within which the phone may expect to hear of it


class Referrals:
    """Those of one phone in one call, one at a time."""

    def __init__(
        self,
        leg: Leg,
        session: Session,
        lines: Lines,
        leg_of: Callable[[Endpoint, Replaces], Leg | Cause],  # whose dialog it is
    ) -> None:
        self._leg = leg
        self._session = session
        self._lines = lines
        self._leg_of = leg_of
        self._open: _Referral | None = None

    def referred(self, request: Request) -> tuple[int, bytes]:
        """The answer to a REFER; once that is out the wish is handed on."""
        if self._open is not None:
            return 491, b""
        try:
            self._open = referral = _Referral(request)
        except Malformed:
            return 400, b""
        self._session.then(self._begin, referral)
        return 202, b"Refer-Sub: false\r\n" if referral.is_silent else b""

    def told(self, wish: Wish, cause: Cause) -> None:
        if self._open is not None and self._open.wish == wish:
            self.end(cause)

    def end(self, cause: Cause) -> None:
        """What is open came true, or `cause` says why not."""
        referral, self._open = self._open, None
        if referral is not None:
            came_true = cause in (Cause.NORMAL, Cause.TRANSFERRED)
            status = 200 if came_true else cause.sip if cause.sip >= 300 else 487
            self._notify(referral, status, b"terminated;reason=noresource", self._lines.now())

    def forget(self) -> None:
        """It has hung up: what it asked for goes on, and nobody is left to hear of it."""
        self._open = None

    def _begin(self, referral: "_Referral") -> None:
        if self._open is not referral:
            return
        now = self._lines.now()
        self._notify(referral, 100, b"active;expires=%d" % SECONDS, now)
        if referral.replaces is None:
            referral.wish = TransferTo(referral.number)
        else:
            other = self._leg_of(self._lines.endpoint, referral.replaces)
            if isinstance(other, Cause):
                self.end(other)
                return
            referral.wish = Connect(other.id)
        self._lines.tell(self._leg, Asked(referral.wish), now)

    def _notify(self, referral: "_Referral", status: int, state: bytes, now: float) -> None:
        if not referral.is_silent:
            self._session.notify(
                referral.event,
                state,
                now,
                body=status_line(status),
                content_type=SIPFRAG,
                done=referral.notified,
            )


class _Referral:
    """One REFER, until its last NOTIFY."""

    def __init__(self, request: Request) -> None:
        """Raises Malformed."""
        self.number, self.replaces = _read(request)
        self.wish: Wish | None = None  # what it means to the switch
        self.event = b"refer;id=%d" % request.cseq
        self.is_silent = (request.get(b"refer-sub") or b"").strip().lower() == b"false"

    def notified(self, response: Response | None, now: float) -> None:
        if response is not None and response.status >= 300:
            self.is_silent = True  # it does not want to know


def _read(request: Request) -> tuple[str, Replaces | None]:
    """The number to put them through to, or the dialog whose other end they are to get."""
    values = split_list(request.get(b"refer-to") or b"")
    if len(values) != 1:
        raise Malformed("Not one Refer-To", request.get(b"refer-to") or b"")
    address = NameAddr.parse(values[0]).uri
    uri = Uri.parse(address)
    if uri.params.get(b"method", b"INVITE") != b"INVITE":
        raise Malformed("Refer-To something else than a call", address)
    replaces = uri.headers.get(b"replaces")
    if replaces is not None:
        return "", Replaces.parse(unquote_to_bytes(replaces))
    number = user_of_uri(address)
    if not 0 < len(number) <= LONGEST_NUMBER:
        raise Malformed("Refer-To nobody", address)
    return number, None
