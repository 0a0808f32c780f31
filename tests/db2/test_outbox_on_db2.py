"""The outbox on DB2."""

import pytest

from tests.store.test_outbox import *

pytestmark = pytest.mark.usefixtures("on_db2")
