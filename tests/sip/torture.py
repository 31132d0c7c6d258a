"""Messages that are hard to read, one for each trap of RFC 4475 and RFC 5118, in words of our own.

The id of a case is the RFC and the section that describes the trap. What must come of it:

UNDERSTOOD  `parse` and `validate` take it.
REFUSED     one of them raises `Malformed` with `status`; a response is dropped.
TOLERATED   the RFC would let us refuse it; `reason` says why we take it.

`answer` is what a server must send back for it, where a section says so: a status, or 0 for nothing.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Verdict(Enum):
    UNDERSTOOD = auto()
    REFUSED = auto()
    TOLERATED = auto()


@dataclass(frozen=True)
class Case:
    id: str
    trap: str
    data: bytes
    verdict: Verdict = Verdict.UNDERSTOOD
    status: int = 400
    reason: str = ""
    answer: int | None = None

    def __str__(self) -> str:
        return self.id


def _wire(text: str, body: bytes = b"") -> bytes:
    """A head as written below, with CRLFs; `{length}` is the body's."""
    head = text.strip("\n") + "\n\n"
    head = head.replace("{length}", str(len(body)))
    return head.replace("\n", "\r\n").encode() + body


_SDP: Final = (
    b"v=0\r\no=mira 3812 3812 IN IP4 192.0.2.31\r\ns=-\r\nc=IN IP4 192.0.2.31\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0 8\r\n"
)
_SDP6: Final = (
    b"v=0\r\no=mira 3812 3812 IN IP6 2001:db8:31::7\r\ns=-\r\nc=IN IP6 2001:db8:31::7\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0 8\r\n"
)
_SDP46: Final = (
    b"v=0\r\no=mira 3812 3812 IN IP4 192.0.2.31\r\ns=-\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0\r\nc=IN IP4 192.0.2.31\r\n"
    b"m=video 40002 RTP/AVP 31\r\nc=IN IP6 2001:db8:31::7\r\n"
)


def _request(  # the plain message that most traps are set into
    line: str = "INVITE sip:tom@rosen.example SIP/2.0",
    *extra: str,
    via: str = "Via: SIP/2.0/UDP 192.0.2.31:5062;branch=z9hG4bKplain31",
    to: str = "To: <sip:tom@rosen.example>",
    sender: str = "From: Mira <sip:mira@rosen.example>;tag=m31",
    call_id: str = "Call-ID: plain31@192.0.2.31",
    cseq: str | None = None,
    hops: str = "Max-Forwards: 70",
    contact: str = "Contact: <sip:mira@192.0.2.31:5062>",
    length: str = "Content-Length: {length}",
    body: bytes = b"",
) -> bytes:
    cseq = f"CSeq: 31 {line.split()[0]}" if cseq is None else cseq
    lines = [line, via, hops, to, sender, call_id, cseq, contact, *extra, length]
    return _wire("\n".join(one for one in lines if one), body)


def _response(line: str, *extra: str, cseq: str = "CSeq: 7 INVITE", via: str = "") -> bytes:
    via = via or "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKours77"
    lines = [
        line,
        via,
        "From: <sip:mira@rosen.example>;tag=ours7",
        "To: <sip:tom@rosen.example>;tag=his7",
        "Call-ID: answer7@192.0.2.10",
        cseq,
        "Contact: <sip:tom@192.0.2.44>",
        *extra,
        "Content-Length: 0",
    ]
    return _wire("\n".join(lines))


