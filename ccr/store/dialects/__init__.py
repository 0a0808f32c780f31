"""Where the databases differ, by name. Everything else in `store/` is SQL that all of them understand."""

from ccr.store.dialects.base import About, Asking, Dialect, Driver, Trouble
from ccr.store.dialects.db2 import DB2
from ccr.store.dialects.sqlite import SQLite

__all__ = ["DB2", "About", "Asking", "Dialect", "Driver", "SQLite", "Trouble"]
