"""The gate: who gets in, who gets which answer, and how long one may guess."""

from dataclasses import dataclass, field

import pytest

from offhook.people.directory import DeviceInfo
from offhook.phones.gate import PhoneGate
from offhook.phones.identity import Neighbour, PhoneIdentity
from offhook.phones.registrar import Registrar
from offhook.phones.throttle import GUESSES, Throttle
from offhook.sip.auth import Answerer, Challenger
from offhook.sip.endpoint import Refusal
from offhook.sip.flow import Flow
from offhook.sip.message import Request
from offhook.sip.transaction import ServerTransaction
from tests.phones.exchange import PASSWORD, REALM, MemoryStore, people
from tests.phones.requests import flow, request

ELSEWHERE = flow("198.51.100.9", 5060)


@dataclass
class Door:
    """A gate with all its surroundings, and a visitor's way to knock."""

    lag: float = 0.0
    unanswered: int = 0
    calls: int = 0
    is_full: bool = False
    now: float = 1000.0
    proved: list[Flow] = field(default_factory=list)
    neighbours: dict[Flow, Neighbour] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directory = people()
        self.registrar = Registrar(MemoryStore(), lambda now: now, lambda device, count: None)
        self.gate = PhoneGate(
            Challenger(REALM, b"secret"),
            self.directory.by_sip_user,
            self.registrar,
            Throttle(unproven_per_second=5.0),
            may_speak_as=self._may_speak_as,
            lag=lambda: self.lag,
            unanswered=lambda: self.unanswered,
            calls_of=lambda device: self.calls,
            calls_per_device=3,
            is_full=lambda: self.is_full,
            is_emergency=lambda number: number == "112",
            proved=self.proved.append,
            neighbour=lambda request, flow: self.neighbours.get(flow),
        )
        self.answerer = Answerer()

    def _may_speak_as(self, device: DeviceInfo, name: str) -> bool:
        user = self.directory.user(device.user)
        return user is not None and user.number == name

    def knock(self, message: Request, by: Flow | None = None) -> PhoneIdentity | Refusal | None:
        answer = self.admits(message, by or flow())
        assert answer is None or isinstance(answer, PhoneIdentity | Refusal), "there are no neighbours here"
        return answer

    def admits(self, message: Request, by: Flow) -> PhoneIdentity | Neighbour | Refusal | None:
        return self.gate.admit(message, by, self.now)

    def prove(
        self,
        method: str = "REGISTER",
        *,
        name: str = "anna-desk",
        user: str = "anna-desk",
        password: str = PASSWORD,
        uri: str = "sip:pbx",
        signed: str | None = None,
        by: Flow | None = None,
    ) -> PhoneIdentity | Refusal | None:
        """Ask, be challenged, answer."""
        asked = self.knock(request(method, uri=uri, name=name), by)
        if not isinstance(asked, Refusal) or asked.status != 401:
            return asked
        value = asked.headers.replace(b"WWW-Authenticate: ", b"").replace(b"\r\n", b", ").rstrip(b", ")
        over = uri if signed is None else signed
        proof = self.answerer.answer(value, method, over.encode(), user, password).decode()
        return self.knock(request(method, f"Authorization: {proof}", uri=uri, name=name), by)

    def register(self, by: Flow) -> None:
        contact = f"Contact: <sip:anna-desk@{by.host}:{by.port}>"
        self.registrar.register(
            request("REGISTER", contact, sent_by=f"{by.host}:{by.port}"), by, "d-anna", self.now
        )


def status(answer: PhoneIdentity | Refusal | None) -> int:
    """200 for one who is let in, 0 for silence."""
    if answer is None:
        return 0
    return answer.status if isinstance(answer, Refusal) else 200


@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
def test_whoever_knows_the_password_is_let_in(method: str) -> None:
    door = Door()
    answer = door.prove(method)
    assert isinstance(answer, PhoneIdentity)
    assert answer.device.id == "d-anna"
    assert door.proved == [flow()]


@pytest.mark.parametrize(
    ("user_agent", "algorithms"),
    [
        ("Yealink SIP-T46S 66.85.0.5", ["SHA-256", "MD5"]),
        ("baresip v3.2.0 (x86_64/linux)", ["SHA-256", "MD5"]),
        ("baresip v1.0.0 (x86_64/linux)", ["MD5"]),
        ("SIPp/Linux", ["MD5", "SHA-256"]),
        (None, ["MD5", "SHA-256"]),
    ],
)
def test_challenges_are_such_as_the_phone_can_take(user_agent: str | None, algorithms: list[str]) -> None:
    headers = [f"User-Agent: {user_agent}"] if user_agent else []
    answer = Door().knock(request("REGISTER", *headers))
    assert isinstance(answer, Refusal)
    lines = answer.headers.decode().splitlines()
    assert [line.partition("algorithm=")[2].split(",")[0] for line in lines] == algorithms


