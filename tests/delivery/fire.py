"""What is put into the outbox, what the provider does to it, and what must be true in the end."""

import asyncio
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from ccr.desk import clock
from ccr.desk.commands import OpenTicket
from ccr.desk.notices import Channel, Kind, Notice
from ccr.desk.people import Person
from ccr.store import outbox
from ccr.store.database import Database
from tests.accounts_house import CARLA, OMAR, House, open_house
from tests.sendgrid import KEY, Answer, Double, outbox_id, served

ERRORS = 0.30
HANGS = 0.05
ROOT = Path(__file__).parents[2]


class Outcome(NamedTuple):
    """What became of it all."""

    put: set[int]
    rows: dict[int, tuple[str, str | None, int]]
    """By number: state, reason, and of how many tries nobody knows whether they arrived."""
    accepted: Counter[int]
    strangers: int
    """Mails to somebody who was only told of in what was rolled back."""
    kills: int
    answers: Counter[Answer]

    def faults(self) -> list[str]:
        """What must not be, in words."""
        found = [f"{row} vanished" for row in self.put - self.rows.keys()]
        for row, (state, reason, unsure) in self.rows.items():
            if state == "sent" and not self.accepted[row]:
                found.append(f"{row} is said to be sent, and never was")
            if state == "dead" and not reason:
                found.append(f"{row} was given up without a reason")
            if state not in ("sent", "dead"):
                found.append(f"{row} is still {state}")
            if self.accepted[row] > 1 and not unsure:
                found.append(f"{row} arrived {self.accepted[row]} times, and nothing says why")
        found += [f"{row} is none of ours" for row in self.accepted.keys() - self.put]
        return found + ["a mail was sent for what was rolled back"] * self.strangers

    def report(self) -> str:
        """The counts."""
        states = Counter(state for state, _, _ in self.rows.values())
        reasons = Counter(reason for state, reason, _ in self.rows.values() if state == "dead")
        twice = {row for row, times in self.accepted.items() if times > 1}
        unsure = {row for row, (_, _, times) in self.rows.items() if times}
        lines = [
            f"notices put          {len(self.put)}, by a process killed {self.kills} times",
            f"the provider         {dict(self.answers)}",
            f"sent                 {states['sent']}",
            f"dead, with a reason  {states['dead']} {dict(reasons)}",
            f"vanished             {len(self.put - self.rows.keys())}",
            f"ambiguous            {len(unsure)} notices with a timeout or a kill between sending and noting",
            f"arrived twice        {len(twice)}, of which ambiguous {len(twice & unsure)}",
            f"rolled back, mailed  {self.strangers}",
        ]
        return "\n".join([*lines, *(f"WRONG: {fault}" for fault in self.faults())])


class Weather:
    """What the provider does next, by chance."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.answers: Counter[Answer] = Counter()

    def __call__(self, _: dict[str, Any]) -> Answer:
        """Errors of which few are for good; half of the hangs have taken the mail."""
        point = self._chance.random()
        if point < HANGS:
            answer: Answer = self._chance.choice(["hang", "lost"])
        elif point < HANGS + ERRORS:
            answer = self._chance.choices([500, 503, 429, 400], [14, 14, 1, 1])[0]
        else:
            answer = 202
        self.answers[answer] += 1
        return answer


async def under_fire(count: int, kills: int, seed: int = 1) -> Outcome:
    """So many notices, and so many kills on their way."""
    weather = Weather(seed)
    double = Double(weather)
    double.delay = 0.02
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with served(double), open_house(folder) as house:
            house.time = clock.now()
            put = await _put(house, count)
            for number in range(1, kills + 1):
                await _work(folder, double, lambda n=number: len(double.accepted) * (kills + 1) >= n * count)
            await _work(folder, double, None, house.database)
            rows = await house.rows("SELECT id, state, fault, unsure FROM outbox")
        strangers = sum(m["personalizations"][0]["to"][0]["email"] == OMAR["email"] for m in double.accepted)
        return Outcome(
            put=put,
            rows={row[0]: tuple(row[1:]) for row in rows},
            accepted=Counter(map(outbox_id, double.accepted)),
            strangers=strangers,
            kills=kills,
            answers=weather.answers,
        )


async def _put(house: House, count: int) -> set[int]:
    """Tickets of Carla's, whose raising she is mailed about; and changes of Omar's that are taken back."""
    carla, omar = await house.customer(CARLA), await house.customer(OMAR)
    await house.database.write(lambda c: c.run("DELETE FROM outbox"))
    await asyncio.gather(*(_raise(house, carla, number) for number in range(count)))
    await asyncio.gather(*(_take_back(house, omar) for _ in range(max(5, count // 20))))
    await house.database.write(lambda c: c.run("DELETE FROM outbox WHERE kind <> 'ticket_opened'"))
    return {row[0] for row in await house.rows("SELECT id FROM outbox")}


async def _raise(house: House, carla: Person, number: int) -> None:
    command = OpenTicket(query=f"Question {number}")
    await house.changes.carry_out(carla, None, f"question-{number}", command)


async def _take_back(house: House, omar: Person) -> None:
    def fail(connection: Any) -> None:
        notice = Notice(kind=Kind.TICKET_OPENED, to=omar.id, channel=Channel.MAIL)
        outbox.put(connection, notice, house.time)
        raise RuntimeError("taken back")

    try:
        await house.database.write(fail)
    except RuntimeError:
        return
    raise AssertionError("it should have failed")


async def _work(folder: Path, double: Double, killed_when: Any, database: Database | None = None) -> None:
    """A process of its own: killed in the midst of it, or let alone until nothing waits."""
    settings = {
        "CCR_DATA": str(folder),
        "CCR_MAIL": "sendgrid",
        "CCR_MAIL_FROM": "Care <care@example.org>",
        "CCR_SENDGRID_API_KEY": KEY,
        "CCR_SENDGRID_HOST": double.host,
        "CCR_LOG": "error",
        "CCR_ASSISTANT": "off",  # what it answered would be mailed, too
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.delivery.office", cwd=ROOT, env=os.environ | settings,
        stderr=sys.stderr,
    )  # fmt: skip
    try:
        async with asyncio.timeout(300):
            while not (killed_when() if killed_when else await _is_done(database)):
                await asyncio.sleep(0.02)
                assert process.returncode is None, "the process ended by itself"
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def _is_done(database: Database | None) -> bool:
    assert database is not None
    return not await database.read(outbox.queues)
