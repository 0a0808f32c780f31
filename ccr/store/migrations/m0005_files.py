"""Files in the conversation: what lies in the store, whose it is, and uploads that are still under way."""

STATEMENTS = [
    # Every name is entered before its bytes are put, so that nothing can lie in the store without a row here: what is
    # not kept (or no longer) is swept from both.
    """
    CREATE TABLE files (
        name VARCHAR(64) NOT NULL PRIMARY KEY,
        kept SMALLINT NOT NULL CHECK (kept IN (0, 1)),
        sweep_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX files_to_sweep ON files (kept, sweep_at)",
    # `seq` is the entry that names it, null until there is one.
    """
    CREATE TABLE attachments (
        id BIGINT NOT NULL PRIMARY KEY,
        ticket_id BIGINT NOT NULL REFERENCES tickets (id),
        owner_id BIGINT NOT NULL REFERENCES people (id),
        seq INTEGER,
        name VARCHAR(200) NOT NULL,
        media_type VARCHAR(100) NOT NULL,
        bytes INTEGER NOT NULL,
        width INTEGER,
        height INTEGER,
        duration_ms INTEGER,
        waveform VARCHAR(64),
        file VARCHAR(64) NOT NULL REFERENCES files (name),
        preview VARCHAR(64) REFERENCES files (name),
        preview_bytes INTEGER,
        added_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX attachments_of_entry ON attachments (ticket_id, seq)",
    "CREATE INDEX attachments_of_owner ON attachments (owner_id, seq)",
    # Kept for a day, finished or not: what somebody sent in a day is counted here, and who asks again is told again.
    """
    CREATE TABLE uploads (
        id BIGINT NOT NULL PRIMARY KEY,
        ticket_id BIGINT NOT NULL REFERENCES tickets (id),
        owner_id BIGINT NOT NULL REFERENCES people (id),
        name VARCHAR(200) NOT NULL,
        total INTEGER NOT NULL,
        received INTEGER NOT NULL,
        duration_ms INTEGER,
        waveform VARCHAR(64),
        state VARCHAR(10) NOT NULL CHECK (state IN ('open', 'done', 'ended')),
        attachment_id BIGINT,
        digest CHAR(64),
        begun_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX uploads_of_owner ON uploads (owner_id, begun_at)",
    "CREATE INDEX uploads_by_time ON uploads (begun_at)",
    """
    CREATE TABLE upload_pieces (
        upload_id BIGINT NOT NULL REFERENCES uploads (id),
        start_at INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        file VARCHAR(64) NOT NULL REFERENCES files (name),
        PRIMARY KEY (upload_id, start_at)
    )
    """,
    """
    CREATE TABLE portraits (
        person_id BIGINT NOT NULL PRIMARY KEY REFERENCES people (id),
        file VARCHAR(64) NOT NULL REFERENCES files (name),
        bytes INTEGER NOT NULL
    )
    """,
]
