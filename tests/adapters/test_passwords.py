"""Hashing passwords."""

import asyncio
from collections.abc import Iterator

import pytest

from ccr.adapters import passwords
from ccr.adapters.passwords import Argon2Passwords
from ccr.desk.refusals import Code, Refusal


@pytest.fixture
def hasher() -> Iterator[Argon2Passwords]:
    made = Argon2Passwords(memory_kib=8, passes=1)
    yield made
    made.close()


async def test_a_password_is_recognised_and_no_other(hasher: Argon2Passwords) -> None:
    stored = await hasher.hash("correct horse")

    assert await hasher.verify(stored, "correct horse")
    assert not await hasher.verify(stored, "correct house")
    assert stored != await hasher.hash("correct horse")


async def test_the_parameters_are_owasps() -> None:
    hasher = Argon2Passwords()
    stored = await hasher.hash("correct horse")
    hasher.close()

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_without_a_hash_nothing_is_right(hasher: Argon2Passwords) -> None:
    assert not await hasher.verify(None, "nobody's password")
    assert not await hasher.verify("not a hash", "nobody's password")


async def test_the_same_letters_typed_otherwise_are_the_same(hasher: Argon2Passwords) -> None:
    stored = await hasher.hash("u\u0308bermut 1")

    assert await hasher.verify(stored, "\u00fcbermut 1")


async def test_hashes_of_other_parameters_are_outdated(hasher: Argon2Passwords) -> None:
    other = Argon2Passwords(memory_kib=16, passes=1)
    stored = await other.hash("correct horse")
    other.close()

    assert hasher.is_outdated(stored)
    assert not hasher.is_outdated(await hasher.hash("correct horse"))


async def test_a_storm_is_told_to_come_again(
    hasher: Argon2Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "MOST_WAITING", 5)

    answers = await asyncio.gather(*(hasher.hash("correct horse") for _ in range(20)), return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(refused) == 15
    assert {refusal.code for refusal in refused} == {Code.RATE_LIMITED}
    assert await hasher.hash("correct horse")