@pytest.mark.parametrize(
    ("signed", "answer"),
    [
        ("sip:102@pbx", 200),
        ("sip:pbx", 200),
        ("sip:pbx:5060", 200),
        ("sip:103@pbx", 401),
        ("sip:elsewhere", 401),
        ("", 401),
    ],
)
def test_a_digest_is_over_the_number_called_or_at_least_the_server(signed: str, answer: int) -> None:
    door = Door()
    assert status(door.prove("INVITE", uri="sip:102@pbx", signed=signed)) == answer


def test_a_user_may_call_under_his_own_number_but_no_other() -> None:
    assert status(Door().prove("INVITE", name="101")) == 200
    assert status(Door().prove("INVITE", name="102")) == 403
    assert status(Door().prove("REGISTER", name="ben-desk")) == 403


def test_unknown_names_and_wrong_passwords_look_alike() -> None:
    door = Door()
    wrong, unknown = door.prove(password="no"), door.prove(name="zoe", user="zoe")
    assert isinstance(wrong, Refusal)
    assert isinstance(unknown, Refusal)
    assert wrong.status == unknown.status == 401
    assert len(wrong.headers) == len(unknown.headers)


@pytest.mark.parametrize("number", ["", "101", "anna-desk", "999"])
def test_options_get_one_answer_whoever_is_asked_for(number: str) -> None:
    answer = Door(lag=1.0).knock(request("OPTIONS", uri=f"sip:{number}@pbx" if number else "sip:pbx"))
    assert answer is Door().knock(request("OPTIONS"))
    assert status(answer) == 200


def test_a_connection_vouches_for_who_registered_on_it_and_for_nobody_else() -> None:
    door = Door()
    connection = flow(transport="tcp", connection=1)
    door.register(connection)
    assert status(door.knock(request("INVITE"), connection)) == 200
    assert status(door.knock(request("INVITE", name="ben-desk"), connection)) == 401
    assert status(door.knock(request("INVITE"), flow(transport="tcp", connection=2))) == 401
    assert status(door.knock(request("REGISTER"), connection)) == 401
    door.registrar.flow_closed(connection)
    assert status(door.knock(request("INVITE"), connection)) == 401


def test_a_udp_flow_vouches_for_nobody() -> None:
    door = Door()
    door.register(flow())
    assert status(door.knock(request("INVITE"))) == 401


def test_ten_wrong_guesses_are_answered_then_there_is_silence() -> None:
    door = Door()
    answers = [status(door.prove(password=f"guess {n}")) for n in range(30)]
    assert answers == [401] * GUESSES + [0] * (30 - GUESSES)


def test_guessing_at_many_names_is_one_guesser() -> None:
    door = Door()
    answers = [status(door.prove(name=f"user{n}", user=f"user{n}")) for n in range(30)]
    assert answers.count(401) == GUESSES


def test_guessing_at_one_name_from_many_places_is_slowed_too() -> None:
    door = Door()
    answers = [status(door.prove(password="no", by=flow(f"198.51.100.{n}"))) for n in range(30)]
    assert answers.count(401) == GUESSES


def test_guesses_are_forgotten_within_a_minute() -> None:
    door = Door()
    for n in range(20):
        door.prove(password=f"guess {n}")
    door.now += 61
    assert [status(door.prove(password="no")) for n in range(2)] == [401, 401]


def test_the_right_password_gets_in_while_others_guess() -> None:
    door = Door()
    for n in range(15):
        door.prove(password=f"guess {n}", by=ELSEWHERE)
    door.now += 0.5
    assert status(door.prove()) == 200, "from another address"
    door.now += 0.5
    assert status(door.prove(by=ELSEWHERE)) == 200, "even from the guesser's"


def test_who_has_signed_in_from_a_place_before_is_not_slowed_by_its_neighbours() -> None:
    door = Door()
    assert status(door.prove(by=ELSEWHERE)) == 200
    for n in range(40):
        door.prove(name="ben-desk", user="ben-desk", password=f"guess {n}", by=ELSEWHERE)
    assert [status(door.prove(by=ELSEWHERE)) for _ in range(5)] == [200] * 5


