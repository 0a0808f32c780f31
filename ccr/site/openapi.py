"""`/api/v1/openapi.json`: what the JSON API takes and gives. A test compares it with the routes and their answers."""

from functools import cache
from typing import Any

import msgspec
from quart import Blueprint, Response
from quart.typing import ResponseReturnValue

from ccr.desk.ticket import Status
from ccr.site.guards import anyone
from ccr.site.openapi_portraits import portrait_operations
from ccr.site.openapi_reach import REACH
from ccr.site.openapi_shapes import NUMBER, TEXT, Operation, Schema, list_of, ref, shapes
from ccr.site.paths import BASE

FILE_FORM: dict[str, Schema] = {
    "multipart/form-data": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
    }
}
PIECE: dict[str, Schema] = {"application/offset+octet-stream": {"type": "string", "format": "binary"}}

_LIMIT = {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
_STATUS = {"type": "string", "enum": [status.value for status in Status]}
_PAGED: dict[str, Schema] = {"cursor": TEXT, "limit": _LIMIT}
_ROOMY: dict[str, Schema] = {"after": NUMBER, "before": NUMBER, "limit": _LIMIT}

OPERATIONS: dict[tuple[str, str], Operation] = (
    {
        ("POST", "/customers"): Operation(
            does="Register as a customer",
            takes="Registration",
            gives=ref("Person"),
            status=201,
            public=True,
            refuses=(409, 429),
        ),
        ("POST", "/sessions"): Operation(
            does="Sign in by e-mail or username",
            takes="SignIn",
            gives=ref("SignedIn"),
            public=True,
            refuses=(401, 429),
        ),
        ("GET", "/sessions"): Operation(does="Where one is signed in", gives=list_of(ref("Session"))),
        ("DELETE", "/sessions/current"): Operation(does="Sign out", status=204),
        ("DELETE", "/sessions/{id}"): Operation(does="Sign another device out", status=204, refuses=(404,)),
        ("POST", "/password-resets"): Operation(
            does="Have a one-time code mailed, if there is such an account",
            takes="CodeRequest",
            gives=ref("Empty"),
            status=202,
            public=True,
            refuses=(429,),
        ),
        ("POST", "/password-resets/confirm"): Operation(
            does="Set a new password by a one-time code; every session ends",
            takes="CodeUse",
            status=204,
            public=True,
            refuses=(429,),
        ),
        ("GET", "/me"): Operation(does="Oneself", gives=ref("Person")),
        ("PATCH", "/me"): Operation(
            does="Change one's own details", takes="ProfileChange", gives=ref("Person")
        ),
        ("DELETE", "/me"): Operation(does="Delete one's account, as a customer", status=204, refuses=(409,)),
        ("GET", "/me/export"): Operation(
            does="Everything held about oneself", gives=ref("Export"), refuses=(429,)
        ),
        ("POST", "/me/password"): Operation(
            does="Change one's password; the other sessions end",
            takes="PasswordChange",
            status=204,
            refuses=(409, 429),
        ),
        ("GET", "/me/notices"): Operation(
            does="Which notices one wants, by kind and channel", gives=ref("NoticeChoices")
        ),
        ("PATCH", "/me/notices"): Operation(
            does="Turn kinds of notices on or off; what is not named stays",
            takes="NoticeChoices",
            gives=ref("NoticeChoices"),
        ),
        ("GET", "/notices"): Operation(
            does="Notices that were given up, or all, newest first, for admins",
            gives=ref("NoticePage"),
            query={"show": {"type": "string", "enum": ["dead", "all"]}, "cursor": NUMBER},
        ),
        ("POST", "/notices/{id}/again"): Operation(
            does="Have a notice that was given up sent again; it is `pointless` where one that waits tells the same",
            status=204,
            refuses=(404, 409),
        ),
        ("POST", "/notices/addresses"): Operation(
            does="Let an address be mailed again that mail came back from",
            takes="AddressToMail",
            status=204,
            refuses=(404,),
        ),
        ("GET", "/agents"): Operation(does="Every agent, for admins", gives=list_of(ref("Person"))),
        ("POST", "/agents"): Operation(
            does="Create an agent, who must change the password",
            takes="NewAgent",
            gives=ref("Person"),
            status=201,
            refuses=(409,),
        ),
        ("PATCH", "/agents/{id}"): Operation(
            does="Change, deactivate or reactivate an agent",
            takes="AgentChange",
            gives=ref("Person"),
            refuses=(404, 409),
        ),
        ("GET", "/canned-replies"): Operation(
            does="Ready-made texts, for staff", gives=list_of(ref("CannedReply"))
        ),
        ("POST", "/feedback"): Operation(
            does="Tell the admins something",
            takes="NewFeedback",
            gives=ref("Feedback"),
            status=201,
            refuses=(404, 429),
        ),
        ("GET", "/feedback"): Operation(
            does="Feedback, newest first", gives=ref("FeedbackPage"), query=_PAGED
        ),
        ("POST", "/assistant"): Operation(
            does="Say something to the assistant; without a text, begin a conversation",
            takes="Turn",
            gives=ref("Said"),
            public=True,
            refuses=(404, 429),
        ),
        ("GET", "/help"): Operation(
            does="Articles that may answer a question, the best first",
            gives=ref("Answers"),
            query={"q": TEXT, "limit": {"type": "integer", "minimum": 1, "maximum": 10, "default": 3}},
            public=True,
            refuses=(429,),
        ),
        ("GET", "/tickets/{id}/suggestions"): Operation(
            does="What the help knows about what its customer wrote, for the agent who has the ticket",
            gives=ref("Suggestions"),
            refuses=(404, 429),
        ),
        ("POST", "/tickets"): Operation(
            does="Raise a ticket; the same again for the same key",
            takes="NewTicket",
            gives=ref("Ticket"),
            status=201,
            refuses=(409, 429),
        ),
        ("GET", "/tickets"): Operation(
            does="One's own tickets, newest activity first",
            gives=ref("TicketPage"),
            query={"status": _STATUS, "agent": NUMBER, "q": TEXT} | _PAGED,
        ),
        ("GET", "/tickets/{id}"): Operation(does="One ticket", gives=ref("Ticket"), refuses=(404,)),
        ("GET", "/tickets/{id}/timeline"): Operation(
            does="What happened to a ticket", gives=ref("Timeline"), query=_ROOMY, refuses=(404,)
        ),
        ("POST", "/tickets/{id}/commands"): Operation(
            does="Do something to a ticket; the same answer again for the same key",
            takes="KeyedCommand",
            gives=ref("Outcome"),
            refuses=(404, 409, 429),
        ),
        ("POST", "/tickets/{id}/attachments"): Operation(
            does="Attach a file to a ticket, to be named in a message; it is taken for what its content says",
            body=FILE_FORM,
            gives=ref("Attachment"),
            status=201,
            refuses=(404, 409, 413, 429),
        ),
        ("GET", "/attachments/{id}"): Operation(
            does="The file itself, or a redirect to where it lies; parts of it by Range",
            gives_file=True,
            refuses=(404,),
        ),
        ("GET", "/attachments/{id}/preview"): Operation(
            does="A small picture of a picture, WebP of at most 20 kB", gives_file=True, refuses=(404,)
        ),
        ("POST", "/tickets/{id}/uploads"): Operation(
            does="Announce a file that comes in pieces, as tus 1.0's creation extension does",
            headers={"Upload-Length": NUMBER, "Upload-Metadata": TEXT},
            gives=ref("Upload"),
            status=201,
            refuses=(400, 404, 409, 413, 429),
        ),
        ("GET", "/uploads/{id}"): Operation(
            does="How far it got, also as Upload-Offset; HEAD, as in tus, tells the same",
            gives=ref("Upload"),
            refuses=(404,),
        ),
        ("PATCH", "/uploads/{id}"): Operation(
            does="The next bytes, from Upload-Offset on; what came of a request that was cut is kept",
            headers={"Upload-Offset": NUMBER},
            body=PIECE,
            status=204,
            refuses=(404, 409, 429),
        ),
        ("POST", "/uploads/{id}"): Operation(
            does="All bytes are there: make it an attachment; the same answer again when asked again",
            gives=ref("Attachment"),
            status=201,
            refuses=(400, 404, 409, 429),
        ),
        ("DELETE", "/uploads/{id}"): Operation(
            does="Give it up, also what it became if that was not sent", status=204, refuses=(404,)
        ),
        ("GET", "/openapi.json"): Operation(does="This description", gives=ref("Empty"), public=True),
    }
    | REACH
    | portrait_operations(FILE_FORM)
)


def openapi_api() -> Blueprint:
    """The one route."""
    blueprint = Blueprint("openapi", __name__, url_prefix=BASE)

    @blueprint.get("/openapi.json")
    @anyone
    async def openapi() -> ResponseReturnValue:
        headers = {"Cache-Control": "no-cache"}
        return Response(_encoded(), content_type="application/json", headers=headers)

    return blueprint


def describe() -> dict[str, Any]:
    """The whole description, OpenAPI 3.1. Paths are whole ones, as the contract writes them."""
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in OPERATIONS.items():
        paths.setdefault(f"{BASE}{path}", {})[method.lower()] = _operation(path, operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Customer Care Registry", "version": "1"},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": shapes(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of POST /api/v1/sessions.",
                },
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "ccr_session",
                    "description": "A change needs an Origin, too. Over https the name begins with __Host-. "
                    "With a header As-Person: <id> a session of anybody else counts as none.",
                },
            },
        },
    }


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(describe())


