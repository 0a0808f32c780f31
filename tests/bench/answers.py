"""How well the help centre finds what people mean: `python -m tests.bench.answers`.

Questions in people's own words with mistyped ones among them (`questions/held_out.toml`), asked of the articles that
come with the registry, and of public questions beside them (`questions/public.toml`; `--alone` leaves those out), one
after the other. It was tuned on other questions (`questions/tuning.toml`; `--tuning` asks those). `--odd` asks what was
made to cost as much as it can instead, and says what of the processor it took.
"""

import argparse
import asyncio
import random
import tempfile
import time
import tomllib
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

from msgspec.structs import replace

from ccr import package_files
from ccr.desk.questions import State
from ccr.desk.ticket import Ticket
from ccr.services.help_centre import shipped
from ccr.services.suggesting import likely
from ccr.store import public_answers, questions, tickets
from ccr.store.connection import Connection
from ccr.store.questions import Question
from tests.accounts_house import OMAR, House, open_house

QUESTIONS = Path(__file__).parent / "questions"
NOTHING = "nothing"

GERMAN = """
Sehr geehrte Damen und Herren, seit gestern Abend lässt sich meine Kaffeemaschine nicht mehr einschalten, obwohl der
Stecker richtig in der Steckdose sitzt und alle anderen Geräte in der Küche einwandfrei funktionieren. Ich habe bereits
versucht, die Sicherung herauszunehmen und wieder einzusetzen, leider ohne jeden Erfolg. Können Sie mir bitte mitteilen,
wie ich eine Reparatur oder einen Umtausch innerhalb der Gewährleistung beantragen kann und welche Unterlagen hierfür
benötigt werden?
"""


class Asked(NamedTuple):
    """One question, the article that answers it, and what came of it."""

    question: str
    right: str
    found: dict[str, Any]
    milliseconds: float

    @property
    def slugs(self) -> list[str]:
        """What was found, best first."""
        return [article["slug"] for article in self.found["articles"]]

    @property
    def clear(self) -> bool:
        """Whether the bot would say the first of it on a ticket."""
        return bool(self.found["articles"]) and self.found["articles"][0]["clear"]

    @property
    def suggested(self) -> list[str]:
        """What of it an agent would be offered."""
        return [article["slug"] for article in likely(self.found["articles"])]


async def publish_all(house: House) -> None:
    """Carla's questions, answered by Omar."""
    told = tomllib.loads((QUESTIONS / "public.toml").read_text(encoding="utf-8"))["question"]
    carla, omar = await house.customer(), await house.customer(OMAR)

    def publish(connection: Connection) -> None:
        for each in told:
            ticket = tickets.insert(
                connection, Ticket(id=0, query=each["title"], customer_id=carla.id, opened_at=house.time)
            )
            made = Question(
                ticket=ticket.id, author=carla.id, asked_at=house.time, title=each["title"], body=each["body"]
            )
            number = questions.add(connection, made)
            answer = None
            if "answer" in each:
                answer = public_answers.add(connection, number, omar.id, each["answer"], house.time)
            public = replace(made, id=number, state=State.PUBLIC, public_at=house.time, accepted=answer)
            questions.save(connection, public)

    await house.database.write(publish)


async def stock(house: House, *, alone: bool) -> None:
    """A registry as it comes, and unless `alone` with public questions in it; its search is warm."""
    await house.help_centre.ship(shipped(*each) for each in package_files.shipped_articles().items())
    if not alone:
        await publish_all(house)
    await house.help_centre.search("warm")


async def ask_all(name: str, *, alone: bool = False) -> list[Asked]:
    """Every question of a set, of a registry as it comes, and unless `alone` with public questions in it."""
    sets: dict[str, list[str]] = tomllib.loads((QUESTIONS / f"{name}.toml").read_text(encoding="utf-8"))
    asked = []
    with tempfile.TemporaryDirectory() as folder:
        async with open_house(Path(folder)) as house:
            await stock(house, alone=alone)
            for right, questions in sets.items():
                for question in questions:
                    began = time.perf_counter()
                    found = await house.help_centre.search(question)
                    asked.append(Asked(question, right, found, (time.perf_counter() - began) * 1e3))
    return asked


