"""Notices by several channels, what providers told of them, and what people do not want to hear of."""

STATEMENTS = [
    # A row is one thing to carry by one channel, or a notice that is still to be spread over its channels ('every').
    "ALTER TABLE outbox ADD COLUMN channel VARCHAR(10) DEFAULT 'mail' NOT NULL",
    # Of several places that a channel may reach a person at, the one meant.
    "ALTER TABLE outbox ADD COLUMN target_id BIGINT",
    # Tries of which nobody knows whether they arrived: no answer in time, or a claim that ran out.
    "ALTER TABLE outbox ADD COLUMN unsure SMALLINT DEFAULT 0 NOT NULL",
    # From when the patience with it counts, where that is not its making.
    "ALTER TABLE outbox ADD COLUMN fresh_at BIGINT",
    # What the provider calls it, and what it told later of its way.
    "ALTER TABLE outbox ADD COLUMN provider_id VARCHAR(100)",
    "ALTER TABLE outbox ADD COLUMN fate VARCHAR(20)",
    "ALTER TABLE outbox ADD COLUMN fate_at BIGINT",
    "DROP INDEX outbox_due",
    "CREATE INDEX outbox_by_channel ON outbox (state, channel, due_at)",
    # A kind that a person turned off for a channel. What is not here is on.
    """
    CREATE TABLE quiet_kinds (
        person_id BIGINT NOT NULL REFERENCES people (id),
        kind VARCHAR(30) NOT NULL,
        channel VARCHAR(10) NOT NULL,
        PRIMARY KEY (person_id, kind, channel)
    )
    """,
    # An address, in lower case, that mail came back from.
    """
    CREATE TABLE bounced_addresses (
        address VARCHAR(254) NOT NULL PRIMARY KEY,
        reason VARCHAR(300) NOT NULL,
        bounced_at BIGINT NOT NULL
    )
    """,
    # What a provider reported, each report once though it may be sent again.
    """
    CREATE TABLE reports_seen (
        report_id VARCHAR(100) NOT NULL PRIMARY KEY,
        seen_at BIGINT NOT NULL
    )
    """,
]
