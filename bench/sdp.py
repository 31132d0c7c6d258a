"""What SDP and a call's media control cost the server, in CPU-µs.

No text is read twice; a phone's codec lines are the same in every call, as they are in life.
"""

import time
from collections.abc import Callable
from itertools import count

from offhook.calls.media import PCMA, Kind
from offhook.media import wire
from offhook.media.engine import MediaEngine
from offhook.media.worker_link import frame
from offhook.media.workers import Worker
from offhook.sdp.description import parse
from offhook.sdp.phone import PhoneSdp

OFFER = """\
v=0
o=alice 2890844526 {0} IN IP4 192.0.2.10
s=call
c=IN IP4 192.0.2.10
t=0 0
m=audio 49170 RTP/AVP 8 0 9 18 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:9 G722/8000
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=no
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=sendrecv
""".replace("\n", "\r\n")

ANSWER = """\
v=0
o=bob 2890844730 {0} IN IP4 192.0.2.11
s=call
c=IN IP4 192.0.2.11
t=0 0
m=audio 49180 RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=sendrecv
""".replace("\n", "\r\n")


def cpu(work: Callable[[], object], times: int) -> float:
    """The best of five rounds, in µs a piece."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(times):
            work()
        best = min(best, time.process_time() - began)
    return best / times * 1e6


def main() -> None:
    versions = count()
    fresh = cpu(lambda: OFFER.format(next(versions)), 3000)

    def answer() -> None:
        sdp = PhoneSdp("192.0.2.1", 20000, session=1, srtp="auto", secure=False, make_key=lambda: bytes(30))
        sdp.answer(offer, (PCMA,))

    offer = OFFER.format(0)
    parsed = cpu(lambda: parse(OFFER.format(next(versions))), 3000) - fresh
    print(f"parse a phone's offer        {parsed:6.1f} µs   goal 15")
    print(f"answer it, once it is read   {cpu(answer, 3000):6.1f} µs")
    print(f"media control of a call      {cpu(_call(versions), 1000) - 2 * fresh:6.1f} µs   goal 60")


def _call(versions: "count[int]") -> Callable[[], None]:
    """Two ports opened, offered, answered, joined and closed, to the last byte of what the worker is told."""
    said: list[wire.ToWorker] = []

    def hear(*_: object) -> None:
        raise AssertionError("nothing happens in this call")

    engine = MediaEngine(hear)
    worker = Worker(0, said.append, hear)
    worker.hear(wire.Hello(1, "sha-256 AB"))
    engine.workers[0] = worker
    numbers = count()

    def stock() -> None:
        worker.hear(wire.Stock((wire.Pair(n := next(numbers), "0.0.0.0", 20000 + n % 1000 * 2),)))

    for _ in range(64):
        stock()

    def call() -> None:
        bridge = engine.bridge()
        called = bridge.open(Kind.PHONE, flow_host="192.0.2.1", peer="192.0.2.11")
        called.offer(like=(PCMA,))
        called.accept(ANSWER.format(next(versions)))
        caller = bridge.open(Kind.PHONE, flow_host="192.0.2.1", peer="192.0.2.10")
        caller.answer(OFFER.format(next(versions)), like=called.codecs)
        bridge.join(called)
        bridge.join(caller)
        bridge.close()
        stock()
        stock()
        frame(said)
        said.clear()

    return call


if __name__ == "__main__":
    main()
