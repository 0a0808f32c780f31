"""Mobile numbers on DB2."""

import pytest

from tests.services.test_mobiles import *

pytestmark = pytest.mark.usefixtures("on_db2")
