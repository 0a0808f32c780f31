"""Live entries on DB2: commands by sockets, and who hears of them."""

import pytest

from tests.realtime.test_entries import *

pytestmark = pytest.mark.usefixtures("on_db2")
