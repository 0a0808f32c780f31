"""People, sessions, tickets and their timelines, keys, read marks, the outbox, feedback."""

STATEMENTS = [
    """
    CREATE TABLE people (
        id {identity},
        role VARCHAR(10) NOT NULL CHECK (role IN ('customer', 'agent', 'admin', 'bot')),
        first_name VARCHAR(400) NOT NULL,
        last_name VARCHAR(400) NOT NULL,
        email VARCHAR(254),
        username VARCHAR(64),
        mobile VARCHAR(32),
        gender VARCHAR(10) CHECK (gender IN ('female', 'male', 'other')),
        password_hash VARCHAR(200),
        must_change_password SMALLINT DEFAULT 0 NOT NULL CHECK (must_change_password IN (0, 1)),
        active SMALLINT DEFAULT 1 NOT NULL CHECK (active IN (0, 1)),
        created_at BIGINT NOT NULL,
        deleted_at BIGINT
    )
    """,
    # What a person signs in with, each owned by at most one person. A table of its own, because a unique column that
    # may be null admits many nulls in SQLite and just one in DB2.
    """
    CREATE TABLE logins (
        login VARCHAR(254) NOT NULL PRIMARY KEY,
        person_id BIGINT NOT NULL REFERENCES people (id),
        kind VARCHAR(10) NOT NULL CHECK (kind IN ('email', 'username'))
    )
    """,
    "CREATE INDEX logins_of_person ON logins (person_id)",
    "CREATE INDEX people_by_role ON people (role, active)",
    """
    CREATE TABLE sessions (
        id {identity},
        person_id BIGINT NOT NULL REFERENCES people (id),
        token_hash CHAR(64) NOT NULL UNIQUE,
        device VARCHAR(100) NOT NULL,
        address VARCHAR(64) NOT NULL,
        created_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX sessions_of_person ON sessions (person_id)",
    # A device that signed in before is known by a cookie of its own: it is not mailed about again, and strangers' wrong
    # tries do not slow it down.
    """
    CREATE TABLE devices (
        person_id BIGINT NOT NULL REFERENCES people (id),
        device_hash CHAR(64) NOT NULL,
        seen_at BIGINT NOT NULL,
        PRIMARY KEY (person_id, device_hash)
    )
    """,
    """
    CREATE TABLE codes (
        person_id BIGINT NOT NULL PRIMARY KEY REFERENCES people (id),
        code_hash VARCHAR(200) NOT NULL,
        expires_at BIGINT NOT NULL,
        tries_left SMALLINT NOT NULL
    )
    """,
    """
    CREATE TABLE wrong_tries (
        id {identity},
        bucket VARCHAR(64) NOT NULL,
        tried_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX wrong_tries_by_bucket ON wrong_tries (bucket, tried_at)",
    """
    CREATE TABLE tickets (
        id {identity},
        query VARCHAR(600) NOT NULL,
        customer_id BIGINT NOT NULL REFERENCES people (id),
        agent_id BIGINT REFERENCES people (id),
        status VARCHAR(10) NOT NULL CHECK (status IN ('open', 'assigned', 'closed')),
        priority VARCHAR(10) NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
        waiting_on VARCHAR(10) CHECK (waiting_on IN ('agent', 'customer')),
        waiting_since BIGINT,
        opened_at BIGINT NOT NULL,
        outline_seq INTEGER NOT NULL,
        outline_at BIGINT NOT NULL,
        conversation_seq INTEGER NOT NULL,
        conversation_at BIGINT NOT NULL,
        last_seq INTEGER NOT NULL,
        updated_at BIGINT NOT NULL,
        stars SMALLINT CHECK (stars BETWEEN 1 AND 5),
        rating_comment {text},
        CHECK (status <> 'assigned' OR agent_id IS NOT NULL)
    )
    """,
    # None of these moves with a message, which would cost more than the sorting of one person's tickets.
    "CREATE INDEX tickets_of_customer ON tickets (customer_id)",
    "CREATE INDEX tickets_of_agent ON tickets (agent_id)",
    "CREATE INDEX tickets_by_status ON tickets (status)",
    "CREATE INDEX tickets_by_outline ON tickets (outline_at, id)",
    # Checked without IN: SQLite makes a temporary table of a longer list, for every row.
    """
    CREATE TABLE entries (
        ticket_id BIGINT NOT NULL REFERENCES tickets (id),
        seq INTEGER NOT NULL CHECK (seq > 0),
        happened_at BIGINT NOT NULL,
        actor_id BIGINT NOT NULL REFERENCES people (id),
        actor_role VARCHAR(10) NOT NULL
            CHECK (actor_role = 'customer' OR actor_role = 'agent' OR actor_role = 'admin' OR actor_role = 'bot'),
        type VARCHAR(30) NOT NULL,
        reach SMALLINT NOT NULL CHECK (reach BETWEEN 0 AND 2),
        client_key VARCHAR(64) NOT NULL,
        fields {json} NOT NULL,
        PRIMARY KEY (ticket_id, seq)
    ){clustered}
    """,
    # What was answered to a person's key, for ever: scope is the ticket, or 0 for the raising of one.
    """
    CREATE TABLE receipts (
        person_id BIGINT NOT NULL REFERENCES people (id),
        scope BIGINT NOT NULL,
        client_key VARCHAR(64) NOT NULL,
        command_hash CHAR(32) NOT NULL,
        ticket_id BIGINT NOT NULL REFERENCES tickets (id),
        seq INTEGER NOT NULL,
        entries SMALLINT NOT NULL,
        answered_at BIGINT NOT NULL,
        PRIMARY KEY (scope, person_id, client_key)
    ){clustered}
    """,
    """
    CREATE TABLE read_marks (
        ticket_id BIGINT NOT NULL REFERENCES tickets (id),
        person_id BIGINT NOT NULL REFERENCES people (id),
        seq INTEGER NOT NULL,
        read_at BIGINT NOT NULL,
        PRIMARY KEY (ticket_id, person_id)
    ){clustered}
    """,
    """
    CREATE TABLE outbox (
        id {identity},
        kind VARCHAR(30) NOT NULL,
        person_id BIGINT REFERENCES people (id),
        address VARCHAR(254),
        ticket_id BIGINT REFERENCES tickets (id),
        data {json} NOT NULL,
        state VARCHAR(10) NOT NULL CHECK (state IN ('waiting', 'sent', 'pointless', 'dead')),
        created_at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        tries SMALLINT NOT NULL,
        claimed_by VARCHAR(40),
        claimed_until BIGINT NOT NULL,
        fault VARCHAR(300),
        settled_at BIGINT
    )
    """,
    "CREATE INDEX outbox_due ON outbox (state, due_at)",
    "CREATE INDEX outbox_of_ticket ON outbox (ticket_id, person_id, state)",
    """
    CREATE TABLE canned_replies (
        id {identity},
        shortcut VARCHAR(40) NOT NULL UNIQUE,
        body {text} NOT NULL
    )
    """,
    """
    CREATE TABLE feedback (
        id {identity},
        person_id BIGINT NOT NULL REFERENCES people (id),
        about VARCHAR(10) NOT NULL CHECK (about IN ('service', 'agent')),
        ticket_id BIGINT REFERENCES tickets (id),
        stars SMALLINT CHECK (stars BETWEEN 1 AND 5),
        body {text} NOT NULL,
        written_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX feedback_by_time ON feedback (written_at)",
]
