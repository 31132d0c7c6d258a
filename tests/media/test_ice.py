"""ICE-lite: whose checks count, and where we send afterwards."""

from secrets import token_bytes

from offhook.media.wire import Ice
from offhook.media.worker import stun
from offhook.media.worker.ice import KEPT, Agent, Doorbell, Source

ICE = Ice("ours", "our-password", "theirs", "their-password", "sha-256 AA")
AGAIN = Ice("ours2", "our-password2", "theirs2", "their-password2", "sha-256 AA")
HOME: Source = ("192.0.2.1", 1000)
MOBILE: Source = ("198.51.100.7", 2000)


def check(
    ice: Ice = ICE,
    *,
    user: str = "",
    pwd: str = "",
    nominate: bool = True,
    extra: tuple[int, bytes] | None = None,
) -> stun.Message:
    attributes = [(stun.USERNAME, (user or f"{ice.ufrag}:{ice.far_ufrag}").encode())]
    if nominate:
        attributes.append((stun.USE_CANDIDATE, b""))
    if extra:
        attributes.append(extra)
    message = stun.read(stun.write(stun.REQUEST, token_bytes(12), attributes, (pwd or ice.pwd).encode()))
    assert message is not None
    return message


def agent(ice: Ice = ICE) -> Agent:
    made = Agent()
    made.settle(ice)
    return made


def test_a_signed_check_is_answered_and_its_address_proved() -> None:
    ours = agent()
    answer = stun.read(ours.answer(check(), HOME) or b"")
    assert answer is not None
    assert answer.kind == stun.SUCCESS
    assert answer.is_signed_with(ICE.pwd.encode())
    assert ours.has_proved(HOME)
    assert ours.remote == HOME


def test_a_check_with_the_wrong_password_or_name_proves_nothing() -> None:
    ours = agent()
    assert ours.answer(check(pwd="guess"), HOME) is None
    assert ours.answer(check(user="ours:stranger"), HOME) is None
    assert ours.answer(check(user="ours"), HOME) is None
    assert not ours.has_proved(HOME)
    assert ours.remote is None


def test_before_anything_is_agreed_no_check_counts() -> None:
    assert Agent().answer(check(), HOME) is None


def test_we_follow_what_is_nominated_and_nothing_else() -> None:
    ours = agent()
    ours.answer(check(), HOME)
    ours.answer(check(nominate=False), MOBILE)
    assert ours.remote == HOME
    ours.answer(check(), MOBILE)
    assert ours.remote == MOBILE


def test_old_credentials_are_good_until_the_new_ones_are_used() -> None:
    ours = agent()
    ours.answer(check(), HOME)
    ours.settle(AGAIN)
    assert ours.answer(check(), HOME) is not None
    assert ours.answer(check(AGAIN), MOBILE) is not None
    assert ours.remote == MOBILE
    assert ours.answer(check(), HOME) is None


def test_settling_the_same_credentials_again_changes_nothing() -> None:
    ours = agent()
    ours.answer(check(), HOME)
    ours.settle(ICE)
    assert ours.answer(check(), HOME) is not None


def test_who_does_not_want_to_control_is_told_of_the_conflict() -> None:
    answer = stun.read(agent().answer(check(extra=(stun.ICE_CONTROLLED, bytes(8))), HOME) or b"")
    assert answer is not None
    assert answer.attributes[stun.ERROR_CODE][2:4] == bytes((4, 87))


def test_only_so_many_addresses_are_kept_and_the_one_in_use_among_them() -> None:
    ours = agent()
    ours.answer(check(), HOME)
    for n in range(100):
        ours.answer(check(nominate=False), ("203.0.113.1", 5000 + n))
    assert ours.has_proved(HOME)
    assert sum(ours.has_proved(("203.0.113.1", 5000 + n)) for n in range(100)) == KEPT - 1


def test_plain_stun_is_answered_a_few_times_a_second() -> None:
    bell = Doorbell()
    request = stun.read(stun.write(stun.REQUEST, bytes(12), [], None))
    assert request is not None
    answered = [bell.answer(request, HOME, 50.0) is not None for _ in range(100)]
    assert answered.count(True) == 10
    assert bell.answer(request, HOME, 51.0) is not None
