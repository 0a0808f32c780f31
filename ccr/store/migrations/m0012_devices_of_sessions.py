"""A session knows the device on which it was begun, so that a device can be signed out as a whole."""

STATEMENTS = [
    # NULL for those begun before, and by a version that does not know of it.
    "ALTER TABLE sessions ADD COLUMN device_hash CHAR(64)",
]
