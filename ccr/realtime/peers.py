"""The other nodes of the same registry, as their words tell of them: which there are, and who is online there."""

from collections import Counter
from collections.abc import Callable, Iterable
from time import monotonic

from ccr.realtime.words import Word

DEAD = 5.0
"""Seconds without a word after which another node counts as dead, and nobody as online there."""


class Peer:
    """Another node."""

    def __init__(self) -> None:
        self.last = 0
        """The number of its newest word that came."""
        self.heard_at = 0.0
        self.leaves = False
        self.people: set[int] = set()


class Peers:
    """Each of them by its name. `came_or_went` is called with the people who came to other nodes, or went from them."""

    def __init__(self, came_or_went: Callable[[Iterable[int]], None]) -> None:
        self._came_or_went = came_or_went
        self._by_name: dict[str, Peer] = {}
        self._elsewhere: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._by_name)

    def heard(self, name: str) -> tuple[Peer, bool]:
        """A word of this node has come: the node, and whether it is a new one."""
        new = name not in self._by_name
        peer = self._by_name.setdefault(name, Peer())
        peer.heard_at = monotonic()
        return peer, new

    def is_online(self, person: int) -> bool:
        """Whether they are online at any of them."""
        return person in self._elsewhere

    def online(self) -> frozenset[int]:
        """Everybody who is online at any of them."""
        return frozenset(self._elsewhere)

    def count(self, peer: Peer, word: Word) -> None:
        """Take from its word who is there now."""
        now = peer.people if word.people is None else set(word.people)
        self._is_now(
            peer,
            (now | {person for person, on in word.online if on}) - {p for p, on in word.online if not on},
        )

    def forget_the_dead(self) -> list[str]:
        """Those that went without a word, by name. One that said it would leave is kept until here, too: its people
        need a moment to come to another.
        """
        silent = [(name, peer) for name, peer in self._by_name.items() if monotonic() - peer.heard_at > DEAD]
        for name, peer in silent:
            del self._by_name[name]
            self._is_now(peer, set())
        return [name for name, peer in silent if not peer.leaves]

    def all_heard(self) -> None:
        """They could not be heard until now, and that was no fault of theirs."""
        for peer in self._by_name.values():
            peer.heard_at = monotonic()

    def _is_now(self, peer: Peer, now: set[int]) -> None:
        came, went, peer.people = now - peer.people, peer.people - now, now
        self._elsewhere.update(came)
        self._elsewhere.subtract(went)
        gone = [person for person in went if not self._elsewhere[person]]
        for person in gone:
            del self._elsewhere[person]
        if changed := [*gone, *(person for person in came if self._elsewhere[person] == 1)]:
            self._came_or_went(changed)
