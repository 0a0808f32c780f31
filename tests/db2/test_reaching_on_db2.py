"""Texts and notifications on DB2."""

import pytest

from tests.services.test_reaching import (
    away,
    test_a_browser_that_is_gone_is_forgotten,
    test_a_code_is_texted_and_proves_the_number,
    test_a_notification_goes_to_every_browser_of_who_is_away,
    test_admins_hear_of_new_tickets_that_nobody_has_yet,
    test_an_answer_that_waits_is_texted_once_until_it_is_read,
    test_who_answers_stop_is_texted_no_more,
    test_who_is_looking_at_it_is_not_notified,
    test_who_subscribes_while_a_mail_waits_is_notified_of_what_comes_next,
)

__all__ = [
    "away",
    "test_a_browser_that_is_gone_is_forgotten",
    "test_a_code_is_texted_and_proves_the_number",
    "test_a_notification_goes_to_every_browser_of_who_is_away",
    "test_admins_hear_of_new_tickets_that_nobody_has_yet",
    "test_an_answer_that_waits_is_texted_once_until_it_is_read",
    "test_who_answers_stop_is_texted_no_more",
    "test_who_is_looking_at_it_is_not_notified",
    "test_who_subscribes_while_a_mail_waits_is_notified_of_what_comes_next",
]

pytestmark = pytest.mark.usefixtures("on_db2")
