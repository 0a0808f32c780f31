"""What the services are handed from outside: each has a real adapter and a local twin."""

from ccr.ports.answers import Assistant, AssistantFailed, Found, Librarian, Option, Paper, Reply, Said, Shelf
from ccr.ports.files import (
    LINK_LASTS,
    PREVIEW_TYPE,
    FileMissing,
    FileStore,
    FilesUnavailable,
    Picture,
    Pictures,
)
from ccr.ports.live import Publisher
from ccr.ports.notices import (
    AnsweringMailer,
    Mail,
    Mailer,
    MailReport,
    MailReports,
    Push,
    Pusher,
    SendFailed,
    Templates,
    Text,
    Texter,
    Unreachable,
)
from ccr.ports.passwords import Hasher

__all__ = [
    "LINK_LASTS",
    "PREVIEW_TYPE",
    "AnsweringMailer",
    "Assistant",
    "AssistantFailed",
    "FileMissing",
    "FileStore",
    "FilesUnavailable",
    "Found",
    "Hasher",
    "Librarian",
    "Mail",
    "MailReport",
    "MailReports",
    "Mailer",
    "Option",
    "Paper",
    "Picture",
    "Pictures",
    "Publisher",
    "Push",
    "Pusher",
    "Reply",
    "Said",
    "SendFailed",
    "Shelf",
    "Templates",
    "Text",
    "Texter",
    "Unreachable",
]
