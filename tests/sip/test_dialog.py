"""Dialogs: tags, route sets of both kinds, targets that move, and the order of requests."""

from offhook.sip.dialog import Dialog
from offhook.sip.flow import Flow
from offhook.sip.message import Request, Response, parse
from tests.sip.wire import request

VIA = b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch="


def answer(headers: bytes) -> Response:
    data = (
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:pbx>;tag=us\r\n"
        b"To: Ben <sip:102@pbx>;tag=them\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n%b\r\n" % headers
    )
    response = parse(data)
    assert isinstance(response, Response)
    return response


def called(headers: bytes) -> Dialog:
    return Dialog.of_response(answer(headers), b"c", b"<sip:pbx>;tag=us", 1, b"sip:102@asked")


def invite(headers: str = "", cseq: int = 1) -> Request:
    message = parse(request("INVITE", headers=headers, cseq=cseq))
    assert isinstance(message, Request)
    return message


def test_the_one_we_called_is_reached_at_its_contact_by_the_routes_from_last_to_first() -> None:
    dialog = called(
        b"Contact: <sip:102@192.0.2.9:5070;ob>;expires=9\r\nRecord-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"
        b"Record-Route: <sip:p3;lr>\r\n"
    )
    assert dialog.remote_tag == b"them"
    assert dialog.head(VIA, b"z9hG4bK2") == (
        b" sip:102@192.0.2.9:5070;ob SIP/2.0\r\n" + VIA + b"z9hG4bK2\r\nMax-Forwards: 70\r\n"
        b"Route: <sip:p3;lr>, <sip:p2;lr>, <sip:p1;lr>\r\nFrom: <sip:pbx>;tag=us\r\nCall-ID: c\r\n"
    )


def test_the_one_that_called_us_is_reached_by_the_routes_as_they_stand() -> None:
    dialog = Dialog.of_request(
        invite("Record-Route: <sip:p1;lr>\r\nRecord-Route: <sip:p2;lr>\r\n"), b"<sip:us>;tag=1"
    )
    head = dialog.head(VIA, b"z9hG4bK2")
    assert head.startswith(b" sip:101@192.0.2.9 SIP/2.0\r\n")
    assert b"\r\nRoute: <sip:p1;lr>, <sip:p2;lr>\r\n" in head
    assert (dialog.remote, dialog.remote_tag) == (b"<sip:101@pbx>;tag=anna", b"anna")


def test_a_strict_router_takes_the_request_uri_and_the_target_goes_last() -> None:
    dialog = called(b"Contact: <sip:102@192.0.2.9>\r\nRecord-Route: <sip:p1;lr>, <sip:old;transport=udp>\r\n")
    head = dialog.head(VIA, b"z9hG4bK2")
    assert head.startswith(b" sip:old;transport=udp SIP/2.0\r\n")
    assert b"\r\nRoute: <sip:p1;lr>, <sip:102@192.0.2.9>\r\n" in head


def test_a_user_part_that_looks_like_lr_does_not_make_a_loose_router() -> None:
    dialog = called(b"Contact: <sip:102@192.0.2.9>\r\nRecord-Route: <sip:p1;lrx=1>\r\n")
    assert dialog.head(VIA, b"b").startswith(b" sip:p1;lrx=1 ")


def test_without_a_contact_the_target_is_whom_we_asked_for() -> None:
    assert called(b"").head(VIA, b"b").startswith(b" sip:102@asked ")


def test_the_target_moves_with_a_new_contact_and_only_then() -> None:
    dialog = called(b"Contact: <sip:one>\r\nAllow: INVITE, UPDATE\r\n")
    assert dialog.can_update
    dialog.refresh(answer(b"Contact: <sip:two>\r\n"))
    assert dialog.head(VIA, b"b").startswith(b" sip:two ")
    dialog.refresh(answer(b"Allow: INVITE\r\n"))
    assert dialog.target == b"sip:two"
    assert not dialog.can_update


def test_a_request_behind_its_time_is_out_of_order_and_numbers_may_be_skipped() -> None:
    dialog = Dialog.of_request(invite(cseq=10), b"<sip:us>;tag=1")
    assert not dialog.is_in_order(invite(cseq=9))
    assert dialog.is_in_order(invite(cseq=15))
    assert not dialog.is_in_order(invite(cseq=14))


def test_a_row_holds_what_a_bye_needs() -> None:
    flow = Flow("udp", "192.0.2.9", 5060, "192.0.2.1", 5060)
    dialog = called(b"Contact: <sip:102@192.0.2.9>\r\nRecord-Route: <sip:p1;lr>\r\n")
    row = dialog.snapshot(flow)
    assert row.flow == flow
    again = Dialog.of_row(row)
    assert again.head(VIA, b"b") == dialog.head(VIA, b"b")
    assert (again.remote, again.cseq) == (dialog.remote, dialog.cseq)
