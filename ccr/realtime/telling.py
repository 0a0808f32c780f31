"""What this node has to tell the others, gathered until its next word."""

import asyncio
from collections.abc import Callable, Iterable

from ccr.realtime.words import Asks, Moved, ReadUpTo, Thing, Told, Types, Word, key_of, merged


class Telling:
    """Fills the words of the node of this name. `people` says who is online here."""

    def __init__(self, name: str, people: Callable[[], Iterable[int]]) -> None:
        self._name = name
        self.something = asyncio.Event()
        """Set while the next word should not wait."""
        self._people = people
        self._n = 0
        self._things: dict[tuple[object, ...], Thing] = {}
        self._online: dict[int, bool] = {}
        self._typing: dict[tuple[int, int], Types] = {}
        self._asks: dict[str, int] = {}
        self._told = Told()
        self._names_people, self._forgot = True, False

    def tell(self, *things: Thing) -> None:
        """To be told until it arrived."""
        for thing in things:
            key = key_of(thing)
            known = self._things.get(key)
            self._things[key] = merged(known, thing) if known is not None else thing
        self.something.set()

    def came(self, person: int, online: bool) -> None:
        """Somebody has come to this node, or gone from it."""
        self._online[person] = online
        self.something.set()

    def types(self, signal: Types) -> None:
        """In the next word, and never again."""
        self._typing[signal.ticket, signal.person] = signal
        self.something.set()

    def ask(self, node: str, after: int) -> None:
        """That node is to tell again what it told after its word `after`."""
        self._asks[node] = min(after, self._asks.get(node, after))
        self.something.set()

    def tell_again(self, after: int) -> None:
        """What was told after our word `after`, and who is online here."""
        self._forgot = self._forgot or after < self._told.forgotten
        # Behind what waits already, which is newer.
        waiting, self._things = list(self._things.values()), {}
        self.tell(*self._told.after(after), *waiting)
        self.name_people()

    def name_people(self) -> None:
        """Everybody who is online here."""
        self._names_people = True
        self.something.set()

    def compose(self) -> Word:
        """The next word; nothing of it waits any more."""
        self._n += 1
        self.something.clear()
        things, self._things = list(self._things.values()), {}
        self._told.remember(self._n, things)
        word = Word(
            node=self._name,
            n=self._n,
            moved=[thing for thing in things if isinstance(thing, Moved)],
            reads=[thing for thing in things if isinstance(thing, ReadUpTo)],
            ended=[thing for thing in things if isinstance(thing, int)],
            online=list(self._online.items()),
            typing=list(self._typing.values()),
            asks=[Asks(node, after) for node, after in self._asks.items()],
            people=sorted(self._people()) if self._names_people else None,
            forgot=self._forgot,
        )
        self._online, self._typing, self._asks = {}, {}, {}
        self._names_people = self._forgot = False
        return word
