"""The checker finds what it is there to find, each in a history made by hand, and nothing in one where all is well."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults import checker, checks_stored
from tests.faults.history import (
    OK,
    REFUSED,
    UNKNOWN,
    Asked,
    Attempt,
    History,
    Mark,
    Owed,
    Reader,
    Row,
    Send,
    ToldMark,
    Truth,
)

CARLA, OMAR, AMIR, BEA, ADA = 1, 2, 3, 4, 5
ROLES = {CARLA: "customer", OMAR: "customer", AMIR: "agent", BEA: "agent", ADA: "admin"}
TICKET = 7


class Told:
    """Carla raised a ticket, Amir had it, then Bea; all of them wrote."""

    def __init__(self) -> None:
        self.history = History()
        self.truth = Truth(ROLES, {TICKET: CARLA})
        self.clock = 0.0
        self.does(CARLA, "open_ticket", query="Where is it?")
        self.does(ADA, "assign_agent", agent=AMIR)
        self.does(CARLA, "post_message", body="hello")
        self.does(AMIR, "post_message", body="hello, Carla")
        self.does(AMIR, "post_note", body="she is in a hurry")
        self.does(CARLA, "post_message", body="where is it?")
        self.does(ADA, "assign_agent", agent=BEA)
        self.does(CARLA, "post_message", body="are you there?")
        self.sees(CARLA, 1, 2, 3, 4, 6, 7, 8)
        self.sees(AMIR, 1, 2, 3, 4, 5, 6)
        self.sees(BEA, *range(1, 9))
        self.sees(ADA, 1, 2, 7)
        self.reads(CARLA, 4)
        self.reads(BEA, 7)
        self.asked(BEA, {CARLA: 4})
        self.asked(CARLA, {BEA: 7})
        self.told(BEA, CARLA, 4)
        self.truth.timelines["a node", CARLA, TICKET] = [1, 2, 3, 4, 6, 7, 8]
        mails = [("ticket_opened", CARLA), ("message_waiting", CARLA), ("message_waiting", AMIR)]
        mails += [("agent_assigned", CARLA), ("agent_assigned", CARLA), ("ticket_assigned", AMIR)]
        mails += [("ticket_assigned", BEA), ("message_waiting", BEA)]
        self.truth.owed = [Owed(n, kind, who, TICKET, "sent") for n, (kind, who) in enumerate(mails, start=1)]
        self.truth.carried = {mail.id: 1 for mail in self.truth.owed}

    def does(self, person: int, kind: str, **fields: Any) -> Send:
        """Somebody asks, is answered, and it is stored."""
        seq = len(self.truth.rows) + 1
        send = self.asks(person, kind, f"key-{seq}", OK, **fields)
        send.answers.add((TICKET, seq))
        self.stores(send, seq)
        return send

    def asks(self, person: int, kind: str, key: str, outcome: str, **fields: Any) -> Send:
        """Somebody asks, after all before, and that comes of it."""
        self.clock += 2
        attempt = Attempt(self.clock, 0, self.clock + 1, outcome, "conflict" if outcome == REFUSED else "")
        ticket = 0 if kind == "open_ticket" else TICKET
        send = Send(f"tab of {person}", person, ticket, key, {"type": kind, **fields}, [attempt])
        self.history.sends[key] = send
        return send

    def stores(self, send: Send, seq: int) -> None:
        """It is in the database."""
        kind, said = send.command["type"], {k: v for k, v in send.command.items() if k in ("body", "of")}
        if kind == "assign_agent":
            said = {"agent": {"id": send.command["agent"], "name": "An Agent"}}
        reach = {"post_message": 1, "post_note": 2, "redact_message": 1}.get(kind, 0)
        event = checks_stored.EVENT_OF[kind]
        self.truth.rows.append(Row(TICKET, seq, 0, send.person, send.key, event, reach, said))

    def sees(self, person: int, *numbers: int) -> None:
        """A reader applied these."""
        for seq in numbers:
            self.shown(person, seq)
        self.history.readers[f"tab of {person}"] = Reader(person, TICKET, list(numbers))

    def shown(self, person: int, seq: int, **other: Any) -> None:
        """An entry as it is stored, or with something other in it."""
        row = self.truth.rows[seq - 1]
        place = {"ticket": TICKET, "seq": seq, "prev": seq - 1}
        entry = place | {"type": row.type, "at": "today", "actor": {"id": row.actor}} | dict(row.fields)
        self.history.saw(f"tab of {person}", person, entry | other)

    def reads(self, person: int, seq: int) -> None:
        """Somebody has read so far, and it is stored."""
        self.clock += 2
        self.history.marks.append(Mark(person, TICKET, seq, self.clock, self.clock + 1))
        self.truth.marks = {**self.truth.marks, (TICKET, person): seq}

    def asked(self, person: int, reads: dict[int, int]) -> None:
        """Somebody comes to the ticket, and is told how far others have read."""
        self.clock += 2
        self.history.asked.append(Asked(person, TICKET, self.clock, self.clock + 1, reads))

    def told(self, person: int, reader: int, seq: int) -> None:
        """Somebody is told of it without asking."""
        self.history.told.append(ToldMark(person, TICKET, reader, seq, self.clock))

    def row(self, number: int, **other: Any) -> None:
        """Another row is stored instead."""
        self.truth.rows[number - 1] = self.truth.rows[number - 1]._replace(**other)

    def kinds(self) -> set[str]:
        """Of what the checker finds."""
        return {violation.kind for violation in checker.check(self.history, self.truth)}


def test_where_all_is_well_nothing_is_found() -> None:
    told = Told()
    told.asks(CARLA, "post_message", "unanswered", UNKNOWN, body="lost on its way")
    told.asks(CARLA, "post_note", "refused-1", REFUSED, body="not allowed")
    assert checker.check(told.history, told.truth) == []


def test_words_taken_back_may_be_seen_before_and_after() -> None:
    told = Told()
    told.does(CARLA, "redact_message", of=3)
    told.row(3, fields={"body": "", "redacted": True})
    told.shown(CARLA, 3)
    told.history.readers.clear()
    told.truth.timelines.clear()
    assert told.kinds() == set()


def test_an_unanswered_message_may_turn_out_stored() -> None:
    told = Told()
    send = told.asks(CARLA, "post_message", "unanswered", UNKNOWN, body="arrived")
    told.stores(send, 9)
    told.history.readers.clear()
    told.truth.timelines.clear()
    assert told.kinds() == set()


def lose_the_last(told: Told) -> None:
    told.truth.rows.pop()


def store_it_elsewhere(told: Told) -> None:
    told.history.sends["key-3"].answers = {(TICKET, 4)}


def store_it_again(told: Told) -> None:
    told.stores(told.history.sends["key-8"], 9)


def store_what_nobody_sent(told: Told) -> None:
    told.row(8, key="of-nobody-known")


def store_other_words(told: Told) -> None:
    told.row(8, fields={"body": "something else"})


def store_by_another(told: Told) -> None:
    told.row(8, actor=OMAR)


def store_what_was_refused(told: Told) -> None:
    told.stores(told.asks(CARLA, "post_message", "refused-1", REFUSED, body="closed"), 9)


def leave_a_hole(told: Told) -> None:
    told.row(8, seq=9)


def answer_twice(told: Told) -> None:
    told.history.sends["key-3"].answers.add((TICKET, 6))


def show_other_words(told: Told) -> None:
    told.shown(CARLA, 8, body="something else")


def show_another_time(told: Told) -> None:
    told.shown(CARLA, 8, at="yesterday")


def show_what_is_gone(told: Told) -> None:
    told.history.saw("tab", CARLA, {"ticket": TICKET, "seq": 99, "prev": 98, "type": "message_posted"})


def skip_one(told: Told) -> None:
    told.history.readers["tab of 1"].applied.remove(4)


def apply_one_twice(told: Told) -> None:
    told.history.readers["tab of 1"].applied.insert(3, 3)


def stop_early(told: Told) -> None:
    told.history.readers["tab of 1"].applied.pop()


def read_less(told: Told) -> None:
    told.truth.timelines["a node", CARLA, TICKET].pop()


def swap_one_senders(told: Told) -> None:
    """Carla sent the third and the sixth at once, in the other order."""
    third, sixth = told.history.sends["key-3"], told.history.sends["key-6"]
    sixth.attempts[0].begun = third.attempts[0].begun - 0.1


def begin_after_the_end(told: Told) -> None:
    """Amir's message was stored before one that was acknowledged before he began."""
    told.history.sends["key-4"].attempts[0].begun = told.clock + 10


