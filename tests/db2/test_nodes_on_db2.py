"""Several processes on DB2."""

import pytest

from tests.realtime.test_nodes import (
    test_a_message_comes_to_the_other_node_in_order_and_to_each_once,
    test_who_loses_the_ticket_is_turned_out_on_the_other_node,
    two,
    valkey,
)
from tests.services.test_catching_up import *

__all__ = [
    "test_a_message_comes_to_the_other_node_in_order_and_to_each_once",
    "test_who_loses_the_ticket_is_turned_out_on_the_other_node",
    "two",
    "valkey",
]

pytestmark = pytest.mark.usefixtures("on_db2")
