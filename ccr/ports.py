"""What the services are handed from outside: each has a real adapter and a local twin."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from ccr.desk.change import Change
from ccr.desk.people import Person
from ccr.desk.ticket import Ticket


class Publisher(Protocol):
    """Tells the connected. All of it hints: what is lost costs nothing, since every client heals by number."""

    def changed(self, change: Change, origin: str | None) -> None:
        """Push the entries to those who may see them, but for socket `origin`, whose acknowledgement carries them.

        Called on the event loop in the order of the commits, at once after each; must not block or raise.
        """

    def read(self, ticket: Ticket, person: Person, seq: int) -> None:
        """`person` has read up to `seq`; 0: nothing new that others on the ticket see."""

    def again(self, ticket: int) -> None:
        """A key of this ticket was answered again: who stored it at first may not have lived to tell anybody."""

    def sessions_ended(self, sessions: Collection[int]) -> None:
        """Close every socket of these sessions now."""

    def online(self) -> frozenset[int]:
        """Ids of the people with an open socket."""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered mail. `outbox_id` travels with it, so that a duplicate can be recognised.

    `put_at` is when it was owed, in milliseconds UTC; `unsubscribe`, where it is one that may be turned off, the link
    that does so.
    """

    outbox_id: int
    to: str
    to_name: str
    subject: str
    text: str
    html: str
    kind: str
    put_at: int = 0
    unsubscribe: str = ""


