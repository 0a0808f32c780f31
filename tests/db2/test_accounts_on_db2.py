"""People's accounts on DB2."""

import pytest

from tests.services.test_accounts import *

pytestmark = pytest.mark.usefixtures("on_db2")
