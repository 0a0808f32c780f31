"""The postman on DB2."""

import pytest

from tests.services.test_postman import *

pytestmark = pytest.mark.usefixtures("on_db2")
