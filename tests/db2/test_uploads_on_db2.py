"""Uploads on DB2."""

import pytest

from tests.services.test_uploads import *

pytestmark = pytest.mark.usefixtures("on_db2")
