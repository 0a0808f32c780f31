"""`ccr` with a bomb in it, or with a promise of its own broken: what tests need and production code must not have.

It changes seams of the program from outside, and then runs its ordinary main.

    CCR_TESTS_DIE=before_commit:20 python -m tests.faults.launcher

dies by SIGKILL at the 20th commit of an entry, just before it. CCR_TESTS_MUTANT names a promise to break, and
CCR_TESTS_PATIENT gives the bot time.
"""

import asyncio
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from ccr.__main__ import main
from ccr.realtime.lanes import Lanes
from ccr.realtime.server import Server
from ccr.services import ticket_bot
from ccr.services.reading import Reading
from ccr.store import entries, receipts, tickets
from ccr.store.dialects import SQLite

Patch = Callable[[], None]

PUSHED = 0.05
"""Seconds in which what was pushed goes out, before the process dies without having acknowledged it."""

HELD_BACK = 1_000
"""Commits that are left out until there is one."""


class Bomb:
    """Goes off at the n-th passing."""

    def __init__(self, count: int) -> None:
        self._left = count

    def passed(self) -> bool:
        """Whether this is the moment."""
        self._left -= 1
        return self._left <= 0

    @staticmethod
    def go_off() -> None:
        """As `kill -9`."""
        os.kill(os.getpid(), signal.SIGKILL)


def on_commit(instead: Callable[[SQLite, Any, Callable[[], None]], None]) -> None:
    """Do this instead of the commit of a transaction with a message in it; in the writer's thread."""
    append, commit = entries.append, SQLite.commit
    carries = threading.local()

    def appending(*given: Any) -> Any:
        entry = append(*given)
        carries.message = getattr(carries, "message", False) or entry.type == "message_posted"
        return entry

    def committing(self: SQLite, driver: Any) -> None:
        if getattr(carries, "message", False):
            carries.message = False
            instead(self, driver, lambda: commit(self, driver))
        else:
            commit(self, driver)

    _replace(entries, append=appending)
    _replace(SQLite, commit=committing)


def before_commit(bomb: Bomb) -> None:
    """All of it written, and nobody told."""

    def die(_: SQLite, __: Any, commit: Callable[[], None]) -> None:
        if bomb.passed():
            bomb.go_off()
        commit()

    on_commit(die)


def after_commit(bomb: Bomb) -> None:
    """All of it stored, and neither pushed nor acknowledged."""

    def die(_: SQLite, __: Any, commit: Callable[[], None]) -> None:
        commit()
        if bomb.passed():
            bomb.go_off()

    on_commit(die)


def before_ack(bomb: Bomb) -> None:
    """What was done is pushed to the others; whoever did it never hears so."""
    acknowledge = Server.acknowledge
    lit = False

    def acknowledging(self: Server, sid: str, number: int | None, body: dict[str, Any]) -> None:
        nonlocal lit
        if body.get("ok") and "seq" in body and not lit and bomb.passed():
            lit = True
            asyncio.get_running_loop().call_later(PUSHED, bomb.go_off)
        if not lit:
            acknowledge(self, sid, number, body)

    _replace(Server, acknowledge=acknowledging)


def keys_mean_nothing() -> None:
    """The unique key dropped: nobody looks whether it is known, and a second receipt is no error."""
    lock, put = tickets.lock, receipts.put

    def locking(*given: Any, **also: Any) -> tickets.Locked | None:
        locked = lock(*given, **also)
        return locked._replace(receipt=None) if locked else None

    def putting(*given: Any) -> None:
        try:
            put(*given)
        except sqlite3.IntegrityError:
            return

    _replace(tickets, lock=locking)
    _replace(receipts, put=putting)


def ack_before_commit() -> None:
    """Messages are acknowledged when they are written, and committed, with whatever else is, once there are many."""
    commit, held = SQLite.commit, 0

    def begin(_: SQLite, driver: Any) -> None:
        if not driver.in_transaction:
            driver.execute("BEGIN IMMEDIATE")

    def committing(self: SQLite, driver: Any) -> None:
        if not held:
            commit(self, driver)

    def hold(self: SQLite, driver: Any, _: Callable[[], None]) -> None:
        nonlocal held
        held = (held + 1) % HELD_BACK
        committing(self, driver)

    _replace(SQLite, begin=begin, commit=committing)
    on_commit(hold)


def nothing_missed() -> None:
    """Catching up skipped: whoever asks for what came after a number is told that nothing did."""
    timeline = Reading._timeline

    def timeline_(self: Reading, person: Any, ticket: int, after: int | None, *given: Any) -> dict[str, Any]:
        found = timeline(self, person, ticket, after, *given)
        return found | {"entries": [], "more": False} if after else found

    _replace(Reading, _timeline=timeline_)


def all_at_once() -> None:
    """Handlers of one socket side by side: of two commands the second is done before the first begins."""
    answer, overtaken = Lanes._answer, dict[str, asyncio.Event]()

    async def work(self: Lanes, socket: Any, asked: Any) -> None:
        name, payload = self._server.read(asked)
        first = overtaken.pop(socket.sid, None)
        if name == "do" and first is None:
            mine = overtaken[socket.sid] = asyncio.Event()
            await mine.wait()
        self._server.acknowledge(socket.sid, asked.number, await answer(self, socket, name, payload))
        if first is not None:
            first.set()

    def take(self: Lanes, sid: str, asked: Any) -> None:
        socket = self._sockets.get(sid)
        if socket is not None:
            task = asyncio.get_running_loop().create_task(work(self, socket, asked))
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    _replace(Lanes, take=take)


MUTANTS: dict[str, Patch] = {
    "keys_mean_nothing": keys_mean_nothing,
    "ack_before_commit": ack_before_commit,
    "nothing_missed": nothing_missed,
    "all_at_once": all_at_once,
}
POINTS: dict[str, Callable[[Bomb], None]] = {
    "before_commit": before_commit,
    "after_commit": after_commit,
    "before_ack": before_ack,
}


def _replace(owner: Any, **parts: Any) -> None:
    """Put ours in the place of theirs; fails where there is no such thing any more."""
    for name, part in parts.items():
        getattr(owner, name)
        setattr(owner, name, part)


def arm() -> None:
    """What the environment asks for."""
    if point := os.environ.get("CCR_TESTS_DIE"):
        name, _, count = point.partition(":")
        POINTS[name](Bomb(int(count)))
    if mutant := os.environ.get("CCR_TESTS_MUTANT"):
        MUTANTS[mutant]()
    if os.environ.get("CCR_TESTS_PATIENT"):
        patient()


def patient() -> None:
    """The bot's deadline is far away: a start on a very busy machine may take longer than it answers."""
    ticket_bot.DEADLINE = 600.0


if __name__ == "__main__":
    arm()
    main()
