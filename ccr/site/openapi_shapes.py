"""The shapes of what the API takes and gives, as OpenAPI writes them."""

from typing import Any

import msgspec

from ccr.desk.checking import MAX_ID
from ccr.desk.commands import COMMANDS
from ccr.desk.events import EVENTS
from ccr.desk.people import Gender, Role
from ccr.desk.refusals import Code
from ccr.desk.ticket import Status, WaitingOn
from ccr.services import account_forms as forms
from ccr.services.assistance import REPLY_TYPES, Turn
from ccr.site.api_tickets import KeyedCommand, NewTicket

Schema = dict[str, Any]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path. `takes` names a shape, `gives` is one; `refuses` are the statuses of its own.

    `body` is what is sent otherwise than in JSON, by its media type.
    """

    does: str
    takes: str | None = None
    gives: Schema | None = None
    status: int = 200
    query: dict[str, Schema] = {}
    public: bool = False
    refuses: tuple[int, ...] = ()
    headers: dict[str, Schema] = {}
    body: dict[str, Schema] = {}
    gives_file: bool = False


REF = "#/components/schemas/{name}"

FORMS = (
    forms.Registration,
    forms.SignIn,
    forms.ProfileChange,
    forms.PasswordChange,
    forms.CodeRequest,
    forms.CodeUse,
    forms.MobileRequest,
    forms.MobileProof,
    forms.MobileSwitch,
    forms.NewSubscription,
    forms.AddressToMail,
    forms.NewAgent,
    forms.AgentChange,
    forms.NewFeedback,
    NewTicket,
    KeyedCommand,
    Turn,
)

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_ID}
TIME: Schema = {"type": "string", "format": "date-time"}


def ref(name: str) -> Schema:
    """The shape with this name."""
    return {"$ref": REF.format(name=name)}


def list_of(shape: Schema) -> Schema:
    """Any number of them."""
    return {"type": "array", "items": shape}


def shapes() -> dict[str, Schema]:
    """Every shape by its name: those that come in from the very types that check them, the others as written here."""
    kinds = [*FORMS, *COMMANDS.values(), *EVENTS.values()]
    _, found = msgspec.json.schema_components(kinds, ref_template=REF)
    taken = {name: _in_their_words(shape) for name, shape in found.items()}
    taken["KeyedCommand"]["properties"]["command"] = ref("Command")
    return taken | _given()


def _given() -> dict[str, Schema]:
    named = _object(id=NUMBER, name=TEXT)
    rating = _object(stars={"type": "integer", "minimum": 1, "maximum": 5}, comment=_or_null(TEXT))
    agent = _object(
        id=NUMBER,
        name=TEXT,
        optional={"email": _or_null(TEXT), "mobile": _or_null(TEXT), "portrait": _or_null(TEXT)},
    )
    entry = _object(
        ticket=NUMBER,
        seq=NUMBER,
        prev=NUMBER,
        at=TIME,
        actor=_object(id=NUMBER, name=TEXT, role=_one_of(Role)),
        type=_one_of(EVENTS),
        optional={"key": TEXT},
    )
    events = [{"allOf": [entry, ref(event.__name__)]} for event in EVENTS.values()]
    return {
        "Command": {"oneOf": [ref(command.__name__) for command in COMMANDS.values()]},
        "Entry": {"anyOf": events},
        "Error": _object(
            code={"type": "string", "enum": [*(code.value for code in Code), "internal"]},
            message=TEXT,
            optional={"fields": {"type": "object", "additionalProperties": TEXT}},
        ),
        "Person": _object(
            id=NUMBER,
            role=_one_of(Role),
            first_name=TEXT,
            last_name=TEXT,
            name=TEXT,
            email=_or_null(TEXT),
            mobile=_or_null(TEXT),
            gender=_or_null(_one_of(Gender)),
            optional={"username": TEXT, "must_change_password": FLAG, "active": FLAG, "portrait": TEXT},
        ),
        "Portrait": _object(id=NUMBER, name=TEXT, portrait=_or_null(TEXT)),
        "SignedIn": _object(token=TEXT, person=ref("Person")),
        "Session": _object(id=NUMBER, device=TEXT, address=TEXT, created_at=TIME, seen_at=TIME, current=FLAG),
        "MobileState": _object(
            offered=FLAG,
            mobile=_or_null(TEXT),
            verified_at=_or_null(TIME),
            texts=FLAG,
            refused_at=_or_null(TIME),
            pending=_or_null(TEXT),
            pending_refused=_or_null(TEXT),
        ),
        "Browser": _object(id=NUMBER, device=TEXT, subscribed_at=TIME, current=FLAG),
        "Browsers": _object(key=TEXT, subscriptions=list_of(ref("Browser"))),
        "CannedReply": _object(id=NUMBER, shortcut=TEXT, body=TEXT),
        "Said": _object(
            conversation=TEXT,
            replies=list_of(
                _object(
                    type=_one_of(REPLY_TYPES),
                    optional={
                        "text": TEXT,
                        "title": TEXT,
                        "url": TEXT,
                        "milliseconds": NUMBER,
                        "options": list_of(_object(label=TEXT, text=TEXT)),
                    },
                )
            ),
        ),
        "Answers": _object(
            sure={"type": "boolean", "description": "Whether the first one answers it."},
            articles=list_of(ref("HelpAnswer")),
        ),
        "HelpAnswer": _object(
            kind=_one_of(("article", "question")),
            slug=TEXT,
            title=TEXT,
            category=TEXT,
            summary=TEXT,
            url=TEXT,
            published=FLAG,
            changed_at=TIME,
            sure=FLAG,
            clear=FLAG,
            certainty={"type": "number", "minimum": 0, "maximum": 1},
        ),
        "Suggestions": _object(suggestions=list_of(ref("HelpAnswer"))),
        "Feedback": _object(
            id=NUMBER,
            person=_object(id=NUMBER, name=TEXT, role=_one_of(Role)),
            about=TEXT,
            ticket=_or_null(NUMBER),
            stars=_or_null(NUMBER),
            body=TEXT,
            at=TIME,
        ),
        "FeedbackPage": _object(feedback=list_of(ref("Feedback")), cursor=_or_null(TEXT)),
        "Attachment": ref("Attached"),
        "Upload": _object(id=NUMBER, offset=NUMBER, length=NUMBER, state=_one_of(("open", "done", "ended"))),
        "Ticket": _object(
            id=NUMBER,
            query=TEXT,
            status=_one_of(Status),
            priority=ref("Priority"),
            customer=named,
            agent=_or_null(agent),
            waiting_on=_or_null(_one_of(WaitingOn)),
            opened_at=TIME,
            updated_at=TIME,
            last_seq=NUMBER,
            read_seq=NUMBER,
            unread=NUMBER,
            rating=_or_null(rating),
            optional={"waiting_since": _or_null(TIME)},
        ),
        "TicketPage": _object(
            tickets=list_of(ref("Ticket")),
            cursor=_or_null(TEXT),
            counts={"type": "object", "additionalProperties": NUMBER},
        ),
        "Timeline": _object(entries=list_of(ref("Entry")), head=NUMBER, more=FLAG),
        "Outcome": _object(ticket=NUMBER, seq=NUMBER, at=TIME, entries=list_of(ref("Entry"))),
        "NoticeChoices": {
            "type": "object",
            "description": "By kind of notice and channel, whether it is wanted.",
            "additionalProperties": {"type": "object", "additionalProperties": FLAG},
        },
        "Notice": _object(
            id=NUMBER,
            kind=TEXT,
            channel=TEXT,
            person=_or_null(_object(id=NUMBER, name=TEXT)),
            ticket=_or_null(NUMBER),
            state={"type": "string", "enum": ["waiting", "sent", "pointless", "dead"]},
            fate=_or_null(TEXT),
            reason=_or_null(TEXT),
            tries=NUMBER,
            unsure=NUMBER,
            at=TIME,
            settled_at=_or_null(TIME),
            can_repeat=FLAG,
        ),
        "NoticePage": _object(
            notices=list_of(ref("Notice")),
            counts={"type": "object", "additionalProperties": NUMBER},
            bounced=list_of(_object(address=TEXT, reason=TEXT, at=TIME)),
            cursor=_or_null(NUMBER),
        ),
        "Export": {"type": "object", "description": "Everything held about the person."},
        "Empty": {"type": "object"},
    }


def _object(*, optional: dict[str, Schema] | None = None, **required: Schema) -> Schema:
    """Fields that are always there, and some that may be. Clients ignore what they do not know."""
    return {"type": "object", "properties": required | (optional or {}), "required": list(required)}


def _or_null(shape: Schema) -> Schema:
    return {"anyOf": [shape, {"type": "null"}]}


def _one_of(names: Any) -> Schema:
    return {"type": "string", "enum": [str(name) for name in names]}


def _in_their_words(shape: Any) -> Any:
    """Python's anchors as those of everybody's regular expressions, and no field called by what is wrong with it."""
    if isinstance(shape, list | tuple):
        return [_in_their_words(part) for part in shape]
    if not isinstance(shape, dict):
        return shape
    kept = {name: _in_their_words(part) for name, part in shape.items()}
    if "pattern" in kept and isinstance(kept["pattern"], str):
        kept["pattern"] = kept["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
        kept.pop("description", None)
    return kept
