"""Rights that are lost on open sockets, on DB2."""

import pytest

from tests.realtime.test_rights_lost import *

pytestmark = pytest.mark.usefixtures("on_db2")
