"""Files that came with a wish for a person are their message's, as all others are."""

_TAKEN_BACK = "e.ticket_id = a.ticket_id AND e.seq = a.seq AND e.fields LIKE '%\"redacted\":true%'"
_THEIRS = f"FROM attachments a JOIN entries e ON {_TAKEN_BACK}"

STATEMENTS = [
    # They were named by the entry behind it, which reaches admins, too, and stays when the words are taken back.
    """
    UPDATE attachments SET seq = seq - 1 WHERE EXISTS (
        SELECT 1 FROM entries e WHERE e.ticket_id = attachments.ticket_id AND e.seq = attachments.seq
        AND e.type = 'person_requested'
    )
    """,
    f"UPDATE files SET kept = 0, sweep_at = 0 WHERE name IN (SELECT a.file {_THEIRS})",
    f"UPDATE files SET kept = 0, sweep_at = 0 WHERE name IN (SELECT a.preview {_THEIRS})",
    f"DELETE FROM attachments WHERE id IN (SELECT a.id {_THEIRS})",
]
