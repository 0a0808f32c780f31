"""What tells whether a batch was committed, when the connection was lost in that moment."""

STATEMENTS = [
    """
    CREATE TABLE commits (
        writer VARCHAR(64) NOT NULL PRIMARY KEY,
        batch BIGINT NOT NULL,
        committed_at BIGINT NOT NULL
    )
    """,
]
