"""What clients ask, on DB2."""

import pytest

from tests.realtime.test_asking import *

pytestmark = pytest.mark.usefixtures("on_db2")