_WELL_FORMED: Final = [
    Case(
        "4475-3.1.1.1",
        "folding, compact names, odd spacing and letter case, escapes in quotes, empty and unknown headers",
        _wire(
            """
INVITE sip:tom@rosen.example;strange=1;alone SIP/2.0
TO :
 <sip:tom@rosen.example>   ;  tag    = 40aQ
fROM   : "T. \\\\\\"Bird\\" Vogel"       <sip:vogel@rosen.example>
  ;
  tag = 9.1
MaX-fOrWaRdS: 0069
i: wsp.77ab@192.0.2.31
Content-Length   : {length}
cseq: 0011
  INVITE
v  : SIP  / 2.0
 /UDP
    192.0.2.31:5062 ;branch=z9hG4bK31a
s :
Shape-Unknown: commas, and "an open ; thing" = here
 and a second line
    a third,
X-Never-Seen    : \U0001f4de ☎ ; x = "\\y"
c: application/sdp
Route:
 <sip:edge.rosen.example;lr;Odd=a%20b;flag>
VIA  : SIP  / 2.0  / TCP     relay.rosen.example   ;
  branch  =   z9hG4bK31b  , SIP  /    2.0   / TLS  198.51.100.8   ; branch=
 z9hG4bK31c
m:"\\"No\\\\Where\\"" <sip:vogel@192.0.2.31:5062>  ; fresh
  =
 value ; q = 0.25
""",
            _SDP,
        ),
    ),
    Case(
        "4475-3.1.1.2",
        "every character a token, a user part, a Call-ID or a quoted string may hold",
        _wire(
            """
own-Method!7.%*_+`'~ sip:a_b.c~(d!e)&f'g+h$/i?,/;;*:&j+k=1,l!*m$n~o_p.(q'r)@rosen.example SIP/2.0
Via: SIP/2.0/TLS tok-1.rosen.example;branch=z9hG4bK-.!%66*_+`'~
To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:2_odd~(a!b)&c'd+e$/f?,/;;*:&g+h=1,i!*j$k~l_m.(n'o)@rosen.example>
From: tok1~` tok2'+_ tok3%!.*- <sip:mira@rosen.example>;tag=tok'~`*%!-.+
Max-Forwards: 70
Call-ID: w0rd%ZK-!.*_+'@w1rd`~)(><:\\/"][?}{
CSeq: 31902 own-Method!7.%*_+`'~
own-Header-!.%*+_`'~: \ufeff大停电 \x07\x7f
Content-Length: 0
"""
        ),
        answer=405,
    ),
    Case(
        "4475-3.1.1.3",
        "percent escapes where they are allowed",
        _request(
            "INVITE sip:sips%3Atom%40rosen.example@edge.rosen.example SIP/2.0",
            "Content-Type: application/sdp",
            to="To: <sip:%74%6fm@rosen.example>",
            sender='From: "percent %41" <sip:I%20have%20blanks@rosen.example>;tag=e3',
            contact="Contact: <sip:mira@192.0.2.31:5062;%6cr;n%61me=v%61lue%25%34%31>",
            body=_SDP,
        ),
    ),
    Case(
        "4475-3.1.1.4",
        "an escaped NUL is a character of the user part, not its end",
        _request(
            "REGISTER sip:rosen.example SIP/2.0",
            "Contact: <sip:%00%00@192.0.2.31>",
            to="To: sip:zero-%00-zero@rosen.example",
            sender="From: sip:zero-%00-zero@rosen.example;tag=z0",
            contact="Contact: <sip:%00@192.0.2.31>",
        ),
    ),
    Case(
        "4475-3.1.1.5",
        "a percent sign that escapes nothing: in a method, a header name, a display name",
        _request(
            "OP%54IONS sip:rosen.example SIP/2.0",
            "Con%74act: <sip:hidden@192.0.2.31>",
            to='To: "%Q%49" <sip:tom@rosen.example>',
            sender='From: "%Q%49" <sip:mira@rosen.example>;tag=p5',
        ),
        answer=405,
    ),
    Case(
        "4475-3.1.1.6",
        "no space between name and <",
        _request("OPTIONS sip:tom@rosen.example SIP/2.0", sender="From: mira<sip:mira@rosen.example>;tag=l6"),
    ),
    Case(
        "4475-3.1.1.7",
        "values and names far longer than usual",
        _request(
            f"INVITE sip:tom@rosen.example;{'long' * 60}={'value' * 60} SIP/2.0",
            f"{'Unheard-Of-' * 20}Name: {'and on ' * 200}",
            *(f"Via: SIP/2.0/TCP hop{n}.rosen.example;branch=z9hG4bK{'hop' * 20}{n}" for n in range(30)),
            "Content-Type: application/sdp",
            to=f'To: "{"I have a very long name and will go on about it " * 20}" <sip:tom@rosen.example>',
            sender=f"From: <sip:{'mira' * 60}@rosen.example>;tag={'9' * 400};{'alsolong' * 40}={'x' * 300}",
            call_id=f"Call-ID: {'longer' * 50}",
            contact=f"Contact: <sip:{'mira' * 60}@192.0.2.31>",
            body=_SDP,
        ),
    ),
    Case(
        "4475-3.1.1.8",
        "octets after the body of a datagram, looking like another request",
        _request("REGISTER sip:rosen.example SIP/2.0")
        + _request("INVITE sip:nobody@rosen.example SIP/2.0", call_id="Call-ID: behind"),
    ),
    Case(
        "4475-3.1.1.9",
        "a semicolon with a parameter in the user part",
        _request("OPTIONS sip:tom;door=b%40home@rosen.example SIP/2.0"),
    ),
    Case(
        "4475-3.1.1.10",
        "transports nobody has heard of",
        _request(
            "OPTIONS sip:tom@rosen.example SIP/2.0",
            "Via: SIP/2.0/SCTP 198.51.100.1;branch=z9hG4bKt2",
            "Via: SIP/2.0/TLS 198.51.100.2;branch=z9hG4bKt3",
            "Via: SIP/2.0/PIGEON 198.51.100.3;branch=z9hG4bKt4",
            "Via: SIP/2.0/TCP 198.51.100.4;branch=z9hG4bKt5",
            contact="Contact: <sip:mira@192.0.2.31;transport=pigeon>",
        ),
    ),
    Case(
        "4475-3.1.1.11",
        "a body of several parts, one of them binary",
        _request(
            "MESSAGE sip:tom@rosen.example SIP/2.0",
            "Content-Type: multipart/mixed;boundary=cut-31",
            contact="",
            body=b"--cut-31\r\nContent-Type: text/plain\r\n\r\nHello there\r\n--cut-31\r\n"
            b"Content-Type: application/octet-stream\r\n\r\n\x00\x01\r\n\r\n\xff\xfe\x80\r\n--cut-31--\r\n",
        ),
    ),
    Case(
        "4475-3.1.1.12",
        "a reason phrase of all kinds of letters",
        _response("SIP/2.0 200 = 3**2 & \"fine\" \\o/ 'jó napot' — всё хорошо"),
    ),
    Case("4475-3.1.1.13", "no reason phrase at all", _response("SIP/2.0 180 ")),
]