def _operation(path: str, operation: Operation) -> dict[str, Any]:
    well: dict[str, Any] = {"description": operation.does}
    if operation.gives:
        well["content"] = {"application/json": {"schema": operation.gives}}
    elif operation.gives_file:
        well["content"] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    described: dict[str, Any] = {
        "summary": operation.does,
        "responses": {str(operation.status): well}
        | {str(code): _refused(code) for code in _refusals(operation)},
    }
    if operation.takes:
        content = {"application/json": {"schema": ref(operation.takes)}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.body:
        content = {media_type: {"schema": shape} for media_type, shape in operation.body.items()}
        described["requestBody"] = {"required": True, "content": content}
    if parameters := _parameters(path, operation):
        described["parameters"] = parameters
    if operation.public:
        described["security"] = []
    return described


def _parameters(path: str, operation: Operation) -> list[dict[str, Any]]:
    ids = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    named = [{"name": name, "in": "path", "required": True, "schema": NUMBER} for name in ids]
    named += [{"name": name, "in": "query", "schema": shape} for name, shape in operation.query.items()]
    return named + [
        {"name": name, "in": "header", "schema": shape} for name, shape in operation.headers.items()
    ]


def _refusals(operation: Operation) -> list[int]:
    """With those that many have in common."""
    common = {503} if operation.public else {401, 403, 503}
    if operation.takes:
        common.add(413)
    if operation.takes or operation.body or operation.query:
        common.add(400)
    return sorted(common | set(operation.refuses))


def _refused(status: int) -> dict[str, Any]:
    words = {
        400: "Not of the form asked for",
        401: "Not signed in, or not with this password",
        403: "Not for this person to do",
        404: "Not there, or not this person's to see",
        409: "The present state does not allow it",
        413: "Larger than allowed: 64 KiB, a file 10 MiB",
        429: "Too often: see Retry-After",
        503: "Nothing was stored: try again",
    }
    return {
        "description": words[status],
        "content": {"application/json": {"schema": ref("Error")}},
    }
