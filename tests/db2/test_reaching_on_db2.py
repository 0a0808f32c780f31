"""Texts and notifications on DB2."""

import pytest

from tests.services.test_reaching import *

pytestmark = pytest.mark.usefixtures("on_db2")
