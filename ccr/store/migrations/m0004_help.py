"""The help centre: articles, and whether they helped."""

STATEMENTS = [
    # Who wrote nothing in it (author_id) got it with the registry, and gets it anew with the next version.
    """
    CREATE TABLE articles (
        id {identity},
        slug VARCHAR(80) NOT NULL UNIQUE,
        category VARCHAR(240) NOT NULL,
        title VARCHAR(600) NOT NULL,
        summary VARCHAR(2000) NOT NULL,
        words VARCHAR(4000) NOT NULL,
        body {text} NOT NULL,
        place INTEGER NOT NULL,
        published SMALLINT NOT NULL CHECK (published IN (0, 1)),
        author_id BIGINT REFERENCES people (id),
        changed_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE article_votes (
        article_id BIGINT NOT NULL REFERENCES articles (id),
        voter VARCHAR(64) NOT NULL,
        helped SMALLINT NOT NULL CHECK (helped IN (0, 1)),
        voted_at BIGINT NOT NULL,
        PRIMARY KEY (article_id, voter)
    )
    """,
]