_REFUSED = Verdict.REFUSED
_TOLERATED = Verdict.TOLERATED

_ILL_FORMED: Final = [
    Case(
        "4475-3.1.2.1",
        "separators with nothing between them",
        _request(
            via="Via: SIP/2.0/UDP 192.0.2.31;;,;,,",
            contact='Contact: "" <> ; , , <sip:mira@192.0.2.31>,;',
        ),
        _REFUSED,
    ),
    Case(
        "4475-3.1.2.2",
        "Content-Length beyond the end of the datagram",
        _request("INVITE sip:tom@rosen.example SIP/2.0", length="Content-Length: 9999", body=_SDP),
        _REFUSED,
    ),
    Case(
        "4475-3.1.2.3",
        "a negative Content-Length",
        _request("INVITE sip:tom@rosen.example SIP/2.0", length="Content-Length: -999", body=_SDP),
        _REFUSED,
    ),
    Case(
        "4475-3.1.2.4",
        "numbers in a request that fit in no register",
        _request(
            "REGISTER sip:rosen.example SIP/2.0",
            f"Expires: 1{'0' * 90}",
            cseq="CSeq: 73786976294838206464 REGISTER",
            hops="Max-Forwards: 444",
            contact="Contact: <sip:mira@192.0.2.31>;expires=4722366482869645213696",
        ),
        _REFUSED,
    ),
    Case(
        "4475-3.1.2.5",
        "numbers in a response that fit in no register",
        _response(
            "SIP/2.0 503 Service Unavailable",
            "Retry-After: 590295810358705651712",
            f'Warning: 18446744073709551616 over{"9" * 30} "far"',
            cseq="CSeq: 590295810358705651712 INVITE",
        ),
        _REFUSED,
        answer=0,
    ),
    Case(
        "4475-3.1.2.6",
        "a quoted display name that is never closed",
        _request(to='To: "Tom of Rosen <sip:tom@rosen.example>'),
        _REFUSED,
    ),
    Case("4475-3.1.2.7", "a Request-URI in <>", _request("INVITE <sip:tom@rosen.example> SIP/2.0"), _REFUSED),
    Case(
        "4475-3.1.2.8",
        "blanks inside the Request-URI",
        _request("INVITE sip:tom@rosen.example; lr; x = y SIP/2.0"),
        _REFUSED,
    ),
    Case(
        "4475-3.1.2.9",
        "several blanks between the words of the request line",
        _request("INVITE  sip:tom@rosen.example  SIP/2.0"),
        _REFUSED,
    ),
    Case(
        "4475-3.1.2.10",
        "blanks at the end of the request line",
        _request("OPTIONS sip:tom@rosen.example SIP/2.0  "),
        _REFUSED,
    ),
    Case(
        "4475-3.1.2.11",
        "a Request-URI that wants to add headers",
        _request("INVITE sip:tom@rosen.example?Subject=Listen SIP/2.0"),
        _REFUSED,
    ),
    Case(
        "4475-3.1.2.12",
        "a Date in another time zone than GMT",
        _request("INVITE sip:tom@rosen.example SIP/2.0", "Date: Sat, 13 Jun 2026 09:30:00 CET"),
        _TOLERATED,
        reason="nothing here reads Date, and the RFC advises against refusing what one does not need",
    ),
    Case(
        "4475-3.1.2.13",
        "a Contact with headers in its URI and no <>",
        _request(
            "REGISTER sip:rosen.example SIP/2.0",
            contact="Contact: sip:mira@192.0.2.31?Priority=urgent",
        ),
        _REFUSED,
    ),
    Case(
        "4475-3.1.2.14",
        "blanks between <> and the URI",
        _request("OPTIONS sip:tom@rosen.example SIP/2.0", to='To: "Tom" < sip:tom@rosen.example >'),
        _REFUSED,
    ),
    Case(
        "4475-3.1.2.15",
        "a display name without quotes that needs them",
        _request(
            "OPTIONS sip:tom@rosen.example SIP/2.0",
            sender="From: Vogel, Mira (at home) <sip:mira@rosen.example>;tag=d15",
        ),
        _REFUSED,
    ),
    Case(
        "4475-3.1.2.16",
        "a version of SIP that does not exist",
        _request("OPTIONS sip:tom@rosen.example SIP/9.1"),
        _REFUSED,
        status=505,
    ),
    Case(
        "4475-3.1.2.17",
        "CSeq names another method than the request line",
        _request("OPTIONS sip:tom@rosen.example SIP/2.0", cseq="CSeq: 8 INVITE"),
        _REFUSED,
    ),
    Case(
        "4475-3.1.2.18",
        "an unknown method, and CSeq names a known one",
        _request("JUGGLE sip:tom@rosen.example SIP/2.0", cseq="CSeq: 8 INVITE"),
        _REFUSED,
    ),
    Case("4475-3.1.2.19", "a status of four digits", _response("SIP/2.0 4294967301 Hm"), _REFUSED, answer=0),
]

