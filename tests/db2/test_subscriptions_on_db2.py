"""Browsers that asked for notifications on DB2."""

import pytest

from tests.services.test_subscriptions import *

pytestmark = pytest.mark.usefixtures("on_db2")
