"""What the processes of one registry tell each other: that something happened, never what was said.

Whoever hears of a ticket reads it from the database, as it stands by then and as each viewer may see it. So a word that
is lost, doubled, late or even invented can give nobody anything to read that is not theirs.
"""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Iterator

import msgspec

MAC = 16
"""Bytes that prove that a word comes from a process with the same secret."""

REMEMBERED = 10_000
"""Things told that can be told again; of more, only that there were more."""


class Moved(msgspec.Struct, array_like=True, frozen=True):
    """A ticket has entries up to `seq`. `reach` is the least of theirs; `turned`: it is somebody else's turn now."""

    ticket: int
    seq: int
    customer: int
    agent: int | None
    reach: int
    turned: bool
    lost: list[int]
    """The agents whose it no longer is."""


class ReadUpTo(msgspec.Struct, array_like=True, frozen=True):
    """Somebody's read mark has moved; `admin` are told apart because nobody else hears of theirs."""

    ticket: int
    person: int
    seq: int
    admin: bool


class Types(msgspec.Struct, array_like=True, frozen=True):
    """Somebody types, or no longer."""

    ticket: int
    person: int
    name: str
    on: bool


class Asks(msgspec.Struct, array_like=True, frozen=True):
    """This node is to tell again what it told after its word `after`, and who is online there."""

    node: str
    after: int


class Word(msgspec.Struct, omit_defaults=True):
    """Number `n` of a node's words, which it counts from 1 without a gap. Unknown fields are a newer version's."""

    node: str
    n: int
    moved: list[Moved] = []
    reads: list[ReadUpTo] = []
    ended: list[int] = []
    """Sessions."""
    online: list[tuple[int, bool]] = []
    """People who came to that node, or went."""
    typing: list[Types] = []
    asks: list[Asks] = []
    people: list[int] | None = None
    """All who are online there."""
    forgot: bool = False
    """There was more than could be remembered: look for yourselves."""
    leaves: bool = False
    """It was the node's last."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Word).decode


class Seal:
    """Marks words as ours, and names the line: other registries on the same Redis have another secret."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.blake2b(secret.encode(), digest_size=32, person=b"ccr nodes").digest()
        self.line = f"ccr:{self._mac(b'line').hex()}"

    def close(self, word: Word) -> bytes:
        """Ready to be sent."""
        text = _encode(word)
        return self._mac(text) + text

    def open(self, sealed: bytes) -> Word | None:
        """The word; `None` if it is not from one of us. Raises `msgspec.DecodeError` at a form we do not know."""
        mac, text = sealed[:MAC], sealed[MAC:]
        return _decode(text) if hmac.compare_digest(mac, self._mac(text)) else None

    def _mac(self, text: bytes) -> bytes:
        return hashlib.blake2b(text, key=self._key, digest_size=MAC).digest()


Thing = Moved | ReadUpTo | int
"""What is told until it is heard; the number is a session's that ended."""


class Told:
    """What was told of late, each thing once, to be told again to who missed it."""

    def __init__(self) -> None:
        self._things: OrderedDict[tuple[object, ...], tuple[int, Thing]] = OrderedDict()
        self.forgotten = 0
        """Words up to this number are no longer remembered in full."""

    def remember(self, n: int, things: list[Thing]) -> None:
        """These were in word `n`."""
        for thing in things:
            key = key_of(thing)
            known = self._things.pop(key, None)
            self._things[key] = (n, merged(known[1], thing) if known else thing)
        while len(self._things) > REMEMBERED:
            _, (last, _) = self._things.popitem(last=False)
            self.forgotten = max(self.forgotten, last)

    def after(self, n: int) -> Iterator[Thing]:
        """What was told after word `n`."""
        return (thing for told, thing in self._things.values() if told > n)


def key_of(thing: Thing) -> tuple[object, ...]:
    """Things with the same key are one."""
    if isinstance(thing, Moved):
        return ("moved", thing.ticket)
    if isinstance(thing, ReadUpTo):
        return ("read", thing.ticket, thing.person)
    return ("ended", thing)


def merged(first: Thing, then: Thing) -> Thing:
    """Both in one; they have the same key."""
    if isinstance(first, Moved) and isinstance(then, Moved):
        lost = [agent for agent in dict.fromkeys(first.lost + then.lost) if agent != then.agent]
        return Moved(
            then.ticket,
            max(first.seq, then.seq),
            then.customer,
            then.agent,
            min(first.reach, then.reach),
            first.turned or then.turned,
            lost,
        )
    return then
