"""The long run by hand.

    python -m tests.faults --seed 7 --cycles 100 --acks 1000

Every cycle kills a server while something else goes wrong, and then waits for so many acknowledgements. In the end a
table, and everything that is wrong; the exit status is 1 if anything is.
"""

import argparse
import asyncio
import random
import secrets
import signal
import sys
import tempfile
from pathlib import Path
from time import monotonic

from tests.faults import checker, report
from tests.faults.nemesis import Nemesis
from tests.faults.story import TICKETS, told


async def main(asked: argparse.Namespace) -> int:
    """Run it and print what came of it."""
    random.seed(asked.seed)
    task = asyncio.current_task()
    assert task is not None
    # No server outlives this, however it is ended.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    began = monotonic()
    with tempfile.TemporaryDirectory(prefix="ccr-faults-") as folder:
        async with told(
            Path(folder), nodes=asked.nodes, redis=not asked.no_redis, tickets=asked.tickets
        ) as story:
            nemesis = Nemesis(story, asked.seed, asked.haste)
            story.chat()
            number = 0
            while number < asked.cycles and monotonic() - began < asked.minutes * 60:
                number += 1
                await nemesis.cycle(asked.acks)
                if number % 10 == 0 or asked.cycles < 20:
                    said = f"cycle {number}: {story.acknowledged()} acknowledged, {monotonic() - began:.0f} s"
                    print(said, flush=True)
            await nemesis.rest()
            truth = await story.conclude()
            violations = checker.check(story.history, truth)
            print(f"seed {asked.seed}, {number} cycles, {asked.nodes} nodes, {monotonic() - began:.0f} s")
            print(report.table(story, nemesis, truth, violations))
            print(checker.summary(violations) or "nothing is wrong")
            for node in story.nodes:
                for line in node.complaints[:20]:
                    print(f"{node.name} said: {line}")
    return 1 if violations else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--acks", type=int, default=300, help="acknowledgements in each cycle")
    parser.add_argument("--minutes", type=float, default=600, help="after which no more cycles begin")
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--tickets", type=int, default=TICKETS)
    parser.add_argument("--haste", type=float, default=1.0, help="how long faults last, 1 being as they come")
    parser.add_argument("--no-redis", action="store_true")
    sys.exit(asyncio.run(main(parser.parse_args())))
