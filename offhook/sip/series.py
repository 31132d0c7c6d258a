"""Requests outside a dialog that belong together, as those of a registration do (RFC 3261 §10.2)."""

from functools import partial

from offhook.sip.client import Done
from offhook.sip.core import Core, request_head
from offhook.sip.credentials import Again, Answers, Credentials
from offhook.sip.flow import Flow

_HOPS = 70


class Series:
    """One Call-ID, a CSeq that rises, and what the peer has asked us to prove."""

    __slots__ = ("_call_id", "_core", "_cseq", "_tag", "answers")

    def __init__(self, core: Core, credentials: Credentials | None = None) -> None:
        self.answers = None if credentials is None else Answers(credentials)
        self._core = core
        self._call_id = core.token()
        self._tag = core.token()
        self._cseq = 0

    def send(
        self,
        method: str,
        uri: bytes,
        flow: Flow,
        local: bytes,
        remote: bytes,
        rest: bytes,
        done: Done,
        now: float,
    ) -> None:
        """`rest`: whatever follows the CSeq. `done` hears the answer that is no challenge any more."""
        core = self._core
        self._cseq += 1
        branch = core.branch()
        sender = b"%b;tag=%b" % (local, self._tag)
        head = request_head(uri, core.place(flow).via, branch, _HOPS, b"", sender, self._call_id)
        if self.answers is not None:
            if not isinstance(done, Again):
                done = Again(self.answers, partial(self.send, method, uri, flow, local, remote, rest), done)
            rest = self.answers.lines(method, uri) + rest
        core.request(method, branch, head, remote, self._cseq, rest, flow, done, now)
