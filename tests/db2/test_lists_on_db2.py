"""Live lists on DB2."""

import pytest

from tests.realtime.test_lists import *

pytestmark = pytest.mark.usefixtures("on_db2")
