"""Buckets that fill again by themselves."""

import contextlib

import pytest

from ccr.desk.refusals import Code, Refusal
from ccr.services import allowance
from ccr.site import limits
from ccr.site.limits import Limits


class Clock:
    """Seconds, moved by the test."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def spent(bucket: Limits, times: int, who: str = "Carla") -> int:
    """How many of so many tries went through."""
    through = 0
    for _ in range(times):
        with contextlib.suppress(Refusal):
            bucket.spend("sign_in", who, 6)
            through += 1
    return through


def test_who_is_limited_is_told_when_to_come_again() -> None:
    bucket = Limits(clock=Clock())
    spent(bucket, 6)

    with pytest.raises(Refusal) as refused:
        bucket.spend("sign_in", "Carla", 6)

    assert (refused.value.code, refused.value.retry_after) == (Code.RATE_LIMITED, 10)


def test_a_minutes_worth_at_once_and_then_what_comes_in_again() -> None:
    clock = Clock()
    bucket = Limits(clock=clock)

    assert spent(bucket, 9) == 6
    clock.time += 10
    assert spent(bucket, 9) == 1
    clock.time += 3600
    assert spent(bucket, 9) == 6


def test_everybody_has_their_own_and_every_name_too() -> None:
    bucket = Limits(clock=Clock())
    assert spent(bucket, 7) == 6

    assert spent(bucket, 7, "Omar") == 6
    bucket.spend("registration", "Carla", 6)


def test_switched_off_there_is_none() -> None:
    assert spent(Limits(on=False, clock=Clock()), 100) == 100


def test_many_addresses_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "REMEMBERED", 10)
    bucket = Limits(clock=Clock())

    for number in range(100):
        spent(bucket, 1, f"192.0.2.{number}")

    assert len(bucket._buckets) == 10


def test_places_are_given_back_whatever_becomes_of_what_took_them() -> None:
    places = Limits(clock=Clock())

    with (
        contextlib.suppress(RuntimeError),
        places.place("files", "Carla", 1),
        places.place("files", "Omar", 1),
    ):
        with pytest.raises(Refusal) as refused:
            places.place("files", "Carla", 1).__enter__()
        raise RuntimeError

    assert (refused.value.code, refused.value.retry_after) == (Code.RATE_LIMITED, limits.PLACE_IN)
    with places.place("files", "Carla", 1):
        pass
