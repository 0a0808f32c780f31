"""One-time codes on DB2."""

import pytest

from tests.services.test_resets import *

pytestmark = pytest.mark.usefixtures("on_db2")
