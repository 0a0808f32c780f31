"""The spreading of notices on DB2."""

import pytest

from tests.store.test_spreading import *

pytestmark = pytest.mark.usefixtures("on_db2")
