"""Every notice arrives, or is given up with its reason, whatever the provider does and however often we die."""

from tests.delivery.fire import under_fire


async def test_no_notice_vanishes_and_none_comes_twice_without_a_reason() -> None:
    outcome = await under_fire(count=80, kills=2)
    assert outcome.faults() == [], outcome.report()
    assert len(outcome.put) == 80
    assert set(outcome.answers) >= {202, 500, 503}