def test_a_registered_flow_is_always_heard() -> None:
    door = Door()
    door.register(ELSEWHERE)
    for n in range(40):
        door.prove(password=f"guess {n}", by=flow("198.51.100.9", 6666))
    assert [status(door.prove(password="no", by=ELSEWHERE)) for _ in range(3)] == [401] * 3
    assert status(door.prove(by=ELSEWHERE)) == 200


def test_an_address_that_only_asks_is_heard_at_its_rate() -> None:
    door = Door()
    answers = [status(door.knock(request("REGISTER"))) for _ in range(200)]
    assert answers == [401] * 100 + [0] * 100
    door.now += 1.0
    assert [status(door.knock(request("REGISTER"))) for _ in range(10)] == [401] * 5 + [0] * 5
    assert status(door.knock(request("REGISTER"), ELSEWHERE)) == 401


def test_signing_in_makes_up_for_having_asked() -> None:
    door = Door()
    assert {status(door.prove()) for _ in range(300)} == {200}


def test_an_old_nonce_is_answered_with_a_new_one_and_blames_nobody() -> None:
    door = Door()
    asked = door.knock(request("REGISTER"))
    assert isinstance(asked, Refusal)
    challenge = asked.headers.replace(b"WWW-Authenticate: ", b"").replace(b"\r\n", b", ").rstrip(b", ")
    for _ in range(20):
        proof = Answerer().answer(challenge, "REGISTER", b"sip:pbx", "anna-desk", PASSWORD).decode()
        door.now += 61
        answer = door.knock(request("REGISTER", f"Authorization: {proof}"))
        assert isinstance(answer, Refusal)
        assert b"stale=true" in answer.headers


@pytest.mark.parametrize(("lag", "unanswered"), [(0.06, 0), (0.0, 501)])
def test_overload_turns_new_calls_away_without_a_look_at_them(lag: float, unanswered: int) -> None:
    door = Door(lag=lag, unanswered=unanswered)
    answer = door.knock(request("INVITE", uri="sip:102@pbx"))
    assert isinstance(answer, Refusal)
    assert answer.status == 503
    assert 5 <= int(answer.headers.split(b":")[1]) <= 30
    assert status(door.prove("REGISTER")) == 200
    assert status(door.prove("INVITE", uri="sip:112@pbx")) == 200, "emergency calls always come through"


def test_when_all_calls_are_taken_new_ones_are_turned_away_but_for_emergencies() -> None:
    door = Door(is_full=True)
    refused = door.knock(request("INVITE", uri="sip:102@pbx"))
    assert isinstance(refused, Refusal)
    assert refused.status == 503
    assert b"Retry-After: " in refused.headers
    assert status(door.knock(request("INVITE", uri="sip:112@pbx"))) == 401
    assert status(door.knock(request("REGISTER"))) == 401


def test_heavy_overload_turns_registrations_away_too() -> None:
    assert status(Door(lag=0.11).knock(request("REGISTER"))) == 503
    assert status(Door(unanswered=1001).knock(request("REGISTER"))) == 503


def test_a_device_has_so_many_calls_and_no_more() -> None:
    assert status(Door(calls=2).prove("INVITE")) == 200
    assert status(Door(calls=3).prove("INVITE")) == 486
    assert status(Door(calls=3).prove("REGISTER")) == 200


def test_for_help_a_device_has_always_one_more() -> None:
    assert status(Door(calls=3).prove("INVITE", uri="sip:112@pbx")) == 200


@dataclass
class Next:
    """A neighbour who has come to see us."""

    def requested(self, tx: ServerTransaction, request: Request, now: float) -> None: ...


def test_a_neighbour_needs_no_proof_and_whoever_proves_something_is_none() -> None:
    neighbour = Next()
    door = Door(neighbours={ELSEWHERE: neighbour})
    assert door.admits(request("INVITE", uri="sip:102@pbx"), ELSEWHERE) is neighbour
    assert status(door.knock(request("INVITE", uri="sip:102@pbx"))) == 401
    assert status(door.knock(request("INVITE", 'Authorization: Digest realm="offhook"'), ELSEWHERE)) == 401


def test_overload_turns_neighbours_away_too() -> None:
    door = Door(neighbours={ELSEWHERE: Next()}, is_full=True)
    assert status(door.knock(request("INVITE", uri="sip:102@pbx"), ELSEWHERE)) == 503


def test_strangers_from_one_ipv6_network_are_one_stranger() -> None:
    door = Door()
    answers = [status(door.prove(password="no", by=flow(f"2001:db8:1::{n:x}"))) for n in range(1, 31)]
    assert answers.count(401) == GUESSES