_MEANING: Final = [
    Case(
        "4475-3.2.1",
        "a branch that is nothing but the magic cookie",
        _request(
            "OPTIONS sip:tom@rosen.example SIP/2.0", via="Via: SIP/2.0/UDP 192.0.2.31:5062;branch=z9hG4bK"
        ),
    ),
    Case(
        "4475-3.3.1",
        "Call-ID, From and To are missing",
        _request("INVITE sip:tom@rosen.example SIP/2.0", to="", sender="", call_id=""),
        _REFUSED,
    ),
    Case(
        "4475-3.3.2",
        "a Request-URI of a scheme nobody knows",
        _request("OPTIONS nowhere:no.such/thing SIP/2.0", to="To: <nowhere:no.such/thing>"),
        answer=416,
    ),
    Case(
        "4475-3.3.3",
        "a Request-URI of a scheme that is known, but not for calls",
        _request("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0", to="To: <http://www.rosen.example/tom>"),
        answer=416,
    ),
    Case(
        "4475-3.3.4",
        "unknown schemes in header fields do not matter to who is asked for by sip",
        _request(
            "REGISTER sip:rosen.example SIP/2.0",
            to="To: isbn:9780000000002",
            sender="From: <http://www.rosen.example>;tag=s4",
            contact="Contact: <name:Mira_Vogel>",
        ),
    ),
    Case(
        "4475-3.3.5",
        "extensions required that nobody has",
        _request(
            "OPTIONS sip:tom@rosen.example SIP/2.0",
            "Require: levitation, x-nothing",
            "Proxy-Require: x-also-nothing",
        ),
        answer=420,
    ),
    Case(
        "4475-3.3.6",
        "a body of a kind nobody knows",
        _request(
            "INVITE sip:tom@rosen.example SIP/2.0",
            "Content-Type: application/x-odd",
            body=b"<sound/>\r\n",
        ),
        answer=415,
    ),
    Case(
        "4475-3.3.7",
        "credentials of an unknown scheme count as none",
        _request("REGISTER sip:rosen.example SIP/2.0", 'Authorization: Palmistry left="long", right=short'),
        answer=401,
    ),
    Case(
        "4475-3.3.8",
        "fields that may stand once, standing twice",
        _request(
            "INVITE sip:tom@rosen.example SIP/2.0",
            "CSeq: 32 INVITE",
            "Call-ID: other32@192.0.2.31",
            "To: <sip:tim@rosen.example>",
            "From: <sip:mara@rosen.example>;tag=m32",
            "Max-Forwards: 5",
            "Content-Type: application/sdp",
            body=_SDP,
        ),
        _REFUSED,
    ),
    Case(
        "4475-3.3.9",
        "two Content-Lengths that disagree",
        _request("OPTIONS sip:tom@rosen.example SIP/2.0", "Content-Length: 5", body=b"five.and more"),
        _REFUSED,
    ),
    Case(
        "4475-3.3.10",
        "a response whose way back is everybody",
        _response("SIP/2.0 200 OK", via="Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKall"),
        answer=0,
    ),
    Case(
        "4475-3.3.11",
        "no hops left",
        _request("INVITE sip:tom@rosen.example SIP/2.0", hops="Max-Forwards: 0"),
        answer=483,
    ),
    Case(
        "4475-3.3.12",
        "a Contact parameter that no one has defined",
        _request(
            "REGISTER sip:rosen.example SIP/2.0", contact="Contact: sip:+498912345@gw.rosen.example;unheard"
        ),
    ),
    Case(
        "4475-3.3.13",
        "a parameter inside the Contact's URI",
        _request(
            "REGISTER sip:rosen.example SIP/2.0", contact="Contact: <sip:+498912345@gw.rosen.example;unheard>"
        ),
    ),
    Case(
        "4475-3.3.14",
        "a Contact whose URI brings a header along",
        _request(
            "REGISTER sip:rosen.example SIP/2.0",
            contact="Contact: <sip:mira@rosen.example?Route=%3Csip:edge.rosen.example%3E>",
        ),
    ),
    Case(
        "4475-3.3.15",
        "an Accept that no session description fits",
        _request(
            "INVITE sip:tom@rosen.example SIP/2.0",
            "Accept: text/x-no-such-format",
            "Content-Type: application/sdp",
            body=_SDP,
        ),
        answer=406,
    ),
    Case(
        "4475-3.4.1",
        "a phone of RFC 2543: no branch, no From tag, no Max-Forwards, no Contact",
        _wire(
            """
INVITE sip:tom@rosen.example SIP/2.0
Via: SIP/2.0/UDP old.rosen.example
From: <sip:+498912345@rosen.example;user=phone>
Record-Route: <sip:tom@rosen.example;maddr=edge.rosen.example>
To: sip:+498954321@edge.rosen.example;user=phone
Call-ID: old.1717@rosen.example
CSeq: 56 INVITE
Content-Type: application/sdp
Content-Length: {length}
""",
            _SDP,
        ),
    ),
    Case(
        "4475-3.4",
        "the same phone says nothing of the length of its body, and ends its lines as it likes",
        _wire(
            """
INVITE sip:tom@rosen.example SIP/2.0
Via: SIP/2.0/UDP old.rosen.example
From: sip:mira@rosen.example
To: sip:tom@rosen.example
Call-ID: old.1718@rosen.example
CSeq: 57 INVITE
""",
            b"v=0\n",
        ).replace(b"\r\n", b"\n"),
    ),
]

