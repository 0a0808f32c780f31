"""Browsers that asked for notifications on DB2."""

import pytest

from tests.services.test_subscriptions import (
    carla,
    house,
    test_it_is_gone_with_its_session,
    test_the_one_that_asked_first_goes_for_one_too_many,
    test_the_same_again_is_the_same_and_a_new_endpoint_takes_its_place,
    test_who_signs_in_next_at_the_same_browser_takes_it_over,
)

__all__ = [
    "carla",
    "house",
    "test_it_is_gone_with_its_session",
    "test_the_one_that_asked_first_goes_for_one_too_many",
    "test_the_same_again_is_the_same_and_a_new_endpoint_takes_its_place",
    "test_who_signs_in_next_at_the_same_browser_takes_it_over",
]

pytestmark = pytest.mark.usefixtures("on_db2")
