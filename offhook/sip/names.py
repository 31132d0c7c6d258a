"""The words of SIP: methods, header names as they are spelt on the wire, which headers stand alone.

One look-up turns nearly every name a phone sends into the one we ask for; the tables never grow.
"""

from typing import Final

METHODS: Final = {
    name.encode(): name
    for name in (
        *("INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "INFO", "UPDATE", "PRACK"),
        *("REFER", "NOTIFY", "SUBSCRIBE", "PUBLISH", "MESSAGE"),
    )
}

COMPACT: Final = {
    b"a": b"accept-contact",
    b"b": b"referred-by",
    b"c": b"content-type",
    b"d": b"request-disposition",
    b"e": b"content-encoding",
    b"f": b"from",
    b"i": b"call-id",
    b"j": b"reject-contact",
    b"k": b"supported",
    b"l": b"content-length",
    b"m": b"contact",
    b"n": b"identity-info",
    b"o": b"event",
    b"r": b"refer-to",
    b"s": b"subject",
    b"t": b"to",
    b"u": b"allow-events",
    b"v": b"via",
    b"x": b"session-expires",
    b"y": b"identity",
}

_USUAL = b"""
Accept Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Answer-Mode Authorization Call-ID
Call-Info Contact Content-Disposition Content-Encoding Content-Language Content-Length Content-Type CSeq
Date Diversion Event Expires From History-Info Max-Forwards MIME-Version Min-Expires Min-SE
P-Access-Network-Info P-Asserted-Identity P-Preferred-Identity Path Privacy Proxy-Authenticate
Proxy-Authorization Proxy-Require RAck Reason Record-Route Refer-To Referred-By Remote-Party-ID Replaces
Require Retry-After Route RSeq Server Session-Expires SIP-ETag SIP-If-Match Subject Subscription-State
Supported Timestamp To Unsupported User-Agent Via Warning WWW-Authenticate
""".split()

NAMES: Final[dict[bytes, bytes]] = {  # as spelt -> as asked for
    **{name: name.lower() for name in _USUAL},
    **{name.lower(): name.lower() for name in _USUAL},
    **COMPACT,
    **{short.upper(): long for short, long in COMPACT.items()},
}

SINGLE: Final = frozenset(
    b"""
    from to call-id cseq max-forwards content-length content-type expires min-expires session-expires
    min-se event rseq rack refer-to referred-by replaces timestamp sip-etag sip-if-match
    subscription-state
    """.split()
)
