"""The bot on tickets, on DB2."""

import pytest

from tests.services.test_ticket_bot import *

pytestmark = pytest.mark.usefixtures("on_db2")
