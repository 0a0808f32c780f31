"""What every database must do alike, on DB2."""

import pytest

from tests.store.test_entries import TestEntries, ticket
from tests.store.test_kept import TestCannedReplies, TestFeedback, TestHoldings
from tests.store.test_lists import TestLists
from tests.store.test_people import TestPeople
from tests.store.test_receipts import TestReadMarks, TestReceipts
from tests.store.test_signed_in import TestCodes, TestSessions, TestWrongTries
from tests.store.test_tickets import TestTickets

__all__ = [
    "TestCannedReplies",
    "TestCodes",
    "TestEntries",
    "TestFeedback",
    "TestHoldings",
    "TestLists",
    "TestPeople",
    "TestReadMarks",
    "TestReceipts",
    "TestSessions",
    "TestTickets",
    "TestWrongTries",
    "ticket",
]

pytestmark = pytest.mark.usefixtures("once_on_db2")
