"""Mobile numbers that are texted, the codes that prove them, and browsers that asked for notifications."""

STATEMENTS = [
    # A number that its owner has proved, in the form E.164. What people tell others as their number stays in `people`.
    """
    CREATE TABLE mobiles (
        person_id BIGINT NOT NULL PRIMARY KEY REFERENCES people (id),
        mobile VARCHAR(16) NOT NULL,
        verified_at BIGINT NOT NULL,
        texts SMALLINT NOT NULL CHECK (texts IN (0, 1)),
        refused_at BIGINT
    )
    """,
    # One that is still to be proved. The hash is empty until the code is made, which is when its text goes out.
    """
    CREATE TABLE mobile_codes (
        person_id BIGINT NOT NULL PRIMARY KEY REFERENCES people (id),
        mobile VARCHAR(16) NOT NULL,
        code_hash VARCHAR(200) NOT NULL,
        expires_at BIGINT NOT NULL,
        tries_left SMALLINT NOT NULL
    )
    """,
    # Gone with the session in which it was asked for.
    """
    CREATE TABLE subscriptions (
        id {identity},
        person_id BIGINT NOT NULL REFERENCES people (id),
        session_id BIGINT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        endpoint_hash CHAR(64) NOT NULL UNIQUE,
        endpoint VARCHAR(1000) NOT NULL,
        p256dh VARCHAR(100) NOT NULL,
        auth_key VARCHAR(50) NOT NULL,
        subscribed_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX subscriptions_of_person ON subscriptions (person_id)",
    "CREATE INDEX subscriptions_of_session ON subscriptions (session_id)",
]
