"""argon2id with OWASP's parameters, in two threads of its own: a storm of sign-ins must not stall the talk."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from ccr.desk.refusals import Code, Refusal

T = TypeVar("T")

MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1

THREADS = 2

MOST_WAITING = 200
"""About three seconds' worth. Whoever comes later is told to come again, instead of waiting for ever."""


class Argon2Passwords:
    """The port `Hasher`. Takes about 25 ms and 19 MiB a hash; the parameters are smaller in tests only."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._argon2 = PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=LANES, type=Type.ID
        )
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._waiting = 0
        self._nobodys = self._argon2.hash("nobody's password")

    async def hash(self, password: str) -> str:
        """What is stored of the password. Raises `Refusal` `rate_limited` when far too many are being hashed."""
        return await self._run(lambda: self._argon2.hash(_normal(password)))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether this is the password. Without a hash it is compared with nobody's, which takes the same time."""
        right = await self._run(lambda: self._matches(password_hash or self._nobodys, password))
        return right and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(password_hash)

    def close(self) -> None:
        """End the threads once what runs is done."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._argon2.verify(password_hash, _normal(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise Refusal(
                Code.RATE_LIMITED, "Too many people are signing in just now. Try again soon.", retry_after=5
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _normal(password: str) -> str:
    """The same password typed on another keyboard may be written with other code points."""
    return unicodedata.normalize("NFKC", password)
