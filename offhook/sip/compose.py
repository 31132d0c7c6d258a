"""The bytes of what we write: status lines, bodies, and what we say of ourselves, each stated once."""

from typing import Final

SDP: Final = b"application/sdp"
EMPTY: Final = b"Content-Length: 0\r\n\r\n"

# What we take; the endpoint answers 405 to all else, within a dialog or not. SUBSCRIBE too: 489 would say
# that other events could be had (RFC 6665 §4.2.1.1).
METHODS: Final = (
    "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "UPDATE", "PRACK", "INFO", "NOTIFY", "REFER",
)  # fmt: skip
ALLOW: Final = b"Allow: %b\r\n" % ", ".join(METHODS).encode()
SUPPORTED: Final = b"Supported: timer, replaces, norefersub\r\n"
RELIABLY: Final = b"Supported: 100rel\r\n"  # for the headers of an INVITE with an offer, beside the above
# What a request may require of us.
REQUIRABLE: Final = frozenset((b"timer", b"100rel", b"replaces", b"norefersub"))

_REASONS: Final = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress",
    199: "Early Dialog Terminated", 200: "OK", 202: "Accepted", 204: "No Notification",
    300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily", 305: "Use Proxy",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout", 410: "Gone",
    412: "Conditional Request Failed", 413: "Request Entity Too Large", 414: "Request-URI Too Long",
    415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 420: "Bad Extension",
    421: "Extension Required", 422: "Session Interval Too Small", 423: "Interval Too Brief",
    428: "Use Identity Header", 429: "Provide Referrer Identity", 433: "Anonymity Disallowed",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected",
    483: "Too Many Hops", 484: "Address Incomplete", 485: "Ambiguous", 486: "Busy Here",
    487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
    493: "Undecipherable", 494: "Security Agreement Required",
    500: "Server Internal Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Server Time-out", 505: "Version Not Supported", 513: "Message Too Large",
    580: "Precondition Failure", 600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}  # fmt: skip
_LINES: Final = {
    status: b"SIP/2.0 %d %b\r\n" % (status, reason.encode()) for status, reason in _REASONS.items()
}
_CLASSES: Final = {
    1: b"Progress", 2: b"OK", 3: b"Redirection", 4: b"Request Failure", 5: b"Server Failure", 6: b"Failure",
}  # fmt: skip


def status_line(status: int, reason: bytes = b"") -> bytes:
    line = _LINES.get(status)
    if line is None or reason:
        return b"SIP/2.0 %d %b\r\n" % (status, reason or _CLASSES[status // 100])
    return line


def ending(body: bytes, content_type: bytes = SDP) -> bytes:
    """The last headers, the empty line and the body."""
    if not body:
        return EMPTY
    return b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (content_type, len(body), body)
