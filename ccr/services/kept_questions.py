"""Public questions and answers as far as somebody may see them, and changed without overtaking anybody."""

import msgspec

from ccr.desk.people import Person
from ccr.desk.questions import State
from ccr.desk.refusals import conflict, not_found
from ccr.services import public_words
from ccr.store import public_answers, questions
from ccr.store.connection import Connection
from ccr.store.questions import Question


def visible(connection: Connection, person: Person | None, question_id: int) -> Question:
    """The question, if it is this person's to see: public, their own, or theirs to look after. Raises `not_found`."""
    found = questions.find(connection, question_id)
    if found is None:
        raise not_found("question")
    own = person is not None and found.author == person.id
    staff = public_words.looks_after(person) and found.state is not State.WITHDRAWN
    if found.state is not State.PUBLIC and not own and not staff:
        raise not_found("question")
    return found


def held(connection: Connection, person: Person, question_id: int) -> Question:
    """What is `visible`, and stays as it is until the transaction ends, as do its answers.

    Otherwise somebody marks an answer as accepted that somebody else is hiding at that moment on another connection.
    """
    questions.lock(connection, question_id)
    return visible(connection, person, question_id)


def answer_to(
    connection: Connection, person: Person, question_id: int, answer_id: int
) -> public_answers.PublicAnswer:
    """An answer to this very question, where both are this person's to see. Raises `not_found`."""
    visible(connection, person, question_id)
    found = public_answers.find(connection, answer_id, person.id)
    if found is None or found.question != question_id:
        raise not_found("answer")
    return found


def save(connection: Connection, question: Question) -> None:
    """As its next revision. Raises `conflict` where somebody else was quicker."""
    if not questions.save(connection, question):
        raise conflict("Somebody else changed it just now. Look at it again.")


def ask_anew(connection: Connection, question: Question) -> None:
    """Other words in the place of those before. What was answered, was answered to those, and is seen no more."""
    save(connection, question)
    public_answers.withdraw_all(connection, question.id)


def turn_answer(
    connection: Connection, question: Question, answer: public_answers.PublicAnswer, state: State
) -> None:
    """The answer's new state. What is not public any more is not the accepted one either."""
    if question.accepted == answer.id:
        save(connection, msgspec.structs.replace(question, accepted=None))
    public_answers.turn(connection, answer.id, answer.state, state)
