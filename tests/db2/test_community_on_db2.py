"""Public questions on DB2."""

import pytest

from tests.services.test_community import *

pytestmark = pytest.mark.usefixtures("on_db2")
