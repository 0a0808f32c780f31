"""`python -m tests.delivery --notices 1000 --kills 5`: needs SendGrid's description in ../shared/specs."""

import argparse
import asyncio
import sys
from time import perf_counter

from tests.delivery.fire import under_fire

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--notices", type=int, default=1000)
parser.add_argument("--kills", type=int, default=5)
parser.add_argument("--seed", type=int, default=1)
asked = parser.parse_args()
started = perf_counter()
outcome = asyncio.run(under_fire(asked.notices, asked.kills, asked.seed))
print(outcome.report())
print(f"took                 {perf_counter() - started:.0f} s")
sys.exit(bool(outcome.faults()))
