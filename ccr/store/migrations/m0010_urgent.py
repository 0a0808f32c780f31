"""What is urgent is found at once, however much waits beside it."""

STATEMENTS = [
    "CREATE INDEX outbox_by_kind ON outbox (state, channel, kind, due_at)",
]
