"""Signing in on DB2."""

import pytest

from tests.services.test_signing_in import *

pytestmark = pytest.mark.usefixtures("on_db2")
