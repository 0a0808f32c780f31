"""Mobile numbers on DB2."""

import pytest

from tests.services.test_mobiles import (
    carla,
    house,
    test_a_code_belongs_to_the_number_asked_for_last,
    test_a_number_can_be_forgotten_and_goes_with_the_account,
    test_a_number_is_texted_only_once_its_owner_has_proved_it,
    test_five_wrong_tries_are_all_and_another_text_gives_no_more,
    test_texts_are_switched_off_and_on,
)

__all__ = [
    "carla",
    "house",
    "test_a_code_belongs_to_the_number_asked_for_last",
    "test_a_number_can_be_forgotten_and_goes_with_the_account",
    "test_a_number_is_texted_only_once_its_owner_has_proved_it",
    "test_five_wrong_tries_are_all_and_another_text_gives_no_more",
    "test_texts_are_switched_off_and_on",
]

pytestmark = pytest.mark.usefixtures("on_db2")