_MIRA6: Final = "Contact: <sip:mira@[2001:db8:31::7]>"
_VIA6: Final = "Via: SIP/2.0/UDP [2001:db8:31::7];branch=z9hG4bKsix7"

_IPV6: Final = [
    Case(
        "5118-4.1",
        "an IPv6 address as a host",
        _request("REGISTER sip:[2001:db8::10] SIP/2.0", via=_VIA6, contact=_MIRA6),
    ),
    Case(
        "5118-4.2",
        "an IPv6 address without its brackets",
        _request("REGISTER sip:2001:db8::10 SIP/2.0", via=_VIA6, contact=_MIRA6),
        _REFUSED,
    ),
    Case(
        "5118-4.3",
        "what was meant as a port stands inside the brackets and belongs to the address",
        _request("REGISTER sip:[2001:db8::10:5070] SIP/2.0", via=_VIA6, contact=_MIRA6),
    ),
    Case(
        "5118-4.4",
        "a port behind the brackets",
        _request("REGISTER sip:[2001:db8::10]:5070 SIP/2.0", via=_VIA6, contact=_MIRA6),
    ),
    Case(
        "5118-4.5-a",
        "`received` with brackets, as some write it",
        _request("OPTIONS sip:[2001:db8::10] SIP/2.0", via=_VIA6 + ";received=[2001:db8:31::ff]"),
    ),
    Case(
        "5118-4.5-b",
        "`received` without brackets, as the grammar has it",
        _request("OPTIONS sip:[2001:db8::10] SIP/2.0", via=_VIA6 + ";received=2001:db8:31::ff"),
    ),
    Case(
        "5118-4.6",
        "IPv6 in the session description",
        _request(
            "INVITE sip:tom@[2001:db8::10] SIP/2.0",
            "Content-Type: application/sdp",
            via=_VIA6,
            contact=_MIRA6,
            body=_SDP6,
        ),
    ),
    Case(
        "5118-4.7",
        "addresses of both families in the headers",
        _request(
            "BYE sip:tom@edge.rosen.example SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.31:5062;branch=z9hG4bKfour31;received=192.0.2.200",
            "Route: <sip:192.0.2.1;lr>, <sip:[2001:db8::1];lr>",
            via="Via: SIP/2.0/UDP [2001:db8:31::7]:5062;branch=z9hG4bKsix7",
            contact="",
        ),
    ),
    Case(
        "5118-4.8",
        "addresses of both families in the session description",
        _request(
            "INVITE sip:tom@[2001:db8::10] SIP/2.0",
            "Content-Type: application/sdp",
            via=_VIA6,
            contact=_MIRA6,
            body=_SDP46,
        ),
    ),
    Case(
        "5118-4.9",
        "IPv4 addresses mapped into IPv6",
        _request(
            "INVITE sip:tom@rosen.example SIP/2.0",
            "Content-Type: application/sdp",
            via="Via: SIP/2.0/UDP [::ffff:192.0.2.31]:5062;branch=z9hG4bKmap31",
            contact="Contact: <sip:mira@[::ffff:192.0.2.31]:5062>",
            body=_SDP.replace(b"c=IN IP4 192.0.2.31", b"c=IN IP6 ::ffff:192.0.2.31"),
        ),
    ),
    Case(
        "5118-4.10-a",
        "the third colon which RFC 3261's grammar lets in",
        _request("OPTIONS sip:tom@[2001:db8:::192.0.2.1] SIP/2.0", via=_VIA6, contact=_MIRA6),
        _TOLERATED,
        reason="written by those who followed the grammar; it can mean only one address",
    ),
    Case(
        "5118-4.10-b",
        "the same address, rightly written",
        _request("OPTIONS sip:tom@[2001:db8::192.0.2.1] SIP/2.0", via=_VIA6, contact=_MIRA6),
    ),
]

CASES: Final = [*_WELL_FORMED, *_ILL_FORMED, *_MEANING, *_IPV6]
BY_ID: Final = {case.id: case for case in CASES}
