"""`/dev/mail`: the mails of a demo, which go nowhere, as their readers would see them. Only `ccr demo` has it."""

import asyncio
import email
import email.policy
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

from quart import Blueprint, Response
from quart.typing import ResponseReturnValue

from ccr.desk.refusals import not_found
from ccr.site.guards import anyone
from ccr.site.rendering import page

LATEST = 200
"""Mails listed."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""A mail brings its own style, and nothing that moves."""


class Sent(NamedTuple):
    """A mail in the list."""

    name: str
    to: str
    subject: str
    date: str


def sent_mails(folder: Path) -> Blueprint:
    """A list, the newest first, and each mail in its two forms."""
    blueprint = Blueprint("sent_mails", __name__)

    @blueprint.get("/dev/mail")
    @anyone
    async def listed() -> ResponseReturnValue:
        return await page("sent_mails.html", mails=await asyncio.to_thread(_list, folder))

    @blueprint.get("/dev/mail/<name>/<any(html, text):form>")
    @anyone
    async def shown(name: str, form: str) -> ResponseReturnValue:
        path = folder / name
        if path.parent != folder or path.suffix != ".eml" or not await asyncio.to_thread(path.is_file):
            raise not_found("mail")
        part = (await asyncio.to_thread(_read, path)).get_body(("plain" if form == "text" else "html",))
        mime = "text/plain" if form == "text" else "text/html"
        body = part.get_content() if part else ""
        return Response(body, content_type=f"{mime}; charset=utf-8", headers=HEADERS)

    return blueprint


def _list(folder: Path) -> list[Sent]:
    names = sorted(folder.glob("*.eml"), reverse=True)[:LATEST]
    mails = [(path.name, _read(path)) for path in names]
    return [Sent(name, str(m["To"]), str(m["Subject"]), str(m["Date"])) for name, m in mails]


def _read(path: Path) -> EmailMessage:
    made = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(made, EmailMessage)
    return made
