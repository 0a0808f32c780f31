"""When agents are there."""

STATEMENTS = [
    # Of an agent, or, with the number 0, of everybody who has none of their own.
    """
    CREATE TABLE agent_hours (
        person_id BIGINT NOT NULL PRIMARY KEY,
        hours_json {json} NOT NULL
    )
    """,
]
