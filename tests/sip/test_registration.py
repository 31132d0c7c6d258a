"""Being registered with a provider: over hours, through failures of all kinds, until we leave."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.message import Response, parse
from offhook.sip.registration import PATIENCE, Ask, Fact, Failed, Left, Registered, Registration

OURS = b"sip:token-1@192.0.2.1:5060"
NEAR, FAR = "near", "far"


def answer(status: int, headers: str = "") -> Response:
    response = parse(f"SIP/2.0 {status} Whatever\r\n{headers}\r\n".encode())
    assert isinstance(response, Response)
    return response


def granted(seconds: int) -> Response:
    return answer(200, f"Contact: <{OURS.decode()}>;expires={seconds}\r\n")


class Stage:
    """A registration, a clock, and what each of its targets says; None is silence."""

    def __init__(self, *targets: str, expires: int = 600, seed: int = 1) -> None:
        self.now = 1000.0
        self.registration = Registration(targets or (NEAR,), expires=expires, random=Random(seed))
        self.says: dict[str, Response | None] = {}
        self.asked: list[tuple[float, str, int]] = []
        self.facts: list[tuple[float, Fact[str]]] = []

    def carry_out(self, facts: list[Fact[str]]) -> None:
        for fact in facts:
            self.facts.append((self.now, fact))
            if isinstance(fact, Ask):
                self.asked.append((self.now, fact.target, fact.expires))
                said = self.says.get(fact.target, granted(fact.expires))
                if said is not None:
                    self.carry_out(self.registration.responded(fact.serial, said, OURS, self.now))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.registration.next_timeout()) is not None and due <= end:
            self.now = due
            self.carry_out(self.registration.tick(due))
        self.now = end

    def start(self) -> None:
        self.carry_out(self.registration.start(self.now))

    def all(self, kind: type) -> list[tuple[float, Fact[str]]]:
        return [(when, fact) for when, fact in self.facts if isinstance(fact, kind)]

    @property
    def pauses(self) -> list[float]:
        times = [when for when, _, _ in self.asked]
        return [later - sooner for sooner, later in pairwise(times)]


def test_it_is_refreshed_in_time_for_hours_and_never_lapses() -> None:
    stage = Stage()
    stage.start()
    for _ in range(6 * 60):
        stage.run(60)
        assert stage.registration.is_registered(stage.now)
    assert all(510 <= pause <= 540 for pause in stage.pauses)
    assert len(set(stage.pauses)) > 10  # spread, so that a thousand do not come together
    assert len(stage.asked) >= 6 * 60 * 60 / 540


def test_what_the_provider_grants_counts_not_what_was_asked() -> None:
    stage = Stage(expires=3600)
    stage.says[NEAR] = granted(120)
    stage.start()
    stage.run(1000)
    assert all(102 <= pause <= 108 for pause in stage.pauses)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ("", 600),
        ("Expires: 300\r\n", 300),
        ("Expires: nonsense\r\n", 600),
        ("Contact: <sip:token-1@192.0.2.1:5060>;expires=90\r\nExpires: 300\r\n", 90),
        ("Contact: <sip:other@192.0.2.7>;expires=30, <sip:token-1@203.0.113.5:1024>;expires=90\r\n", 90),
        ("Contact: <sip:other@192.0.2.7>;expires=30\r\n", 600),
        ("Contact: <sip:token-1@192.0.2.1:5060>\r\nExpires: 240\r\n", 240),
        ("Contact: *\r\n", 600),
        ("Expires: 99999999999\r\n", 7 * 86400),
    ],
)
def test_the_time_granted_is_read_from_our_contact_or_for_all(headers: str, seconds: int) -> None:
    stage = Stage()
    stage.says[NEAR] = answer(200, headers)
    stage.start()
    assert stage.facts[-1][1] == Registered(NEAR, 1000.0 + seconds)


def test_an_interval_too_brief_is_corrected_at_once_and_remembered() -> None:
    stage = Stage(expires=60)
    stage.says[NEAR] = answer(423, "Min-Expires: 900\r\n")
    stage.start()
    assert [expires for _, _, expires in stage.asked] == [60, 900]
    del stage.says[NEAR]
    stage.run(3600)
    assert {expires for _, _, expires in stage.asked[2:]} == {900}
    assert stage.registration.is_registered(stage.now)


@pytest.mark.parametrize("headers", ["", "Min-Expires: 60\r\n", "Min-Expires: 4294967295\r\n"])
def test_a_423_that_says_nothing_useful_is_a_failure(headers: str) -> None:
    stage = Stage(expires=60)
    stage.says[NEAR] = answer(423, headers)
    stage.start()
    assert len(stage.asked) == 1
    assert isinstance(stage.facts[-1][1], Failed)


def test_failures_come_ever_more_rarely_up_to_ten_minutes() -> None:
    stage = Stage()
    stage.says[NEAR] = answer(503)
    stage.start()
    stage.run(4 * 3600)
    pauses = stage.pauses
    assert 5 <= pauses[0] <= 7.5
    assert 10 <= pauses[1] <= 15
    assert pauses[-5:] == [600.0] * 5
    assert len(pauses) < 4 * 6 + 8


def test_after_a_success_the_pauses_begin_small_again() -> None:
    stage = Stage()
    stage.says[NEAR] = answer(500)
    stage.start()
    stage.run(3600)
    del stage.says[NEAR]
    stage.run(700)
    assert stage.registration.is_registered(stage.now)
    stage.says[NEAR] = answer(500)
    before = len(stage.all(Failed))
    stage.run(600)
    first, second = [when for when, _ in stage.all(Failed)][before : before + 2]
    assert 5 <= second - first <= 7.5


def test_a_retry_after_is_respected_but_not_for_ever() -> None:
    for seconds, expected in ((120, 120.0), (100_000, 600.0)):
        stage = Stage()
        stage.says[NEAR] = answer(503, f"Retry-After: {seconds}\r\n")
        stage.start()
        assert stage.registration.next_timeout() == stage.now + expected


def test_silence_is_not_waited_for_longer_than_patience() -> None:
    stage = Stage(NEAR, FAR)
    stage.says[NEAR] = None
    stage.start()
    stage.run(PATIENCE)
    assert [target for _, target, _ in stage.asked] == [NEAR, FAR]
    assert stage.facts[-1][1] == Registered(FAR, stage.now + 600)


def test_targets_take_turns_and_the_one_that_works_is_kept_to() -> None:
    stage = Stage(NEAR, FAR)
    stage.says[NEAR] = answer(503)
    stage.start()
    stage.run(3600)
    assert [target for _, target, _ in stage.asked][:4] == [NEAR, FAR, FAR, FAR]
    stage.says = {FAR: answer(503)}
    before = len(stage.asked)
    stage.run(700)
    assert [target for _, target, _ in stage.asked][before : before + 2] == [FAR, NEAR]
    assert stage.registration.is_registered(stage.now)
    assert stage.all(Failed) == []


@pytest.mark.parametrize("status", [401, 403, 404, 407, 603])
def test_who_does_not_want_us_is_not_asked_elsewhere_at_once(status: int) -> None:
    stage = Stage(NEAR, FAR)
    stage.says[NEAR] = answer(status)
    stage.start()
    stage.run(1)
    assert [target for _, target, _ in stage.asked] == [NEAR]
    assert stage.facts[-1][1] == Failed(status, "Whatever", stage.registration.next_timeout() or 0)


def test_a_refusal_ends_what_was_and_silence_does_not() -> None:
    for said, still in ((answer(403), False), (answer(503), True), (None, True)):
        stage = Stage()
        stage.start()
        stage.says[NEAR] = said
        stage.run(550)
        assert stage.all(Failed)
        assert stage.registration.is_registered(stage.now) is still
        stage.run(51)
        assert not stage.registration.is_registered(stage.now)


def test_granted_for_no_time_at_all_is_a_failure() -> None:
    stage = Stage()
    stage.says[NEAR] = granted(0)
    stage.start()
    assert isinstance(stage.facts[-1][1], Failed)
    assert not stage.registration.is_registered(stage.now)


def test_a_provider_that_grants_a_second_is_not_asked_each_second() -> None:
    stage = Stage()
    stage.says[NEAR] = granted(1)
    stage.start()
    stage.run(60)
    assert len(stage.asked) <= 13


def test_leaving_unregisters_and_then_rests() -> None:
    stage = Stage()
    stage.start()
    stage.carry_out(stage.registration.stop(stage.now))
    assert [expires for _, _, expires in stage.asked] == [600, 0]
    assert stage.facts[-1][1] == Left()
    stage.run(3600)
    assert len(stage.asked) == 2
    assert not stage.registration.is_registered(stage.now)


def test_leaving_does_not_wait_long_for_who_is_silent() -> None:
    stage = Stage()
    stage.start()
    stage.says[NEAR] = None
    stage.carry_out(stage.registration.stop(stage.now))
    assert stage.all(Left) == []
    stage.run(PATIENCE)
    assert len(stage.all(Left)) == 1
    assert stage.registration.next_timeout() is None


def test_who_was_not_registered_leaves_without_a_word() -> None:
    stage = Stage()
    stage.says[NEAR] = answer(403)
    stage.start()
    stage.carry_out(stage.registration.stop(stage.now))
    assert stage.facts[-1][1] == Left()
    assert len(stage.asked) == 1


def test_leaving_while_a_register_is_on_its_way_undoes_that_too() -> None:
    stage = Stage()
    stage.says[NEAR] = None
    stage.start()
    (ask,) = (fact for _, fact in stage.all(Ask))
    assert isinstance(ask, Ask)
    del stage.says[NEAR]
    stage.carry_out(stage.registration.stop(stage.now))
    assert [expires for _, _, expires in stage.asked] == [600, 0]
    assert stage.registration.responded(ask.serial, granted(600), OURS, stage.now) == []
    assert not stage.registration.is_registered(stage.now)


def test_it_can_be_started_anew() -> None:
    stage = Stage()
    stage.start()
    assert stage.registration.start(stage.now) == []
    stage.carry_out(stage.registration.stop(stage.now))
    stage.start()
    assert stage.registration.is_registered(stage.now)


def test_a_late_answer_to_an_older_question_is_not_believed() -> None:
    stage = Stage(NEAR, FAR)
    stage.says = {NEAR: None, FAR: None}
    stage.start()
    stage.run(PATIENCE)
    first, second = (fact for _, fact in stage.all(Ask))
    assert isinstance(first, Ask)
    assert isinstance(second, Ask)
    assert stage.registration.responded(first.serial, answer(403), OURS, stage.now) == []
    assert stage.registration.responded(second.serial, granted(60), OURS, stage.now) == [
        Registered(FAR, stage.now + 60)
    ]


def test_a_lost_connection_is_no_reason_to_wait() -> None:
    stage = Stage()
    stage.start()
    stage.run(10)
    stage.carry_out(stage.registration.again(stage.now))
    assert [when for when, _, _ in stage.asked] == [1000.0, 1010.0]


def test_new_addresses_are_moved_to_only_if_ours_is_gone() -> None:
    stage = Stage(NEAR)
    stage.start()
    stage.carry_out(stage.registration.use([NEAR, FAR], stage.now))
    assert len(stage.asked) == 1
    stage.carry_out(stage.registration.use([FAR], stage.now))
    assert [target for _, target, _ in stage.asked] == [NEAR, FAR]


def test_the_same_addresses_found_again_do_not_shorten_a_pause() -> None:
    stage = Stage(NEAR)
    stage.says[NEAR] = answer(503)
    stage.start()
    stage.carry_out(stage.registration.use([NEAR], stage.now))
    assert len(stage.asked) == 1
    stage.carry_out(stage.registration.use([FAR], stage.now))
    assert [target for _, target, _ in stage.asked] == [NEAR, FAR]


def test_without_any_address_it_waits_and_begins_when_there_is_one() -> None:
    stage = Stage(NEAR)
    assert stage.registration.use([], stage.now) == []
    stage.start()
    assert isinstance(stage.facts[-1][1], Failed)
    stage.carry_out(stage.registration.use([NEAR], stage.now))
    assert stage.registration.is_registered(stage.now)


@given(
    st.lists(st.sampled_from(["ok", "short", "no", "busy", "silent", "brief", "stop", "start"]), max_size=40)
)
def test_whatever_is_said_there_is_always_a_next_step_and_never_a_storm(words: list[str]) -> None:
    stage = Stage(NEAR, FAR)
    said = {
        "ok": granted(600), "short": granted(1), "no": answer(403), "busy": answer(503), "silent": None,
        "brief": answer(423, "Min-Expires: 700\r\n"),
    }  # fmt: skip
    stage.start()
    is_stopped = False
    for word in words:
        if word == "stop":
            stage.carry_out(stage.registration.stop(stage.now))
            is_stopped = True
        elif word == "start":
            stage.start()
            is_stopped = False
        else:
            stage.says = {NEAR: said[word], FAR: said[word]}
        before = len(stage.asked)
        stage.run(60)
        assert len(stage.asked) - before <= 30
        assert is_stopped or stage.registration.next_timeout() is not None
