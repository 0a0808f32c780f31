"""What `ccr check` looks at, each with what to do where it is wrong. Nothing here prints a secret.

`CHECKS` names them all: a new outside thing gets a function of the settings that says what it found.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from textwrap import wrap
from time import perf_counter
from typing import NamedTuple

from ccr import adapters
from ccr.desk.clock import now, rfc3339
from ccr.desk.people import Role
from ccr.operating import DatabaseTrouble, connected, explained
from ccr.ports import AnsweringMailer, FileMissing, FileStore, FilesUnavailable, SendFailed
from ccr.settings import VAPID_KEY_FILE, Settings, SettingsError, push_key
from ccr.store import commits, outbox, people, schema
from ccr.store.connection import Connection

ROUND_TRIPS = 20
COMMITS = 5
"""How often each is measured; what is told is the median."""

WIDTH = 110
"""Characters of a line."""


class Finding(NamedTuple):
    """What was looked at, what is said of it, and, where that is wrong, what to do."""

    name: str
    said: str
    todo: str = ""


def run(settings: Settings) -> list[Finding]:
    """Everything, one after another."""
    return [finding for check in CHECKS for finding in _settled(check, settings)]


def passed(found: list[Finding]) -> bool:
    """Whether there is nothing to do."""
    return not any(finding.todo for finding in found)


def report(found: list[Finding]) -> str:
    """A line for each, and one below it with what to do."""
    lines = []
    for finding in found:
        lines.append(f"{'FAIL' if finding.todo else 'ok':<5}{finding.name:<12}{finding.said}")
        if finding.todo:
            lines += wrap(f"→ {finding.todo}", WIDTH, initial_indent=" " * 17, subsequent_indent=" " * 19)
    return "\n".join(lines)


def _settled(check: "Check", settings: Settings) -> Iterator[Finding]:
    """What it found until something made the rest pointless."""
    try:
        yield from check(settings)
    except DatabaseTrouble as trouble:
        yield Finding("database", f"{adapters.database_place(settings)}: {trouble.what}", trouble.todo)
    except SettingsError as error:
        yield Finding("settings", str(error), "change this setting; the README lists what is allowed")


def _settings(settings: Settings) -> Iterator[Finding]:
    kind = "production" if settings.production else "for this machine only"
    yield Finding("settings", f"{kind}: {settings.public_url}, listening on {settings.bind}")
    for warning in settings.warnings:
        yield Finding("settings", warning, "correct the name, or remove it")


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data.resolve()
    if not _writable(folder):
        yield Finding(
            "folder",
            f"{folder} cannot be written",
            "give its owner's right to whoever runs `ccr`, or set CCR_DATA",
        )
    elif not folder.exists():
        yield Finding("folder", f"{folder}, which the first start makes")
    else:
        yield Finding("folder", str(folder))


def _redis(settings: Settings) -> Iterator[Finding]:
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


def _mail(settings: Settings) -> Iterator[Finding]:
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


def _files(settings: Settings) -> Iterator[Finding]:
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


def _texts(settings: Settings) -> Iterator[Finding]:
    adapters.texter_for(settings)
    where = {"file": f", {settings.data / 'sms'}", "twilio": f", {settings.twilio_host}"}.get(
        settings.sms, ""
    )
    yield Finding("texts", "off" if settings.sms == "off" else f"by {settings.sms}{where}")


def _notifications(settings: Settings) -> Iterator[Finding]:
    kept = settings.data / VAPID_KEY_FILE
    if settings.vapid_private_key or kept.exists():
        push_key(settings)  # a damaged one is told of
    said = "CCR_VAPID_PRIVATE_KEY" if settings.vapid_private_key else str(kept)
    yield Finding("notify", f"signed by {said}")


def _database(settings: Settings) -> Iterator[Finding]:
    place = adapters.database_place(settings)
    if settings.database_url.startswith("sqlite:") and not Path(place).exists():
        yield Finding("database", f"{place}, which the first start makes")
        return
    _, dialect, writers, readers = adapters.database_driver(settings)
    with connected(settings) as connection:
        about = dialect.about(connection.driver)
        old = f"serve from version {dialect.floor} or newer, and nothing else"
        yield Finding("database", f"{about.product}, {place}", "" if about.recent else old)
        anew = "make the database anew: CREATE DATABASE … USING CODESET UTF-8 TERRITORY US PAGESIZE 32 K"
        yield Finding("code page", about.encoding, "" if about.unicode else anew)
        yield from _schema(connection)
        yield _times(connection)
        yield _pool(settings, writers, readers)
        if schema.version(connection) == schema.NEWEST:
            yield from _contents(connection)


def _schema(connection: Connection) -> Iterator[Finding]:
    present = schema.version(connection)
    said = (
        f"{present}, as this version needs" if present == schema.NEWEST else f"{present}, not {schema.NEWEST}"
    )
    todo = ""
    if present > schema.NEWEST:
        todo = "serve it with the version that migrated it, or a newer one"
    elif present < schema.NEWEST and connection.dialect.remote:
        todo = (
            "run `ccr migrate` as the owner of the tables, and then the script of `ccr migrate --grants USER`"
        )
    elif present < schema.NEWEST:
        said += ", which the next start mends"
    yield Finding("schema", said, todo)


def _times(connection: Connection) -> Finding:
    """A reading, and a commit of something written, which is what every message waits for."""
    trip = median(_timed(lambda: connection.row("VALUES (1)")) for _ in range(ROUND_TRIPS))
    connection.dialect.rollback(connection.driver)
    said = f"{trip * 1000:.2f} ms to ask and be answered"
    if not connection.dialect.has_table(connection, "commits"):
        return Finding("times", said)
    return Finding("times", f"{said}, {_commit(connection) * 1000:.2f} ms to commit durably")


def _commit(connection: Connection) -> float:
    """Seconds; nothing is left of what is written for it."""
    writer, seconds = f"check-{secrets.token_hex(12)}", []
    dialect, driver = connection.dialect, connection.driver
    dialect.rollback(driver)
    for number in range(COMMITS):
        dialect.begin(driver)
        commits.note(connection, writer, number, now())
        seconds.append(_timed(lambda: dialect.commit(driver)))
    dialect.begin(driver)
    commits.forget(connection, writer)
    dialect.commit(driver)
    return median(seconds)


def _pool(settings: Settings, writers: int, readers: int) -> Finding:
    """As many connections as a process holds, all at once; the one that asks is one of them."""
    connect = adapters.database_driver(settings)[0]
    said = f"{writers + readers} connections for each process: {writers} to write, {readers} to read"
    opened = []
    try:
        with explained():
            opened += [connect() for _ in range(writers + readers - 1)]
    except DatabaseTrouble as trouble:
        return Finding("pool", f"not all of {said}: {trouble.what}", trouble.todo)
    finally:
        for driver in opened:
            driver.close()
    return Finding("pool", said)


def _contents(connection: Connection) -> Iterator[Finding]:
    connection.dialect.begin_reading(connection.driver)
    there_is = people.any_with_role(connection, Role.ADMIN)
    yield Finding(
        "admins", "there is one" if there_is else "none yet: the start of `ccr` prints a link for the first"
    )
    waiting = [
        f"{count} by {channel}, the first due at {rfc3339(due)}"
        for channel, (count, due) in sorted(outbox.queues(connection).items())
    ]
    yield Finding("outbox", "; ".join(waiting) or "nothing waits")


def _timed(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def _writable(folder: Path) -> bool:
    """Whether it can be written, or made where it is not there yet."""
    while not folder.exists():
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


Check = Callable[[Settings], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (_settings, _folder, _database, _redis, _mail, _files, _texts, _notifications)
