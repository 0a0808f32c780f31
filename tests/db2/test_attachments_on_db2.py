"""Attachments on DB2."""

import pytest

from tests.services.test_attachments import *

pytestmark = pytest.mark.usefixtures("on_db2")