class SendFailed(Exception):
    """A provider did not take it. `again`: try later, `after` so many seconds where the provider named a time.

    `unsure`: it did not answer, and may have taken it all the same. `alone`: it speaks for this one only, since there
    are many providers, and others need not wait.
    """

    def __init__(
        self,
        reason: str,
        *,
        again: bool,
        after: float | None = None,
        unsure: bool = False,
        alone: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.after = after
        self.unsure = unsure
        self.alone = alone


class Unreachable(SendFailed):
    """There is nobody at this address any more, or they want nothing from us: no more is sent there."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, again=False)


class Mailer(Protocol):
    """Carries mails to their recipients."""

    async def send(self, mail: Mail) -> str | None:
        """Hand it over; what the provider calls it. Raises `SendFailed`."""

    async def close(self) -> None:
        """No more mails: let go of what is held open."""


class AnsweringMailer(Mailer, Protocol):
    """One that can be asked whether it would carry anything."""

    async def ask(self) -> None:
        """Whether the provider is there and lets us in; nothing is sent. Raises `SendFailed`."""


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A text message. `to` is a number in the form E.164: `+4915112345678`."""

    outbox_id: int
    to: str
    body: str
    kind: str


class Texter(Protocol):
    """Carries text messages to mobile phones."""

    async def send(self, text: Text) -> None:
        """Hand it over. Raises `SendFailed`, or `Unreachable` for a number that cannot or must not be written to."""

    async def close(self) -> None:
        """No more texts: let go of what is held open."""


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """A notification for one browser that asked for them.

    `endpoint` is where its maker takes it; `payload` is encrypted for the browser's keys `p256dh` and `auth`, both in
    base64url. What waits there under the same `topic` is replaced; after `lasts` seconds it is no more worth showing.
    """

    endpoint: str
    p256dh: str
    auth: str
    payload: bytes
    topic: str
    lasts: int
    urgent: bool = True


class Pusher(Protocol):
    """Carries notifications to browsers."""

    async def public_key(self) -> str:
        """What a browser asks for when it subscribes: our public key, in base64url."""

    async def check(self, endpoint: str) -> str | None:
        """What is wrong with this endpoint; `None` if we may send there: by https, and not into a private network."""

    async def takes(self, p256dh: str) -> bool:
        """Whether this is a browser's key at all."""

    async def send(self, push: Push) -> None:
        """Hand it over. Raises `SendFailed`, or `Unreachable` where the browser wants no more of them."""

    async def close(self) -> None:
        """No more notifications: let go of what is held open."""


class MailReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider tells of a mail after it took it.

    `what` is `delivered`, `bounced` (for good), `blocked` (this once), `dropped` (never sent, since the address bounced
    before or is none), `spam` or `unsubscribed`; `id` is the same each time it is told, `outbox_id` the row's.
    """

    id: str
    what: str
    outbox_id: int | None
    address: str
    reason: str = ""


class MailReports(Protocol):
    """Reads what a provider posts to us."""

    def read(self, body: bytes, signature: str, timestamp: str) -> list[MailReport]:
        """The reports, of which those that mean nothing to us are left out. Raises `Refusal` unless it is genuine."""


class Templates(Protocol):
    """Renders a mail from its kind and the data gathered for it."""

    def mail(self, kind: str, data: dict[str, object]) -> tuple[str, str, str]:
        """Subject, text and HTML."""


class Hasher(Protocol):
    """Hashes passwords, slowly on purpose and away from the event loop."""

    async def hash(self, password: str) -> str:
        """What is stored of the password."""

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether this is the password. Without a hash the answer is no, after the same time."""

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with weaker parameters than a new one would be."""

    def close(self) -> None:
        """No more hashing: end what it runs on."""


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """Something that may answer a question. `words` are others by which people ask for it."""

    ref: str
    title: str
    words: str
    summary: str
    body: str


class Found(msgspec.Struct, frozen=True):
    """A paper that may answer; `certainty` (0 to 1) is how much of the question it speaks of."""

    ref: str
    score: float
    certainty: float


class Shelf(Protocol):
    """Papers, made ready to be searched; read from any thread."""

    def find(self, question: str, most: int = 3) -> list[Found]:
        """The best papers, best first; empty where none shares a word with the question."""


class Librarian(Protocol):
    """Makes papers ready to be searched. May take a while: not on the event loop."""

    def __call__(self, papers: Sequence[Paper]) -> Shelf:
        """The shelf."""


class FileMissing(Exception):
    """There is no file of that name."""


class FilesUnavailable(Exception):
    """The store of files could not be reached, or could not do it just now; later it may."""


LINK_LASTS = 5 * 60
"""Seconds for which a link to somebody's file can be followed."""


class FileStore(Protocol):
    """Keeps bytes under names that we make up. A name is written once; reading never sees half a file.

    Every method raises `FilesUnavailable` where the store cannot do it just now.
    """

    async def put(self, name: str, content: bytes, media_type: str) -> None:
        """Keep it; once this returns it is there to stay."""

    async def read(self, name: str, start: int, length: int) -> bytes:
        """`length` bytes from byte `start` on, which it must have. Raises `FileMissing`."""

    async def remove(self, name: str) -> None:
        """Forget it; again is harmless."""

    async def link(self, name: str, headers: Mapping[str, str], lasts: int = LINK_LASTS) -> str | None:
        """Where anybody can fetch it for so many seconds, answered with these headers; `None`: we must hand it out."""

    async def close(self) -> None:
        """Let go of what is held open."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture made anew from its pixels: nothing else of what came in is left. Width and height in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int
    preview: bytes


PREVIEW_TYPE = "image/webp"
"""What every preview is."""


class Pictures(Protocol):
    """Makes pictures anew, away from the event loop."""

    async def renew(self, content: bytes) -> Picture:
        """The picture upright and without anything but its pixels. Raises `Refusal`: `invalid`, or `rate_limited`."""

    async def portrait(self, content: bytes) -> bytes:
        """Its middle as a small square, as `PREVIEW_TYPE`. Raises the same."""

    def close(self) -> None:
        """No more pictures."""


class Option(msgspec.Struct, frozen=True):
    """Something to choose instead of typing: what it says, and what choosing it sends as one's own text."""

    label: str
    text: str


class Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that the assistant says. All of it is plain text, to be shown as such; `url` is ours, or https.

    `type`: `text` · `options` to choose from · `article` with its `title` and `url` · `link` to something elsewhere ·
    `pause` of so many `milliseconds` · `person`: a person is to help, by `url` · `end` of the conversation.
    """

    type: Literal["text", "options", "article", "link", "pause", "person", "end"]
    text: str = ""
    title: str = ""
    url: str = ""
    options: tuple[Option, ...] = ()
    milliseconds: int = 0


class Said(msgspec.Struct, frozen=True):
    """What came back, and by which name the conversation goes on; it is the assistant's own, and means nothing else."""

    conversation: str
    replies: tuple[Reply, ...]


class AssistantFailed(Exception):
    """It did not answer, or nothing that makes sense. Whoever asked goes on as if there were none.

    `known`: that was said before, and nobody has tried since.
    """

    def __init__(self, reason: str, *, known: bool = False) -> None:
        super().__init__(reason)
        self.known = known


class Assistant(Protocol):
    """Answers questions, one turn at a time."""

    goes_to: str | None
    """Who reads what people write to it, by name, where that is not us: they must be told before."""

    @property
    def away(self) -> bool:
        """Whether asking it just now would be of no use. Costs nothing to ask, and waits for nothing."""

    async def prepare(self) -> None:
        """Load what takes a while to load, before anybody waits for it. Sends nothing out."""

    async def begin(self) -> Said:
        """A conversation that nothing has been said in, with what to greet by. Sends nothing out."""

    async def answer(self, text: str, conversation: str) -> Said:
        """The answer, within a few seconds. Raises `AssistantFailed`."""

    async def close(self) -> None:
        """No more questions: let go of what is held open."""
