"""Passwords of users: argon2id, one at a time, in a thread of its own.

A check costs 19 ms of a core. Two at once would be heard in the calls, and a queue without end
would be a way to stop the server, so whoever comes after twenty others is refused.
"""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 8  # letters of a new password; length is all we ask for (NIST SP 800-63B)
LONGEST = 256
_MOST_WAITING = 20
USUAL = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # OWASP's figures

T = TypeVar("T")


class Busy(Exception):
    """Too many passwords are being checked; ask again in a second (503)."""


class Passwords:
    def __init__(self, hasher: PasswordHasher = USUAL) -> None:
        self._hasher = hasher
        self._thread = ThreadPoolExecutor(1, "passwords")
        self._waiting = 0
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        """What to keep of a new password. Raises Busy."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, hash: str | None, password: str) -> bool:
        """True when it is the right one. Without a hash, no, after the same work. Raises Busy."""
        return await self._run(lambda: self._verify(hash, password))

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= _MOST_WAITING:
            raise Busy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1

    def _verify(self, hash: str | None, password: str) -> bool:
        if not self._nobodys:
            self._nobodys = self._hasher.hash(secrets.token_hex())
        if len(password) > LONGEST:
            hash = None
        try:
            return self._hasher.verify(hash or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False


def weakness(password: str) -> str:
    """Why a new password cannot be taken, as a sentence; empty when it can."""
    if len(password) < SHORTEST:
        return f"A password has {SHORTEST} letters or more."
    if len(password) > LONGEST:
        return f"A password has {LONGEST} letters at most."
    return ""
