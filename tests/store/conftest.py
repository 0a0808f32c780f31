"""The store, on SQLite."""

from tests.store.contract import store

__all__ = ["store"]
