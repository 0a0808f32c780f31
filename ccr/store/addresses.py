"""What is held of somebody by their e-mail address, and not by who they are."""

from ccr.desk.notices import Channel, Kind
from ccr.store import bounces, people
from ccr.store.connection import Connection


def forget(connection: Connection, person_id: int) -> None:
    """Nothing says any more which address was theirs. While they still have it: later it may be somebody else's."""
    person = people.find(connection, person_id)
    if person is None or not person.email:
        return
    bounces.drop(connection, person.email)
    connection.run(
        "UPDATE outbox SET address = NULL, fault = NULL WHERE (state = 'waiting' OR state = 'dead') "
        "AND channel = ? AND kind = ? AND address = ?",
        Channel.MAIL.value,
        Kind.ONE_TIME_CODE.value,
        people.as_login(person.email),
    )
    # Servers that do not take a mail like to say to whom.
    connection.run(
        "UPDATE outbox SET fault = NULL WHERE person_id = ? AND (state = 'waiting' OR state = 'dead')",
        person_id,
    )