def odd() -> dict[str, str]:
    """Questions that nobody in earnest would ask, by what they are, and what somebody may write in another language."""
    chance = random.Random(1)

    def unknown(many: int, letters: int) -> str:
        return " ".join("".join(chance.choices("abcdefghiklmnoprstuvw", k=letters)) for _ in range(many))

    text = " ".join(package_files.shipped_articles().values())
    known = sorted({word for word in text.lower().split() if len(word) >= 7 and word.isalpha()})
    told = chance.sample(known, 40)
    return {
        "40 words of articles": " ".join(told),
        "those, a letter of each wrong": " ".join(f"{word[:3]}x{word[4:]}" for word in told),
        "an unknown word of 20 letters": unknown(1, 20),
        "an unknown word of 40 letters": unknown(1, 40),
        "12 unknown words of 40 letters": unknown(12, 40),
        "40 unknown words of 11 letters": unknown(40, 11),
        "an unknown word of 500 letters": unknown(1, 500),
        "a message in German": GERMAN,
    }


async def ask_odd(*, alone: bool) -> None:
    """Each once, and what of the processor it took."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_house(Path(folder)) as house:
            await stock(house, alone=alone)
            for name, question in odd().items():
                began = time.process_time()
                await house.help_centre.search(question)
                print(f"{name:<32} {(time.process_time() - began) * 1e3:8.2f} ms of the processor")


def share(good: list[Asked], of: list[Asked]) -> float:
    """From 0 to 1."""
    return len(good) / len(of)


def figures(asked: list[Asked]) -> dict[str, float]:
    """The shares that count."""
    real = [one for one in asked if one.right != NOTHING]
    foreign = [one for one in asked if one.right == NOTHING]
    return {
        "first": share([one for one in real if one.slugs[:1] == [one.right]], real),
        "three": share([one for one in real if one.right in one.slugs], real),
        "sure": share([one for one in real if one.found["sure"]], real),
        "unknown": share([one for one in foreign if not one.found["sure"]], foreign),
        "suggested": share([one for one in real if one.right in one.suggested], real),
        "clear": share([one for one in real if one.clear and one.slugs[0] == one.right], real),
        "wrongly": share([one for one in asked if one.clear and one.slugs[0] != one.right], asked),
        "nothing": share([one for one in foreign if not one.suggested], foreign),
    }


def report(asked: list[Asked], *, each: bool) -> None:
    """The table, and with `each` every question that went wrong."""
    real = [one for one in asked if one.right != NOTHING]
    print(f"{len(real)} questions about the registry, {len(asked) - len(real)} about something else")
    found = figures(asked)
    print(f"right article first        {found['first']:6.1%}   (goal ≥ 70 %)")
    print(f"right article among three  {found['three']:6.1%}   (goal ≥ 90 %)")
    print(f"answered rather than “I don't know”, of those about the registry {found['sure']:6.1%}")
    print(f"“I don't know” to what is about something else {found['unknown']:6.1%}   (goal ≥ 90 %)")
    print(f"right article among what an agent is offered {found['suggested']:6.1%}   (goal ≥ 90 %)")
    print(
        f"nothing offered to an agent for what is about something else {found['nothing']:6.1%}   (goal ≥ 90 %)"
    )
    print(f"told on a ticket unasked, and rightly, of those about the registry {found['clear']:6.1%}")
    print(f"told on a ticket unasked, and wrongly, of all {found['wrongly']:6.1%}")
    times = [one.milliseconds for one in asked]
    print(f"time a question: median {median(times):.2f} ms, p95 {quantiles(times, n=20)[18]:.2f} ms")
    if each:
        for one in asked:
            if one.right == NOTHING and one.found["sure"]:
                print(f"  answered, and should not have been: {one.question} → {one.slugs[0]}")
            if one.right != NOTHING and one.slugs[:1] != [one.right]:
                print(f"  {one.question} → {', '.join(one.slugs)} instead of {one.right}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tuning", action="store_true", help="ask what it was tuned on instead")
    parser.add_argument("--alone", action="store_true", help="without public questions beside the articles")
    parser.add_argument("--each", action="store_true", help="print every question that went wrong")
    parser.add_argument("--odd", action="store_true", help="ask what costs as much as it can instead")
    given = parser.parse_args()
    name = "tuning" if given.tuning else "held_out"
    if given.odd:
        asyncio.run(ask_odd(alone=given.alone))
    else:
        report(asyncio.run(ask_all(name, alone=given.alone)), each=given.each)
