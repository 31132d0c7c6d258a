"""Digest as phones really speak it: what some of them need before they can prove anything.

Found by trying. Neither rule looks at a name, so strangers learn nothing by them.
"""

import re

from offhook.sip.malformed import Malformed
from offhook.sip.uri import Uri

# libre before 2.8 (Debian 12's baresip is 1.0) gives up when any challenge is not MD5.
_MD5_ONLY = re.compile(rb"baresip v(?:0|1|2\.[0-7])\b")
# SIPp sees no challenge but the first, and says who it is seldom or not at all.
_FIRST_ONLY = re.compile(rb"sipp\b", re.IGNORECASE)


def suited(challenges: bytes, user_agent: bytes | None) -> bytes:
    """Our challenges, the better algorithm first, as this kind of phone can take them."""
    if user_agent is None or _FIRST_ONLY.match(user_agent):
        better, simple, _ = challenges.split(b"\r\n")
        return b"%b\r\n%b\r\n" % (simple, better)
    if _MD5_ONLY.match(user_agent):
        return challenges.split(b"\r\n")[1] + b"\r\n"
    return challenges


def signed_uri(proof: bytes, uri: bytes) -> bytes:
    """The URI a digest has to be over: the request's, or that of the server alone (SIPp, some phones)."""
    at = proof.find(b'uri="')
    said = proof[at + 5 : proof.find(b'"', at + 5)]
    if said == uri or at < 0 or b"@" in said or b"@" not in uri:
        return uri
    try:
        server, called = Uri.parse(said), Uri.parse(uri)
    except Malformed:
        return uri
    same = server.host == called.host and server.effective_port == called.effective_port
    return said if same else uri
