"""Why something ended or cannot be done: our word, what SIP and Q.850 call it, a sentence for people."""

from enum import StrEnum


class Cause(StrEnum):
    NORMAL = "normal"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    UNKNOWN_NUMBER = "unknown-number"
    UNREACHABLE = "unreachable"
    ANSWERED_ELSEWHERE = "answered-elsewhere"
    FORBIDDEN = "forbidden"
    INCOMPATIBLE = "incompatible"
    LOST = "lost"
    OVERLOADED = "overloaded"
    LOOP = "loop"
    RESTART = "restart"
    FAILED = "failed"
    TRANSFERRED = "transferred"
    PICKED_UP = "picked-up"
    MOVED = "moved"
    DO_NOT_DISTURB = "do-not-disturb"
    OVER = "over"
    NOT_TALKING = "not-talking"
    NOT_RINGING = "not-ringing"
    NOT_A_PAIR = "not-a-pair"
    SAME_CALL = "same-call"
    OCCUPIED = "occupied"
    NOTHING_PARKED = "nothing-parked"
    NOTHING_HELD = "nothing-held"
    NOTHING_RINGS = "nothing-rings"
    FULL = "full"
    NO_REMOTE = "no-remote"
    INCOMPLETE = "incomplete"
    BARRED = "barred"
    LIMITED = "limited"
    NO_LINE = "no-line"
    NO_OUTSIDE = "no-outside"
    HIDDEN_CALLER = "hidden-caller"
    NOT_FROM_OUTSIDE = "not-from-outside"
    NOT_JOINED = "not-joined"

    @property
    def sip(self) -> int:
        """The SIP status that says so, RFC 3261 §21."""
        return _MEANING[self][0]

    @property
    def q850(self) -> int:
        """The Q.850 value for a Reason header, RFC 3326."""
        return _MEANING[self][1]

    @property
    def sentence(self) -> str:
        """What to tell a person; no code, no blame."""
        return _MEANING[self][2]


_MEANING: dict[Cause, tuple[int, int, str]] = {
    Cause.NORMAL: (200, 16, "The call has ended."),
    Cause.BUSY: (486, 17, "The line is busy."),
    Cause.NO_ANSWER: (480, 19, "Nobody answered."),
    Cause.DECLINED: (603, 21, "The call was declined."),
    Cause.CANCELLED: (487, 16, "The caller hung up before anyone answered."),
    Cause.UNKNOWN_NUMBER: (404, 1, "There is nobody at this number."),
    Cause.UNREACHABLE: (480, 20, "No phone is reachable there at the moment."),
    Cause.ANSWERED_ELSEWHERE: (487, 26, "The call was answered on another device."),
    Cause.FORBIDDEN: (403, 57, "This call is not allowed."),
    Cause.INCOMPATIBLE: (488, 88, "The two phones share no way to carry sound."),
    Cause.LOST: (480, 41, "The connection to one side was lost."),
    Cause.OVERLOADED: (503, 42, "The system is busy; please try again in a moment."),
    Cause.LOOP: (482, 25, "The call came back to where it started."),
    Cause.RESTART: (503, 41, "The call ended because the system restarted."),
    Cause.FAILED: (500, 41, "The call failed because of a fault."),
    Cause.TRANSFERRED: (200, 26, "The call was transferred."),
    Cause.PICKED_UP: (487, 26, "Somebody else picked up the call."),
    Cause.MOVED: (200, 26, "The call goes on at another device."),
    Cause.DO_NOT_DISTURB: (486, 17, "They do not want to be disturbed at the moment."),
    Cause.OVER: (481, 16, "This call is over."),
    Cause.NOT_TALKING: (480, 101, "Nobody has answered yet."),
    Cause.NOT_RINGING: (481, 101, "This call does not ring any more."),
    Cause.NOT_A_PAIR: (403, 101, "Only a call between two can be transferred."),
    Cause.SAME_CALL: (482, 101, "A call cannot be joined with itself."),
    Cause.OCCUPIED: (486, 17, "Another call is parked there already."),
    Cause.NOTHING_PARKED: (404, 1, "No call is parked there."),
    Cause.NOTHING_HELD: (404, 1, "You hold no call that could be parked."),
    Cause.NOTHING_RINGS: (404, 1, "Nothing rings there that you could pick up."),
    Cause.FULL: (486, 17, "There are three in this call already."),
    Cause.NO_REMOTE: (501, 79, "This phone cannot be told to answer. Please lift its handset."),
    Cause.INCOMPLETE: (484, 28, "This number is not complete."),
    Cause.BARRED: (403, 57, "This number may not be called from here."),
    Cause.LIMITED: (403, 57, "The limit for calls to the outside has been reached."),
    Cause.NO_LINE: (503, 34, "No line to the outside is free at the moment."),
    Cause.NO_OUTSIDE: (404, 3, "There is no line to the outside yet; your administrator can set one up."),
    Cause.HIDDEN_CALLER: (433, 21, "They take no calls from people who hide their number."),
    Cause.NOT_FROM_OUTSIDE: (403, 21, "They take no calls from outside."),
    Cause.NOT_JOINED: (403, 101, "Two people outside cannot be joined here."),
}

_BY_SIP: dict[int, Cause] = {
    403: Cause.FORBIDDEN,
    404: Cause.UNKNOWN_NUMBER,
    408: Cause.UNREACHABLE,
    410: Cause.UNKNOWN_NUMBER,
    415: Cause.INCOMPATIBLE,
    480: Cause.NO_ANSWER,
    482: Cause.LOOP,
    483: Cause.LOOP,
    433: Cause.HIDDEN_CALLER,
    484: Cause.INCOMPLETE,
    486: Cause.BUSY,
    487: Cause.CANCELLED,
    488: Cause.INCOMPATIBLE,
    503: Cause.OVERLOADED,
    600: Cause.BUSY,
    603: Cause.DECLINED,
    604: Cause.UNKNOWN_NUMBER,
    606: Cause.INCOMPATIBLE,
}


class Cannot(Exception):
    """What was asked for cannot be done, and nothing has changed; `cause` says why."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.sentence)
        self.cause = cause


def from_sip(status: int) -> Cause:
    """What a refusal with this final status means to us."""
    return _BY_SIP.get(status, Cause.NORMAL if status < 300 else Cause.FAILED)
