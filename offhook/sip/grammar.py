"""The grammar of RFC 3261 §25 as far as we check it, as regular expressions over bytes.

Every repetition is possessive, so that a hostile text is looked at once; patterns end with \\Z. That of a
group is written (?>(?:...)*): until Python 3.11.5, (?:...)*+ matches what it must not. What differs from
the RFC lets through what phones really send, and says so.
"""

import re
from typing import Final

TOKEN: Final = rb"[A-Za-z0-9.!%*_+`'~-]++"
QUOTED: Final = rb'"(?>(?:[^"\\]|\\.)*)"'

HOST: Final = rb"(?:[A-Za-z0-9_][A-Za-z0-9._-]*+|\[[0-9A-Fa-f:.]{2,45}+\])"
# Whole, or where it ends a group of a list its first four digits would do, and nothing could amend that.
PORT: Final = rb"0{0,5}(?:[1-5]?[0-9]{1,4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])(?![0-9])"
# "#" is not allowed in a user part, but phones dial `*21#` with it, and it can mean nothing else there.
USER: Final = rb"[A-Za-z0-9_.!~*'()%&=+$,;?/#-]++"
PASSWORD: Final = rb"[A-Za-z0-9_.!~*'()%&=+$,#-]*+"
_PARAM_CHARS = rb"[A-Za-z0-9_.!~*'()%\[\]/:&+$-]++"
URI_PARAMS: Final = rb"(?>(?:;" + _PARAM_CHARS + rb"(?:=" + _PARAM_CHARS + rb")?)*)"
URI_HEADERS: Final = rb"[A-Za-z0-9_.!~*'()%\[\]/?:+$&=;@,-]*+"

_SIP_URI = rb"(?i:sips?):(?:%s(?::%s)?@)?%s(?::%s)?%s" % (USER, PASSWORD, HOST, PORT, URI_PARAMS)
_OTHER_URI = rb"(?!(?i:sips?):)[A-Za-z][A-Za-z0-9+.-]*+:[^\x00-\x20\x7f-\xff<>\"]++"

_VALUE = rb"(?:%s|[^\x00-\x20\x7f;,\"<>]++)" % QUOTED
PARAMS: Final = rb"(?>(?:[ \t]*+;[ \t]*+%s(?:[ \t]*+=[ \t]*+%s)?)*)[ \t]*+" % (TOKEN, _VALUE)
# Names without quotes are tokens; UTF-8 letters are let through because phones send them.
DISPLAY: Final = rb"(?:%s|[A-Za-z0-9.!%%*_+`'~ \t\x80-\xff-]*+)[ \t]*+" % QUOTED
# Without <> a URI cannot hold what would be taken for the header's: RFC 3261 §20.
_BARE_USER = rb"[A-Za-z0-9_.!~*'()%&=+$/#-]++(?::[A-Za-z0-9_.!~*'()%&=+$#-]*+)?"
_BARE_SIP = rb"(?i:sips?):(?:%s@)?%s(?::%s)?" % (_BARE_USER, HOST, PORT)
_BARE_OTHER = rb"(?!(?i:sips?):)[A-Za-z][A-Za-z0-9+.-]*+:[^\x00-\x20\x7f-\xff<>\";,?]++"
BARE_URI: Final = rb"(?:%s|%s)" % (_BARE_SIP, _BARE_OTHER)
_ANY_URI = rb"(?:%s(?:\?%s)?|%s)" % (_SIP_URI, URI_HEADERS, _OTHER_URI)
_ONE_ADDRESS = rb"(?:%s<%s>|%s)%s" % (DISPLAY, _ANY_URI, BARE_URI, PARAMS)
_ONE_ROUTE = rb"%s<%s>%s" % (DISPLAY, _ANY_URI, PARAMS)
_SLASH = rb"[ \t]*+/[ \t]*+"
_SENT_BY = rb"%s(?:[ \t]*+:[ \t]*+%s)?" % (HOST, PORT)
_ONE_VIA = rb"(?i:SIP)%s2\.0%s%s[ \t]++%s%s" % (_SLASH, _SLASH, TOKEN, _SENT_BY, PARAMS)


def _exactly(pattern: bytes, flags: int = re.DOTALL) -> re.Pattern[bytes]:
    return re.compile(pattern + rb"\Z", flags)


def _list_of(pattern: bytes) -> re.Pattern[bytes]:
    return _exactly(rb"%s(?>(?:,[ \t]*+%s)*)" % (pattern, pattern))


WORD: Final = _exactly(TOKEN)
VERSION: Final = _exactly(rb"SIP/[0-9]++\.[0-9]++", re.IGNORECASE)
STATUS_LINE: Final = _exactly(rb"(?i:SIP)/2\.0 ([1-6][0-9][0-9])(?: (.*))?")
REQUEST_URI: Final = _exactly(rb"(?:%s|%s)" % (_SIP_URI, _OTHER_URI))
CSEQ: Final = _exactly(rb"([0-9]{1,10})[ \t]++(%s)" % TOKEN)
CALL_ID: Final = _exactly(rb"[!-+\--~]++")
ADDRESS: Final = _exactly(_ONE_ADDRESS)
ADDRESSES: Final = _list_of(_ONE_ADDRESS)
ROUTES: Final = _list_of(_ONE_ROUTE)
VIAS: Final = _list_of(_ONE_VIA)
