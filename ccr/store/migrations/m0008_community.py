"""Questions that customers make public, their answers, the votes for these, and what was done to each by whom."""

STATEMENTS = [
    # One for each ticket at most; nothing that is public says which. `revision` rises with whatever changes what is
    # found, or what somebody may be deciding about; by the sum of all every node sees that there is something new.
    """
    CREATE TABLE questions (
        id {identity},
        ticket_id BIGINT NOT NULL UNIQUE REFERENCES tickets (id),
        author_id BIGINT NOT NULL REFERENCES people (id),
        revision INTEGER NOT NULL,
        state VARCHAR(10) NOT NULL CHECK (state IN ('waiting', 'public', 'declined', 'hidden', 'withdrawn')),
        accepted_id BIGINT,
        asked_at BIGINT NOT NULL,
        public_at BIGINT,
        title VARCHAR(600) NOT NULL,
        reason VARCHAR(2000),
        body {text} NOT NULL
    )
    """,
    "CREATE INDEX questions_in_public ON questions (public_at, id)",
    "CREATE INDEX questions_by_state ON questions (state, asked_at)",
    "CREATE INDEX questions_of_author ON questions (author_id)",
    "CREATE INDEX questions_revised ON questions (revision)",
    """
    CREATE TABLE public_answers (
        id {identity},
        question_id BIGINT NOT NULL REFERENCES questions (id),
        author_id BIGINT NOT NULL REFERENCES people (id),
        state VARCHAR(10) NOT NULL CHECK (state IN ('public', 'hidden', 'withdrawn')),
        answered_at BIGINT NOT NULL,
        body {text} NOT NULL
    )
    """,
    "CREATE INDEX public_answers_of_question ON public_answers (question_id)",
    "CREATE INDEX public_answers_of_author ON public_answers (author_id)",
    """
    CREATE TABLE answer_votes (
        answer_id BIGINT NOT NULL REFERENCES public_answers (id),
        person_id BIGINT NOT NULL REFERENCES people (id),
        voted_at BIGINT NOT NULL,
        PRIMARY KEY (answer_id, person_id)
    )
    """,
    "CREATE INDEX answer_votes_of_person ON answer_votes (person_id)",
    # Nothing here is ever changed. By a person's key the same deed is known again.
    """
    CREATE TABLE question_deeds (
        id {identity},
        person_id BIGINT NOT NULL REFERENCES people (id),
        client_key VARCHAR(64) NOT NULL,
        deed_hash CHAR(32) NOT NULL,
        deed VARCHAR(20) NOT NULL,
        question_id BIGINT NOT NULL REFERENCES questions (id),
        answer_id BIGINT,
        reason VARCHAR(2000),
        done_at BIGINT NOT NULL,
        UNIQUE (person_id, client_key)
    )
    """,
    "CREATE INDEX question_deeds_of_question ON question_deeds (question_id)",
]
