"""Staff on DB2."""

import pytest

from tests.services.test_staff import *

pytestmark = pytest.mark.usefixtures("on_db2")
