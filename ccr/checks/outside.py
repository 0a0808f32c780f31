"""Whether what the registry is to work with is there and lets us in. Nothing is sent and nothing kept."""

import asyncio
from collections.abc import Iterator

from ccr import adapters
from ccr.checks.finding import Finding
from ccr.ports import AnsweringMailer, FileMissing, FileStore, FilesUnavailable, SendFailed
from ccr.settings import VAPID_KEY_FILE, Settings, push_key


def redis(settings: Settings) -> Iterator[Finding]:
    line = adapters.line_for(settings, "ccr:check")
    if line is None:
        return

    async def ask() -> None:
        try:
            await line.subscribe()
            await line.publish(b"check")
        finally:
            await line.close()

    try:
        asyncio.run(ask())
    except ConnectionError as error:
        todo = "start it, or correct CCR_REDIS_URL; until then processes follow each other a second behind"
        yield Finding("redis", f"out of reach ({error})", todo)
    else:
        yield Finding("redis", "takes what processes tell each other")


def mail(settings: Settings) -> Iterator[Finding]:
    """Whether its provider is there and lets us in; nothing is sent."""
    if settings.mail == "file":
        yield Finding("mail", f"by file, {settings.data / 'mail'}")
        return
    way = settings.mail.partition(":")[0]
    said = f"by {way}" + (f", {settings.sendgrid_host}" if way == "sendgrid" else "")
    todo = "look at host, port, user and password in CCR_MAIL, and at how the way there is encrypted"
    if way == "sendgrid":
        todo = "CCR_SENDGRID_API_KEY must be a key that may send mail, and the way to CCR_SENDGRID_HOST open"
    try:
        asyncio.run(_ask_mailer(adapters.mailer_for(settings)))
    except SendFailed as failure:
        yield Finding("mail", f"{said}: {failure.reason}", todo)
    else:
        yield Finding("mail", said)


async def _ask_mailer(mailer: AnsweringMailer) -> None:
    try:
        await mailer.ask()
    finally:
        await mailer.close()


def files(settings: Settings) -> Iterator[Finding]:
    if settings.files == "local":
        yield Finding("files", f"{settings.data / 'files'}")
        return
    where = f"bucket {settings.cos_bucket} at {settings.cos_endpoint}"
    try:
        asyncio.run(_ask(adapters.files_for(settings)))
    except FilesUnavailable as error:
        yield Finding("files", f"{where}: {error}", "look at the CCR_COS_… settings; the keys are HMAC keys")
    else:
        yield Finding("files", where)


async def _ask(files: FileStore) -> None:
    """Whether it answers. There is no file of this name, and to say so takes the right keys."""
    try:
        await files.read("0" * 32, 0, 1)
    except FileMissing:
        pass
    finally:
        await files.close()


def texts(settings: Settings) -> Iterator[Finding]:
    adapters.texter_for(settings)
    where = {"file": f", {settings.data / 'sms'}", "twilio": f", {settings.twilio_host}"}.get(
        settings.sms, ""
    )
    yield Finding("texts", "off" if settings.sms == "off" else f"by {settings.sms}{where}")


def notifications(settings: Settings) -> Iterator[Finding]:
    kept = settings.data / VAPID_KEY_FILE
    if settings.vapid_private_key or kept.exists():
        push_key(settings)  # a damaged one is told of
    said = "CCR_VAPID_PRIVATE_KEY" if settings.vapid_private_key else str(kept)
    yield Finding("notify", f"signed by {said}")
