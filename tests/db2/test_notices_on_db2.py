"""Choices, traces and reports of notices on DB2."""

import pytest

from tests.services.test_notices import *

pytestmark = pytest.mark.usefixtures("on_db2")
