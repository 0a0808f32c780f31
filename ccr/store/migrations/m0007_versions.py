"""A schema says for itself which older versions of the registry may still serve it."""

STATEMENTS = [
    "ALTER TABLE schema_versions ADD COLUMN oldest INTEGER",
]
