"""The four transaction machines against the sequences of RFC 3261 §17 and RFC 6026."""

import pytest

from offhook.sip.client import ClientTransaction, InviteClient
from offhook.sip.flow import Flow
from offhook.sip.message import Request, Response, parse
from offhook.sip.timers import LIFE, Timers
from offhook.sip.transaction import InviteServer, ServerTransaction, State, Transactions

UDP = Flow("udp", "192.0.2.9", 5060, "192.0.2.1", 5060)
TCP = Flow("tcp", "192.0.2.9", 5060, "192.0.2.1", 5060, 1)
HEAD = (
    b" sip:102@pbx SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
    b"Route: <sip:proxy;lr>\r\nFrom: <sip:pbx>;tag=us\r\nCall-ID: c\r\n"
)
REST = b"To: <sip:102@pbx>\r\nCSeq: 7 INVITE\r\nContact: <sip:192.0.2.1>\r\nContent-Length: 0\r\n\r\n"
REFUSED = b"\r\n"


class Stage:
    """Transactions with a clock; user of the client, and of the server."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sent: list[tuple[float, bytes]] = []
        self.heard: list[object] = []
        self.timers = Timers()
        self.all = Transactions(lambda data, flow: self.sent.append((round(self.now, 3), data)), self.timers)

    def responded(self, tx: InviteClient, response: Response, now: float) -> None:
        self.heard.append(response.status)

    def failed(self, tx: InviteClient, status: int, now: float) -> None:
        self.heard.append(("failed", status))

    def cancelled(self, cancel: Request, now: float) -> None:
        self.heard.append("cancelled")

    def lost(self, now: float) -> None:
        self.heard.append("lost")

    def done(self, response: Response | None, now: float) -> None:
        self.heard.append(None if response is None else response.status)

    def invite(self, flow: Flow = UDP) -> InviteClient:
        tx = InviteClient(self.all, b"z9hG4bK1", HEAD, 7, REST, flow, self)
        tx.start(self.now)
        return tx

    def options(self, flow: Flow = UDP) -> ClientTransaction:
        data = b"OPTIONS" + HEAD + REST.replace(b"INVITE", b"OPTIONS")
        tx = ClientTransaction(self.all, b"OPTIONS", b"z9hG4bK1", data, flow, self.done)
        tx.start(self.now)
        return tx

    def serve(self, flow: Flow = UDP) -> ServerTransaction:
        tx = ServerTransaction(self.all, b"key", b"Via: v\r\nCSeq: 1 OPTIONS\r\n", b"<sip:pbx>", flow, b"")
        tx.start(self.now)
        return tx

    def invited(self, flow: Flow = UDP) -> InviteServer:
        tx = InviteServer(self.all, b"key", b"Via: v\r\nCSeq: 1 INVITE\r\n", b"<sip:pbx>", flow, b"copies")
        tx.user = self
        tx.start(self.now)
        return tx

    def hear(self, status: int, method: str = "INVITE", tag: str = "them") -> bool:
        data = (
            f"SIP/2.0 {status} x\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:pbx>;tag=us\r\n"
            f"To: <sip:102@pbx>;tag={tag}\r\nCall-ID: c\r\nCSeq: 7 {method}\r\n\r\n"
        )
        response = parse(data.encode())
        assert isinstance(response, Response)
        return self.all.responded(response, UDP, self.now)

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (when := self.timers.next_timeout()) is not None and when <= end:
            self.now = max(self.now, when)
            self.timers.tick(self.now)
        self.now = end

    @property
    def times(self) -> list[float]:
        return [when for when, _ in self.sent]

    @property
    def is_empty(self) -> bool:
        return not self.all.count and not self.all.seen and not self.all.answers and not self.all.acks


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_an_invite_is_resent_at_doubling_intervals_and_given_up_after_64_t1(stage: Stage) -> None:
    stage.invite()
    stage.wait(40)
    assert stage.times == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert stage.heard == [("failed", 408)]
    assert stage.is_empty


def test_a_provisional_response_ends_the_copies_and_lets_it_ring_for_ever(stage: Stage) -> None:
    stage.invite()
    stage.wait(0.6)
    stage.hear(180)
    stage.wait(100_000)
    stage.hear(200)
    assert stage.times == [0, 0.5]
    assert stage.heard == [180, 200]


def test_a_refusal_is_acknowledged_as_often_as_it_is_repeated(stage: Stage) -> None:
    stage.invite()
    stage.hear(486)
    stage.hear(486)
    stage.wait(10)
    stage.hear(486)
    assert stage.heard == [486]
    ack = stage.sent[1][1]
    assert [data for _, data in stage.sent[1:]] == [ack] * 3
    assert ack == (b"ACK" + HEAD + b"To: <sip:102@pbx>;tag=them\r\nCSeq: 7 ACK\r\nContent-Length: 0\r\n\r\n")
    stage.wait(LIFE)
    assert stage.is_empty


def test_over_a_connection_nothing_is_resent_and_a_refusal_leaves_nothing(stage: Stage) -> None:
    stage.invite(TCP)
    stage.wait(20)
    assert stage.times == [0]
    stage.hear(486)
    assert stage.is_empty


def test_each_2xx_goes_to_the_user_until_acknowledged_then_its_ack_is_repeated(stage: Stage) -> None:
    tx = stage.invite()
    stage.hear(200)
    stage.hear(200)
    tx.acknowledge(b"them", b"ack to them")
    stage.hear(200)
    stage.hear(200, tag="others")
    assert stage.heard == [200, 200, 200]
    assert [data for _, data in stage.sent[1:]] == [b"ack to them"] * 2
    stage.hear(486)
    assert stage.heard == [200, 200, 200]
    assert tx.state is State.ACCEPTED
    stage.wait(LIFE + 1)
    assert stage.is_empty


def test_cancel_shares_the_branch_and_bounds_the_wait(stage: Stage) -> None:
    tx = stage.invite()
    stage.hear(180)
    stage.wait(100)
    tx.cancel(b"<sip:102@pbx>", b"Reason: r\r\n", stage.now)
    cancel = stage.sent[-1][1]
    assert cancel.startswith(b"CANCEL" + HEAD + b"To: <sip:102@pbx>\r\nCSeq: 7 CANCEL\r\nReason: r\r\n")
    stage.hear(200, "CANCEL")
    assert stage.heard == [180]
    stage.wait(LIFE + 1)
    assert stage.heard == [180, ("failed", 408)]
    assert stage.is_empty


def test_a_lost_connection_fails_at_once(stage: Stage) -> None:
    stage.invite(TCP)
    stage.all.flow_closed(TCP, stage.now)
    assert stage.heard == [("failed", 503)]
    stage.options(TCP)
    stage.all.flow_closed(TCP, stage.now)
    assert stage.heard[1:] == [None]
    stage.invited(TCP)
    stage.all.flow_closed(TCP, stage.now)
    assert stage.heard[2:] == ["lost"]
    assert stage.is_empty


def test_other_requests_are_resent_up_to_every_four_seconds(stage: Stage) -> None:
    stage.options()
    stage.wait(40)
    assert stage.times == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert stage.heard == [None]
    assert stage.is_empty


def test_a_provisional_response_to_another_request_slows_its_copies(stage: Stage) -> None:
    stage.options()
    stage.hear(100, "OPTIONS")
    stage.wait(10)
    assert stage.times == [0, 0.5, 4.5, 8.5]
    assert stage.hear(200, "OPTIONS")
    assert not stage.hear(200, "OPTIONS")
    assert stage.heard == [200]
    assert stage.is_empty


def test_a_copy_of_a_request_gets_the_newest_response(stage: Stage) -> None:
    tx = stage.serve()
    assert stage.all.repeated(b"key", UDP)
    assert stage.sent == []
    tx.respond(200, b"end", stage.now)
    assert stage.all.repeated(b"key", UDP)
    assert [data for _, data in stage.sent] == [
        b"SIP/2.0 200 OK\r\nVia: v\r\nCSeq: 1 OPTIONS\r\nTo: <sip:pbx>\r\nend"
    ] * 2
    assert tx.respond(486, b"end", stage.now) == b""
    stage.wait(LIFE)
    assert stage.is_empty


def test_a_request_answered_late_lingers_from_its_answer_on(stage: Stage) -> None:
    tx = stage.serve()
    stage.wait(20)
    tx.respond(200, b"end", stage.now)
    stage.wait(31)
    assert not stage.is_empty
    stage.wait(2)
    assert stage.is_empty


def test_a_request_nobody_answers_is_forgotten_when_its_sender_has_given_up(stage: Stage) -> None:
    stage.serve()
    stage.wait(LIFE)
    assert stage.is_empty


def test_a_refused_invite_is_resent_until_its_ack(stage: Stage) -> None:
    tx = stage.invited()
    tx.respond(180, b"", stage.now)
    assert stage.all.repeated(b"key", UDP)
    stage.wait(1000)
    tx.respond(486, b"", stage.now)
    stage.wait(4)
    tx.acknowledged(stage.now)
    assert stage.all.repeated(b"key", UDP)
    stage.wait(4)
    assert stage.times == [0, 0, 1000, 1000.5, 1001.5, 1003.5]
    assert tx.state is State.ENDED
    stage.wait(LIFE)
    assert stage.is_empty


def test_a_refused_invite_without_ack_is_resent_for_64_t1(stage: Stage) -> None:
    stage.invited().respond(486, b"", stage.now)
    stage.wait(40)
    assert stage.times == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert stage.is_empty


def test_an_accepted_invite_swallows_copies_and_resends_nothing(stage: Stage) -> None:
    tx = stage.invited()
    tx.respond(200, b"", stage.now)
    assert stage.all.repeated(b"key", UDP)
    stage.wait(31)
    assert stage.times == [0]
    assert not stage.is_empty
    stage.wait(1)
    assert stage.is_empty


def test_a_provisional_response_does_not_keep_another_request_alive_for_ever(stage: Stage) -> None:
    stage.options()
    stage.wait(0.1)
    stage.hear(100, "OPTIONS")
    stage.wait(40)
    assert stage.heard == [None]
    assert stage.is_empty
