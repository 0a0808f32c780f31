"""The help centre on DB2."""

import pytest

from tests.services.test_help_centre import *

pytestmark = pytest.mark.usefixtures("on_db2")
