"""A registry whose postman is in a hurry: minutes are fractions of a second. The settings are in the environment.

CCR_MAIL=sendgrid … python -m tests.delivery.office
"""

import asyncio
import os

from ccr import logs
from ccr.adapters import mail_sendgrid
from ccr.app import create_app
from ccr.services import mail_retries, postman
from ccr.settings import Settings


def hurry() -> None:
    """Before anything is made of these."""
    postman.LEASE = 5_000
    postman.IDLE = 0.2
    mail_retries.FIRST = 100
    mail_retries.LONGEST = 1_000
    mail_sendgrid.ANSWERING = 3.0


async def work() -> None:
    """Until killed."""
    settings = Settings.read(os.environ)
    logs.set_up(settings.log, settings.log_format)
    async with create_app(settings).running():
        await asyncio.Event().wait()


if __name__ == "__main__":
    hurry()
    asyncio.run(work())
