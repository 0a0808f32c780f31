"""Turns and claims on DB2."""

import pytest

from tests.services.test_turns import *

pytestmark = pytest.mark.usefixtures("on_db2")