def show_a_note_to_a_customer(told: Told) -> None:
    told.shown(CARLA, 5)


def show_a_message_to_an_admin(told: Told) -> None:
    told.shown(ADA, 3)


def show_it_to_another_customer(told: Told) -> None:
    told.shown(OMAR, 1)


def show_it_to_who_lost_the_ticket(told: Told) -> None:
    told.shown(AMIR, 8)


def answer_who_lost_the_ticket(told: Told) -> None:
    told.history.asked.append(Asked(AMIR, TICKET, told.clock, told.clock + 1))


def answer_another_customer(told: Told) -> None:
    told.history.asked.append(Asked(OMAR, TICKET, told.clock, told.clock + 1))


def forget_a_mark(told: Told) -> None:
    told.truth.marks = {}


def move_a_mark_too_far(told: Told) -> None:
    told.truth.marks = {**told.truth.marks, (TICKET, CARLA): 8}


def tell_a_mark_before_it_is_there(told: Told) -> None:
    told.told(BEA, CARLA, 7)


def tell_whoever_comes_of_no_mark(told: Told) -> None:
    told.asked(BEA, {})


def tell_whoever_comes_of_an_older_mark(told: Told) -> None:
    told.asked(CARLA, {BEA: 4})


def tell_a_customer_of_a_note_that_was_read(told: Told) -> None:
    told.told(CARLA, BEA, 5)


