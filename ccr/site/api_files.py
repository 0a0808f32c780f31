"""The JSON door to files: attached at once by a form, or piece by piece in the manner of tus 1.0 (https://tus.io)."""

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator
from typing import Any

from quart import Blueprint, Response, request
from quart.typing import ResponseReturnValue

from ccr.desk.checking import whole_number
from ccr.desk.refusals import Code, Refusal, invalid
from ccr.services.attachments import LARGEST, Attachments, NewUpload
from ccr.services.uploads import PIECE, Uploads
from ccr.site.bodies import answer, done
from ccr.site.file_answers import hand_out
from ccr.site.guards import known, signed_in
from ccr.site.limits import limited
from ccr.site.multipart import expected_files, the_only
from ccr.site.paths import BASE, ID

TUS = "1.0.0"
OFFSET_TYPE = "application/offset+octet-stream"
SILENCE = 30
"""Seconds without a byte after which the rest of a piece is not waited for."""


def files_api(attachments: Attachments, uploads: Uploads) -> Blueprint:
    """Every JSON route about files."""
    blueprint = Blueprint("files_api", __name__, url_prefix=BASE)
    _add_whole(blueprint, attachments)
    _add_uploads(blueprint, uploads)
    blueprint.after_request(_tell_protocol)
    return blueprint


def _add_whole(blueprint: Blueprint, attachments: Attachments) -> None:
    @blueprint.post(f"/tickets/<{ID}:ticket_id>/attachments")
    @signed_in
    @limited("attach", per_minute=60)
    async def attach(ticket_id: int) -> ResponseReturnValue:
        person = known().person
        async with expected_files("file", lambda: attachments.check_may_send(person, ticket_id)) as picked:
            file = the_only(picked)
            given = NewUpload(name=file.name, length=len(file.content))
            return answer(await attachments.add(person, ticket_id, given, file.content), 201)

    @blueprint.get(f"/attachments/<{ID}:attachment_id>")
    @signed_in
    async def attachment(attachment_id: int) -> ResponseReturnValue:
        return await hand_out(await attachments.stored(known().person, attachment_id))

    @blueprint.get(f"/attachments/<{ID}:attachment_id>/preview")
    @signed_in
    async def preview(attachment_id: int) -> ResponseReturnValue:
        return await hand_out(await attachments.stored(known().person, attachment_id, preview=True))


def _add_uploads(blueprint: Blueprint, uploads: Uploads) -> None:
    @blueprint.post(f"/tickets/<{ID}:ticket_id>/uploads")
    @signed_in
    @limited("attach", per_minute=60)
    async def begin(ticket_id: int) -> ResponseReturnValue:
        upload = await uploads.begin(known().person, ticket_id, _announced())
        response = _offset(upload, 201)
        response.headers["Location"] = f"{BASE}/uploads/{upload.id}"
        return response

    @blueprint.get(f"/uploads/<{ID}:upload_id>")
    @signed_in
    async def offset(upload_id: int) -> ResponseReturnValue:
        return _offset(await uploads.find(known().person, upload_id), 200)

    @blueprint.patch(f"/uploads/<{ID}:upload_id>")
    @signed_in
    @limited("piece", per_minute=600)
    async def piece(upload_id: int) -> ResponseReturnValue:
        if request.mimetype != OFFSET_TYPE:
            raise Refusal(Code.INVALID, f"The body must be {OFFSET_TYPE}.")
        start = _bytes_in("Upload-Offset")
        person = known().person
        upload = await uploads.find(person, upload_id)
        async for content in _pieces():
            upload = await uploads.take(person, upload_id, start, content)
            start = upload.received
        response = done()
        response.headers["Upload-Offset"] = str(upload.received)
        return response

    @blueprint.post(f"/uploads/<{ID}:upload_id>")
    @signed_in
    async def finish(upload_id: int) -> ResponseReturnValue:
        return answer(await uploads.finish(known().person, upload_id), 201)

    @blueprint.delete(f"/uploads/<{ID}:upload_id>")
    @signed_in
    async def give_up(upload_id: int) -> ResponseReturnValue:
        await uploads.give_up(known().person, upload_id)
        return done()


def _announced() -> NewUpload:
    """The file as the headers announce it: `Upload-Length`, and in `Upload-Metadata` names with values in Base64."""
    given: dict[str, str] = {}
    for part in request.headers.get("Upload-Metadata", "").split(","):
        name, _, value = part.strip().partition(" ")
        try:
            given[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise invalid(**{"Upload-Metadata": "does not have the form asked for"}) from None
    duration = given.get("duration_ms", "")
    return NewUpload(
        name=given.get("filename", ""),
        length=_bytes_in("Upload-Length"),
        duration_ms=int(duration)
        if duration.isascii() and duration.isdigit() and len(duration) < 10
        else None,
        waveform=given.get("waveform") or None,
    )


def _bytes_in(header: str) -> int:
    found = whole_number(request.headers.get(header, ""))
    if found is None:
        raise invalid(**{header: "must be a number of bytes"})
    return found


async def _pieces() -> AsyncIterator[bytes]:
    """The body in pieces: what has come of a long one is stored before the line may be cut. Raises `invalid`."""
    held = bytearray()
    body = aiter(request.body)
    while True:
        try:
            held += await asyncio.wait_for(anext(body), SILENCE)
        except StopAsyncIteration:
            break
        except TimeoutError:
            raise Refusal(Code.INVALID, "The rest did not arrive in time.") from None
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    if held:
        yield bytes(held)


def _offset(upload: Any, status: int) -> Response:
    body = {"id": upload.id, "offset": upload.received, "length": upload.length, "state": upload.state}
    response = answer(body, status)
    response.headers["Upload-Offset"] = str(upload.received)
    response.headers["Upload-Length"] = str(upload.length)
    return response


async def _tell_protocol(response: Response) -> Response:
    response.headers["Tus-Resumable"] = TUS
    if request.method == "OPTIONS":
        response.headers["Tus-Version"] = TUS
        response.headers["Tus-Extension"] = "creation,termination"
        response.headers["Tus-Max-Size"] = str(LARGEST)
    return response
