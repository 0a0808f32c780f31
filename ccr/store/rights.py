"""What the user that serves may do to each table, where the database knows users: no more than the code here does.

A test reads every statement in the source, and fails where this says more than they need, or less.
"""

import re

RIGHTS = {
    "schema_versions": "SELECT",
    "people": "SELECT, INSERT, UPDATE",
    "logins": "SELECT, INSERT, DELETE",
    "sessions": "SELECT, INSERT, UPDATE, DELETE",
    "devices": "SELECT, INSERT, UPDATE, DELETE",
    "codes": "SELECT, INSERT, UPDATE, DELETE",
    "wrong_tries": "SELECT, INSERT, DELETE",
    "tickets": "SELECT, INSERT, UPDATE",
    # A message that is taken back loses its words; its number, its author and its time nobody can change.
    "entries": "SELECT, INSERT, UPDATE (fields)",
    "receipts": "SELECT, INSERT",
    "read_marks": "SELECT, INSERT, UPDATE",
    "outbox": "SELECT, INSERT, UPDATE, DELETE",
    "quiet_kinds": "SELECT, INSERT, DELETE",
    "bounced_addresses": "SELECT, INSERT, DELETE",
    "reports_seen": "SELECT, INSERT, DELETE",
    "mobiles": "SELECT, INSERT, UPDATE, DELETE",
    "mobile_codes": "SELECT, INSERT, UPDATE, DELETE",
    "subscriptions": "SELECT, INSERT, UPDATE (session_id), DELETE",
    "canned_replies": "SELECT, INSERT",
    "feedback": "SELECT, INSERT",
    "files": "SELECT, INSERT, UPDATE, DELETE",
    "attachments": "SELECT, INSERT, UPDATE, DELETE",
    "uploads": "SELECT, INSERT, UPDATE, DELETE",
    "upload_pieces": "SELECT, INSERT, DELETE",
    "portraits": "SELECT, INSERT, DELETE",
    "articles": "SELECT, INSERT, UPDATE",
    "article_votes": "SELECT, INSERT, UPDATE",
    "questions": "SELECT, INSERT, UPDATE",
    "public_answers": "SELECT, INSERT, UPDATE",
    "answer_votes": "SELECT, INSERT, DELETE",
    "question_deeds": "SELECT, INSERT",
    "agent_hours": "SELECT, INSERT, DELETE",
    "commits": "SELECT, INSERT, UPDATE, DELETE",
}
"""By table, as a GRANT says it."""

_ORDINARY = re.compile(r"[A-Z][A-Z0-9_]{0,127}")


def grants(user: str, schema: str) -> list[str]:
    """The statements by which the owner of `schema` lets `user` serve. They may be run again."""
    return [
        f"GRANT {rights} ON TABLE {quoted(schema)}.{table} TO USER {quoted(user)}"
        for table, rights in RIGHTS.items()
    ]


def quoted(name: str) -> str:
    """As the database folds it, quoted where it must be."""
    name = name.upper()
    return name if _ORDINARY.fullmatch(name) else '"' + name.replace('"', '""') + '"'