def tell_an_admin_who_has_read(told: Told) -> None:
    told.asked(ADA, {CARLA: 4})


def leave_her_unaware(told: Told) -> None:
    told.history.unaware = ["tab of 1"]


def owe_no_mail(told: Told) -> None:
    told.truth.owed.pop(0)


def owe_a_mail_twice(told: Told) -> None:
    told.truth.owed.append(told.truth.owed[0]._replace(id=99, state="waiting"))


def owe_a_mail_for_nothing(told: Told) -> None:
    told.truth.owed.append(Owed(99, "ticket_closed", CARLA, TICKET, "waiting"))


def carry_what_nobody_owed(told: Told) -> None:
    told.truth.carried = {**told.truth.carried, 99: 1}


def carry_nothing(told: Told) -> None:
    told.truth.carried = {}


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (lose_the_last, "lost"),
        (store_it_elsewhere, "lost"),
        (store_it_again, "twice"),
        (store_what_nobody_sent, "invented"),
        (store_other_words, "invented"),
        (store_by_another, "invented"),
        (store_what_was_refused, "stored though refused"),
        (leave_a_hole, "gap"),
        (answer_twice, "answered differently"),
        (show_other_words, "differing"),
        (show_another_time, "differing"),
        (show_what_is_gone, "vanished"),
        (skip_one, "applied"),
        (apply_one_twice, "applied"),
        (stop_early, "not caught up"),
        (read_less, "read"),
        (swap_one_senders, "out of order"),
        (begin_after_the_end, "before its time"),
        (show_a_note_to_a_customer, "seen without right"),
        (show_a_message_to_an_admin, "seen without right"),
        (show_it_to_another_customer, "seen without right"),
        (show_it_to_who_lost_the_ticket, "seen without right"),
        (answer_who_lost_the_ticket, "read without right"),
        (answer_another_customer, "read without right"),
        (forget_a_mark, "mark"),
        (move_a_mark_too_far, "mark"),
        (tell_a_mark_before_it_is_there, "mark invented"),
        (tell_whoever_comes_of_no_mark, "mark not told"),
        (tell_whoever_comes_of_an_older_mark, "mark not told"),
        (tell_a_customer_of_a_note_that_was_read, "mark seen without right"),
        (tell_an_admin_who_has_read, "mark seen without right"),
        (leave_her_unaware, "not told"),
        (owe_no_mail, "mail"),
        (owe_a_mail_twice, "mail"),
        (owe_a_mail_for_nothing, "mail"),
        (carry_what_nobody_owed, "mail"),
        (carry_nothing, "mail"),
    ],
)
def test_what_is_wrong_is_found(harm: Callable[[Told], None], kind: str) -> None:
    told = Told()
    harm(told)
    assert kind in told.kinds()
