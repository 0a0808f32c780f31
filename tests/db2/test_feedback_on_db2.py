"""Feedback on DB2."""

import pytest

from tests.services.test_feedback import *

pytestmark = pytest.mark.usefixtures("on_db2")
