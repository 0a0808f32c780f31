"""When agents are there, in tests: from nine to five in Berlin, from Monday to Friday."""

from datetime import datetime

from ccr.desk.hours import Hours

BERLIN = Hours(zone="Europe/Berlin", week=(((540, 1020),),) * 5 + ((), ()))


def on(when: str) -> int:
    """A time in Berlin's winter, in milliseconds."""
    return int(datetime.fromisoformat(f"{when}+01:00").timestamp()) * 1_000
