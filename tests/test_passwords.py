"""Passwords are kept as argon2id and checked one at a time."""

import asyncio

import pytest

from offhook.passwords import Busy, Passwords, weakness


async def test_the_right_password_is_right_and_another_is_not() -> None:
    passwords = Passwords()
    kept = await passwords.hash("correct horse")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.verify(kept, "correct horse")
    assert not await passwords.verify(kept, "correct hors")


@pytest.mark.parametrize("kept", [None, "", "no hash at all", "$argon2id$broken"])
async def test_without_a_hash_every_password_is_wrong(kept: str | None) -> None:
    assert not await Passwords().verify(kept, "")


async def test_whoever_comes_after_twenty_others_is_refused_and_nobody_else() -> None:
    passwords = Passwords()
    kept = await passwords.hash("correct horse")
    answers = await asyncio.gather(
        *(passwords.verify(kept, "correct horse") for _ in range(21)), return_exceptions=True
    )
    assert [answer for answer in answers if answer is not True] == [answers[20]]
    assert isinstance(answers[20], Busy)
    assert await passwords.verify(kept, "correct horse")


def test_only_length_makes_a_password_weak() -> None:
    assert weakness("1234567")
    assert not weakness("12345678")
    assert weakness("x" * 257)
