"""Portraits on DB2."""

import pytest

from tests.services.test_portraits import *

pytestmark = pytest.mark.usefixtures("on_db2")
